package history

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
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
	holders map[string]gitrepo.Blob // of values that are known by fingerprint only: a blob with one path
	found   map[contentOf][]stretch // so that no place is listed twice
	room    int                     // in found
	sought  detect.Again            // what is looked for
	of      map[string]Finding      // by fingerprint: what a further place of it is
	class   string                  // of the cache: it names the values
	places  *places
}

func newAgain() *again {
	return &again{values: map[string]secret.Value{}, holders: map[string]gitrepo.Blob{}, found: map[contentOf][]stretch{}, room: maxStretches, of: map[string]Finding{}, places: newPlaces()}
}

type contentOf struct{ oid, class string }

// stretch is where a finding lies in a content.
type stretch struct {
	line, column, endLine, endColumn int32
	shown                            bool
}

// maxStretches bounds what is remembered of the first reading: 20 bytes each. Beyond, a place may be listed twice.
const maxStretches = 2 << 20

func stretchOf(f Finding) stretch {
	at := func(n int) int32 { return int32(min(n, math.MaxInt32)) } //nolint:gosec // bounded
	return stretch{at(f.Line), at(f.Column), at(f.EndLine), at(f.EndColumn), f.Confidence >= detect.DefaultConfidence}
}

// note keeps what a content of the first reading was found to hold.
func (a *again) note(b *blob, t *task) {
	all := make([]stretch, 0, len(t.found))
	for _, f := range t.found {
		all = append(all, stretchOf(f))
	}
	if a.room -= len(all); a.room >= 0 {
		a.found[contentOf{b.oid, t.class}] = all
	}
	for fingerprint, v := range t.values {
		a.values[fingerprint] = v
	}
	if !t.known || len(b.places) == 0 {
		return
	}
	for _, f := range t.found {
		if _, ok := a.holders[f.Fingerprint]; !ok && f.Confidence >= detect.AgainFrom {
			a.holders[f.Fingerprint] = gitrepo.Blob{OID: b.oid, Paths: []gitrepo.Place{{Path: t.path}}}
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
		r, ok := s.o.Cache.get(b.OID, s.again.class)
		if ok && len(r.found) > 0 {
			b.Paths = slices.Clone(b.Paths)
			yield(s.further(b, r.found))
		}
		return ok
	}
	read := func(b gitrepo.Blob) error {
		var found []Finding
		if !b.Binary {
			for _, f := range s.again.sought.Find(b.Content) {
				found = append(found, Finding{Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn, Fingerprint: s.key.Fingerprint(f.Secret)})
			}
		}
		found = found[:min(len(found), maxFindings)]
		s.o.Cache.put(b.OID, s.again.class, content{b.Size, b.Binary, found})
		if len(found) > 0 && !yield(s.further(b, found)) {
			return errStopped
		}
		return nil
	}
	return kept, read
}

// further is a content with further places of values.
func (s *search) further(b gitrepo.Blob, found []Finding) blob {
	return blob{oid: b.OID, places: s.placesOf(pathsOf(b)), again: found}
}

// seek decides which values are looked for, and how a further place of each is told. It returns their number.
func (s *search) seek(ctx context.Context, repo *gitrepo.Repo) int {
	a := s.again
	first := map[string]held{}
	for _, p := range s.places.list {
		if p.Confidence < detect.AgainFrom || p.Fingerprint == "" {
			continue
		}
		if old, ok := first[p.Fingerprint]; !ok || earlier(p, old) {
			first[p.Fingerprint] = p
		}
	}
	s.reread(ctx, repo, first)
	all := make([]held, 0, len(first))
	for _, p := range first {
		all = append(all, p)
	}
	slices.SortFunc(all, func(x, y held) int {
		if earlier(x, y) {
			return -1
		}
		return 1
	})
	names := make([]string, 0, len(all))
	for _, p := range all {
		f := p.Finding
		reason := fmt.Sprintf("the value that %s found in %s, line %d", f.Detector, cmp.Or(p.Path, "a content without a path"), f.Line)
		if a.sought.Add(detect.Finding{Secret: a.values[f.Fingerprint], Confidence: f.Confidence}, reason) {
			f.Reasons = []string{reason}
			a.of[f.Fingerprint] = f
			names = append(names, f.Fingerprint)
		}
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, " ")))
	a.class = "=" + hex.EncodeToString(sum[:8])
	return len(names)
}

// earlier orders places: by commit, those without one last, then by path, line and column.
func earlier(x, y held) bool {
	without := func(h held) int { return min(0, h.order) * -1 }
	return cmp.Or(cmp.Compare(without(x), without(y)), cmp.Compare(x.order, y.order), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Line, y.Line),
		cmp.Compare(x.Column, y.Column), cmp.Compare(x.Detector, y.Detector), cmp.Compare(x.EndColumn, y.EndColumn)) < 0
}

// reread gets the values that are known from the cache, which holds none. One that cannot be read is not looked for.
func (s *search) reread(ctx context.Context, repo *gitrepo.Repo, wanted map[string]held) {
	paths, ids := map[string][]string{}, []string(nil)
	for fingerprint := range wanted {
		if _, ok := s.again.values[fingerprint]; ok {
			continue
		}
		if b, ok := s.again.holders[fingerprint]; ok {
			if paths[b.OID] == nil {
				ids = append(ids, b.OID)
			}
			paths[b.OID] = append(paths[b.OID], b.Paths[0].Path)
		}
	}
	_ = repo.Contents(ctx, ids, s.o.MaxBlob, func(id string, text []byte, skipped string) error {
		for _, path := range slices.Compact(paths[id]) {
			for _, f := range s.engine.Scan(path, text) {
				if fingerprint := s.key.Fingerprint(f.Secret); f.Confidence >= detect.AgainFrom && fingerprint != "" {
					s.again.values[fingerprint] = f.Secret
				}
			}
		}
		return nil
	})
}

// takeAgain notes the further places in one content.
func (s *search) takeAgain(b blob) {
	for _, p := range b.places {
		class := s.taken.class(s.engine, p.Path)
		if class == "skip" {
			continue
		}
		var found []Finding
		for _, at := range b.again {
			f, ok := s.again.of[at.Fingerprint]
			if !ok || slices.ContainsFunc(s.again.found[contentOf{b.oid, class}], func(known stretch) bool { return known.covers(stretchOf(at)) }) {
				continue
			}
			f.Line, f.Column, f.EndLine, f.EndColumn = at.Line, at.Column, at.EndLine, at.EndColumn
			found = append(found, f)
		}
		if !s.again.places.add(p, found) {
			s.skip(p.Path, fmt.Sprintf("more than %d further places of values; the rest is not listed", maxPlaces), true)
		}
	}
}

// covers reports whether a finding that is shown shares a byte with a place, or any begins there.
func (s stretch) covers(at stretch) bool {
	if s.line == at.line && s.column == at.column {
		return true
	}
	begins := func(x, y stretch) bool { return x.line < y.endLine || x.line == y.endLine && x.column < y.endColumn }
	return s.shown && begins(s, at) && begins(at, s)
}
