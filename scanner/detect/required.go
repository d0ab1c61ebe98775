package detect

import (
	"math/bits"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// beginning is a literal with which a match of a part of a pattern may begin: lower case, ASCII, as the automaton sees
// it. What is open may go on with what follows in the pattern.
type beginning struct {
	text string
	open bool
}

const (
	maxBeginnings = 64 // of one pattern
	maxBeginning  = 24 // bytes; more is rare enough
)

var anything = []beginning{{}}

// beginnings returns texts of which at least one begins every match of re. An empty one says nothing.
func beginnings(re *syntax.Regexp) []beginning {
	switch re.Op {
	case syntax.OpLiteral:
		return literalBeginning(re.Rune)
	case syntax.OpCharClass:
		return classBeginnings(re.Rune)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []beginning{{open: true}}
	case syntax.OpCapture:
		return beginnings(re.Sub[0])
	case syntax.OpConcat:
		return concatBeginnings(re.Sub)
	case syntax.OpAlternate:
		var all []beginning
		for _, sub := range re.Sub {
			all = append(all, beginnings(sub)...)
		}
		return limited(all)
	case syntax.OpQuest:
		return limited(append(beginnings(re.Sub[0]), beginning{open: true}))
	case syntax.OpPlus:
		return closed(beginnings(re.Sub[0]))
	case syntax.OpRepeat:
		return repeatBeginnings(re)
	}
	return anything
}

func literalBeginning(runes []rune) []beginning {
	var b strings.Builder
	for _, r := range runes {
		if r >= utf8.RuneSelf || b.Len() == maxBeginning {
			return []beginning{{text: b.String()}}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return []beginning{{text: b.String(), open: true}}
}

// classBeginnings takes small classes apart. Of what is not ASCII only the two characters are known that case folding
// makes of ASCII: texts that hold them are folded before they are searched.
func classBeginnings(ranges []rune) []beginning {
	var letters [2]uint64 // bit set of lower case
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			switch {
			case r == kelvinSign:
				letters['k'/64] |= 1 << ('k' % 64)
			case r == longS:
				letters['s'/64] |= 1 << ('s' % 64)
			case r >= utf8.RuneSelf:
				return anything
			default:
				l := unicode.ToLower(r)
				letters[l/64] |= 1 << (l % 64)
			}
		}
	}
	if bits.OnesCount64(letters[0])+bits.OnesCount64(letters[1]) > maxExpanded {
		return anything
	}
	var out []beginning
	for r := range rune(utf8.RuneSelf) {
		if letters[r/64]&(1<<(r%64)) != 0 {
			out = append(out, beginning{string(r), true})
		}
	}
	return out
}

const (
	kelvinSign = '\u212a' // folds to k
	longS      = '\u017f' // folds to s
	// maxExpanded is the largest class that is taken apart: hexadecimal digits.
	maxExpanded = 16
	// fewExpanded is how many a longer beginning is multiplied by at most.
	fewExpanded = 4
	// longEnough in bytes is a beginning that is not multiplied further.
	longEnough = 3
)

func concatBeginnings(subs []*syntax.Regexp) []beginning {
	all := []beginning{{open: true}}
	for _, sub := range subs {
		next := beginnings(sub)
		if shortest(all) >= longEnough && (len(next) > fewExpanded || len(all)*len(next) > maxBeginnings) {
			return closed(all)
		}
		var crossed []beginning
		goesOn := false
		for _, a := range all {
			if !a.open {
				crossed = append(crossed, a)
				continue
			}
			for _, b := range next {
				joined := beginning{a.text + b.text, b.open && len(a.text)+len(b.text) < maxBeginning}
				crossed = append(crossed, joined)
				goesOn = goesOn || joined.open
			}
		}
		if all = limited(crossed); !goesOn {
			break
		}
	}
	return all
}

func repeatBeginnings(re *syntax.Regexp) []beginning {
	if re.Min == 0 {
		return limited(append(closed(beginnings(re.Sub[0])), beginning{open: true}))
	}
	if all := beginnings(re.Sub[0]); len(all) > fewExpanded {
		return closed(all)
	}
	subs := make([]*syntax.Regexp, min(re.Min, longEnough))
	for i := range subs {
		subs[i] = re.Sub[0]
	}
	if all := concatBeginnings(subs); re.Min == re.Max && re.Min <= longEnough {
		return all
	} else {
		return closed(all)
	}
}

func closed(all []beginning) []beginning {
	out := make([]beginning, len(all))
	for i, b := range all {
		out[i] = beginning{text: b.text}
	}
	return out
}

// limited makes few of many: without repetitions and, where that is not enough, shorter.
func limited(all []beginning) []beginning {
	for length := maxBeginning; len(all) > maxBeginnings; length /= 2 {
		if length < 2 {
			return anything
		}
		for i, b := range all {
			if len(b.text) > length {
				all[i] = beginning{text: b.text[:length]}
			}
		}
		slices.SortFunc(all, func(a, b beginning) int { return strings.Compare(a.text, b.text) })
		all = slices.Compact(all)
	}
	return all
}

func shortest(all []beginning) int {
	n := maxBeginning
	for _, b := range all {
		n = min(n, len(b.text))
	}
	return n
}

// rarity estimates, in bits, how rarely the most common of the texts is met; 0 when one of them is empty.
func rarity(all []beginning) int {
	least := 1 << 10
	for _, b := range all {
		n := 0
		for _, c := range []byte(b.text) {
			if n += 6; 'a' <= c && c <= 'z' {
				n -= 2
			}
		}
		least = min(least, n)
	}
	return max(0, least-bits.Len(uint(len(all)-1)))
}

// width returns how many bytes a match of re has, at least and at most; unbounded when there is no bound.
func width(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			a, b := runeWidth(r, re.Flags&syntax.FoldCase != 0)
			least, most = least+a, most+b
		}
		return least, most
	case syntax.OpCharClass:
		return classWidth(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, utf8.UTFMax
	case syntax.OpCapture:
		return width(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			a, b := width(sub)
			least, most = least+a, plus(most, b)
		}
		return least, most
	case syntax.OpAlternate:
		least = unbounded
		for _, sub := range re.Sub {
			a, b := width(sub)
			least, most = min(least, a), max(most, b)
		}
		return least, most
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return repeatWidth(re)
	}
	return 0, 0
}

const unbounded = 1 << 30

func plus(a, b int) int { return min(a+b, unbounded) }

func repeatWidth(re *syntax.Regexp) (least, most int) {
	a, b := width(re.Sub[0])
	from, to := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		from, to = 0, -1
	case syntax.OpPlus:
		from, to = 1, -1
	case syntax.OpQuest:
		from, to = 0, 1
	}
	if b == 0 {
		return 0, 0
	}
	if to < 0 || b >= unbounded/max(1, to) {
		return min(from*a, unbounded), unbounded
	}
	return from * a, to * b
}

func runeWidth(r rune, fold bool) (least, most int) {
	least = utf8.RuneLen(r)
	most = least
	for f := unicode.SimpleFold(r); fold && f != r; f = unicode.SimpleFold(f) {
		least, most = min(least, utf8.RuneLen(f)), max(most, utf8.RuneLen(f))
	}
	return least, most
}

// classWidth counts a byte that is no UTF-8 as one byte: to regexp it is the replacement character.
func classWidth(ranges []rune) (least, most int) {
	if len(ranges) == 0 {
		return 0, 0
	}
	least, most = utf8.UTFMax, utf8.RuneLen(min(ranges[len(ranges)-1], unicode.MaxRune))
	if most < 0 {
		most = 3 // a surrogate half
	}
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] < utf8.RuneSelf || ranges[i] <= utf8.RuneError && utf8.RuneError <= ranges[i+1] {
			return 1, most
		}
		least = min(least, max(1, utf8.RuneLen(ranges[i])))
	}
	return least, most
}
