package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nhiscan/inventory"
	"nhiscan/inventory/store"
	"nhiscan/report"
	"nhiscan/rules"
)

// expectedGaps lists the gaps of the demo's two scans, beside the world. Somebody read every line.
var expectedGaps = filepath.Join(repositoryRoot, "scanner", "gitlabtest", "worlds", "demo.expected.txt")

// demoReport is what the tests read of a JSON report.
type demoReport struct {
	Homes       []demoRow
	Identities  []demoRow
	Credentials []demoRow
	Locations   []demoRow
	Gaps        []struct{ Rule, Code, Subject string }
	Verdicts    []struct {
		Rule          string
		Fail, Unknown int
	}
	Events []struct {
		Scan                       int64
		Kind, Subject, Home, Field string
		Old, New                   string
	}
}

type demoRow struct {
	ID, Name, Home, Path, Key string
	Environment               string `json:"environment_scope"`
	Line                      int
}

// runDemo runs the demo once as a role and returns its database.
func runDemo(t *testing.T, role string) (db string) {
	t.Helper()
	dir := t.TempDir()
	if r := runPlain(t, "demo", "--out", dir, "--role", role, "--quiet"); r.code != 0 {
		t.Fatalf("demo as %s: exit status %d\n%s", role, r.code, r.stderr)
	}
	return filepath.Join(dir, "inventory.db")
}

// runPlain runs the program without a simulator of the test's own.
func runPlain(t *testing.T, args ...string) result {
	t.Helper()
	return runAt(t.Context(), time.Now, nil, args...)
}

func readReport(t *testing.T, db string, scan int) demoReport {
	t.Helper()
	r := runPlain(t, "report", "--db", db, "--format", "json", "--scan", strconv.Itoa(scan))
	if r.code != 0 {
		t.Fatalf("report of scan %d: exit status %d\n%s", scan, r.code, r.stderr)
	}
	var doc demoReport
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// subjects names what gaps are about: its name, and the path of its home.
func (d demoReport) subjects() map[string]string {
	paths, names := map[string]string{}, map[string]string{}
	for _, h := range d.Homes {
		paths[h.ID] = h.Path
		names[h.ID] = h.Path + ", " + h.Path
	}
	for _, row := range slices.Concat(d.Identities, d.Credentials) {
		name := row.Name
		if name == "" {
			name = strings.Join(strings.Split(row.ID, "/")[2:], "/")
		}
		names[row.ID] = name + ", " + paths[row.Home]
	}
	for _, l := range d.Locations {
		name := l.Path
		if l.Key != "" {
			name = l.Key
		}
		if l.Environment != "" && l.Environment != "*" {
			name += " (" + l.Environment + ")"
		}
		if l.Line > 0 {
			name += ":" + strconv.Itoa(l.Line)
		}
		names[l.ID] = name + ", " + paths[l.Home]
	}
	return names
}

// TestDemo runs the demo as its administrator, and holds what it says to what its world means.
func TestDemo(t *testing.T) {
	t.Parallel()
	db := runDemo(t, "admin")
	t.Run("gaps", func(t *testing.T) { testDemoGaps(t, db) })
	t.Run("events", func(t *testing.T) { testDemoEvents(t, readReport(t, db, 2)) })
	t.Run("view", func(t *testing.T) { testDemoView(t, db) })
	t.Run("again", func(t *testing.T) { testDemoAgain(t, db) })
	for _, role := range []string{"maintainer", "group-owner", "admin-no-mode"} {
		t.Run(role, func(t *testing.T) { testDemoRole(t, readReport(t, db, 2), role) })
	}
}

// testDemoGaps holds the gaps of the demo to the list beside its world, exactly.
func testDemoGaps(t *testing.T, db string) {
	var lines []string
	for i, scan := range []string{"first", "second"} {
		doc := readReport(t, db, i+1)
		names := doc.subjects()
		for _, g := range doc.Gaps {
			if names[g.Subject] == "" {
				t.Errorf("%s scan: %s %s is about %s, which no row of the report has", scan, g.Code, g.Rule, g.Subject)
			}
			name, home, _ := strings.Cut(names[g.Subject], ", ")
			if home == "" {
				home = "several projects"
			}
			lines = append(lines, fmt.Sprintf("%s scan, %s %s, %s, %s\n", scan, g.Code, g.Rule, name, home))
		}
	}
	slices.Sort(lines)
	have := strings.Join(lines, "")
	if *update {
		if err := os.WriteFile(expectedGaps, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(expectedGaps)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(have, "\n")); diff != "" {
		t.Errorf("gaps of the demo (-%s +found):\n%s", filepath.Base(expectedGaps), diff)
	}
}

// testDemoAgain wants the scan to be judged anew as it was judged, and the same to be reported of it whether its lists
// are read from the database, held in memory, or judged anew.
func testDemoAgain(t *testing.T, path string) {
	db, err := store.Open(t.Context(), path, store.Options{Clock: time.Now, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	scan, err := db.Latest(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	want, err := db.Results(t.Context(), scan.Number)
	if err != nil {
		t.Fatal(err)
	}
	a := &app{config: &config{Policy: rules.DefaultPolicy()}}
	stored, err := a.document(t.Context(), db, "", scan.Number)
	if err != nil {
		t.Fatal(err)
	}
	held := new(*stored)
	held.Stored, held.Gaps = nil, want.Gaps
	if held.Snapshot, err = db.Snapshot(t.Context(), scan.Number); err != nil {
		t.Fatal(err)
	}
	if held.Events, err = db.Events(t.Context(), store.EventFilter{}); err != nil {
		t.Fatal(err)
	}
	testDemoFormats(t, stored, held)
	anew := new(*stored)
	if err := a.judgeAnew(t.Context(), db, anew); err != nil {
		t.Fatal(err)
	}
	testDemoFormats(t, anew, held)
	byRule := func(a, b inventory.Gap) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	}
	slices.SortFunc(want.Gaps, byRule)
	got := store.Results{Verdicts: anew.Verdicts, Measures: anew.Measures}
	for o := range anew.Lists().Owners(true) {
		got.Owners = append(got.Owners, *o)
	}
	for g := range anew.Lists().Gaps() {
		got.Gaps = append(got.Gaps, *g)
	}
	want.Events, want.Policy, want.RulePack, want.Requests = nil, "", "", 0
	slices.SortFunc(got.Measures, func(a, b inventory.Measure) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope))
	})
	if len(want.Gaps) == 0 || len(want.Owners) == 0 {
		t.Fatalf("the scan stored %d gaps and %d owners", len(want.Gaps), len(want.Owners))
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty(), gocmp.Comparer(func(a, b inventory.When) bool { return a == b })); diff != "" {
		t.Errorf("judged anew (-by the scan +anew):\n%s", diff)
	}
}

// testDemoFormats wants lists that are read from the database to be reported as those in memory are.
func testDemoFormats(t *testing.T, stored, held *report.Document) {
	write := func(f report.Format, d *report.Document) string {
		var b strings.Builder
		if err := report.Write(&b, f, d, report.Options{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, f := range []report.Format{report.Table, report.HTML, report.JSON, report.CSV} {
		if from, in := write(f, stored), write(f, held); from != in {
			t.Errorf("%s: the report of the database (%d bytes) is not that of memory (%d bytes)", f, len(from), len(in))
		}
	}
	show := func(d *report.Document, id string) string {
		var b strings.Builder
		if err := report.Show(&b, d, id, report.Options{}); err != nil {
			return err.Error()
		}
		return b.String()
	}
	ids := []string{"runner", "a"} // that several things have in them
	for g := range held.Lists().WorstGaps() {
		ids = append(ids, g.Subject)
	}
	for l := range held.Lists().Locations() {
		ids = append(ids, l.Fingerprint[:min(8, len(l.Fingerprint))], l.Key)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if diff := gocmp.Diff(show(held, id), show(stored, id)); diff != "" {
			t.Fatalf("show %s (-memory +database):\n%s", id, diff)
		}
	}
}

// testDemoRole scans the demo with a token that sees less. Of a subject that it sees, what fails for an administrator
// is never clean: the rule fails there too, or something is unknown. And what was not seen is said.
func testDemoRole(t *testing.T, admin demoReport, role string) {
	db := runDemo(t, role)
	less := readReport(t, db, 2)
	seen, open := less.subjects(), map[string]int{}
	for _, v := range less.Verdicts {
		open[v.Rule] = v.Fail + v.Unknown
	}
	for _, g := range admin.Gaps {
		if seen[g.Subject] != "" && open[g.Rule] == 0 && !elsewhere(g.Rule) {
			t.Errorf("%s has no gap and nothing unknown, but an administrator sees it fail on %s", g.Rule, g.Subject)
		}
	}
	r := runPlain(t, "report", "--db", db)
	text := strings.Join(strings.Fields(r.stdout), " ")
	for _, want := range []string{"What was not seen, and what would show it", " denied ", " of them did not see all that they judge."} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, r.stdout)
		}
	}
}

// elsewhere reports whether a rule goes by what stands in other homes. A token that cannot even list those cannot know
// that there is something to be unknown; the report says whose view it is.
func elsewhere(rule string) bool {
	return rule == "production-variable-without-scope"
}

// testDemoEvents wants the month to be told as it was.
func testDemoEvents(t *testing.T, doc demoReport) {
	var told []string
	for _, e := range doc.Events {
		switch e.Kind {
		case "changed", "reported", "discovered", "exposed":
			continue
		}
		// A location's ID ends in a fingerprint and a number.
		if i := strings.Index(e.Subject, "/location/"); i >= 0 {
			e.Subject = strings.Join(strings.Split(e.Subject, "/")[:5], "/")
		}
		if e.Scan == 2 {
			told = append(told, fmt.Sprintf("%s %s", e.Kind, e.Subject))
		}
	}
	slices.Sort(told)
	want := []string{
		"expired demo/credential/access-token/505",                           // group reports
		"expired demo/credential/access-token/507",                           // settlement sync
		"owner-changed demo/credential/registration-token/group:103",         // marta left, priya remains
		"owner-left demo/identity/user/6",                                    // marta.lindqvist
		"project-archived demo/home/project:1006",                            // halden/legacy/tariff-engine
		"reappeared demo/location/project:1004/repository/tools%2Fexport.sh", // bot-merge, after it was revoked
		"removed demo/identity/deploy-token/542",                             // partner-pull
		"revoked demo/credential/access-token/520",                           // deployer, rotated
		"revoked demo/credential/access-token/530",                           // ci-release, rotated
		"revoked demo/credential/access-token/533",                           // bot-merge
		"revoked demo/credential/deploy-token/542",                           // partner-pull, as the audit event says
		"rotated demo/credential/access-token/536",                           // ci-release
		"rotated demo/credential/access-token/537",                           // deployer
	}
	if diff := gocmp.Diff(want, told); diff != "" {
		t.Errorf("events of the second scan (-want +told):\n%s", diff)
	}
}
