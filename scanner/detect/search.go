package detect

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// search finds the matches of one pattern: those that regexp.FindAllIndex finds, without running it over the text.
//
// Each match holds one of some literals, least to most bytes behind its beginning. Where one is found, the places in
// which a match may begin are tried with the pattern's dfa, first to last, so that the first success is the leftmost
// match. Two sorts of patterns have no literals: those that match nothing at all (empty) are left to regexp; others are
// tried in every place where their first byte may stand.
//
// Many patterns begin with any few characters ("[\w.-]{0,50}?" in gitleaks' rules) before the word that matters. These
// runs are taken off: a match of what is left is extended back over them.
type search struct {
	source      string
	groups      int
	literals    []string
	implied     bool // each of literals holds a keyword
	least, most int
	empty       bool
	runs        []run
	body        string // the pattern without runs

	set   literalSet            // literals, when they are among the engine's; else
	own   func() []*automaton   // they are looked for when the rule is wanted
	dfa   *dfa                  // of body
	first func() *[256]bool     // bytes that a match of body may begin with
	whole func() *regexp.Regexp // of all
}

// newSearch takes a pattern apart. Literals that hold one of keywords are preferred to others: where they are found, no
// keyword need be looked for.
func newSearch(pattern string, keywords []string, memory *dfaMemory) (*search, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	s := &search{source: pattern, groups: re.MaxCap()}
	s.whole = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	if least, _ := width(re); least == 0 {
		s.empty = true
		return s, nil
	}
	items := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		items = re.Sub
	}
	s.body = pattern
	s.runs = leadingRuns(items)
	front := concatBeginnings(items[len(s.runs):])
	rare := rarity(front)
	var within []beginning
	least, most := 0, 0
	if rare < leastRarity || rare < plainRarity && !holdKeyword(texts(front), keywords) {
		within, least, most = inside(re)
	}
	if rare >= leastRarity && !holdKeyword(texts(within), keywords) {
		s.anchor(front, 0, 0)
		if len(s.runs) > 0 {
			s.body = (&syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags, Sub: items[len(s.runs):]}).String()
		}
	} else {
		s.runs = nil
		s.anchor(within, least, most)
	}
	s.implied = holdKeyword(s.literals, keywords)
	s.own = sync.OnceValue(func() []*automaton { return newAutomata(s.literals) })
	s.dfa = newDFA(s.body, false, memory)
	s.first = sync.OnceValue(s.dfa.firstBytes)
	return s, nil
}

const (
	// leastRarity in bits makes the beginning of a pattern good enough to look no further: two letters.
	leastRarity = 8
	// plainRarity in bits makes it so good that a keyword further inside would be no better: four letters.
	plainRarity = 16
	// maxDistance in bytes is the farthest that a literal may stand behind the beginning of a match.
	maxDistance = 400
)

func (s *search) anchor(all []beginning, least, most int) {
	s.literals, s.least, s.most = texts(all), least, most
}

// texts of beginnings, each once.
func texts(all []beginning) (out []string) {
	for _, b := range all {
		if !slices.Contains(out, b.text) {
			out = append(out, b.text)
		}
	}
	return out
}

// holdKeyword reports whether there are literals and each holds a keyword, when there are keywords.
func holdKeyword(literals, keywords []string) bool {
	return len(literals) > 0 && !slices.ContainsFunc(literals, func(text string) bool {
		return len(keywords) > 0 && !slices.ContainsFunc(keywords, func(k string) bool { return k != "" && strings.Contains(text, k) })
	})
}

// inside looks for the rarest literals that stand at most maxDistance behind the beginning; nil when there are none.
// Where the branches of a pattern have each their own, it is all of these.
func inside(re *syntax.Regexp) (all []beginning, least, most int) {
	best, from, to := 0, 0, 0
	for items := flat([]*syntax.Regexp{re}); len(items) > 0 && to <= maxDistance; items = items[1:] {
		here := concatBeginnings(items)
		if r := rarity(here); r > best {
			best, all, least, most = r, here, from, to
		}
		a, b := width(items[0])
		from, to = from+a, plus(to, b)
	}
	if best > 0 || re.Op != syntax.OpAlternate {
		return all, least, most
	}
	least = maxDistance
	for _, branch := range re.Sub {
		here, a, b := inside(branch)
		if here == nil {
			return nil, 0, 0
		}
		all, least, most = append(all, here...), min(least, a), max(most, b)
	}
	return all, least, most
}

// flat returns the parts of a concatenation, with those inside captures.
func flat(items []*syntax.Regexp) []*syntax.Regexp {
	var out []*syntax.Regexp
	for _, item := range items {
		for item.Op == syntax.OpCapture {
			item = item.Sub[0]
		}
		if item.Op == syntax.OpConcat {
			out = append(out, flat(item.Sub)...)
		} else {
			out = append(out, item)
		}
	}
	return out
}

// run is a class repeated up to max times, as few times as possible.
type run struct {
	max    int
	ranges []rune
}

// leadingRuns returns the runs that a concatenation begins with. Each holds what the one before it holds: only then
// does walking back from a match of the rest give the beginning that regexp finds.
func leadingRuns(items []*syntax.Regexp) []run {
	var out []run
	for _, re := range items[:len(items)-1] {
		lazy := re.Flags&syntax.NonGreedy != 0
		if re.Op != syntax.OpRepeat || !lazy || re.Min != 0 || re.Max < 0 || re.Sub[0].Op != syntax.OpCharClass {
			break
		}
		next := run{re.Max, re.Sub[0].Rune}
		if n := len(out); n > 0 && !next.holds(out[n-1]) {
			break
		}
		out = append(out, next)
	}
	return out
}

// holds reports whether all characters of another run are of this one's class.
func (r run) holds(other run) bool {
	for i := 0; i < len(other.ranges); i += 2 {
		inside := false
		for j := 0; j < len(r.ranges); j += 2 {
			inside = inside || r.ranges[j] <= other.ranges[i] && other.ranges[i+1] <= r.ranges[j+1]
		}
		if !inside {
			return false
		}
	}
	return true
}

func (r run) contains(c rune) bool {
	for i := 0; i < len(r.ranges); i += 2 {
		if c <= r.ranges[i+1] {
			return c >= r.ranges[i]
		}
	}
	return false
}

// back returns where a match begins whose body begins at a place; not before floor.
func (s *search) back(text []byte, at, floor int) int {
	for i := len(s.runs) - 1; i >= 0; i-- {
		for range s.runs[i].max {
			c, width := utf8.DecodeLastRune(text[floor:at])
			if width == 0 || !s.runs[i].contains(c) {
				break
			}
			at -= width
		}
	}
	return at
}

// span is a range of bytes.
type span struct{ start, end int }

// patience is how many steps per byte of a text a search may take before regexp reads the text once instead, which is
// slow, but never slower than linear.
const patience = 256

// find appends the matches in text to out, in order. places are those of the search's literals, ascending.
func (s *search) find(text []byte, places []int32, out []span) []span {
	if s.empty {
		return s.all(text, out)
	}
	if len(s.literals) == 0 {
		return s.walk(text, out)
	}
	done := len(out)
	d, first := s.dfa, s.first()
	floor, tried, steps := 0, 0, 0 // nothing begins before floor; what begins before tried was tried
	for _, p := range places {
		for at := max(int(p)-s.most, floor, tried); at <= int(p)-s.least; at++ {
			tried = at + 1
			if !first[text[at]] || !utf8.RuneStart(text[at]) && insideRune(text, at) {
				continue
			}
			end, looked := d.end(text, at)
			if steps += looked; steps > patience*len(text)+1<<16 {
				return s.all(text, out[:done])
			}
			if end < 0 {
				continue
			}
			out = append(out, span{s.back(text, at, floor), end})
			floor = end
			at = end - 1
		}
	}
	d.served.Add(int64(steps))
	return out
}

// walk tries every place.
func (s *search) walk(text []byte, out []span) []span {
	done := len(out)
	d, first := s.dfa, s.first()
	steps := 0
	for at := 0; at < len(text); at++ {
		if !first[text[at]] || !utf8.RuneStart(text[at]) && insideRune(text, at) {
			continue
		}
		end, looked := d.end(text, at)
		if steps += looked; steps > patience*len(text)+1<<16 {
			return s.all(text, out[:done])
		}
		if end > at {
			out = append(out, span{at, end})
			at = end - 1
		}
	}
	d.served.Add(int64(steps))
	return out
}

// all asks regexp.
func (s *search) all(text []byte, out []span) []span {
	for _, m := range s.whole().FindAllIndex(text, -1) {
		out = append(out, span{m[0], m[1]})
	}
	return out
}

// insideRune reports whether the byte at a place, which begins no character, belongs to one before it.
func insideRune(text []byte, at int) bool {
	for back := 1; back < utf8.UTFMax && back <= at; back++ {
		if utf8.RuneStart(text[at-back]) {
			_, width := utf8.DecodeRune(text[at-back:])
			return width > back
		}
	}
	return false
}
