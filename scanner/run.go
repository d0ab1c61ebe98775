// Package scanner visits a GitLab instance's groups and projects and emits what it sees as observations.
// One Source is one kind of credential; Run plans the visits, reads them side by side under one rate limit, hands
// each finished visit to a Recorder, and turns errors into coverage.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

// Recorder makes visits durable. Record is called from several goroutines.
type Recorder interface {
	// Done returns the coverage of a visit that this scan finished before it was interrupted.
	Done(inventory.Visit) (inventory.Coverage, bool)
	Record(context.Context, inventory.Coverage, []inventory.Observation) error
	// Rows reads what the scan sees so far.
	Rows(context.Context) (inventory.SeenRows, error)
	Heartbeat(context.Context) error
}

// Contents keeps results of detection by content, so that nothing is matched twice on an instance.
type Contents interface {
	Content(ctx context.Context, keys []string) (map[string][]byte, error)
	PutContent(ctx context.Context, results map[string][]byte) error
}

// Options says what to scan and with what.
type Options struct {
	Client   *Client
	Identify *Client // asks GitLab about found tokens; nil does not
	Self     Self
	Groups   []string // full paths or numbers; empty with Projects empty is everything
	Projects []string
	Sources  []Source // nil is Sources()
	Recorder Recorder
	Contents Contents
	Engine   *detect.Engine
	Key      secret.Key
	Token    secret.Value // for git
	Git      *gitrepo.Cache
	CAFile   string // for git
	History  bool   // read repositories and their history
	Logs     int    // job logs to read of each project, the latest first; 0 reads none
	Began    time.Time
	Workers  int // homes read side by side; 0 is 16
	Log      *slog.Logger
	Progress func(Progress) // called from several goroutines; nil is silent
}

// Progress is how far a scan is.
type Progress struct {
	Homes, HomesDone int
	Requests         int
	Bytes            int64  // of repository contents read
	Current          string // path of the group or project that told this; hostile
}

// Summary is what a scan did.
type Summary struct {
	Homes    int
	Visits   map[inventory.State]int
	Requests int
	BySource map[string]int // requests
}

// Incomplete reports whether a visit saw less than asked. With strict, a denied visit counts too.
func (s Summary) Incomplete(strict bool) bool {
	return s.Visits[inventory.Failed]+s.Visits[inventory.Partial] > 0 || strict && s.Visits[inventory.Denied] > 0
}

type run struct {
	o      Options
	ctx    context.Context // of Run, for questions asked while emitting
	client *Client
	slots  chan struct{} // repositories read side by side

	mu         sync.Mutex
	units      map[string]*unit
	identified map[string]string
	sum        Summary
	done       int
	bytes      int64
	shared     map[string]*sharedAnswer
	plain      plainTexts
}

// maxRepositories bounds how many repositories are cloned and matched side by side: that work is bound by the processor.
const maxRepositories = 4

// Run scans. It returns an error only when going on would be worthless: the token is refused, the recorder cannot
// write, or ctx is cancelled; everything recorded until then stays. What it could not see is in the coverage it records.
func Run(ctx context.Context, o Options) (Summary, error) {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.Sources == nil {
		o.Sources = Sources()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{
		o: o, ctx: ctx, client: o.Client, slots: make(chan struct{}, maxRepositories),
		units: map[string]*unit{}, identified: map[string]string{},
		shared: map[string]*sharedAnswer{},
		sum:    Summary{Visits: map[inventory.State]int{}, BySource: map[string]int{}},
	}
	err := r.scan(ctx, cancel)
	r.sum.Requests = r.client.Requests()
	return r.sum, err
}

func (r *run) scan(ctx context.Context, cancel context.CancelCauseFunc) error {
	if err := r.listHomes(ctx); err != nil {
		return err
	}
	r.sum.Homes = len(r.units)
	for _, late := range []bool{false, true} {
		if err := r.homes(ctx, cancel, late); err != nil {
			return err
		}
	}
	instance := r.units[r.instanceID()]
	// Whole lists of the instance, and what is known of each home, are of no use to what derives from rows.
	r.shared, r.units = map[string]*sharedAnswer{}, map[string]*unit{instance.home.ID: instance}
	for _, s := range r.o.Sources {
		if derived(s) {
			if err := r.visit(ctx, s, instance); err != nil {
				return err
			}
		}
	}
	return nil
}

// The listings come first and the derived sources last; the others are visited home by home, those that say more about
// rows of the others after them.
func late(s Source) bool    { return s.ID == auditEventID }
func listing(s Source) bool { return slices.Contains([]string{"instance", "group", "project"}, s.ID) }
func derived(s Source) bool { return s.ID == linkID }

func (r *run) instanceID() string {
	return inventory.HomeID(r.o.Self.Instance, inventory.InstanceHome, 0)
}

// listHomes visits the listings at the roots of the scan's scope. Listings that an interrupted scan finished are not
// read again: their homes come from the recorder.
func (r *run) listHomes(ctx context.Context) error {
	level := Anyone
	if r.o.Self.Admin == inventory.Yes {
		level = Administrator
	}
	roots := []unit{{home: inventory.Home{ID: r.instanceID(), Kind: inventory.InstanceHome, Path: r.o.Self.Instance}, level: level}}
	r.list(roots[0])
	scoped, err := r.roots(ctx)
	if err != nil {
		return err
	}
	if len(scoped) > 0 {
		roots = append(roots, scoped...)
	}
	for i, root := range roots {
		for _, s := range r.o.Sources {
			wholeInstance := i > 0 || len(scoped) == 0 || s.ID == "instance"
			if !listing(s) || !s.Visited(root.home.Kind) || !wholeInstance {
				continue
			}
			if err := r.visit(ctx, s, &root); err != nil {
				return err
			}
		}
	}
	return r.resumeHomes(ctx)
}

// roots asks for the groups and projects that the scan is limited to. One that cannot be read is an error:
// the caller asked for it by name.
func (r *run) roots(ctx context.Context) ([]unit, error) {
	var roots []unit
	v := &Visit{Self: r.o.Self, run: r}
	for _, name := range r.o.Groups {
		g, err := one[groupJSON](ctx, v, "groups/%s", escape(name))
		if err != nil {
			return nil, fmt.Errorf("read group %s: %w", name, err)
		}
		home := inventory.Home{ID: v.HomeID(inventory.GroupHome, g.ID), Kind: inventory.GroupHome, Number: g.ID, Path: g.Path}
		roots = append(roots, unit{home: home, group: &g, level: v.levelOf(nil)})
	}
	for _, name := range r.o.Projects {
		p, err := one[projectJSON](ctx, v, "projects/%s?statistics=true", escape(name))
		if err != nil {
			return nil, fmt.Errorf("read project %s: %w", name, err)
		}
		home := inventory.Home{ID: v.HomeID(inventory.ProjectHome, p.ID), Kind: inventory.ProjectHome, Number: p.ID, Path: p.Path}
		roots = append(roots, unit{home: home, project: &p, level: v.levelOf(p.Permissions)})
	}
	return roots, nil
}

// list adds a home to those that will be visited.
func (r *run) list(u unit) {
	if u.home.ID == "" {
		return // Emit has noted it
	}
	u.memo = map[string]memo{}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.units[u.home.ID]; !ok {
		r.units[u.home.ID] = &u
	}
}

// homes visits every home with all its sources of one phase, several homes side by side.
func (r *run) homes(ctx context.Context, cancel context.CancelCauseFunc, phase bool) error {
	if !slices.ContainsFunc(r.o.Sources, func(s Source) bool { return late(s) == phase }) {
		return context.Cause(ctx)
	}
	queue := make(chan *unit)
	var workers sync.WaitGroup
	for range min(r.o.Workers, len(r.units)) {
		workers.Go(func() {
			for u := range queue {
				if err := r.home(ctx, u, phase); err != nil {
					cancel(err)
				}
			}
		})
	}
	stop := r.heartbeat(ctx, cancel)
	for _, u := range r.ordered() {
		select {
		case queue <- u:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	stop()
	return context.Cause(ctx)
}

// heartbeat keeps the scan's lease while visits take long.
func (r *run) heartbeat(ctx context.Context, cancel context.CancelCauseFunc) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(15 * time.Second)
		defer t.Stop()
		for {
			select {
			case <-quit:
				return
			case <-t.C:
				if err := r.o.Recorder.Heartbeat(ctx); err != nil && ctx.Err() == nil {
					cancel(err)
				}
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// ordered lists the units: the instance first, for its lists are the longest, then by path.
func (r *run) ordered() []*unit {
	units := make([]*unit, 0, len(r.units))
	for _, u := range r.units {
		units = append(units, u)
	}
	slices.SortFunc(units, func(a, b *unit) int {
		if a.home.Kind != b.home.Kind && (a.home.Kind == inventory.InstanceHome || b.home.Kind == inventory.InstanceHome) {
			if a.home.Kind == inventory.InstanceHome {
				return -1
			}
			return 1
		}
		return strings.Compare(a.home.ID, b.home.ID)
	})
	return units
}

func (r *run) home(ctx context.Context, u *unit, phase bool) error {
	r.report(u.home.Path, 0)
	for _, s := range r.o.Sources {
		if listing(s) || derived(s) || late(s) != phase || !s.Visited(u.home.Kind) {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.visit(ctx, s, u); err != nil {
			return err
		}
	}
	u.memo, u.project, u.group = nil, nil, nil // a large instance has many
	r.mu.Lock()
	if !phase {
		r.done++
	}
	r.mu.Unlock()
	r.report(u.home.Path, 0)
	return nil
}

// report tells progress.
func (r *run) report(current string, bytes int64) {
	if r.o.Progress == nil {
		return
	}
	r.mu.Lock()
	r.bytes += bytes
	p := Progress{Homes: len(r.units), HomesDone: r.done, Bytes: r.bytes, Current: current}
	r.mu.Unlock()
	p.Requests = r.client.Requests()
	r.o.Progress(p)
}

// visit reads one source in one home and records it, unless an interrupted scan did.
func (r *run) visit(ctx context.Context, s Source, u *unit) error {
	key := inventory.Visit{Source: s.ID, Home: u.home.ID}
	if c, ok := r.o.Recorder.Done(key); ok {
		r.count(c)
		return nil
	}
	v := &Visit{Home: u.home, Level: u.level, Self: r.o.Self, source: s, run: r, unit: u, counts: map[string]int{}}
	if u.memo == nil {
		u.memo = map[string]memo{}
	}
	asked := new(atomic.Int64)
	err := v.collect(context.WithValue(ctx, requestsKey{}, asked))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, ErrToken) && r.tokenRefused(ctx) {
		return err
	}
	c := v.coverage(err)
	c.Requests = int(asked.Load())
	rows := v.rows
	v.rows = nil // a long list's rows go as soon as they are encoded
	if err := r.o.Recorder.Record(ctx, c, rows); err != nil {
		return fmt.Errorf("record %s of %s: %w", s.ID, u.home.Path, err)
	}
	if c.State != inventory.Complete {
		r.o.Log.DebugContext(ctx, "visit", "source", s.ID, "home", u.home.Path, "state", c.State, "reason", c.Reason)
	}
	r.count(c)
	return nil
}

// tokenRefused asks about the token itself: a 401 can be about one place only, as from a gateway that guards it.
func (r *run) tokenRefused(ctx context.Context) bool {
	_, err := oneOf[selfUserJSON](ctx, r.client, "user")
	return errors.Is(err, ErrToken)
}

func (r *run) count(c inventory.Coverage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Visits[c.State]++
	r.sum.BySource[c.Source] += c.Requests
}
