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
	// Exclude leaves out paths of the repository. May be nil.
	Exclude func(path string) bool
	// Cache keeps results between runs. May be nil.
	Cache *Cache
	// Excluded names what Exclude leaves out: a kept result is of no use under another one.
	Excluded string
	// Progress is told of every content read, in the goroutine that called Search. May be nil.
	Progress func(bytes int64)
}

// DefaultMaxBlob is the largest content read where nobody says otherwise, in bytes.
const DefaultMaxBlob = 32 << 20

// Result is what a history holds.
type Result struct {
	Places  []Place // in no order that matters
	Blobs   int     // distinct contents that were searched, in this run or an earlier one
	Bytes   int64   // of them
	Skipped []Skipped
}

// Place is one path that held a secret, with the oldest content that had it there.
type Place struct {
	Finding
	Path                 string // relative to the repository; empty for a content that only a tag names
	Commit, Author, Date string // as gitrepo.Place has them, the date in RFC 3339; empty where no commit is known
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
	if o.Cache == nil {
		return read(ctx, repo, o)
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	state := fmt.Sprintf("%s %d %s", refs, o.MaxBlob, o.Excluded)
	if r := o.Cache.history(state); r != nil {
		return r, nil
	}
	if err := o.Cache.load(); err != nil {
		return nil, err
	}
	r, err := read(ctx, repo, o)
	if err != nil {
		return nil, err
	}
	err = o.Cache.flush()
	if err == nil && r.Complete() { // what was missing may be there the next time
		err = o.Cache.keep(state, r)
	}
	return r, err
}

// Complete reports whether everything that was asked for was read.
func (r *Result) Complete() bool {
	return !slices.ContainsFunc(r.Skipped, func(s Skipped) bool { return s.Unread })
}

// read searches a history without looking for an earlier result of the whole.
func read(ctx context.Context, repo *gitrepo.Repo, o Options) (*Result, error) {
	s := &search{o: o, seen: newSeen(), seed: maphash.MakeSeed(), replays: newReplays(), places: newPlaces(), again: newAgain()}
	var err error
	if s.engine, err = o.Engine(); err != nil {
		return nil, err
	}
	if s.key, err = o.Cache.fingerprintKey(); err != nil {
		return nil, err
	}
	var stats gitrepo.Stats
	var walked error
	blobs := func(yield func(blob) bool) {
		yield = s.counted(yield)
		going := true
		kept := func(b gitrepo.Blob) bool {
			known, ok := s.kept(b)
			if ok && going && known.tells() {
				known.places = slices.Clone(known.places)
				going = yield(known)
			}
			return ok
		}
		options := gitrepo.WalkOptions{
			MaxBlob: o.MaxBlob, Kept: kept, LogDir: o.Cache.logDir(),
			Again: func() (func(gitrepo.Blob) bool, func(gitrepo.Blob) error) { return s.secondReading(ctx, repo, yield) },
		}
		stats, walked = repo.Walk(ctx, options, func(b gitrepo.Blob) error {
			if going = going && yield(s.prepare(b)); !going {
				return errStopped
			}
			return nil
		})
	}
	for b := range detect.ScanAll(ctx, blobs, o.Jobs, s.match) {
		s.take(b)
		s.pending.Done()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if walked != nil && !errors.Is(walked, errStopped) {
		return nil, walked
	}
	s.result.Blobs += s.quiet
	s.result.Bytes += s.quietBytes
	s.tell(stats)
	s.result.Places = append(s.places.all(), s.again.places.all()...)
	return &s.result, nil
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

// search is one run. prepare and kept run in the goroutine that reads the repository, match in the workers, take in
// the caller's: no field is written by two of them.
type search struct {
	o      Options
	engine *detect.Engine
	key    secret.Key
	seed   maphash.Seed

	seen  *seen     // of prepare
	split splitter  // of prepare
	tasks taskNames // of prepare

	quiet      int // of kept: contents that are known to hold nothing
	quietBytes int64

	taken   taskNames // of take
	replays *replays  // of take
	places  *places   // of take
	again   *again    // of take, and of the second reading when all of the first is taken
	pending sync.WaitGroup
	result  Result // of take
}

// blob is a content on its way.
type blob struct {
	oid     string
	places  []gitrepo.Place // without excluded ones
	size    int64
	skipped string
	cut     bool // it stands at more paths than are known
	binary  bool
	tasks   []task
	again   []Finding // of the second reading: places of values, with their fingerprints; it has no tasks then
}

// task is the search of a content under the paths of one class.
type task struct {
	class string
	path  string // the first of the class
	known bool   // found comes from the cache
	part  excerpt
	found []Finding
	// values are those of found that may be looked for again, by fingerprint.
	values map[string]secret.Value
}

// kept reports whether nothing of a content need be read, each of its paths being excluded, of no interest or known, and
// returns what is known.
func (s *search) kept(b gitrepo.Blob) (out blob, ok bool) {
	if len(b.Paths) == 0 {
		return out, false
	}
	out = blob{oid: b.OID, places: s.placesOf(b.Paths), cut: b.MorePaths}
	for _, p := range out.places {
		class := s.tasks.class(s.engine, p.Path)
		if class == "skip" || out.has(class) {
			continue
		}
		r, ok := s.o.Cache.get(b.OID, class)
		if !ok || r.size > s.o.MaxBlob {
			return out, false
		}
		out.tasks = append(out.tasks, task{class: class, path: p.Path, known: true, found: r.found})
		out.size, out.binary = r.size, r.binary
	}
	if len(out.tasks) > 0 && !out.tells() {
		s.quiet++
		s.quietBytes += out.size
	}
	return out, true
}

// tells reports whether there is more to say of a known content than that it was searched.
func (b *blob) tells() bool {
	return b.binary || slices.ContainsFunc(b.tasks, func(t task) bool { return len(t.found) > 0 })
}

// prepare takes from a content, which is valid during the call only, what is to be matched.
func (s *search) prepare(b gitrepo.Blob) blob {
	out := blob{oid: b.OID, places: s.placesOf(pathsOf(b)), size: b.Size, skipped: b.Skipped, cut: b.MorePaths}
	if b.Skipped != "" {
		return out
	}
	out.binary = b.Binary
	for _, p := range out.places {
		class := s.tasks.class(s.engine, p.Path)
		if class == "skip" || out.has(class) {
			continue
		}
		t := task{class: class, path: p.Path}
		if r, ok := s.o.Cache.get(b.OID, class); ok {
			t.known, t.found = true, r.found
			out.binary = r.binary
		} else if !b.Binary {
			t.part = s.split.excerpt(s.seen, s.seed, s.tasks.number(class), b.Content)
		}
		out.tasks = append(out.tasks, t)
	}
	return out
}

func (b *blob) has(class string) bool {
	for i := range b.tasks {
		if b.tasks[i].class == class {
			return true
		}
	}
	return false
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
	if s.o.Progress != nil {
		s.o.Progress(b.size)
	}
	for i := range b.tasks {
		t := &b.tasks[i]
		if !t.known {
			t.found = s.replays.complete(t.part, t.found)
			s.o.Cache.put(b.oid, t.class, content{b.size, b.binary, t.found})
		}
		if len(t.found) == 0 {
			continue
		}
		s.again.note(&b, t)
		for _, p := range b.places {
			if s.taken.class(s.engine, p.Path) == t.class && !s.places.add(p, t.found) {
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
