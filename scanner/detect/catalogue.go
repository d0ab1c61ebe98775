package detect

import (
	"maps"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/config"
)

// catalogue is the loaded rules, ready to be matched. Replacing the matching means replacing rule.matches and
// catalogue.search; what surrounds them needs hits only.
type catalogue struct {
	rules    []rule // sorted by ID
	byID     map[string]*rule
	keywords []string // lower case, sorted, unique
	global   []*config.Allowlist
	paths    []func(path string) bool // every path condition of every rule, each adds a bit to the path class
}

type rule struct {
	config.Rule
	keywordIDs []int // indexes into catalogue.keywords; none means: search every text
}

func newCatalogue(cfg config.Config) *catalogue {
	c := &catalogue{byID: map[string]*rule{}, global: cfg.Allowlists}
	c.keywords = slices.Sorted(maps.Keys(cfg.Keywords))
	for _, id := range slices.Sorted(maps.Keys(cfg.Rules)) {
		r := rule{Rule: cfg.Rules[id]}
		for _, k := range r.Keywords {
			if i, ok := slices.BinarySearch(c.keywords, strings.ToLower(k)); ok {
				r.keywordIDs = append(r.keywordIDs, i)
			}
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
	return c
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
