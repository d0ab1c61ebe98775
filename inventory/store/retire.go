package store

import (
	"context"
	"database/sql"

	"nhiscan/inventory"
)

const (
	// A home is gone when this scan closed its row, or closed the last sighting of it by a visit outside itself:
	// a home cannot prove its own existence once the list that named it does not. A home in which this scan
	// completed a visit is there.
	goneHomes = `SELECT v.id FROM version v
		WHERE v.kind = 'home' AND v.instance = $1 AND v.to_scan = $2
		AND NOT EXISTS (SELECT 1 FROM version o WHERE o.kind = 'home' AND o.id = v.id AND o.to_scan IS NULL)
		UNION
		SELECT s.id FROM sighting s JOIN visit w ON w.number = s.visit
		WHERE s.kind = 'home' AND s.to_scan = $2 AND w.instance = $1 AND w.home <> s.id
		AND NOT EXISTS (SELECT 1 FROM sighting o JOIN visit x ON x.number = o.visit
			WHERE o.kind = 'home' AND o.id = s.id AND o.to_scan IS NULL AND x.home <> s.id)
		AND NOT EXISTS (SELECT 1 FROM visit y JOIN coverage c ON c.visit = y.number
			WHERE y.home = s.id AND c.last_scan >= $2 AND c.state = 'complete')`

	// Sightings that end with the homes in $1: of the homes themselves, by visits in them, and of rows living in
	// them unless a complete visit of this scan elsewhere still shows the row.
	sightingsOfGone = `SELECT s.visit, s.kind, s.id, s.from_scan, s.hash FROM sighting s
		WHERE s.to_scan IS NULL AND s.kind = 'home' AND s.id IN (SELECT key FROM json_each($1))
		UNION
		SELECT s.visit, s.kind, s.id, s.from_scan, s.hash FROM visit w JOIN sighting s ON s.visit = w.number
		WHERE s.to_scan IS NULL AND w.home IN (SELECT key FROM json_each($1))
		UNION
		SELECT s.visit, s.kind, s.id, s.from_scan, s.hash FROM version v JOIN sighting s ON s.id = v.id AND s.kind = v.kind
		WHERE s.to_scan IS NULL AND v.to_scan IS NULL AND v.kind <> 'home' AND v.home IN (SELECT key FROM json_each($1))
		AND NOT EXISTS (SELECT 1 FROM sighting o JOIN visit x ON x.number = o.visit JOIN coverage c ON c.visit = o.visit
			WHERE o.id = s.id AND o.kind = s.kind AND o.to_scan IS NULL AND c.last_scan >= $2 AND c.state = 'complete'
			AND x.home NOT IN (SELECT key FROM json_each($1)))`
)

// retire ends what lived in homes that are gone, and the homes that were known through these, until nothing changes.
// Only what visits of this scan proved gone starts it, so nothing outside the scan's scope is touched.
// It may run any number of times while a scan runs.
func (r *Recorder) retire(ctx context.Context, q session) error {
	treated := map[string]bool{}
	for {
		gone, err := all[string](ctx, q, goneHomes, r.scan.Instance, r.scan.Number)
		if err != nil {
			return err
		}
		fresh := map[string]int{}
		for _, id := range gone {
			if !treated[id] {
				treated[id] = true
				fresh[id] = 1
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		// All in one object: whether a row is still shown elsewhere depends on all of them.
		homes, err := encode(fresh)
		if err != nil {
			return err
		}
		if err := r.retireHomes(ctx, q, string(homes)); err != nil {
			return err
		}
	}
}

func (r *Recorder) retireHomes(ctx context.Context, q session, homes string) error {
	byVisit := map[int64]plans{}
	touched := map[inventory.RowKind][]string{}
	seen := map[key]bool{}
	err := q.each(ctx, func(rows *sql.Rows) error {
		var visit, from int64
		var w row
		var hash string
		if err := rows.Scan(&visit, &w.kind, &w.id, &from, &hash); err != nil {
			return err
		}
		var h held
		h.put(r.scan.Number, from, false, hash)
		if byVisit[visit] == nil {
			byVisit[visit] = plans{}
		}
		byVisit[visit].of(w.kind).add(h.to(""), w)
		if !seen[w.key()] {
			seen[w.key()] = true
			touched[w.kind] = append(touched[w.kind], w.id)
		}
		return nil
	}, sightingsOfGone, homes, r.scan.Number)
	if err != nil {
		return err
	}
	for visit, todo := range byVisit {
		for kind, p := range todo {
			if err := p.apply(ctx, q, sightingSteps, sightingEntry, r.scan.Number, kind, visit); err != nil {
				return err
			}
		}
	}
	return r.settle(ctx, q, touched, nil)
}
