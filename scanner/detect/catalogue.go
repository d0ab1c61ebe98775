package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zricethezav/gitleaks/v8/config"
)

// catalogue is the loaded rules, ready to be matched.
type catalogue struct {
	rules    []rule // sorted by ID
	byID     map[string]*rule
	foldable literalSet
	global   []*allowlist
	always   []int   // rules that no literal calls for
	callers  [][]int // of each literal the rules that it calls for
	paths    []*dfa  // every path condition of every rule, each adds a bit to the path class
}

type rule struct {
	config.Rule           // but for Regex
	pattern     *search   // nil for a rule that has a path only
	detector    *detector // nil for a rule of gitleaks or a user
	path        *dfa      // nil for any
	allowed     []*allowlist
	// implied says that the pattern's literals hold a keyword: where one is, the rule applies. Else keywords are
	// among the engine's literals and the pattern's are not.
	implied  bool
	keywords literalSet
	foreign  bool // a keyword is not ASCII
}

func newCatalogue(cfg loadedRules, l *literals, memory *dfaMemory) (*catalogue, error) {
	c := &catalogue{byID: map[string]*rule{}, global: newAllowlists(cfg.Allowlists, memory), foldable: l.add(foldables...)}
	for _, id := range slices.Sorted(maps.Keys(cfg.Rules)) {
		r := rule{Rule: cfg.Rules[id]}
		if err := r.prepare(cfg.patterns[id], l, memory); err != nil {
			return nil, fmt.Errorf("rule %s: %w", id, err)
		}
		if r.Path != nil {
			r.path = newDFA(r.Path.String(), true, memory)
			c.paths = append(c.paths, r.path)
		}
		r.allowed = newAllowlists(r.Allowlists, memory)
		c.addPaths(r.allowed)
		c.rules = append(c.rules, r)
	}
	for i := range c.rules {
		c.byID[c.rules[i].RuleID] = &c.rules[i]
	}
	c.addPaths(c.global)
	return c, nil
}

// prepare decides how the rule is looked for. A rule's own literals are looked for in every text when one of its
// keywords stands in each of them; else in texts with a keyword.
func (r *rule) prepare(pattern string, l *literals, memory *dfaMemory) (err error) {
	r.foreign = slices.ContainsFunc(r.Keywords, func(k string) bool {
		return strings.ContainsFunc(k, func(c rune) bool { return c >= utf8.RuneSelf })
	})
	if pattern != "" {
		if r.pattern, err = newSearch(pattern, r.Keywords, memory); err != nil {
			return err
		}
		if r.SecretGroup > r.pattern.groups {
			return fmt.Errorf("secret group %d: the pattern has %d", r.SecretGroup, r.pattern.groups)
		}
		r.implied = r.pattern.implied
	}
	if r.implied {
		r.pattern.set = l.add(r.pattern.literals...)
	} else {
		r.keywords = l.add(r.Keywords...)
	}
	return nil
}

// index notes which rules a literal calls for; count is that of the engine's literals.
func (c *catalogue) index(count int) {
	c.callers = make([][]int, count)
	for i := range c.rules {
		r := &c.rules[i]
		calls := r.keywords.numbers
		if r.implied {
			calls = r.pattern.set.numbers
		}
		if len(calls) == 0 || r.foreign || !r.implied && len(r.Keywords) == 0 {
			c.always = append(c.always, i)
			continue
		}
		for _, n := range calls {
			c.callers[n] = append(c.callers[n], i)
		}
	}
}

// called returns the rules that may apply to a text, in order.
func (c *catalogue) called(p *passage) []int {
	p.rules = append(p.rules[:0], c.always...)
	for _, n := range p.anchors.found {
		p.rules = append(p.rules, c.callers[n]...)
	}
	slices.Sort(p.rules)
	return slices.Compact(p.rules)
}

// wanted reports whether the rule applies to a text: one of its keywords is there.
func (r *rule) wanted(p *passage, foldable literalSet) bool {
	switch {
	case r.implied && !p.anchors.any(r.pattern.set):
		return false
	case len(r.Keywords) == 0:
		return true
	case r.foreign:
		return p.hasKeyword(r.Keywords)
	case !r.implied && !p.anchors.any(r.keywords):
		return false
	}
	return !p.anchors.any(foldable) || p.hasKeyword(r.Keywords)
}

func (c *catalogue) addPaths(lists []*allowlist) {
	for _, a := range lists {
		if a.paths != nil {
			c.paths = append(c.paths, a.paths)
		}
	}
}

// pathClass is one hexadecimal digit per four path conditions, in the order of the rules.
func (c *catalogue) pathClass(path string) string {
	skip := passesPath(c.global, path)
	if skip && !vendored(path) {
		return "skip"
	}
	bits := make([]byte, (len(c.paths)+3)/4)
	plain := true
	for i, condition := range c.paths {
		if condition.found([]byte(path)) {
			bits[i/4] |= 1 << (i % 4)
			plain = false
		}
	}
	if plain {
		return "plain"
	}
	for i, b := range bits {
		bits[i] = "0123456789abcdef"[b]
	}
	return string(bits)
}
