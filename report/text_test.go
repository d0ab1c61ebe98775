package report

import (
	"strings"
	"testing"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"pgregory.net/rapid"

	"nhiscan/inventory"
)

func TestShare(t *testing.T) {
	for _, c := range []struct {
		name           string
		n, of, unknown int
		want           string
	}{
		{"with_percent_and_unknown", 691, 743, 19, "691 of 743 (93 %), 19 unknown"},
		{"few_have_no_percent", 3, 9, 0, "3 of 9"},
		{"nearly_all_is_not_all", 1999, 2000, 0, "1,999 of 2,000 (over 99 %)"},
		{"nearly_none_is_not_none", 1, 2000, 0, "1 of 2,000 (under 1 %)"},
		{"zero", 0, 0, 0, "0 of 0"},
	} {
		if got := share(c.n, c.of, c.unknown); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	many := inventory.Measure{Numerator: 50, Denominator: 100, Unknown: 20}
	if got, want := measureShare(many), "50 of 100 (50 % to 70 %), 20 unknown"; got != want {
		t.Errorf("many unknowns: %q, want %q", got, want)
	}
}

func TestDated(t *testing.T) {
	now := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		when inventory.When
		want string
	}{
		{day("2026-11-28"), "2026-11-28 in 6 d"}, {day("2026-11-22"), "2026-11-22 today"}, {day("2026-11-21T23:59:00Z"), "2026-11-21 1 d ago"},
		{inventory.Never, "never"}, {inventory.When{}, "unknown"},
	} {
		if got := dated(c.when, now); got != c.want {
			t.Errorf("dated(%v) = %q, want %q", c.when, got, c.want)
		}
	}
}

func TestCoverageSentence(t *testing.T) {
	for _, c := range []struct {
		tally homeTally
		want  string
	}{
		{homeTally{Listed: 430, Complete: 380, Partly: 32, Denied: 13, Failed: 5}, "412 of 430 projects seen: 380 completely, 32 in part; not seen: 13 denied, 5 failed"},
		{homeTally{Listed: 2, Complete: 2}, "2 of 2 projects seen"},
		{homeTally{Listed: 1, Unasked: 1}, "0 of 1 project seen; not seen: 1 not visited"},
		{homeTally{}, "no project listed"},
	} {
		if got := c.tally.Sentence("project", "projects"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// wrap loses no character but blanks, and no line is wider than asked.
func TestWrapKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := inventory.Printable(rapid.String().Draw(t, "s"), 0)
		width := rapid.IntRange(4, 60).Draw(t, "width")
		lines := wrap(s, width)
		for _, l := range lines {
			if w := twwidth.Width(l); w > width && len(lines) > 1 {
				t.Fatalf("line %q is %d wide, want at most %d", l, w, width)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got, want := squeeze(strings.Join(lines, "")), squeeze(s); got != want {
			t.Fatalf("wrap(%q) kept %q", want, got)
		}
	})
}

// A cleaned text never holds a character that is not meant to be seen, and keeps its end.
func TestClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if got := clean(s, nameMax); strings.ContainsFunc(got, hostile) {
			t.Fatalf("clean(%q) = %q", s, got)
		}
	})
	long := "start" + strings.Repeat("x", 500) + "/the-end.yml"
	if got := clean(long, 40); !strings.HasPrefix(got, "start") || !strings.HasSuffix(got, "end.yml") || !strings.Contains(got, "…[477 characters]…") {
		t.Errorf("clean of a long text: %q", got)
	}
}

func TestEventsInWords(t *testing.T) {
	v, err := newView(company(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	user, project := inventory.UserID(instance, 9), project(11)
	for name, c := range map[string]struct {
		event inventory.Event
		want  string
	}{
		"membership": {
			inventory.Event{Kind: inventory.Changed, Row: inventory.GrantRow, Subject: inventory.GrantID(instance, "membership", user, project), Home: project,
				Field: "expires_at", From: "2027-01-11T00:00:00Z", To: "2027-01-20T08:30:00Z"},
			"membership of svc-nhi-audit of payments/settlement-export: expires at: 2027-01-11 → 2027-01-20 08:30",
		},
		"deploy_key_of_a_stranger": {
			inventory.Event{Kind: inventory.Removed, Row: inventory.GrantRow, Subject: inventory.GrantID(instance, "deploy-key", inventory.IdentityID(instance, "deploy-key", "77"), project)},
			"use of " + inventory.IdentityID(instance, "deploy-key", "77"),
		},
		"project_on_an_allowlist": {
			inventory.Event{Kind: inventory.Discovered, Row: inventory.GrantRow, Subject: inventory.GrantID(instance, "job-token", project, home(inventory.GroupHome, 1)), Home: home(inventory.GroupHome, 1)},
			"job token of payments/settlement-export of payments",
		},
		"grant_with_a_strange_id": {
			inventory.Event{Kind: inventory.Removed, Row: inventory.GrantRow, Subject: "x/grant/%zz"}, "x/grant/%zz",
		},
		"field_that_GitLab_names": {
			inventory.Event{Kind: inventory.Changed, Row: inventory.HomeRow, Subject: project, Name: "a/b", Field: "settings.archived_at", From: "", To: "2026-10-30T15:00:00Z"},
			"a/b: archived at: unknown → 2026-10-30 15:00",
		},
		"reported": {
			inventory.Event{Kind: inventory.Reported, Subject: project, Name: "a/b", Field: companyRules()[0].ID, To: "high"}, "a/b: " + companyRules()[0].Title + ", high",
		},
		"rotated": {
			inventory.Event{Kind: inventory.Rotated, Row: inventory.CredentialRow, Subject: token("2"), Name: "n", From: token("1")}, "n: replaces access-token/1",
		},
	} {
		if got := v.change(c.event).Sentence(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestQuietSentence(t *testing.T) {
	rule := func(fail int, reads ...string) ruleRow {
		return ruleRow{VerdictCount: inventory.VerdictCount{Fail: fail}, Text: RuleText{Reads: reads}}
	}
	at := func(source string, state inventory.State) inventory.Coverage {
		return inventory.Coverage{Visit: inventory.Visit{Source: source}, State: state}
	}
	seen := []inventory.Coverage{at("member", inventory.Complete), at("agent", inventory.Unsupported), at("runner", inventory.NotAsked)}
	for _, c := range []struct {
		name     string
		rows     []ruleRow
		coverage []inventory.Coverage
		want     string
	}{
		{"none_is_quiet", []ruleRow{rule(1, "member")}, seen, ""},
		{"all_are_quiet", []ruleRow{rule(0, "member"), rule(0, "agent", "runner")}, seen, "2 rules without a gap and without an unknown verdict."},
		{"one_beside_others", []ruleRow{rule(0), rule(2)}, seen, "1 more rule without a gap and without an unknown verdict."},
		{
			"what_they_judge_was_denied", []ruleRow{rule(0, "variable", "member"), rule(0, "member"), rule(3, "variable")},
			append(seen, at("variable", inventory.Denied), at("variable", inventory.Complete)),
			"2 more rules without a gap and without an unknown verdict; 1 of them did not see all that they judge.",
		},
	} {
		v := partView(&Document{Snapshot: &inventory.Snapshot{Coverage: c.coverage}}, Options{}, nil).coverage()
		if got := v.quietSentence(c.rows); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
