package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"reflect"

	"nhiscan/inventory"
)

const (
	usesOfRows = `SELECT id, scan, CAST(body AS text) FROM volatile WHERE kind = $2 AND id IN (SELECT key FROM json_each($1))`
	dropUses   = `DELETE FROM volatile WHERE kind = $3 AND scan = $2 AND id IN (SELECT key FROM json_each($1))`
	insertUses = `INSERT INTO volatile (instance, kind, id, scan, body)
		SELECT CAST($4 AS text), CAST($3 AS text), key, CAST($2 AS bigint), value FROM json_each($1)`
	// Only the last value is kept.
	dropOldUses = `DELETE FROM volatile WHERE instance = $1 AND scan < $2
		AND EXISTS (SELECT 1 FROM volatile n WHERE n.id = volatile.id AND n.kind = volatile.kind AND n.scan = $2)`
)

// use is the last value of a row's volatile facts from before the scan, and the value that the scan gave them.
type use struct {
	before, own inventory.Volatile
	from        int64 // scan of before
	hasOwn      bool
}

// noteUse keeps the volatile facts that differ from the last ones.
func (r *Recorder) noteUse(ctx context.Context, q session, emitted []row) error {
	byKind := map[inventory.RowKind][]row{}
	for _, w := range emitted {
		if w.volatile != (inventory.Volatile{}) {
			byKind[w.kind] = append(byKind[w.kind], w)
		}
	}
	for _, kind := range inventory.RowKinds() {
		uses := map[string]*use{}
		entry := func(w row) (string, any) { return w.id, 1 }
		err := inBatches(byKind[kind], entry, func(ids string) error { return r.readUses(ctx, q, kind, ids, uses) })
		if err != nil {
			return err
		}
		if err := r.writeUses(ctx, q, kind, byKind[kind], uses); err != nil {
			return err
		}
	}
	return nil
}

func (r *Recorder) readUses(ctx context.Context, q session, kind inventory.RowKind, ids string, uses map[string]*use) error {
	return q.each(ctx, func(rows *sql.Rows) error {
		var id, body string
		var scan int64
		var v inventory.Volatile
		if err := rows.Scan(&id, &scan, &body); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return err
		}
		u := uses[id]
		if u == nil {
			u = &use{}
			uses[id] = u
		}
		switch {
		case scan == r.scan.Number:
			u.own, u.hasOwn = v, true
		case scan > u.from:
			u.before, u.from = v, scan
		}
		return nil
	}, usesOfRows, ids, string(kind))
}

func (r *Recorder) writeUses(ctx context.Context, q session, kind inventory.RowKind, rows []row, uses map[string]*use) error {
	var drop []string
	var insert []row
	for _, w := range rows {
		u := uses[w.id]
		if u == nil {
			u = &use{}
		}
		now := overlay(u.before, mergeUse(news(u.own, u.before), news(w.volatile, u.before)))
		if u.hasOwn && now == u.own || !u.hasOwn && now == u.before {
			continue
		}
		if u.hasOwn {
			drop = append(drop, w.id)
		}
		body, err := bodyOf(reflect.ValueOf(now))
		if err != nil {
			return err
		}
		insert = append(insert, row{id: w.id, body: body})
	}
	n := r.scan.Number
	if err := inBatches(drop, keyOnly, func(ids string) error {
		_, err := q.exec(ctx, dropUses, ids, n, string(kind))
		return err
	}); err != nil {
		return err
	}
	return inBatches(insert, useEntry, func(object string) error {
		_, err := q.exec(ctx, insertUses, object, n, string(kind), r.scan.Instance)
		return err
	})
}

func useEntry(w row) (string, any) { return w.id, json.RawMessage(w.body) }

// news returns the facts in v that differ from before. Only these compete when two visits of a scan disagree: what
// changed beats what stayed, whichever visit ended first.
func news(v, before inventory.Volatile) inventory.Volatile {
	x, y := reflect.ValueOf(&v).Elem(), reflect.ValueOf(before)
	for i := range x.NumField() {
		if x.Field(i).Equal(y.Field(i)) {
			x.Field(i).SetZero()
		}
	}
	return v
}

// overlay returns before with the known facts of v in place of its own.
func overlay(before, v inventory.Volatile) inventory.Volatile {
	x, y := reflect.ValueOf(&before).Elem(), reflect.ValueOf(v)
	for i := range x.NumField() {
		if !y.Field(i).IsZero() {
			x.Field(i).Set(y.Field(i))
		}
	}
	return before
}

func mergeUse(a, b inventory.Volatile) inventory.Volatile {
	m := inventory.Merge(inventory.Identity{Volatile: a}, inventory.Identity{Volatile: b})
	return m.(inventory.Identity).Volatile
}
