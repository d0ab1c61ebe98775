package gate

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

// Exception is why a secret is accepted.
type Exception struct {
	By   string // the file, or what the allow comment says
	Line int    // of the file; 0 where that says nothing
	// Owner, Reason and Until stand in our own baseline only.
	Owner, Reason string
	Until         time.Time // the last day on which it counts
	Expired       bool
}

// String says by whom and until when, for a person.
func (e Exception) String() string {
	by := e.By
	if e.Line > 0 {
		by = fmt.Sprintf("%s, line %d", e.By, e.Line)
	}
	if e.Owner == "" {
		return by
	}
	return fmt.Sprintf("%s: until %s by %s: %s", by, e.Until.Format(time.DateOnly), e.Owner, e.Reason)
}

// Exceptions are what baselines and ignore files accept. The zero Exceptions accept nothing.
type Exceptions struct {
	baselines []*Baseline
	hashes    map[string]Exception // of detect-secrets, by SHA-1 in hexadecimal digits
	values    []accepted           // of gitleaks' baselines
	places    []position
	problems  []Problem
}

// accepted is a value that a file accepts.
type accepted struct {
	value secret.Value
	by    Exception
}

// Problems are the lines that accept nothing, in the order of the files.
func (e *Exceptions) Problems() []Problem { return e.problems }

// notes tell what does not count, or soon will not.
func (e *Exceptions) notes(today time.Time) []string {
	var all []string
	for _, p := range e.problems {
		all = append(all, p.Error()+"; the line does not count")
	}
	for _, b := range e.baselines {
		for _, entry := range b.entries {
			if entry.expired(today) {
				all = append(all, fmt.Sprintf("%s, line %d: expired on %s (%s, owner %s): remove the secret, or have the entry renewed",
					b.name, entry.line, entry.Until, entry.Path, entry.Owner))
			}
		}
	}
	return all
}

// accept moves the secrets that an exception covers from New to Accepted.
func (s *search) accept(ctx context.Context) error {
	s.ask(func(found *Secret) *Exception { return s.o.Accepted.named(*found) })
	for _, b := range s.o.Accepted.baselines {
		s.askBaseline(b)
	}
	if err := s.acceptPlaces(ctx); err != nil {
		return err
	}
	return s.acceptComments(ctx)
}

// ask moves what covers accepts. An exception that has expired stays with the secret, which stays new.
func (s *search) ask(covers func(found *Secret) *Exception) {
	var left []Secret
	for _, found := range s.result.New {
		switch by := covers(&found); {
		case by == nil:
			left = append(left, found)
		case by.Expired:
			found.Accepted = by
			left = append(left, found)
		default:
			found.Accepted, found.Exempted = by, ""
			s.result.Accepted = append(s.result.Accepted, found)
		}
	}
	s.result.New = left
}

// askBaseline looks the new values up in a baseline. Each costs a slow hash, so of very many only some are: first those
// in a file that an entry names. As many as there are entries are always asked about, or a change could hide what is
// accepted behind what is not.
func (s *search) askBaseline(b *Baseline) {
	if len(b.entries) == 0 {
		return
	}
	named := map[string]bool{}
	for _, e := range b.entries {
		named[e.Path] = true
	}
	var order, strange []int
	for i, found := range s.result.New {
		if slices.ContainsFunc(found.Places, func(p Place) bool { return named[p.Path] }) {
			order = append(order, i)
		} else {
			strange = append(strange, i)
		}
	}
	order = append(order, strange...)
	if most := leastAsked + 2*len(b.entries); len(order) > most {
		s.result.Notes = append(s.result.Notes, fmt.Sprintf("of %d secrets, %d were looked up in %s: the hashes take too long", len(order), most, b.name))
		order = order[:most]
	}
	by := map[string]*Exception{}
	for _, i := range order {
		found := s.result.New[i]
		by[key(found.value)] = b.find(found, s.o.Today)
	}
	s.ask(func(found *Secret) *Exception { return by[key(found.value)] })
}

// named looks a value up in what names it without a slow hash.
func (e *Exceptions) named(found Secret) *Exception {
	for _, sum := range sha1s(found.value) {
		if by, ok := e.hashes[sum]; ok {
			return &by
		}
	}
	for _, a := range e.values {
		if key(a.value) == key(found.value) {
			return &a.by
		}
	}
	return nil
}

// allowComments are the marks that other tools take for an exemption of their line, and nextLine of the one behind.
// Sources: https://github.com/gitleaks/gitleaks, https://github.com/trufflesecurity/trufflehog,
// https://github.com/Yelp/detect-secrets
var (
	allowComments = [][]byte{
		[]byte("gitleaks:allow"), []byte("trufflehog:ignore"), []byte("pragma: allowlist secret"), []byte("pragma: whitelist secret"),
	}
	nextLine = [][]byte{[]byte("pragma: allowlist nextline secret"), []byte("pragma: whitelist nextline secret")}
)

// allowComment returns the mark beside a finding: in one of its lines, or for the next line in the one before.
// Empty without one.
func allowComment(text []byte, f detect.Finding) string {
	from := bytes.LastIndexByte(text[:f.Start], '\n') + 1
	to := len(text)
	if n := bytes.IndexByte(text[f.End:], '\n'); n >= 0 {
		to = f.End + n
	}
	before := text[:max(0, from-1)]
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	for _, look := range []struct {
		marks [][]byte
		in    []byte
	}{{allowComments, text[from:to]}, {nextLine, before}} {
		for _, mark := range look.marks {
			if bytes.Contains(look.in, mark) {
				return string(mark)
			}
		}
	}
	return ""
}

func hasComment(text []byte) bool {
	holds := func(mark []byte) bool { return bytes.Contains(text, mark) }
	return slices.ContainsFunc(allowComments, holds) || slices.ContainsFunc(nextLine, holds)
}

// acceptComments looks for the new values in the files of the trusted commit: an allow comment beside one there accepts it,
// and where it stands already is worth telling.
func (s *search) acceptComments(ctx context.Context) error {
	if s.change.Trusted == "" || len(s.result.New) == 0 {
		return nil
	}
	values, number := []secret.Value(nil), map[string]int{}
	for i, found := range s.result.New {
		values = append(values, found.value)
		number[key(found.value)] = i
	}
	paths, err := s.holding(ctx, values)
	if err != nil || len(paths) == 0 {
		return err
	}
	comments := map[int]*Exception{}
	find := newNeedles(values)
	err = s.readBase(ctx, paths, func(path string, text []byte) {
		if hasComment(text) {
			for _, f := range s.scan(path, text, false) {
				if i, ok := number[key(f.Secret)]; ok && comments[i] == nil {
					if mark := allowComment(text, f); mark != "" {
						comments[i] = &Exception{By: fmt.Sprintf("%s, line %d: %s", s.shown(path), f.Line, mark)}
					}
				}
			}
		}
		for i, n := range find.count(text) {
			s.result.New[i].Before += n
			s.result.New[i].After += n
		}
	})
	if err != nil || s.o.NoInlineAllow {
		return err
	}
	s.ask(func(found *Secret) *Exception { return comments[number[key(found.value)]] })
	return nil
}

// maxSought is how many values git is asked to look for: it tries them one by one, and reading all is faster then.
const maxSought = 200

// holding lists the files of the trusted commit that may hold one of the values.
func (s *search) holding(ctx context.Context, values []secret.Value) ([]string, error) {
	if len(values) <= maxSought {
		return s.repo.Holding(ctx, s.change.Trusted, values)
	}
	tree, err := s.repo.Tree(ctx, s.change.Trusted)
	return slices.Sorted(maps.Keys(tree)), err
}

// readBase hands the text of files of the trusted commit to each.
func (s *search) readBase(ctx context.Context, paths []string, each func(path string, text []byte)) error {
	tree, err := s.repo.Tree(ctx, s.change.Trusted)
	if err != nil {
		return err
	}
	at, ids := map[string][]string{}, []string(nil)
	paths = slices.Clone(paths)
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		if id := tree[path]; id != "" {
			if at[id] == nil {
				ids = append(ids, id)
			}
			at[id] = append(at[id], path)
		}
	}
	return s.repo.Contents(ctx, ids, s.o.MaxBlob, func(id string, content []byte, skipped string) error {
		if skipped != "" {
			return nil // it accepts nothing then
		}
		text, _ := plain(content)
		for _, path := range at[id] {
			each(path, text)
		}
		return nil
	})
}
