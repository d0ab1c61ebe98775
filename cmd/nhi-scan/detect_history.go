package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nhiscan/report"
	"nhiscan/scanner/filetree"
	"nhiscan/scanner/gitrepo"
	githistory "nhiscan/scanner/history" // history is a function here
)

// history searches a repository in every commit.
func (s *search) history(ctx context.Context, dir string) error {
	git, err := gitrepo.Find(ctx, gitrepo.Options{Env: s.app.env, AnyOwner: s.anyOwner})
	if err != nil {
		return cannotRun(err, "")
	}
	repo, err := git.Open(ctx, dir)
	if err != nil {
		hint := ""
		if strings.Contains(err.Error(), "dubious ownership") {
			hint = "the repository belongs to another user; if you trust it: nhi-scan detect --any-owner"
		}
		return cannotRun(err, hint)
	}
	defer func() { _ = repo.Close() }()
	s.letGrow()
	blobs, bytes := s.found.Scanned.Blobs, s.found.Scanned.Bytes
	r, err := githistory.Search(ctx, repo, githistory.Options{
		Engine: s.engine, Jobs: s.jobs, MaxBlob: s.maxSize, Cache: s.cache, From: s.from,
		Exclude: s.exclude.Match, Excluded: strings.Join(s.globs, "\n"),
		Progress: func(n int64) {
			s.found.Scanned.Blobs++
			s.found.Scanned.Bytes += n
			s.progress.show(s.found.Scanned)
		},
	})
	var rules *exit
	switch {
	case errors.As(err, &rules): // of making the engine
		return rules
	case r == nil:
		return cannotRun(fmt.Errorf("search the history of %s: %w", dir, err), "")
	case err != nil:
		s.app.say("nhi-scan: the cache could not be written: %v", err)
	}
	s.found.Scanned.Blobs, s.found.Scanned.Bytes = blobs+r.Blobs, bytes+r.Bytes
	prefix := filetree.Root(dir)
	for _, k := range r.Skipped {
		s.skip(filetree.Join(prefix, k.Path), k.Reason, k.Unread)
	}
	s.found.Findings = slices.Grow(s.found.Findings, len(r.Places))
	for _, p := range r.Places {
		s.found.Findings = append(s.found.Findings, report.Finding{
			Detector: p.Detector, Title: p.Title, Path: filetree.Join(prefix, p.Path), Line: p.Line, Column: p.Column, EndLine: p.EndLine, EndColumn: p.EndColumn,
			Commit: p.Commit, Author: p.Author, Date: p.Date, Confidence: p.Confidence, Reasons: p.Reasons, Hint: p.Hint,
			Before: p.Before,
		})
	}
	s.found.Hidden += r.Others
	return nil
}

// isRepository reports whether a path is a git repository, with a work tree or bare.
func isRepository(p string) bool {
	if _, err := os.Stat(filepath.Join(p, ".git")); err == nil {
		return true
	}
	head, err := os.Stat(filepath.Join(p, "HEAD"))
	objects, err2 := os.Stat(filepath.Join(p, "objects"))
	return errors.Join(err, err2) == nil && head.Mode().IsRegular() && objects.IsDir()
}
