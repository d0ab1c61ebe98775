package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/gitrepo"
)

// span is one change to judge: what is compared with what.
type span struct {
	base    string // the merge base; empty: nothing was there before
	trusted string // the commit whose exceptions count; empty: none
	head    string // empty for the index
	steps   []gitrepo.Step
	whole   bool     // nothing that the steps leave out has been judged before, but what the base has
	cut     []string // what could not be seen
}

// deeper is what helps a clone that lacks commits.
const deeper = `the clone is shallow: in .gitlab-ci.yml, below "variables:" of this job, add the line   GIT_DEPTH: 0   (elsewhere: git fetch --unshallow)`

func cannotCompare(err error, hint string) error {
	return &exit{exitIncomplete, fmt.Errorf("cannot compare: %w", err), hint}
}

// spans finds what is to be judged.
func (g *gateRun) spans(ctx context.Context) ([]span, error) {
	switch {
	case g.o.staged:
		step, err := g.repo.Staged(ctx)
		if err != nil {
			return nil, cannotCompare(err, "")
		}
		s := span{steps: []gitrepo.Step{step}}
		if len(step.Parents) > 0 {
			s.base, s.trusted = step.Parents[0], step.Parents[0]
		}
		return []span{s}, nil
	case g.o.push == "-":
		return g.pushes(ctx)
	case g.o.push != "":
		old, next, ok := strings.Cut(g.o.push, "..")
		if !ok || old == "" || next == "" || strings.HasPrefix(next, ".") {
			return nil, usage(fmt.Errorf("--push %q: want OLD..NEW, or -", inventory.Printable(g.o.push, 120)), "OLD is all zeros for a branch that did not exist")
		}
		s, err := g.pushed(ctx, old, next, false)
		return []span{s}, err
	}
	s, err := g.merging(ctx)
	return []span{s}, err
}

// merging is HEAD, or a merge request's source, against its merge base.
func (g *gateRun) merging(ctx context.Context) (span, error) {
	head, err := g.head(ctx)
	if err != nil {
		return span{}, err
	}
	shallow, err := g.repo.ShallowCommits(ctx)
	if err != nil {
		return span{}, cannotCompare(err, "")
	}
	target, what, err := g.target(ctx, len(shallow) > 0)
	if err != nil {
		if g.o.allowIncomplete && len(shallow) > 0 {
			return g.asFarAsThere(ctx, head, shallow, err)
		}
		return span{}, err
	}
	s := span{head: head}
	if s.base, err = g.repo.MergeBase(ctx, target, head); err != nil {
		return span{}, cannotCompare(err, "")
	}
	if s.base == "" {
		s.base = target
	}
	s.trusted = s.base
	s.whole = true
	if s.steps, err = g.repo.Steps(ctx, []string{head}, []string{target}, false); err != nil {
		return span{}, cannotCompare(err, "")
	}
	s.noteCut(shallow)
	if target == head {
		g.app.say("nhi-scan: note: HEAD is %s itself, so no commit is judged; name another with --base", what)
	}
	return s, nil
}

// noteCut tells of commits whose parents are missing: what they change cannot be told, and what went before not seen.
func (s *span) noteCut(shallow []string) {
	for _, step := range s.steps {
		if slices.Contains(shallow, step.Commit) {
			s.cut = append(s.cut, fmt.Sprintf("what comes before commit %.12s is not in the clone, only its files were compared; %s", step.Commit, deeper))
		}
	}
}

// asFarAsThere judges the commits of a shallow clone whose parents are there.
func (g *gateRun) asFarAsThere(ctx context.Context, head string, shallow []string, why error) (span, error) {
	s := span{head: head, base: shallow[0], cut: []string{why.Error() + "; " + deeper}}
	var err error
	if s.steps, err = g.repo.Steps(ctx, []string{head}, shallow, false); err != nil {
		return s, cannotCompare(err, "")
	}
	return s, nil
}

// head is what is judged. In a pipeline for merged results HEAD is a commit of GitLab's that holds the target branch too.
// Source: https://docs.gitlab.com/ci/variables/predefined_variables/#predefined-variables-for-merge-request-pipelines
func (g *gateRun) head(ctx context.Context) (string, error) {
	if id := g.app.getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"); id != "" && g.o.base == "" {
		if head, err := g.repo.Commit(ctx, id); err == nil {
			return head, nil
		}
	}
	head, err := g.repo.Commit(ctx, "HEAD")
	if errors.Is(err, gitrepo.ErrNoCommit) {
		return "", usage(errors.New("the repository has no commit yet"), "nhi-scan gate --staged judges the first one")
	} else if err != nil {
		return "", cannotRun(err, "")
	}
	return head, nil
}

// target is the commit that the change is for, and what it is called.
func (g *gateRun) target(ctx context.Context, shallow bool) (commit, what string, err error) {
	if g.o.base != "" {
		return g.namedTarget(ctx, shallow)
	}
	if id := g.app.getenv("CI_MERGE_REQUEST_DIFF_BASE_SHA"); id != "" {
		commit, err := g.repo.Commit(ctx, id)
		if err != nil {
			hint := deeper
			if !shallow {
				hint = "git fetch the target branch before, or name a base with --base"
			}
			return "", "", cannotCompare(fmt.Errorf("the merge base %.12s (CI_MERGE_REQUEST_DIFF_BASE_SHA) is not in the clone", inventory.Printable(id, 64)), hint)
		}
		return commit, "the merge base", nil
	}
	commit, what, err = g.repo.Named(ctx, g.defaultBranches()...)
	if err != nil {
		return "", "", cannotRun(err, "")
	}
	if commit == "" {
		hint := `name the target with --base; in GitLab CI, run the job for merge requests: rules: [if: $CI_PIPELINE_SOURCE == "merge_request_event"]`
		if shallow {
			hint += "; " + deeper
		}
		return "", "", cannotCompare(errors.New("the clone has no default branch (tried CI_DEFAULT_BRANCH, origin/HEAD, main, master)"), hint)
	}
	return commit, strings.TrimPrefix(strings.TrimPrefix(what, "refs/remotes/"), "refs/heads/"), nil
}

// defaultBranches are the refs that may be the default branch, the likeliest first.
func (g *gateRun) defaultBranches() []string {
	var names []string
	for _, branch := range []string{g.app.getenv("CI_DEFAULT_BRANCH"), "HEAD", "main", "master"} {
		if branch != "" {
			names = append(names, "refs/remotes/origin/"+branch)
		}
		if branch != "" && branch != "HEAD" {
			names = append(names, "refs/heads/"+branch)
		}
	}
	return names
}

func (g *gateRun) namedTarget(ctx context.Context, shallow bool) (commit, what string, err error) {
	name := g.o.base
	if commit, err = g.repo.Commit(ctx, name); err == nil {
		return commit, inventory.Printable(name, 100), nil
	}
	if errors.Is(err, gitrepo.ErrAmbiguous) {
		return "", "", usage(fmt.Errorf("--base %s: %w", inventory.Printable(name, 100), err), "give the full name of the one that is meant")
	}
	if commit, _, err = g.repo.Named(ctx, "refs/remotes/origin/"+name); commit != "" {
		return commit, inventory.Printable(name, 100), err
	}
	err = fmt.Errorf("--base %s: %w", inventory.Printable(name, 100), gitrepo.ErrNoCommit)
	if shallow {
		return "", "", cannotCompare(err, deeper)
	}
	return "", "", usage(err, "git fetch it before, or name a branch, tag or commit that is there")
}

// pushes reads the lines "OLD NEW REF" that git gives a pre-receive hook.
func (g *gateRun) pushes(ctx context.Context) ([]span, error) {
	const maxRefs = 10_000
	if g.app.stdin == nil {
		return nil, usage(errors.New("--push -: there is no standard input"), "")
	}
	var all []span
	lines := bufio.NewScanner(g.app.input(ctx))
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) < 3 || n > maxRefs {
			return nil, usage(fmt.Errorf("standard input, line %d: want OLD NEW REF, at most %d lines", n, maxRefs), "git gives these lines to a pre-receive hook")
		}
		if isZero(f[1]) {
			continue // a branch is deleted
		}
		s, err := g.pushed(ctx, f[0], f[1], true)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if err := lines.Err(); err != nil {
		return nil, cannotRun(fmt.Errorf("standard input: %w", err), "")
	}
	return all, nil
}

// pushed is what a push adds to one ref. A server has the other branches already, and what they reach is not added.
func (g *gateRun) pushed(ctx context.Context, old, next string, server bool) (s span, err error) {
	if s.head, err = g.repo.Commit(ctx, next); err != nil {
		return s, cannotCompare(fmt.Errorf("pushed object %s: %w", inventory.Printable(next, 64), err), "only commits can be judged")
	}
	names := g.defaultBranches()
	if server { // HEAD of a server's repository is its default branch
		names = append([]string{"HEAD"}, names...)
	}
	fallback, _, err := g.repo.Named(ctx, names...)
	if err != nil {
		return s, cannotRun(err, "")
	}
	from := fallback
	if from == s.head && !server {
		from = "" // the default branch itself is pushed for the first time
	}
	var without []string
	if !isZero(old) {
		if from, err = g.repo.Commit(ctx, old); err != nil {
			return s, cannotCompare(fmt.Errorf("%s before the push: %w", inventory.Printable(old, 64), err), "")
		}
	}
	if from != "" {
		without = append(without, from)
		if s.base, err = g.repo.MergeBase(ctx, from, s.head); err != nil {
			return s, cannotCompare(err, "")
		}
	}
	// A branch's own tip may hold exceptions that nobody has reviewed: those of the default branch count.
	if s.trusted = s.base; s.base != "" && fallback != "" {
		if s.trusted, err = g.repo.MergeBase(ctx, s.base, fallback); err != nil {
			return s, cannotCompare(err, "")
		}
	}
	s.whole = !server // a server's other branches were judged when they came
	if s.steps, err = g.repo.Steps(ctx, []string{s.head}, without, server); err != nil {
		return s, cannotCompare(err, "")
	}
	shallow, err := g.repo.ShallowCommits(ctx)
	s.noteCut(shallow)
	return s, err
}

func isZero(id string) bool { return id != "" && strings.Trim(id, "0") == "" }
