package history

import (
	"cmp"
	"math"
)

// A finding is kept as a fact and where it lies. A history holds a line once for each change of its file: the 167,000
// findings of one of 9,000 commits are 4,800 facts.

// fact is what a finding says apart from where it lies.
type fact struct {
	detector, title   string
	confidence        float64
	reasons           []string
	hint, fingerprint string
}

// spot is a fact and where it lies in a content. It points to nothing, for there are many.
type spot struct{ fact, line, column, endLine, endColumn int32 }

func spotOf(fact int32, f Finding) spot {
	at := func(n int) int32 { return int32(max(0, min(n, math.MaxInt32))) } //nolint:gosec // bounded
	return spot{fact, at(f.Line), at(f.Column), at(f.EndLine), at(f.EndColumn)}
}

// facts gives each distinct fact, and each distinct value, a number.
type facts struct {
	list      []fact
	values    []int32 // by fact: the number of its value, which its fingerprint tells, or its detector where there is none
	detectors []int32 // by fact
	text      []byte  // all records, in their order
	numbers   map[string]int32
	value     names
	detector  names
}

func newFacts() *facts {
	return &facts{numbers: map[string]int32{}, value: newNames(), detector: newNames()}
}

// number returns the number of a fact, which it adds if need be.
func (f *facts) number(of fact) int32 {
	w := recordWriter{text: f.text}
	w.fact(of)
	record := w.text[len(f.text):]
	n, known := f.numbers[string(record)]
	if !known {
		n = int32(len(f.list)) //nolint:gosec // each takes a hundred bytes
		f.numbers[string(record)] = n
		f.list = append(f.list, of)
		f.values = append(f.values, f.value.number(cmp.Or(of.fingerprint, of.detector)))
		f.detectors = append(f.detectors, f.detector.number(of.detector))
		f.text = w.text
	}
	return n
}

// spot notes a finding.
func (f *facts) spot(of Finding) spot {
	return spotOf(f.number(fact{of.Detector, of.Title, of.Confidence, of.Reasons, of.Hint, of.Fingerprint}), of)
}

func (f *facts) finding(s spot) Finding {
	of := &f.list[s.fact]
	return Finding{
		Detector: of.detector, Title: of.title, Line: int(s.line), Column: int(s.column), EndLine: int(s.endLine), EndColumn: int(s.endColumn),
		Confidence: of.confidence, Reasons: of.reasons, Hint: of.hint, Fingerprint: of.fingerprint,
	}
}

// names gives texts numbers.
type names struct {
	list    []string
	numbers map[string]int32
}

func newNames() names { return names{numbers: map[string]int32{}} }

func (n *names) number(name string) int32 {
	i, known := n.numbers[name]
	if !known {
		i = int32(len(n.list)) //nolint:gosec // bounded by what is found
		n.numbers[name] = i
		n.list = append(n.list, name)
	}
	return i
}
