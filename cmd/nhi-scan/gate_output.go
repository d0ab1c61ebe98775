package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"nhiscan/gate"
	"nhiscan/inventory"
	"nhiscan/report"
)

// output is a format and the file it goes to; empty for standard output.
type output struct {
	format report.Format
	path   string
}

// outputs are where the result goes: to standard output, and to the files of --report.
func (o *gateOptions) outputs() ([]output, error) {
	if err := checkFindingFormat(o.format); err != nil {
		return nil, err
	}
	names := findingFormats()
	all := []output{{format: report.Format(o.format)}}
	for _, r := range o.reports {
		format, path, ok := strings.Cut(r, "=")
		if !ok || path == "" || !slices.Contains(names, format) {
			return nil, usage(fmt.Errorf("--report %q: want FORMAT=FILE, the format one of %s", inventory.Printable(r, 200), strings.Join(names, ", ")), "")
		}
		all = append(all, output{report.Format(format), path})
	}
	return all, nil
}

// print writes the result everywhere. A file is written whatever was found, so that a job can always upload it.
func (g *gateRun) print(ctx context.Context, result *gate.Result, spans []span, began time.Time) error {
	text := gate.TextOptions{Staged: g.o.staged, Pushed: g.o.push != "", Baseline: g.o.baseline, Program: "nhi-scan"}
	if len(spans) > 0 {
		text.Base = spans[0].base
	}
	o := report.FindingsOptions{Tool: version(), Began: began, Ended: g.app.now()}
	found := findingsOf(result, g.o.confidence)
	var errs []error
	for _, out := range g.outputs {
		render := func(w io.Writer) error {
			switch {
			case out.format != report.Table:
			case g.app.quiet && out.path == "" && len(result.New)+len(result.Accepted) == 0:
				return nil
			default:
				return result.WriteText(w, text)
			}
			return report.WriteFindings(w, out.format, found, o)
		}
		if out.path != "" {
			errs = append(errs, writeFile(ctx, out.path, render))
			continue
		}
		errs = append(errs, g.app.print(ctx, render))
	}
	if err := errors.Join(errs...); err != nil {
		return cannotRun(err, "")
	}
	return nil
}

// findingsOf is the result for formats that list places.
func findingsOf(result *gate.Result, confidence float64) *report.Findings {
	f := &report.Findings{
		Complete: len(result.Incomplete) == 0, Threshold: confidence,
		Scanned: report.Scanned{Files: result.Scanned.Files, Blobs: result.Scanned.Blobs, Bytes: result.Scanned.Bytes},
	}
	for _, s := range result.Scanned.Skipped {
		f.Scanned.Skipped = append(f.Scanned.Skipped, report.Skipped(s))
	}
	slices.SortFunc(f.Scanned.Skipped, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
	})
	for _, s := range result.New {
		for _, p := range s.Places {
			x := p.Finding
			date := ""
			if !p.Date.IsZero() {
				date = p.Date.Format(time.RFC3339)
			}
			f.Findings = append(f.Findings, report.Finding{
				Detector: x.Detector, Title: x.Description, Path: p.Path, Line: x.Line, Column: x.Column, EndLine: x.EndLine, EndColumn: x.EndColumn,
				Commit: p.Commit, Author: p.Author, Date: date, Fingerprint: p.ID, Confidence: x.Confidence, Reasons: s.Why(x), Hint: s.Hint,
			})
		}
	}
	slices.SortStableFunc(f.Findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Detector, b.Detector), cmp.Compare(a.Commit, b.Commit))
	})
	return f
}
