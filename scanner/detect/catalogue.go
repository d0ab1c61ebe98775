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
	global   []*config.Allowlist
	paths    []func(path string) bool // every path condition of every rule, each adds a bit to the path class
}

type rule struct {
	config.Rule           // but for Regex
	pattern     *search   // nil for a rule that has a path only
	detector    *detector // nil for a rule of gitleaks or a user
	replaced    bool      // an own detector stands in for it
	// implied says that the pattern's literals hold a keyword: where one is, the rule applies. Else keywords are
	// among the engine's literals and the pattern's are not.
	implied  bool
	keywords literalSet
	foreign  bool // a keyword is not ASCII
}

func newCatalogue(cfg loadedRules, l *literals, memory *dfaMemory) (*catalogue, error) {
	c := &catalogue{byID: map[string]*rule{}, global: cfg.Allowlists, foldable: l.add(foldables...)}
	for _, id := range slices.Sorted(maps.Keys(cfg.Rules)) {
		r := rule{Rule: cfg.Rules[id]}
		if err := r.prepare(cfg.patterns[id], l, memory); err != nil {
			return nil, fmt.Errorf("rule %s: %w", id, err)
		}
		if r.Path != nil {
			c.paths = append(c.paths, r.Path.MatchString)
		}
		c.addPaths(r.Allowlists)
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
		if r.pattern, err = newSearch(pattern, memory); err != nil {
			return err
		}
		if r.SecretGroup > r.pattern.groups {
			return fmt.Errorf("secret group %d: the pattern has %d", r.SecretGroup, r.pattern.groups)
		}
		r.implied = len(r.pattern.literals) > 0 && !slices.ContainsFunc(r.pattern.literals, func(text string) bool {
			return len(r.Keywords) > 0 && !slices.ContainsFunc(r.Keywords, func(k string) bool { return k != "" && strings.Contains(text, k) })
		})
	}
	if r.implied {
		r.pattern.set = l.add(r.pattern.literals...)
	} else {
		r.keywords = l.add(r.Keywords...)
	}
	return nil
}

// wanted reports whether the rule applies to a text: one of its keywords is there.
func (r *rule) wanted(p *passage, foldable literalSet) bool {
	switch {
	case r.implied && !p.anchors.any(r.pattern.set):
		return false
	case len(r.Keywords) == 0:
		return true
	case r.foreign || p.anchors.any(foldable):
		return p.hasKeyword(r.Keywords)
	}
	return r.implied || p.anchors.any(r.keywords)
}

func (c *catalogue) addPaths(lists []*config.Allowlist) {
	for _, a := range lists {
		if len(a.Paths) > 0 {
			c.paths = append(c.paths, a.PathAllowed)
		}
	}
}

// pathClass is one hexadecimal digit per four path conditions, in the order of the rules.
func (c *catalogue) pathClass(path string) string {
	skip := pathAllowed(c.global, path)
	if skip && !vendored(path) {
		return "skip"
	}
	bits := make([]byte, (len(c.paths)+3)/4)
	plain := true
	for i, holds := range c.paths {
		if holds(path) {
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

// pathAllowed reports whether a path alone lets everything pass. Lists that need more than a path are judged with
// the finding. Commits are never known here: contents are matched once, for all commits that hold them.
func pathAllowed(lists []*config.Allowlist, path string) bool {
	if path == "" {
		return false
	}
	for _, a := range lists {
		if a.MatchCondition == config.AllowlistMatchAnd && (len(a.Regexes)+len(a.StopWords)+len(a.Commits) > 0) {
			continue
		}
		if a.PathAllowed(path) {
			return true
		}
	}
	return false
}

// allowed reports whether an allowlist lets a finding pass: an OR list by pattern or stop word, an AND list by all
// that it names.
func allowed(lists []*config.Allowlist, path string, value, match, line []byte) bool {
	for _, a := range lists {
		target := value
		switch a.RegexTarget {
		case "match":
			target = match
		case "line":
			target = line
		}
		pattern := func() bool { return len(a.Regexes) > 0 && a.RegexAllowed(string(target)) }
		word := func() bool {
			found, _ := a.ContainsStopWord(string(value))
			return found
		}
		if a.MatchCondition != config.AllowlistMatchAnd {
			if pattern() || word() {
				return true
			}
			continue
		}
		if len(a.Commits) == 0 &&
			(len(a.Paths) == 0 || a.PathAllowed(path)) &&
			(len(a.Regexes) == 0 || pattern()) &&
			(len(a.StopWords) == 0 || word()) {
			return true
		}
	}
	return false
}
