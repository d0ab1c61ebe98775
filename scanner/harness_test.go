package scanner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	cmdflag "flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitlabtest"
)

var update = cmdflag.Bool("update", false, "rewrite golden files")

// testInstance is the name of the instance in the IDs of tests.
const testInstance = "test"

// memory is a Recorder that keeps all visits. It is safe for concurrent use.
type memory struct {
	mu       sync.Mutex
	visits   map[inventory.Visit][]inventory.Observation
	coverage map[inventory.Visit]inventory.Coverage
	onRecord func(inventory.Coverage) error // called before a visit is kept; nil does nothing
}

func newMemory() *memory {
	return &memory{visits: map[inventory.Visit][]inventory.Observation{}, coverage: map[inventory.Visit]inventory.Coverage{}}
}

func (m *memory) Done(v inventory.Visit) (inventory.Coverage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.coverage[v]
	return c, ok
}

func (m *memory) Record(_ context.Context, c inventory.Coverage, rows []inventory.Observation) error {
	if m.onRecord != nil {
		if err := m.onRecord(c); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.visits[c.Visit], m.coverage[c.Visit] = rows, c
	return nil
}

func (m *memory) Heartbeat(context.Context) error { return nil }

// Snapshot merges the rows of all visits, as a store does.
func (m *memory) Snapshot(context.Context) (*inventory.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &inventory.Snapshot{}
	for _, o := range mergeVisits(m.visits, func(inventory.Visit) bool { return true }) {
		s.Add(o)
	}
	for _, c := range m.coverage {
		s.Coverage = append(s.Coverage, c)
	}
	s.Sort()
	return s, nil
}

// Rows reads what Snapshot merges.
func (m *memory) Rows(ctx context.Context) (inventory.SeenRows, error) {
	s, err := m.Snapshot(ctx)
	return snapshotRows{s}, err
}

// snapshotRows lists the rows of a snapshot.
type snapshotRows struct{ s *inventory.Snapshot }

func (r snapshotRows) Homes() iter.Seq[*inventory.Home]             { return pointers(r.s.Homes) }
func (r snapshotRows) Users() iter.Seq[*inventory.User]             { return pointers(r.s.Users) }
func (r snapshotRows) Grants() iter.Seq[*inventory.Grant]           { return pointers(r.s.Grants) }
func (r snapshotRows) Identities() iter.Seq[*inventory.Identity]    { return pointers(r.s.Identities) }
func (r snapshotRows) Credentials() iter.Seq[*inventory.Credential] { return pointers(r.s.Credentials) }
func (r snapshotRows) Locations() iter.Seq[*inventory.Location]     { return pointers(r.s.Locations) }
func (r snapshotRows) Usages() iter.Seq[*inventory.Usage]           { return pointers(r.s.Usages) }
func (r snapshotRows) Coverage() iter.Seq[*inventory.Coverage]      { return pointers(r.s.Coverage) }
func (r snapshotRows) Err() error                                   { return nil }

func (r snapshotRows) Sightings(kind inventory.RowKind) iter.Seq2[string, []inventory.Visit] {
	return func(yield func(string, []inventory.Visit) bool) {
		tell := func(id string, seen []inventory.Visit) bool { return len(seen) == 0 || yield(id, seen) }
		switch kind {
		case inventory.HomeRow:
			for _, h := range r.s.Homes {
				if !tell(h.ID, h.Seen) {
					return
				}
			}
		case inventory.IdentityRow:
			for _, i := range r.s.Identities {
				if !tell(i.ID, i.Seen) {
					return
				}
			}
		case inventory.CredentialRow:
			for _, c := range r.s.Credentials {
				if !tell(c.ID, c.Seen) {
					return
				}
			}
		default:
			panic("sightings of " + string(kind) + " rows are not kept here")
		}
	}
}

func pointers[T any](rows []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}

// list returns the coverage of all visits, sorted by source, then home.
func (m *memory) list() []inventory.Coverage {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []inventory.Coverage
	for _, c := range m.coverage {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b inventory.Coverage) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Home, b.Home))
	})
	return all
}

// mergeVisits joins the rows of the wanted visits by ID, each with the visits that showed it.
func mergeVisits(visits map[inventory.Visit][]inventory.Observation, wanted func(inventory.Visit) bool) []inventory.Observation {
	type key struct {
		kind inventory.RowKind
		id   string
	}
	rows := map[key]inventory.Observation{}
	for v, list := range visits {
		if !wanted(v) {
			continue
		}
		for _, o := range list {
			kind, id := o.Row()
			o = seenBy(o, v)
			if old, ok := rows[key{kind, id}]; ok {
				o = inventory.Merge(old, o)
			}
			rows[key{kind, id}] = o
		}
	}
	out := make([]inventory.Observation, 0, len(rows))
	for _, o := range rows {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b inventory.Observation) int {
		ka, x := a.Row()
		kb, y := b.Row()
		return cmp.Or(cmp.Compare(ka, kb), cmp.Compare(x, y))
	})
	return out
}

func seenBy(o inventory.Observation, v inventory.Visit) inventory.Observation {
	switch o := o.(type) {
	case inventory.Home:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	case inventory.User:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	case inventory.Grant:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	case inventory.Identity:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	case inventory.Credential:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	case inventory.Location:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	case inventory.Usage:
		o.Seen = append(slices.Clone(o.Seen), v)
		return o
	}
	return o
}

// testEngine is built once: compiling all rules takes a while.
var testEngine = sync.OnceValues(func() (*detect.Engine, error) { return detect.New(detect.Options{}) })

// setup is one scan of a simulated instance. The zero setup scans the world "small" as administrator.
type setup struct {
	World    string
	Role     string // label of the token in the world
	Options  gitlabtest.Options
	Sources  []Source // besides the listings
	Groups   []string
	Projects []string
	Workers  int
	Recorder *memory
	Context  context.Context
	Change   func(*gitlabtest.World)  // before the server starts
	Client   func(*ClientOptions)     // changes how the instance is reached
	Run      func(*Options)           // changes the scan
	Before   func(*gitlabtest.Server) // after the server started, before the first request
	Unknown  func(requests []string)  // nil: requests that meet no route fail the test
	Git      *clones                  // reads repositories; nil does not
}

// scanned is what a scan gave.
type scanned struct {
	*memory
	Server  *gitlabtest.Server
	Client  *Client
	Host    string
	Summary Summary
	Err     error
}

// scan runs a whole scan against the simulator, with the real client, engine and paging.
func (s setup) scan(t testing.TB) *scanned {
	t.Helper()
	w, err := gitlabtest.Embedded(cmp.Or(s.World, "small"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Change != nil {
		s.Change(w)
	}
	if s.Git != nil && s.Options.RepoDir == "" {
		s.Options.RepoDir = t.TempDir()
	}
	server, err := gitlabtest.New(w, s.Options)
	if err != nil {
		t.Fatal(err)
	}
	base, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if s.Before != nil {
		s.Before(server)
	}
	out := &scanned{memory: s.Recorder, Server: server}
	if out.memory == nil {
		out.memory = newMemory()
	}
	out.Client = testClient(t, base, server.Token(cmp.Or(s.Role, "admin")), s.Client)
	out.Host = out.Client.Host()
	ctx := s.Context
	if ctx == nil {
		ctx = context.Background()
	}
	self, err := Identify(ctx, out.Client, testInstance)
	if err != nil {
		out.Err = err
		return out
	}
	engine, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Client: out.Client, Self: self, Groups: s.Groups, Projects: s.Projects,
		Sources:  append([]Source{instanceSource, groupSource, projectSource}, s.Sources...),
		Recorder: out.memory, Engine: engine, Key: testKey(t), Began: w.Now.Time, Workers: cmp.Or(s.Workers, 1),
	}
	if s.Git != nil {
		o.Git, o.Contents, o.Token, o.Began = s.Git.cache, s.Git.store, secret.New(server.Token(cmp.Or(s.Role, "admin"))), server.Now()
	}
	if s.Run != nil {
		s.Run(&o)
	}
	out.Summary, out.Err = Run(ctx, o)
	if unknown := server.Unknown(); len(unknown) > 0 && s.Unknown == nil {
		t.Errorf("requests that meet no route: %v", unknown)
	}
	return out
}

// testClient waits for nothing between tries.
func testClient(t testing.TB, base, token string, change func(*ClientOptions)) *Client {
	t.Helper()
	o := ClientOptions{
		URL: base, Token: secret.New(token), Now: time.Now, Timeout: 10 * time.Second, UserAgent: "nhi-scan-test",
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	if change != nil {
		change(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testKey(t testing.TB) secret.Key {
	t.Helper()
	key, err := secret.ParseKey(strings.Repeat("0f", 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// scanWorld scans an embedded world with the token of a role and returns what each visit emitted, and the coverage
// sorted by source and home. Sources stand besides the listings. The test fails on requests that meet no route.
func scanWorld(t testing.TB, world, role string, profile gitlabtest.Profile, sources ...Source) (map[inventory.Visit][]inventory.Observation, []inventory.Coverage) {
	t.Helper()
	s := setup{World: world, Role: role, Options: gitlabtest.Options{Profile: profile}, Sources: sources}.scan(t)
	if s.Err != nil {
		t.Fatalf("scan of world %s as %s: %v", world, role, s.Err)
	}
	return s.visits, s.list()
}

// golden scans the small world in every role and in the profiles that change answers, and compares what the sources
// showed with testdata/<name>/<case>.golden.
func golden(t *testing.T, name string, sources ...Source) {
	t.Helper()
	goldenAfter(t, name, nil, sources...)
}

// goldenAfter is golden with other sources before, whose rows are not compared.
func goldenAfter(t *testing.T, name string, before []Source, sources ...Source) {
	t.Helper()
	goldenFrom(t, name, setup{Sources: before}, sources...)
}

// goldenFrom is golden from a setup of one's own, whose sources come before and are not compared.
func goldenFrom(t *testing.T, name string, base setup, sources ...Source) {
	t.Helper()
	profile := func(change func(*gitlabtest.Profile)) gitlabtest.Profile {
		p := gitlabtest.Default()
		change(&p)
		return p
	}
	cases := []struct {
		name, role string
		profile    gitlabtest.Profile
	}{
		{"admin", "admin", gitlabtest.Default()},
		{"admin-no-mode", "admin-no-mode", gitlabtest.Default()},
		{"auditor", "auditor", gitlabtest.Default()},
		{"group-owner", "group-owner", gitlabtest.Default()},
		{"maintainer", "maintainer", gitlabtest.Default()},
		{"developer", "developer", gitlabtest.Default()},
		{"project-bot", "project-bot", gitlabtest.Default()},
		{"admin-17.11", "admin", profile(func(p *gitlabtest.Profile) { p.Version = "17.11" })},
		{"admin-18.11", "admin", profile(func(p *gitlabtest.Profile) { p.Version = "18.11" })},
		{"admin-free", "admin", profile(func(p *gitlabtest.Profile) { p.Tier = gitlabtest.Free })},
		{"group-owner-17.11", "group-owner", profile(func(p *gitlabtest.Profile) { p.Version = "17.11" })},
		{"group-owner-saas", "group-owner", profile(func(p *gitlabtest.Profile) { p.Offering = gitlabtest.SaaS })},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			one := base
			one.Role, one.Options.Profile, one.Sources = c.role, c.profile, slices.Concat(base.Sources, sources)
			one.Run = func(o *Options) {
				o.Self.SaaS = c.profile.Offering == gitlabtest.SaaS // the simulator's host is not gitlab.com
			}
			if base.Git != nil {
				one.Git = newClones(t)
			}
			s := one.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			compareGolden(t, filepath.Join("testdata", name, c.name+".golden"), s.text(sources))
		})
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// text writes the rows that visits of the sources showed, one line each with its known fields only, then their
// coverage. The simulator's host reads gitlab.example.
func (s *scanned) text(sources []Source) string {
	of := func(v inventory.Visit) bool {
		return slices.ContainsFunc(sources, func(x Source) bool { return x.ID == v.Source })
	}
	var b bytes.Buffer
	for _, o := range mergeVisits(s.visits, of) {
		fmt.Fprintln(&b, rowText(o))
	}
	for _, c := range s.list() {
		if of(c.Visit) {
			fmt.Fprintln(&b, coverageText(c))
		}
	}
	return strings.ReplaceAll(b.String(), s.Host, "gitlab.example")
}

// rowText is "kind id field=value …", the fields in the order of their names, the unknown ones left out.
func rowText(o inventory.Observation) string {
	kind, id := o.Row()
	text, err := json.Marshal(o)
	if err != nil {
		return err.Error()
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err.Error()
	}
	delete(fields, "id")
	line := fmt.Sprintf("%s %s", kind, id)
	for _, name := range sortedKeys(fields) {
		switch v := fields[name].(type) {
		case nil:
		case string:
			if v != "" {
				line += fmt.Sprintf(" %s=%q", name, v)
			}
		case float64:
			if v != 0 {
				line += fmt.Sprintf(" %s=%v", name, v)
			}
		case map[string]any:
			if len(v) > 0 {
				line += fmt.Sprintf(" %s=%s", name, mustJSON(v))
			}
		default:
			line += fmt.Sprintf(" %s=%s", name, mustJSON(v))
		}
	}
	return line
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func coverageText(c inventory.Coverage) string {
	line := fmt.Sprintf("coverage %s %s: %s, %d rows, %d requests", c.Source, inventory.RefOf(c.Home), c.State, c.Seen, c.Requests)
	if c.Status != 0 {
		line += fmt.Sprintf(", status %d", c.Status)
	}
	if c.Reason != "" {
		line += ", " + c.Reason
	}
	if c.Needs != (inventory.Needs{}) {
		line += ", needs " + mustJSON(c.Needs)
	}
	return line
}
