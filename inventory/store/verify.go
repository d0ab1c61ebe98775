package store

import (
	"context"
	"database/sql"
	"fmt"

	"nhiscan/inventory"
)

const (
	bodiesOf   = `SELECT kind, id, from_scan, hash, CAST(body AS text) FROM version WHERE instance = $1`
	lastPruned = `SELECT digest FROM pruned WHERE instance = $1 ORDER BY scan DESC, at DESC LIMIT 1`
)

// Verify recomputes the digests of an instance's finished scans from the rows that are there. It returns an ErrDigest
// that names the first scan whose history was changed after it had finished; nil when all fits. Scans that were
// pruned are beyond proof; the chain then starts at the digest that the pruning recorded.
func (s *Store) Verify(ctx context.Context, instance string) error {
	instance, err := s.only(ctx, instance)
	if err != nil {
		return err
	}
	return s.explain(s.verify(ctx, s.read(), instance))
}

func (s *Store) verify(ctx context.Context, q session, instance string) error {
	scans, err := readScans(ctx, q, instance)
	if err != nil {
		return err
	}
	previous := ""
	if _, err := q.one(ctx, []any{&previous}, lastPruned, instance); err != nil {
		return err
	}
	changed, err := changedBodies(ctx, q, instance)
	if err != nil {
		return err
	}
	oldest := true
	for _, sc := range scans {
		if sc.State != stateFinished {
			continue
		}
		for from, what := range changed {
			if from == sc.Number || oldest && from < sc.Number {
				return s.misfit(sc, what)
			}
		}
		oldest = false
		if sc.Previous != previous {
			return s.misfit(sc, "it does not follow the scan before it")
		}
		have, err := digest(ctx, q, sc)
		if err != nil {
			return err
		}
		if have != sc.Digest {
			return s.misfit(sc, "rows were added, removed or changed")
		}
		previous = sc.Digest
	}
	return nil
}

// changedBodies says, by the scan that wrote it, which row no longer has the content of its hash.
func changedBodies(ctx context.Context, q session, instance string) (map[int64]string, error) {
	changed := map[int64]string{}
	err := q.each(ctx, func(rows *sql.Rows) error {
		var kind, id, hash, body string
		var from int64
		err := rows.Scan(&kind, &id, &from, &hash, &body)
		if err == nil && hashOf(body) != hash {
			changed[from] = fmt.Sprintf("the content of %s %s was changed", kind, id)
		}
		return err
	}, bodiesOf, instance)
	return changed, err
}

func (s *Store) misfit(sc inventory.Scan, what string) error {
	return fmt.Errorf("database %s: scan %d of %s: %w: %s", s.where, sc.Number, sc.Instance, ErrDigest, what)
}
