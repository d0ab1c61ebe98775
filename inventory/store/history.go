package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"nhiscan/inventory"
)

// Version is a row as it was between two scans. While Gone, GitLab no longer shows the row: Row is as it was last, a
// credential with State gone.
type Version struct {
	From  int64          // the scan that first saw it so
	To    int64          // the scan that first saw it otherwise; 0 while it holds
	Since inventory.When // begin of scan From; unknown when that was pruned
	Until inventory.When // begin of scan To; unknown while it holds
	Gone  bool
	Row   inventory.Observation
}

const (
	versionsOfID = `SELECT instance, kind, from_scan, to_scan, CAST(body AS text) FROM version WHERE id = $1`
	lastUse      = `SELECT CAST(body AS text) FROM volatile WHERE id = $1 AND kind = $2 AND scan <= $3 ORDER BY scan DESC LIMIT 1`
)

// History returns all versions of a row that finished scans saw, oldest first. Times in which it was gone are versions
// too, so that the last one says how the row is today; that one also carries its last volatile facts. A user account
// is two rows under one ID: its versions as a user come before those as an identity. An unknown ID has no versions.
func (s *Store) History(ctx context.Context, id string) ([]Version, error) {
	versions, err := s.history(ctx, s.read(), id)
	if err != nil {
		return nil, s.explain(fmt.Errorf("history of %s: %w", id, err))
	}
	return versions, nil
}

func (s *Store) history(ctx context.Context, q session, id string) ([]Version, error) {
	var instance string
	byKind := map[inventory.RowKind][]Version{}
	err := q.each(ctx, func(rows *sql.Rows) error {
		var kind inventory.RowKind
		var v Version
		var to sql.NullInt64
		var body string
		if err := rows.Scan(&instance, &kind, &v.From, &to, &body); err != nil {
			return err
		}
		v.To = to.Int64
		var err error
		v.Row, err = observe(kind, body)
		byKind[kind] = append(byKind[kind], v)
		return err
	}, versionsOfID, id)
	if err != nil || instance == "" {
		return nil, err
	}
	scans, err := readScans(ctx, q, instance)
	if err != nil {
		return nil, err
	}
	began := map[int64]inventory.When{}
	var latest int64
	for _, sc := range scans {
		if sc.State == stateFinished {
			began[sc.Number], latest = inventory.At(sc.Began), sc.Number
		}
	}
	var history []Version
	for _, kind := range inventory.RowKinds() {
		versions := withGaps(visible(byKind[kind], latest))
		if len(versions) == 0 {
			continue
		}
		for i := range versions {
			versions[i].Since, versions[i].Until = began[versions[i].From], began[versions[i].To]
		}
		last := &versions[len(versions)-1]
		if last.Row, err = lastUsed(ctx, q, last.Row, latest); err != nil {
			return nil, err
		}
		history = append(history, versions...)
	}
	return history, nil
}

// visible leaves out what a running scan wrote, and sorts by time.
func visible(versions []Version, latest int64) []Version {
	versions = slices.DeleteFunc(versions, func(v Version) bool { return v.From > latest })
	for i := range versions {
		if versions[i].To > latest {
			versions[i].To = 0
		}
	}
	slices.SortFunc(versions, func(a, b Version) int { return cmp.Compare(a.From, b.From) })
	return versions
}

// withGaps adds a version for each time in which the row was gone.
func withGaps(versions []Version) []Version {
	var out []Version
	for i, v := range versions {
		out = append(out, v)
		gone := Version{From: v.To, Gone: true, Row: v.Row}
		if i+1 < len(versions) {
			gone.To = versions[i+1].From
		}
		if v.To == 0 || gone.To == v.To {
			continue
		}
		if c, ok := v.Row.(inventory.Credential); ok {
			c.State = inventory.Gone
			gone.Row = c
		}
		out = append(out, gone)
	}
	return out
}

// lastUsed adds the last volatile facts that were seen up to a scan.
func lastUsed(ctx context.Context, q session, o inventory.Observation, scan int64) (inventory.Observation, error) {
	kind, id := o.Row()
	var body string
	found, err := q.one(ctx, []any{&body}, lastUse, id, string(kind), scan)
	if err != nil || !found {
		return o, err
	}
	var v inventory.Volatile
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return nil, err
	}
	switch o := o.(type) {
	case inventory.User:
		o.Volatile = v
		return o, nil
	case inventory.Grant:
		o.Volatile = v
		return o, nil
	case inventory.Identity:
		o.Volatile = v
		return o, nil
	case inventory.Credential:
		o.Volatile = v
		return o, nil
	}
	return o, nil
}
