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
	sightingsOfRows = `SELECT id, visit, hash, CAST(body AS text) FROM sighting
		WHERE kind = $2 AND to_scan IS NULL AND id IN (SELECT key FROM json_each($1))`
	versionsOfRows = `SELECT id, from_scan, to_scan, hash, CAST(body AS text) FROM version
		WHERE kind = $2 AND (to_scan IS NULL OR to_scan = $3) AND id IN (SELECT key FROM json_each($1))`
	setBodies = `UPDATE sighting SET body = j.value -> 'body' FROM json_each($1) j
		WHERE sighting.kind = $2 AND sighting.id = j.value ->> 'id' AND sighting.hash = j.value ->> 'hash'
		AND sighting.to_scan IS NULL AND sighting.body IS NULL`
)

// versionSteps change the versions of rows of instance $4. For the sum see sightingSteps.
var versionSteps = statements{
	reopen: `UPDATE version SET to_scan = NULL WHERE kind = $3 AND to_scan + 0 = $2 AND instance = $4 AND id IN (SELECT key FROM json_each($1))`,
	close: `UPDATE version SET to_scan = $2 WHERE kind = $3 AND to_scan IS NULL AND from_scan < $2 AND instance = $4
		AND id IN (SELECT key FROM json_each($1))`,
	drop: `DELETE FROM version WHERE kind = $3 AND from_scan = $2 AND instance = $4 AND id IN (SELECT key FROM json_each($1))`,
	insert: `INSERT INTO version (instance, kind, id, home, from_scan, hash, key_id, body)
		SELECT CAST($4 AS text), CAST($3 AS text), key, value ->> 'home', CAST($2 AS bigint), value ->> 'hash', value ->> 'key_id', value -> 'body'
		FROM json_each($1)`,
}

// standing is what the database holds of a row whose sightings changed.
type standing struct {
	version held
	open    []string          // hashes of the open sightings, one for each visit that shows the row
	bare    map[string]bool   // those of them that have no body of their own
	bodies  map[string]string // by hash
}

// settle makes the versions of rows the merge of their open sightings. known are rows that need not be read.
func (r *Recorder) settle(ctx context.Context, q session, touched map[inventory.RowKind][]string, known map[key]row) error {
	for _, kind := range inventory.RowKinds() {
		err := inBatches(touched[kind], keyOnly, func(ids string) error { return r.settleBatch(ctx, q, kind, ids, known) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Recorder) settleBatch(ctx context.Context, q session, kind inventory.RowKind, ids string, known map[key]row) error {
	rows, err := r.standing(ctx, q, kind, ids)
	if err != nil {
		return err
	}
	var todo plan
	var bare []row
	for id, st := range rows {
		w, err := st.merge(key{kind, id}, known[key{kind, id}])
		if err != nil {
			return err
		}
		todo.add(st.version.to(w.hash), w)
		// A sighting needs its own body where the version to come does not hold it.
		for hash := range st.bare {
			if hash != w.hash {
				bare = append(bare, row{id: id, hash: hash, body: st.bodies[hash]})
			}
		}
	}
	err = inBatches(bare, bodyEntry, func(object string) error {
		_, err := q.exec(ctx, setBodies, object, string(kind))
		return err
	})
	if err != nil {
		return err
	}
	return todo.apply(ctx, q, versionSteps, versionEntry, r.scan.Number, kind, r.scan.Instance)
}

func bodyEntry(w row) (string, any) {
	return w.id + " " + w.hash, map[string]any{"id": w.id, "hash": w.hash, "body": json.RawMessage(w.body)}
}

// standing reads the open sightings, and the versions that the scan may change, of the rows in ids.
func (r *Recorder) standing(ctx context.Context, q session, kind inventory.RowKind, ids string) (map[string]*standing, error) {
	rows := map[string]*standing{}
	of := func(id string) *standing {
		if rows[id] == nil {
			rows[id] = &standing{bare: map[string]bool{}, bodies: map[string]string{}}
		}
		return rows[id]
	}
	err := q.each(ctx, func(rs *sql.Rows) error {
		var id, hash string
		var visit int64
		var body sql.NullString
		if err := rs.Scan(&id, &visit, &hash, &body); err != nil {
			return err
		}
		st := of(id)
		st.open = append(st.open, hash)
		if body.Valid {
			st.bodies[hash] = body.String
		} else {
			st.bare[hash] = true
		}
		return nil
	}, sightingsOfRows, ids, string(kind))
	if err != nil {
		return nil, err
	}
	err = q.each(ctx, func(rs *sql.Rows) error {
		var id, hash, body string
		var from int64
		var to sql.NullInt64
		if err := rs.Scan(&id, &from, &to, &hash, &body); err != nil {
			return err
		}
		st := of(id)
		st.version.put(r.scan.Number, from, to.Valid, hash)
		st.bodies[hash] = body
		return nil
	}, versionsOfRows, ids, string(kind), r.scan.Number)
	return rows, err
}

// merge returns the row that the open sightings make; its hash is empty when there are none. known is the row as the
// visit at hand emitted it, or the zero row.
func (st *standing) merge(k key, known row) (row, error) {
	if len(st.open) == 0 {
		return row{kind: k.kind, id: k.id}, nil
	}
	if known.hash != "" {
		st.bodies[known.hash] = known.body
		if !slices.ContainsFunc(st.open, func(hash string) bool { return hash != known.hash }) {
			return known, nil
		}
	}
	var merged inventory.Observation
	seen := map[string]bool{}
	for _, hash := range st.open {
		if seen[hash] {
			continue
		}
		seen[hash] = true
		body, ok := st.bodies[hash]
		if !ok {
			return row{}, fmt.Errorf("%s %s: no body with hash %s: the database was changed by another program", k.kind, k.id, hash)
		}
		o, err := observe(k.kind, body)
		if err != nil {
			return row{}, err
		}
		if merged == nil {
			merged = o
		} else {
			merged = inventory.Merge(merged, o)
		}
	}
	return rowOf(merged)
}
