package scanner

import (
	"context"
	"slices"
	"testing"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

// The demo company is read whole, before and after its month; what is partial there has its reason.
func TestDemoWorldIsReadWhole(t *testing.T) {
	for _, role := range []string{"admin", "maintainer"} {
		t.Run(role, func(t *testing.T) {
			git := newClones(t)
			var matched []int
			for month := range 2 {
				s := setup{World: "demo", Role: role, Sources: fullCatalogue(), Git: git, Workers: 4, Before: func(server *gitlabtest.Server) {
					if month == 1 {
						if err := server.Later(context.Background()); err != nil {
							t.Fatal(err)
						}
					}
				}}.scan(t)
				if s.Err != nil {
					t.Fatal(s.Err)
				}
				for _, c := range s.list() {
					if c.State == inventory.Failed || c.State == inventory.Partial {
						t.Errorf("month %d: %s", month, coverageText(c))
					}
				}
				matched = append(matched, git.store.matched())
				noneTold(t, s.everything()+git.store.text(), plantedIn(s.Server))
			}
			if matched[0] == 0 || matched[1] >= matched[0]/2 {
				t.Errorf("contents matched in the two scans: %v, want few in the second", matched)
			}
		})
	}
}

// fullCatalogue is all sources but the listings, which setup adds.
func fullCatalogue() []Source {
	return slices.DeleteFunc(Sources(), listing)
}

// plantedIn lists the values that a world planted and that are long enough to be told from chance.
func plantedIn(s *gitlabtest.Server) []string {
	var values []string
	for _, p := range s.Planted() {
		if len(p.Value) >= 16 && !slices.Contains([]string{"ssh-public-key", "gcp-service-account", "private-key", "database-url", "basic-auth-url", "sentry-dsn", "slack-webhook", "docker-config"}, p.Kind) {
			values = append(values, p.Value)
		}
	}
	return values
}
