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

// located is a literal and where it begins.
type located struct{ literal, start int }

// anchors are the places of all literals in one text, found in one pass. Whoever registered a literalSet asks for its
// places; that costs nothing where there are none.
type anchors struct {
	all   []located // by literal, then start
	first []int32   // of each literal its first in all; one more at the end
	found []int     // the literals that are there, each once
}

// of returns the places of one literal in ascending order. It may not be changed.
func (a *anchors) of(literal int) []located {
	return a.all[a.first[literal]:a.first[literal+1]]
}

// any reports whether one of a set's literals is in the text.
func (a *anchors) any(set literalSet) bool {
	for _, n := range set.numbers {
		if a.first[n] != a.first[n+1] {
			return true
		}
	}
	return false
}

// in returns the places of a set's literals sorted by start, in buffer's memory. Of literals that begin in one place
// each is listed, in the order in which they were registered.
func (a *anchors) in(set literalSet, buffer []located) []located {
	found := buffer[:0]
	lists := 0
	for _, n := range set.numbers {
		part := a.of(n)
		if len(part) == 0 {
			continue
		}
		lists++
		found = append(found, part...)
	}
	if lists > 1 {
		slices.SortStableFunc(found, func(a, b located) int { return a.start - b.start })
	}
	return found
}

// group puts hits, which are in the order of the text, in the order of anchors.
func (a *anchors) group(hits []located, count int) {
	a.first = append(a.first[:0], make([]int32, count+1)...)
	a.found = a.found[:0]
	for _, h := range hits {
		if a.first[h.literal+1]++; a.first[h.literal+1] == 1 {
			a.found = append(a.found, h.literal)
		}
	}
	for i := range count {
		a.first[i+1] += a.first[i]
	}
	a.all = slices.Grow(a.all[:0], len(hits))[:len(hits)]
	for _, h := range hits { // a.first[n] becomes the end of n's part, which is the beginning of the next one's
		a.all[a.first[h.literal]] = h
		a.first[h.literal]++
	}
	copy(a.first[1:], a.first)
	a.first[0] = 0
}
