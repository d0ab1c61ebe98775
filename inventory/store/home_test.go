package store

import (
	"maps"
	"slices"
	"testing"

	"nhiscan/inventory"
)

// TestGoneHomes says what a second scan leaves open of the world when its visits differ.
func TestGoneHomes(t *testing.T) {
	own := inventory.HomeID(host, inventory.ProjectHome, 43)
	key := inventory.CredentialID(host, "deploy-key", "8")
	deployKey := func(home string) inventory.Credential {
		return inventory.Credential{ID: key, Kind: "deploy-key", Home: cartID, Name: "key", Attributes: map[string]string{"seen in " + inventory.RefOf(home): "yes"}}
	}
	without := func(sources ...string) map[inventory.Coverage][]inventory.Observation {
		w := world()
		maps.DeleteFunc(w, func(c inventory.Coverage, _ []inventory.Observation) bool { return slices.Contains(sources, c.Source) })
		return w
	}
	inCart := []string{"project", "project-access-token", "deploy-token", "members", "variables", "workloads"}
	tests := []struct {
		name   string
		first  map[inventory.Coverage][]inventory.Observation // beside the world
		second map[inventory.Coverage][]inventory.Observation
		open   []string // beside the instance home
		gone   bool     // the project and all that lives in it
	}{
		{name: "listed_and_visited", second: world()},
		{name: "not_visited_at_all", second: map[inventory.Coverage][]inventory.Observation{}},
		{name: "list_complete_without_it", second: with(without(append(inCart, "projects")...), complete("projects", opsID, 0)), gone: true},
		{name: "list_partial_without_it", second: with(without(append(inCart, "projects")...), inventory.Coverage{
			Visit: inventory.Visit{Source: "projects", Home: opsID}, State: inventory.Partial,
		})},
		{name: "still_visited_though_not_listed", second: with(without("projects"), complete("projects", opsID, 0))},
		{name: "its_group_is_gone", second: with(without(append(inCart, "projects", "groups")...), complete("groups", instanceID, 0)), gone: true},
		{
			name:   "credential_elsewhere_is_still_shown",
			first:  map[inventory.Coverage][]inventory.Observation{complete("deploy-key", cartID, 1): {deployKey(cartID)}, complete("deploy-key", own, 1): {deployKey(own)}},
			second: with(with(without(append(inCart, "projects")...), complete("projects", opsID, 0)), complete("deploy-key", own, 1), deployKey(own)),
			gone:   true, open: []string{key},
		},
		{
			name:   "credential_elsewhere_is_not_looked_for",
			first:  map[inventory.Coverage][]inventory.Observation{complete("deploy-key", cartID, 1): {deployKey(cartID)}, complete("deploy-key", own, 1): {deployKey(own)}},
			second: with(without(append(inCart, "projects")...), complete("projects", opsID, 0)), gone: true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, d database) {
				s := d.open(t, Options{})
				r := mustBegin(t, s, begin())
				scanWorld(t, r, world())
				scanWorld(t, r, test.first)
				before := mustSnapshot(t, s, mustFinish(t, r, Results{}).Number)
				r = mustBegin(t, s, begin())
				scanWorld(t, r, test.second)
				prev, next, err := r.Changes(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				after := mustSnapshot(t, s, mustFinish(t, r, Results{}).Number)
				if test.gone {
					checkGone(t, after, test.open)
					checkRemoved(t, before, inventory.Diff(prev, next), test.open)
				} else if len(after.Homes) != len(before.Homes) || len(after.Credentials) != len(before.Credentials) {
					t.Errorf("homes %v and %d credentials are left, want all", paths(after), len(after.Credentials))
				}
			})
		})
	}
}

// checkGone wants the project gone with all that lived in it but some credentials.
func checkGone(t *testing.T, after *inventory.Snapshot, open []string) {
	t.Helper()
	var ids []string
	for _, c := range after.Credentials {
		ids = append(ids, c.ID)
	}
	rest := len(after.Locations) + len(after.Usages) + len(after.Grants) + len(after.Identities)
	if d := diff(open, ids); d != "" || slices.Contains(paths(after), "ops/cart") || rest > 0 {
		t.Errorf("homes %v and %d locations, usages, grants and identities are left; credentials (-want +got):\n%s", paths(after), rest, d)
	}
}

// checkRemoved wants an event for all that is gone, and for nothing else.
func checkRemoved(t *testing.T, before *inventory.Snapshot, events []inventory.Event, open []string) {
	t.Helper()
	removed := map[string]bool{}
	for _, e := range events {
		if e.Kind == inventory.Removed {
			removed[e.Subject] = true
		}
	}
	for _, c := range before.Credentials {
		if removed[c.ID] == slices.Contains(open, c.ID) {
			t.Errorf("removed event for %s = %t", c.ID, removed[c.ID])
		}
	}
	if !removed[cartID] {
		t.Error("no removed event for the project")
	}
}

func with(w map[inventory.Coverage][]inventory.Observation, c inventory.Coverage, rows ...inventory.Observation) map[inventory.Coverage][]inventory.Observation {
	w[c] = rows
	return w
}

func paths(s *inventory.Snapshot) []string {
	var list []string
	for _, h := range s.Homes {
		list = append(list, h.Path)
	}
	return list
}
