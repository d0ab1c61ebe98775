package detect

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"nhiscan/inventory/secret"
)

// DefaultConfidence is the least confidence of a finding that is shown where nobody says otherwise.
const DefaultConfidence = 0.5

// Finding is one secret in the bytes that were searched.
type Finding struct {
	Detector    string // rule or own detector, kebab-case
	Description string // one sentence on what the detector looks for
	Start, End  int    // byte offsets of the secret in the input: input[Start:End] is the secret
	Line        int    // 1-based
	Column      int    // 1-based, in bytes
	EndLine     int    // line of the secret's last byte
	EndColumn   int    // column after the secret's last byte, 1-based, in bytes
	Secret      secret.Value
	Entropy     float64  // Shannon entropy of the secret, bits per character
	Confidence  float64  // 0 to 1, that this is a credential and not something that looks like one
	Reasons     []string // what the confidence rests on; never part of the value
}

// hit is a finding before it has its place in lines.
type hit struct {
	detector, description string
	start, end            int // of the secret
	from                  int // of the whole match: lines are compared by it
	entropy               float64
	rank                  rank
	confidence            float64
	reasons               []string
	assigned              *assignment // what the parser found at the value, or nil
}

// findings turns hits in text into findings, sorted by offset, then detector. Hits must not be empty ranges, except
// those of a path rule on empty content.
func findings(text []byte, hits []hit) []Finding {
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.detector, b.detector), cmp.Compare(a.end, b.end))
	})
	var out []Finding
	at := lines{text: text, line: 1}
	for _, h := range hits {
		f := Finding{
			Detector: h.detector, Description: h.description, Start: h.start, End: h.end,
			Secret: secret.New(string(text[h.start:h.end])), Entropy: h.entropy, Confidence: h.confidence, Reasons: h.reasons,
		}
		f.Line, f.Column = at.place(h.start)
		last := at // the next secret may begin before this one ends
		f.EndLine, f.EndColumn = last.place(max(h.start, h.end-1))
		if h.end > h.start {
			f.EndColumn++
		}
		out = append(out, f)
	}
	return out
}

// lines answers for ascending offsets in which line and column they are.
type lines struct {
	text       []byte
	done       int // up to here newlines are counted
	line       int
	lineStarts int
}

func (l *lines) place(offset int) (line, column int) {
	part := l.text[l.done:offset]
	if n := bytes.Count(part, newline); n > 0 {
		l.line += n
		l.lineStarts = l.done + bytes.LastIndexByte(part, '\n') + 1
	}
	l.done = offset
	return l.line, offset - l.lineStarts + 1
}

var newline = []byte("\n")

// entropy is the Shannon entropy of s in bits per character as gitleaks counts it: over characters, but per byte of
// length, so that values in other alphabets than ASCII come out lower.
func entropy(s []byte) float64 {
	if len(s) == 0 {
		return 0
	}
	var ascii [utf8.RuneSelf]int
	var other map[rune]int
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			ascii[s[i]]++
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if other == nil {
			other = map[rune]int{}
		}
		other[r]++
		i += n
	}
	bits, per := 0.0, 1/float64(len(s))
	add := func(count int) {
		if count > 0 {
			p := float64(count) * per
			bits -= p * math.Log2(p)
		}
	}
	for _, n := range ascii {
		add(n)
	}
	for _, n := range slices.Sorted(maps.Values(other)) { // sorted, for a sum that is the same every time
		add(n)
	}
	return bits
}
