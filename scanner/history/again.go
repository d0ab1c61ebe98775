package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

// again looks for the values that were found wherever else the history holds them: every content is read a second time
// when there is such a value. Values are kept in memory only. Where results come from the cache, the contents that hold
// them are read for their values; and what a content holds of the same values is kept, too.
type again struct {
	values  map[string]secret.Value // by fingerprint
	holders map[string]holder       // by fingerprint, of values that the cache knows
	found   map[contentOf][]spot    // so that no place is listed twice
	room    int                     // in found
	sought  detect.Again            // what is looked for
	keys    map[string]int32        // by fingerprint: the fact that stands for a value where a content is said to hold it
	of      map[int32]int32         // by that: the fact of a further place of the value
	class   string                  // of the cache: it names the values
}

func newAgain() *again {
	return &again{
		values: map[string]secret.Value{}, holders: map[string]holder{}, found: map[contentOf][]spot{}, room: maxSpots,
		keys: map[string]int32{}, of: map[int32]int32{},
	}
}

type contentOf struct{ oid, class string }

// holder is where a value stands.
type holder struct {
	oid, path string
	spot      spot
}

// maxSpots bounds what is remembered of the first reading: 20 bytes each. Beyond, a place may be listed twice.
const maxSpots = 2 << 20

// note keeps what a content of the first reading was found to hold.
func (a *again) note(f *facts, b *blob, t *task) {
	if a.room -= len(t.spots); a.room >= 0 {
		a.found[contentOf{b.oid, t.class}] = t.spots
	}
	for fingerprint, v := range t.values {
		a.values[fingerprint] = v
	}
	if !t.known || len(b.places) == 0 {
		return
	}
	for _, s := range t.spots {
		if of := &f.list[s.fact]; of.confidence >= detect.AgainFrom {
			if _, ok := a.holders[of.fingerprint]; !ok {
				a.holders[of.fingerprint] = holder{b.oid, t.path, s}
			}
		}
	}
}

// secondReading is what gitrepo.WalkOptions.Again wants. yield gets what holds a value.
func (s *search) secondReading(ctx context.Context, repo *gitrepo.Repo, yield func(blob) bool) (func(gitrepo.Blob) bool, func(gitrepo.Blob) error) {
	s.pending.Wait() // until all of the first reading is taken
	if ctx.Err() != nil || s.seek(ctx, repo) == 0 {
		return nil, nil
	}
	kept := func(b gitrepo.Blob) bool {
		r, ok := s.contents.get(b.OID, s.again.class)
		if ok && len(r.found) > 0 {
			s.takeAgain(s.further(b, r.found))
		}
		return ok
	}
	read := func(b gitrepo.Blob) error {
		var found []spot
		if !b.Binary {
			for _, f := range s.again.sought.Find(b.Content) {
				if key, ok := s.again.keys[s.key.Fingerprint(f.Secret)]; ok && len(found) < maxFindings {
					found = append(found, spotOf(key, Finding{Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn}))
				}
			}
		}
		s.contents.put(b.OID, s.again.class, content{b.Size, b.Binary, found})
		if len(found) > 0 && !yield(s.further(b, found)) {
			return errStopped
		}
		return nil
	}
	return kept, read
}

// further is a content with further places of values.
func (s *search) further(b gitrepo.Blob, found []spot) blob {
	return blob{oid: b.OID, places: s.placesOf(nil, pathsOf(b)), again: found}
}

// seek decides which values are looked for, and how a further place of each is told. It returns their number.
func (s *search) seek(ctx context.Context, repo *gitrepo.Repo) int {
	a := s.again
	first := map[string]held{}
	for _, p := range s.places.list {
		f := &s.facts.list[p.fact]
		if f.confidence < detect.AgainFrom || f.fingerprint == "" {
			continue
		}
		if old, ok := first[f.fingerprint]; !ok || s.places.earlier(p, old) < 0 {
			first[f.fingerprint] = p
		}
	}
	s.reread(ctx, repo, first)
	names := make([]string, 0, len(first))
	for _, p := range slices.SortedFunc(maps.Values(first), s.places.earlier) {
		f := s.facts.list[p.fact]
		reason := fmt.Sprintf("the value that %s found in %s, line %d", f.detector, cmp.Or(s.places.paths.list[p.path], "a content without a path"), p.line)
		if a.sought.Add(detect.Finding{Secret: a.values[f.fingerprint], Confidence: f.confidence}, reason) {
			f.reasons = []string{reason}
			a.keys[f.fingerprint] = s.facts.number(fact{fingerprint: f.fingerprint})
			a.of[a.keys[f.fingerprint]] = s.facts.number(f)
			names = append(names, f.fingerprint)
		}
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, " ")))
	a.class = "=" + hex.EncodeToString(sum[:8])
	return len(names)
}

// earlier orders places: by commit, those without one last, then by path, line and column.
func (p *places) earlier(x, y held) int {
	without := func(h held) int32 { return min(0, h.order) * -1 }
	return cmp.Or(cmp.Compare(without(x), without(y)), cmp.Compare(x.order, y.order), strings.Compare(p.paths.list[x.path], p.paths.list[y.path]), cmp.Compare(x.line, y.line),
		cmp.Compare(x.column, y.column), strings.Compare(p.facts.list[x.fact].detector, p.facts.list[y.fact].detector), cmp.Compare(x.endColumn, y.endColumn))
}

// reread gets the values that are known from the cache, which holds none. One that cannot be read is not looked for.
func (s *search) reread(ctx context.Context, repo *gitrepo.Repo, wanted map[string]held) {
	of, ids := map[string][]string{}, []string(nil) // fingerprints by content
	for fingerprint := range wanted {
		if _, ok := s.again.values[fingerprint]; ok {
			continue
		}
		if h, ok := s.again.holders[fingerprint]; ok {
			of[h.oid] = append(of[h.oid], fingerprint)
			ids = append(ids, h.oid)
		}
	}
	_ = repo.Contents(ctx, ids, s.o.MaxBlob, func(id string, text []byte, skipped string) error {
		for _, fingerprint := range of[id] {
			h := s.again.holders[fingerprint]
			v := secret.New(string(h.spot.of(text)))
			if s.key.Fingerprint(v) == fingerprint {
				s.again.values[fingerprint] = v
			}
		}
		return nil
	})
}

// of returns the bytes of a content at a spot; nil when it has no such lines.
func (s spot) of(content []byte) []byte {
	offset := func(line, column int32) int {
		at := 0
		for range line - 1 {
			n := bytes.IndexByte(content[at:], '\n')
			if n < 0 {
				return -1
			}
			at += n + 1
		}
		return at + int(column) - 1
	}
	from, to := offset(s.line, s.column), offset(s.endLine, s.endColumn)
	if from < 0 || to < from || to > len(content) {
		return nil
	}
	return content[from:to]
}

// takeAgain notes the further places in one content.
func (s *search) takeAgain(b blob) {
	for _, p := range b.places {
		if p.class == "skip" {
			continue
		}
		first := s.again.found[contentOf{b.oid, p.class}]
		var found []spot
		for _, at := range b.again {
			of, ok := s.again.of[at.fact]
			if !ok || slices.ContainsFunc(first, func(known spot) bool { return s.facts.covers(known, at) }) {
				continue
			}
			at.fact = of
			found = append(found, at)
		}
		if !s.places.add(p.Place, found, true) {
			s.skip(p.Path, fmt.Sprintf("more than %d further places of values; the rest is not listed", maxPlaces), true)
		}
	}
}

// covers reports whether a finding that is shown shares a byte with a place, or any begins there.
func (f *facts) covers(known, at spot) bool {
	if known.line == at.line && known.column == at.column {
		return true
	}
	begins := func(x, y spot) bool {
		return x.line < y.endLine || x.line == y.endLine && x.column < y.endColumn
	}
	return f.list[known.fact].confidence >= detect.DefaultConfidence && begins(known, at) && begins(at, known)
}
