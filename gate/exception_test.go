package gate

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// detector is the one that finds the tokens of these tests.
const detector = "gitlab-access-token"

func TestExceptionsOfTheMergeBase(t *testing.T) {
	sum := sha1.Sum([]byte(token('A')))
	older, young := strings.Repeat("a", 40), strings.Repeat("b", 40)
	for _, c := range []struct {
		name, file, text string
		base, next       files
		noInline         bool
		want             []string // new
		by               string   // the exception, where one accepts
	}{
		{name: "our_baseline", file: ".nhi-baseline", text: baselineFor('A', "2027-01-01"), next: files{"x": "{A}\n{B}"}, want: []string{"B x:2@" + young}, by: ".nhi-baseline, line 3: until 2027-01-01 by ada: why"},
		{name: "expired", file: ".nhi-baseline", text: baselineFor('A', "2026-11-25"), next: files{"x": "{A}"}, want: []string{"A x:1@" + young}},
		{name: "gitleaks_baseline_with_value", file: "b.json", text: fmt.Sprintf(`[{"RuleID":"r","File":"gone","StartLine":9,"Secret":%q}]`, token('A')), next: files{"x": "{A}\n{B}"}, want: []string{"B x:2@" + young}, by: "b.json, finding 1"},
		{name: "gitleaks_baseline_redacted", file: "b.json", text: `[{"RuleID":"gitlab-pat","File":"old","StartLine":2,"Secret":"REDACTED"}]`,
			base: files{"old": "x\n{A}"}, next: files{"old": "x\n{A}", "x": "{A}"}, by: "b.json, finding 1"},
		{name: "gitleaks_baseline_another_value_on_its_line", file: "b.json", text: `[{"RuleID":"gitlab-pat","File":"old","StartLine":2,"Secret":"REDACTED"}]`,
			base: files{"old": "x\n{A}"}, next: files{"old": "x\n{B}"}, want: []string{"B old:2@" + young}},
		{name: "ignore_file", file: ".gitleaksignore", text: "# x\nold:" + detector + ":1\n", base: files{"old": "{A}\n{B}"}, next: files{"old": "{A}\n{B}", "x": "{A}\n{B}"},
			want: []string{"B x:2@" + young}, by: ".gitleaksignore, line 2"},
		{name: "ignore_file_of_another_rule_on_the_line", file: ".gitleaksignore", text: "old:some-rule:1", base: files{"old": "{A}"}, next: files{"old": "{A}", "x": "{A}"}, by: ".gitleaksignore, line 1"},
		{name: "ignore_file_another_line", file: ".gitleaksignore", text: "old:" + detector + ":2", base: files{"old": "{A}"}, next: files{"old": "{A}", "x": "{A}"}, want: []string{"A x:1@" + young}},
		{name: "ignore_file_with_older_commit", file: ".gitleaksignore", text: older + ":was/here:" + detector + ":1", next: files{"x": "{A}\n{B}"}, want: []string{"B x:2@" + young}, by: ".gitleaksignore, line 1"},
		{name: "ignore_file_with_commit_of_the_change", file: ".gitleaksignore", text: young + ":x:" + detector + ":1", next: files{"x": "{A}"}, want: []string{"A x:1@" + young}},
		{name: "detect_secrets", file: ".secrets.baseline", text: fmt.Sprintf(`{"version":"1.5.0","results":{"old":[{"type":"t","hashed_secret":%q,"line_number":3}]}}`, hex.EncodeToString(sum[:])),
			next: files{"x": "{A}\n{B}"}, want: []string{"B x:2@" + young}, by: ".secrets.baseline (old:3)"},
		{name: "allow_comment", base: files{"old": "{A} # gitleaks:allow\n{B}"}, next: files{"old": "{A} # gitleaks:allow\n{B}", "x": "{A}\n{B}"}, want: []string{"B x:2@" + young}, by: "old, line 1: gitleaks:allow"},
		{name: "allow_comment_switched_off", noInline: true, base: files{"old": "{A} # gitleaks:allow"}, next: files{"old": "{A} # gitleaks:allow", "x": "{A}"}, want: []string{"A x:1@" + young}},
		{name: "allow_comment_of_the_change", next: files{"x": "{A} # gitleaks:allow"}, want: []string{"A x:1@" + young}},
		{name: "allow_comment_and_another_value", base: files{"old": "{A} # gitleaks:allow"}, next: files{"old": "{B} # gitleaks:allow"}, want: []string{"B old:1@" + young}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(node{id: older, files: files{"was/here": "{A}"}}, node{id: "c0", files: c.base}, node{id: young, files: c.next})
			r := check(t, m, m.change("c0", older), func(o *Options) {
				o.NoInlineAllow = c.noInline
				if c.file != "" {
					o.Accepted.Add(c.file, []byte(c.text))
				}
			})
			if got := said(r.New); !slices.Equal(got, c.want) {
				t.Errorf("new = %q, want %q", got, c.want)
			}
			by := ""
			for _, s := range r.Accepted {
				by += s.Accepted.String()
			}
			if by != c.by {
				t.Errorf("accepted by %q, want %q", by, c.by)
			}
		})
	}
}

// baselineFor accepts a token until a day.
func baselineFor(letter byte, until string) string {
	b := salted()
	b.Add(found(token(letter), "x"), "ada", "why", today, day(until))
	return string(b.Text())
}

func TestWhyASecretIsNewIsTold(t *testing.T) {
	m := newMemory(node{files: files{"a": "{A}", "b": "{A}"}}, node{files: files{"a": "{A}", "b": "{A}", "c": "{A}\n{B} # gitleaks:allow\n{C}"}})
	r := check(t, m, m.change("c0"), func(o *Options) { o.Accepted.Add(".nhi-baseline", []byte(baselineFor('C', "2026-11-25"))) })
	if len(r.New) != 3 {
		t.Fatalf("new = %q, want three", said(r.New))
	}
	for _, s := range r.New {
		switch s.value.Reveal() {
		case token('A'):
			if s.Before != 2 || s.After != 3 {
				t.Errorf("copy: before %d, after %d; want 2 and 3", s.Before, s.After)
			}
		case token('B'):
			if s.Before != 0 || s.Exempted != `the comment "gitleaks:allow" in line 2 of c` {
				t.Errorf("own comment: before %d, %q", s.Before, s.Exempted)
			}
		case token('C'):
			if s.Accepted == nil || !s.Accepted.Expired {
				t.Errorf("expired entry is not told: %v", s.Accepted)
			}
		}
	}
	if len(r.Notes) != 1 || r.Notes[0] != ".nhi-baseline, line 3: expired on 2026-11-25 (x, owner ada): remove the secret, or have the entry renewed" {
		t.Errorf("notes = %q", r.Notes)
	}
}

func TestExceptionFilesThatCannotBeRead(t *testing.T) {
	for name, c := range map[string][2]string{
		"gitleaks":       {"b.json", `[{"File":"` + token('A')},
		"gitleaks_type":  {"b.json", `[{"File":7}]`},
		"detect_secrets": {"b.json", `{"results":{"a":"` + token('A') + `"}}`},
		"ignore":         {"x/.gitleaksignore", "nonsense " + token('A')},
	} {
		e := &Exceptions{}
		e.Add(c[0], []byte(c[1]))
		p := e.Problems()
		if len(p) != 1 || p[0].Line != 1 || strings.Contains(p[0].Error(), token('A')) {
			t.Errorf("%s: problems = %v, want one without the value", name, p)
		}
	}
}

// TestExceptionsOfManySecrets looks all of them up where that is cheap, and in a baseline first those that it may mean.
func TestExceptionsOfManySecrets(t *testing.T) {
	const n = leastAsked + 10
	var lines, allowed strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "token = %q\n", numbered(uint64(1000+i)))
		fmt.Fprintf(&allowed, "token = %q # gitleaks:allow\n", numbered(uint64(1000+i)))
	}
	least := func(o *Options) { o.MinConfidence = 0 }
	m := newMemory(node{files: files{"old": allowed.String(), "other": "text"}}, node{files: files{"old": allowed.String(), "a": lines.String()}})
	if r := check(t, m, m.change("c0"), least); len(r.New) != 0 || len(r.Accepted) != n || len(r.Notes) != 0 {
		t.Errorf("comments accept %d of %d, notes %q", len(r.Accepted), n, r.Notes)
	}

	b := NewBaseline("base", make([]byte, saltSize))
	b.p.Memory, b.p.Time = 8, 1 // of no strength, so that the test is quick
	last := found(token('Z'), "z")
	last.Detector = detector
	b.Add(last, "ada", "why", today, today)
	m = newMemory(node{files: files{}}, node{files: files{"a": lines.String(), "z": "{Z}"}})
	r := check(t, m, m.change("c0"), func(o *Options) { least(o); o.Accepted = Exceptions{baselines: []*Baseline{b}} })
	if len(r.New) != n || len(r.Accepted) != 1 || len(r.Incomplete) != 0 {
		t.Errorf("%d new, %d accepted, incomplete %q", len(r.New), len(r.Accepted), r.Incomplete)
	}
	if want := []string{"of 511 secrets, 502 were looked up in base: the hashes take too long"}; !slices.Equal(r.Notes, want) {
		t.Errorf("notes %q, want %q", r.Notes, want)
	}
}

func TestOfVeryManyFindingsSomeAreKept(t *testing.T) {
	b := newMemory(node{files: files{}}, node{files: files{"a": strings.Repeat("{A}\n", maxFindings+1)}})
	if r := check(t, b, b.change("c0"), nil); len(r.New) != 1 || r.New[0].More != maxFindings-maxPlaces || len(r.Incomplete) != 1 {
		t.Errorf("%d new, %d more places, incomplete %q", len(r.New), r.New[0].More, r.Incomplete)
	}
}
