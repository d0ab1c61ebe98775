package detect

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"sync"
	"testing"
)

var sharedEngine = sync.OnceValues(func() (*Engine, error) { return New(Options{}) })

func engine(t testing.TB) *Engine {
	t.Helper()
	e, err := sharedEngine()
	if err != nil {
		t.Fatalf("New(Options{}) = %v", err)
	}
	return e
}

// random returns n characters of an alphabet.
func random(r *rand.Rand, alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

const (
	alnum   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	urlSafe = alnum + "-_"
)

// sample makes a text that the pattern matches, as far as assertions allow.
func sample(r *rand.Rand, pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	writeSample(&b, r, re)
	return b.String()
}

func writeSample(b *strings.Builder, r *rand.Rand, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(pickRune(r, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(alnum[r.IntN(len(alnum))])
	case syntax.OpStar, syntax.OpQuest:
		for range r.IntN(2) {
			writeSample(b, r, re.Sub[0])
		}
	case syntax.OpPlus:
		for range 1 + r.IntN(3) {
			writeSample(b, r, re.Sub[0])
		}
	case syntax.OpRepeat:
		n := re.Min
		if re.Max != re.Min {
			n += r.IntN(4)
		}
		for range n {
			writeSample(b, r, re.Sub[0])
		}
	case syntax.OpAlternate:
		writeSample(b, r, re.Sub[r.IntN(len(re.Sub))])
	case syntax.OpCapture, syntax.OpConcat:
		for _, s := range re.Sub {
			writeSample(b, r, s)
		}
	}
}

// pickRune prefers ASCII: a class may hold folds such as the Kelvin sign.
func pickRune(r *rand.Rand, class []rune) rune {
	var ascii []rune
	for i := 0; i < len(class); i += 2 {
		for c := class[i]; c <= min(class[i+1], 0x7e); c++ {
			if c >= ' ' || c == '\n' {
				ascii = append(ascii, c)
			}
		}
	}
	if len(ascii) == 0 {
		return class[0]
	}
	return ascii[r.IntN(len(ascii))]
}
