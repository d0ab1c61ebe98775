package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nhiscan/fix"
	"nhiscan/inventory"
	"nhiscan/report"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/detect"
)

// defaultPipeline is the file of a pipeline where a project names no other.
const defaultPipeline = ".gitlab-ci.yml"

func newFix(a *app) *cobra.Command {
	f := &fixFlags{app: a}
	cmd := &cobra.Command{
		Use:   "fix ID",
		Short: "Write the patch and the checklist that replace one credential",
		Long: `fix writes, and never applies, what takes the place of a static credential of a pipeline: a patch of the pipeline
file, the policy that the other side needs, and a checklist. Keys of AWS, Google Cloud, Azure and Vault, and tokens of PyPI
and npm become ID tokens of the job; logins to GitLab and its registry become the job token where GitLab answers it; what has
to stay is masked, hidden, protected and scoped.

ID is what nhi-scan show takes: an ID, the end of one, a name of a variable, or digits of a fingerprint. The inventory keeps
no source: the patch is made of the file in the working tree. Without a database, ID is the name of a variable.

A patch is written only where the patched file resolves again and none of its jobs uses the credential; else the
checklist says why there is none, and where to change what by hand. The output can be given to git apply as it is.

Exit status: 4 with --patch where some file gets no patch.`,
		Example: `  nhi-scan fix --file .gitlab-ci.yml AWS_SECRET_ACCESS_KEY
  nhi-scan fix --file .gitlab-ci.yml AWS_SECRET_ACCESS_KEY --patch | git apply
  nhi-scan fix 7f3c90d1 --format json`,
		Args: wants(1, 1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args[0], cmd.Flags().Changed("db"))
		},
	}
	addDB(cmd.Flags(), &f.db)
	cmd.Flags().StringVar(&f.instance, "instance", "", "`NAME` of the instance, where the database holds several")
	cmd.Flags().StringArrayVar(&f.files, "file", nil, "pipeline `FILE` in the working tree; may be repeated (default .gitlab-ci.yml, where there is one)")
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT`: text or json")
	cmd.Flags().BoolVar(&f.patchOnly, "patch", false, "only the patch")
	cmd.Flags().StringVar(&f.target.Project, "project", "", "full `PATH` of the project, where no database tells it")
	cmd.Flags().StringVar(&f.gitlab, "gitlab", "", "`URL` of GitLab, where no database tells it")
	cmd.Flags().StringVar(&f.target.Branch, "branch", "", "the only `BRANCH` that is trusted (default: the project's own, else main)")
	completes(cmd, "format", "text", "json")
	return cmd
}

type fixFlags struct {
	*app
	db, instance, format, gitlab string
	files                        []string
	patchOnly                    bool
	target                       fix.Target
	engine                       *detect.Engine
}

func (f *fixFlags) run(ctx context.Context, id string, dbGiven bool) error {
	if f.format != "text" && f.format != "json" {
		return usage(fmt.Errorf("--format %q: want text or json", f.format), "")
	}
	if f.gitlab != "" {
		u, err := url.Parse(f.gitlab)
		if err != nil || u.Host == "" || u.User != nil {
			return usage(errors.New("--gitlab: want https://HOST"), "")
		}
		f.target.Host = u.Host
	}
	if err := f.resolve(ctx, id, dbGiven); err != nil {
		return err
	}
	if len(f.files) == 0 {
		if _, err := os.Stat(defaultPipeline); err != nil {
			return usage(errors.New("no pipeline file: the inventory keeps no source"), "run it in the project's working tree, or give the file: --file "+defaultPipeline)
		}
		f.files = []string{defaultPipeline}
	}
	var err error
	if f.engine, err = detect.New(detect.Options{}); err != nil {
		return cannotRun(err, "")
	}
	var plans []*fix.Plan
	for _, file := range f.files {
		plan, err := f.plan(ctx, file)
		if err != nil {
			return err
		}
		plans = append(plans, plan)
	}
	if !slices.ContainsFunc(plans, func(p *fix.Plan) bool { return len(p.Jobs) > 0 }) && len(f.target.Places) == 0 {
		return usage(errors.New(plans[0].NoPatch), "nhi-scan workloads FILE lists what its jobs use")
	}
	return f.print(plans)
}

// resolve finds out which variable is meant, and what the inventory knows of it. Without a database it is the name.
func (f *fixFlags) resolve(ctx context.Context, id string, dbGiven bool) error {
	f.target.Name = id
	if !dbGiven && len(f.files) > 0 && exists(f.db) != nil {
		return nil
	}
	db, doc, err := f.open(ctx, f.db, f.instance, 0)
	if err != nil {
		return err
	}
	defer db.Close()
	page, err := report.Find(doc, id)
	switch {
	case errors.Is(err, report.ErrNotFound) && len(f.files) > 0 && variableName.MatchString(id):
		f.say("%s is not in the inventory: only what the file says is known of it", id)
		return nil
	case errors.Is(err, report.ErrNotFound):
		return usage(err, "nhi-scan report --format csv lists the IDs")
	case errors.Is(err, report.ErrAmbiguous) && !isKey(doc.Lists(), id):
		return usage(err, "give more of the ID")
	case err != nil && !errors.Is(err, report.ErrAmbiguous):
		return cannotRun(err, "")
	}
	if err := f.fromInventory(doc.Lists(), id, page); err != nil {
		return err
	}
	if u, err := url.Parse(doc.Scan.URL); err == nil {
		f.target.Host = cmp.Or(f.target.Host, u.Host)
	}
	return nil
}

// isKey reports whether some variable has this name.
func isKey(lists report.Lists, name string) bool {
	for l := range lists.Locations() {
		if l.Key == name {
			return true
		}
	}
	return false
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// fromInventory fills the target from the places and uses of one credential. A name that several variables share means
// all of them.
func (f *fixFlags) fromInventory(lists report.Lists, id, page string) error {
	homes := map[string]*inventory.Home{}
	for h := range lists.Homes() {
		homes[h.ID] = &inventory.Home{ID: h.ID, Kind: h.Kind, Path: h.Path, Default: h.Default}
	}
	var names []string
	project := ""
	for l := range lists.Locations() {
		ours := l.ID == page || page != "" && (l.Fingerprint == page || l.Credential == page) || l.Key == id
		if l.Surface != inventory.SurfaceVariable || !ours {
			continue
		}
		names = append(names, l.Key)
		place := fix.Place{Environment: l.Environment, Masked: l.Masked, Hidden: l.Hidden, Protected: l.Protected}
		if h := homes[l.Home]; h != nil {
			place.Kind, place.Home = h.Kind, h.Path
			if h.Kind == inventory.ProjectHome {
				project = cmp.Or(project, h.ID)
			}
		}
		f.target.Places = append(f.target.Places, place)
	}
	for u := range lists.Usages() {
		if u.Credential == page || u.Name == id {
			names, project = append(names, u.Name), cmp.Or(project, u.Home)
			f.target.Scopes = cmp.Or(f.target.Scopes, u.Scope)
		}
	}
	for c := range lists.Credentials() {
		if c.ID == page {
			f.target.Scopes = cmp.Or(f.target.Scopes, c.Scope)
		}
	}
	if err := lists.Err(); err != nil {
		return cannotRun(err, "")
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) == 0:
		return usage(fmt.Errorf("%s is no variable that a pipeline uses, as far as the inventory knows", inventory.Printable(id, 80)), "nhi-scan show "+inventory.Printable(id, 80)+" tells where it lies")
	case len(names) > 1:
		return usage(fmt.Errorf("%s lies in several variables: %s", inventory.Printable(id, 80), inventory.Printable(strings.Join(names, ", "), 300)), "give the name of one")
	}
	f.target.Name = names[0]
	if h := homes[project]; h != nil && f.target.Project == "" {
		f.target.Project, f.target.Branch = h.Path, cmp.Or(f.target.Branch, h.Default)
	}
	return nil
}

// plan makes the plan for one file, with the local includes of the repository in which it lies.
func (f *fixFlags) plan(ctx context.Context, name string) (*fix.Plan, error) {
	text, err := readInput(ctx, name, maxPipeline)
	if err != nil {
		return nil, cannotRun(fmt.Errorf("read pipeline file: %w", err), "")
	}
	folder, path := repositoryOf(name)
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, cannotRun(fmt.Errorf("read pipeline files: %w", err), "")
	}
	defer func() { _ = root.Close() }() // it was only read
	p := fix.Pipeline{Text: text, Path: path, Options: ciyaml.Options{Fetch: ciyaml.Dir(root.FS())}, Files: filesOf(root.FS()), Withhold: f.withhold}
	plan, err := fix.Make(ctx, p, f.target)
	if err != nil {
		return nil, cannotRun(fmt.Errorf("plan a fix: %w", err), "")
	}
	f.cleanTexts(plan)
	return plan, nil
}

// repositoryOf is the top folder of the repository in which a file lies, or else the file's own, and the path below it.
func repositoryOf(name string) (folder, path string) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return filepath.Dir(name), filepath.Base(name)
	}
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			if rel, err := filepath.Rel(dir, abs); err == nil {
				return dir, filepath.ToSlash(rel)
			}
		}
		if dir == filepath.Dir(dir) {
			return filepath.Dir(abs), filepath.Base(abs)
		}
	}
}

// withhold keeps a patch back that would show a secret of the file. What it adds holds none: it is text of package fix, or
// stands in a line that goes away.
func (f *fixFlags) withhold(patch string) error {
	var shown strings.Builder
	for line := range strings.Lines(patch) {
		if !strings.HasPrefix(line, "+") {
			shown.WriteString(line[1:])
		}
	}
	counts := func(found detect.Finding) bool { return found.Confidence >= detect.DefaultConfidence }
	if slices.ContainsFunc(f.engine.Scan("", []byte(shown.String())), counts) {
		return errors.New("a line that it would show holds the value of a secret; take that out of the file first")
	}
	return nil
}

// cleanTexts takes secrets out of the texts of a plan, which may quote the pipeline.
func (f *fixFlags) cleanTexts(plan *fix.Plan) {
	clean := func(s string) string {
		out, _ := f.engine.Clean(s)
		return out
	}
	plan.NoPatch = clean(plan.NoPatch)
	for i := range plan.Jobs {
		plan.Jobs[i].Job, plan.Jobs[i].Operation = clean(plan.Jobs[i].Job), clean(plan.Jobs[i].Operation)
	}
	for i := range plan.Checklist {
		plan.Checklist[i].Text = clean(plan.Checklist[i].Text)
	}
}
