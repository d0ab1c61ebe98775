package scanner

import (
	"net/http"
	"strings"
	"testing"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

// rename gives an account another name wherever the world mentions it.
func rename(w *gitlabtest.World, from, to string) {
	userOf(w, from).Username = to
	for _, g := range w.Groups {
		renameMembers(g.Members, from, to)
	}
	for _, p := range w.Projects {
		renameMembers(p.Members, from, to)
	}
}

func renameMembers(members []*gitlabtest.Member, from, to string) {
	for _, m := range members {
		if m.User == from {
			m.User = to
		}
	}
}

// Where every service account's name tells its home, only those homes are asked.
func TestServicelessProjectsAreNotAsked(t *testing.T) {
	s := setup{Role: "group-owner", Sources: []Source{serviceAccount}, Change: func(w *gitlabtest.World) {
		rename(w, "service_account_project_cart_smoke", "service_account_project_1000_"+strings.Repeat("0f", 16))
		rename(w, "service_account_instance_backup", "service_account_"+strings.Repeat("0f", 16))
	}}.scan(t)
	for _, r := range s.Server.Requests() {
		if strings.HasPrefix(r.Path, "/api/v4/projects/") && !strings.HasPrefix(r.Path, "/api/v4/projects/1000/") {
			t.Errorf("%s is asked in vain", r.Path)
		}
	}
	if got := s.credential(t, "smoke").Home; got != inventory.HomeID(testInstance, inventory.ProjectHome, 1000) {
		t.Errorf("the token of the project's service account lives in %q", got)
	}
}

// A version that ignores the filters, and a bot with a name of its own, must not hide tokens.
func TestMachineListsThatTellNothing(t *testing.T) {
	const bot, renamed = `{"id":1,"username":"project_42_bot_0f"}`, `{"id":2,"username":"deployer"}`
	tests := []struct {
		name      string
		all, rest string
		want      bool // project 7, which has no bot, is known to have none
	}{
		{"filters_work", "[" + bot + "]", "[]", true},
		{"no_bots_at_all", "[]", "[]", true},
		{"the_filter_for_bots_is_ignored", "[" + bot + "]", "[" + bot + "]", false},
		{"a_bot_was_renamed", "[" + bot + "," + renamed + "]", "[]", false},
		{"a_service_account_with_its_own_name", "[" + bot + "," + renamed + "]", "[" + renamed + "]", true},
		{"refused", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := pageVisit(t, func(w http.ResponseWriter, r *http.Request) {
				body := tt.all
				if r.URL.Query().Get("without_project_bots") != "" {
					body = tt.rest
				}
				if body == "" {
					asJSON(w, 403, `{"message":"403 Forbidden"}`)
					return
				}
				asJSON(w, 200, body)
			})
			v.Self.Instance, v.run.shared = testInstance, map[string]*sharedAnswer{}
			for number, want := range map[int64]bool{7: tt.want, 42: tt.name == "no_bots_at_all"} {
				v.Home = inventory.Home{ID: inventory.HomeID(testInstance, inventory.ProjectHome, number), Kind: inventory.ProjectHome, Number: number}
				if got := v.botless(t.Context()); got != want {
					t.Errorf("botless(project %d) = %t, want %t", number, got, want)
				}
			}
		})
	}
}
