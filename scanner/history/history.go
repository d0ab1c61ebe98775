// Package history finds the secrets of a repository's whole history. Each distinct content is read once and, of a
// large one, only lines that no content before had are matched, with what surrounds them; what was found on a line is
// listed again wherever the line stands. Results hold no value, so that they can be kept between runs.
package history

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

// Options say how to search.
type Options struct {
	// Engine makes the engine; it is called only when there is something to match or a path to classify.
	Engine func() (*detect.Engine, error)
	// Jobs is how many contents are matched at a time; less than 1 is 1.
	Jobs int
	// MaxBlob is the largest content read, in bytes; 0 means DefaultMaxBlob.
	MaxBlob int64
	// From is the least confidence of the places that are listed; others are counted.
	From float64
	// Exclude leaves out paths of the repository. May be nil.
	Exclude func(path string) bool
	// Cache keeps results between runs. May be nil.
	Cache *Cache
	// Excluded names what Exclude leaves out: a kept result is of no use under another one.
	Excluded string
	// Progress is told of every content that is read, in the goroutine that called Search. May be nil.
	Progress func(bytes int64)
}

// DefaultMaxBlob is the largest content read where nobody says otherwise, in bytes.
const DefaultMaxBlob = 32 << 20

// Result is what a history holds.
type Result struct {
	Places  []Place // of the confidence that was asked for, as report.Arrange would sort them
	Others  int     // places of less confidence
	Blobs   int     // distinct contents that were searched, in this run or an earlier one
	Bytes   int64   // of them
	Skipped []Skipped
}

// Place is one path that held a secret, with the oldest content that had it there.
type Place struct {
	Finding
	Path                 string // relative to the repository; empty for a content that only a tag names
	Commit, Author, Date string // as gitrepo.Place has them, the date in RFC 3339; empty where no commit is known
	// Before is how many places of less confidence stand between this one and the one before it of its path and detector.
	Before int
}

// Finding is a secret in a content, without its value. Lines and columns are those of detect.Finding.
type Finding struct {
	Detector    string
	Title       string
	Line        int
	Column      int
	EndLine     int
	EndColumn   int
	Confidence  float64
	Reasons     []string
	Hint        string
	Fingerprint string // keyed; empty for short values
}

// Skipped is a path, or the whole repository where it is empty, that was not searched.
type Skipped struct {
	Path, Reason string
	Unread       bool // it ought to have been
}

// The bounds of one repository, so that a hostile one cannot fill memory.
const (
	maxFindings = 10_000  // of one content
	maxPlaces   = 200_000 // of the repository
)

// Search searches the history of repo. It fails when the repository is none or ctx is done; what cannot be read of it
// is told in Result.Skipped. A result whose cache could not be written is returned with that error.
func Search(ctx context.Context, repo *gitrepo.Repo, o Options) (*Result, error) {
	if o.MaxBlob <= 0 {
		o.MaxBlob = DefaultMaxBlob
	}
	state := ""
	if o.Cache != nil {
		refs, err := repo.Refs(ctx)
		if err != nil {
			return nil, err
		}
		state = fmt.Sprintf("%s %d %s", refs, o.MaxBlob, o.Excluded)
		if r := o.Cache.history(state, o.From); r != nil {
			return r, nil
		}
	}
	s := &search{o: o, seen: newSeen(), seed: maphash.MakeSeed(), again: newAgain()}
	if err := s.read(ctx, repo); err != nil {
		return nil, err
	}
	shown := s.places.listed(detect.DefaultConfidence)
	asked := shown
	if o.From != detect.DefaultConfidence {
		asked = s.places.listed(o.From)
	}
	s.result.fill(s.places, asked)
	if o.Cache == nil {
		return &s.result, nil
	}
	s.contents.classes = s.tasks.classes
	err := o.Cache.keepContents(s.oldest, s.contents)
	if err == nil && s.result.Complete() { // what was missing may be there the next time
		err = o.Cache.keepHistory(state, &s.result, s.places, shown)
	}
	return &s.result, err
}

// Complete reports whether everything that was asked for was read.
func (r *Result) Complete() bool {
	return !slices.ContainsFunc(r.Skipped, func(s Skipped) bool { return s.Unread })
}

// begin gets what the cache knows of repositories that begin with a commit.
func (s *search) begin(oldest string) {
	s.oldest, s.contents = oldest, s.o.Cache.contents(oldest)
	s.facts, s.tasks.classes = s.contents.facts, s.contents.classes
	s.places, s.replays = newPlaces(s.facts, s.contents.places), newReplays(s.facts)
}

// read searches a history without looking for an earlier result of the whole.
func (s *search) read(ctx context.Context, repo *gitrepo.Repo) (err error) {
	if s.engine, err = s.o.Engine(); err != nil {
		return err
	}
	if s.key, err = s.o.Cache.fingerprintKey(); err != nil {
		return err
	}
	var stats gitrepo.Stats
	var walked error
	blobs := func(yield func(blob) bool) {
		yield = s.counted(yield)
		options := gitrepo.WalkOptions{
			MaxBlob: s.o.MaxBlob, Listed: s.begin, Kept: s.kept, LogDir: s.o.Cache.logDir(),
			Again: func() (func(gitrepo.Blob) bool, func(gitrepo.Blob) error) { return s.secondReading(ctx, repo, yield) },
		}
		stats, walked = repo.Walk(ctx, options, func(b gitrepo.Blob) error {
			if !yield(s.prepare(b)) {
				return errStopped
			}
			return nil
		})
	}
	for b := range detect.ScanAll(ctx, blobs, s.o.Jobs, s.match) {
		s.take(b)
		if s.o.Progress != nil && b.again == nil && b.skipped == "" {
			s.o.Progress(b.size)
		}
		s.pending.Done()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if walked != nil && !errors.Is(walked, errStopped) {
		return walked
	}
	s.tell(stats)
	return nil
}

// counted counts what is yielded until it is taken.
func (s *search) counted(yield func(blob) bool) func(blob) bool {
	return func(b blob) bool {
		s.pending.Add(1)
		if yield(b) {
			return true
		}
		s.pending.Done()
		return false
	}
}

var errStopped = errors.New("stopped")

// search is one run. prepare runs in the goroutine that reads the repository, match in the workers, take in the
// caller's: no field is written by two of them. begin and kept run where prepare does, while nothing is on its way to
// the others.
type search struct {
	o        Options
	engine   *detect.Engine
	key      secret.Key
	seed     maphash.Seed
	oldest   string
	contents *contents
	facts    *facts // of contents

	seen  *seen     // of prepare
	split splitter  // of prepare
	tasks taskNames // of prepare
	spare blob      // of kept, which has done with its slices when it returns

	replays *replays // of take
	places  *places  // of take
	again   *again   // of take, and of the second reading when all of the first is taken
	pending sync.WaitGroup
	result  Result // of take
}

// match finds the secrets in what was taken of a content.
func (s *search) match(b blob) blob {
	for i := range b.tasks {
		t := &b.tasks[i]
		if t.known {
			continue
		}
		for _, f := range s.engine.Scan(t.path, t.part.text) {
			line, ok := t.part.line(f.Start, f.End, f.Line)
			if !ok || len(t.found) == maxFindings {
				continue
			}
			fingerprint := s.key.Fingerprint(f.Secret)
			if f.Confidence >= detect.AgainFrom && fingerprint != "" {
				if t.values == nil {
					t.values = map[string]secret.Value{}
				}
				t.values[fingerprint] = f.Secret
			}
			t.found = append(t.found, Finding{
				Detector: f.Detector, Title: f.Description, Line: line, Column: f.Column, EndLine: line + f.EndLine - f.Line, EndColumn: f.EndColumn,
				Confidence: f.Confidence, Reasons: f.Reasons, Hint: secret.Hint(f.Secret), Fingerprint: fingerprint,
			})
		}
		t.part.text = nil
	}
	return b
}

// take lists what was found, and what was found before on the lines that were not matched again.
func (s *search) take(b blob) {
	if b.again != nil {
		s.takeAgain(b)
		return
	}
	if b.skipped != "" {
		for _, p := range b.places {
			s.skip(p.Path, reasonOf(b.skipped, s.o.MaxBlob), b.skipped != gitrepo.SkippedSize)
		}
		return
	}
	if b.binary {
		for _, p := range b.places {
			s.skip(p.Path, "binary content", false)
		}
	} else if len(b.tasks) > 0 {
		s.result.Blobs++
		s.result.Bytes += b.size
	}
	for i := range b.tasks {
		t := &b.tasks[i]
		if !t.known {
			for _, f := range t.found {
				t.spots = append(t.spots, s.facts.spot(f))
			}
			t.spots = s.replays.complete(t.part, t.spots)
			s.contents.put(b.oid, t.class, content{b.size, b.binary, t.spots})
		}
		if len(t.spots) == 0 {
			continue
		}
		s.again.note(s.facts, &b, t)
		for _, p := range b.places {
			if p.class == t.class && !s.places.add(p.Place, t.spots, false) {
				s.skip(p.Path, fmt.Sprintf("more than %d places hold a secret; the rest is not listed", maxPlaces), true)
			}
		}
		if b.cut {
			s.skip(b.places[0].Path, "the content stands at more paths than are listed", false)
		}
	}
}

func (s *search) skip(name, reason string, unread bool) {
	s.result.Skipped = append(s.result.Skipped, Skipped{name, reason, unread})
}

func reasonOf(skipped string, max int64) string {
	if skipped == gitrepo.SkippedSize {
		return fmt.Sprintf("larger than %d MB in the history; --max-size raises it", max>>20)
	}
	return skipped
}

// tell says what the walk could not see.
func (s *search) tell(stats gitrepo.Stats) {
	switch {
	case stats.Broken != "":
		s.skip("", "the history could not be read to its end: "+stats.Broken, true)
	case stats.Missing > 0:
		s.skip("", fmt.Sprintf("the repository lacks %d objects", stats.Missing), true)
	}
	if stats.Shallow {
		s.skip("", "the repository is a shallow clone and holds only the end of its history; in GitLab CI/CD set GIT_DEPTH: 0", true)
	}
}
