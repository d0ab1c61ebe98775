package detect

import (
	"cmp"
	"slices"
	"strings"
)

// Described is one detector, for catalogues and documentation.
type Described struct {
	ID, Title string
	Kind      string   // "gitlab", "format" (an entry of detectors.yaml) or "catalogue" (a rule of gitleaks)
	Reference string   // where the format is published; empty for the catalogue
	Sure      string   // how the form is known: "documented", "partly", "reported"; empty for the catalogue
	Near      []string // words of which one must stand nearby
	Checksum  string   // the offline check that its values pass; empty: the format has none
	Replaces  []string // rules of the catalogue that it stands in for
}

// Detectors lists what an engine with the default rules looks for, sorted by ID. Findings of the assignment parser, of
// readers of well-known files, and of passwords in URLs have detectors of their own beside these.
func Detectors() ([]Described, error) {
	own, err := loadDetectors(ownDetectors)
	if err != nil {
		return nil, err
	}
	rules, err := loadRules(nil, nil)
	if err != nil {
		return nil, err
	}
	var out []Described
	replaced := replacedBy(own)
	for _, d := range own {
		out = append(out, Described{ID: d.ID, Title: d.Title, Kind: "format", Reference: d.Reference, Sure: cmp.Or(d.Sure, sureReported), Near: d.Near, Checksum: d.Checksum, Replaces: d.Replaces})
	}
	for id, r := range rules.Rules {
		if !replaced[id] && !r.SkipReport {
			out = append(out, Described{ID: id, Title: r.Description, Kind: "catalogue"})
		}
	}
	for _, t := range gitlabTypes() {
		d := Described{ID: t.id, Title: strings.TrimSuffix(t.description, "."), Kind: "gitlab", Reference: "https://docs.gitlab.com/security/tokens/#token-prefixes", Sure: sureDocumented}
		if t.routable {
			d.Checksum = "gitlab-routable"
		}
		out = slices.DeleteFunc(out, func(o Described) bool { return o.ID == t.id }) // ours comes first
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Described) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Title, b.Title)) })
	return slices.CompactFunc(out, func(a, b Described) bool { return a.ID == b.ID }), nil
}
