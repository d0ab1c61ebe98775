package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/report"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/filetree"
	githistory "nhiscan/scanner/history" // history is a function here
)

type detectFlags struct {
	format, out   string
	history       string
	minConfidence float64
	engine        engineFlags
	fail          bool
	maxSize       string
	exclude       []string
	jobs          int
	cache         string
	anyOwner      bool
}

func newDetect(a *app) *cobra.Command {
	var f detectFlags
	cmd := &cobra.Command{
		Use:   "detect PATH…",
		Short: "Find secrets in files, archives, repositories and their history",
		Long: `detect searches files and folders, archives in them (zip, jar, tar, gzip, three deep) and standard input (-) for
secrets. It needs neither GitLab nor a network, and shows no value.

With --history a PATH that is a git repository is searched in every commit that a branch, tag or other ref reaches,
instead of the files as they lie: each content once, each place with the first commit that had it.

Each finding carries a confidence with its reasons; those below --min-confidence are counted, not shown. What was not
searched is listed with the reason. Exit status: 0; with --fail 1 when there are findings; 4 when something that was
asked for could not be read.`,
		Example: `  nhi-scan detect .
  nhi-scan detect --history --format json . | jq '.findings[] | {path, line, commit}'
  nhi-scan detect --format gitlab --out gl-secret-detection-report.json --fail .
  kubectl get configmaps -A -o yaml | nhi-scan detect -`,
		Args: wants(1, 1<<20, "PATH"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.detect(cmd.Context(), f, args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.format, "format", "table", "`FORMAT`: "+strings.Join(findingFormats(), ", "))
	fs.StringVar(&f.out, "out", "", "`PATH` to write to (default: stdout)")
	fs.StringVar(&f.history, "history", "none", "search the history of repositories, `MODE`: full or none; --history alone is full")
	fs.Lookup("history").NoOptDefVal = "full"
	fs.Float64Var(&f.minConfidence, "min-confidence", detect.DefaultConfidence, "show findings from this `CONFIDENCE` on, 0 to 1")
	f.engine.add(fs)
	fs.BoolVar(&f.fail, "fail", false, "exit 1 when there are findings")
	fs.StringVar(&f.maxSize, "max-size", "0", "skip files larger than `SIZE`; 0 is no limit for files, 32M in a history")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "leave out what matches `GLOB`, as *.min.js or docs/**; may be repeated")
	fs.StringVar(&f.cache, "cache", "", "`DIR` that keeps what contents of a history were found to hold, without values")
	fs.BoolVar(&f.anyOwner, "any-owner", false, "read the history of a repository that belongs to another user, as in a container")
	fs.IntVar(&f.jobs, "jobs", 0, "search in `N` threads (default: one per processor)")
	completes(cmd, "format", findingFormats()...)
	completes(cmd, "history", "full", "none")
	return cmd
}

// findingFormats are the names of the formats for findings, in detect and gate.
func findingFormats() []string {
	var names []string
	for _, f := range report.FindingsFormats() {
		names = append(names, string(f))
	}
	return names
}

func checkFindingFormat(name string) error {
	if names := findingFormats(); !slices.Contains(names, name) {
		return usage(fmt.Errorf("--format %q: want one of %s", inventory.Printable(name, 40), strings.Join(names, ", ")), "")
	}
	return nil
}

func checkConfidence(least float64) error {
	if !(least >= 0 && least <= 1) { // NaN is neither
		return usage(fmt.Errorf("--min-confidence %v: want 0 to 1", least), "")
	}
	return nil
}

// search is one run of detect.
type search struct {
	app      *app
	engine   func() (*detect.Engine, error) // made once, when something is to be matched
	exclude  *filetree.Patterns
	globs    []string // of exclude
	maxSize  int64
	from     float64 // the least confidence of a history's findings that are wanted
	cache    *githistory.Cache
	jobs     int
	anyOwner bool
	began    time.Time
	progress *searchProgress
	found    report.Findings
	again    detect.Again // the values found in files
	stdin    []filetree.Content
}

func (a *app) detect(ctx context.Context, f detectFlags, paths []string) error {
	s, err := a.newSearch(ctx, f)
	if err != nil {
		return err
	}
	if len(paths) == 1 { // several may name the same files: their findings are numbered together
		s.from = f.minConfidence
	}
	var files []string
	for _, p := range paths {
		if f.history == "none" || !isRepository(p) {
			files = append(files, p)
			continue
		}
		if err := s.history(ctx, p); err != nil {
			return err
		}
	}
	err = s.files(ctx, files)
	s.progress.close()
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return a.showFindings(ctx, s, f)
}

func (a *app) newSearch(ctx context.Context, f detectFlags) (*search, error) {
	if err := errors.Join(checkFindingFormat(f.format), checkConfidence(f.minConfidence)); err != nil {
		return nil, err
	}
	if f.history != "full" && f.history != "none" {
		return nil, usage(fmt.Errorf("--history %q: want full or none", f.history), "")
	}
	s := &search{app: a, jobs: f.jobs, anyOwner: f.anyOwner, began: a.now(), found: report.Findings{Complete: true}}
	if s.jobs <= 0 {
		s.jobs = runtime.GOMAXPROCS(0)
	}
	var err error
	if s.maxSize, err = parseSize(f.maxSize); err != nil {
		return nil, usage(fmt.Errorf("--max-size: %w", err), "")
	}
	if s.exclude, err = filetree.ParsePatterns(f.exclude); err != nil {
		return nil, usage(fmt.Errorf("--exclude: %w", err), "")
	}
	o, err := f.engine.options(ctx)
	if err != nil {
		return nil, err
	}
	s.engine = sync.OnceValues(func() (*detect.Engine, error) { return newEngine(o) })
	s.globs = f.exclude
	if f.cache != "" && f.history == "full" {
		if s.cache, err = githistory.OpenCache(f.cache, detect.Version(o)); err != nil {
			return nil, cannotRun(fmt.Errorf("--cache: %w", err), "")
		}
	}
	s.progress = newSearchProgress(a)
	return s, nil
}

// files searches files, folders and standard input.
func (s *search) files(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	engine, err := s.engine()
	if err != nil {
		return err
	}
	s.letGrow()
	type searched struct {
		content  filetree.Content
		findings []detect.Finding
	}
	contents := filetree.Walk(ctx, paths, filetree.Options{MaxSize: s.maxSize, Exclude: s.exclude, Stdin: s.app.input(ctx)})
	scan := func(all []filetree.Content) []searched {
		results := make([]searched, len(all))
		for i, c := range all {
			results[i].content = c
			if c.Skipped == "" {
				results[i].findings = engine.Scan(c.Name, c.Bytes)
			}
		}
		return results
	}
	for all := range detect.ScanAll(ctx, batches(contents), s.jobs, scan) {
		for _, r := range all {
			if r.content.Skipped != "" {
				s.skip(r.content.Path, r.content.Skipped, r.content.Unread)
				continue
			}
			if r.content.First && !r.content.Binary {
				s.found.Scanned.Files++
			}
			s.found.Scanned.Bytes += r.content.Size
			s.keep(r.content, r.findings)
			s.progress.show(s.found.Scanned)
		}
	}
	return s.places(ctx, engine, paths)
}

// batches puts small contents together: to hand one to another thread takes as long as to search it.
func batches(contents iter.Seq[filetree.Content]) iter.Seq[[]filetree.Content] {
	const most, size = 32, 64 << 10
	return func(yield func([]filetree.Content) bool) {
		var batch []filetree.Content
		held := 0
		for c := range contents {
			batch, held = append(batch, c), held+len(c.Bytes)
			if len(batch) < most && held < size {
				continue
			}
			if !yield(batch) {
				return
			}
			batch, held = nil, 0
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// letGrow lets memory grow as Go does by default: main's half growth suits commands that hold much, while contents come
// and go.
func (s *search) letGrow() {
	if s.app.getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
}

func (s *search) skip(name, reason string, unread bool) {
	s.found.Scanned.Skipped = append(s.found.Scanned.Skipped, report.Skipped{Path: name, Reason: reason})
	if unread {
		s.found.Complete = false
	}
}

// inPart turns findings in a part of a file into findings of the file, each with its own. A finding that begins in the
// context of the part is left to the part beside it.
func inPart(c filetree.Content, all []detect.Finding) iter.Seq2[report.Finding, detect.Finding] {
	return func(yield func(report.Finding, detect.Finding) bool) {
		for _, f := range all {
			if len(c.Bytes) > 0 && (f.Start < c.From || f.Start >= c.To) {
				continue
			}
			if !yield(inFile(c, f), f) {
				return
			}
		}
	}
}

func inFile(c filetree.Content, f detect.Finding) report.Finding {
	r := reported(f, c.Path)
	if f.Line == 1 {
		r.Column += c.Column
	}
	if f.EndLine == 1 {
		r.EndColumn += c.Column
	}
	r.Line += c.Line
	r.EndLine += c.Line
	return r
}

// reported is a finding without its value.
func reported(f detect.Finding, name string) report.Finding {
	return report.Finding{
		Detector: f.Detector, Title: f.Description, Path: name,
		Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn,
		Confidence: f.Confidence, Reasons: f.Reasons, Hint: secret.Hint(f.Secret),
	}
}

// showFindings writes the findings and decides the exit status: 4 beats 1.
func (a *app) showFindings(ctx context.Context, s *search, f detectFlags) error {
	report.Arrange(s.found.Findings)
	s.found.Above(f.minConfidence)
	slices.SortFunc(s.found.Scanned.Skipped, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
	})
	s.found.Scanned.Skipped = slices.Compact(s.found.Scanned.Skipped)
	width, _ := a.terminal(a.stdout)
	o := report.FindingsOptions{
		Options: report.Options{Width: width, Color: f.out == "" && a.colour(a.stdout)},
		Tool:    version(), Began: s.began, Ended: a.now(),
	}
	if dir, err := os.Getwd(); err == nil {
		o.Root = filepath.ToSlash(dir)
	}
	render := func(w io.Writer) error { return report.WriteFindings(w, report.Format(f.format), &s.found, o) }
	var err error
	if f.out != "" {
		err = writeFile(ctx, f.out, render)
	} else {
		err = a.print(ctx, render)
	}
	switch n := len(s.found.Findings); {
	case err != nil:
		return cannotRun(fmt.Errorf("write findings: %w", err), "")
	case !s.found.Complete:
		return &exit{exitIncomplete, errors.New("something that was asked for could not be read"), "the list of what was not searched names it"}
	case f.fail && n > 0:
		return &exit{code: exitGaps, err: fmt.Errorf("secrets found: %d", n)}
	}
	return nil
}
