package scanner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

// TestGraphQLRefused: without GraphQL the REST way shows the same, but for what REST cannot tell.
func TestGraphQLRefused(t *testing.T) {
	sources := []Source{runner, trigger, pipelineSchedule, variable, jobTokenScope, agent, alertIntegration, terraformState, protectedBranch, environment}
	whole := setup{Role: "maintainer", Sources: sources}.scan(t)
	rest := setup{Role: "maintainer", Sources: sources, Options: gitlabtest.Options{
		Faults: []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/graphql"}},
	}}.scan(t)
	lines := func(s *scanned) []string {
		return slices.DeleteFunc(strings.Split(s.text(sources), "\n"), func(l string) bool { return strings.HasPrefix(l, "coverage") })
	}
	only := func(of, in []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(of), func(l string) bool { return slices.Contains(in, l) }), "\n")
	}
	a, b := lines(whole), lines(rest)
	compareGolden(t, "testdata/project-graph/rest.golden", "by GraphQL:\n"+only(a, b)+"\n\nby REST:\n"+only(b, a)+"\n")
	for source, state := range map[string]inventory.State{
		"alert-integration": inventory.Denied, "terraform-state": inventory.Denied, "variable": inventory.Complete, "pipeline-schedule": inventory.Complete,
		"agent": inventory.Complete, "job-token-scope": inventory.Complete, "protected-branch": inventory.Complete, "environment": inventory.Complete,
		"runner": inventory.Complete, "trigger": inventory.Complete,
	} {
		if c := rest.covered(source, "project:1000"); c.State != state {
			t.Errorf("%s without GraphQL is %s (%s), want %s", source, c.State, c.Reason, state)
		}
	}
}

// TestGraphQLPages: lists that go on after the first page are read to their end.
func TestGraphQLPages(t *testing.T) {
	const n = 130
	s := setup{Role: "maintainer", Sources: []Source{variable, pipelineSchedule, agent, environment, protectedBranch, terraformState, alertIntegration}, Change: func(w *gitlabtest.World) {
		p := w.Projects[0]
		for i := range n {
			name := fmt.Sprintf("N%d", i)
			p.Variables = append(p.Variables, &gitlabtest.Variable{Key: name, Value: "plain"})
			p.Schedules = append(p.Schedules, &gitlabtest.Schedule{Description: name, Cron: "0 0 * * *", Owner: "mark"})
			p.Agents = append(p.Agents, &gitlabtest.Agent{Name: name, CreatedBy: "mark"})
			p.Environments = append(p.Environments, &gitlabtest.Environment{Name: name})
			p.ProtectedBranches = append(p.ProtectedBranches, &gitlabtest.ProtectedBranch{Name: name})
			p.TerraformStates = append(p.TerraformStates, &gitlabtest.TerraformState{Name: name})
			p.AlertIntegrations = append(p.AlertIntegrations, &gitlabtest.AlertIntegration{Name: name})
		}
	}}.scan(t)
	_, one := s.rowsOf(t)
	for _, source := range []string{"variable", "pipeline-schedule", "agent", "terraform-state", "alert-integration"} {
		if c := s.covered(source, "project:1000"); c.State != inventory.Complete || c.Seen <= n {
			t.Errorf("%s = %s with %d rows (%s), want complete with more than %d", source, c.State, c.Seen, c.Reason, n)
		}
	}
	home := one("home test/home/project:1000")
	if e, b := strings.Count(home, `"tier"`), strings.Count(home, `"pattern"`); e != n+2 || b != n+2 {
		t.Errorf("home has %d environments and %d protected branches, want %d of each", e, b, n+2)
	}
}

// TestRequestsPerProject holds the budget: what these sources cost for a usual project.
func TestRequestsPerProject(t *testing.T) {
	for role, most := range map[string]float64{"admin": 8, "group-owner": 12} {
		s := setup{Role: role, Sources: projectSources(), Change: func(w *gitlabtest.World) {
			w.Settings["allow_runner_registration_token"] = false // GitLab's default since 18.0
			for i := range 200 {
				w.Projects = append(w.Projects, &gitlabtest.Project{Path: fmt.Sprintf("acme/p%d", i), Creator: "mark", Repository: &gitlabtest.Repository{
					Commits: []*gitlabtest.Commit{{Message: "start", Author: "mark", Date: w.Now, Files: map[string]string{"README.md": "x\n"}}},
				}})
			}
		}}.scan(t)
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		if per := float64(s.Summary.Requests) / float64(s.Summary.Homes); per > most {
			t.Errorf("as %s: %.1f requests per home, want at most %.0f: %v", role, per, most, s.Summary.BySource)
		} else {
			t.Logf("as %s: %.2f requests per home", role, per)
		}
	}
}

// noSecrets fails when a value that the world planted, or a token, stands in text.
func noSecrets(t *testing.T, s *scanned, text string) {
	t.Helper()
	for _, p := range s.Server.Planted() {
		if strings.Contains(text, p.Value) {
			t.Errorf("secret %s is in the rows", p)
		}
	}
	for _, label := range []string{"trigger-mark", "trigger-lena", "agent", "error-tracking", "alert", "runner-instance", "runner-project"} {
		if v := s.Server.Token(label); v != "" && strings.Contains(text, v) {
			t.Errorf("token %s is in the rows", label)
		}
	}
}

// TestNoSecretInRows runs all sources and looks for every planted value in what they emit and how they fail.
func TestNoSecretInRows(t *testing.T) {
	for _, faults := range [][]gitlabtest.Fault{nil, {{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/graphql"}}} {
		s := setup{Sources: projectSources(), Options: gitlabtest.Options{Faults: faults}}.scan(t)
		all, _ := s.rowsOf(t)
		for _, c := range s.list() {
			all = append(all, coverageText(c))
		}
		noSecrets(t, s, strings.Join(all, "\n"))
	}
}

// TestHostileAnswers: bodies that lie in shape, and names made of control characters, neither panic nor pass as whole.
func TestHostileAnswers(t *testing.T) {
	bodies := []string{`[{"id":"x"}]`, `{"message":"no list"}`, `[null]`, `[{"id":99999999999999999999}]`, `"text"`, `[[[]]]`}
	for _, body := range bodies {
		server := cannedServer(t, body)
		v := visitOf(t, server)
		for _, s := range projectSources() {
			v.source, v.rows, v.note = s, nil, ""
			v.unit.memo = map[string]memo{}
			v.run.shared = map[string]*sharedAnswer{}
			_ = s.Collect(context.Background(), v) // must end, and not panic
		}
	}
}

// Trap 21: numbers exceed 32 bits, and GraphQL writes them as global IDs.
func TestTrapGlobalIDs(t *testing.T) {
	for text, want := range map[string]int64{
		`"gid://gitlab/Ci::Runner/1"`:                1,
		`"gid://gitlab/Ci::Runner/9007199254740993"`: 9007199254740993,
		`4294967297`:                 4294967297,
		`"gid://gitlab/Ci::Runner/"`: -1,
		`"gid://gitlab/Ci::Runner/99999999999999999999"`: -1,
		`null`: -1,
		`{}`:   -1,
	} {
		var id gid
		if err := json.Unmarshal([]byte(text), &id); err != nil {
			id = -1
		}
		if int64(id) != want {
			t.Errorf("%s is %d, want %d", text, id, want)
		}
	}
}
