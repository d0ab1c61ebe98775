package scanner

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
)

// linkedScans links several scans one after another, each with the links of the one before, and tells for each where
// the locations lead: "credential, reason".
func linkedScans(scans ...[]inventory.Observation) []map[string]string {
	var out []map[string]string
	var before []inventory.Observation
	for _, rows := range scans {
		merged := mergeVisits(map[inventory.Visit][]inventory.Observation{
			{Source: "link", Home: "i"}: before, {Source: "other", Home: "i"}: rows,
		}, func(inventory.Visit) bool { return true })
		before = linksOf(snapshotOf(merged...))
		at := map[string]string{}
		for _, o := range before {
			if l, ok := o.(inventory.Location); ok {
				at[strings.TrimSuffix(lastPart(strings.TrimSuffix(l.ID, "/"+l.Linked+"/1")), "/%2A")] = lastPart(l.Credential) + ", " + l.LinkReason
			}
		}
		out = append(out, at)
	}
	return out
}

// After a rotation two tokens of one bot would fit: the old value stays the old token's, even when GitLab has
// deleted that; a new value is never the old token's.
func TestLinkHoldsAfterRotation(t *testing.T) {
	const one = "the value names user 9, who has one credential of this sort"
	old := tokenRow("1", 9, nil)
	revoked := tokenRow("1", 9, func(c *inventory.Credential) { c.State, c.RevokedAt = inventory.Revoked, at(day(30)) })
	fresh := tokenRow("2", 9, func(c *inventory.Credential) { c.CreatedAt = at(day(30)) })
	variable := func(fingerprint string) inventory.Location {
		l := found("v", fingerprint, "gitlab-access-token", "u=9")
		l.ID, l.Surface = "v", inventory.SurfaceVariable
		return l
	}
	file := func(fingerprint string) inventory.Location {
		return found("a", fingerprint, "gitlab-access-token", "u=9")
	}
	scan := func(rows ...inventory.Observation) []inventory.Observation {
		return append([]inventory.Observation{projectBot(9)}, rows...)
	}
	tests := []struct {
		name  string
		scans [][]inventory.Observation
		want  map[string]string // of the last
	}{
		{"the_variable_keeps_the_old_value", [][]inventory.Observation{scan(old, variable("f1")), scan(revoked, fresh, variable("f1"))},
			map[string]string{"v": "1, " + one}},
		{"and_for_ever", [][]inventory.Observation{scan(old, variable("f1")), scan(revoked, fresh, variable("f1")), scan(revoked, fresh, variable("f1"))},
			map[string]string{"v": "1, " + one}},
		{"a_new_value_is_anew", [][]inventory.Observation{scan(old, variable("f1")), scan(revoked, fresh, variable("f2"))},
			map[string]string{"v": "f2, the value names user 9: 2 credentials of this sort could be meant"}},
		{"a_new_value_when_the_old_token_is_deleted", [][]inventory.Observation{scan(old, variable("f1")), scan(fresh, variable("f2"))},
			map[string]string{"v": "2, " + one}},
		{"the_old_value_when_the_old_token_is_deleted", [][]inventory.Observation{scan(old, variable("f1")), scan(fresh, variable("f1"))},
			map[string]string{"v": "f1, " + linkedGone}},
		{"which_it_stays", [][]inventory.Observation{scan(old, variable("f1")), scan(fresh, variable("f1")), scan(fresh, variable("f1"))},
			map[string]string{"v": "f1, " + linkedGone}},
		{"until_another_value_is_put_there", [][]inventory.Observation{scan(old, variable("f1")), scan(fresh, variable("f1")), scan(fresh, variable("f2"))},
			map[string]string{"v": "2, " + one}},
		{"a_second_place_of_the_old_value", [][]inventory.Observation{scan(old, variable("f1")), scan(revoked, fresh, variable("f1"), file("f1"))},
			map[string]string{"v": "1, " + one, "a": "1, " + knownElsewhere}},
		{"what_was_open_is_decided_once_it_can_be", [][]inventory.Observation{scan(revoked, fresh, variable("f1")), scan(fresh, variable("f1"))},
			map[string]string{"v": "2, " + one}},
		{"an_older_commit_disproves_an_earlier_link", [][]inventory.Observation{
			scan(fresh, file("f1")), scan(fresh, func() inventory.Location { l := file("f1"); l.At = at(day(3)); return l }()),
		}, map[string]string{"a": "f1, the value names user 9, and no credential of this sort is known there"}},
		{"GitLab_tells_better", [][]inventory.Observation{scan(old, variable("f1")), scan(revoked, fresh, variable("f1"), func() inventory.Location {
			l := file("f1")
			l.Credential, l.LinkReason = fresh.ID, identifiedByGitLab
			return l
		}())}, map[string]string{"v": "2, " + knownElsewhere}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := linkedScans(tt.scans...)
			if diff := gocmp.Diff(tt.want, all[len(all)-1]); diff != "" {
				t.Errorf("links after the last scan (-want +got):\n%s", diff)
			}
		})
	}
}

// estate is an instance with a group and project 42 in it, their variables and one job that names KEY.
type estate struct {
	environment string
	handed      bool                 // by an artifact of an earlier job
	unseen      string               // the home whose variables were not seen whole
	variables   map[string][2]string // "project KEY scope" to fingerprint and credential
}

func (e estate) usage(t *testing.T) (credential string, patches int) {
	t.Helper()
	instance := inventory.HomeID(testInstance, inventory.InstanceHome, 0)
	group := inventory.HomeID(testInstance, inventory.GroupHome, 7)
	project := inventory.HomeID(testInstance, inventory.ProjectHome, 42)
	homes := map[string]string{"instance": instance, "group": group, "project": project}
	job := inventory.WorkloadID(testInstance, 42, "deploy")
	rows := []inventory.Observation{
		inventory.Home{ID: instance, Kind: inventory.InstanceHome}, inventory.Home{ID: group, Kind: inventory.GroupHome, Parent: instance},
		inventory.Home{ID: project, Kind: inventory.ProjectHome, Parent: group},
		inventory.Identity{ID: job, Kind: "workload", Home: project, Environment: e.environment},
		inventory.Usage{ID: "u", Home: project, Workload: job, Name: "KEY", Kind: "ci-variable"},
		inventory.Usage{ID: "x", Home: project, Workload: job, Name: "KEY", Kind: "id-token"},
		inventory.Usage{ID: "y", Home: project, Workload: job, Name: "OTHER", Kind: "ci-variable"},
	}
	if e.handed {
		rows[4] = inventory.Usage{ID: "u", Home: project, Workload: job, Name: "artifact:KEY", Kind: "artifact"}
	}
	for name, v := range e.variables {
		f := strings.Fields(name)
		rows = append(rows, inventory.Location{
			ID: inventory.VariableID(testInstance, homes[f[0]], f[1], f[2]), Home: homes[f[0]], Surface: inventory.SurfaceVariable,
			Key: f[1], Environment: f[2], Fingerprint: v[0], Credential: v[1],
		})
	}
	s := snapshotOf(rows...)
	for name, home := range homes {
		if name != e.unseen {
			s.Coverage = append(s.Coverage, inventory.Coverage{Visit: inventory.Visit{Source: "variable", Home: home}, State: inventory.Complete})
		}
	}
	for _, o := range linksOf(s) {
		if u, ok := o.(inventory.Usage); ok {
			patches++
			credential = fmt.Sprint(u.ID, " ", u.Credential)
		}
	}
	return credential, patches
}

func TestLinkUsages(t *testing.T) {
	type vars = map[string][2]string
	a, b := [2]string{"fa", "ca"}, [2]string{"fb", "cb"}
	tests := []struct {
		name string
		e    estate
		want string
	}{
		{"the_project's_own", estate{variables: vars{"project KEY *": a}}, "u ca"},
		{"the_group's", estate{variables: vars{"group KEY *": a}}, "u ca"},
		{"the_instance's", estate{variables: vars{"instance KEY *": a}}, "u ca"},
		{"the_nearest_holds", estate{variables: vars{"project KEY *": a, "group KEY *": b, "instance KEY *": b}}, "u ca"},
		{"handed_by_an_earlier_job", estate{handed: true, environment: "production", variables: vars{"project KEY *": a}}, "u ca"},
		{"handed_by_a_job_of_some_environment", estate{handed: true, environment: "production", variables: vars{"project KEY production": a, "project KEY *": b}}, ""},
		{"another_key", estate{variables: vars{"project KEYS *": a}}, ""},
		{"no_credential_is_known", estate{variables: vars{"project KEY *": {"fa", ""}, "group KEY *": b}}, ""},
		{"nearer_variables_were_not_seen", estate{unseen: "project", variables: vars{"group KEY *": a}}, ""},
		{"farther_variables_were_not_seen", estate{unseen: "group", variables: vars{"project KEY *": a}}, "u ca"},
		{"the_job's_environment", estate{environment: "production", variables: vars{"project KEY production": a, "project KEY staging": b}}, "u ca"},
		{"a_scope_beats_the_star", estate{environment: "production", variables: vars{"project KEY production": a, "project KEY *": b}}, "u ca"},
		{"a_pattern_beats_the_star", estate{environment: "review/x", variables: vars{"project KEY review/*": a, "project KEY *": b}}, "u ca"},
		{"the_name_beats_a_pattern", estate{environment: "review/x", variables: vars{"project KEY review/x": a, "project KEY review/*": b}}, "u ca"},
		{"two_patterns_leave_it_open", estate{environment: "review/x", variables: vars{"project KEY review/*": a, "project KEY */x": b}}, ""},
		{"two_patterns_of_one_value", estate{environment: "review/x", variables: vars{"project KEY review/*": a, "project KEY */x": a}}, "u ca"},
		{"a_scope_that_does_not_reach_the_job", estate{environment: "staging", variables: vars{"project KEY production": a, "group KEY *": b}}, "u cb"},
		{"a_job_without_environment_gets_the_star_only", estate{variables: vars{"project KEY production": a, "project KEY *": b}}, "u cb"},
		{"a_job_without_environment_gets_no_scoped_one", estate{variables: vars{"project KEY production": a}}, ""},
		{"an_environment_with_variables_fits_a_pattern", estate{environment: "review/$CI_COMMIT_REF_SLUG", variables: vars{"project KEY review/*": a, "project KEY production": b}}, "u ca"},
		{"an_environment_with_variables_may_be_any", estate{environment: "$ENV", variables: vars{"project KEY production": a, "project KEY *": b}}, ""},
		{"any_of_one_value", estate{environment: "$ENV", variables: vars{"project KEY production": a, "project KEY *": a}}, "u ca"},
		{"perhaps_none_at_all", estate{environment: "$ENV", variables: vars{"project KEY production": a, "group KEY *": b}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, n := tt.e.usage(t)
			if got != tt.want || n > 1 {
				t.Errorf("linked %q in %d patches, want %q", got, n, tt.want)
			}
		})
	}
}

// A usage follows the token that this scan finds in the variable, not one that an earlier scan found there.
func TestLinkUsageFollowsTheValue(t *testing.T) {
	l := &linker{instance: testInstance, x: inventory.NewIndex(snapshotOf(inventory.Credential{ID: inventory.ExternalID(testInstance, "f2")})), decided: map[string]string{"a": "new"}}
	for _, tt := range []struct {
		name string
		at   inventory.Location
		want string
	}{
		{"decided_in_this_scan", inventory.Location{ID: "a", Credential: "old", Linked: "f1", Fingerprint: "f2"}, "new"},
		{"told_by_another_source", inventory.Location{ID: "b", Credential: "told", Fingerprint: "f2"}, "told"},
		{"inferred_for_another_value", inventory.Location{ID: "c", Credential: "old", Linked: "f1", Fingerprint: "f2"}, inventory.ExternalID(testInstance, "f2")},
		{"inferred_for_another_value_and_nothing_since", inventory.Location{ID: "d", Credential: "old", Linked: "f1", Fingerprint: "f3"}, ""},
	} {
		if got := l.credentialAt(&tt.at); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMatchScope(t *testing.T) {
	for _, tt := range []struct {
		scope, environment string
		want               bool
	}{
		{"production", "production", true}, {"production", "prod", false}, {"review/*", "review/a/b", true}, {"review/*", "review", false},
		{"*/eu", "prod/eu", true}, {"*/eu", "prod/us", false}, {"a*b*c", "a1b2c", true}, {"a*b*c", "acb", false}, {"*", "", true},
		{"a*a", "a", false}, {"p[a-z]*", "pa", false}, {"**", "x", true},
	} {
		if got := matchScope(tt.scope, tt.environment); got != tt.want {
			t.Errorf("matchScope(%q, %q) = %t, want %t", tt.scope, tt.environment, got, tt.want)
		}
	}
}
