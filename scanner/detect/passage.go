package detect

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// passage is a text that is being matched, with the places of all literals in it. Offsets are those of the text.
// Passages are used again, so that a small file costs no memory.
type passage struct {
	text    []byte
	anchors anchors

	// A text with one of the characters that folding makes ASCII letters of is folded before it is searched; the
	// offsets are brought back.
	folded  []byte // text itself, when there is none
	removed []removal
	lowered []byte // as gitleaks looks for keywords; nil until asked for

	streams streams // memory to work in
	set     []int32
	spans   []span
	rules   []int
}

// removal says how much shorter the folded text is from an offset on.
type removal struct{ from, bytes int }

// read finds all literals in text. Whoever is done with the passage gives it back to e.passages.
func (e *Engine) read(text []byte) *passage {
	p, _ := e.passages.Get().(*passage)
	if p == nil {
		p = &passage{}
	}
	p.text, p.folded, p.removed, p.lowered = text, text, p.removed[:0], nil
	p.find(e.automata, len(e.literals.texts))
	if p.anchors.any(e.foldable) {
		p.fold()
		p.find(e.automata, len(e.literals.texts))
	}
	return p
}

func (p *passage) find(automata []*automaton, count int) {
	p.search(automata)
	p.anchors.group(&p.streams, count)
	p.unfold(p.anchors.starts)
}

// search puts what automata find into the streams.
func (p *passage) search(automata []*automaton) {
	for i := range p.streams {
		p.streams[i] = p.streams[i][:0]
	}
	for _, a := range automata {
		a.find(p.folded, &p.streams)
	}
}

// places returns where the literals of a set begin, ascending. It is valid until the next call.
func (p *passage) places(set literalSet) []int32 {
	if len(set.numbers) == 1 {
		return p.anchors.of(set.numbers[0])
	}
	p.set = p.anchors.in(set, p.set)
	return p.set
}

// placesOf returns where a search's literals begin, ascending. It is valid until the next call.
func (p *passage) placesOf(s *search) []int32 {
	if len(s.set.numbers) > 0 || len(s.literals) == 0 {
		return p.places(s.set)
	}
	p.search(s.own())
	p.set = p.set[:0]
	for _, hits := range p.streams {
		for _, h := range hits {
			p.set = append(p.set, h.start)
		}
	}
	p.unfold(p.set)
	slices.Sort(p.set)
	return p.set
}

// foldables are the characters that become ASCII letters: in patterns that ignore case the first two, in keywords
// the first and the last.
var foldables = []string{string(kelvinSign), string(longS), string(dottedI)}

const dottedI = '\u0130' // Unicode's lower case of it is i

// fold replaces these characters. What is found in the folded text is more than patterns and keywords allow; each
// says so by itself.
func (p *passage) fold() {
	p.folded = make([]byte, 0, len(p.text))
	gone, done := 0, 0
	for i := 0; i < len(p.text); {
		if b := p.text[i]; b != 0xe2 && b != 0xc4 && b != 0xc5 { // what the foldables begin with
			i++
			continue
		}
		letter := byte(0)
		r, width := utf8.DecodeRune(p.text[i:])
		switch r {
		case kelvinSign:
			letter = 'k'
		case longS:
			letter = 's'
		case dottedI:
			letter = 'i'
		}
		if letter != 0 {
			p.folded = append(append(p.folded, p.text[done:i]...), letter)
			gone += width - 1
			p.removed = append(p.removed, removal{len(p.folded), gone})
			done = i + width
		}
		i += width
	}
	p.folded = append(p.folded, p.text[done:]...)
}

// unfold turns offsets in the folded text into those in the text.
func (p *passage) unfold(starts []int32) {
	if len(p.removed) == 0 {
		return
	}
	for i, start := range starts {
		n, found := slices.BinarySearchFunc(p.removed, int(start), func(r removal, at int) int { return r.from - at })
		if !found {
			n--
		}
		if n >= 0 {
			starts[i] += int32(p.removed[n].bytes)
		}
	}
}

// hasKeyword reports whether a keyword of a rule is in the text, as gitleaks has it: it lowers the text by Unicode's
// rules, which make a "k" of the Kelvin sign and an "i" of the dotted capital I.
func (p *passage) hasKeyword(keywords []string) bool {
	if p.lowered == nil {
		p.lowered = bytes.ToLower(p.text)
	}
	return slices.ContainsFunc(keywords, func(k string) bool { return k != "" && bytes.Contains(p.lowered, []byte(k)) })
}
