package gitlabtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestGenerateIsDeterministic(t *testing.T) {
	a, b := Generate("one", Size{Projects: 40}), Generate("one", Size{Projects: 40})
	ignore := cmpopts.IgnoreUnexported(Project{}, Group{}, User{}, AccessToken{}, DeployToken{}, Job{})
	if diff := cmp.Diff(a, b, ignore); diff != "" {
		t.Errorf("the same seed gave two worlds:\n%s", diff)
	}
	if other := Generate("two", Size{Projects: 40}); cmp.Equal(a, other, ignore) {
		t.Error("another seed gave the same world")
	}
}

func TestGenerateSizes(t *testing.T) {
	for _, n := range []Size{{}, {Projects: 1}, {Projects: 300, Groups: 7, Users: 9, Tokens: 3}} {
		w := Generate("size", n)
		s, err := New(w, Options{})
		if err != nil {
			t.Fatalf("Generate(%+v): %v", n, err)
		}
		want := n.orDefault()
		if len(w.Projects) != want.Projects || len(w.Groups) != want.Groups || len(w.Users) != want.Users+1 {
			t.Errorf("Generate(%+v) has %d projects, %d groups, %d users", n, len(w.Projects), len(w.Groups), len(w.Users))
		}
		for _, label := range []string{"admin", "admin-write", "auditor", "group-owner", "maintainer", "developer"} {
			if w := get(t, s, label, "user"); w.Code != 200 {
				t.Errorf("Generate(%+v): token %q = %d", n, label, w.Code)
			}
		}
	}
}

// TestGenerateTokens: the average number of credentials is what was asked for, within a tenth.
func TestGenerateTokens(t *testing.T) {
	w := Generate("tokens", Size{Projects: 500, Tokens: 10})
	n := 0
	for _, k := range w.DeployKeys {
		n += len(k.Projects)
	}
	for _, p := range w.Projects {
		n += len(p.AccessTokens) + len(p.DeployTokens) + len(p.Triggers) + len(p.Agents)
	}
	if n < 4500 || n > 5500 {
		t.Errorf("500 projects hold %d credentials, want about 5000", n)
	}
}

// BenchmarkNew makes a server of 10,000 projects with 100,000 credentials.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Generate("bench", Size{Projects: 10_000}), Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
}

// BenchmarkList reads pages in the middle of long lists, and the lists of one project.
func BenchmarkList(b *testing.B) {
	s, err := New(Generate("bench", Size{Projects: 10_000}), Options{})
	if err != nil {
		b.Fatal(err)
	}
	p := s.st.w.Projects[5000]
	id := "projects/" + itoa(p.ID)
	for _, path := range []string{
		"personal_access_tokens?per_page=100&page=250", "projects?per_page=100&page=50", "projects?simple=true&per_page=100&page=50", "users?per_page=100&page=300", "deploy_tokens?per_page=100&page=50",
		"deploy_keys?per_page=100&page=50", "runners/all?per_page=100&page=5", "groups?per_page=100&page=5", "groups/1/projects?include_subgroups=true&per_page=100&page=20",
		"groups/1/descendant_groups?per_page=100", id, id + "/access_tokens", id + "/deploy_tokens", id + "/deploy_keys", id + "/runners", id + "/members/all", id + "/variables",
		id + "/triggers", id + "/pipeline_schedules", id + "/job_token_scope/allowlist", id + "/audit_events", "audit_events?pagination=keyset&order_by=id&per_page=100", id + "/ci/lint",
	} {
		for _, label := range []string{"admin", "group-owner"} {
			b.Run(label+"/"+path, func(b *testing.B) {
				for b.Loop() {
					get(b, s, label, path)
				}
			})
		}
	}
}
