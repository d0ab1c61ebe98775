package main

import (
	"context"
	"fmt"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/ownership"
	"nhiscan/inventory/store"
	"nhiscan/rules"
	"nhiscan/scanner"
)

func rulePack() string { return rules.PackVersion() }

// finish judges what a scan saw and ends it in one transaction.
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
	now := rec.Scan().Began
	snapshot.Owners = ownership.Resolve(inventory.NewIndex(snapshot), a.config.Owners, now)
	next.Owners = snapshot.Owners
	events := inventory.Diff(prev, next)
	result, err := a.judge(ctx, db, snapshot, events, now)
	if err != nil {
		return inventory.Scan{}, err
	}
	return rec.Finish(ctx, store.Results{
		Owners: snapshot.Owners, Gaps: result.Gaps, Verdicts: result.Verdicts, Measures: result.Measures, Events: events,
		Policy: a.config.Policy.Hash(), RulePack: rulePack(), Requests: sum.Requests,
	})
}

// judge evaluates the rules on a snapshot with its owners, at the moment of its scan. events are those that the store
// does not hold yet.
func (a *app) judge(ctx context.Context, db *store.Store, snapshot *inventory.Snapshot, events []inventory.Event, now time.Time) (rules.Result, error) {
	x := inventory.NewIndex(snapshot)
	past, err := db.Events(ctx, store.EventFilter{Instance: snapshot.Scan.Instance})
	if err != nil {
		return rules.Result{}, fmt.Errorf("read events: %w", err)
	}
	h := history(append(past, events...))
	result := rules.Evaluate(x, h, a.config.Policy, now)
	result.Measures = append(result.Measures, rules.Lifecycle(x, h, a.config.Policy, now)...)
	return result, nil
}

// history turns a store's events into what measures of time are counted from.
func history(events []inventory.Event) rules.History {
	h := rules.History{Events: events}
	for _, e := range events {
		if e.Kind == inventory.Reported {
			h.Reported = append(h.Reported, rules.Reported{Rule: e.Field, Subject: e.Subject, At: e.At})
		}
	}
	return h
}
