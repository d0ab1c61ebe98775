package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/report"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/filetree"
)

// maxStdin bounds what is kept of standard input until its values are known, in bytes: it cannot be read twice.
const maxStdin = 64 << 20

// maxPlaces bounds the further places of values that are listed.
const maxPlaces = 100_000

// keep takes the findings of a content, notes their values, and gives the content back, unless it must be kept.
func (s *search) keep(c filetree.Content, all []detect.Finding) {
	for r, f := range inPart(c, all) {
		s.found.Findings = append(s.found.Findings, r)
		if f.Confidence >= detect.AgainFrom {
			s.again.Add(f, sameAs(r))
		}
	}
	if fromStdin(c) {
		kept := 0
		for _, k := range s.stdin {
			kept += len(k.Bytes)
		}
		if kept+len(c.Bytes) <= maxStdin {
			s.stdin = append(s.stdin, c)
			return
		}
	}
	c.Release()
}

// fromStdin reports whether a content came by standard input, or in an archive there.
func fromStdin(c filetree.Content) bool {
	return c.Path == filetree.Stdin || strings.HasPrefix(c.Path, filetree.Stdin+"!/")
}

// sameAs is the reason of a further place of a value.
func sameAs(r report.Finding) string {
	return fmt.Sprintf("the value that %s found in %s, line %d", r.Detector, inventory.Printable(r.Path, 200), r.Line)
}

// places looks for the values that were found wherever else they stand: everything is read a second time, which takes a
// fraction of the first. What changed in between only lacks places.
func (s *search) places(ctx context.Context, engine *detect.Engine, paths []string) error {
	if s.again.Len() == 0 {
		return nil
	}
	found := byPath(s.found.Findings)
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == filetree.Stdin })
	files := filetree.Walk(ctx, paths, filetree.Options{MaxSize: s.maxSize, Exclude: s.exclude})
	contents := func(yield func(filetree.Content) bool) {
		for _, c := range s.stdin {
			if !yield(c) {
				return
			}
		}
		for c := range files {
			if !yield(c) {
				return
			}
		}
	}
	before := len(s.found.Findings)
	for c := range contents { // one after the other: to hand a small file to another thread takes longer than the search
		var all []report.Finding
		for r := range inPart(c, s.again.Find(c.Bytes)) {
			all = append(all, r)
		}
		if !fromStdin(c) {
			c.Release()
		}
		if len(all) == 0 || engine.PathClass(c.Name) == "skip" { // asked last: it costs as much as the search of a small file
			continue
		}
		for _, r := range all {
			if len(s.found.Findings)-before == maxPlaces {
				s.skip("", fmt.Sprintf("more than %d further places of values; the rest is not listed", maxPlaces), true)
				return nil
			}
			s.addPlace(r, found[r.Path])
		}
	}
	return nil
}

// addPlace adds a further place of a value. A finding that stands there already and would be hidden becomes as sure as
// the value is.
func (s *search) addPlace(r report.Finding, found []placed) {
	covered := false
	for _, i := range over(found, r) {
		f := &s.found.Findings[i]
		same := begin(*f) == begin(r)
		covered = covered || same || f.Confidence >= detect.DefaultConfidence
		if same && f.Confidence < detect.DefaultConfidence {
			f.Confidence, f.Reasons = r.Confidence, append(slices.Clone(r.Reasons), f.Reasons...)
		}
	}
	if !covered {
		s.found.Findings = append(s.found.Findings, r)
	}
}

// spot is a place in a file, as findings have them.
type spot struct{ line, column int }

func (a spot) compare(b spot) int {
	return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
}

func begin(f report.Finding) spot { return spot{f.Line, f.Column} }
func end(f report.Finding) spot   { return spot{f.EndLine, f.EndColumn} }

// placed is a finding by its number, and where it is. Of one path there may be hundreds of thousands.
type placed struct {
	number     int
	begin, end spot
	reach      spot // the farthest end of those up to here
}

// byPath returns the findings of each path in the order in which they begin.
func byPath(all []report.Finding) map[string][]placed {
	paths := map[string][]placed{}
	for i, f := range all {
		paths[f.Path] = append(paths[f.Path], placed{number: i, begin: begin(f), end: end(f)})
	}
	for _, found := range paths {
		slices.SortFunc(found, func(a, b placed) int { return a.begin.compare(b.begin) })
		var reach spot
		for i := range found {
			if found[i].end.compare(reach) > 0 {
				reach = found[i].end
			}
			found[i].reach = reach
		}
	}
	return paths
}

// over returns the numbers of the findings that share a byte with r.
func over(found []placed, r report.Finding) (numbers []int) {
	i, _ := slices.BinarySearchFunc(found, end(r), func(p placed, at spot) int { return p.begin.compare(at) })
	for i--; i >= 0 && found[i].reach.compare(begin(r)) > 0; i-- {
		if found[i].end.compare(begin(r)) > 0 {
			numbers = append(numbers, found[i].number)
		}
	}
	return numbers
}
