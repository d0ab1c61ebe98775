package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"

	"nhiscan/inventory"
)

const (
	openByID = `SELECT id, hash, body ->> 'first_seen', body ->> 'owner' FROM result
		WHERE instance = $1 AND kind = $2 AND to_scan IS NULL AND id IN (SELECT key FROM json_each($3))`
	stillOpen = `SELECT id FROM result WHERE instance = $1 AND kind = $2 AND to_scan IS NULL AND from_scan < $3`
)

// result is one on its way into the database.
type result struct {
	id, subject string
	value       any
	gap         *inventory.Gap // in place of value
}

// resultWriter versions results against the open ones, a batch at a time: encoded they are larger than the snapshot that
// they come from. Results come one kind after the other. The first error stays until close.
type resultWriter struct {
	ctx   context.Context
	q     session
	sc    inventory.Scan
	onNew func(*inventory.Gap) // called for gaps that the last finished scan had not

	onOwner func(inventory.OwnerChange) // called for subjects that the last finished scan gave another owner

	kind    string
	waiting []result
	written *idSet
	again   map[string]int  // of IDs that came more than once, how often
	ended   map[string]bool // kinds
	err     error
}

func (w *resultWriter) add(kind string, d result) {
	if kind != w.kind {
		w.begin(kind)
	}
	d.id = clean(d.id)
	// Results that came under one ID are numbered: a fault of their maker must not lose a scan.
	if w.written.has(d.id) {
		w.again[d.id]++
		d.id = fmt.Sprintf("%s #%d", d.id, w.again[d.id]+1)
	}
	w.written.add(d.id)
	if w.waiting = append(w.waiting, d); len(w.waiting) == batch {
		w.flush()
	}
}

// begin ends the kind at hand and goes on with another.
func (w *resultWriter) begin(kind string) {
	w.end()
	w.kind, w.written, w.again = kind, newIDSet(), map[string]int{}
}

// close writes what waits and ends the results that no longer hold, also of the kinds that did not come.
func (w *resultWriter) close() error {
	for _, kind := range []string{ownerResult, gapResult, verdictResult, measureResult} {
		if kind != w.kind && !w.ended[kind] {
			w.begin(kind)
		}
	}
	w.end()
	return w.err
}

// end ends the results of the kind at hand that did not come again.
func (w *resultWriter) end() {
	w.flush()
	w.ended[w.kind] = true
	if w.err != nil || w.kind == "" {
		return
	}
	var gone plan
	w.err = w.q.each(w.ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		if !w.written.has(id) {
			gone.close = append(gone.close, id)
		}
		return err
	}, stillOpen, w.sc.Instance, w.kind, w.sc.Number)
	w.apply(gone)
}

func (w *resultWriter) apply(p plan) {
	if w.err == nil {
		w.err = p.apply(w.ctx, w.q, resultSteps, versionEntry, w.sc.Number, inventory.RowKind(w.kind), w.sc.Instance)
	}
}

// flush writes the results that wait.
func (w *resultWriter) flush() {
	if w.err != nil || len(w.waiting) == 0 {
		return
	}
	open, err := w.open()
	var todo plan
	for _, d := range w.waiting {
		if err != nil {
			break
		}
		o := open[d.id]
		if d.gap != nil {
			w.date(d.gap, o)
			d.value = d.gap
		}
		if is, ok := d.value.(inventory.Owner); ok && o.past != "" && o.owner != clean(is.Owner) {
			w.onOwner(inventory.OwnerChange{Subject: is.Subject, From: o.owner, To: is.Owner})
		}
		var r row
		r, err = resultRow(d.id, d.subject, d.value)
		todo.add(o.held.to(r.hash), r)
	}
	w.waiting, w.err = w.waiting[:0], err
	w.apply(todo)
}

// date gives a gap the date of the open one; one that is new begins with this scan.
func (w *resultWriter) date(g *inventory.Gap, o openResult) {
	if g.FirstSeen = o.firstSeen; o.past == "" {
		g.FirstSeen = inventory.At(w.sc.Began)
		w.onNew(g)
	}
}

// openResult is a result of the last finished scan.
type openResult struct {
	held
	firstSeen inventory.When // of a gap
	owner     string         // of an owner, and of a gap
}

// open returns the open results under the IDs that wait.
func (w *resultWriter) open() (map[string]openResult, error) {
	open := map[string]openResult{}
	entry := func(d result) (string, any) { return d.id, 1 }
	err := inBatches(w.waiting, entry, func(object string) error {
		return w.q.each(w.ctx, func(rows *sql.Rows) error {
			var id string
			var first, owner sql.NullString
			var o openResult
			err := rows.Scan(&id, &o.past, &first, &owner)
			o.owner = owner.String
			if err == nil {
				o.firstSeen, err = inventory.ParseWhen(first.String)
			}
			open[id] = o
			return err
		}, openByID, w.sc.Instance, w.kind, object)
	})
	return open, err
}

// resultRow encodes a result under its ID, with the subject where row keeps the home.
func resultRow(id, subject string, v any) (row, error) {
	body, err := encode(v)
	return row{id: id, home: clean(subject), hash: hashOf(string(body)), body: string(body)}, err
}

// gapID is what a gap is known by from scan to scan.
func gapID(g inventory.Gap) string { return g.Rule + " " + g.Subject }

// idSet holds IDs by their hash, in a tenth of their own room. Among a million IDs two have the same hash of 64 bits
// once in 37 million runs.
type idSet struct {
	seed maphash.Seed
	kept map[uint64]struct{}
}

func newIDSet() *idSet { return &idSet{maphash.MakeSeed(), map[uint64]struct{}{}} }

func (s *idSet) add(id string) { s.kept[maphash.String(s.seed, id)] = struct{}{} }

func (s *idSet) has(id string) bool {
	_, ok := s.kept[maphash.String(s.seed, id)]
	return ok
}
