package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"

	"nhiscan/inventory"
)

// start is when the test's world begins.
var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// database is an empty database that a test may open any number of times.
type database struct {
	dsn   string
	clock *time.Time
}

func (d database) open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := d.tryOpen(o)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (d database) tryOpen(o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = func() time.Time { return *d.clock }
	}
	return Open(context.Background(), d.dsn, o)
}

func (d database) wait(by time.Duration) { *d.clock = d.clock.Add(by) }

// onEach runs a test on SQLite, and on PostgreSQL when NHI_TEST_POSTGRES holds a DSN.
func onEach(t *testing.T, test func(t *testing.T, d database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteDatabase(t)) })
	if os.Getenv("NHI_TEST_POSTGRES") == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) { test(t, postgresDatabase(t)) })
}

func sqliteDatabase(t testing.TB) database {
	now := start
	return database{filepath.Join(t.TempDir(), "nhi-scan.db"), &now}
}

// postgresDatabase makes a schema of its own inside the database of the tests.
func postgresDatabase(t testing.TB) database {
	dsn, err := url.Parse(os.Getenv("NHI_TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("nhi_test_%d", rand.Uint64())
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.Exec("DROP SCHEMA " + schema + " CASCADE")
		if err := cmpErr(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	q := dsn.Query()
	q.Set("search_path", schema)
	dsn.RawQuery = q.Encode()
	now := start
	return database{dsn.String(), &now}
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

const host = "git.example"

var (
	instanceID = inventory.HomeID(host, inventory.InstanceHome, 0)
	cartID     = inventory.HomeID(host, inventory.ProjectHome, 42)
	opsID      = inventory.HomeID(host, inventory.GroupHome, 7)
)

func begin() Begin {
	return Begin{
		Instance: host, URL: "https://git.example", Version: "19.6.0", Edition: "enterprise", Detectors: "d1", KeyID: "abcd0123",
		RulePack: "1", Token: inventory.TokenFacts{Credential: "git.example/credential/access-token/1", User: "git.example/identity/user/1"},
	}
}

func mustBegin(t testing.TB, s *Store, b Begin) *Recorder {
	t.Helper()
	r, err := s.Begin(t.Context(), b)
	if err != nil {
		t.Fatalf("Begin = %v", err)
	}
	return r
}

func complete(source, home string, seen int) inventory.Coverage {
	return inventory.Coverage{Visit: inventory.Visit{Source: source, Home: home}, State: inventory.Complete, Seen: seen, Requests: 1}
}

func mustRecord(t testing.TB, r *Recorder, c inventory.Coverage, rows ...inventory.Observation) {
	t.Helper()
	if err := r.Record(t.Context(), c, rows); err != nil {
		t.Fatalf("Record(%v) = %v", c.Visit, err)
	}
}

func mustFinish(t testing.TB, r *Recorder, res Results) inventory.Scan {
	t.Helper()
	sc, err := r.Finish(t.Context(), res)
	if err != nil {
		t.Fatalf("Finish = %v", err)
	}
	return sc
}

func mustSnapshot(t testing.TB, s *Store, scan int64) *inventory.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(t.Context(), scan)
	if err != nil {
		t.Fatalf("Snapshot(%d) = %v", scan, err)
	}
	return snap
}

// running returns what the running scan sees, with Seen of every row.
func running(t testing.TB, r *Recorder) *inventory.Snapshot {
	t.Helper()
	rows, err := r.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &inventory.Snapshot{
		Scan: r.Scan(), Homes: copied(rows.Homes()), Users: copied(rows.Users()), Grants: copied(rows.Grants()),
		Identities: copied(rows.Identities()), Credentials: copied(rows.Credentials()), Locations: copied(rows.Locations()),
		Usages: copied(rows.Usages()), Coverage: copied(rows.Coverage()),
	}
	seenIn(rows, s.Homes)
	seenIn(rows, s.Users)
	seenIn(rows, s.Grants)
	seenIn(rows, s.Identities)
	seenIn(rows, s.Credentials)
	seenIn(rows, s.Locations)
	seenIn(rows, s.Usages)
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// seenIn adds which visits show each row, sorted by home, then source.
func seenIn[T inventory.Observation](rows inventory.SeenRows, list []T) {
	var zero T
	kind, _ := zero.Row()
	seen := maps.Collect(rows.Sightings(kind))
	for i := range list {
		_, id := list[i].Row()
		visits := seen[id]
		slices.SortFunc(visits, func(a, b inventory.Visit) int { return strings.Compare(a.Home+" "+a.Source, b.Home+" "+b.Source) })
		*partsOf(&list[i]).seen = visits
	}
}

// diff compares whole values; When is compared by ==.
func diff(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b inventory.When) bool { return a == b }))
}

// world is a small estate: what each visit of it emits.
func world() map[inventory.Coverage][]inventory.Observation {
	bot := inventory.IdentityID(host, "user", "900")
	token := inventory.CredentialID(host, "access-token", "5")
	deploy := inventory.CredentialID(host, "deploy-token", "3")
	instance := inventory.Home{ID: instanceID, Kind: inventory.InstanceHome, Path: host}
	ops := inventory.Home{ID: opsID, Kind: inventory.GroupHome, Number: 7, Parent: instanceID, Path: "ops"}
	cart := inventory.Home{ID: cartID, Kind: inventory.ProjectHome, Number: 42, Parent: opsID, Path: "ops/cart", Archived: inventory.No}
	detailed := cart
	detailed.Settings = map[string]string{"ci_push_repository_for_job_token_allowed": "false"}
	detailed.Branches = []inventory.ProtectedRef{{Pattern: "main", Push: []inventory.Access{{Level: 40}}}}
	job := inventory.WorkloadID(host, 42, "deploy")
	return map[inventory.Coverage][]inventory.Observation{
		complete("instance", instanceID, 1): {instance},
		complete("groups", instanceID, 1):   {ops},
		complete("projects", opsID, 1):      {cart},
		complete("project", cartID, 1):      {detailed},
		complete("project-access-token", cartID, 3): {
			inventory.User{ID: bot, Number: 900, Username: "project_42_bot_ab", Kind: "project-bot", Bot: inventory.Yes, State: "active"},
			inventory.Identity{ID: bot, Kind: "user", Home: cartID, Name: "ci", Volatile: inventory.Volatile{LastUsedAt: inventory.At(start)}},
			inventory.Credential{
				ID: token, Kind: "project-access-token", Identity: bot, Home: cartID, Name: "ci", State: inventory.Active, Scope: "api", Level: 40,
				ExpiresAt: inventory.At(start.AddDate(0, 1, 0)), Volatile: inventory.Volatile{LastUsedAt: inventory.At(start), LastUsedIPs: 2},
			},
		},
		complete("deploy-token", cartID, 2): {
			inventory.Identity{ID: inventory.IdentityID(host, "deploy-token", "3"), Kind: "deploy-token", Home: cartID, Name: "gitlab+deploy-token-3"},
			inventory.Credential{
				ID: deploy, Kind: "deploy-token", Identity: inventory.IdentityID(host, "deploy-token", "3"), Home: cartID, Name: "registry-pull",
				State: inventory.Active, ExpiresAt: inventory.Never,
			},
		},
		complete("members", cartID, 1): {
			inventory.Grant{ID: inventory.GrantID(host, "membership", bot, cartID), Kind: "membership", Subject: bot, Home: cartID, Level: 40},
		},
		complete("variables", cartID, 2): {
			inventory.Location{
				ID: inventory.VariableID(host, cartID, "DEPLOY_TOKEN", "*"), Home: cartID, Surface: inventory.SurfaceVariable, Key: "DEPLOY_TOKEN",
				Masked: inventory.Yes, SecretLike: inventory.Yes, Fingerprint: "00112233445566778899aabbccddeeff", KeyID: "abcd0123", Credential: deploy,
			},
		},
		complete("workloads", cartID, 2): {
			inventory.Identity{ID: job, Kind: "workload", Home: cartID, Name: "deploy", Tags: []string{"b", "a"}},
			inventory.Usage{
				ID: inventory.UsageID(host, 42, "deploy", "registry", "DEPLOY_TOKEN"), Home: cartID, Workload: job, Job: "deploy", Name: "DEPLOY_TOKEN",
				Kind: "ci-variable", Credential: deploy, System: "registry", Operation: "push", LeastScope: "write_registry", Confidence: "high",
			},
		},
	}
}

// scanWorld records all visits of a world.
func scanWorld(t testing.TB, r *Recorder, w map[inventory.Coverage][]inventory.Observation) {
	t.Helper()
	for c, rows := range w {
		mustRecord(t, r, c, rows...)
	}
}

func TestSnapshotHoldsWhatVisitsSaw(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		r := mustBegin(t, s, begin())
		scanWorld(t, r, world())
		running := running(t, r)
		sc := mustFinish(t, r, Results{})
		got := mustSnapshot(t, s, sc.Number)

		want := &inventory.Snapshot{Scan: sc}
		merged := map[key]inventory.Observation{}
		seen := map[key][]inventory.Visit{}
		for c, rows := range world() {
			want.Coverage = append(want.Coverage, c)
			for _, o := range rows {
				kind, id := o.Row()
				k := key{kind, id}
				seen[k] = append(seen[k], c.Visit)
				if merged[k] == nil {
					merged[k] = o
				}
				merged[k] = inventory.Merge(merged[k], o)
			}
		}
		for _, o := range merged {
			want.Add(o)
		}
		addSeen(want, seen)
		want.Sort()
		if d := diff(want, got); d != "" {
			t.Errorf("Snapshot (-want +got):\n%s", d)
		}
		running.Scan = sc
		if d := diff(want, running); d != "" {
			t.Errorf("Recorder.Snapshot (-want +got):\n%s", d)
		}
	})
}

func addSeen(s *inventory.Snapshot, seen map[key][]inventory.Visit) {
	add := func(o inventory.Observation, parts rowParts) {
		kind, id := o.Row()
		for _, v := range seen[key{kind, id}] {
			addVisit(parts.seen, []inventory.Visit{v})
		}
	}
	for i := range s.Homes {
		add(s.Homes[i], partsOf(&s.Homes[i]))
	}
	for i := range s.Users {
		add(s.Users[i], partsOf(&s.Users[i]))
	}
	for i := range s.Grants {
		add(s.Grants[i], partsOf(&s.Grants[i]))
	}
	for i := range s.Identities {
		add(s.Identities[i], partsOf(&s.Identities[i]))
	}
	for i := range s.Credentials {
		add(s.Credentials[i], partsOf(&s.Credentials[i]))
	}
	for i := range s.Locations {
		add(s.Locations[i], partsOf(&s.Locations[i]))
	}
	for i := range s.Usages {
		add(s.Usages[i], partsOf(&s.Usages[i]))
	}
}
