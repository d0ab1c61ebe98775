package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"nhiscan/inventory"
)

const (
	finishScan = `UPDATE scan SET state = 'finished', ended = $2, requests = $3, rule_pack = $4, policy = $5, digest = $6, previous = $7
		WHERE number = $1`
	digestOf    = `SELECT digest FROM scan WHERE number = $1`
	openedBy    = `SELECT kind, id, hash FROM version WHERE instance = $1 AND from_scan = $2`
	closedBy    = `SELECT kind, id, hash FROM version WHERE instance = $1 AND to_scan = $2`
	rowsByID    = `SELECT kind, id, CAST(body AS text) FROM version WHERE to_scan IS NULL AND id IN (SELECT key FROM json_each($1))`
	securityGap = "SEC-"
)

// Finish ends the scan in one transaction: it writes the results, chains the digest, makes the scan the latest and
// releases the lease. Gaps get FirstSeen; a Reported event is added for each new gap of the SEC rules, and for the first
// gap of a subject. Events without a row kind get that, home and name from their subject. Finish dates the gaps in res.
func (r *Recorder) Finish(ctx context.Context, res Results) (inventory.Scan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sc := r.scan
	sc.State, sc.Requests, sc.Policy, sc.RulePack = stateFinished, res.Requests, res.Policy, cmp.Or(res.RulePack, sc.RulePack)
	err := r.store.write(ctx, func(q session) error {
		if err := r.renew(ctx, q); err != nil {
			return err
		}
		if err := r.retire(ctx, q); err != nil {
			return err
		}
		if err := r.writeResults(ctx, q, sc, res); err != nil {
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

func (r *Recorder) writeResults(ctx context.Context, q session, sc inventory.Scan, res Results) error {
	open, err := readOpenResults(ctx, q, sc.Instance, gapResult)
	if err != nil {
		return err
	}
	if err := writeResults(ctx, q, sc, gapResult, open, gapRows(res.Gaps, open, inventory.At(sc.Began))); err != nil {
		return err
	}
	for kind, rows := range res.rows() {
		open, err := readOpenResults(ctx, q, sc.Instance, kind)
		if err != nil {
			return err
		}
		if err := writeResults(ctx, q, sc, kind, open, rows); err != nil {
			return err
		}
	}
	reported, err := r.reported(ctx, q, sc, res.Gaps, open)
	if err != nil {
		return err
	}
	events := slices.Concat(res.Events, reported)
	if err := nameEvents(ctx, q, events); err != nil {
		return err
	}
	return writeEvents(ctx, q, sc, events)
}

// reported makes the events that start the clock for new gaps.
func (r *Recorder) reported(ctx context.Context, q session, sc inventory.Scan, gaps []inventory.Gap, open map[string]*openResult) ([]inventory.Event, error) {
	var after inventory.When
	if r.previous > 0 {
		scans, err := scanRows(ctx, q, scanByNumber, r.previous)
		if err != nil {
			return nil, err
		}
		after = inventory.At(scans[0].Began)
	}
	had := map[string]bool{}
	for _, o := range open {
		had[o.subject] = true
	}
	worst := slices.Clone(gaps)
	slices.SortFunc(worst, func(a, b inventory.Gap) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
	var events []inventory.Event
	for _, g := range worst {
		isNew := open[gapID(g)] == nil
		first := !had[g.Subject]
		had[g.Subject] = true
		if isNew && (first || strings.HasPrefix(g.Code, securityGap)) {
			events = append(events, inventory.Event{
				Kind: inventory.Reported, Subject: g.Subject, Home: g.Home, Field: g.Rule, To: g.Severity.String(),
				At: inventory.At(sc.Began), After: after, Scan: sc.Number,
			})
		}
	}
	return events, nil
}

// nameEvents completes events whose maker had no row at hand.
func nameEvents(ctx context.Context, q session, events []inventory.Event) error {
	var ids []string
	for _, e := range events {
		if e.Row == "" {
			ids = append(ids, e.Subject)
		}
	}
	slices.Sort(ids)
	rows := map[string]inventory.Observation{}
	err := inBatches(slices.Compact(ids), keyOnly, func(object string) error {
		return q.each(ctx, func(rs *sql.Rows) error {
			var kind inventory.RowKind
			var id, body string
			if err := rs.Scan(&kind, &id, &body); err != nil {
				return err
			}
			// A user account is a user row and an identity row under one ID; what is judged is the identity.
			if rows[id] != nil && kind == inventory.UserRow {
				return nil
			}
			o, err := observe(kind, body)
			rows[id] = o
			return err
		}, rowsByID, object)
	})
	for i := range events {
		e := &events[i]
		if o := rows[clean(e.Subject)]; e.Row == "" && o != nil {
			e.Row, _ = o.Row()
			e.Home, e.Name = cmp.Or(e.Home, o.HomeOf()), cmp.Or(e.Name, inventory.NameOf(o))
		}
	}
	return err
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
	var lines []string
	for _, part := range []struct{ sign, query string }{{"+", openedBy}, {"-", closedBy}} {
		err := q.each(ctx, func(rows *sql.Rows) error {
			var kind, id, hash string
			err := rows.Scan(&kind, &id, &hash)
			lines = append(lines, part.sign+" "+kind+" "+id+" "+hash+"\n")
			return err
		}, part.query, sc.Instance, sc.Number)
		if err != nil {
			return "", err
		}
	}
	slices.Sort(lines)
	h := sha256.New()
	_, _ = io.WriteString(h, sc.Previous+"\n") // a hash takes any bytes
	for _, l := range lines {
		_, _ = io.WriteString(h, l)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
