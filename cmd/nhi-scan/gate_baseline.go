package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nhiscan/gate"
	"nhiscan/inventory"
)

// imported are files of other tools that are read where they are.
var imported = []string{".gitleaksignore", ".secrets.baseline"}

// exceptions reads what is accepted: the baseline and the files of other tools, as the trusted commit has them.
func (g *gateRun) exceptions(ctx context.Context, s span) (*gate.Exceptions, error) {
	accepted := &gate.Exceptions{}
	path, outside, err := g.baselinePath(ctx)
	if err != nil {
		return nil, err
	}
	if outside { // the caller's own file, which no change to the repository touches
		text, err := readInput(ctx, path, maxExceptionFile)
		if err != nil {
			return nil, usage(fmt.Errorf("baseline: %w", err), "")
		}
		accepted.Add(path, text)
		if problems := accepted.Problems(); len(problems) > 0 {
			return nil, usage(problems[0], "docs/gate.md describes the file")
		}
	}
	files := slices.Clone(imported)
	if g.o.noImports {
		files = nil
	}
	if !outside {
		files = append([]string{path}, files...)
		if err := g.checkBaselineOfChange(ctx, path, s); err != nil {
			return nil, err
		}
	}
	for _, name := range files {
		if s.edits(name) {
			g.app.say("nhi-scan: note: the change edits %s; that counts once it is merged", inventory.Printable(name, 200))
		}
		if s.trusted == "" {
			continue
		}
		text, ok, err := gateRepository{g.repo}.File(ctx, s.trusted, name)
		if err != nil {
			return nil, cannotCompare(err, "")
		}
		if ok {
			accepted.Add(name, text)
		}
	}
	return accepted, nil
}

// baselinePath is the baseline's path in the repository, or, outside of it, on disk.
func (g *gateRun) baselinePath(ctx context.Context) (path string, outside bool, err error) {
	path = g.o.baseline
	if !filepath.IsAbs(path) {
		clean := filepath.ToSlash(filepath.Clean(path))
		if clean == ".." || strings.HasPrefix(clean, "../") {
			return "", false, usage(fmt.Errorf("--baseline %s: want a path below the repository's root, or an absolute one", inventory.Printable(path, 200)), "")
		}
		return clean, false, nil
	}
	root, err := g.git.Root(ctx, g.path)
	if err != nil {
		return path, true, nil // a bare repository has no files of its own
	}
	// Git gives the root without symbolic links.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	inside, err := filepath.Rel(root, path)
	if err != nil || inside == ".." || strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return path, true, nil
	}
	return filepath.ToSlash(inside), false, nil
}

// checkBaselineOfChange refuses a change to the baseline that would accept nothing once it is merged.
func (g *gateRun) checkBaselineOfChange(ctx context.Context, path string, s span) error {
	blob := ""
	for _, step := range s.steps {
		for _, c := range step.Changes {
			if c.Path == path {
				blob = c.New
			}
		}
	}
	if blob == "" {
		return nil
	}
	return g.repo.Contents(ctx, []string{blob}, maxExceptionFile, func(_ string, text []byte, skipped string) error {
		added := &gate.Exceptions{}
		added.Add(path, text)
		if problems := added.Problems(); skipped == "" && len(problems) > 0 {
			return usage(fmt.Errorf("the change edits the baseline: %w", problems[0]), "docs/gate.md describes the file; --baseline-add writes it")
		}
		return nil
	})
}

// edits reports whether a step changes a file.
func (s span) edits(path string) bool {
	for _, step := range s.steps {
		for _, c := range step.Changes {
			if c.Path == path {
				return true
			}
		}
	}
	return false
}

// checkAdd wants what an entry needs, before anything is searched.
func (o *gateOptions) checkAdd(now time.Time) error {
	if !o.add {
		if o.owner+o.reason+o.until != "" || len(o.only) > 0 {
			return usage(errors.New("--owner, --reason, --until and --only belong to --baseline-add"), "")
		}
		return nil
	}
	if o.push != "" {
		return usage(errors.New("--baseline-add and --push exclude each other"), "")
	}
	for _, f := range []struct{ name, text string }{{"--owner", o.owner}, {"--reason", o.reason}, {"--until", o.until}} {
		if strings.TrimSpace(f.text) == "" {
			return usage(fmt.Errorf("--baseline-add: %s is missing", f.name), "an exception needs who answers for it, why, and until when")
		}
	}
	until, err := gate.ParseDay(o.until)
	if err != nil {
		return usage(fmt.Errorf("--until: %w", err), "")
	}
	if !until.After(now) {
		return usage(fmt.Errorf("--until %s is past", o.until), "")
	}
	return nil
}

// addToBaseline writes the new secrets, or those named, to the baseline in the work tree.
func (g *gateRun) addToBaseline(ctx context.Context, result *gate.Result) error {
	chosen, err := g.chosen(result)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		g.app.say("nothing new, so nothing to accept")
		return nil
	}
	path, outside, err := g.baselinePath(ctx)
	if err != nil {
		return err
	}
	if !outside {
		root, err := g.git.Root(ctx, g.path)
		if err != nil {
			return usage(errors.New("--baseline-add: the repository has no work tree"), "")
		}
		path = filepath.Join(root, filepath.FromSlash(path))
	}
	baseline, err := readBaseline(path, g.o.baseline)
	if err != nil {
		return err
	}
	until, err := gate.ParseDay(g.o.until)
	if err != nil {
		return err
	}
	for _, s := range chosen {
		if len(g.o.only) == 0 && baseline.Holds(s, g.app.now()) {
			continue // keeps its own owner and reason
		}
		baseline.Add(s, g.o.owner, g.o.reason, g.app.now(), until)
		p := s.Places[0]
		fmt.Fprintf(g.app.stdout, "accepted until %s: %s in %s:%d\n", g.o.until, s.Detector, inventory.Printable(p.Path, 200), p.Finding.Line)
	}
	err = writeFile(ctx, path, func(w io.Writer) error {
		_, err := w.Write(baseline.Text())
		return err
	})
	if err == nil {
		err = os.Chmod(path, 0o644) //nolint:gosec // a file of the repository, without values
	}
	if err != nil {
		return cannotRun(err, "")
	}
	g.app.say("wrote %s; commit it to the target branch: it counts as it stands at the merge base", path)
	return nil
}

// chosen are the new secrets that --only names, or all.
func (g *gateRun) chosen(result *gate.Result) ([]gate.Secret, error) {
	if len(g.o.only) == 0 {
		return result.New, nil
	}
	var all []gate.Secret
	for _, id := range g.o.only {
		n := len(all)
		for _, s := range result.New {
			if len(id) >= 6 && slices.ContainsFunc(s.Places, func(p gate.Place) bool { return strings.HasPrefix(p.ID, strings.ToLower(id)) }) {
				all = append(all, s)
			}
		}
		if len(all) == n {
			return nil, usage(fmt.Errorf("--only %s: no new secret has this ID", inventory.Printable(id, 64)), "nhi-scan gate shows them; at least 6 digits")
		}
	}
	return all, nil
}

// readBaseline reads the file to be written, or begins one.
func readBaseline(path, name string) (*gate.Baseline, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		salt := make([]byte, 16)
		_, err := rand.Read(salt)
		return gate.NewBaseline(name, salt), err
	}
	if err != nil {
		return nil, cannotRun(err, "")
	}
	if !info.Mode().IsRegular() || info.Size() > maxExceptionFile {
		return nil, usage(fmt.Errorf("%s is no baseline: not a regular file, or too large", path), "")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, cannotRun(err, "")
	}
	baseline, problems := gate.ParseBaseline(name, text)
	if len(problems) > 0 {
		return nil, usage(problems[0], "only our own baseline can be added to; name another file with --baseline")
	}
	return baseline, nil
}
