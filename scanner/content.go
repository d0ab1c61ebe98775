package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

const (
	// maxBlob is the largest content that is matched, in bytes. Source files are under 1 MB; what is larger is data.
	maxBlob = 50 << 20
	// maxMatches bounds the findings that are kept of one content, and maxPlaces those of one repository, so that a
	// hostile one cannot fill the inventory.
	maxMatches = 10_000
	maxPlaces  = 50_000
)

// minConfidence leaves out what is almost surely no secret: a token whose checksum is wrong, for instance.
const minConfidence = 0.3

// match is a finding in a content, without its value: what is kept and replayed for every place of that content.
type match struct {
	Detector    string `json:"d"`
	Line        int    `json:"l"`
	Column      int    `json:"c"`
	Fingerprint string `json:"f,omitempty"`
	Ordinal     int    `json:"n,omitempty"` // of a value too short for a fingerprint: among those of its detector, from 1
	Hint        string `json:"h,omitempty"`
	Route       string `json:"r,omitempty"`
	Credential  string `json:"i,omitempty"` // where GitLab identified it
}

// matches are those of one content, each value once, in order.
type matches struct {
	All    []match `json:"m"`
	More   bool    `json:"x,omitempty"` // there are more than maxMatches
	Trusts []trust `json:"o,omitempty"`
}

// matcher gives the matches of contents: from this run, from the store, or by matching. It remembers one content at
// a time, besides those of which it has a part only.
type matcher struct {
	visit *Visit
	ctx   context.Context
	oid   string
	of    map[string]matches            // of the content oid, by path class
	parts map[string]map[string]matches // by content, until it is read
	fresh map[string][]byte             // to be stored
	bytes int                           // of fresh
	again *again
}

// maxParts bounds matcher.parts; a content beyond it is matched once more.
const maxParts = 10_000

// matchRules names what matches follow from besides content and path class.
func (v *Visit) matchRules() string {
	return fmt.Sprintf("3 %s %s %t", v.Engine().Version(), v.run.o.Key.ID(), v.run.o.Identify != nil)
}

func (m *matcher) key(class string) string {
	sum := sha256.Sum256([]byte(m.oid + "\x00" + class + "\x00" + m.visit.matchRules()))
	return "content " + hex.EncodeToString(sum[:16])
}

func (m *matcher) classes(paths []gitrepo.Place) []string {
	var all []string
	for _, p := range paths {
		if c := m.visit.Engine().PathClass(p.Path); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// known reports whether the matches of a content are at hand for all its paths, so that it need not be read.
func (m *matcher) known(oid string, paths []gitrepo.Place) bool {
	m.oid, m.of = oid, map[string]matches{}
	var ask []string
	classes := m.classes(paths)
	for _, c := range classes {
		if c == "skip" { // nothing is reported there
			m.of[c] = matches{}
			continue
		}
		ask = append(ask, m.key(c))
	}
	if len(ask) > 0 {
		found, err := m.visit.run.o.Contents.Content(m.ctx, ask)
		if err != nil {
			return false // then it is read and matched
		}
		for _, c := range classes {
			var kept matches
			if text, ok := found[m.key(c)]; ok && json.Unmarshal(text, &kept) == nil {
				m.of[c] = kept
			}
		}
	}
	if len(m.of) == len(classes) && len(classes) > 0 {
		return true
	}
	if len(m.of) > 0 && len(m.parts) < maxParts {
		m.parts[oid] = m.of
	}
	return false
}

// at returns the matches of a content at one of its paths; none where it was not read.
func (m *matcher) at(b gitrepo.Blob, path string) (matches, error) {
	if m.oid != b.OID {
		m.oid, m.of = b.OID, m.parts[b.OID]
		delete(m.parts, b.OID)
		if m.of == nil {
			m.of = map[string]matches{}
		}
	}
	class := m.visit.Engine().PathClass(path)
	if found, ok := m.of[class]; ok {
		return found, nil
	}
	if b.Content == nil {
		return matches{}, nil
	}
	found := matches{}
	if !b.Binary {
		found = m.visit.scan(path, b.Content, m.again.keep)
		found.Trusts = m.visit.trusts(b.Content)
	}
	m.of[class] = found
	if m.visit.run.o.Identify != nil && m.visit.note != "" {
		return found, nil // GitLab could not be asked: the next scan tries again
	}
	text, err := json.Marshal(found)
	if err != nil {
		return found, err
	}
	m.fresh[m.key(class)] = text
	if m.bytes += len(text); len(m.fresh) >= 1000 || m.bytes > 8<<20 {
		return found, m.flush()
	}
	return found, nil
}

func (m *matcher) flush() error {
	if len(m.fresh) == 0 {
		return nil
	}
	fresh := m.fresh
	m.fresh, m.bytes = map[string][]byte{}, 0
	return m.visit.run.o.Contents.PutContent(m.ctx, fresh)
}

// scan matches a content and drops the values for their fingerprints. Each is shown to keep before, which may be nil.
func (v *Visit) scan(path string, content []byte, keep func(f detect.Finding, fingerprint string)) matches {
	var found matches
	seen := map[string]bool{}
	short := map[string]int{}
	for _, f := range shown(v.Engine().Scan(path, content)) {
		fingerprint, _ := v.Fingerprint(f.Secret)
		if keep != nil {
			keep(f, fingerprint)
		}
		if fingerprint != "" && seen[fingerprint] {
			continue
		}
		if len(found.All) == maxMatches {
			found.More = true
			break
		}
		m := v.match(f, fingerprint)
		if fingerprint == "" {
			short[f.Detector]++
			m.Ordinal = short[f.Detector]
		}
		seen[fingerprint] = true
		found.All = append(found.All, m)
	}
	return found
}

func (v *Visit) match(f detect.Finding, fingerprint string) match {
	m := match{Detector: f.Detector, Line: f.Line, Column: f.Column, Fingerprint: fingerprint, Hint: secret.Hint(f.Secret)}
	if route, ok := detect.Routable(f.Secret); ok {
		m.Route = route.String()
	}
	if strings.HasPrefix(f.Detector, "gitlab-") {
		m.Credential = v.run.identify(v.run.ctx, v, f.Secret, fingerprint)
	}
	return m
}
