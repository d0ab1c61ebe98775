package detect

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func sameFinding(a, b Finding) bool {
	return a.Detector == b.Detector && a.Start == b.Start && a.End == b.End && a.Confidence == b.Confidence
}

// Where the memory for states is used up, or a pattern needs too many, the findings stay the same.
func TestScan_without_room_for_states(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	var b strings.Builder
	for _, rule := range engine(t).catalogue.rules {
		if rule.pattern != nil {
			b.WriteString(sample(r, rule.pattern.source) + "\n")
		}
	}
	text := []byte(b.String())
	want := engine(t).Scan("a.yaml", text)
	full, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, rule := range full.catalogue.rules {
		if rule.pattern == nil || rule.pattern.empty {
			continue
		}
		if d := rule.pattern.dfa; i%2 == 0 {
			d.overflows.Store(maxOverflows)
		} else {
			d.memory.used.Store(maxDFAMemory)
		}
	}
	for range 2 {
		if got := full.Scan("a.yaml", text); !slices.EqualFunc(want, got, sameFinding) {
			t.Errorf("Scan found %v, want %v", detectors(got), detectors(want))
		}
	}
}

// Work is linear in the text, whatever a user's pattern and a hostile text are.
func TestScan_hostile_patterns(t *testing.T) {
	rules := "[[rules]]\nid='a'\nregex='foo[\\s\\S]*bar'\n[[rules]]\nid='b'\nregex='[ab]{1,100}[^x]{0,200}z'\n[[rules]]\nid='c'\nregex='x*'\n"
	e, err := New(Options{RulesTOML: []byte(rules)})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{strings.Repeat("foo", 40_000), strings.Repeat("ab", 20_000), strings.Repeat("x", 20_000)} {
		checkFindings(t, text, e.Scan("a", []byte(text)))
	}
}
