package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/workload"
)

func newWorkloads(a *app) *cobra.Command {
	w := &workloads{app: a}
	cmd := &cobra.Command{
		Use:   "workloads FILE|DIR…",
		Short: "Show which credentials the jobs of pipeline files use, and for what",
		Long: `workloads reads GitLab pipeline files and tells for each job which credentials it uses, which systems it reaches with
them and the smallest credential that would do. It reads files only: no network, no GitLab, nothing is run.

Of a folder that is a repository, its .gitlab-ci.yml is read with the local includes, and the scripts that jobs run are
followed; of any other folder, every .yml and .yaml file in it; - is standard input. Includes that lie elsewhere are listed as unresolved,
and what cannot be told is said: systems opaque-script and opaque-include.

Exit status: 0 done; 2 for wrong usage; 3 where an argument cannot be read; 4 where a pipeline file, or a local include that
should be at hand, is missing or broken. Includes of other projects, components, templates and web servers cannot be read
offline: they are listed, and with --strict they are status 4 as well.`,
		Example: `  nhi-scan workloads .
  nhi-scan workloads .gitlab-ci.yml --format json
  glab ci config compile | nhi-scan workloads -
  nhi-scan workloads pipelines/ --include-dir includes/ --confidence high`,
		Args: wants(1, 1000, "FILE or DIR"),
		RunE: func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&w.format, "format", "table", "`FORMAT`: table or json")
	f.StringVar(&w.includes, "include-dir", "", "`DIR` with the local includes of NAME.yml in NAME/")
	f.StringVar(&w.confidence, "confidence", "low", "least `CONFIDENCE` that is shown: low, medium or high")
	f.BoolVar(&w.strict, "strict", false, "end with status 4 where anything is unresolved")
	completes(cmd, "format", "table", "json")
	completes(cmd, "confidence", "low", "medium", "high")
	return cmd
}

// workloads is one run of the command.
type workloads struct {
	*app
	format, includes, confidence string
	strict                       bool
	engine                       *detect.Engine
}

// The document, as docs/workloads.schema.json describes it.
type workloadsJSON struct {
	Schema string             `json:"schema"`
	Files  []workloadFileJSON `json:"files"`
}

type workloadFileJSON struct {
	File       string            `json:"file"`
	Complete   bool              `json:"complete"`
	Unresolved []unresolvedJSON  `json:"unresolved"`
	Jobs       []workloadJobJSON `json:"jobs"`
}

type unresolvedJSON struct {
	Include string `json:"include"`
	Reason  string `json:"reason"`
	broken  bool   // it should be at hand
}

type workloadJobJSON struct {
	Name        string    `json:"name"`
	Line        int       `json:"line"`
	Environment string    `json:"environment"`
	IDTokens    []string  `json:"id_tokens"`
	Uses        []useJSON `json:"uses"`
}

type useJSON struct {
	System      string       `json:"system"`
	Operation   string       `json:"operation"`
	Credentials []string     `json:"credentials"`
	From        []string     `json:"from,omitempty"` // the variables of earlier jobs behind credentials that these left
	Kind        string       `json:"credential_kind"`
	AuthStyle   string       `json:"auth_style"`
	Least       string       `json:"least"`
	Confidence  string       `json:"confidence"`
	Evidence    evidenceJSON `json:"evidence"`
}

type evidenceJSON struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func (w *workloads) run(ctx context.Context, args []string) error {
	if w.format != "table" && w.format != "json" {
		return usage(fmt.Errorf("--format %q: want table or json", w.format), "")
	}
	if !slices.Contains([]string{"low", "medium", "high"}, w.confidence) {
		return usage(fmt.Errorf("--confidence %q: want low, medium or high", w.confidence), "")
	}
	var err error
	if w.engine, err = detect.New(detect.Options{}); err != nil {
		return cannotRun(err, "")
	}
	doc := workloadsJSON{Schema: "nhi-scan/workloads/1", Files: []workloadFileJSON{}}
	for _, arg := range args {
		roots, err := pipelineFiles(arg)
		if err != nil {
			return cannotRun(err, "")
		}
		for _, r := range roots {
			file, err := w.file(ctx, r)
			if err != nil {
				return err
			}
			doc.Files = append(doc.Files, file)
		}
	}
	slices.SortStableFunc(doc.Files, func(a, b workloadFileJSON) int { return cmp.Compare(a.File, b.File) })
	if w.format == "json" {
		err = printJSON(w.stdout, doc)
	} else {
		err = w.table(doc)
	}
	if err != nil {
		return err
	}
	return w.incompleteFiles(doc)
}

// incompleteFiles is the exit status of a run in which a file could not be read that should be at hand; when strict, any
// file.
func (w *workloads) incompleteFiles(doc workloadsJSON) error {
	for _, f := range doc.Files {
		for _, u := range f.Unresolved {
			switch {
			case u.Include == "":
				return &exit{code: exitIncomplete, err: fmt.Errorf("%s: %s", f.File, u.Reason)}
			case u.broken || w.strict:
				return &exit{code: exitIncomplete, err: fmt.Errorf("%s: %s: %s", f.File, u.Include, u.Reason)}
			}
		}
		if w.strict && !f.Complete {
			return &exit{code: exitIncomplete, err: fmt.Errorf("%s could not be resolved to its end", f.File)}
		}
	}
	return nil
}

// pipelineFile is a root file: name as it is shown, path within the folder that is its repository.
type pipelineFile struct{ name, folder, path string }

// pipelineFiles lists the root files of an argument, sorted by name.
func pipelineFiles(arg string) ([]pipelineFile, error) {
	if arg == "-" {
		return []pipelineFile{{name: arg, folder: ".", path: "stdin"}}, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, fmt.Errorf("read pipeline files: %w", err)
	}
	switch {
	case info.Mode().IsRegular():
		return []pipelineFile{{name: arg, folder: filepath.Dir(arg), path: filepath.Base(arg)}}, nil
	case !info.IsDir(): // a pipe lies nowhere: its local includes are those of the working directory
		return []pipelineFile{{name: arg, folder: ".", path: filepath.Base(arg)}}, nil
	}
	if _, err := os.Stat(filepath.Join(arg, ".gitlab-ci.yml")); err == nil {
		return []pipelineFile{{name: filepath.Join(arg, ".gitlab-ci.yml"), folder: arg, path: ".gitlab-ci.yml"}}, nil
	}
	entries, err := os.ReadDir(arg)
	if err != nil {
		return nil, fmt.Errorf("read pipeline files: %w", err)
	}
	var out []pipelineFile
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.Type().IsRegular() && (ext == ".yml" || ext == ".yaml") {
			out = append(out, pipelineFile{name: filepath.Join(arg, e.Name()), folder: arg, path: e.Name()})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("read pipeline files: %s holds no .gitlab-ci.yml and no other .yml file", arg)
	}
	return out, nil
}

// maxFollowed is the largest script of a repository that is followed, in bytes.
const maxFollowed = 1 << 20

// readPipeline reads a root file; "-" is standard input.
func (w *workloads) readPipeline(ctx context.Context, name string) ([]byte, error) {
	if name == "-" {
		return readStdin(w.input(ctx), maxPipeline)
	}
	return readInput(ctx, name, maxPipeline)
}

// file reads one root file.
func (w *workloads) file(ctx context.Context, p pipelineFile) (workloadFileJSON, error) {
	out := workloadFileJSON{File: filepath.ToSlash(p.name), Unresolved: []unresolvedJSON{}, Jobs: []workloadJobJSON{}}
	text, err := w.readPipeline(ctx, p.name)
	if err != nil {
		return out, cannotRun(fmt.Errorf("read pipeline file: %w", err), "")
	}
	folder, known := p.folder, w.includes == ""
	if w.includes != "" {
		folder = filepath.Join(w.includes, strings.TrimSuffix(strings.TrimSuffix(p.path, ".yaml"), ".yml"))
		info, err := os.Stat(folder)
		known = err == nil && info.IsDir()
	}
	options := ciyaml.Options{}
	files := workload.Files(nil)
	if known {
		root, err := os.OpenRoot(folder)
		if err != nil {
			return out, cannotRun(fmt.Errorf("read pipeline files: %w", err), "")
		}
		defer func() { _ = root.Close() }() // it was only read
		options.Fetch = ciyaml.Dir(root.FS())
		files = filesOf(root.FS())
	}
	config, err := ciyaml.Resolve(ctx, text, p.path, options)
	if errors.Is(err, context.Canceled) {
		return out, err
	}
	if err != nil {
		out.Unresolved = append(out.Unresolved, unresolvedJSON{Reason: w.clean(err.Error())})
		return out, nil
	}
	w.fill(&out, config, files, known)
	return out, nil
}

// maxPipeline is the largest root file that is read, in bytes.
const maxPipeline = 5 << 20

// filesOf gives the files of a repository to those who follow scripts. No symbolic link leads out of it.
func filesOf(fsys fs.FS) workload.Files {
	return func(name string) ([]byte, bool) {
		if !fs.ValidPath(name) {
			return nil, false
		}
		info, err := fs.Stat(fsys, name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFollowed {
			return nil, false
		}
		text, err := fs.ReadFile(fsys, name)
		return text, err == nil
	}
}

// fill adds what a configuration and its child pipelines tell. Of jobs of one name, the first gets the uses of all.
// known says that the local includes should be at hand.
func (w *workloads) fill(out *workloadFileJSON, config *ciyaml.Config, files workload.Files, known bool) {
	out.Complete = config.Complete
	w.configs(out, config, files, known, 0)
	slices.SortStableFunc(out.Jobs, func(a, b workloadJobJSON) int { return cmp.Compare(a.Name, b.Name) })
}

// maxChildren is how deep child pipelines are read: GitLab's limit.
const maxChildren = 2

func (w *workloads) configs(out *workloadFileJSON, config *ciyaml.Config, files workload.Files, known bool, depth int) {
	out.Complete = out.Complete && config.Complete
	for _, u := range config.Unresolved {
		// A place with a variable in it may lie anywhere, and one under rules may be meant to be missing.
		broken := known && u.Kind == "local" && u.Project == "" && !u.Conditional && !strings.Contains(u.Location, "$")
		out.Unresolved = append(out.Unresolved, unresolvedJSON{w.clean(includeName(u.Include)), w.clean(u.Reason), broken})
	}
	pipeline := workload.Of(config)
	for _, job := range slices.Concat(config.Jobs, config.Hidden) {
		w.job(out, pipeline, job, files)
		if job.Trigger != nil && job.Trigger.Child != nil && depth < maxChildren {
			w.configs(out, job.Trigger.Child, files, known, depth+1)
		}
	}
}

func includeName(i ciyaml.Include) string {
	name := i.Kind + " " + i.Location
	if i.Project != "" {
		name = i.Kind + " " + i.Project + ":" + i.Location
	}
	if i.Ref != "" {
		name += "@" + i.Ref
	}
	return name
}

func (w *workloads) job(out *workloadFileJSON, pipeline *workload.Pipeline, job ciyaml.Job, files workload.Files) {
	j := workloadJobJSON{Name: w.clean(job.Name), Line: job.Line, Environment: w.clean(job.Environment.Name), IDTokens: []string{}, Uses: []useJSON{}}
	for _, t := range job.IDTokens {
		j.IDTokens = append(j.IDTokens, w.clean(t.Name))
	}
	for _, u := range pipeline.Read(job, files) {
		if !u.Confidence.AtLeast(workload.Confidence(w.confidence)) {
			continue
		}
		use := useJSON{
			System: w.clean(u.System), Operation: w.clean(u.Operation), Credentials: []string{}, Kind: string(u.Kind), AuthStyle: w.clean(u.AuthStyle),
			Least: u.Least, Confidence: string(u.Confidence), Evidence: evidenceJSON{w.clean(u.Evidence.File), u.Evidence.Line},
		}
		for _, c := range u.Shown() {
			use.Credentials = append(use.Credentials, w.clean(c))
		}
		for _, c := range u.Credentials {
			if name, handed := strings.CutPrefix(c, workload.ArtifactPrefix); handed && u.Handed[c] != c {
				use.From = append(use.From, w.clean(name))
			}
		}
		j.Uses = append(j.Uses, use)
	}
	if at := slices.IndexFunc(out.Jobs, func(o workloadJobJSON) bool { return o.Name == j.Name }); at >= 0 {
		out.Jobs[at].Uses = append(out.Jobs[at].Uses, j.Uses...)
		return
	}
	out.Jobs = append(out.Jobs, j)
}

// maxShown bounds one text of the output, in characters.
const maxShown = 300

// clean makes foreign text fit to be shown: no secret, no control character, not long.
func (w *workloads) clean(text string) string {
	cleaned, _ := w.engine.Clean(text)
	return inventory.Printable(cleaned, maxShown)
}

func (w *workloads) table(doc workloadsJSON) error {
	var rows [][]string
	for _, f := range doc.Files {
		for _, j := range f.Jobs {
			for _, u := range j.Uses {
				credentials := cmp.Or(strings.Join(u.Credentials, ", "), "-")
				if len(u.From) > 0 {
					credentials += " (from " + strings.Join(u.From, ", ") + ")"
				}
				rows = append(rows, []string{f.File, j.Name, u.System, u.Operation, credentials, u.Kind, u.Least, u.Confidence})
			}
		}
	}
	if err := printTable(w.stdout, []string{"File", "Job", "System", "Operation", "Credentials", "Kind", "Enough would be", "Confidence"}, rows); err != nil {
		return err
	}
	for _, f := range doc.Files {
		for _, u := range f.Unresolved {
			w.say("%s: not read: %s", f.File, strings.TrimPrefix(u.Include+": "+u.Reason, ": "))
		}
	}
	return nil
}
