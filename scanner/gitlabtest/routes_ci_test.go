package gitlabtest

import (
	"slices"
	"strings"
	"testing"
)

// has lists which of the names are fields of an object.
func has(o map[string]any, names ...string) string {
	return strings.Join(slices.DeleteFunc(names, func(n string) bool { _, ok := o[n]; return !ok }), " ")
}

// TestListThinnerThanItem: what GitLab's lists leave out, the item has.
func TestListThinnerThanItem(t *testing.T) {
	s := newServer(t, Options{})
	tests := []struct{ list, item, fields string }{
		{"projects/1000/pipeline_schedules", "projects/1000/pipeline_schedules/1", "variables inputs last_pipeline"},
		{"projects/1000/cluster_agents/1/tokens", "projects/1000/cluster_agents/1/tokens/1", "last_used_at"},
		{"projects/1000/integrations", "projects/1000/integrations/jira", "properties"},
		{"projects/1000/runners?type=project_type", "runners/3", "contacted_at tag_list locked projects"},
	}
	for _, test := range tests {
		row, item := list(t, get(t, s, "maintainer", test.list))[0], object(t, get(t, s, "maintainer", test.item))
		names := strings.Fields(test.fields)
		if got := has(row, slices.Clone(names)...); got != "" {
			t.Errorf("list %s shows %s, which only the item does", test.list, got)
		}
		if got := has(item, slices.Clone(names)...); got != test.fields {
			t.Errorf("item %s shows %q, want %q", test.item, got, test.fields)
		}
	}
}

// TestSecretsNeverShown: GitLab answers none of these, in no role.
func TestSecretsNeverShown(t *testing.T) {
	s := newServer(t, Options{})
	for path, secret := range map[string]string{
		"projects/1000/hooks":             s.Secret("hex/hook"),
		"projects/1000/hooks/3":           s.Secret("hex/hook-header"),
		"projects/1000/integrations/jira": s.Secret("password/jira"),
		"projects/1000/remote_mirrors":    s.Secret("password/mirror"),
		"projects/1003/mirror/pull":       s.Secret("password/pull"),
		"projects/1000/variables":         s.Secret("hex/signing"),
		"runners/1":                       s.Token("runner-instance"),
		"projects/1000/triggers":          s.Token("trigger-lena"),
		"projects/1000/secure_files":      "EXAMPLE KEYSTORE",
	} {
		if secret == "" {
			t.Fatalf("%s: no such secret in the world", path)
		}
		if w := get(t, s, "admin", path); w.Code != 200 || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s = %d, want 200 without the secret", path, w.Code)
		}
	}
}

// TestProjectRights: 403 below the role, 404 for outsiders and for what the licence lacks.
func TestProjectRights(t *testing.T) {
	free := Default()
	free.Tier = Free
	tests := []struct {
		profile     Profile
		label, path string
		want        int
	}{
		{Default(), "developer", "projects/1000/variables", 403}, {Default(), "outsider", "projects/1000/variables", 404},
		{Default(), "developer", "projects/1000/secure_files", 200}, {Default(), "reporter", "projects/1000/secure_files", 403},
		{Default(), "reporter", "projects/1000/environments", 200}, {Default(), "maintainer", "groups/101/variables", 403},
		{Default(), "group-owner", "groups/100/hooks", 200}, {free, "group-owner", "groups/100/hooks", 404},
		{free, "maintainer", "projects/1000/protected_environments", 404}, {Default(), "admin-no-mode", "deploy_keys", 403},
		{Default(), "admin", "deploy_keys", 200}, {Default(), "maintainer", "runners/1", 403}, {Default(), "maintainer", "runners/999", 404},
		{Default(), "admin-no-mode", "runners/all", 403}, {Default(), "admin", "admin/ci/variables", 200},
	}
	for _, test := range tests {
		s := newServer(t, Options{Profile: test.profile})
		if w := get(t, s, test.label, test.path); w.Code != test.want {
			t.Errorf("%s as %s = %d, want %d", test.path, test.label, w.Code, test.want)
		}
	}
}

// TestVariableScopes: one key with several scopes needs the filter.
func TestVariableScopes(t *testing.T) {
	s := newServer(t, Options{})
	if w := get(t, s, "maintainer", "projects/1000/variables/STRIPE_KEY"); w.Code != 409 {
		t.Errorf("two scopes without filter = %d, want 409", w.Code)
	}
	o := object(t, get(t, s, "maintainer", "projects/1000/variables/STRIPE_KEY?filter%5Benvironment_scope%5D=staging"))
	if o["environment_scope"] != "staging" {
		t.Errorf("filtered = %v, want the one of staging", o)
	}
}

// TestDeleteEnds: what is deleted is gone from lists, and its value opens nothing.
func TestDeleteEnds(t *testing.T) {
	s := newServer(t, Options{})
	for _, test := range []struct{ list, item string }{
		{"projects/1000/triggers", "projects/1000/triggers/1"}, {"projects/1000/variables", "projects/1000/variables/LOG_LEVEL"},
		{"projects/1000/pipeline_schedules", "projects/1000/pipeline_schedules/2"}, {"projects/1000/hooks", "projects/1000/hooks/3"},
		{"projects/1000/deploy_keys", "projects/1000/deploy_keys/4"}, {"projects/1000/cluster_agents/1/tokens", "projects/1000/cluster_agents/1/tokens/1"},
	} {
		before := len(list(t, get(t, s, "maintainer-write", test.list)))
		if w := call(t, s, "DELETE", "maintainer-write", test.item, ""); w.Code != 204 {
			t.Errorf("DELETE %s = %d, want 204", test.item, w.Code)
		}
		if after := len(list(t, get(t, s, "maintainer-write", test.list))); after != before-1 {
			t.Errorf("%s holds %d after %d, want one less", test.list, after, before)
		}
	}
	if n := len(list(t, get(t, s, "admin", "projects/1003/deploy_keys"))); n != 1 {
		t.Errorf("the key of another project is gone too: %d left, want 1", n)
	}
}
