package main

import (
	"context"
	"iter"
	"runtime/debug"
	"slices"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/ownership"
	"nhiscan/inventory/store"
	"nhiscan/rules"
	"nhiscan/scanner"
)

func rulePack() string { return rules.PackVersion() }

// finish judges what a scan saw and ends it in one transaction. Owners and gaps are written as they are made: of a large
// estate they take more memory than all its rows.
func (a *app) finish(ctx context.Context, rec *store.Recorder, sum scanner.Summary) (inventory.Scan, error) {
	// Packed rows hold few pointers: to collect twice as often costs little here.
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	prev, next, err := rec.Changes(ctx)
	if err != nil {
		return inventory.Scan{}, err
	}
	rows, err := rec.Rows(ctx)
	if err != nil {
		return inventory.Scan{}, err
	}
	scan, now := rec.Scan(), rec.Scan().Began
	x, err := inventory.ReadIndex(scan, rows)
	if err != nil {
		return inventory.Scan{}, err
	}
	var h rules.History
	if err := rec.EachEvent(ctx, func(e inventory.Event) { h.Add(e, scan.Number) }); err != nil {
		return inventory.Scan{}, err
	}
	var owners []inventory.OwnerChange
	var result rules.Result
	return rec.FinishWith(ctx, store.Derived{
		Owners: func(yield func(inventory.Owner) bool) {
			for o := range ownership.NewResolver(x, a.config.Owners, now).Each() {
				x.AddOwner(brief(o))
				if !yield(o) {
					return
				}
			}
		},
		OwnerChanged: func(c inventory.OwnerChange) { owners = append(owners, c) },
		Events: func(yield func(inventory.Event) bool) {
			for e := range changes(x, prev, next, owners) {
				h.Add(e, scan.Number)
				if !yield(e) {
					return
				}
			}
			prev, next, owners = nil, nil, nil
		},
		Gaps: func(yield func(inventory.Gap) bool) {
			result = judge(x, h, a.config.Policy, now, func(g inventory.Gap) { yield(g) })
		},
		Rest: func() store.Results {
			return store.Results{
				Verdicts: result.Verdicts, Measures: result.Measures,
				Policy: a.config.Policy.Hash(), RulePack: rulePack(), Requests: sum.Requests,
			}
		},
	})
}

// changes lists the events of a scan: prev and next are what it opened and closed, nil for the first.
func changes(x *inventory.Index, prev, next *inventory.Snapshot, owners []inventory.OwnerChange) iter.Seq[inventory.Event] {
	if prev == nil {
		return inventory.Discoveries(x)
	}
	return slices.Values(append(inventory.Diff(prev, next), inventory.OwnerEvents(x, inventory.At(prev.Scan.Began), owners)...))
}

// brief leaves out what no rule reads of an owner: the claims, and of one that there is, the reasons.
func brief(o inventory.Owner) *inventory.Owner {
	o.Claims = nil
	if o.Owner != "" {
		o.Reason = ""
	}
	return &o
}

// judge evaluates the rules on a snapshot with its owners, at the moment of its scan, and hands over each gap.
func judge(x *inventory.Index, h rules.History, policy rules.Policy, now time.Time, gap func(inventory.Gap)) rules.Result {
	result := rules.Judge(x, h, policy, now, gap)
	result.Measures = append(result.Measures, rules.Lifecycle(x, h, policy, now)...)
	return result
}
