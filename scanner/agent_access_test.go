package scanner

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
)

func TestAgentAccesses(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []trust
	}{
		"both_keywords": {"ci_access:\n  projects:\n  - id: shop/cart\n    default_namespace: shop\n  groups:\n  - id: shop/sub\nuser_access:\n  projects:\n  - id: shop/till\n", []trust{
			{Provider: agentAccess, Sub: "shop/cart", Aud: "ci_access", Line: 3}, {Provider: agentAccess, Sub: "shop/sub", Aud: "ci_access", Line: 6},
			{Provider: agentAccess, Sub: "shop/till", Aud: "user_access", Line: 9},
		}},
		"no_list":     {"ci_access:\n  projects: shop/cart\n", nil},
		"no_yaml":     {"ci_access: [\n", nil},
		"other":       {"gitops:\n  manifest_projects: []\n", nil},
		"no_id":       {"ci_access:\n  projects:\n  - default_namespace: x\n", nil},
		"id_a_number": {"ci_access:\n  groups:\n  - id: 12\n", []trust{{Provider: agentAccess, Sub: "12", Aud: "ci_access", Line: 3}}},
	} {
		if diff := gocmp.Diff(tt.want, agentAccesses([]byte(tt.text))); diff != "" {
			t.Errorf("%s: agentAccesses (-want +got):\n%s", name, diff)
		}
	}
}

func TestAgentAccessIsAGrant(t *testing.T) {
	const text = "ci_access:\n  projects:\n  - id: shop/cart\n"
	c := commit(0, ".gitlab/agents/prod/config.yaml", text, "docs/config.yaml", text)
	s := setup{Role: "maintainer", Projects: []string{cart}, Sources: []Source{repositorySource}, Git: newClones(t), Change: history(cart, c)}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	var got []string
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if g, ok := o.(inventory.Grant); ok && g.Kind == "agent-access" {
			got = append(got, g.Note+" "+g.Subject+" "+g.Scope)
		}
	}
	want := []string{"agent prod .gitlab/agents/prod/config.yaml:3 shop/cart ci_access"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}
