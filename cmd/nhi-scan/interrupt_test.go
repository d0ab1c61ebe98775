package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"nhiscan/scanner/gitlabtest"
)

// nearly compares numbers that fade with time, such as the weight of a claim: two scans are seconds apart.
var nearly = cmpopts.EquateApprox(0, 1e-3)

// testKey is the fingerprint key of scans that are compared with each other.
var testKey = strings.Repeat("e5", 32)

// TestKill kills scans at random moments. The next one goes on, repeats nothing that was finished, and ends where an
// undisturbed scan ends.
func TestKill(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { testKill(t, 20, filepath.Join(t.TempDir(), "inventory.db")) })
	if os.Getenv("NHI_TEST_POSTGRES") != "" {
		t.Run("PostgreSQL", func(t *testing.T) { testKill(t, 20, postgresDatabase(t)) })
	}
}

// postgresDatabase makes a schema of its own inside the database of the tests.
func postgresDatabase(t *testing.T) string {
	t.Helper()
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
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	q := dsn.Query()
	q.Set("search_path", schema)
	dsn.RawQuery = q.Encode()
	return dsn.String()
}

func testKill(t *testing.T, kills int, db string) {
	want, usual := undisturbed(t)
	g := startDemo(t, gitlabtest.Options{Latency: 8 * time.Millisecond})
	random := rand.New(rand.NewPCG(20260101, 7)) // the same moments in every run, but for the machine's pace
	const workers = 4
	p := &process{g: g, db: db, cache: t.TempDir(), workers: workers}
	finished := false
	for n := range kills {
		// A killed scan holds its lease for a minute after its last sign, which a slow machine delays.
		p.now = g.Now().Add(time.Duration(n) * 10 * time.Minute)
		if finished = p.killed(t, 5+random.IntN(20), time.Duration(random.IntN(20))*time.Millisecond); finished {
			break
		}
	}
	if !finished {
		p.now = g.Now().Add(time.Duration(kills) * 10 * time.Minute)
		if r := p.run(t); r.code != 0 {
			t.Fatalf("the scan after the kills: exit status %d\n%s", r.code, r.stderr)
		}
	}
	if p.resumed == 0 {
		t.Error("no scan went on with another: the kills came too early or too late to test anything")
	}
	repeats := 0
	for path, n := range counted(g) {
		if !asked(path) {
			repeats += max(0, n-usual[path])
		}
	}
	// Every kill may cost the visits that were running: one per worker, of a few requests each.
	if most := p.kills * workers * 6; repeats > most {
		t.Errorf("%d requests were made again after %d kills, want at most %d", repeats, p.kills, most)
	}
	if diff := cmp.Diff(want, inventoryOf(t, g, db), nearly); diff != "" {
		t.Errorf("inventory after %d kills (-undisturbed +killed):\n%s", p.kills, diff)
	}
}

// asked reports whether every run asks this: who the token is, and what the instance is.
func asked(path string) bool {
	return path == "/api/v4/user" || path == "/api/v4/personal_access_tokens/self" || path == "/api/v4/metadata" || path == "/api/v4/application/settings" ||
		strings.Contains(path, ".git/")
}

// undisturbed scans the demo world once, and returns the inventory and how often each path was asked.
func undisturbed(t *testing.T) (inventory map[string]any, paths map[string]int) {
	t.Helper()
	g := startDemo(t, gitlabtest.Options{})
	db := filepath.Join(t.TempDir(), "undisturbed.db")
	if r := scanDemo(t, g, db); r.code != 0 {
		t.Fatalf("undisturbed scan: exit status %d\n%s", r.code, r.stderr)
	}
	return inventoryOf(t, g, db), counted(g)
}

// counted is how often each path was asked.
func counted(g *world) map[string]int {
	paths := map[string]int{}
	for _, r := range g.Requests() {
		paths[r.Path+"?"+r.Query]++
	}
	for path, n := range paths {
		bare, _, _ := strings.Cut(path, "?")
		if bare != path && asked(bare) {
			delete(paths, path)
			paths[bare] += n
		}
	}
	return paths
}

func startDemo(t *testing.T, o gitlabtest.Options) *world {
	t.Helper()
	w, err := gitlabtest.Embedded("demo")
	if err != nil {
		t.Fatal(err)
	}
	return startWorld(t, w, o)
}

func demoScanArgs(g *world, db string) []string {
	return []string{"scan", "--gitlab", g.url, "--instance", "demo", "--db", db, "--quiet"}
}

func (w *world) keyedEnv(label string) []string { return append(w.env(label), "NHI_SCAN_KEY="+testKey) }

func scanDemo(t *testing.T, g *world, db string) result {
	t.Helper()
	return runProgram(t, g, g.keyedEnv("admin"), demoScanArgs(g, db)...)
}

// inventoryOf is the JSON report without what differs from scan to scan: numbers, times, addresses.
func inventoryOf(t *testing.T, g *world, db string) map[string]any {
	t.Helper()
	r := runProgram(t, g, nil, "report", "--db", db, "--format", "json")
	if r.code != 0 {
		t.Fatalf("report: exit status %d\n%s", r.code, r.stderr)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(r.stdout, g.url, "http://gitlab.example")), &doc); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"scan", "previous", "events"} {
		delete(doc, part)
	}
	for _, gap := range doc["gaps"].([]any) {
		delete(gap.(map[string]any), "first_seen")
	}
	return doc
}

// TestInterrupt sends what Ctrl-C sends: the scan ends at once and in good order, and the next one may start at once.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	g := startDemo(t, gitlabtest.Options{Latency: 30 * time.Millisecond})
	p := &process{g: g, db: filepath.Join(t.TempDir(), "inventory.db"), cache: t.TempDir(), workers: 4, now: g.Now()}
	cmd, errs := p.command()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForRequests(t, g, 30)
	began := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the scan ended %v after the signal, want 2 s at most", took)
	}
	if code := cmd.ProcessState.ExitCode(); code != exitCannotRun {
		t.Errorf("exit status %d, want %d", code, exitCannotRun)
	}
	const want = "nhi-scan: error: interrupted\nnhi-scan: hint: what was read is kept: the next scan goes on from there\n"
	if errs.String() != want {
		t.Errorf("stderr = %q, want %q", errs, want)
	}
	if r := p.run(t); r.code != 0 || p.resumed != 1 {
		t.Errorf("next scan: exit status %d, resumed %d times, want 0 and once\n%s", r.code, p.resumed, r.stderr)
	}
}

// TestInterruptLeavesNothing cancels a scan in this process: no goroutine, no file and no lock stay behind.
func TestInterruptLeavesNothing(t *testing.T) {
	g := startDemo(t, gitlabtest.Options{Latency: 30 * time.Millisecond})
	db := filepath.Join(t.TempDir(), "inventory.db")
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan result)
	go func() { ended <- runContext(ctx, g, g.keyedEnv("admin"), demoScanArgs(g, db)...) }()
	waitForRequests(t, g, 30)
	cancel()
	if r := <-ended; r.code != exitCannotRun {
		t.Errorf("exit status %d, want %d\n%s", r.code, exitCannotRun, r.stderr)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	if r := scanDemo(t, g, db); r.code != 0 {
		t.Errorf("next scan: exit status %d\n%s", r.code, r.stderr)
	}
}

func waitForRequests(t *testing.T, g *world, n int) {
	t.Helper()
	for range 1000 {
		if len(g.Requests()) >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no %d requests within 10 s", n)
}

// TestTwoScans starts a second scan of an instance while one runs.
func TestTwoScans(t *testing.T) {
	t.Parallel()
	g := startDemo(t, gitlabtest.Options{Latency: 20 * time.Millisecond})
	db := filepath.Join(t.TempDir(), "inventory.db")
	first := make(chan result)
	go func() { first <- runContext(t.Context(), g, g.keyedEnv("admin"), demoScanArgs(g, db)...) }()
	waitForRequests(t, g, 20)
	second := scanDemo(t, g, db)
	if second.code != exitCannotRun {
		t.Errorf("second scan: exit status %d, want %d", second.code, exitCannotRun)
	}
	host, _ := os.Hostname()
	for _, part := range []string{"nhi-scan: error: instance demo: another scan is running: scan 1 of " + host + " process ", " since 2026-10-23T02:14:", "nhi-scan: hint: "} {
		if !strings.Contains(second.stderr, part) {
			t.Errorf("second scan says %q, want it to hold %q", second.stderr, part)
		}
	}
	if r := <-first; r.code != 0 {
		t.Errorf("first scan: exit status %d\n%s", r.code, r.stderr)
	}
}

// TestTokenExpiresInScan lets GitLab refuse the token in the middle: the scan stops, nothing becomes the latest scan,
// and a scan with another token does the whole.
func TestTokenExpiresInScan(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t)
	g := startDemo(t, gitlabtest.Options{})
	db := filepath.Join(t.TempDir(), "inventory.db")
	if err := g.Inject(gitlabtest.Fault{Kind: gitlabtest.ExpireToken, After: 60, Count: 1}); err != nil {
		t.Fatal(err)
	}
	r := scanDemo(t, g, db)
	if r.code != exitCannotRun || !strings.HasPrefix(r.stderr, "nhi-scan: error: the scan stopped: GitLab does not accept the token") {
		t.Errorf("exit status %d, want %d\n%s", r.code, exitCannotRun, r.stderr)
	}
	if r := runProgram(t, g, nil, "report", "--db", db); r.code != exitCannotRun || !strings.Contains(r.stderr, "no finished scan") {
		t.Errorf("report after it: exit status %d, want %d\n%s", r.code, exitCannotRun, r.stderr)
	}
	if r := runProgram(t, g, g.keyedEnv("operations"), demoScanArgs(g, db)...); r.code != 0 {
		t.Fatalf("scan with another token: exit status %d\n%s", r.code, r.stderr)
	}
	have := inventoryOf(t, g, db)
	for _, part := range []string{"homes", "locations", "usages", "grants"} {
		if diff := cmp.Diff(want[part], have[part], nearly); diff != "" {
			t.Errorf("%s (-undisturbed +other token):\n%s", part, diff)
		}
	}
}

// TestProjectDeletedInScan takes a project away in the middle. The rest is as it was.
func TestProjectDeletedInScan(t *testing.T) {
	t.Parallel()
	g := startDemo(t, gitlabtest.Options{})
	db := filepath.Join(t.TempDir(), "inventory.db")
	if err := g.Inject(gitlabtest.Fault{Kind: gitlabtest.DeleteProject, Target: "halden/data/notebooks", Path: "/api/v4/projects/1005/**", Count: 1}); err != nil {
		t.Fatal(err)
	}
	r := scanDemo(t, g, db)
	if r.code != 0 && r.code != exitIncomplete {
		t.Fatalf("exit status %d\n%s", r.code, r.stderr)
	}
	for _, c := range inventoryOf(t, g, db)["coverage"].([]any) {
		c := c.(map[string]any)
		if c["home"] != "demo/home/project:1005" && c["state"] == "failed" {
			t.Errorf("%v of %v failed: only the deleted project may", c["source"], c["home"])
		}
	}
}

// TestFaults sprinkles what a busy instance answers. What is retried is found as if nothing had been.
func TestFaults(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t)
	g := startDemo(t, gitlabtest.Options{})
	db := filepath.Join(t.TempDir(), "inventory.db")
	for _, f := range []gitlabtest.Fault{
		{Kind: gitlabtest.TooMany, After: 20, Count: 2},
		{Kind: gitlabtest.ServerError, Status: 502, Path: "/api/v4/projects/*/hooks", Count: 2},
		{Kind: gitlabtest.ServerError, Status: 503, After: 90, Count: 3},
		{Kind: gitlabtest.Truncated, Path: "/api/v4/groups/*/variables", Count: 2},
		{Kind: gitlabtest.Truncated, Path: "/api/v4/users", Count: 1},
		{Kind: gitlabtest.Truncated, Path: "/api/graphql", Count: 1},
	} {
		if err := g.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	if r := scanDemo(t, g, db); r.code != 0 {
		t.Fatalf("exit status %d\n%s", r.code, r.stderr)
	}
	if diff := cmp.Diff(want, inventoryOf(t, g, db), nearly); diff != "" {
		t.Errorf("inventory (-without +with faults):\n%s", diff)
	}
}
