package detect

import (
	"cmp"
	"regexp"
	"slices"
)

// scored returns what is found in a content and in what is encoded in it, each with its confidence.
func (e *Engine) scored(path string, content []byte) []hit {
	out := e.scoredPlain(path, content)
	if passesPath(e.catalogue.global, path) {
		return out
	}
	budget := decodeBudget
	if inner := e.decoded(content, decodeDepth, &budget); len(inner) > 0 {
		out = settle(append(out, inner...))
	}
	return out
}

// scoredPlain is scored without decoding.
func (e *Engine) scoredPlain(path string, content []byte) []hit {
	var out []hit
	m := fitted()
	var f features // memory to work in
	for _, c := range e.suspects(path, content) {
		likely, doubt := m.score(&c, &f)
		c.hit.confidence = likely
		if e.users[c.hit.detector] && c.hit.confidence < askedFor {
			c.hit.confidence = askedFor
			c.hit.reasons = append(c.hit.reasons, "a rule of your own asks for it")
		}
		if doubt != "" {
			c.hit.reasons = append(c.hit.reasons, doubt)
		}
		if c.hit.rank >= rankNamed && c.hit.confidence > filledIn && variablesOnly.Match(content[c.hit.start:c.hit.end]) {
			c.hit.confidence = filledIn
			c.hit.reasons = append(c.hit.reasons, "the value is a variable's")
		}
		if c.hit.confidence < leastConfidence {
			continue
		}
		if c.valid.told && c.hit.confidence >= explained {
			c.hit.reasons = append(c.hit.reasons, c.valid.reason())
		}
		if c.hit.rank > rankOwn && c.hit.confidence >= explained {
			c.hit.reasons = append(c.hit.reasons, m.reasons(&f)...)
		}
		out = append(out, *c.hit)
	}
	return out
}

const (
	// leastConfidence is that of the least likely suspect that is still kept.
	leastConfidence = 0.02
	// askedFor is the least confidence of what a rule of the user's own finds: whoever writes a rule wants to see it.
	askedFor = 0.7
	// filledIn is the most confidence that a value gets which is written as a variable.
	filledIn = 0.1
	// explained is the confidence from which on the features that decided are named.
	explained = 0.2
)

// variablesOnly matches what a shell, a template or a person fills in: "$USER:$PASS", ${TOKEN}, %KEY%, {{ token }}, <token>.
var variablesOnly = regexp.MustCompile(`^["'\s:]*(?:\$\{?\w+\}?|\$\(\w+\)|%\w+%|\{\{[^{}]*\}\}|<[\w -]+>)(?:[:/@]?(?:\$\{?\w+\}?|\$\(\w+\)|%\w+%|\{\{[^{}]*\}\}|<[\w -]+>))*["'\s:]*$`)

// candidates returns all that may be a secret in a content, one for each value and place.
func (e *Engine) suspects(path string, content []byte) []suspect {
	hits, names := e.located(path, content)
	slices.Sort(names)
	g := genreOf(path)
	if g.place == "hashes" || g.lang == "css" {
		names = nil // hashes and salts by design, names of styles; what has a form is found all the same
	}
	found := assignments(g, content, names)
	byPlace(found) // before hits point at them
	for i := range found {
		// What its name does not call a secret takes no place from what does: private static final String TOKEN = "…".
		if facts := factsOf(found[i].name); facts.class != "" {
			hits = append(hits, assignedHit(content, &found[i]))
		}
	}
	if len(hits) > 0 || len(names) > 0 || formOf(path) != "" {
		hits = append(hits, extracted(path, content)...)
	}
	kept := settle(hits)
	out := make([]suspect, 0, len(kept))
	for i := range kept {
		h := &kept[i]
		if h.assigned == nil {
			h.assigned = around(found, h)
		}
		c := suspect{content: content, genre: g, hit: h, shape: shapeOf(content[h.start:h.end])}
		if h.assigned != nil {
			c.name = factsOf(h.assigned.name)
			if c.name.class == "" && h.rank == rankGuess {
				continue
			}
		}
		c.valid = c.validity()
		out = append(out, c)
	}
	if g.place == "test" && len(out) >= leastVectors {
		markVectors(out, g.syntax == syntaxCode)
	}
	return out
}

// leastVectors is how many hexadecimal values make a table of test vectors: in code under any names, in data, where
// recorded answers of a service may stand as well, under one.
const leastVectors = 8

func markVectors(all []suspect, anyName bool) {
	count := map[string]int{}
	name := func(c *suspect) string {
		if c.hit.rank != rankGuess || c.shape.kind != "hex" {
			return ""
		}
		if anyName {
			return "any"
		}
		return c.hit.assigned.name
	}
	for i := range all {
		count[name(&all[i])]++
	}
	for i := range all {
		n := name(&all[i])
		all[i].vector = n != "" && count[n] >= leastVectors
	}
}

func assignedHit(content []byte, a *assignment) hit {
	return hit{
		detector: "assigned-secret", description: "Value under the name of a secret.",
		start: a.start, end: a.end, from: a.start, entropy: entropy(content[a.start:a.end]), rank: rankGuess,
		confidence: 0.5, reasons: []string{"the name is one of a secret"}, assigned: a,
	}
}

func byPlace(found []assignment) {
	slices.SortFunc(found, func(a, b assignment) int { return cmp.Compare(a.start, b.start) })
}

// around returns an assignment whose value and the hit have bytes in common.
func around(found []assignment, h *hit) *assignment {
	at, _ := slices.BinarySearchFunc(found, h.end, func(a assignment, end int) int { return cmp.Compare(a.start, end) })
	for i := at - 1; i >= max(0, at-4); i-- {
		if found[i].end > h.start {
			return &found[i]
		}
	}
	return nil
}
