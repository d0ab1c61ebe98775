package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"nhiscan/inventory"
)

const (
	finishScan = `UPDATE scan SET state = 'finished', ended = $2, requests = $3, rule_pack = $4, policy = $5, digest = $6, previous = $7
		WHERE number = $1`
	digestOf    = `SELECT digest FROM scan WHERE number = $1`
	openedBy    = `SELECT kind || ' ' || id || ' ' || hash FROM version WHERE instance = $1 AND from_scan = $2 ORDER BY kind || ' ' || id || ' ' || hash` + byBytes
	closedBy    = `SELECT kind || ' ' || id || ' ' || hash FROM version WHERE instance = $1 AND to_scan = $2 ORDER BY kind || ' ' || id || ' ' || hash` + byBytes
	gapSubjects = `SELECT DISTINCT subject FROM result WHERE instance = $1 AND kind = 'gap' AND to_scan IS NULL`
	securityGap = "SEC-"
)

// Finish ends the scan in one transaction: it writes the results, chains the digest, makes the scan the latest and
// releases the lease. Gaps get FirstSeen; a Reported event is added for each new gap of the SEC rules, and for the first
// gap of a subject. Events without a row kind get that, home and name from their subject.
func (r *Recorder) Finish(ctx context.Context, res Results) (inventory.Scan, error) {
	return r.FinishWith(ctx, Derived{
		Owners: slices.Values(res.Owners), OwnerChanged: func(inventory.OwnerChange) {}, Events: slices.Values(res.Events),
		Gaps: slices.Values(res.Gaps), Rest: func() Results { return res },
	})
}

// Derived is what is derived from the snapshot of the running scan. Owners, events and gaps are many: they are asked for
// one by one, once, and written as they come. The order is owners, events, gaps, the rest; while owners come, OwnerChanged
// is called for those that differ from the last finished scan's, for the last of them before the events are asked for.
type Derived struct {
	Owners       iter.Seq[inventory.Owner]
	OwnerChanged func(inventory.OwnerChange)
	Events       iter.Seq[inventory.Event]
	Gaps         iter.Seq[inventory.Gap]
	Rest         func() Results // its verdicts, measures, policy, rule pack and requests
}

// FinishWith is Finish for results that are made while they are written.
func (r *Recorder) FinishWith(ctx context.Context, d Derived) (inventory.Scan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.visits = newVisitList() // they are many, and none will be recorded
	sc := r.scan
	sc.State = stateFinished
	err := r.store.write(ctx, func(q session) error {
		if err := r.renew(ctx, q); err != nil {
			return err
		}
		if err := r.retire(ctx, q); err != nil {
			return err
		}
		if err := r.derive(ctx, q, &sc, d); err != nil {
			return err
		}
		if _, err := q.exec(ctx, dropOldUses, sc.Instance, sc.Number); err != nil {
			return err
		}
		return r.seal(ctx, q, &sc)
	})
	if err != nil {
		return inventory.Scan{}, fmt.Errorf("finish scan %d: %w", r.scan.Number, err)
	}
	r.scan, r.ended = sc, true
	return sc, nil
}

// derive writes all results and tells sc of them.
func (r *Recorder) derive(ctx context.Context, q session, sc *inventory.Scan, d Derived) error {
	w := resultWriter{ctx: ctx, q: q, sc: *sc, ended: map[string]bool{}, onOwner: d.OwnerChanged}
	for o := range d.Owners {
		w.add(ownerResult, result{id: o.Subject, subject: o.Subject, value: o})
	}
	w.flush()
	events := eventWriter{ctx: ctx, q: q, sc: *sc}
	for e := range d.Events {
		events.add(e)
	}
	news, err := r.newReporter(ctx, q, *sc)
	if err != nil {
		return err
	}
	w.onNew = news.add
	for g := range d.Gaps {
		if g.Evidence == nil {
			g.Evidence = []string{}
		}
		w.add(gapResult, result{id: gapID(g), subject: g.Subject, gap: &g})
	}
	res := d.Rest()
	sc.Requests, sc.Policy, sc.RulePack = res.Requests, res.Policy, cmp.Or(res.RulePack, sc.RulePack)
	for i, v := range res.Verdicts {
		w.add(verdictResult, result{id: fmt.Sprintf("%04d %s", i, v.Rule), value: v})
	}
	for _, m := range res.Measures {
		w.add(measureResult, result{id: m.Name + " " + m.Scope, value: m})
	}
	if err := w.close(); err != nil {
		return err
	}
	for e := range news.events() {
		events.add(e)
	}
	return events.close()
}

// reporter makes the events that start the clock for new gaps. A first scan has them by the hundred thousand.
type reporter struct {
	event inventory.Event   // what all of them have in common
	had   *idSet            // subjects that had gaps before
	first map[string]newGap // by subject that had none, the worst
	grave []graveGap        // of the SEC rules

	rules  []string
	ruleAt map[string]int32 // their positions
}

// newGap is what an event says of a gap.
type newGap struct {
	home     string
	rule     int32
	severity int8
	grave    bool
}

type graveGap struct {
	subject string
	newGap
}

func (r *Recorder) newReporter(ctx context.Context, q session, sc inventory.Scan) (*reporter, error) {
	n := &reporter{
		event: inventory.Event{Kind: inventory.Reported, At: inventory.At(sc.Began), Scan: sc.Number},
		had:   newIDSet(), first: map[string]newGap{}, ruleAt: map[string]int32{},
	}
	if r.previous > 0 {
		scans, err := scanRows(ctx, q, scanByNumber, r.previous)
		if err != nil {
			return nil, err
		}
		n.event.After = inventory.At(scans[0].Began)
	}
	err := q.each(ctx, func(rows *sql.Rows) error {
		var subject sql.RawBytes
		err := rows.Scan(&subject)
		n.had.add(string(subject))
		return err
	}, gapSubjects, sc.Instance)
	return n, err
}

// add takes a new gap in. Of a subject without gaps before, the worst is reported; gaps of the SEC rules always are.
func (n *reporter) add(g *inventory.Gap) {
	is := newGap{g.Home, position(n.ruleAt, &n.rules, []byte(g.Rule)), int8(g.Severity), strings.HasPrefix(g.Code, securityGap)}
	if is.grave {
		n.grave = append(n.grave, graveGap{g.Subject, is})
	}
	if n.had.has(clean(g.Subject)) {
		return
	}
	if first, known := n.first[g.Subject]; !known || cmp.Or(cmp.Compare(first.severity, is.severity), cmp.Compare(g.Rule, n.rules[first.rule])) < 0 {
		n.first[g.Subject] = is
	}
}

func (n *reporter) events() iter.Seq[inventory.Event] {
	return func(yield func(inventory.Event) bool) {
		for _, subject := range slices.Sorted(maps.Keys(n.first)) {
			if first := n.first[subject]; !first.grave && !yield(n.reported(subject, first)) {
				return
			}
		}
		for _, is := range n.grave {
			if !yield(n.reported(is.subject, is.newGap)) {
				return
			}
		}
	}
}

func (n *reporter) reported(subject string, is newGap) inventory.Event {
	e := n.event
	e.Subject, e.Home, e.Field, e.To = subject, is.home, n.rules[is.rule], inventory.Severity(is.severity).String()
	return e
}

// seal chains the digest and makes the scan the latest.
func (r *Recorder) seal(ctx context.Context, q session, sc *inventory.Scan) error {
	if _, err := q.one(ctx, []any{&sc.Previous}, digestOf, r.previous); err != nil {
		return err
	}
	var err error
	if sc.Digest, err = digest(ctx, q, *sc); err != nil {
		return err
	}
	now := r.store.now()
	sc.Ended = &now
	if _, err := q.exec(ctx, finishScan, sc.Number, stamp(now), sc.Requests, sc.RulePack, sc.Policy, sc.Digest, sc.Previous); err != nil {
		return err
	}
	_, err = q.exec(ctx, releaseLease, sc.Instance, r.owner)
	return err
}

// digest returns SHA-256, in hexadecimal digits, over the previous digest and a sorted line for every version that
// the scan opened ("+ kind id hash") or closed ("- kind id hash"), each ended by a newline.
func digest(ctx context.Context, q session, sc inventory.Scan) (string, error) {
	h := sha256.New()
	_, _ = io.WriteString(h, sc.Previous+"\n")                                              // a hash takes any bytes
	for _, part := range []struct{ sign, query string }{{"+", openedBy}, {"-", closedBy}} { // in the order of the signs
		err := q.each(ctx, func(rows *sql.Rows) error {
			var line sql.RawBytes
			err := rows.Scan(&line)
			_, _ = fmt.Fprintf(h, "%s %s\n", part.sign, line)
			return err
		}, part.query, sc.Instance, sc.Number)
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
