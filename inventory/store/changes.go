package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"nhiscan/inventory"
)

const (
	closedRows           = `SELECT kind, CAST(body AS text) FROM version WHERE instance = $1 AND to_scan = $2`
	openedRows           = `SELECT kind, CAST(body AS text) FROM version WHERE instance = $1 AND from_scan = $2`
	unchangedCredentials = `SELECT kind, CAST(body AS text) FROM version
		WHERE instance = $1 AND kind = 'credential' AND to_scan IS NULL AND from_scan < $2 AND id IN (SELECT key FROM json_each($3))`
	sightingsBefore = `SELECT kind, id, visit FROM sighting
		WHERE kind = $1 AND id IN (SELECT key FROM json_each($2)) AND from_scan <= $3 AND (to_scan IS NULL OR to_scan > $3)`
	pastRows = `SELECT DISTINCT n.id FROM version n JOIN version o ON o.id = n.id AND o.kind = n.kind
		WHERE n.instance = $1 AND n.from_scan = $2 AND o.to_scan < $2`
)

// Changes returns the input for inventory.Diff: two snapshots that hold only the rows that the running scan opened or
// closed, and, in both, unchanged credentials that a new location names. prev is of the last finished scan, with Seen
// of its rows; next has the whole coverage of this scan, and Past of the rows that an earlier scan had closed. Neither has
// owners. Both are nil for an instance's first scan, which opened every row there is.
func (r *Recorder) Changes(ctx context.Context) (prev, next *inventory.Snapshot, err error) {
	if r.previous == 0 {
		return nil, nil, nil
	}
	if err := r.retireNow(ctx); err != nil {
		return nil, nil, err
	}
	prev, next, err = r.changes(ctx, r.store.read())
	if err != nil {
		return nil, nil, r.store.explain(fmt.Errorf("load the changes: %w", err))
	}
	return prev, next, nil
}

func (r *Recorder) changes(ctx context.Context, q session) (prev, next *inventory.Snapshot, err error) {
	prev, next = &inventory.Snapshot{}, &inventory.Snapshot{Scan: r.Scan(), Past: map[string]bool{}}
	if err := newLoader(q, next.Scan).fill(ctx, next, nil, openedRows, next.Scan.Instance, next.Scan.Number); err != nil {
		return nil, nil, err
	}
	past, err := all[string](ctx, q, pastRows, next.Scan.Instance, next.Scan.Number)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range past {
		next.Past[id] = true
	}
	if next.Coverage, err = coverageRows(ctx, q, next.Scan.Instance, next.Scan.Number); err != nil {
		return nil, nil, err
	}
	if err := r.before(ctx, q, prev, next); err != nil {
		return nil, nil, err
	}
	prev.Sort()
	next.Sort()
	return prev, next, nil
}

// before fills prev, and adds to next the unchanged credentials that belong in both.
func (r *Recorder) before(ctx context.Context, q session, prev, next *inventory.Snapshot) error {
	scans, err := scanRows(ctx, q, scanByNumber, r.previous)
	if err != nil || len(scans) == 0 {
		return err
	}
	prev.Scan = scans[0]
	was := newLoader(q, prev.Scan)
	if err := was.fill(ctx, prev, nil, closedRows, next.Scan.Instance, next.Scan.Number); err != nil {
		return err
	}
	if err := was.seenBefore(ctx); err != nil {
		return err
	}
	named, err := namedCredentials(ctx, q, next)
	if err != nil {
		return err
	}
	prev.Credentials = append(prev.Credentials, named...)
	next.Credentials = append(next.Credentials, named...)
	return nil
}

// seenBefore adds Seen, as of the loader's scan, to the rows that were loaded.
func (ld *loader) seenBefore(ctx context.Context) error {
	alone, err := ld.visits(ctx)
	if err != nil {
		return err
	}
	for _, kind := range inventory.RowKinds() {
		err := inBatches(ld.ids[kind], keyOnly, func(object string) error {
			return ld.q.each(ctx, func(rows *sql.Rows) error { return ld.sighting(rows, alone) },
				sightingsBefore, string(kind), object, ld.sc.Number)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// namedCredentials returns the unchanged credentials that the locations in next name.
func namedCredentials(ctx context.Context, q session, next *inventory.Snapshot) ([]inventory.Credential, error) {
	var ids []string
	for _, l := range next.Locations {
		if l.Credential != "" {
			ids = append(ids, l.Credential)
		}
	}
	slices.Sort(ids)
	var all []inventory.Credential
	err := inBatches(slices.Compact(ids), keyOnly, func(object string) error {
		var some inventory.Snapshot
		err := newLoader(q, next.Scan).fill(ctx, &some, nil, unchangedCredentials, next.Scan.Instance, next.Scan.Number, object)
		all = append(all, some.Credentials...)
		return err
	})
	return all, err
}
