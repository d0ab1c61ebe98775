package main

import (
	"context"
	"iter"

	"nhiscan/inventory"
	"nhiscan/inventory/ownership"
	"nhiscan/inventory/store"
	"nhiscan/report"
	"nhiscan/rules"
)

// judgedAnew are the lists of a scan that is judged by another policy or owners file than its own. Rows and events stay in
// the database, gaps are in memory, and owners, which with their claims take more than all rows, are resolved when they
// are read.
type judgedAnew struct {
	*store.Rows
	resolver *ownership.Resolver
	gaps     report.Lists // of a document that holds nothing else
}

// Owners lists owners by subject: the IDs of credentials come before those of identities.
func (j *judgedAnew) Owners(claims bool) iter.Seq[*inventory.Owner] {
	return func(yield func(*inventory.Owner) bool) {
		for o := range j.resolver.Each() {
			if !claims {
				o.Claims = nil
			}
			if !yield(&o) {
				return
			}
		}
	}
}

// OwnersOf lists the owners of some subjects.
func (j *judgedAnew) OwnersOf(subjects []string) iter.Seq[*inventory.Owner] {
	return func(yield func(*inventory.Owner) bool) {
		for _, id := range subjects {
			if o, ok := j.resolver.Owner(id); ok && !yield(&o) {
				return
			}
		}
	}
}

// Gaps, WorstGaps and GapsOn list the gaps that were found anew.
func (j *judgedAnew) Gaps() iter.Seq[*inventory.Gap]      { return j.gaps.Gaps() }
func (j *judgedAnew) WorstGaps() iter.Seq[*inventory.Gap] { return j.gaps.WorstGaps() }
func (j *judgedAnew) GapsOn(subjects []string) iter.Seq[*inventory.Gap] {
	return j.gaps.GapsOn(subjects)
}

// judgeAnew puts what the configuration at hand says in place of what the scan's said. Gaps keep their dates.
func (a *app) judgeAnew(ctx context.Context, db *store.Store, doc *report.Document) error {
	rows, err := db.Rows(ctx, doc.Scan.Number)
	if err != nil {
		return err
	}
	x, err := inventory.ReadIndex(doc.Scan, rows)
	if err != nil {
		return err
	}
	resolver := ownership.NewResolver(x, a.config.Owners, doc.Scan.Began)
	for o := range resolver.Each() {
		x.AddOwner(brief(o))
	}
	firstSeen := map[[2]string]inventory.When{}
	for g := range rows.Gaps() {
		firstSeen[[2]string{g.Rule, g.Subject}] = g.FirstSeen
	}
	var gaps []inventory.Gap
	result := judge(x, readHistory(rows, doc.Scan.Number), a.config.Policy, doc.Scan.Began, func(g inventory.Gap) {
		g.FirstSeen = firstSeen[[2]string{g.Rule, g.Subject}]
		gaps = append(gaps, g)
	})
	doc.Verdicts, doc.Measures = result.Verdicts, result.Measures
	doc.Stored = &judgedAnew{Rows: rows, resolver: resolver, gaps: (&report.Document{Gaps: gaps}).Lists()}
	return rows.Err()
}

// readHistory reads what rules ask of the history. Events are in the order of their moments, not of scans.
func readHistory(rows *store.Rows, scan int64) (h rules.History) {
	for e := range rows.Events() {
		if h.Earlier = e.Scan < scan; h.Earlier {
			break
		}
	}
	for e := range rows.Events() {
		h.Add(*e, scan)
	}
	return h
}
