package main

import (
	"context"
	"fmt"
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
func (a *app) finish(ctx context.Context, rec *store.Recorder, db *store.Store, sum scanner.Summary) (inventory.Scan, error) {
	prev, next, err := rec.Changes(ctx)
	if err != nil {
		return inventory.Scan{}, err
	}
	snapshot := next // of a first scan: everything is new
	if prev.Scan.Number > 0 {
		if snapshot, err = rec.Snapshot(ctx); err != nil {
			return inventory.Scan{}, err
		}
	}
	past, err := db.Events(ctx, store.EventFilter{Instance: snapshot.Scan.Instance})
	if err != nil {
		return inventory.Scan{}, fmt.Errorf("read events: %w", err)
	}
	now := rec.Scan().Began
	var x *inventory.Index
	var events []inventory.Event
	var result rules.Result
	return rec.FinishWith(ctx, store.Derived{
		Owners: func(yield func(inventory.Owner) bool) {
			for o := range ownership.Each(inventory.NewIndex(snapshot), a.config.Owners, now) {
				snapshot.Owners = append(snapshot.Owners, brief(o))
				if !yield(o) {
					return
				}
			}
		},
		Gaps: func(yield func(inventory.Gap) bool) {
			snapshot.Sort()
			next.Owners = snapshot.Owners
			events = inventory.Diff(prev, next)
			prev, next = nil, nil
			x = inventory.NewIndex(snapshot)
			result = judge(x, history(past, events), a.config.Policy, now, func(g inventory.Gap) { yield(g) })
		},
		Rest: func() store.Results {
			return store.Results{
				Verdicts: result.Verdicts, Measures: result.Measures, Events: events,
				Policy: a.config.Policy.Hash(), RulePack: rulePack(), Requests: sum.Requests,
			}
		},
	})
}

// brief leaves out what no rule reads of an owner: the claims, and of one that there is, the reasons.
func brief(o inventory.Owner) inventory.Owner {
	o.Claims = nil
	if o.Owner != "" {
		o.Reason = ""
	}
	return o
}

// judge evaluates the rules on a snapshot with its owners, at the moment of its scan, and hands over each gap.
func judge(x *inventory.Index, h rules.History, policy rules.Policy, now time.Time, gap func(inventory.Gap)) rules.Result {
	result := rules.Judge(x, h, policy, now, gap)
	result.Measures = append(result.Measures, rules.Lifecycle(x, h, policy, now)...)
	return result
}

// history turns the events that a store holds, and those that it is to hold, into what measures of time are counted
// from.
func history(past, events []inventory.Event) rules.History {
	h := rules.History{Events: events}
	if len(past) > 0 {
		h.Events = slices.Concat(past, events)
	}
	for _, e := range h.Events {
		if e.Kind == inventory.Reported {
			h.Reported = append(h.Reported, rules.Reported{Rule: e.Field, Subject: e.Subject, At: e.At})
		}
	}
	return h
}
