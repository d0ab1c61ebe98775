package scanner

import (
	"cmp"
	"context"
	"slices"

	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

// again looks for the values that were found in a repository wherever else its history holds them, whatever stands
// beside them there. It keeps values in memory, for the time of the visit; those that are known from an earlier scan, by
// their fingerprints only, are read again where one of them lies.
type again struct {
	visit   *Visit
	values  map[string]detect.Finding // by fingerprint, the surest
	holders map[string][2]string      // by fingerprint: a content and its path
	held    map[[2]string]bool        // contents with fingerprints: what the first reading has listed
	sought  detect.Again
	of      map[string]match // by fingerprint
}

func newAgain(v *Visit) *again {
	return &again{visit: v, values: map[string]detect.Finding{}, holders: map[string][2]string{}, held: map[[2]string]bool{}, of: map[string]match{}}
}

// maxHeld bounds what is remembered of the first reading; beyond it nothing is looked for again.
const maxHeld = 1 << 20

// keep takes a value.
func (a *again) keep(f detect.Finding, fingerprint string) {
	if f.Confidence >= detect.AgainFrom && fingerprint != "" && a.values[fingerprint].Confidence < f.Confidence {
		a.values[fingerprint] = f
	}
}

// note takes what a content holds at one of its paths.
func (a *again) note(oid, path string, found matches) {
	for _, m := range found.All {
		if m.Fingerprint == "" || len(a.held) >= maxHeld {
			continue
		}
		a.held[[2]string{oid, m.Fingerprint}] = true
		if _, ok := a.holders[m.Fingerprint]; !ok {
			a.holders[m.Fingerprint] = [2]string{oid, path}
		}
	}
}

// reading is what gitrepo.WalkOptions.Again wants: nothing where no value is sure enough to be looked for.
func (a *again) reading(ctx context.Context, repo *gitrepo.Repo, p *places) (func(gitrepo.Blob) bool, func(gitrepo.Blob) error) {
	if len(a.held) >= maxHeld {
		a.visit.Incomplete("the repository holds so many secrets that their further places were not looked for")
		return nil, nil
	}
	a.reread(ctx, repo)
	for _, at := range p.sorted() {
		f, ok := a.values[at.match.Fingerprint]
		if _, known := a.of[at.match.Fingerprint]; ok && !known && a.sought.Add(f, "") {
			a.of[at.match.Fingerprint] = at.match
		}
	}
	if a.sought.Len() == 0 {
		return nil, nil
	}
	return func(gitrepo.Blob) bool { return false }, func(b gitrepo.Blob) error {
		found := a.find(b)
		if len(found.All) == 0 {
			return nil
		}
		return p.addBlob(b, func(path string) (matches, error) {
			if a.visit.Engine().PathClass(path) == "skip" {
				return matches{}, nil
			}
			return found, nil
		})
	}
}

// find returns the values in a content that the first reading has not found there, each once.
func (a *again) find(b gitrepo.Blob) (found matches) {
	if b.Binary {
		return found
	}
	for _, f := range a.sought.Find(b.Content) {
		fingerprint, _ := a.visit.Fingerprint(f.Secret)
		at := [2]string{b.OID, fingerprint}
		if m, ok := a.of[fingerprint]; ok && !a.held[at] && len(found.All) < maxMatches {
			a.held[at] = true
			m.Line, m.Column = f.Line, f.Column
			found.All = append(found.All, m)
		}
	}
	return found
}

// reread gets the values of fingerprints from the contents that hold them.
func (a *again) reread(ctx context.Context, repo *gitrepo.Repo) {
	paths, ids := map[string][]string{}, []string(nil)
	for fingerprint, at := range a.holders {
		if _, ok := a.values[fingerprint]; ok {
			continue
		}
		if paths[at[0]] == nil {
			ids = append(ids, at[0])
		}
		if !slices.Contains(paths[at[0]], at[1]) {
			paths[at[0]] = append(paths[at[0]], at[1])
		}
	}
	// One that cannot be read is not looked for; the first reading has told what the repository lacks.
	_ = repo.Contents(ctx, ids, maxBlob, func(id string, text []byte, skipped string) error {
		for _, path := range paths[id] {
			if skipped != "" {
				continue
			}
			for _, f := range a.visit.Engine().Scan(path, text) {
				fingerprint, _ := a.visit.Fingerprint(f.Secret)
				a.keep(f, fingerprint)
			}
		}
		return nil
	})
}

// sorted are the places in the order of the history, then of paths and lines.
func (p *places) sorted() []*place {
	all := make([]*place, 0, len(p.at))
	for _, at := range p.at {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b *place) int {
		return cmp.Or(cmp.Compare(a.first.Order, b.first.Order), cmp.Compare(a.first.Path, b.first.Path), cmp.Compare(a.match.Line, b.match.Line),
			cmp.Compare(a.match.Column, b.match.Column), cmp.Compare(a.match.Detector, b.match.Detector), cmp.Compare(a.match.Fingerprint, b.match.Fingerprint))
	})
	return all
}
