package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/inventory/store"
	"nhiscan/scanner"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

// scanFlags are the flags of scan, and what demo sets in their place.
type scanFlags struct {
	gitlab, instance string
	groups, projects []string
	db               string
	tokenFile        string
	history          string
	logs             int
	rate             float64
	workers          int
	identify         bool
	engine           engineFlags
	cache, cacheMax  string
	caFile           string
	fresh, newKey    bool
	strict           bool

	began     time.Time         // zero is now
	transport http.RoundTripper // nil is the usual one, with proxies from the environment
}

func newScan(a *app) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Crawl a GitLab instance into the inventory",
		Long: `scan reads what the token may see of a GitLab instance, finds secrets in variables, repositories and their
history, and keeps the inventory in a database. Without --group or --project it reads everything for an
administrator, else the projects and groups one is a member of; archived ones included.

The token comes from NHI_SCAN_TOKEN, GITLAB_TOKEN or --token-file, never from the command line. Scope read_api is
enough, with read_repository for the history; an administrator's token needs admin_mode where Admin Mode is on.
What the token may not see is listed as such, never taken for absent.

A scan that was interrupted goes on where it stopped, within 12 hours.`,
		Example: `  NHI_SCAN_TOKEN=… nhi-scan scan --gitlab https://gitlab.example.com
  nhi-scan scan --gitlab https://gitlab.example.com --group platform --token-file token.txt
  nhi-scan scan --gitlab https://gitlab.example.com --db postgres://nhi@db.example.com/nhi --rate 50`,
		Args: wants(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.scan(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.gitlab, "gitlab", "", "`URL` of the instance")
	fs.StringVar(&f.instance, "instance", "", "`NAME` of the instance in IDs, for life (default: the host)")
	fs.StringArrayVar(&f.groups, "group", nil, "only this `GROUP` and what is below it; may be repeated")
	fs.StringArrayVar(&f.projects, "project", nil, "only this `PROJECT`; may be repeated")
	addDB(fs, &f.db)
	fs.StringVar(&f.tokenFile, "token-file", "", "`FILE` that holds the token")
	fs.StringVar(&f.history, "history", "full", "how much of repositories to read, `MODE`: full or none")
	fs.IntVar(&f.logs, "logs", 0, "read the latest `N` job logs of each project; 0 is none")
	fs.Float64Var(&f.rate, "rate", 10, "at most `N` requests per second; 0 is no limit but GitLab's own")
	fs.IntVar(&f.workers, "workers", 16, "`N` projects are read side by side")
	fs.BoolVar(&f.identify, "identify", false, "ask the instance about GitLab tokens that were found; its administrator token in NHI_SCAN_IDENTIFY_TOKEN")
	fs.StringVar(&f.cache, "cache", "", "`DIR` for mirrors of repositories (default: nhi-scan.cache beside the database)")
	fs.StringVar(&f.cacheMax, "cache-max", "20G", "`SIZE` at which the least recently used mirrors leave the cache")
	fs.StringVar(&f.caFile, "ca-file", "", "PEM `FILE` with the certificate authorities of the instance")
	f.engine.add(fs)
	fs.BoolVar(&f.fresh, "fresh", false, "start anew although an interrupted scan could be resumed")
	fs.BoolVar(&f.newKey, "new-key", false, "go on although the database holds fingerprints of another key; they no longer join with new ones")
	fs.BoolVar(&f.strict, "strict", false, "exit 4 also when a source was denied to the token")
	completes(cmd, "history", "full", "none")
	return cmd
}

func (a *app) scan(ctx context.Context, f scanFlags) error {
	token, err := a.token(ctx, f.tokenFile)
	if err != nil {
		return err
	}
	s, err := a.prepare(ctx, f, token)
	if err != nil {
		return err
	}
	defer s.close()
	sum, scan, err := s.run(ctx)
	if err != nil {
		return err
	}
	if !a.quiet {
		if err := a.printSummary(ctx, s.db, scan); err != nil {
			return err
		}
	}
	if !sum.Incomplete(f.strict) {
		return nil
	}
	states := []inventory.State{inventory.Failed, inventory.Partial}
	if f.strict {
		states = append(states, inventory.Denied)
	}
	return lessThanAsked(sum.Visits, states...)
}

// lessThanAsked is the end of a command that worked on a scan with visits in these states.
func lessThanAsked(visits map[inventory.State]int, states ...inventory.State) error {
	var counts []string
	for _, s := range states {
		if n := visits[s]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return &exit{code: exitIncomplete, err: fmt.Errorf("the scan saw less than asked: visits that were not complete: %s", strings.Join(counts, ", ")),
		hint: "nhi-scan report lists them, and what would show them"}
}

// session is a scan that is ready to run.
type session struct {
	app      *app
	flags    scanFlags
	db       *store.Store
	client   *scanner.Client
	identify *scanner.Client
	self     scanner.Self
	key      secret.Key
	token    secret.Value
	engine   *detect.Engine
	git      *gitrepo.Cache
}

// clock is the scan's: the wall clock, or the moment that demo gave.
func (s *session) clock() time.Time {
	if s.flags.began.IsZero() {
		return s.app.now()
	}
	return s.flags.began
}

func (s *session) close() { _ = s.db.Close() }

// prepare checks everything that can be wrong before the first visit.
func (a *app) prepare(ctx context.Context, f scanFlags, token secret.Value) (*session, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	s := &session{app: a, flags: f, token: token}
	for _, step := range []func(context.Context) error{s.connect, s.detectors, s.repositories, s.database} {
		if err := step(ctx); err != nil {
			if s.db != nil {
				_ = s.db.Close()
			}
			return nil, err
		}
	}
	return s, nil
}

// check refuses flags that make no sense.
func (f scanFlags) check() error {
	if f.gitlab == "" {
		return usage(errors.New("no instance"), "give its address: --gitlab https://gitlab.example.com")
	}
	if f.history != "full" && f.history != "none" {
		return usage(fmt.Errorf("--history %q: want full or none", f.history), "")
	}
	if f.logs < 0 {
		return usage(fmt.Errorf("--logs %d: want a number of logs, or 0 for none", f.logs), "")
	}
	if f.workers < 1 {
		return usage(fmt.Errorf("--workers %d: want at least 1", f.workers), "")
	}
	if !(f.rate >= 0) {
		return usage(fmt.Errorf("--rate %v: want requests per second, or 0 for no limit", f.rate), "")
	}
	if _, err := parseSize(f.cacheMax); err != nil {
		return usage(fmt.Errorf("--cache-max: %w", err), "")
	}
	return nil
}

// connect makes the client and asks who the token is.
func (s *session) connect(ctx context.Context) error {
	f := &s.flags
	transport, err := newTransport(ctx, f.caFile, f.transport)
	if err != nil {
		return err
	}
	o := scanner.ClientOptions{
		URL: f.gitlab, Token: s.token, Rate: f.rate, Transport: transport, Now: s.app.now, Log: s.app.log(), UserAgent: "nhi-scan/" + version(),
	}
	if s.client, err = scanner.NewClient(o); err != nil {
		return usage(err, "")
	}
	if f.instance == "" {
		f.instance = s.client.Host()
	}
	if f.identify {
		o.Token = secret.New(s.app.getenv("NHI_SCAN_IDENTIFY_TOKEN"))
		if o.Token.Len() == 0 {
			return usage(errors.New("--identify needs a token of its own"), "set NHI_SCAN_IDENTIFY_TOKEN to an administrator's token")
		}
		if s.identify, err = scanner.NewClient(o); err != nil {
			return usage(err, "")
		}
	}
	s.self, err = scanner.Identify(ctx, s.client, f.instance)
	switch {
	case errors.Is(err, scanner.ErrToken):
		return cannotRun(fmt.Errorf("%s: %w", s.client.Host(), scanner.ErrToken), tokenHint(s.token))
	case err != nil:
		return cannotRun(err, "is "+redact(f.gitlab)+" the address of a GitLab instance, and reachable from here?")
	}
	return nil
}

func redact(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "this"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

func (s *session) detectors(ctx context.Context) (err error) {
	s.engine, err = s.flags.engine.engine(ctx, s.self.TokenPrefixes...)
	return err
}

// repositories opens the cache of mirrors, unless history is off.
func (s *session) repositories(ctx context.Context) error {
	if s.flags.history == "none" {
		return nil
	}
	size, err := parseSize(s.flags.cacheMax)
	if err != nil {
		return usage(err, "")
	}
	git, err := gitrepo.Find(ctx, gitrepo.Options{Env: s.app.env})
	if err != nil {
		return cannotRun(err, "install git 2.39 or newer, or leave repositories out with --history none")
	}
	dir := s.flags.cache
	if dir == "" {
		dir = "nhi-scan.cache"
		if !isPostgres(s.flags.db) {
			dir = filepath.Join(filepath.Dir(s.flags.db), dir)
		}
	}
	if s.git, err = gitrepo.OpenCache(git, dir, size); err != nil {
		return cannotRun(err, "")
	}
	return nil
}

// database opens the store and the fingerprint key that belongs to it.
func (s *session) database(ctx context.Context) error {
	var err error
	text := s.app.getenv("NHI_SCAN_KEY")
	switch {
	case text != "":
		if s.key, err = secret.ParseKey(text); err != nil {
			return usage(fmt.Errorf("NHI_SCAN_KEY: %w", err), "make one with: openssl rand -hex 32")
		}
	case isPostgres(s.flags.db):
		err = errors.New("PostgreSQL needs the fingerprint key in NHI_SCAN_KEY, so that every machine has the same")
		return usage(err, "make one with: openssl rand -hex 32")
	}
	if s.db, err = store.Open(ctx, s.flags.db, store.Options{Clock: s.clock}); err != nil {
		return cannotRun(err, "")
	}
	if text == "" {
		if s.key, err = secret.LoadKey(s.flags.db + ".key"); err != nil {
			return usage(err, "")
		}
	}
	return nil
}

// run scans, judges and finishes. An error leaves what was recorded for the next run to go on with.
func (s *session) run(ctx context.Context) (scanner.Summary, inventory.Scan, error) {
	scope := slices.Concat(s.flags.groups, s.flags.projects)
	slices.Sort(scope)
	rec, err := s.db.Begin(ctx, store.Begin{
		Instance: s.flags.instance, URL: s.client.URL(), Version: s.self.Version, Edition: edition(s.self.Enterprise), Scope: scope,
		Token: s.self.Token, Detectors: s.engine.Version(), KeyID: s.key.ID(), RulePack: rulePack(), NewKey: s.flags.newKey, Fresh: s.flags.fresh,
	})
	if err != nil {
		return scanner.Summary{}, inventory.Scan{}, beginError(err)
	}
	if rec.Resumed() {
		s.app.say("going on with scan %d, begun %s", rec.Scan().Number, rec.Scan().Began.Format(time.RFC3339))
	}
	sum, err := s.crawl(ctx, rec)
	var scan inventory.Scan
	if err == nil {
		scan, err = s.app.finish(ctx, rec, sum)
	}
	if err != nil {
		state := "failed"
		if ctx.Err() != nil {
			state = "cancelled"
		}
		// The context is over; what is left to do is to give the lease back.
		tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		return sum, scan, errors.Join(scanError(ctx, err), rec.Abort(tidy, state))
	}
	return sum, scan, nil
}

func (s *session) crawl(ctx context.Context, rec *store.Recorder) (scanner.Summary, error) {
	progress := newProgress(s.app)
	defer progress.close()
	return scanner.Run(ctx, scanner.Options{
		Client: s.client, Identify: s.identify, Self: s.self, Groups: s.flags.groups, Projects: s.flags.projects,
		Recorder: rec, Contents: s.db, Engine: s.engine, Key: s.key, Token: s.token, Git: s.git, CAFile: s.flags.caFile,
		History: s.git != nil, Logs: s.flags.logs, Began: rec.Scan().Began, Workers: s.flags.workers, Log: s.app.log(), Progress: progress.show,
	})
}

func beginError(err error) error {
	switch {
	case errors.Is(err, store.ErrForeignKey):
		return usage(err, "give the key that made this database (its .key file, or NHI_SCAN_KEY), or --new-key to start new fingerprints")
	case errors.Is(err, store.ErrLeased):
		return cannotRun(err, "wait for it to end; a scan that died gives way after a minute")
	}
	return cannotRun(err, "")
}

// scanError says how a scan ended that was going on. Whatever it was, the next one goes on from there.
func scanError(ctx context.Context, err error) error {
	const kept = "what was read is kept: the next scan goes on from there"
	switch {
	case ctx.Err() != nil:
		return cannotRun(errInterrupted, kept)
	case errors.Is(err, scanner.ErrToken):
		return cannotRun(fmt.Errorf("the scan stopped: %w", scanner.ErrToken), "give a valid token; a scan with another token than this one starts anew")
	case errors.Is(err, store.ErrFull):
		return cannotRun(err, "") // it says itself what to do
	}
	if api := (*scanner.APIError)(nil); errors.As(err, &api) && api.Status == http.StatusNotFound {
		return cannotRun(err, "check the path; GitLab also answers so for what this token may not see")
	}
	return cannotRun(err, kept)
}

func edition(enterprise inventory.Tri) string {
	switch enterprise {
	case inventory.Yes:
		return "enterprise"
	case inventory.No:
		return "community"
	}
	return ""
}
