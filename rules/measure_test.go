package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
)

func TestMeasures(t *testing.T) {
	s, _ := parseRows(t, []byte(`
scan: {instance: demo}
homes:
- {id: i, kind: instance, path: git.example}
- {id: shop, kind: group, parent: i, path: shop}
- {id: cart, kind: project, parent: shop, path: shop/cart, visibility: private}
- {id: solo, kind: project, parent: i, path: kim/solo}
users:
- {id: kim, username: a.kim, kind: user, state: active}
coverage:
- {source: member, home: shop, state: complete}
- {source: member, home: cart, state: denied}
credentials:
- {id: good, kind: project-access-token, home: cart, name: good, state: active, access_level: 30, created_at: 2026-11-01, expires_at: 2027-01-01, last_used_at: 2026-11-20, scope: read_api}
- {id: eternal, kind: project-access-token, home: cart, name: eternal, state: active, created_at: 2025-01-01, expires_at: never, last_used_at: 2026-01-01}
- {id: dim, kind: deploy-token, home: solo, name: dim}
- {id: dead, kind: deploy-token, home: solo, name: dead, state: revoked}
owners:
- {subject: good, owner: "@a.kim", user: kim, band: inferred, confidence: 0.7}
- {subject: eternal, owner: "@a.kim", user: kim, band: weak, confidence: 0.4}
locations:
- {id: l1, home: cart, surface: variable, key: A, secret_like: true, fingerprint: f1}
- {id: l2, home: solo, surface: file, path: a, fingerprint: f1}
- {id: l3, home: solo, surface: variable, key: HIDDEN, secret_like: true}
- {id: l4, home: solo, surface: variable, key: STAGE, secret_like: false, fingerprint: f2}
usages:
- {id: u1, home: cart, job: deploy, name: db, kind: external-secret}
`))
	got := map[string][3]int{}
	for _, m := range Evaluate(inventory.NewIndex(s), History{}, DefaultPolicy(), testNow).Measures {
		got[m.Name+" "+m.Scope] = [3]int{m.Numerator, m.Denominator, m.Unknown}
	}
	want := map[string][3]int{ // numerator, denominator, unknown
		"coverage instance": {1, 3, 1}, "coverage shop": {1, 2, 0},
		"owned-share instance": {1, 3, 1}, "owned-share shop": {1, 2, 0},
		"governed-share instance": {1, 3, 1}, "governed-share shop": {1, 2, 0},
		"idle-share instance": {1, 3, 1}, "idle-share shop": {1, 2, 0},
		"expiry-discipline instance": {1, 3, 1}, "expiry-discipline shop": {1, 2, 0},
		"rotation-compliance instance": {1, 3, 1}, "rotation-compliance shop": {1, 2, 0},
		"outside-secrets-manager instance": {1, 2, 0}, "outside-secrets-manager shop": {1, 2, 0},
		"sprawl instance": {2, 1, 1}, "sprawl shop": {1, 1, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Evaluate(…).Measures (-want +got):\n%s", diff)
	}
}

func TestLifecycle(t *testing.T) {
	s, _ := parseRows(t, []byte(`
scan: {instance: demo}
homes:
- {id: shop, kind: group, path: shop}
- {id: cart, kind: project, parent: shop, path: shop/cart, archived: true}
credentials:
- {id: c1, kind: project-access-token, home: cart, name: still, state: active, created_at: 2026-01-01}
- {id: c2, kind: project-access-token, home: cart, name: quick, state: revoked}
- {id: c3, kind: deploy-token, home: cart, name: cannot tell}
- {id: c4, kind: project-access-token, home: cart, name: made later, state: active, created_at: 2026-10-20}
locations:
- {id: l1, home: cart, surface: file, path: a, fingerprint: f1, credential: c1}
- {id: l2, home: cart, surface: file, path: b, fingerprint: f2, credential: c2}
- {id: l3, home: cart, surface: file, path: c, fingerprint: f3}
- {id: l4, home: cart, surface: file, path: d, fingerprint: f4}
- {id: l5, home: cart, surface: variable, key: D, fingerprint: f4}
`))
	at := func(text string) inventory.When {
		w, err := inventory.ParseWhen(text)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	h := History{
		Reported: []Reported{
			{"secret-in-code", "l1", at("2026-10-01")},
			{"secret-in-code", "l2", at("2026-10-01")},
			{"secret-in-history", "l2", at("2026-10-09")}, // the same secret again
			{"secret-in-code", "l3", at("2026-10-01")},
			{"secret-in-code", "l4", at("2026-10-01")},
			{"secret-in-code", "l4", at("2026-11-20")},
			{"credential-never-expires", "c1", at("2026-10-01")}, // no secret
			{"secret-in-code", "new", at("2026-11-20")},          // too recent
		},
		Events: []inventory.Event{
			{Kind: inventory.RevokedEvent, Subject: "c2", Row: inventory.CredentialRow, Home: "cart", At: at("2026-10-02")},
			{Kind: inventory.Removed, Subject: "c9", Row: inventory.CredentialRow, Home: "cart", At: at("2026-10-20")},
			{Kind: inventory.ProjectArchived, Subject: "cart", Row: inventory.HomeRow, Home: "cart", At: at("2026-10-01T12:00:00Z")},
		},
	}
	got := map[string][3]int{}
	for _, m := range Lifecycle(inventory.NewIndex(s), h, DefaultPolicy(), testNow) {
		got[m.Name+" "+m.Scope] = [3]int{m.Numerator, m.Denominator, m.Unknown}
	}
	want := map[string][3]int{ // numerator, denominator, unknown
		// c1 is active, c2 ended in a day, f3 cannot be told, f4 is still in a variable.
		"valid-after-5-days instance": {2, 4, 1}, "valid-after-5-days shop": {2, 4, 1},
		// c2 in time, c1 not, c9 late, c3 cannot be told; c4 was made afterwards.
		"offboarding-completeness instance": {1, 4, 1}, "offboarding-completeness shop": {1, 4, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Lifecycle(…) (-want +got):\n%s", diff)
	}
}
