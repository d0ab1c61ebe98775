package detect

import (
	"regexp/syntax"
	"slices"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// kind is what assertions ask of a neighbouring character.
type kind uint8

const (
	kindNone    kind = iota // beginning or end of the text
	kindNewline             // "\n"
	kindWord                // [0-9A-Za-z_]
	kindOther
	kinds
)

func kindOf(r rune) kind {
	switch {
	case r == '\n':
		return kindNewline
	case syntax.IsWordChar(r):
		return kindWord
	}
	return kindOther
}

// classes maps characters that a program never tells apart to one number.
type classes struct {
	ascii  [utf8.RuneSelf]uint8
	above  []rune  // ranges of characters above ASCII begin here, ascending
	ranges []uint8 // and are of these classes
	sample []rune  // a character of each class
	end    uint8   // the class of the end of the text
}

// decode returns the class of the character at the beginning of text, which is not ASCII, and its width in bytes.
func (c *classes) decode(text []byte) (uint8, int) {
	r, width := utf8.DecodeRune(text)
	i, found := slices.BinarySearch(c.above, r)
	if !found {
		i--
	}
	return c.ranges[i], width
}

func (c *classes) count() int { return len(c.sample) + 1 }

// newClasses reports false when there are too many.
func newClasses(prog *syntax.Prog) (classes, bool) {
	var sets []*syntax.Inst // without repetitions: a counted repeat holds its class many times
	borders := []rune{0, '\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1, utf8.RuneSelf}
	for i := range prog.Inst {
		in := &prog.Inst[i]
		switch in.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		default:
			continue
		}
		if slices.ContainsFunc(sets, func(s *syntax.Inst) bool { return s.Op == in.Op && s.Arg == in.Arg && slices.Equal(s.Rune, in.Rune) }) {
			continue
		}
		sets = append(sets, in)
		borders = append(borders, bordersOf(in)...)
	}
	slices.Sort(borders)
	borders = slices.Compact(borders)
	var c classes
	known := map[string]uint8{}
	key := make([]byte, 0, len(sets)+1)
	for i, r := range borders {
		key = append(key[:0], byte(kindOf(r)))
		for _, s := range sets {
			bit := byte(0)
			if s.MatchRune(r) {
				bit = 1
			}
			key = append(key, bit)
		}
		class, seen := known[string(key)]
		if !seen {
			if len(c.sample) > 250 {
				return c, false
			}
			class = uint8(len(c.sample))
			known[string(key)] = class
			c.sample = append(c.sample, r)
		}
		if r >= utf8.RuneSelf {
			c.above, c.ranges = append(c.above, r), append(c.ranges, class)
			continue
		}
		for b := r; b < borders[i+1]; b++ {
			c.ascii[b] = class
		}
	}
	c.end = uint8(len(c.sample))
	return c, true
}

// bordersOf returns where an instruction's answer may change.
func bordersOf(in *syntax.Inst) []rune {
	var out []rune
	if len(in.Rune) == 1 { // perhaps with its folds
		out = append(out, in.Rune[0], in.Rune[0]+1)
		for r := unicode.SimpleFold(in.Rune[0]); r != in.Rune[0]; r = unicode.SimpleFold(r) {
			out = append(out, r, r+1)
		}
		return out
	}
	for i := 0; i+1 < len(in.Rune); i += 2 {
		out = append(out, in.Rune[i], in.Rune[i+1]+1)
	}
	return out
}

// step makes the state after s and a character of a class; nil when there is no room for it.
func (d *dfa) step(s *state, class uint8) *state {
	d.mu.Lock()
	defer d.mu.Unlock()
	if next := s.next[class].Load(); next != nil {
		return next
	}
	if s.cache.epoch != d.memory.epoch.Load() {
		return nil
	}
	if len(s.cache.states) >= maxDFAStates {
		if d.cache.CompareAndSwap(s.cache, nil) && d.served.Load()-s.cache.served < leastServed*maxDFAStates {
			d.overflows.Add(1)
		}
		return nil
	}
	threads, ended := d.follow(s, class)
	after := kindOther
	if d.looksBack && class != d.classes.end {
		after = kindOf(d.classes.sample[class])
	}
	next := d.state(s.cache, threads, after, ended)
	s.next[class].Store(next)
	return next
}

// follow returns the threads after a character, and whether one of s reached a match before it. Threads of less
// preference than that one are given up.
func (d *dfa) follow(s *state, class uint8) (threads []uint16, ended bool) {
	after, char := kindNone, rune(-1)
	if class != d.classes.end {
		char = d.classes.sample[class]
		after = kindOf(char)
	}
	holds := assertions(s.before, after)
	d.turn++
	for _, first := range s.threads {
		d.queue = append(d.queue[:0], uint32(first))
		for len(d.queue) > 0 {
			pc := d.queue[len(d.queue)-1]
			d.queue = d.queue[:len(d.queue)-1]
			if d.visited[pc] == d.turn {
				continue
			}
			d.visited[pc] = d.turn
			switch in := &d.prog.Inst[pc]; in.Op {
			case syntax.InstAlt, syntax.InstAltMatch:
				d.queue = append(d.queue, in.Arg, in.Out)
			case syntax.InstCapture, syntax.InstNop:
				d.queue = append(d.queue, in.Out)
			case syntax.InstEmptyWidth:
				if syntax.EmptyOp(in.Arg)&^holds == 0 {
					d.queue = append(d.queue, in.Out)
				}
			case syntax.InstMatch:
				return threads, true
			case syntax.InstFail:
			default:
				if char >= 0 && in.MatchRune(char) && d.added[in.Out] != d.turn {
					d.added[in.Out] = d.turn
					threads = append(threads, uint16(in.Out))
				}
			}
		}
	}
	return threads, false
}

func assertions(before, after kind) syntax.EmptyOp {
	var holds syntax.EmptyOp
	switch before {
	case kindNone:
		holds |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	case kindNewline:
		holds |= syntax.EmptyBeginLine
	}
	switch after {
	case kindNone:
		holds |= syntax.EmptyEndText | syntax.EmptyEndLine
	case kindNewline:
		holds |= syntax.EmptyEndLine
	}
	if (before == kindWord) != (after == kindWord) {
		return holds | syntax.EmptyWordBoundary
	}
	return holds | syntax.EmptyNoWordBoundary
}

// state returns the state of a cache with these properties.
func (d *dfa) state(cache *dfaCache, threads []uint16, before kind, ended bool) *state {
	if len(threads) == 0 {
		before = kindOther
	}
	key := make([]byte, 0, 2*len(threads)+2)
	key = append(key, byte(before), 0)
	if ended {
		key[1] = 1
	}
	for _, t := range threads {
		key = append(key, byte(t), byte(t>>8))
	}
	if s := cache.states[string(key)]; s != nil {
		return s
	}
	s := &state{
		threads: threads, before: before, ended: ended, dead: len(threads) == 0, cache: cache,
		next: make([]atomic.Pointer[state], d.classes.count()),
	}
	cache.states[string(key)] = s
	size := int64(200 + 8*len(s.next) + 2*cap(threads) + 2*len(key))
	if d.memory.used.Add(size) > maxDFAMemory {
		d.memory.used.Store(0)
		d.memory.epoch.Add(1)
	}
	return s
}
