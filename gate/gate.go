// Package gate decides which secrets a change adds. It is pure: what it needs of a repository it asks of a Repository.
//
// A change is the commits that it adds, each by itself, so that a secret added and removed again counts. A secret is
// new by its value: when some commit's tree holds it more often than the merge base does. What merely moves is not new,
// a further copy is, and so is another value on an accepted line. Baselines, ignore files and allow comments count only
// as they stand at the merge base: a change cannot exempt itself.
package gate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

// Repository is what a decision reads. All ids are git's object ids.
type Repository interface {
	// Contents hands the blobs to each, every distinct one once, in any order. The content is valid during the call only;
	// skipped is the reason why one was not read.
	Contents(ctx context.Context, ids []string, max int64, each func(id string, content []byte, skipped string) error) error
	// Compare hands the differences between the tree of the commit base (empty: no files) and each tree to each.
	Compare(ctx context.Context, base string, trees []string, each func(tree string, changes []Changed) error) error
	// File returns a file of a commit; ok is false where there is none.
	File(ctx context.Context, commit, path string) (content []byte, ok bool, err error)
	// Tree returns the blobs of a commit's files by path.
	Tree(ctx context.Context, commit string) (map[string]string, error)
	// Holding returns the paths of a commit's files that may hold one of the texts.
	Holding(ctx context.Context, commit string, texts []secret.Value) ([]string, error)
	// IsAncestor reports whether commit of reaches commit, false where it cannot tell.
	IsAncestor(ctx context.Context, commit, of string) (bool, error)
}

// Step is one commit of a change, or the index beside HEAD.
type Step struct {
	Commit  string // empty for the index
	Tree    string // empty for the index, whose parent must be the base
	Author  string
	Date    time.Time
	Parents []string
	Changes []Changed // what differs from every parent
}

// Changed is one path whose content a step changes.
type Changed struct {
	Path string
	Old  []string // blob ids, one for each parent or the base's, and for the index one for each side of a merge; empty text: no file
	New  string   // blob id; empty when the file is gone
}

// Change is what is to be judged.
type Change struct {
	Base string // the commit compared with: the merge base; empty means that nothing was there before
	// Trusted is the commit whose allow comments, and files that ignore entries name, count; empty: none. The merge base
	// too, except where the base is a commit that nobody has reviewed: a branch's tip before a push.
	Trusted string
	Steps   []Step // a commit after its ancestors
	// Whole says that what the last step's tree holds and the base's does not counts too where no step has it among its
	// changes: a merge can take a file from a commit that the base reaches, as it was before a secret was removed there.
	Whole bool
	// Cut says what of the change could not be seen; empty when all was.
	Cut []string
}

// Options say how to judge. Engine, and Today for baselines, must be set.
type Options struct {
	Engine        *detect.Engine
	MinConfidence float64 // findings below do not count
	MaxBlob       int64   // the largest content read, in bytes; zero means 50 MiB
	Today         time.Time
	// Accepted are the exceptions as they stand at the merge base.
	Accepted Exceptions
	// NoInlineAllow makes allow comments count for nothing.
	NoInlineAllow bool
	// OwnRules says that the engine has rules of the caller's own: what they leave out by its path is not searched.
	OwnRules bool
}

const defaultMaxBlob = 50 << 20

// Result is the judgement.
type Result struct {
	// New are the secrets that the change adds, one for each value, the surest first.
	New []Secret
	// Accepted are those that an exception covers, in the same order.
	Accepted []Secret
	// Incomplete says what was not seen; while it is not empty, an empty New proves nothing.
	Incomplete []string
	// Notes are what else a person should know: expired exceptions, binary files.
	Notes   []string
	Scanned Scanned
}

// Scanned counts what was searched.
type Scanned struct {
	Commits int
	Files   int // changed paths with a content
	Blobs   int // distinct contents
	Bytes   int64
	Skipped []Skipped
}

// Skipped is a file that was not searched, or not for everything, or, with the path ".", a part of the change that could
// not be seen.
type Skipped struct{ Path, Reason string }

const wholeChange = "."

// Secret is one value and the places where the change puts it.
type Secret struct {
	Detector    string
	Description string
	Confidence  float64
	Hint        string  // a public prefix, or empty
	Places      []Place // never empty; first the commit that adds it first
	More        int     // places beyond maxPlaces
	// Before is how often the merge base holds the value, and After how often a commit of the change does at most.
	Before, After int
	// Accepted is the exception that covers it, or the one that has expired; nil without one.
	Accepted *Exception
	// Exempted says that the change itself tries to accept the value, which does not count: in which way.
	Exempted string

	value secret.Value
}

// Place is a finding in a commit.
type Place struct {
	ID      string // 32 hexadecimal digits over path, detector and ordinal; never over the value
	Commit  string // empty for the index
	Author  string
	Date    time.Time
	Path    string // a secret in it is left out
	Finding detect.Finding
}

const (
	maxPlaces = 100
	// maxFindings bounds the findings kept of one change, so that a hostile one cannot fill the memory.
	maxFindings = 10_000
	// leastAsked is how many secrets are looked up in a baseline in any case.
	leastAsked = 500
)

// Join adds another change's result. A value that is in both counts once.
func (r *Result) Join(other *Result) {
	seen := map[string]bool{}
	for _, s := range append(slices.Clone(r.New), r.Accepted...) {
		seen[key(s.value)] = true
	}
	join := func(to *[]Secret, from []Secret) {
		for _, s := range from {
			if !seen[key(s.value)] {
				*to = append(*to, s)
			}
		}
	}
	join(&r.New, other.New)
	join(&r.Accepted, other.Accepted)
	r.Incomplete = append(r.Incomplete, other.Incomplete...)
	r.Notes = append(r.Notes, other.Notes...)
	r.Scanned.Commits += other.Scanned.Commits
	r.Scanned.Files += other.Scanned.Files
	r.Scanned.Blobs += other.Scanned.Blobs
	r.Scanned.Bytes += other.Scanned.Bytes
	r.Scanned.Skipped = append(r.Scanned.Skipped, other.Scanned.Skipped...)
	r.number()
}

// number gives every place its ID, accepted ones too: accepting one secret leaves the IDs of the others as they are.
func (r *Result) number() {
	var all []*Place
	for _, list := range [][]Secret{r.New, r.Accepted} {
		for i := range list {
			for k := range list[i].Places {
				all = append(all, &list[i].Places[k])
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *Place) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Finding.Line, b.Finding.Line), cmp.Compare(a.Finding.Column, b.Finding.Column),
			cmp.Compare(a.Finding.Detector, b.Finding.Detector), cmp.Compare(a.Commit, b.Commit))
	})
	ordinals := map[[2]string]int{}
	for _, p := range all {
		at := [2]string{p.Path, p.Finding.Detector}
		ordinals[at]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", p.Path, p.Finding.Detector, ordinals[at]))
		p.ID = hex.EncodeToString(sum[:16])
	}
}

// Check judges a change. Its errors are those of the repository.
func Check(ctx context.Context, repo Repository, c Change, o Options) (*Result, error) {
	if o.MaxBlob <= 0 {
		o.MaxBlob = defaultMaxBlob
	}
	s := &search{
		repo: repo, change: c, o: o,
		found: map[blobAt][]hit{}, values: map[string]int{}, classes: map[string]string{}, names: map[string]string{}, counted: map[blobAt]map[int]int{},
	}
	s.result.Incomplete = c.Cut
	for _, reason := range c.Cut {
		s.result.Scanned.Skipped = append(s.result.Scanned.Skipped, Skipped{wholeChange, reason})
	}
	if err := s.addTakenOver(ctx); err != nil {
		return nil, err
	}
	if err := s.readAdded(ctx); err != nil {
		return nil, err
	}
	if len(s.texts) > 0 {
		if err := s.countChanges(ctx); err != nil {
			return nil, err
		}
		if err := s.decide(ctx); err != nil {
			return nil, err
		}
		if s.needles.left <= 0 {
			s.result.Incomplete = append(s.result.Incomplete, "comparing the values takes too long: too many are alike")
		}
	}
	s.result.Notes = append(s.result.Notes, o.Accepted.notes(o.Today)...)
	s.result.number()
	return &s.result, nil
}
