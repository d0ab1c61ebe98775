package detect

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// window is the part of a content that is matched at once. Matches count only where they begin inside the core;
// the rest is context.
type window struct {
	path           string
	content        []byte // whole
	from, to       int    // searched
	coreFrom, core int    // first offset in the core, first after it
}

// inCore reports whether what begins at an offset of the content belongs to w.
func (w window) inCore(start int) bool { return start >= w.coreFrom && start < w.core }

// search returns the hits of all rules in w, which p is read from.
func (c *catalogue) search(w window, p *passage) []hit {
	var out []hit
	for _, i := range c.called(p) {
		r := &c.rules[i]
		if r.SkipReport || !r.wanted(p, c.foldable) {
			continue
		}
		found := r.matches(w, p, c)
		if len(found) > 0 && len(r.RequiredRules) > 0 {
			found = c.composed(r, w, p, found)
		}
		out = append(out, found...)
	}
	return out
}

// matches returns the hits of one rule in w, in order.
func (r *rule) matches(w window, p *passage, c *catalogue) []hit {
	if passesPath(r.allowed, w.path) || r.path != nil && !r.path.found([]byte(w.path)) {
		return nil
	}
	if r.pattern == nil {
		return r.wholeFile(w)
	}
	var out []hit
	p.spans = r.pattern.find(p.text, p.placesOf(r.pattern), p.spans[:0])
	for _, m := range p.spans {
		from, to := trimNewlines(w.content, w.from+m.start, w.from+m.end)
		if !w.inCore(from) || from == to {
			continue
		}
		match := w.content[from:to]
		start, end, ok := r.secret(match)
		if !ok || start == end {
			continue
		}
		value := match[start:end]
		bits := entropy(value)
		if r.Entropy != 0 && bits <= r.Entropy {
			continue
		}
		if r.detector != nil && !r.detector.placed(w.content, from, to) {
			continue
		}
		candidate := candidate{w.path, value, match, surroundingLine(w.content, from, to)}
		if passes(c.global, candidate) || passes(r.allowed, candidate) {
			continue
		}
		out = append(out, r.hit(value, from, from+start, from+end, bits))
	}
	return out
}

// wholeFile is the hit of a rule that has a path only: the file is the secret, a key store for instance.
func (r *rule) wholeFile(w window) []hit {
	if w.coreFrom > 0 {
		return nil
	}
	return []hit{{
		detector: r.RuleID, description: r.Description, end: len(w.content),
		rank: rankForm, confidence: 0.7, reasons: []string{"the path is one of rule " + r.RuleID},
	}}
}

func trimNewlines(b []byte, from, to int) (int, int) {
	for from < to && b[from] == '\n' {
		from++
	}
	for from < to && b[to-1] == '\n' {
		to--
	}
	return from, to
}

// secret returns where in the match the secret lies: the rule's group, else the first group that took part, else all.
// The pattern runs again on the match alone, as gitleaks does it: where it needs context to match (a word boundary),
// the whole match is the secret.
func (r *rule) secret(match []byte) (start, end int, ok bool) {
	groups := r.pattern.whole().FindSubmatchIndex(match)
	if len(groups) < 4 {
		return 0, len(match), true
	}
	if g := 2 * r.SecretGroup; g > 0 {
		// A group that took no part gives an empty secret.
		return max(0, groups[g]), max(0, groups[g+1]), true
	}
	for g := 2; g < len(groups); g += 2 {
		if groups[g] < groups[g+1] {
			return groups[g], groups[g+1], true
		}
	}
	return 0, len(match), true
}

// lineContext bounds what a rule sees of a line: a long line is not matched whole again for each hit in it.
const lineContext = 2 << 10

// surroundingLine returns the lines that content[from:to] lies on, without the newlines around them.
func surroundingLine(content []byte, from, to int) []byte {
	before, after := content[max(0, from-lineContext):from], content[to:min(len(content), to+lineContext)]
	from -= len(before) - 1 - bytes.LastIndexByte(before, '\n')
	if n := bytes.IndexByte(after, '\n'); n >= 0 {
		return content[from : to+n]
	}
	return content[from : to+len(after)]
}

func (r *rule) hit(value []byte, from, start, end int, bits float64) hit {
	h := hit{
		detector: r.RuleID, description: r.Description, from: from, start: start, end: end, entropy: bits,
		rank: rankNamed, confidence: 0.7,
		reasons: []string{"matches rule " + r.RuleID, fmt.Sprintf("entropy %.1f", bits)},
	}
	switch {
	case r.detector != nil:
		r.detector.judge(&h, value)
	case isGeneric(r.RuleID):
		h.rank, h.confidence = rankGeneric, 0.5
	case r.knowsForm(value):
		h.rank, h.confidence = rankForm, 0.85
	}
	return h
}

// knowsForm reports whether a keyword of the rule stands in the value itself: the rule knows the value by its form,
// and not only by the name beside it.
func (r *rule) knowsForm(value []byte) bool {
	text := strings.ToLower(string(value[:min(len(value), 64)]))
	return slices.ContainsFunc(r.Keywords, func(k string) bool { return k != "" && strings.Contains(text, k) })
}

// composed keeps the hits that stand near enough to a hit of every rule which r requires.
func (c *catalogue) composed(r *rule, w window, p *passage, found []hit) []hit {
	others := make([][]place, len(r.RequiredRules))
	for i, req := range r.RequiredRules {
		if other := c.byID[req.RuleID]; other != nil {
			others[i] = places(w, other.matches(w, p, c))
		}
	}
	var out []hit
	for i, at := range places(w, found) {
		complete := true
		for j, req := range r.RequiredRules {
			complete = complete && slices.ContainsFunc(others[j], func(o place) bool {
				return within(req.WithinLines, at.line, o.line) && within(req.WithinColumns, at.column, o.column)
			})
		}
		if complete {
			out = append(out, found[i])
		}
	}
	return out
}

type place struct{ line, column int }

// places returns where the matches begin; hits are in order of from.
func places(w window, hits []hit) []place {
	out := make([]place, 0, len(hits))
	at := lines{text: w.content[w.from:w.to], line: 1}
	for _, h := range hits {
		line, column := at.place(h.from - w.from)
		out = append(out, place{line, column})
	}
	return out
}

func within(limit *int, a, b int) bool { return limit == nil || max(a-b, b-a) <= *limit }

func isGeneric(id string) bool { return strings.Contains(strings.ToLower(id), "generic") }

// dropGeneric removes the hits of generic rules where a specific one has the same value on the same line, as gitleaks
// does. Hits are sorted by from.
func dropGeneric(content []byte, hits []hit) []hit {
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.from, b.from) })
	at := lines{text: content, line: 1}
	line := make([]int, len(hits))
	for i, h := range hits {
		line[i], _ = at.place(h.from)
	}
	var out []hit
	for i := 0; i < len(hits); {
		j := i
		for j < len(hits) && line[j] == line[i] {
			j++
		}
		out = append(out, dropGenericOnLine(content, hits[i:j])...)
		i = j
	}
	return out
}

// compared bounds the work on one line: past this many specific hits a generic one is compared with the first only.
const compared = 256

func dropGenericOnLine(content []byte, hits []hit) []hit {
	var specific [][]byte
	for _, h := range hits {
		if !isGeneric(h.detector) && len(specific) < compared {
			specific = append(specific, content[h.start:h.end])
		}
	}
	return slices.DeleteFunc(slices.Clone(hits), func(h hit) bool {
		return isGeneric(h.detector) && slices.ContainsFunc(specific, func(s []byte) bool {
			return bytes.Contains(s, content[h.start:h.end])
		})
	})
}
