package detect

import (
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"sync"

	"go.yaml.in/yaml/v4"
)

//go:embed model.yaml
var modelText []byte

// model is a logistic model: the confidence of a suspect is the logistic of the sum of the weights of its features.
// It is fitted by make fit and embedded.
type model struct {
	Weights map[string]float64 `yaml:"weights"`
}

var fitted = sync.OnceValue(func() *model {
	var m model
	if err := yaml.Unmarshal(modelText, &m); err != nil {
		panic(err) // embedded; a test reads it
	}
	return &m
})

// score is the confidence of a suspect, 0 to 1: what the model says of it, or its detector, less where something speaks
// against it, and more where what stands beside it does not depend on its looks; decided says what, where that decided.
// The features are put into f, where the model was asked.
func (m *model) score(c *suspect, f *features) (confidence float64, decided string) {
	confidence = m.likelihood(c, f)
	if most, reason := c.most(confidence); most < confidence {
		return most, reason
	}
	if confidence < lifted {
		if least, reason := c.least(); least > confidence && !c.doubted() {
			return least, reason
		}
	}
	return confidence, ""
}

// likelihood is the confidence of a suspect, 0 to 1. What an own detector knows by a prefix or a checksum keeps the
// confidence that the detector gave it: facts need no model.
func (m *model) likelihood(c *suspect, f *features) float64 {
	if c.hit.rank <= rankOwn {
		k, s := c.shape.kind, &c.shape
		// Of a value that is known by its own prefix words say that it is a sample; behind a name passwords are made of words.
		words := s.sample && s.words >= 2 && 5*s.wordLetters >= 3*s.letters && c.hit.from == c.hit.start
		if c.hit.rank == rankOwn && k == "placeholder" && c.genre.place == "" && isForm(c.hit.detector) {
			return DefaultConfidence // a weak password, but the one that is used: programs read this very file
		}
		standIn := k == "stand-in" && c.hit.from < c.hit.start && !isForm(c.hit.detector) // likewise; tokens are not asked
		if c.hit.rank == rankOwn && (k == "reference" || k == "mask" || k == "placeholder" || standIn || words) {
			return min(c.hit.confidence, 0.2)
		}
		// A detector that doubts the form of a value says nothing against the name beside it.
		if c.hit.confidence >= DefaultConfidence || c.hit.confidence == ofIdentifier || c.hit.assigned == nil || c.name.class == "" {
			return c.hit.confidence
		}
		named, h := *c, *c.hit
		h.rank, named.hit = rankGuess, &h
		return max(c.hit.confidence, m.likelihood(&named, f))
	}
	f.names, f.value = f.names[:0], f.value[:0]
	c.describe(f)
	sum := m.Weights["bias"]
	for i, name := range f.names {
		sum += m.Weights[name] * f.value[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

// ofIdentifier is the confidence that detectors give to an identifier, which is no secret under any name.
const ofIdentifier = 0.3

// betweenZeros reports whether bytes hold a zero and letters beside each other: no text in one byte a character.
func betweenZeros(b []byte) bool {
	for i, c := range b {
		if c == 0 && (i+1 < len(b) && b[i+1] == 0 || i+2 < len(b) && isWordByte(b[i+1]) && isWordByte(b[i+2])) {
			return true
		}
	}
	return false
}

// maxReasons is how many features are named.
const maxReasons = 4

// reasons names the features that moved the score most, the strongest first.
func (m *model) reasons(f *features) []string {
	order := make([]int, len(f.names))
	for i := range order {
		order[i] = i
	}
	moved := make([]float64, len(order))
	for i, name := range f.names {
		moved[i] = m.Weights[name] * f.value[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(moved[b]), math.Abs(moved[a])) })
	var out []string
	for _, i := range order[:min(maxReasons, len(order))] {
		out = append(out, fmt.Sprintf("%s (%+.1f)", f.names[i], moved[i]))
	}
	return out
}
