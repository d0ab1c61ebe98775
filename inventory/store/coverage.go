package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"nhiscan/inventory"
)

const (
	// A visit that is recorded again takes back what it said before.
	dropCoverage = `DELETE FROM coverage WHERE visit = $1 AND from_scan = $2`
	cutCoverage  = `UPDATE coverage SET last_scan = $3 WHERE visit = $1 AND last_scan + 0 = $2`

	// The sum keeps SQLite from the index on last_scan, which holds every visit of that scan under one value: reading
	// it for each visit made a second scan quadratic.
	sameCoverage = `UPDATE coverage SET last_scan = $2 WHERE visit = $1 AND last_scan + 0 = $3
		AND state = $4 AND seen = $5 AND status = $6 AND reason = $7 AND needs = $8 AND requests = $9`
	insertCoverage = `INSERT INTO coverage (visit, from_scan, last_scan, state, seen, status, reason, needs, requests)
		VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8)`
	countCoverage = `SELECT count(*) FROM visit v JOIN coverage c ON c.visit = v.number
		WHERE v.instance = $1 AND c.from_scan <= $2 AND c.last_scan >= $2`
	coverageAt = `SELECT v.source, v.home, c.state, c.seen, c.status, c.reason, c.needs, c.requests
		FROM visit v JOIN coverage c ON c.visit = v.number
		WHERE v.instance = $1 AND c.from_scan <= $2 AND c.last_scan >= $2`
)

// cover stores what a visit could see; what is the same as in the last finished scan only prolongs that.
func (r *Recorder) cover(ctx context.Context, q session, visit int64, c inventory.Coverage) error {
	n := r.scan.Number
	needs, err := encode(c.Needs)
	if err != nil {
		return err
	}
	if r.visits[c.Visit].said != nil {
		if _, err := q.exec(ctx, dropCoverage, visit, n); err != nil {
			return err
		}
		if _, err := q.exec(ctx, cutCoverage, visit, n, r.previous); err != nil {
			return err
		}
	}
	if r.previous > 0 {
		same, err := q.exec(ctx, sameCoverage, visit, n, r.previous, string(c.State), c.Seen, c.Status, c.Reason, string(needs), c.Requests)
		if err != nil || same > 0 {
			return err
		}
	}
	_, err = q.exec(ctx, insertCoverage, visit, n, string(c.State), c.Seen, c.Status, c.Reason, string(needs), c.Requests)
	return err
}

// readCoverage returns what the visits of a scan saw, in no order.
func readCoverage(ctx context.Context, q session, instance string, scan int64) ([]inventory.Coverage, error) {
	count := 0 // a list that grows by itself takes twice the room, and this one is long
	if _, err := q.one(ctx, []any{&count}, countCoverage, instance, scan); err != nil {
		return nil, err
	}
	list := slices.Grow([]inventory.Coverage(nil), count)
	read := coverageReader(newInterner())
	err := q.each(ctx, func(rows *sql.Rows) error {
		c, err := read(rows)
		list = append(list, c)
		return err
	}, coverageAt, instance, scan)
	return list, err
}

// coverageReader returns what reads one row of coverageAt.
func coverageReader(pool *interner) func(*sql.Rows) (inventory.Coverage, error) {
	var source, home, state, reason, needs sql.RawBytes
	return func(rows *sql.Rows) (c inventory.Coverage, err error) {
		if err := rows.Scan(&source, &home, &state, &c.Seen, &c.Status, &reason, &needs, &c.Requests); err != nil {
			return c, err
		}
		c.Source, c.Home, c.Reason = pool.bytes(source), pool.bytes(home), pool.bytes(reason)
		c.State = inventory.State(pool.bytes(state))
		if string(needs) != "{}" {
			if err := json.Unmarshal(needs, &c.Needs); err != nil {
				return c, fmt.Errorf("coverage of %s in %s: %w", c.Source, c.Home, err)
			}
		}
		return c, nil
	}
}
