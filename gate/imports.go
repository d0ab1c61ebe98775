package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory/secret"
)

// position is an exception that names a place instead of a value, as gitleaks has them. It is bound to the value that
// stands there at the merge base, or in the commit that it names.
type position struct {
	commit string // empty: the merge base
	file   string
	rule   string // empty: any
	line   int
	by     Exception
}

const maxPositions = 50_000

// Add reads a file of exceptions, of any kind we know: our own baseline, gitleaks' or detect-secrets' baseline, or a
// .gitleaksignore by its name.
func (e *Exceptions) Add(name string, text []byte) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
	case strings.HasSuffix(path.Base(name), "gitleaksignore"):
		e.addIgnoreFile(name, text)
	case trimmed[0] == '[':
		e.addGitleaks(name, trimmed)
	case isDetectSecrets(trimmed):
		e.addDetectSecrets(name, trimmed)
	default:
		b, problems := ParseBaseline(name, text)
		e.baselines, e.problems = append(e.baselines, b), append(e.problems, problems...)
	}
}

func (e *Exceptions) wrong(name string, line int, err error) {
	if len(e.problems) < 100 {
		e.problems = append(e.problems, Problem{name, line, err.Error()})
	}
}

func (e *Exceptions) addPosition(p position) {
	if len(e.places) < maxPositions {
		e.places = append(e.places, p)
	}
}

// addIgnoreFile reads lines "commit:file:rule:line" and "file:rule:line"; a path may hold colons.
// Source: https://github.com/gitleaks/gitleaks#gitleaksignore
func (e *Exceptions) addIgnoreFile(name string, text []byte) {
	number := 0
	for raw := range strings.Lines(string(text)) {
		number++
		text := strings.TrimSpace(raw)
		if text == "" || text[0] == '#' {
			continue
		}
		rest, digits := cutLast(text)
		rest, rule := cutLast(rest)
		line, err := strconv.Atoi(digits)
		if err != nil || line < 0 || rest == "" {
			e.wrong(name, number, errors.New("want commit:file:rule:line or file:rule:line"))
			continue
		}
		p := position{file: rest, rule: rule, line: line, by: Exception{By: name, Line: number}}
		if id, file, ok := strings.Cut(rest, ":"); ok && isCommit(id) {
			p.commit, p.file = id, file
		}
		e.addPosition(p)
	}
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// addGitleaks reads a report of gitleaks in JSON, which is what its --baseline-path takes. A value that is not redacted
// binds by itself.
func (e *Exceptions) addGitleaks(name string, text []byte) {
	var all []struct {
		RuleID    string
		StartLine int
		Secret    string
		File      string
		Commit    string
	}
	if err := json.Unmarshal(text, &all); err != nil {
		e.wrong(name, 1, fmt.Errorf("gitleaks baseline: %w", withoutText(err)))
		return
	}
	for i, f := range all {
		by := Exception{By: fmt.Sprintf("%s, finding %d", name, i+1)}
		if f.Secret != "" && f.Secret != "REDACTED" && !strings.HasSuffix(f.Secret, "...") {
			e.values = append(e.values, accepted{secret.New(f.Secret), by})
			continue
		}
		e.addPosition(position{commit: f.Commit, file: f.File, rule: f.RuleID, line: f.StartLine, by: by})
	}
}

func isDetectSecrets(text []byte) bool {
	var probe struct {
		Results map[string]json.RawMessage `json:"results"`
	}
	return text[0] == '{' && json.Unmarshal(text, &probe) == nil && probe.Results != nil
}

// addDetectSecrets reads a baseline of detect-secrets, which holds the SHA-1 of each value.
// Source: https://github.com/Yelp/detect-secrets
func (e *Exceptions) addDetectSecrets(name string, text []byte) {
	var file struct {
		Results map[string][]struct {
			Hash string `json:"hashed_secret"`
			Line int    `json:"line_number"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		e.wrong(name, 1, fmt.Errorf("detect-secrets baseline: %w", withoutText(err)))
		return
	}
	if e.hashes == nil {
		e.hashes = map[string]Exception{}
	}
	for where, list := range file.Results {
		for _, r := range list {
			if len(r.Hash) == 40 {
				e.hashes[r.Hash] = Exception{By: fmt.Sprintf("%s (%s:%d)", name, where, r.Line)}
			}
		}
	}
}

// withoutText drops what of the input an error of encoding/json quotes: it may be a value.
func withoutText(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("invalid JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s is not of the expected type, at byte %d", kind.Field, kind.Offset)
	}
	return errors.New("invalid JSON")
}

// acceptPlaces binds the positions to values, and accepts those.
func (s *search) acceptPlaces(ctx context.Context) error {
	if s.change.Trusted == "" || len(s.result.New) == 0 || len(s.o.Accepted.places) == 0 {
		return nil
	}
	var values []secret.Value
	for _, found := range s.result.New {
		values = append(values, found.value)
	}
	byFile := map[[2]string][]position{}
	var paths []string
	for _, p := range s.o.Accepted.places {
		at := [2]string{p.commit, path.Clean(p.file)}
		if byFile[at] == nil && p.commit == "" {
			paths = append(paths, at[1])
		}
		byFile[at] = append(byFile[at], p)
	}
	bound := map[string]*Exception{}
	bind := func(commit, file string, text []byte) {
		if mentions(text, values) {
			s.bind(file, text, byFile[[2]string{commit, file}], bound)
		}
	}
	if err := s.readBase(ctx, paths, func(file string, text []byte) { bind("", file, text) }); err != nil {
		return err
	}
	if err := s.readCommits(ctx, byFile, bind); err != nil {
		return err
	}
	s.ask(func(found *Secret) *Exception { return bound[key(found.value)] })
	return nil
}

// maxCommitFiles bounds the files read of older commits: each costs two runs of git.
const maxCommitFiles = 500

// readCommits hands the files of commits that positions name to each. A commit counts when the merge base reaches it.
func (s *search) readCommits(ctx context.Context, byFile map[[2]string][]position, each func(commit, file string, text []byte)) error {
	var all [][2]string
	for at := range byFile {
		if at[0] != "" {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	if len(all) > maxCommitFiles {
		s.result.Notes = append(s.result.Notes, fmt.Sprintf("of %d exceptions that name a commit and a file, the first %d were read", len(all), maxCommitFiles))
		all = all[:maxCommitFiles]
	}
	unreached := 0
	for _, at := range all {
		ok, err := s.repo.IsAncestor(ctx, at[0], s.change.Trusted)
		if err != nil {
			return err
		}
		if !ok {
			unreached += len(byFile[at])
			continue
		}
		content, ok, err := s.repo.File(ctx, at[0], at[1])
		if err != nil {
			return err
		}
		if ok {
			text, _ := plain(content)
			each(at[0], at[1], text)
		}
	}
	if unreached > 0 {
		s.result.Notes = append(s.result.Notes, fmt.Sprintf("%s of ignore files name commits that the merge base does not reach, or that a shallow clone lacks; they do not count", count(unreached, "line")))
	}
	return nil
}

// bind notes the values that stand where the positions say: those of the position's rule, or all in the line where our
// detectors have other names.
func (s *search) bind(file string, text []byte, at []position, bound map[string]*Exception) {
	all := s.scan(file, text, false)
	for _, p := range at {
		var named, others []string
		for _, f := range all {
			switch {
			case f.Line > p.line || f.EndLine < p.line:
			case f.Detector == p.rule:
				named = append(named, key(f.Secret))
			default:
				others = append(others, key(f.Secret))
			}
		}
		if len(named) == 0 {
			named = others
		}
		for _, k := range named {
			if bound[k] == nil {
				bound[k] = &p.by
			}
		}
	}
}
