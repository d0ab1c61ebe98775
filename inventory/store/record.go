package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"nhiscan/inventory"
)

// longestID bounds IDs: PostgreSQL indexes no longer key than 2,700 bytes. inventory's own IDs stay below it.
const longestID = 2000

const (
	sightingsOfVisit = `SELECT kind, id, from_scan, to_scan, hash FROM sighting WHERE visit = $1 AND (to_scan IS NULL OR to_scan = $2)`
	insertVisit      = `INSERT INTO visit (number, instance, source, home) VALUES ($1, $2, $3, $4)`
)

// sightingSteps change the sightings of one visit, $4. The sum keeps SQLite from the index on to_scan, which holds all
// that the scan closed under one value.
var sightingSteps = statements{
	reopen: `UPDATE sighting SET to_scan = NULL WHERE visit = $4 AND kind = $3 AND to_scan + 0 = $2 AND id IN (SELECT key FROM json_each($1))`,
	close: `UPDATE sighting SET to_scan = $2 WHERE visit = $4 AND kind = $3 AND to_scan IS NULL AND from_scan < $2
		AND id IN (SELECT key FROM json_each($1))`,
	drop: `DELETE FROM sighting WHERE visit = $4 AND kind = $3 AND from_scan = $2 AND id IN (SELECT key FROM json_each($1))`,
	insert: `INSERT INTO sighting (visit, kind, id, from_scan, hash, body)
		SELECT CAST($4 AS bigint), CAST($3 AS text), key, CAST($2 AS bigint), value ->> 'hash', value -> 'body' FROM json_each($1)`,
}

// Record stores what one visit saw, in one transaction, and renews the lease. What is as it was costs no write. A row
// that the visit showed before and did not emit ends only where the visit is complete. A row that was emitted twice is
// merged. A visit recorded again replaces what it said before in this scan. Record is safe for concurrent use: visits
// that wait for each other share one transaction, and each returns when it is durable.
func (r *Recorder) Record(ctx context.Context, c inventory.Coverage, rows []inventory.Observation) error {
	emitted, err := gather(rows)
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", c.Source, c.Home, err)
	}
	c.Source, c.Home, c.Reason = clean(c.Source), clean(c.Home), clean(c.Reason)
	own := &visitRecord{coverage: c, emitted: emitted}
	r.waiting.add(own)
	r.mu.Lock()
	defer r.mu.Unlock()
	if own.stored { // by the visit that held the lock before
		return nil
	}
	others := r.waiting.take(own)
	if len(others) > 0 && r.recordAll(ctx, append(others, own)) == nil {
		return nil
	}
	// Alone, so that the fault of one visit is no other's; those try again when it is their turn.
	if err := r.recordAll(ctx, []*visitRecord{own}); err != nil {
		return fmt.Errorf("record %s of %s: %w", c.Source, c.Home, err)
	}
	return nil
}

// visitRecord is a visit on its way into the database.
type visitRecord struct {
	coverage inventory.Coverage
	emitted  emission
	number   int64
	stored   bool // guarded by Recorder.mu
}

// queue holds the visits that wait for the database.
type queue struct {
	mu   sync.Mutex
	list []*visitRecord
}

func (q *queue) add(v *visitRecord) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, v)
}

// maxShared bounds the visits and the rows that share a transaction.
const (
	maxShared     = 32
	maxSharedRows = 5000
)

// take empties the queue and returns the others of it that may go with own. Those that may not, or fail together with
// own, need no place in it: each has a caller who waits, and records it alone at the latest.
func (q *queue) take(own *visitRecord) []*visitRecord {
	q.mu.Lock()
	defer q.mu.Unlock()
	var with []*visitRecord
	rows := len(own.emitted)
	for _, v := range q.list {
		if v != own && len(with) < maxShared && rows+len(v.emitted) <= maxSharedRows {
			with = append(with, v)
			rows += len(v.emitted)
		}
	}
	q.list = nil
	return with
}

// recordAll stores visits in one transaction: all of them or, with an error, none.
func (r *Recorder) recordAll(ctx context.Context, visits []*visitRecord) error {
	err := r.store.write(ctx, func(q session) error {
		if err := r.renew(ctx, q); err != nil {
			return err
		}
		for _, v := range visits {
			if err := r.record(ctx, q, v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.free = 0 // taking them may have been undone
		return err
	}
	for _, v := range visits {
		v.stored, v.emitted = true, nil
		r.visits.keep(v.coverage).number = v.number
	}
	return nil
}

func (r *Recorder) record(ctx context.Context, q session, v *visitRecord) (err error) {
	c := v.coverage
	isNew := r.visits.number(c.Visit) == 0
	if v.number, err = r.visit(ctx, q, c.Visit); err != nil {
		return err
	}
	if err := r.cover(ctx, q, v.number, c); err != nil {
		return err
	}
	if isNew && len(v.emitted) == 0 {
		return nil // nothing was seen here, before or now
	}
	before, err := r.sighted(ctx, q, v.number)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(v.emitted, batch) {
		if err := r.recordSome(ctx, q, v.number, before, some); err != nil {
			return err
		}
	}
	if c.State != inventory.Complete {
		return nil
	}
	var gone []row
	for k := range before {
		if !v.emitted.has(k) {
			gone = append(gone, row{kind: k.kind, id: k.id})
		}
	}
	touched, err := r.sight(ctx, q, v.number, before, gone)
	if err != nil {
		return err
	}
	return r.settle(ctx, q, touched, nil)
}

// recordSome stores some of the rows that a visit emitted.
func (r *Recorder) recordSome(ctx context.Context, q session, visit int64, before map[key]*held, some emission) error {
	rows, err := some.encode()
	if err != nil {
		return err
	}
	known := make(map[key]row, len(rows))
	for _, w := range rows {
		known[w.key()] = w
	}
	touched, err := r.sight(ctx, q, visit, before, rows)
	if err != nil {
		return err
	}
	if err := r.settle(ctx, q, touched, known); err != nil {
		return err
	}
	return r.noteUse(ctx, q, rows)
}

// emission is what a visit emitted: one observation for each ID, sorted by kind, then ID. The list of all tokens of an
// instance is long, and takes twice the room when it is encoded: that is done a batch at a time.
type emission []keyed

type keyed struct {
	key
	o inventory.Observation
}

// gather merges the rows with one ID.
func gather(rows []inventory.Observation) (emission, error) {
	list := make(emission, len(rows))
	for i, o := range rows {
		kind, id := o.Row()
		if id == "" || len(id) > longestID {
			return nil, fmt.Errorf("a %s has an ID of %d bytes, want 1 to %d", kind, len(id), longestID)
		}
		list[i] = keyed{key{kind, clean(id)}, o}
	}
	slices.SortStableFunc(list, func(a, b keyed) int { return a.compare(b.key) })
	merged := list[:0]
	for _, k := range list {
		if last := len(merged) - 1; last >= 0 && merged[last].key == k.key {
			merged[last].o = inventory.Merge(merged[last].o, k.o)
			continue
		}
		merged = append(merged, k)
	}
	return merged, nil
}

// has reports whether a row is among them.
func (e emission) has(k key) bool {
	_, found := slices.BinarySearchFunc(e, k, func(w keyed, k key) int { return w.compare(k) })
	return found
}

func (e emission) encode() ([]row, error) {
	rows := make([]row, len(e))
	for i, k := range e {
		var err error
		if rows[i], err = rowOf(k.o); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// visit returns the number of a visit and gives it one when it has none. The caller remembers it once it is committed.
func (r *Recorder) visit(ctx context.Context, q session, v inventory.Visit) (int64, error) {
	if n := r.visits.number(v); n != 0 {
		return n, nil
	}
	if r.free == 0 {
		last, err := next(ctx, q, "visit", visitNumbers)
		if err != nil {
			return 0, err
		}
		r.free, r.lastFree = last-visitNumbers+1, last
	}
	n := r.free
	if r.free++; r.free > r.lastFree {
		r.free = 0
	}
	_, err := q.exec(ctx, insertVisit, n, r.scan.Instance, v.Source, v.Home)
	return n, err
}

// visitNumbers is how many numbers of visits are taken at a time. Those that are not used are lost.
const visitNumbers = 64

// sighted returns what the database holds of a visit's sightings.
func (r *Recorder) sighted(ctx context.Context, q session, visit int64) (map[key]*held, error) {
	before := map[key]*held{}
	err := q.each(ctx, func(rows *sql.Rows) error {
		var k key
		var from int64
		var to sql.NullInt64
		var hash string
		if err := rows.Scan(&k.kind, &k.id, &from, &to, &hash); err != nil {
			return err
		}
		if before[k] == nil {
			before[k] = &held{}
		}
		before[k].put(r.scan.Number, from, to.Valid, hash)
		return nil
	}, sightingsOfVisit, visit, r.scan.Number)
	return before, err
}

// sight brings the visit's sightings of some rows to what these are, or to nothing where they have no hash, and returns the
// IDs of rows whose sightings changed, by kind.
func (r *Recorder) sight(ctx context.Context, q session, visit int64, before map[key]*held, rows []row) (map[inventory.RowKind][]string, error) {
	todo, touched := plans{}, map[inventory.RowKind][]string{}
	for _, w := range rows {
		h := before[w.key()]
		if h == nil {
			h = &held{}
		}
		if todo.of(w.kind).add(h.to(w.hash), w) {
			touched[w.kind] = append(touched[w.kind], w.id)
		}
	}
	for _, kind := range inventory.RowKinds() {
		if err := todo.of(kind).apply(ctx, q, sightingSteps, sightingEntry, r.scan.Number, kind, visit); err != nil {
			return nil, err
		}
	}
	return touched, nil
}

// sightingEntry leaves the body out; settle adds it where the version does not hold it.
func sightingEntry(w row) (string, any) {
	return w.id, struct {
		Hash string           `json:"hash"`
		Body *json.RawMessage `json:"body,omitempty"`
	}{Hash: w.hash}
}
