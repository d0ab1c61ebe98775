package inventory

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMergeLaws(t *testing.T) {
	for _, kind := range kinds() {
		name, _ := kind.Row()
		t.Run(string(name), rapid.MakeCheck(func(t *rapid.T) {
			draw := func(label string) Observation {
				o := drawRow(t, label, kind, "id")
				return Merge(o, o) // its lists are sets in Merge's order
			}
			a, b, c := draw("a"), draw("b"), draw("c")
			if d := diff(Merge(a, b), Merge(b, a)); d != "" {
				t.Fatalf("Merge(a, b) and Merge(b, a):\n%s", d)
			}
			if d := diff(Merge(Merge(a, b), c), Merge(a, Merge(b, c))); d != "" {
				t.Fatalf("Merge(Merge(a, b), c) and Merge(a, Merge(b, c)):\n%s", d)
			}
			if d := diff(a, Merge(a, a)); d != "" {
				t.Fatalf("a and Merge(a, a):\n%s", d)
			}
			if d := diff(Merge(a, b), Merge(Merge(a, b), a)); d != "" {
				t.Fatalf("Merge(a, b) and the same with a again:\n%s", d)
			}
		}))
	}
}

func TestMerge(t *testing.T) {
	tests := []struct {
		name       string
		a, b, want Observation
	}{
		{"known_beats_unknown", Credential{Name: "a", Granular: No}, Credential{Level: 40, ExpiresAt: Never}, Credential{Name: "a", Granular: No, Level: 40, ExpiresAt: Never}},
		{"yes_beats_no", User{Bot: No}, User{Bot: Yes}, User{Bot: Yes}},
		{"moment_beats_never", Credential{ExpiresAt: Never}, Credential{ExpiresAt: At(time.Unix(1, 0))}, Credential{ExpiresAt: At(time.Unix(1, 0))}},
		{"specific_kind_beats_general", Credential{Kind: "personal-access-token"}, Credential{Kind: "impersonation-token"}, Credential{Kind: "impersonation-token"}},
		{"lists_are_united", Home{Topics: []string{"b", "a"}}, Home{Topics: []string{"c", "a"}}, Home{Topics: []string{"a", "b", "c"}}},
		{"empty_list_is_known", Home{Topics: []string{}}, Home{}, Home{Topics: []string{}}},
		{"settings_are_united", Home{Settings: map[string]string{"x": "1"}}, Home{Settings: map[string]string{"y": "2"}}, Home{Settings: map[string]string{"x": "1", "y": "2"}}},
		{
			"volatile_facts_are_joined", User{Volatile: Volatile{LastUsedIPs: 2}}, User{Volatile: Volatile{OnlineStatus: "online"}},
			User{Volatile: Volatile{LastUsedIPs: 2, OnlineStatus: "online"}},
		},
		{"fingerprint_keeps_its_key", Location{Fingerprint: "f1", KeyID: "z"}, Location{Fingerprint: "f2", KeyID: "a"}, Location{Fingerprint: "f2", KeyID: "a"}},
		{"fingerprint_beats_none_with_its_key", Location{Fingerprint: "f1", KeyID: "a"}, Location{KeyID: "z"}, Location{Fingerprint: "f1", KeyID: "a"}},
		{
			"listed_credential_beats_external", Location{Credential: "i/credential/external/f"}, Location{Credential: "i/credential/access-token/1"},
			Location{Credential: "i/credential/access-token/1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if d := diff(test.want, Merge(test.a, test.b)); d != "" {
				t.Errorf("Merge (-want +got):\n%s", d)
			}
		})
	}
}

func TestMergeOfTwoRowsPanics(t *testing.T) {
	for _, b := range []Observation{User{ID: "2"}, Identity{ID: "1"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Merge(user 1, %T %+v) did not panic", b, b)
				}
			}()
			Merge(User{ID: "1"}, b)
		}()
	}
}
