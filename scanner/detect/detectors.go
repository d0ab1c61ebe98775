package detect

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/config"
	"go.yaml.in/yaml/v4"
)

// ownDetectors are the detectors that the catalogue lacks or has wrong. An entry is its own test: see detector.
//
//go:embed detectors.yaml
var ownDetectors []byte

// detector is one entry of detectors.yaml.
type detector struct {
	ID       string   `yaml:"id"`       // kebab-case, unique, for life
	Title    string   `yaml:"title"`    // what it finds
	Pattern  string   `yaml:"pattern"`  // RE2; group 1 is the secret, else all of it
	Keywords []string `yaml:"keywords"` // lower case; each match holds one of them, in any case
	// Entropy is the least Shannon entropy of the secret, in bits per character; 0 for any.
	Entropy float64 `yaml:"entropy"`
	// Checksum names an offline check (see checks); where it does not hold, the finding is of little confidence.
	Checksum string `yaml:"checksum"`
	// Near are lower-case words of which one must stand on the line of the match or at most 200 bytes before it.
	Near []string `yaml:"near"`
	// Confidence of a finding, 0 to 1, when no checksum decides; 0 means 0.85.
	Confidence float64 `yaml:"confidence"`
	// Replaces names rules of the default catalogue that the entry stands in for: those are not reported.
	Replaces  []string `yaml:"replaces"`
	Reference string   `yaml:"reference"` // where the provider describes the credential
	// Sure says how the form is known: "documented" where the reference gives it, "partly" where the reference gives
	// the prefix and the rest is of tokens that were seen, "" where others report it.
	Sure string `yaml:"sure"`
	// Examples are found by the entry, Misses are not. Both hold placeholders for random text (<alnum:24>), so that
	// the file holds no secret; the test explains them.
	Examples []string `yaml:"examples"`
	Misses   []string `yaml:"misses"`
}

func loadDetectors(text []byte) ([]detector, error) {
	var all []detector
	if err := yaml.Load(text, &all, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("detectors.yaml: %w", err)
	}
	for _, d := range all {
		if d.Checksum != "" && checks[d.Checksum] == nil {
			return nil, fmt.Errorf("detectors.yaml: %s: no check is named %q", d.ID, d.Checksum)
		}
		if !slices.Contains([]string{"", sureDocumented, surePartly}, d.Sure) {
			return nil, fmt.Errorf("detectors.yaml: %s: sure is not %q", d.ID, d.Sure)
		}
	}
	return all, nil
}

const (
	sureDocumented = "documented"
	surePartly     = "partly"
	sureReported   = "reported" // not written in the file
)

// reportedAtMost bounds the confidence in a form that its provider is not known to describe.
const reportedAtMost = 0.85

// keywordBytes of a keyword are looked for: an entry's keywords stand in its matches, so that part of one is enough to
// know where to look, and the automaton stays small.
const keywordBytes = 12

// newOwnCatalogue makes rules of the detectors. They know no paths and no allowlists.
func newOwnCatalogue(all []detector, l *literals, memory *dfaMemory) (*catalogue, error) {
	rules := loadedRules{patterns: map[string]string{}}
	rules.Rules = map[string]config.Rule{}
	for _, d := range all {
		keywords := make([]string, len(d.Keywords))
		for i, k := range d.Keywords {
			keywords[i] = k[:min(len(k), keywordBytes)]
		}
		rules.Rules[d.ID] = config.Rule{RuleID: d.ID, Description: d.Title, Entropy: d.Entropy, Keywords: slices.Compact(keywords)}
		rules.patterns[d.ID] = d.Pattern
	}
	c, err := newCatalogue(rules, l, memory)
	if err != nil {
		return nil, fmt.Errorf("detectors.yaml: %w", err)
	}
	for i, d := range all {
		c.byID[d.ID].detector = &all[i]
	}
	return c, nil
}

// genericRule of the default catalogue matches any value under a secret's name; the parser of assignments reads more of
// them, and says why.
const genericRule = "generic-api-key"

// replacedBy returns the rules of the default catalogue that detectors and the parser of assignments stand in for.
func replacedBy(all []detector) map[string]bool {
	replaced := map[string]bool{genericRule: true}
	for _, d := range all {
		replaced[d.ID] = true
		for _, id := range d.Replaces {
			replaced[id] = true
		}
	}
	return replaced
}

// nearby is how far before a match, in bytes, a word of its detector may stand.
const nearby = 200

// placed reports whether a match stands near one of the words that its detector wants there.
func (d *detector) placed(content []byte, from, to int) bool {
	if len(d.Near) == 0 {
		return true
	}
	line := bytes.ToLower(surroundingLine(content, from, to))
	before := bytes.ToLower(content[max(0, from-nearby):from])
	return slices.ContainsFunc(d.Near, func(word string) bool {
		return bytes.Contains(line, []byte(word)) || bytes.Contains(before, []byte(word))
	})
}

// judge gives a hit the rank and confidence that its detector gives to its value.
func (d *detector) judge(h *hit, value []byte) {
	h.rank, h.confidence = rankOwn, d.Confidence
	if h.confidence == 0 {
		h.confidence = 0.85
	}
	if d.Sure == "" {
		h.confidence = min(h.confidence, reportedAtMost)
	}
	h.reasons = []string{"has the form of: " + strings.TrimSuffix(d.Title, ".")}
	if d.Checksum == "" {
		return
	}
	if checks[d.Checksum](value) {
		h.rank, h.confidence = rankProven, 0.99
		h.reasons = append(h.reasons, "checksum holds")
		return
	}
	h.confidence = d.unproven(value)
	h.reasons = append(h.reasons, "the checksum does not hold")
}

// unproven is the confidence of a value whose checksum does not hold. A typing error, a cut and a change of the scheme
// leave a token's prefix and length, and whoever reads the finding is told; what its letters show to be made up is
// doubted, and so is a form that is little more than an alphabet.
func (d *detector) unproven(value []byte) float64 {
	lower := bytes.ToLower(value)
	for _, k := range d.Keywords {
		if at := bytes.Index(lower, []byte(k)); len(k) >= 4 && at >= 0 && !madeUp(value[at+len(k):]) {
			return unproven
		}
	}
	return doubted
}

const (
	unproven = 0.55 // shown, below whatever is certain
	doubted  = 0.2  // hidden
)
