package detect

import (
	"slices"
	"strings"
)

// literals is everything that an engine looks for in its one pass. Equal texts share a number, so that those who
// register them need not know of each other.
type literals struct {
	texts   []string // lower case; the number of a literal is its index
	numbers map[string]int
}

// add registers literals and returns the set of them; ASCII case is ignored, empty ones are never found.
func (l *literals) add(texts ...string) literalSet {
	if l.numbers == nil {
		l.numbers = map[string]int{}
	}
	var set literalSet
	for _, t := range texts {
		t = lowerASCII(t)
		n, known := l.numbers[t]
		if !known {
			n = len(l.texts)
			l.numbers[t] = n
			l.texts = append(l.texts, t)
		}
		if !slices.Contains(set.numbers, n) {
			set.numbers = append(set.numbers, n)
		}
	}
	return set
}

// lowerASCII keeps all but A to Z: what else Unicode folds, the automaton does not.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r | 0x20
		}
		return r
	}, s)
}

// literalSet are some of an engine's literals, as whoever registered them knows them.
type literalSet struct{ numbers []int }

// located is a literal and where it begins. There may be one for every second byte of a text: it is small.
type located struct{ literal, start int32 }

// anchors are the places of all literals in one text, found in one pass. Whoever registered a literalSet asks for its
// places; that costs nothing where there are none, and all costs of a text go by what was found, not by what was
// looked for: most texts are small and hold few of the literals.
type anchors struct {
	starts []int32 // of all places, those of one literal together and ascending
	parts  []part  // of each literal its part of starts
	found  []int   // the literals that are there, each once
}

// part is a range of anchors.starts.
type part struct{ from, to int32 }

// of returns the places of one literal in ascending order. It may not be changed.
func (a *anchors) of(literal int) []int32 {
	p := a.parts[literal]
	return a.starts[p.from:p.to]
}

// any reports whether one of a set's literals is in the text.
func (a *anchors) any(set literalSet) bool {
	for _, n := range set.numbers {
		if p := a.parts[n]; p.from != p.to {
			return true
		}
	}
	return false
}

// in returns the places of a set's literals in ascending order, in buffer's memory. A place at which several of them
// begin is listed as often.
func (a *anchors) in(set literalSet, buffer []int32) []int32 {
	starts := buffer[:0]
	lists := 0
	for _, n := range set.numbers {
		if one := a.of(n); len(one) > 0 {
			lists++
			starts = append(starts, one...)
		}
	}
	if lists > 1 {
		slices.Sort(starts)
	}
	return starts
}

// group replaces the places by those of the streams, in each of which and from one to the next those of one literal
// ascend; count is how many literals there are.
func (a *anchors) group(streams *streams, count int) {
	if len(a.parts) != count {
		a.parts = make([]part, count)
	}
	for _, n := range a.found {
		a.parts[n] = part{}
	}
	a.found = a.found[:0]
	for _, hits := range streams {
		for _, h := range hits {
			p := &a.parts[h.literal]
			if p.to == 0 {
				a.found = append(a.found, int(h.literal))
			}
			p.to++ // how many, until the next loop
		}
	}
	size := int32(0)
	for _, n := range a.found {
		p := &a.parts[n]
		size, *p = size+p.to, part{size, size}
	}
	a.starts = slices.Grow(a.starts[:0], int(size))[:size]
	for _, hits := range streams {
		for _, h := range hits {
			p := &a.parts[h.literal]
			a.starts[p.to] = h.start
			p.to++
		}
	}
}
