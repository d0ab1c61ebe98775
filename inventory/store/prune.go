package store

import (
	"context"
	"time"

	"nhiscan/inventory"
)

// Pruned says what a pruning deleted.
type Pruned struct {
	Kept      int64 `json:"kept"` // number of the oldest scan that is left
	Scans     int64 `json:"scans"`
	Versions  int64 `json:"versions"`
	Sightings int64 `json:"sightings"`
	Volatile  int64 `json:"volatile"`
	Coverage  int64 `json:"coverage"`
	Results   int64 `json:"results"`
	Events    int64 `json:"events"`
	Content   int64 `json:"content"`
}

// Versions that ended with the oldest kept scan stay: its digest covers them.
const (
	pruneVersions  = `DELETE FROM version WHERE instance = $1 AND to_scan < $2`
	pruneSightings = `DELETE FROM sighting WHERE to_scan <= $2 AND visit IN (SELECT number FROM visit WHERE instance = $1)`
	pruneVolatile  = `DELETE FROM volatile WHERE instance = $1 AND scan < $2
		AND NOT EXISTS (SELECT 1 FROM version v WHERE v.id = volatile.id AND v.kind = volatile.kind)`
	pruneCoverage = `DELETE FROM coverage WHERE last_scan < $2 AND visit IN (SELECT number FROM visit WHERE instance = $1)`
	pruneResults  = `DELETE FROM result WHERE instance = $1 AND to_scan <= $2`
	pruneEvents   = `DELETE FROM event WHERE instance = $1 AND scan < $2`
	pruneScans    = `DELETE FROM scan WHERE instance = $1 AND number < $2`
	pruneContent  = `DELETE FROM content WHERE at < $1`
	insertPruned  = `INSERT INTO pruned (instance, scan, at, before, digest, deleted) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (instance, scan, at) DO UPDATE SET before = excluded.before, deleted = excluded.deleted`
)

// Prune deletes, in one transaction, the history before the first finished scan of an instance that began at the
// given time or later, and results of detection that were stored before it. The last finished scan is always kept. It
// is the only thing that deletes history, and records itself. Error: ErrNoScan when no scan has finished.
func (s *Store) Prune(ctx context.Context, instance string, before time.Time) (Pruned, error) {
	instance, err := s.only(ctx, instance)
	if err != nil {
		return Pruned{}, err
	}
	var p Pruned
	err = s.write(ctx, func(q session) error {
		scans, err := readScans(ctx, q, instance)
		if err != nil {
			return err
		}
		kept, last := boundary(scans, before)
		if kept.Number == 0 {
			return s.noScan(instance)
		}
		p = Pruned{Kept: kept.Number}
		if err := p.delete(ctx, q, instance, stamp(before)); err != nil {
			return err
		}
		deleted, err := encode(p)
		if err != nil {
			return err
		}
		_, err = q.exec(ctx, insertPruned, instance, kept.Number, stamp(s.now()), stamp(before), last, string(deleted))
		return err
	})
	return p, err
}

func (p *Pruned) delete(ctx context.Context, q session, instance, before string) (err error) {
	for _, part := range []struct {
		count     *int64
		statement string
	}{
		{&p.Versions, pruneVersions}, {&p.Sightings, pruneSightings}, {&p.Volatile, pruneVolatile}, {&p.Coverage, pruneCoverage},
		{&p.Results, pruneResults}, {&p.Events, pruneEvents}, {&p.Scans, pruneScans},
	} {
		if *part.count, err = q.exec(ctx, part.statement, instance, p.Kept); err != nil {
			return err
		}
	}
	p.Content, err = q.exec(ctx, pruneContent, before)
	return err
}

// boundary returns the oldest finished scan to keep, and the digest of the one before it. Without a finished scan
// both are zero.
func boundary(scans []inventory.Scan, before time.Time) (kept inventory.Scan, last string) {
	for _, sc := range scans {
		if sc.State != stateFinished {
			continue
		}
		kept = sc
		if !sc.Began.Before(before) {
			break
		}
	}
	return kept, kept.Previous
}
