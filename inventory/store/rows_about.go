package store

import (
	"database/sql"
	"iter"

	"nhiscan/inventory"
)

// What is about some rows is found by their IDs, so that a page of a large report, or one credential, costs what it shows.
const (
	// The empty texts keep SQLite from the primary key, which holds all gaps under one value.
	gapsOnRows = `SELECT CAST(body AS text) FROM result
		WHERE subject IN (SELECT key FROM json_each($1)) AND instance || '' = $2 AND kind || '' = 'gap'
		AND from_scan <= $3 AND (to_scan IS NULL OR to_scan > $3)`
	ownersOfRows = `SELECT CAST(body AS text) FROM result
		WHERE instance = $2 AND kind = 'owner' AND id IN (SELECT key FROM json_each($1))
		AND from_scan <= $3 AND (to_scan IS NULL OR to_scan > $3)`
	eventsOfRows = eventColumns + `WHERE subject IN (SELECT key FROM json_each($1)) AND instance = $2`
	eventCounts  = `SELECT kind, count(*) FROM event WHERE instance = $1 GROUP BY kind`
)

// about runs a query for some IDs, a batch at a time, until row says no.
func (r *Rows) about(ids []string, row func(*sql.Rows) (more bool, err error), query string, args ...any) {
	more := true
	err := inBatches(ids, keyOnly, func(object string) error {
		if more {
			r.stream(func(rows *sql.Rows) (_ bool, err error) {
				more, err = row(rows)
				return more, err
			}, query, append([]any{object}, args...)...)
		}
		return r.err
	})
	if r.err == nil {
		r.err = err
	}
}

// GapsOn lists the gaps of some subjects, in no order.
func (r *Rows) GapsOn(subjects []string) iter.Seq[*inventory.Gap] {
	return func(yield func(*inventory.Gap) bool) {
		pool := newRecent()
		r.about(subjects, func(rows *sql.Rows) (bool, error) {
			var g inventory.Gap
			err := scanResult(rows, &g, gapResult, pool)
			return err == nil && yield(&g), err
		}, gapsOnRows, r.scan.Instance, r.scan.Number)
	}
}

// OwnersOf lists the owners of some subjects with their claims, in no order.
func (r *Rows) OwnersOf(subjects []string) iter.Seq[*inventory.Owner] {
	return func(yield func(*inventory.Owner) bool) {
		read := ownerReader(newRecent(), true)
		r.about(subjects, func(rows *sql.Rows) (bool, error) {
			o, err := read(rows)
			return err == nil && yield(&o), err
		}, ownersOfRows, r.scan.Instance, r.scan.Number)
	}
}

// EventsOf lists the events of some subjects in all finished scans of the instance, in no order.
func (r *Rows) EventsOf(subjects []string) iter.Seq[*inventory.Event] {
	return func(yield func(*inventory.Event) bool) {
		read := eventReader(newRecent())
		r.about(subjects, func(rows *sql.Rows) (bool, error) {
			e, err := read(rows)
			return err == nil && yield(&e), err
		}, eventsOfRows, r.scan.Instance)
	}
}

// EventCounts counts the events of all finished scans of the instance by their kind.
func (r *Rows) EventCounts() map[inventory.EventKind]int {
	counts := map[inventory.EventKind]int{}
	r.stream(func(rows *sql.Rows) (bool, error) {
		var kind inventory.EventKind
		var n int
		err := rows.Scan(&kind, &n)
		counts[kind] = n
		return true, err
	}, eventCounts, r.scan.Instance)
	return counts
}
