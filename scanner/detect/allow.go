package detect

import (
	"strings"

	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/regexp"
)

// allowlist is one of gitleaks' lists of what a rule lets pass. Commits are never known here: contents are matched once,
// for all commits that hold them.
type allowlist struct {
	*config.Allowlist
	paths, values *dfa // nil for a list without
}

func newAllowlists(lists []*config.Allowlist, memory *dfaMemory) []*allowlist {
	var out []*allowlist
	for _, l := range lists {
		out = append(out, &allowlist{Allowlist: l, paths: anyOf(l.Paths, memory), values: anyOf(l.Regexes, memory)})
	}
	return out
}

// anyOf joins patterns as gitleaks does: a flag at the beginning of one holds for those after it.
func anyOf(patterns []*regexp.Regexp, memory *dfaMemory) *dfa {
	if len(patterns) == 0 {
		return nil
	}
	texts := make([]string, len(patterns))
	for i, p := range patterns {
		texts[i] = p.String()
	}
	return newDFA("(?:"+strings.Join(texts, "|")+")", true, memory)
}

// passesPath reports whether a path alone lets everything pass. Lists that need more than a path are judged with the
// finding.
func passesPath(lists []*allowlist, path string) bool {
	if path == "" {
		return false
	}
	for _, a := range lists {
		if a.MatchCondition == config.AllowlistMatchAnd && (len(a.Regexes)+len(a.StopWords)+len(a.Commits) > 0) {
			continue
		}
		if a.paths != nil && a.paths.found([]byte(path)) {
			return true
		}
	}
	return false
}

// candidate is a match that allowlists are asked about.
type candidate struct {
	path               string
	value, match, line []byte
}

// passes reports whether an allowlist lets a finding pass: an OR list by pattern or stop word, an AND list by all that
// it names.
func passes(lists []*allowlist, c candidate) bool {
	for _, a := range lists {
		if a.MatchCondition != config.AllowlistMatchAnd {
			if a.passesPattern(c) || a.hasStopWord(c) {
				return true
			}
			continue
		}
		if len(a.Commits) == 0 &&
			(a.paths == nil || c.path != "" && a.paths.found([]byte(c.path))) &&
			(a.values == nil || a.passesPattern(c)) &&
			(len(a.StopWords) == 0 || a.hasStopWord(c)) {
			return true
		}
	}
	return false
}

func (a *allowlist) passesPattern(c candidate) bool {
	target := c.value
	switch a.RegexTarget {
	case "match":
		target = c.match
	case "line":
		target = c.line
	}
	return a.values != nil && len(target) > 0 && a.values.found(target)
}

func (a *allowlist) hasStopWord(c candidate) bool {
	if len(a.StopWords) == 0 {
		return false
	}
	found, _ := a.ContainsStopWord(string(c.value))
	return found
}
