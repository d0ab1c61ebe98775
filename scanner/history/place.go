package history

import (
	"cmp"
	"time"

	"nhiscan/scanner/gitrepo"
)

// places are those of a repository, one for each path, value, and place of the value among its equals there.
type places struct {
	at   map[placeKey]int
	list []held
}

type placeKey struct {
	path, value string
	ordinal     int
}

// held is a place and where its commit stands in the history; -1 without commit.
type held struct {
	Place
	order int
}

func newPlaces() *places { return &places{at: map[placeKey]int{}} }

// add notes the findings of one content at one path. Of several contents that hold a value the oldest tells who
// brought it and on which line. It reports whether there was room for all.
func (p *places) add(at gitrepo.Place, found []Finding) bool {
	count := map[string]int{}
	for _, f := range found {
		value := cmp.Or(f.Fingerprint, f.Detector)
		count[value]++
		key := placeKey{at.Path, value, count[value]}
		n, known := p.at[key]
		switch {
		case !known && len(p.list) >= maxPlaces:
			return false
		case !known:
			p.at[key] = len(p.list)
			p.list = append(p.list, held{placeOf(at, f), at.Order})
		case at.Order >= 0 && (p.list[n].order < 0 || at.Order < p.list[n].order), at.Order == p.list[n].order && before(f, p.list[n].Finding):
			p.list[n] = held{placeOf(at, f), at.Order}
		}
	}
	return true
}

// before orders findings of one value, so that it does not matter which comes first.
func before(a, b Finding) bool {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Detector, b.Detector)) < 0
}

func placeOf(at gitrepo.Place, f Finding) Place {
	p := Place{Finding: f, Path: at.Path, Commit: at.Commit, Author: at.Author}
	if !at.Date.IsZero() {
		p.Date = at.Date.UTC().Format(time.RFC3339)
	}
	return p
}

func (p *places) all() []Place {
	out := make([]Place, 0, len(p.list))
	for _, h := range p.list {
		out = append(out, h.Place)
	}
	return out
}

// placesOf are the paths that are searched.
func (s *search) placesOf(paths []gitrepo.Place) []gitrepo.Place {
	if s.o.Exclude == nil {
		return paths
	}
	var kept []gitrepo.Place
	for _, p := range paths {
		if !s.o.Exclude(p.Path) {
			kept = append(kept, p)
		}
	}
	return kept
}

// pathsOf are the places of a blob, or what stands for them where no commit that could be read shows it.
func pathsOf(b gitrepo.Blob) []gitrepo.Place {
	all := b.Paths
	if len(all) == 0 {
		for _, p := range b.HeadPaths {
			all = append(all, gitrepo.Place{Path: p, Order: -1})
		}
	}
	if len(all) == 0 {
		all = append(all, gitrepo.Place{Order: -1})
	}
	return all
}
