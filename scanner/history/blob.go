package history

import (
	"slices"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/gitrepo"
)

// blob is a content on its way.
type blob struct {
	oid     string
	places  []place
	size    int64
	skipped string
	cut     bool // it stands at more paths than are known
	binary  bool
	tasks   []task
	again   []spot // of the second reading: facts that tell values; it has no tasks then
}

// place is one that is not excluded, and the class of its path.
type place struct {
	gitrepo.Place
	class string
}

// task is the search of a content under the paths of one class.
type task struct {
	class string
	path  string // the first of the class
	known bool   // spots come from the cache
	part  excerpt
	found []Finding // by match
	spots []spot    // by take
	// values are those of found that may be looked for again, by fingerprint.
	values map[string]secret.Value
}

// kept reports whether nothing of a content need be read, each of its paths being excluded, of no interest or known, and
// takes what is known.
func (s *search) kept(b gitrepo.Blob) bool {
	if len(b.Paths) == 0 {
		return false
	}
	out := blob{oid: b.OID, places: s.placesOf(s.spare.places[:0], b.Paths), cut: b.MorePaths, tasks: s.spare.tasks[:0]}
	defer func() { s.spare = out }()
	for _, p := range out.places {
		if p.class == "skip" || out.has(p.class) {
			continue
		}
		r, ok := s.contents.get(b.OID, p.class)
		if !ok || r.size > s.o.MaxBlob {
			return false
		}
		out.tasks = append(out.tasks, task{class: p.class, path: p.Path, known: true, spots: r.found})
		out.size, out.binary = r.size, r.binary
	}
	s.take(out)
	return true
}

// prepare takes from a content, which is valid during the call only, what is to be matched.
func (s *search) prepare(b gitrepo.Blob) blob {
	out := blob{oid: b.OID, places: s.placesOf(nil, pathsOf(b)), size: b.Size, skipped: b.Skipped, cut: b.MorePaths}
	if b.Skipped != "" {
		return out
	}
	out.binary = b.Binary
	for _, p := range out.places {
		if p.class == "skip" || out.has(p.class) {
			continue
		}
		t := task{class: p.class, path: p.Path}
		if r, ok := s.contents.get(b.OID, p.class); ok {
			t.known, t.spots = true, r.found
			out.binary = r.binary
		} else if !b.Binary {
			t.part = s.split.excerpt(s.seen, s.seed, s.tasks.number(p.class), b.Content)
		}
		out.tasks = append(out.tasks, t)
	}
	return out
}

// placesOf appends the paths that are searched.
func (s *search) placesOf(all []place, paths []gitrepo.Place) []place {
	all = slices.Grow(all, len(paths))
	for _, p := range paths {
		if s.o.Exclude == nil || !s.o.Exclude(p.Path) {
			all = append(all, place{p, s.tasks.class(s.engine, p.Path)})
		}
	}
	return all
}

func (b *blob) has(class string) bool {
	for i := range b.tasks {
		if b.tasks[i].class == class {
			return true
		}
	}
	return false
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
