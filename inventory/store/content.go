package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
)

const (
	readContent = `SELECT id, body FROM content WHERE id IN (SELECT key FROM json_each($1))`
	putContent  = `INSERT INTO content (id, at, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET at = excluded.at, body = excluded.body`
)

// Content returns what PutContent stored under these keys; keys without anything are missing from the map.
func (s *Store) Content(ctx context.Context, keys []string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(keys))
	q := s.read()
	err := inBatches(keys, keyOnly, func(object string) error {
		return q.each(ctx, func(rows *sql.Rows) error {
			var id string
			var body []byte
			err := rows.Scan(&id, &body)
			found[id] = body
			return err
		}, readContent, object)
	})
	if err != nil {
		return nil, s.explain(err)
	}
	return found, nil
}

// PutContent stores bytes under keys, in one transaction. The store knows nothing of their meaning. They belong to
// no scan: what is derived from content alone stays true when the scan is undone.
func (s *Store) PutContent(ctx context.Context, content map[string][]byte) error {
	if len(content) == 0 {
		return nil
	}
	at := stamp(s.now())
	return s.write(ctx, func(q session) error {
		for _, id := range slices.Sorted(maps.Keys(content)) {
			body := content[id]
			if body == nil {
				body = []byte{} // null would mean that there is nothing
			}
			if _, err := q.exec(ctx, putContent, clean(id), at, body); err != nil {
				return err
			}
		}
		return nil
	})
}
