package scanner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

func states(coverage []inventory.Coverage, source string) map[string]inventory.State {
	m := map[string]inventory.State{}
	for _, c := range coverage {
		if c.Source == source {
			m[inventory.RefOf(c.Home)] = c.State
		}
	}
	return m
}

// More workers, another prefix and a rate limit change nothing in what is collected.
func TestRunCollectsTheSameInEveryWay(t *testing.T) {
	sources := append(accountSources(), auditEvent, linkSource)
	rows := func(s setup) []string {
		s.Sources = sources
		out := s.scan(t)
		if out.Err != nil {
			t.Fatal(out.Err)
		}
		var lines []string
		for _, o := range mergeVisits(out.visits, func(inventory.Visit) bool { return true }) {
			line := strings.ReplaceAll(rowText(o), out.Host, "gitlab.example")
			lines = append(lines, strings.ReplaceAll(line, "gitlab.example/gitlab", "gitlab.example"))
		}
		return lines
	}
	want := rows(setup{})
	for name, s := range map[string]setup{
		"16 workers":   {Workers: 16},
		"relative URL": {Options: gitlabtest.Options{Prefix: "/gitlab"}},
		"rate limited": {Options: gitlabtest.Options{Faults: []gitlabtest.Fault{{Kind: gitlabtest.TooManyBare, After: 5, Count: 2}, {Kind: gitlabtest.TooMany, After: 9, Count: 1}}}},
		"shaky":        {Options: gitlabtest.Options{Faults: []gitlabtest.Fault{{Kind: gitlabtest.ServerError, After: 3, Count: 2}, {Kind: gitlabtest.Truncated, After: 8, Count: 1}}}},
	} {
		if diff := gocmp.Diff(want, rows(s)); diff != "" {
			t.Errorf("%s collects something else (-want +got):\n%s", name, diff)
		}
	}
}

// An interrupted scan goes on where it stopped: finished visits are not asked again.
func TestRunResumes(t *testing.T) {
	sources := append(accountSources(), auditEvent, linkSource)
	whole := setup{Sources: sources}.scan(t)
	stop := errors.New("the power went out")
	for _, after := range []int{1, 5, 20} {
		recorder := newMemory()
		count := 0
		recorder.onRecord = func(inventory.Coverage) error {
			if count++; count > after {
				return stop
			}
			return nil
		}
		first := setup{Sources: sources, Recorder: recorder}.scan(t)
		if !errors.Is(first.Err, stop) {
			t.Fatalf("first run = %v, want the recorder's error", first.Err)
		}
		done := len(recorder.list())
		recorder.onRecord = func(c inventory.Coverage) error {
			if _, again := recorder.Done(c.Visit); again {
				t.Errorf("%s of %s is visited again", c.Source, c.Home)
			}
			return nil
		}
		second := setup{Sources: sources, Recorder: recorder}.scan(t)
		if second.Err != nil {
			t.Fatal(second.Err)
		}
		if done == 0 || len(second.list()) != len(whole.list()) {
			t.Errorf("after %d visits: %d visits in all, want %d", done, len(second.list()), len(whole.list()))
		}
	}
}

func TestRunEndsSoonWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stop := errors.New("interrupted")
	recorder := newMemory()
	var at time.Time
	recorder.onRecord = func(c inventory.Coverage) error {
		if at.IsZero() && c.Source == "user" {
			at = time.Now()
			cancel(stop)
		}
		return nil
	}
	s := setup{Sources: accountSources(), Recorder: recorder, Context: ctx, Options: gitlabtest.Options{Latency: 50 * time.Millisecond}}.scan(t)
	if !errors.Is(s.Err, stop) {
		t.Errorf("Run = %v, want the cause of the cancellation", s.Err)
	}
	if d := time.Since(at); d > 2*time.Second {
		t.Errorf("Run ended %s after the cancellation, want at most 2s", d)
	}
}

func TestRunScope(t *testing.T) {
	tests := []struct {
		name             string
		groups, projects []string
		want             []string
	}{
		{"a_group_with_all_below", []string{"acme/shop"}, nil, []string{"group:101", "group:102", "instance", "project:1000", "project:1001", "project:1002"}},
		{"a_project", nil, []string{"acme/shop/cart"}, []string{"instance", "project:1000"}},
		{"a_project_by_number", nil, []string{"1000"}, []string{"instance", "project:1000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := setup{Role: "group-owner", Groups: tt.groups, Projects: tt.projects, Sources: []Source{memberSource}}.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			var homes []string
			for v := range s.visits {
				if ref := inventory.RefOf(v.Home); !slices.Contains(homes, ref) {
					homes = append(homes, ref)
				}
			}
			slices.Sort(homes)
			if diff := gocmp.Diff(tt.want, homes); diff != "" {
				t.Errorf("visited homes (-want +got):\n%s", diff)
			}
		})
	}
	s := setup{Role: "outsider", Projects: []string{"acme/shop/cart"}}.scan(t)
	if statusOf(s.Err) != 404 {
		t.Errorf("scan of a project that the token cannot see = %v, want 404", s.Err)
	}
}

// Trap: without Admin Mode an administrator's instance-wide list answers 200 with the own tokens only.
func TestAdminModeTrap(t *testing.T) {
	for role, want := range map[string]inventory.State{"admin": inventory.Complete, "admin-no-mode": inventory.Denied} {
		_, coverage := scanWorld(t, "small", role, gitlabtest.Default(), personalAccessToken)
		got := states(coverage, "personal-access-token")["instance"]
		if got != want {
			t.Errorf("%s: the list of all tokens is %s, want %s", role, got, want)
		}
	}
	profile := gitlabtest.Default()
	profile.AdminMode = false
	_, coverage := scanWorld(t, "small", "admin-no-mode", profile, personalAccessToken)
	if got := states(coverage, "personal-access-token")["instance"]; got != inventory.Complete {
		t.Errorf("where the instance asks for no Admin Mode the list is %s, want complete", got)
	}
}

// A token that dies in mid-scan ends the scan: what is recorded stays, nothing is recorded as seen that was not.
func TestTokenExpiresInMidScan(t *testing.T) {
	s := setup{Sources: []Source{deployToken}, Options: gitlabtest.Options{
		Faults: []gitlabtest.Fault{{Kind: gitlabtest.ExpireToken, Path: "/api/v4/projects/1002/deploy_tokens"}},
	}}.scan(t)
	if !errors.Is(s.Err, ErrToken) {
		t.Errorf("Run = %v, want ErrToken", s.Err)
	}
	if _, ok := s.Done(inventory.Visit{Source: "deploy-token", Home: inventory.HomeID(testInstance, inventory.ProjectHome, 1002)}); ok {
		t.Error("the visit in which the token died is recorded")
	}
}

// A project deleted in mid-scan costs its own visits only.
func TestProjectDeletedInMidScan(t *testing.T) {
	s := setup{Role: "group-owner", Sources: []Source{memberSource}, Options: gitlabtest.Options{
		Faults: []gitlabtest.Fault{{Kind: gitlabtest.DeleteProject, Target: "acme/shop/legacy", Path: "/api/v4/groups/*/members", Count: 1}},
	}}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	got := states(s.list(), "member")
	if got["project:1001"] != inventory.Denied || got["project:1000"] != inventory.Complete {
		t.Errorf("states = %v, want project:1001 denied and project:1000 complete", got)
	}
}

// Faults that cannot be got over are failed or partial, never complete and never an empty list.
func TestFaultsAreNeverComplete(t *testing.T) {
	for name, fault := range map[string]gitlabtest.Fault{
		"500":       {Kind: gitlabtest.ServerError},
		"429":       {Kind: gitlabtest.TooManyBare},
		"truncated": {Kind: gitlabtest.Truncated},
		"web page":  {Kind: gitlabtest.HTML},
		"redirect":  {Kind: gitlabtest.Elsewhere, Target: "http://elsewhere.example/"},
		"huge":      {Kind: gitlabtest.Huge, Bytes: maxAnswer + 1<<20},
	} {
		fault.Path = "/api/v4/personal_access_tokens"
		s := setup{Sources: []Source{personalAccessToken}, Options: gitlabtest.Options{Faults: []gitlabtest.Fault{fault}}}.scan(t)
		if s.Err != nil {
			t.Errorf("%s: Run = %v, want coverage only", name, s.Err)
			continue
		}
		if got := states(s.list(), "personal-access-token")["instance"]; got != inventory.Failed {
			t.Errorf("%s: the visit is %s, want failed", name, got)
		}
	}
	s := setup{Sources: []Source{userSource}, Options: gitlabtest.Options{
		Faults: []gitlabtest.Fault{{Kind: gitlabtest.Endless, Path: "/api/v4/users"}},
	}}.scan(t)
	if got := states(s.list(), "user")["instance"]; got != inventory.Partial {
		t.Errorf("endless list: the visit is %s, want partial", got)
	}
}

// Sources without an API say so at the instance, each scan.
func TestWithoutAPIIsUnsupported(t *testing.T) {
	_, coverage := scanWorld(t, "small", "admin", gitlabtest.Default(), withoutAPI()...)
	for _, s := range withoutAPI() {
		if got := states(coverage, s.ID)["instance"]; got != inventory.Unsupported {
			t.Errorf("%s is %q, want unsupported", s.ID, got)
		}
	}
}

// Traps 1, 2 and 5: without membership=true the list of projects holds every public one, simple=true drops what the
// inventory needs, and a group's list holds projects that are only shared with it.
func TestTrapListsOfProjects(t *testing.T) {
	partners := setup{Role: "admin", Groups: []string{"partners"}, Options: gitlabtest.Options{Profile: before19()}, Sources: []Source{memberSource}}.scan(t)
	own := setup{Role: "maintainer", Sources: []Source{memberSource}}.scan(t)
	for _, s := range []*scanned{partners, own} {
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		for _, r := range s.Server.Requests() {
			if strings.Contains(r.Query, "simple=true") {
				t.Errorf("%s %s?%s asks for less than the inventory needs", r.Method, r.Path, r.Query)
			}
			if r.Path == "/api/v4/projects" && !strings.Contains(r.Query, "membership=true") {
				t.Errorf("%s %s?%s asks for the projects of strangers", r.Method, r.Path, r.Query)
			}
		}
	}
	homes := map[string]bool{}
	for v := range partners.visits {
		homes[inventory.RefOf(v.Home)] = true
	}
	if homes["project:1000"] || !homes["project:1007"] {
		t.Errorf("visited %v; acme/shop/cart (1000) is only shared with partners, partners/portal (1007) is its own", homes)
	}
}

// before19 is a profile in which no group takes fine-grained tokens only.
func before19() gitlabtest.Profile {
	p := gitlabtest.Default()
	p.Version = "18.11"
	return p
}

// Trap 24: a dry run of a pipeline makes the server fetch what is included, from anywhere.
func TestTrapLintIsStatic(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{pipelineSource}}.scan(t)
	asked := 0
	for _, r := range s.Server.Requests() {
		if strings.HasSuffix(r.Path, "/ci/lint") {
			asked++
			if r.Query != "dry_run=false" || r.Method != "GET" {
				t.Errorf("%s %s?%s, want GET with dry_run=false and nothing else", r.Method, r.Path, r.Query)
			}
		}
	}
	if asked == 0 {
		t.Error("ci/lint was not asked")
	}
}
