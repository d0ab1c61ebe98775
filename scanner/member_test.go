package scanner

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhiscan/scanner/gitlabtest"
)

// GraphQL shows the same members as REST, and is not believed where somebody has a custom role, which it leaves out.
func TestMembersByGraphQL(t *testing.T) {
	refused := gitlabtest.Options{Faults: []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/graphql"}}}
	alone := func(w *gitlabtest.World) { w.Projects[0].SharedWith = nil }
	custom := func(w *gitlabtest.World) {
		alone(w)
		w.Projects[0].Members[0].CustomRole = "Release manager"
	}
	tests := map[string]struct {
		change func(*gitlabtest.World)
		lists  int // of the project's members, by REST
	}{"no_custom_role": {alone, 0}, "custom_role": {custom, 1}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			graph := setup{Role: "admin", Sources: []Source{memberSource}, Change: test.change}.scan(t)
			rest := setup{Role: "admin", Sources: []Source{memberSource}, Change: test.change, Options: refused}.scan(t)
			if diff := cmp.Diff(withoutRequests(rest), withoutRequests(graph)); diff != "" {
				t.Errorf("members by REST and by GraphQL differ (-REST +GraphQL):\n%s", diff)
			}
			if n := graph.asked("GET", "/api/v4/projects/1000/members"); n != test.lists {
				t.Errorf("the list of members was asked for %d times, want %d", n, test.lists)
			}
		})
	}
}

// withoutRequests is what a scan showed, apart from what it cost.
func withoutRequests(s *scanned) []string {
	return strings.Split(regexp.MustCompile(`, \d+ requests`).ReplaceAllString(s.text([]Source{memberSource}), ""), "\n")
}
