package detect

import (
	"cmp"
	"encoding/binary"
	"slices"

	"nhiscan/inventory/secret"
)

// Again finds the values of findings wherever else they stand: in a comment, a log, a text, where nothing beside a value
// says what it is. It holds values in memory, as findings do. The zero Again knows none. Add all before Find, which
// may then be called from several goroutines.
type Again struct {
	values  []known
	numbers map[string]int
	windows map[uint64][]valuePart
	maybe   [1 << againBits / 64]uint64 // by the hash of a window: most of a text is told from it alone
}

// known is a value to be found again.
type known struct {
	secret.Value
	finding Finding // that tells what it is
}

// valuePart is some bytes of a value, by where they lie in it.
type valuePart struct{ value, offset int }

// AgainFrom is the least confidence of a finding whose value is sought: what is a guess in one place tells nothing of
// another.
const AgainFrom = 0.8

const (
	// againLeast and againMost bound the values that are sought, in bytes. Short ones stand in too many places by chance.
	againLeast, againMost = 12, 8 << 10
	// againStep is how far apart windows of a text are looked up. Of a value each of the first againStep windows is known,
	// so that one of them is met: againStep + 8 - 1 is againLeast.
	againStep = againLeast - 8 + 1
	againBits = 16
	// maxAgain bounds the values that are sought.
	maxAgain = 5000
	// againEffort bounds what comparing may cost, in bytes for each byte of a text: values may be made to begin alike.
	againEffort = 32
)

// Add notes the value of a finding, if it is sure enough, long enough and not written by hand, and its reason for further places. The
// first finding of a value counts. It reports whether the value is sought.
func (a *Again) Add(f Finding, reason string) bool {
	text := f.Secret.Reveal()
	if f.Confidence < AgainFrom || len(text) < againLeast || len(text) > againMost || byHand(text) {
		return false
	}
	if _, ok := a.numbers[text]; ok {
		return true
	}
	if len(a.values) == maxAgain {
		return false
	}
	if a.numbers == nil {
		a.numbers, a.windows = map[string]int{}, map[uint64][]valuePart{}
	}
	n := len(a.values)
	a.numbers[text] = n
	a.values = append(a.values, known{f.Secret, Finding{
		Detector: f.Detector, Description: f.Description, Confidence: f.Confidence, Entropy: f.Entropy, Reasons: []string{reason},
	}})
	for i := range againStep {
		w := binary.LittleEndian.Uint64([]byte(text[i : i+8]))
		a.windows[w] = append(a.windows[w], valuePart{n, i})
		h := againHash(w)
		a.maybe[h/64] |= 1 << (h % 64)
	}
	return true
}

// byHand reports whether a value is one that people write: a name, words, an alphabet. Such stand elsewhere for themselves:
// a variable's name that was once taken for a secret would be told wherever the program uses it.
func byHand(text string) bool {
	if len(text) >= generatedFrom {
		return false
	}
	s := shapeOf([]byte(text))
	return s.digit == 0 || s.longestSequence >= 10 || handKinds[s.kind]
}

// generatedFrom is the length, in bytes, from which on a value is none that people write.
const generatedFrom = 64

// handKinds are the shapes with digits that people write.
var handKinds = set("reference stand-in mask placeholder number url phrase path email code numbered")

// Len is how many values are sought.
func (a *Again) Len() int { return len(a.values) }

func againHash(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 >> (64 - againBits) }

// Find returns the places of the values in content where they are no part of a longer word, in order. Of places that
// overlap, the first counts.
func (a *Again) Find(content []byte) []Finding {
	if len(a.values) == 0 {
		return nil
	}
	var hits []hit
	effort := againEffort*len(content) + 1<<20
	for i := 0; i+8 <= len(content) && effort > 0; i += againStep {
		w := binary.LittleEndian.Uint64(content[i:])
		if h := againHash(w); a.maybe[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for _, x := range a.windows[w] {
			v := &a.values[x.value]
			start, end := i-x.offset, i-x.offset+v.Len()
			effort -= 16
			if start < 0 || end > len(content) || !standsAlone(content, start, end) {
				continue
			}
			effort -= v.Len()
			if string(content[start:end]) == v.Reveal() {
				hits = append(hits, hit{start: start, end: end, detector: v.finding.Detector, description: v.finding.Description,
					entropy: v.finding.Entropy, confidence: v.finding.Confidence, reasons: v.finding.Reasons})
			}
		}
	}
	slices.SortFunc(hits, func(x, y hit) int { return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(y.end, x.end)) })
	behind := 0
	hits = slices.DeleteFunc(hits, func(h hit) bool {
		over := h.start < behind
		behind = max(behind, h.end)
		return over
	})
	return findings(content, hits)
}

// standsAlone reports whether text[start:end], which is not empty, is no part of a longer word.
func standsAlone(text []byte, start, end int) bool {
	word := func(b byte) bool { return b == '_' || isWordByte(b) }
	before := start > 0 && word(text[start-1]) && word(text[start])
	after := end < len(text) && word(text[end-1]) && word(text[end])
	return !before && !after
}
