package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"sort"

	"nhiscan/inventory"
)

const (
	countRows = `SELECT kind, count(*) FROM version
		WHERE instance = $1 AND from_scan <= $2 AND (to_scan IS NULL OR to_scan > $2) GROUP BY kind`
	rowsAt = `SELECT kind, CAST(body AS text) FROM version
		WHERE instance = $1 AND from_scan <= $2 AND (to_scan IS NULL OR to_scan > $2)`
	sightingsAt = `SELECT kind, id, visit FROM sighting
		WHERE from_scan <= $2 AND (to_scan IS NULL OR to_scan > $2) AND visit IN (SELECT number FROM visit WHERE instance = $1)`
	usesAt = `SELECT kind, id, scan, CAST(body AS text) FROM volatile WHERE instance = $1 AND scan <= $2 ORDER BY scan`
)

// Snapshot returns the state that the scans up to a finished one saw, with coverage of that scan, its owners, and Seen
// of every row. Volatile facts are those that this scan knew, as far as no later scan saw others. Past is nil.
// Errors: ErrNoScan when no finished scan has this number.
func (s *Store) Snapshot(ctx context.Context, scan int64) (*inventory.Snapshot, error) {
	sc, err := s.finished(ctx, scan)
	if err != nil {
		return nil, err
	}
	snap, err := loadSnapshot(ctx, s.read(), sc)
	if err == nil {
		snap.Owners, err = readOwners(ctx, s.read(), sc, newInterner())
		snap.Sort()
	}
	if err != nil {
		return nil, s.explain(fmt.Errorf("load snapshot %d: %w", scan, err))
	}
	return snap, nil
}

func (r *Recorder) retireNow(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store.write(ctx, func(q session) error {
		if err := r.renew(ctx, q); err != nil {
			return err
		}
		return r.retire(ctx, q)
	})
}

// loader fills a snapshot.
type loader struct {
	q    session
	sc   inventory.Scan
	pool *interner
	ids  map[inventory.RowKind][]string                 // of the loaded rows, sorted
	find map[inventory.RowKind]func(id []byte) rowParts // among them
}

func newLoader(q session, sc inventory.Scan) *loader {
	return &loader{
		q: q, sc: sc, pool: newInterner(),
		ids: map[inventory.RowKind][]string{}, find: map[inventory.RowKind]func([]byte) rowParts{},
	}
}

// rowParts are the parts of a row that its body leaves out. Zero where there is no such row.
type rowParts struct {
	seen *[]inventory.Visit
	use  *inventory.Volatile
}

// loadSnapshot returns a snapshot without owners.
func loadSnapshot(ctx context.Context, q session, sc inventory.Scan) (*inventory.Snapshot, error) {
	ld := newLoader(q, sc)
	snap := &inventory.Snapshot{Scan: sc}
	counts, err := ld.counts(ctx)
	if err != nil {
		return nil, err
	}
	if err := ld.fill(ctx, snap, counts, rowsAt, sc.Instance, sc.Number); err != nil {
		return nil, err
	}
	if err := ld.sightings(ctx); err != nil {
		return nil, err
	}
	if err := ld.uses(ctx); err != nil {
		return nil, err
	}
	if snap.Coverage, err = coverageRows(ctx, q, sc.Instance, sc.Number); err != nil {
		return nil, err
	}
	snap.Sort()
	return snap, nil
}

func (ld *loader) counts(ctx context.Context) (map[inventory.RowKind]int, error) {
	counts := map[inventory.RowKind]int{}
	err := ld.q.each(ctx, func(rows *sql.Rows) error {
		var kind inventory.RowKind
		var n int
		err := rows.Scan(&kind, &n)
		counts[kind] = n
		return err
	}, countRows, ld.sc.Instance, ld.sc.Number)
	return counts, err
}

// table takes the rows of one kind in.
type table struct {
	add   func(body []byte) error
	close func() // sorts them and makes them findable
}

// fill reads the rows that a query of kind and body selects. counts, which may be nil, are how many are expected.
func (ld *loader) fill(ctx context.Context, snap *inventory.Snapshot, counts map[inventory.RowKind]int, query string, args ...any) error {
	tables := map[inventory.RowKind]table{
		inventory.HomeRow:       tableOf(ld, &snap.Homes, counts),
		inventory.UserRow:       tableOf(ld, &snap.Users, counts),
		inventory.GrantRow:      tableOf(ld, &snap.Grants, counts),
		inventory.IdentityRow:   tableOf(ld, &snap.Identities, counts),
		inventory.CredentialRow: tableOf(ld, &snap.Credentials, counts),
		inventory.LocationRow:   tableOf(ld, &snap.Locations, counts),
		inventory.UsageRow:      tableOf(ld, &snap.Usages, counts),
	}
	err := ld.q.each(ctx, func(rows *sql.Rows) error {
		var kind, body sql.RawBytes
		if err := rows.Scan(&kind, &body); err != nil {
			return err
		}
		t, ok := tables[inventory.RowKind(kind)]
		if !ok {
			return fmt.Errorf("row of unknown kind %.40q", kind)
		}
		return t.add(body)
	}, query, args...)
	if err != nil {
		return err
	}
	for _, t := range tables {
		t.close()
	}
	return nil
}

func tableOf[T inventory.Observation](ld *loader, list *[]T, counts map[inventory.RowKind]int) table {
	var zero T
	kind, _ := zero.Row()
	if n := counts[kind]; n > 0 {
		*list = make([]T, 0, n)
	}
	add := func(body []byte) error {
		*list = append(*list, zero)
		last := &(*list)[len(*list)-1]
		if err := readBody(reflect.ValueOf(last).Elem(), body, ld.pool); err != nil {
			return fmt.Errorf("read %s row: %w", kind, err)
		}
		return nil
	}
	return table{add: add, close: func() {
		rows := *list
		slices.SortFunc(rows, func(a, b T) int {
			_, x := a.Row()
			_, y := b.Row()
			return cmp.Compare(x, y)
		})
		ids := make([]string, len(rows))
		for i := range rows {
			_, ids[i] = rows[i].Row()
		}
		ld.ids[kind] = ids
		ld.find[kind] = func(id []byte) rowParts {
			i := sort.Search(len(ids), func(i int) bool { return ids[i] >= string(id) })
			if i == len(ids) || ids[i] != string(id) {
				return rowParts{}
			}
			return partsOf(&rows[i])
		}
	}}
}

// sightings adds to every row which visits show it. Rows that one visit shows share its list of one.
func (ld *loader) sightings(ctx context.Context) error {
	alone, err := ld.visits(ctx)
	if err != nil {
		return err
	}
	return ld.q.each(ctx, func(rows *sql.Rows) error { return ld.sighting(rows, alone) }, sightingsAt, ld.sc.Instance, ld.sc.Number)
}

// sighting adds one visit to the row that it shows.
func (ld *loader) sighting(rows *sql.Rows, alone map[int64][]inventory.Visit) error {
	var kind, id sql.RawBytes
	var visit int64
	if err := rows.Scan(&kind, &id, &visit); err != nil {
		return err
	}
	find := ld.find[inventory.RowKind(kind)]
	if find == nil {
		return nil
	}
	if parts := find(id); parts.seen != nil {
		addVisit(parts.seen, alone[visit])
	}
	return nil
}

// visits returns for each visit a list that holds only it and has no room for more.
func (ld *loader) visits(ctx context.Context) (map[int64][]inventory.Visit, error) {
	alone := map[int64][]inventory.Visit{}
	err := ld.q.each(ctx, func(rows *sql.Rows) error {
		var n int64
		var source, home sql.RawBytes
		if err := rows.Scan(&n, &source, &home); err != nil {
			return err
		}
		alone[n] = []inventory.Visit{{Source: ld.pool.bytes(source), Home: ld.pool.bytes(home)}}
		return nil
	}, readVisits, ld.sc.Instance)
	return alone, err
}

// addVisit keeps the list sorted by home, then source.
func addVisit(seen *[]inventory.Visit, alone []inventory.Visit) {
	if len(*seen) == 0 {
		*seen = alone
		return
	}
	*seen = slices.Concat(*seen, alone)
	slices.SortFunc(*seen, func(a, b inventory.Visit) int {
		return cmp.Or(cmp.Compare(a.Home, b.Home), cmp.Compare(a.Source, b.Source))
	})
}

// uses adds the volatile facts; a later scan's stand in place of an earlier one's.
func (ld *loader) uses(ctx context.Context) error {
	return ld.q.each(ctx, func(rows *sql.Rows) error {
		var kind, id, body sql.RawBytes
		var scan int64
		if err := rows.Scan(&kind, &id, &scan, &body); err != nil {
			return err
		}
		find := ld.find[inventory.RowKind(kind)]
		if find == nil {
			return nil
		}
		parts := find(id)
		if parts.use == nil {
			return nil
		}
		*parts.use = inventory.Volatile{}
		if err := readBody(reflect.ValueOf(parts.use).Elem(), body, ld.pool); err != nil {
			return fmt.Errorf("read volatile facts: %w", err)
		}
		return nil
	}, usesAt, ld.sc.Instance, ld.sc.Number)
}

func partsOf(row any) rowParts {
	switch o := row.(type) {
	case *inventory.Home:
		return rowParts{seen: &o.Seen}
	case *inventory.User:
		return rowParts{&o.Seen, &o.Volatile}
	case *inventory.Grant:
		return rowParts{&o.Seen, &o.Volatile}
	case *inventory.Identity:
		return rowParts{&o.Seen, &o.Volatile}
	case *inventory.Credential:
		return rowParts{&o.Seen, &o.Volatile}
	case *inventory.Location:
		return rowParts{seen: &o.Seen}
	case *inventory.Usage:
		return rowParts{seen: &o.Seen}
	}
	return rowParts{}
}
