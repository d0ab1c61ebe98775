package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"nhiscan/inventory"
)

// EventFilter selects events; what is zero selects all.
type EventFilter struct {
	Instance string
	Subject  string
	Scan     int64
	Since    time.Time // events that happened at this moment or later
}

const (
	eventColumns = `SELECT instance, scan, kind, subject, row_kind, home, name, field, from_value, to_value, at, after FROM event `
	allEvents    = eventColumns + `WHERE scan > $1`
	eventsOfScan = eventColumns + `WHERE scan = $1`
	eventsOfID   = eventColumns + `WHERE subject = $1`
)

// Events returns the events of finished scans that a filter selects, oldest first, then by subject, field and kind.
func (s *Store) Events(ctx context.Context, f EventFilter) ([]inventory.Event, error) {
	query, arg := allEvents, any(0)
	switch {
	case f.Subject != "":
		query, arg = eventsOfID, f.Subject
	case f.Scan != 0:
		query, arg = eventsOfScan, f.Scan
	}
	instance := map[int64]string{}
	if f.Instance != "" {
		scans, err := s.Scans(ctx, f.Instance)
		if err != nil {
			return nil, err
		}
		for _, sc := range scans {
			instance[sc.Number] = sc.Instance
		}
	}
	events, err := readEvents(ctx, s.read(), query, arg)
	events = slices.DeleteFunc(events, func(e inventory.Event) bool {
		return f.Instance != "" && instance[e.Scan] != f.Instance || f.Scan != 0 && e.Scan != f.Scan || e.At.Before(f.Since)
	})
	return events, s.explain(err)
}

// EachEvent calls f for the events of all finished scans of the instance, in no order.
func (r *Recorder) EachEvent(ctx context.Context, f func(inventory.Event)) error {
	read := eventReader(newInterner())
	err := r.store.read().each(ctx, func(rows *sql.Rows) error {
		e, err := read(rows)
		if err == nil {
			f(e)
		}
		return err
	}, eventsAsTheyLie, r.Scan().Instance)
	if err != nil {
		return r.store.explain(fmt.Errorf("read events: %w", err))
	}
	return nil
}

func readEvents(ctx context.Context, q session, query string, arg any) ([]inventory.Event, error) {
	var events []inventory.Event
	read := eventReader(newInterner()) // a first scan has an event for each row, and they name the same homes and rules
	err := q.each(ctx, func(rows *sql.Rows) error {
		e, err := read(rows)
		events = append(events, e)
		return err
	}, query, arg)
	slices.SortFunc(events, func(a, b inventory.Event) int {
		return cmp.Or(cmp.Compare(a.Scan, b.Scan), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Row, b.Row), cmp.Compare(a.To, b.To))
	})
	return events, err
}

// eventReader returns what reads one row of eventColumns.
func eventReader(pool *interner) func(*sql.Rows) (inventory.Event, error) {
	var instance, kind, subject, row, home, name, field, from, to, at, after sql.RawBytes
	return func(rows *sql.Rows) (e inventory.Event, err error) {
		if err := rows.Scan(&instance, &e.Scan, &kind, &subject, &row, &home, &name, &field, &from, &to, &at, &after); err != nil {
			return e, err
		}
		e.Kind, e.Row = inventory.EventKind(pool.bytes(kind)), inventory.RowKind(pool.bytes(row))
		e.Subject, e.Home, e.Name, e.Field = pool.bytes(subject), pool.bytes(home), pool.bytes(name), pool.bytes(field)
		e.From, e.To = pool.bytes(from), pool.bytes(to)
		if e.At, err = inventory.ParseWhen(pool.bytes(at)); err != nil {
			return e, err
		}
		e.After, err = inventory.ParseWhen(pool.bytes(after))
		return e, err
	}
}
