package store

import (
	"cmp"
	"context"
	"database/sql"
	"strconv"

	"nhiscan/inventory"
)

const (
	insertEvents = `INSERT INTO event (instance, scan, number, kind, subject, row_kind, home, name, field, from_value, to_value, at, after)
		SELECT CAST($2 AS text), CAST($3 AS bigint), CAST(key AS bigint), value ->> 'kind', value ->> 'subject', value ->> 'row', value ->> 'home',
		value ->> 'name', value ->> 'field', value ->> 'from', value ->> 'to', value ->> 'at', value ->> 'after' FROM json_each($1)`
	rowsByID = `SELECT kind, id, CAST(body AS text) FROM version WHERE to_scan IS NULL AND id IN (SELECT key FROM json_each($1))`
)

// eventWriter numbers the events of a scan as they come and writes them a batch at a time: a first scan has one for each
// row. The first error stays until close.
type eventWriter struct {
	ctx     context.Context
	q       session
	sc      inventory.Scan
	waiting []inventory.Event
	written int
	err     error
}

func (w *eventWriter) add(e inventory.Event) {
	if w.waiting = append(w.waiting, e); len(w.waiting) == batch {
		w.flush()
	}
}

func (w *eventWriter) close() error {
	w.flush()
	return w.err
}

func (w *eventWriter) flush() {
	if w.err != nil || len(w.waiting) == 0 {
		return
	}
	if w.err = w.name(); w.err != nil {
		return
	}
	entry := func(e inventory.Event) (string, any) {
		w.written++
		return strconv.Itoa(w.written), e
	}
	w.err = inBatches(w.waiting, entry, func(object string) error {
		_, err := w.q.exec(w.ctx, insertEvents, object, w.sc.Instance, w.sc.Number)
		return err
	})
	w.waiting = w.waiting[:0]
}

// name completes the waiting events whose maker had no row at hand.
func (w *eventWriter) name() error {
	var bare []*inventory.Event
	for i := range w.waiting {
		if w.waiting[i].Row == "" {
			bare = append(bare, &w.waiting[i])
		}
	}
	rows := map[string]inventory.Observation{}
	entry := func(e *inventory.Event) (string, any) { return e.Subject, 1 }
	err := inBatches(bare, entry, func(object string) error {
		return w.q.each(w.ctx, func(rs *sql.Rows) error {
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
	for _, e := range bare {
		if o := rows[clean(e.Subject)]; o != nil {
			e.Row, _ = o.Row()
			e.Home, e.Name = cmp.Or(e.Home, o.HomeOf()), cmp.Or(e.Name, inventory.NameOf(o))
		}
	}
	return err
}
