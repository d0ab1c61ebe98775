package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// contexts put a secret where matching may go wrong: at the beginning and end of a text, behind and before characters
// that belong to words, in long lines, twice, with characters that fold to ASCII letters near it.
func contexts(secret, other string) []string {
	return []string{
		secret, secret + "\n", "\n" + secret, "a" + secret + "\n", "_" + secret + "_\n", "-" + secret + "-\n", "." + secret + ".\n",
		"é" + secret + "é\n", "\xe9" + secret + "\xff\n", "(" + secret + ")\n", `"` + secret + `"` + "\n", secret + `\n` + "\n", secret + ";\n",
		secret + secret + "\n", secret + " " + secret + "\n", other + " " + secret + "\n", secret + "\r\n" + other + "\r\n",
		"\u212a\u017f\u0130 " + secret + "\n", strings.ReplaceAll(secret, "k", "\u212a") + "\n", strings.ReplaceAll(secret, "s", "\u017f") + "\n",
		strings.ReplaceAll(secret, "i", "\u0130") + "\n", strings.ToUpper(secret) + "\n", strings.ToLower(secret) + "\n",
		strings.Repeat("x", 60) + secret + "\n", strings.Repeat("x, ", 2000) + secret + strings.Repeat(" ,x", 2000) + "\n",
		secret[:len(secret)-1] + "\n", secret[min(1, len(secret)):] + "\n",
	}
}

func TestCatalogueDecidesAsGitleaks_contexts(t *testing.T) {
	e, d := catalogueOnly(t), oracle(t)
	r := rand.New(rand.NewPCG(31, 32))
	texts := 0
	for i, rule := range e.catalogue.rules {
		if rule.pattern == nil {
			continue
		}
		if testing.Short() && i%8 != 0 {
			continue
		}
		path, previous := samplePath(rule), e.catalogue.rules[max(0, i-1)]
		other := ""
		if previous.pattern != nil {
			other = sample(r, previous.pattern.source)
		}
		for _, text := range contexts(sample(r, rule.pattern.source), other) {
			// The keyword is there in any case: some patterns do not hold theirs.
			text = strings.Join(rule.Keywords[:1], "") + "\n" + text
			if !strings.HasSuffix(text, "\n") && rule.RuleID == "generic-api-key" {
				continue // gitleaks takes more than the line for an allowlist there
			}
			texts++
			want, got := theirs(d, path, text), ours(e, path, text)
			if diff := cmp.Diff(want, got); diff != "" && !lastLine(text, want, got) {
				t.Errorf("rule %s on %q (-gitleaks +ours):\n%s", rule.RuleID, text, diff)
			}
		}
	}
	t.Logf("%d texts", texts)
}

// lastLine reports whether a difference is of a last line without newline, which is the line of an allowlist to
// gitleaks only together with all before it.
func lastLine(text string, want, got []string) bool {
	return !strings.HasSuffix(text, "\n") && len(want) < len(got)
}

// A search finds what regexp finds, whatever the pattern and the text.
func TestSearch_finds_what_regexp_finds(t *testing.T) {
	patterns := []string{
		`ab+`, `\bab`, `ab\b`, `(?i)sk[a-f]{2}`, `[\w.-]{0,5}?(?:ab|ba)[ =]{0,3}(b{2,4})(?:\s|$)`, `(?i)[\w.-]{0,5}?(?:key)k{1,3}`,
		`(?:^|[ ,])([ab]{2}\dk)(?:$|[ ,])`, `a|b`, `(?:ab|b)[ab]{2}`, `(?m)^ab$`, `\Aab`, `ab\z`, `a[^b]{1,3}b`, `(?s)a.{0,4}?b`, `\Bab`, `ab??b`, `[ab]{3}\.`,
		`(?:a|ab)(?:k|bk)`, `k[\s\S-]{2,}?b`, `é+a`, `[^a]b{2}`, `(?i)ſk`, `x*`, `\b`, `[ab]{0,3}?[abk]{0,3}?k\d`, `(?:[ab]{0,4}?ka|bk)\d`, `\d{2}(?:a|k)`,
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SampledFrom(patterns).Draw(t, "pattern")
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "b", "k", "K", "\u212a", "s", "\u017f", "S", " ", "\n", "=", ".", "1", "é", "\xe9", "\xe2\x84", "key", "ab", "_", ",",
		}), 0, 30).Draw(t, "text"), ""))
		for _, keywords := range [][]string{nil, {"k"}, {"b"}} { // which literals are looked for changes nothing
			if err := checkSearch(pattern, keywords, text); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func checkSearch(pattern string, keywords []string, text []byte) error {
	s, err := newSearch(pattern, keywords, &dfaMemory{})
	if err != nil {
		return err
	}
	e := &Engine{}
	e.foldable = e.literals.add(foldables...)
	e.automata = newAutomata(e.literals.texts)
	p := e.read(text)
	got := s.find(text, slices.Clone(p.placesOf(s)), nil)
	var want []span
	for _, m := range s.whole().FindAllIndex(text, -1) {
		want = append(want, span{m[0], m[1]})
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s in %q: found %v, want %v (literals %q)", pattern, text, got, want, s.literals)
	}
	if s.empty {
		return nil
	}
	// What regexp is asked when there are too many states.
	for at := range text {
		if insideRune(text, at) {
			continue
		}
		end, _ := s.dfa.end(text, at)
		if slow, _ := s.dfa.slowEnd(text, at); slow != end {
			return fmt.Errorf("%s in %q at %d: ends at %d, with regexp at %d", s.body, text, at, end, slow)
		}
	}
	return nil
}
