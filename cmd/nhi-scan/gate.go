package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nhiscan/gate"
	"nhiscan/inventory"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

// gateOptions are the flags of gate.
type gateOptions struct {
	base, push, baseline, format     string
	staged, noImports, noInlineAllow bool
	allowIncomplete, anyOwner        bool
	confidence                       float64
	engine                           engineFlags
	add                              bool
	only, reports                    []string
	owner, reason, until             string
}

func newGate(a *app) *cobra.Command {
	o := &gateOptions{}
	cmd := &cobra.Command{
		Use:   "gate [PATH]",
		Short: "Fail on the secrets that a change adds, and on no others",
		Long: `gate searches every commit that a change adds, so a secret added and removed again counts. It needs no network, no
token and no GitLab: only git and the repository at PATH (default: the working directory).

The change is HEAD against its merge base with --base; without that, in a merge request pipeline what GitLab says
(CI_MERGE_REQUEST_DIFF_BASE_SHA), else the default branch (CI_DEFAULT_BRANCH, origin/HEAD, main, master). With --staged
it is what the next commit would hold; with --push what a push brings: OLD..NEW, or - for a pre-receive hook's input.

A secret is new by its value: what merely moves is not, a further copy is, another value on an accepted line is.
Exceptions stand in the baseline, without values; .gitleaksignore, baselines of gitleaks and detect-secrets, and allow
comments count too. All of them count as they stand at the merge base, never as the change itself has them.

Exit status: 0 nothing new; 1 new secrets; 2 wrong usage or configuration; 3 could not run; 4 not everything was seen.`,
		Example: `  nhi-scan gate
  nhi-scan gate --base origin/main
  nhi-scan gate --staged
  nhi-scan gate --push -   # in a pre-receive hook
  nhi-scan gate --report gitlab=gl-secret-detection-report.json --report codequality=gl-code-quality-report.json
  nhi-scan gate --baseline-add --owner team-web --reason "test key of the vendor" --until 2027-06-30`,
		Args: wants(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "."
			if len(args) == 1 {
				path = args[0]
			}
			return a.gate(cmd.Context(), path, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.base, "base", "", "`REV` that the change is for: a branch, tag or commit")
	f.BoolVar(&o.staged, "staged", false, "judge the index against HEAD, for a pre-commit hook")
	f.StringVar(&o.push, "push", "", "judge a push: `OLD..NEW`, or - to read a pre-receive hook's lines from standard input")
	f.StringVar(&o.baseline, "baseline", ".nhi-baseline", "`FILE` of accepted secrets, in the repository; ours, gitleaks' or detect-secrets'")
	f.BoolVar(&o.noImports, "no-imports", false, "do not read .gitleaksignore and .secrets.baseline")
	f.BoolVar(&o.noInlineAllow, "no-inline-allow", false, "let no comment in a file (gitleaks:allow) accept a secret")
	f.BoolVar(&o.allowIncomplete, "allow-incomplete", false, "do not fail because something could not be seen; it is still told")
	f.BoolVar(&o.anyOwner, "any-owner", false, "read a repository that belongs to another user, as in a container")
	f.Float64Var(&o.confidence, "min-confidence", detect.DefaultConfidence, "least `CONFIDENCE` of a finding that counts, 0 to 1")
	o.engine.add(f)
	f.StringVar(&o.format, "format", "table", "`FORMAT` on standard output: "+strings.Join(findingFormats(), ", "))
	f.StringArrayVar(&o.reports, "report", nil, "also write `FORMAT=FILE`; may be repeated")
	f.BoolVar(&o.add, "baseline-add", false, "write the new secrets to the baseline instead of failing")
	f.StringArrayVar(&o.only, "only", nil, "with --baseline-add: only the finding with this `ID`; may be repeated")
	f.StringVar(&o.owner, "owner", "", "with --baseline-add: `WHO` answers for the exception")
	f.StringVar(&o.reason, "reason", "", "with --baseline-add: `WHY` it is accepted")
	f.StringVar(&o.until, "until", "", "with --baseline-add: last `DAY` on which it counts, like 2027-06-30")
	completes(cmd, "format", findingFormats()...)
	return cmd
}

// gateRun is one run of gate.
type gateRun struct {
	app     *app
	o       *gateOptions
	git     *gitrepo.Git
	repo    *gitrepo.Repo
	path    string
	engine  *detect.Engine
	outputs []output
}

func (a *app) gate(ctx context.Context, path string, o *gateOptions) error {
	began := a.now()
	g, err := a.openGate(ctx, path, o)
	if err != nil {
		return err
	}
	defer g.repo.Close()
	spans, err := g.spans(ctx)
	if err != nil {
		return err
	}
	result := &gate.Result{}
	for _, s := range spans {
		one, err := g.judge(ctx, s)
		if err != nil {
			return err
		}
		result.Join(one)
	}
	for _, n := range result.Notes {
		a.say("nhi-scan: note: %s", inventory.Printable(n, 400))
	}
	if o.add {
		if err := g.addToBaseline(ctx, result); err != nil {
			return err
		}
		return g.verdict(&gate.Result{Incomplete: result.Incomplete})
	}
	if err := g.print(ctx, result, spans, began); err != nil {
		return err
	}
	return g.verdict(result)
}

func (a *app) openGate(ctx context.Context, path string, o *gateOptions) (*gateRun, error) {
	if err := checkConfidence(o.confidence); err != nil {
		return nil, err
	}
	if o.base != "" && o.staged || o.base != "" && o.push != "" || o.staged && o.push != "" {
		return nil, usage(errors.New("--base, --staged and --push exclude each other"), "")
	}
	if err := o.checkAdd(a.now()); err != nil {
		return nil, err
	}
	outputs, err := o.outputs()
	if err != nil {
		return nil, err
	}
	git, err := gitrepo.Find(ctx, gitrepo.Options{Env: a.env, Hook: o.staged || o.push != "", AnyOwner: o.anyOwner})
	if err != nil {
		return nil, cannotRun(err, "")
	}
	repo, err := git.Open(ctx, path)
	if err != nil {
		hint := "name the folder of a git repository"
		if strings.Contains(err.Error(), "dubious ownership") {
			hint = "the repository belongs to another user; if you trust it: nhi-scan gate --any-owner"
		}
		return nil, usage(err, hint)
	}
	engine, err := o.engine.engine(ctx)
	if err != nil {
		return nil, err
	}
	return &gateRun{app: a, o: o, git: git, repo: repo, path: path, engine: engine, outputs: outputs}, nil
}

// judge judges one span with the exceptions of its trusted commit.
func (g *gateRun) judge(ctx context.Context, s span) (*gate.Result, error) {
	accepted, err := g.exceptions(ctx, s)
	if err != nil {
		return nil, err
	}
	result, err := gate.Check(ctx, gateRepository{g.repo}, s.change(), gate.Options{
		Engine: g.engine, MinConfidence: g.o.confidence, Today: g.app.now(), Accepted: *accepted, NoInlineAllow: g.o.noInlineAllow,
		OwnRules: g.o.engine.rules != "",
	})
	if err != nil {
		return nil, &exit{exitIncomplete, fmt.Errorf("cannot compare: %w", err), "git fsck tells whether the repository is damaged"}
	}
	return result, nil
}

// verdict turns a result into the exit status; what was not seen outweighs what was.
func (g *gateRun) verdict(result *gate.Result) error {
	if n := len(result.Incomplete); n > 0 {
		const most = 5
		text := strings.Join(result.Incomplete[:min(n, most)], "; ")
		if n > most {
			text += fmt.Sprintf("; and %d more", n-most)
		}
		if !g.o.allowIncomplete {
			return &exit{exitIncomplete, errors.New("not everything was seen: " + text), "a gate that has not seen all does not pass; --allow-incomplete makes it"}
		}
		g.app.say("nhi-scan: note: not everything was seen: %s", inventory.Printable(text, 2000))
	}
	if len(result.New) > 0 {
		return &exit{code: exitGaps}
	}
	return nil
}

// gateRepository is a repository as package gate sees it.
type gateRepository struct{ *gitrepo.Repo }

// Compare implements gate.Repository.
func (r gateRepository) Compare(ctx context.Context, base string, trees []string, each func(tree string, changes []gate.Changed) error) error {
	return r.Repo.Compare(ctx, base, trees, func(tree string, changes []gitrepo.Changed) error { return each(tree, gateChanges(changes)) })
}

// maxExceptionFile bounds a baseline or ignore file in bytes.
const maxExceptionFile = 8 << 20

// File implements gate.Repository.
func (r gateRepository) File(ctx context.Context, commit, path string) ([]byte, bool, error) {
	text, err := r.Repo.File(ctx, commit, path, maxExceptionFile)
	if errors.Is(err, gitrepo.ErrNoFile) {
		return nil, false, nil
	}
	return text, err == nil, err
}

// IsAncestor implements gate.Repository: git fails on a commit that is not there.
func (r gateRepository) IsAncestor(ctx context.Context, commit, of string) (bool, error) {
	ok, err := r.Repo.IsAncestor(ctx, commit, of)
	if err != nil && ctx.Err() == nil {
		return false, nil
	}
	return ok, err
}

func gateChanges(all []gitrepo.Changed) []gate.Changed {
	out := make([]gate.Changed, len(all))
	for i, c := range all {
		out[i] = gate.Changed(c)
	}
	return out
}

// change is the span as package gate sees it.
func (s span) change() gate.Change {
	c := gate.Change{Base: s.base, Trusted: s.trusted, Whole: s.whole, Cut: slices.Clone(s.cut)}
	for _, step := range s.steps {
		c.Steps = append(c.Steps, gate.Step{
			Commit: step.Commit, Tree: step.Tree, Author: step.Author, Date: step.Date, Parents: step.Parents, Changes: gateChanges(step.Changes),
		})
	}
	return c
}
