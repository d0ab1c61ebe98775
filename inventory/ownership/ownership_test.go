package ownership

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"nhiscan/inventory"
)

var testNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const testFile = `
teams:
  team-payments: {members: [a.kim, c.may], contact: payments@shop.example}
  team-ops: {members: [b.lee]}
  team-gone: {members: [e.old]}
  team-web: {group: shop/web}
rules:
- {path: "shop/*", owner: team-payments}
- {path: "shop/legacy", owner: team-gone}
- {path: "shop/*", kind: webhook, owner: "@d.solo"}
naming:
- {pattern: "^svc-ops-", owner: team-ops}
`

// estate is the rows that all cases share.
const estate = `
Homes:
- {id: i, kind: instance, path: git.example}
- {id: shop, kind: group, parent: i, path: shop}
- {id: web, kind: group, parent: shop, path: shop/web}
- {id: legacy, kind: project, parent: shop, path: shop/legacy}
- {id: cart, kind: project, parent: shop, path: shop/cart}
- {id: lab, kind: project, parent: i, path: lab/one}
- {id: duo, kind: project, parent: i, path: lab/duo}
- {id: tagged, kind: project, parent: i, path: lab/tagged, topics: ["owner:team-ops", go]}
- {id: dark, kind: project, parent: i, path: lab/dark}
Users:
- {id: kim, username: a.kim, kind: user, state: active}
- {id: lee, username: b.lee, kind: user, state: active}
- {id: may, username: c.may, kind: user, state: active}
- {id: solo, username: d.solo, kind: user, state: active}
- {id: old, username: e.old, kind: user, state: blocked}
- {id: ann, username: f.ann, kind: user, state: active}
- {id: off, username: g.off, kind: user, state: deactivated}
- {id: bot, username: project_7_bot_1, kind: project-bot, state: active, creator: solo}
- {id: lost, username: project_8_bot_1, state: active}
Grants:
- {id: g1, kind: membership, subject: solo, home: lab, access_level: 40}
- {id: g2, kind: membership, subject: bot, home: lab, access_level: 40}
- {id: g3, kind: membership, subject: solo, home: duo, access_level: 40}
- {id: g4, kind: membership, subject: ann, home: duo, access_level: 50}
Coverage:
- {source: member, home: lab, state: complete}
- {source: member, home: duo, state: complete}
- {source: member, home: tagged, state: complete}
- {source: member, home: dark, state: denied}
`

// snapshot reads YAML documents of rows; the names of the lists are Snapshot's.
func snapshot(t *testing.T, documents ...string) *inventory.Snapshot {
	t.Helper()
	s := &inventory.Snapshot{}
	for _, doc := range documents {
		var rows map[string]any
		if err := yaml.Unmarshal([]byte(doc), &rows); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		var more inventory.Snapshot
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&more); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		s.Homes, s.Users, s.Grants = append(s.Homes, more.Homes...), append(s.Users, more.Users...), append(s.Grants, more.Grants...)
		s.Identities, s.Credentials = append(s.Identities, more.Identities...), append(s.Credentials, more.Credentials...)
		s.Locations, s.Coverage = append(s.Locations, more.Locations...), append(s.Coverage, more.Coverage...)
	}
	s.Sort()
	return s
}

// resolved lists all owners, sorted by subject, and wants the same of each by itself.
func resolved(t rapid.TB, x *inventory.Index, f *File, now time.Time) []inventory.Owner {
	r := NewResolver(x, f, now)
	owners := slices.Collect(r.Each())
	slices.SortFunc(owners, func(a, b inventory.Owner) int { return cmp.Compare(a.Subject, b.Subject) })
	for _, o := range owners {
		if one, ok := r.Owner(o.Subject); !ok || !reflect.DeepEqual(one, o) {
			t.Fatalf("Owner(%s) = %+v, %v; Each lists %+v", o.Subject, one, ok, o)
		}
	}
	return owners
}

func TestResolve(t *testing.T) {
	file, err := Parse([]byte(testFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, rows, want string }{
		{"confirmed_by_owners_file", `Credentials: [{id: c, kind: deploy-token, home: cart, name: pull}]`,
			`team-payments confirmed 0.90: team-payments 0.90 (owners file line 8 0.90); members of shop/cart were not all shown`},
		{"confirmed_beats_declared", `Credentials: [{id: c, kind: deploy-token, home: cart, name: pull, description: "owner:team-ops"}]`,
			`team-payments confirmed 0.90: team-payments 0.90 (owners file line 8 0.90); members of shop/cart were not all shown`},
		{"confirmed_most_specific_rule_and_person", `Identities: [{id: c, kind: webhook, home: cart}]`,
			`@d.solo confirmed 0.90: @d.solo 0.90 (owners file line 10 0.90); members of shop/cart were not all shown`},
		{"orphaned_team", `Credentials: [{id: c, kind: deploy-token, home: legacy, name: pull}]`,
			`team-gone orphaned 0.18: team-gone 0.18 (owners file line 9 0.18); members of shop/legacy were not all shown`},
		{"declared_in_description", `Credentials: [{id: c, kind: deploy-token, home: dark, name: pull, description: "pulls images (owner:team-ops)."}]`,
			`team-ops declared 0.80: team-ops 0.80 (declared in description 0.80); members of lab/dark were not all shown`},
		{"declared_user", `Credentials: [{id: c, kind: deploy-token, home: dark, name: pull, description: "Owner=@d.solo"}]`,
			`@d.solo declared 0.80: @d.solo 0.80 (declared in description 0.80); members of lab/dark were not all shown`},
		{"declared_in_topic", `Credentials: [{id: c, kind: deploy-token, home: tagged, name: pull}]`,
			`team-ops declared 0.64: team-ops 0.64 (declared in project topic owner:team-ops 0.64)`},
		{"declared_once_though_token_and_identity_say_so", `
Identities: [{id: d, kind: deploy-token, home: dark, description: "owner:team-ops"}]
Credentials: [{id: c, identity: d, kind: deploy-token, home: dark, description: "owner:team-ops"}]`,
			`team-ops declared 0.80: team-ops 0.80 (declared in description 0.80); members of lab/dark were not all shown`},
		{"declared_by_unknown_team_counts_less", `Credentials: [{id: c, kind: deploy-token, home: dark, description: "owner:team-x"}]`,
			`team-x declared 0.60: team-x 0.60 (declared in description 0.60, no team of the owners file); members of lab/dark were not all shown`},
		{"declared_bot_owns_nothing", `Credentials: [{id: c, kind: deploy-token, home: dark, description: "owner=@project_7_bot_1"}]`,
			` none 0.00: none: nothing says who owns it; members of lab/dark were not all shown`},
		{"a_word_that_ends_in_owner_declares_nothing", `Credentials: [{id: c, kind: deploy-token, home: dark, description: "co-owner:team-ops"}]`,
			` none 0.00: none: nothing says who owns it; members of lab/dark were not all shown`},
		{"inferred_from_creator_and_membership", `Credentials: [{id: c, kind: project-access-token, identity: bot, home: lab, name: deploy, created_at: 2026-11-22T12:00:00Z}]`,
			`@d.solo inferred 0.72: @d.solo 0.72 (created it 0.60; maintains lab/one 0.30)`},
		{"inferred_users_own_token_is_capped", `Credentials: [{id: c, kind: personal-access-token, identity: ann, home: i, name: laptop}]`,
			`@f.ann inferred 0.75: @f.ann 0.75 (is the token's user 0.90)`},
		{"inferred_person_stands_for_the_team", `Credentials: [{id: c, kind: personal-access-token, identity: lee, home: i, name: laptop}]`,
			`team-ops inferred 0.75: team-ops 0.75 (is the token's user @b.lee 0.90)`},
		{"inferred_schedule_runs_as", `Identities: [{id: c, kind: schedule, home: lab, name: nightly, acts_as: solo}]`,
			`@d.solo inferred 0.75: @d.solo 0.75 (is the user it runs as 0.75; maintains lab/one 0.30)`},
		{"weak_old_creation", `Credentials: [{id: c, kind: deploy-token, home: lab, name: pull, creator: solo, created_at: 2025-11-27T12:00:00Z}]`,
			`@d.solo weak 0.41: @d.solo 0.41 (maintains lab/one 0.30; created it 0.15)`},
		{"weak_single_maintainer", `Credentials: [{id: c, kind: deploy-token, home: lab, name: pull}]`,
			`@d.solo weak 0.30: @d.solo 0.30 (maintains lab/one 0.30)`},
		{"weak_though_membership_unknown", `Credentials: [{id: c, kind: deploy-token, home: dark, name: pull, creator: solo, created_at: 2026-05-26T12:00:00Z}]`,
			`@d.solo weak 0.31: @d.solo 0.31 (created it 0.31, membership in lab/dark was not shown); members of lab/dark were not all shown`},
		{"none_two_maintainers_share", `Credentials: [{id: c, kind: deploy-token, home: duo, name: pull}]`,
			` none 0.21: none: best is @d.solo 0.21 (maintains lab/duo 0.21), below 0.30`},
		{"none_creator_left_the_project", `Credentials: [{id: c, kind: deploy-token, home: tagged-not, name: pull, creator: ann}]
Homes: [{id: tagged-not, kind: project, path: lab/empty}]
Coverage: [{source: member, home: tagged-not, state: complete}]`,
			` none 0.12: none: best is @f.ann 0.12 (created it 0.12, no longer a member of lab/empty), below 0.30`},
		{"none_creator_not_shown", `Credentials: [{id: c, kind: project-access-token, identity: lost, home: dark, creator: lost}]`,
			` none 0.00: none: nothing says who owns it; members of lab/dark were not all shown; who made it was not shown`},
		{"orphaned_creator_left", `Credentials: [{id: c, kind: deploy-token, home: dark, name: pull, creator: off, created_at: 2026-11-22T12:00:00Z}]`,
			`@g.off orphaned 0.12: @g.off 0.12 (created it 0.12, account is deactivated); members of lab/dark were not all shown`},
		{"none_team_of_one_who_left", `Credentials: [{id: c, kind: deploy-token, home: dark, name: svc-ops-pull}]`,
			` none 0.15: none: best is team-ops 0.15 (name matches owners file line 12 0.15), below 0.30; members of lab/dark were not all shown`},
		{"disputed", `
Credentials: [{id: c, kind: deploy-token, home: dark, name: pull, description: "owner:team-ops owner=@d.solo"}]`,
			`@d.solo declared 0.80 disputed: @d.solo 0.80 (declared in description 0.80); disputed by team-ops 0.80 (declared in description 0.80); members of lab/dark were not all shown`},
		{"hostile_names_stay_on_their_line", "Credentials: [{id: c, kind: deploy-token, home: evil, name: pull}]\nHomes: [{id: evil, kind: project, path: \"x\\n\\u202Ey\"}]",
			` none 0.00: none: nothing says who owns it; members of x\n\u202ey were not all shown`},
	} {
		t.Run(c.name, func(t *testing.T) {
			owners := resolved(t, inventory.NewIndex(snapshot(t, estate, c.rows)), file, testNow)
			i := slices.IndexFunc(owners, func(o inventory.Owner) bool { return o.Subject == "c" })
			if i < 0 {
				t.Fatal("Each(…) has no owner for c")
			}
			o := owners[i]
			got := fmt.Sprintf("%s %s %.2f", o.Owner, o.Band, o.Confidence)
			if o.Disputed {
				got += " disputed"
			}
			if got += ": " + o.Reason; got != c.want {
				t.Errorf("Each(…) =\n%s, want\n%s", got, c.want)
			}
		})
	}
}

func TestResolveOneOwnerPerSubject(t *testing.T) {
	s := snapshot(t, estate, `
Credentials: [{id: b}, {id: a}]
Identities: [{id: d}, {id: c}]`)
	var got []string
	for _, o := range resolved(t, inventory.NewIndex(s), nil, testNow) {
		got = append(got, o.Subject)
	}
	if diff := gocmp.Diff([]string{"a", "b", "c", "d"}, got); diff != "" {
		t.Errorf("Each(…) subjects (-want +got):\n%s", diff)
	}
}

// What a scan says of an owner holds for a week, so that scans night by night do not store every owner anew.
func TestResolveAgesByWeeks(t *testing.T) {
	s := snapshot(t, estate, `Credentials: [{id: c, kind: deploy-token, home: dark, name: pull, creator: solo, created_at: 2026-05-26T12:00:00Z}]`)
	made := time.Date(2026, 5, 26, 12, 0, 0, 0, time.UTC)
	at := func(age time.Duration) inventory.Owner {
		return resolved(t, inventory.NewIndex(s), nil, made.Add(age))[0]
	}
	const week = 7 * 24 * time.Hour
	first, last, next := at(3*week), at(4*week-time.Second), at(4*week)
	if diff := gocmp.Diff(first, last, gocmp.Comparer(func(a, b inventory.When) bool { return a == b })); diff != "" {
		t.Errorf("the owner differs within a week (-first +last):\n%s", diff)
	}
	if next.Confidence >= first.Confidence {
		t.Errorf("confidence %v after four weeks, want less than %v", next.Confidence, first.Confidence)
	}
}

func TestResolveDoesNotDependOnRowOrder(t *testing.T) {
	file, err := Parse([]byte(testFile))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var rows strings.Builder
		rows.WriteString("Credentials:\n")
		for i := range rapid.IntRange(1, 5).Draw(rt, "credentials") {
			fmt.Fprintf(&rows, "- {id: c%d, kind: deploy-token, home: %s, creator: %q, description: %q}\n", i,
				rapid.SampledFrom([]string{"cart", "lab", "duo", "dark", "tagged", "legacy", "i"}).Draw(rt, "home"),
				rapid.SampledFrom([]string{"", "kim", "lee", "off", "bot", "lost"}).Draw(rt, "creator"),
				rapid.SampledFrom([]string{"", "owner:team-ops", "owner=@a.kim owner:team-web", "owner:nobody"}).Draw(rt, "description"))
		}
		s := snapshot(t, estate, rows.String())
		seed := rapid.Uint64().Draw(rt, "seed")
		other := &inventory.Snapshot{Homes: shuffled(s.Homes, seed), Users: shuffled(s.Users, seed), Grants: shuffled(s.Grants, seed),
			Credentials: shuffled(s.Credentials, seed), Coverage: shuffled(s.Coverage, seed)}
		a, b := resolved(rt, inventory.NewIndex(s), file, testNow), resolved(rt, inventory.NewIndex(other), file, testNow)
		if diff := gocmp.Diff(a, b, gocmp.Comparer(func(a, b inventory.When) bool { return a == b })); diff != "" {
			rt.Fatalf("Each of the same rows in another order differs (-sorted +shuffled):\n%s", diff)
		}
		for _, o := range a {
			if o.Confidence < 0 || o.Confidence > 1 || (o.Owner == "") != (o.Band == inventory.OwnerNone) {
				rt.Fatalf("Each(…) has %+v", o)
			}
		}
	})
}

func shuffled[T any](rows []T, seed uint64) []T {
	rows = slices.Clone(rows)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

func drawClaims(t *rapid.T) []claim {
	var claims []claim
	for i := range rapid.IntRange(0, 12).Draw(t, "claims") {
		claims = append(claims, claim{Claim: inventory.Claim{
			Candidate: rapid.SampledFrom([]string{"team-a", "team-b", "@kim"}).Draw(t, "candidate"),
			Rank:      rapid.IntRange(1, 11).Draw(t, "rank"), Weight: rapid.Float64Range(0, 1).Draw(t, "weight"), Evidence: fmt.Sprint("evidence ", i),
		}})
	}
	return claims
}

func TestMoreEvidenceForTheWinnerNeverLowersIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := drawClaims(t)
		before := combine(slices.Clone(claims), nil)
		if before.Confidence < 0 || before.Confidence > 1 {
			t.Fatalf("combine(…).Confidence = %v", before.Confidence)
		}
		if before.Owner == "" {
			return
		}
		more := claim{Claim: inventory.Claim{Candidate: before.Owner, Rank: rapid.IntRange(1, 11).Draw(t, "rank"), Weight: rapid.Float64Range(0, 1).Draw(t, "weight")}}
		after := combine(append(claims, more), nil)
		if after.Owner != before.Owner || after.Confidence < before.Confidence {
			t.Fatalf("with %+v: %s %v became %s %v", more, before.Owner, before.Confidence, after.Owner, after.Confidence)
		}
	})
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"example", testFile, ""},
		{"unknown_key", "teams: {}\nowner: x\n", "owners file line 2: unknown key owner: want teams, rules or naming"},
		{"unknown_key_in_rule", "rules:\n- {path: a, owner: \"@kim\", pth: b}\n", "owners file line 2: unknown key pth: want path, identity, variable, kind or owner"},
		{"unknown_key_in_team", "teams:\n  a:\n    mail: x\n", "owners file line 3: unknown key mail: want members, group or contact"},
		{"no_owner", "rules:\n- {path: a}\n", "owners file line 2: owner is missing"},
		{"team_is_not_defined", "rules:\n- {path: a, owner: team-x}\n", "owners file line 2: owner team-x is no team of this file; a person is written @username"},
		{"rule_for_everything", "rules:\n- {owner: \"@kim\"}\n", "owners file line 2: rule: want at least one of path, identity, variable, kind"},
		{"bad_pattern", "naming:\n- {pattern: \"(\", owner: \"@kim\"}\n", "owners file line 2: pattern: error parsing regexp: missing closing ): `(`\nowners file line 2: naming: want a pattern"},
		{"not_a_list", "rules: {path: a}\n", "owners file line 1: rules: want a list"},
		{"hostile_key", "\"a\\nb\": 1\n", `owners file line 1: unknown key a\nb: want teams, rules or naming`},
		{"twice", "rules: []\nrules: []\n", "owners file line 2: file: rules is there twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("Parse(…) = %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(testFile))
	f.Add([]byte("rules: &a [*a]"))
	f.Add([]byte("? {a: b}\n: c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text)
		if (file == nil) == (err == nil) {
			t.Fatalf("Parse(%q) = %v, %v", text, file, err)
		}
	})
}

func TestMostSpecificRuleWins(t *testing.T) {
	file := &File{Rules: []Rule{
		{Path: "*", Owner: "everything"},
		{Path: "shop/*", Owner: "shop"},
		{Path: "shop/cart", Owner: "cart"},
		{Kind: "deploy-token", Owner: "kind"},
		{Variable: "AWS_*", Owner: "aws"},
		{Identity: "x/identity/runner/7", Owner: "runner"},
		{Path: "shop/web", Owner: "web-first"},
		{Path: "shop/web", Owner: "web-second"},
	}}
	for _, c := range []struct {
		name string
		s    subject
		path string
		want string
	}{
		{"longer_path", subject{kind: "deploy-token"}, "shop/cart", "cart"},
		{"prefix", subject{}, "shop/x/y", "shop"},
		{"variable_beats_path", subject{keys: []string{"AWS_KEY"}}, "shop/cart", "aws"},
		{"identity_beats_all", subject{identity: "x/identity/runner/7", keys: []string{"AWS_KEY"}}, "shop/cart", "runner"},
		{"later_of_equals", subject{}, "shop/web", "web-second"},
		{"kind_beats_a_path_that_matches_all", subject{kind: "deploy-token"}, "lab", "kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := file.rule(c.s, []string{c.path})
			if got == nil || got.Owner != c.want {
				t.Errorf("rule(%+v, %q) = %+v, want %s", c.s, c.path, got, c.want)
			}
		})
	}
}
