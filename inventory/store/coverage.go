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

const (
	// A visit that is recorded again takes back what it said before.
	dropCoverage = `DELETE FROM coverage WHERE visit = $1 AND from_scan = $2`
	cutCoverage  = `UPDATE coverage SET last_scan = $3 WHERE visit = $1 AND last_scan + 0 = $2`

	// The sum keeps SQLite from the index on last_scan, which holds every visit of that scan under one value: reading
	// it for each visit made a second scan quadratic.
	sameCoverage = `UPDATE coverage SET last_scan = $2 WHERE visit = $1 AND last_scan + 0 = $3
		AND state = $4 AND seen = $5 AND status = $6 AND reason = $7 AND needs = $8 AND requests = $9`
	insertCoverage = `INSERT INTO coverage (visit, from_scan, last_scan, state, seen, status, reason, needs, requests)
		VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8)`

	// The sums keep SQLite from indexes, which would look up each row by itself.
	visitsAsTheyLie  = `SELECT number, source, home FROM visit WHERE instance || '' = $1`
	coverageAsItLies = `SELECT visit, state, seen, status, reason, needs, requests FROM coverage WHERE from_scan <= $1 AND last_scan + 0 >= $1`
)

// cover stores what a visit could see; what is the same as in the last finished scan only prolongs that.
func (r *Recorder) cover(ctx context.Context, q session, visit int64, c inventory.Coverage) error {
	n := r.scan.Number
	needs, err := encode(c.Needs)
	if err != nil {
		return err
	}
	if _, again := r.visits.coverage(c.Visit); again {
		if _, err := q.exec(ctx, dropCoverage, visit, n); err != nil {
			return err
		}
		if _, err := q.exec(ctx, cutCoverage, visit, n, r.previous); err != nil {
			return err
		}
	}
	if r.previous > 0 {
		same, err := q.exec(ctx, sameCoverage, visit, n, r.previous, string(c.State), c.Seen, c.Status, c.Reason, string(needs), c.Requests)
		if err != nil || same > 0 {
			return err
		}
	}
	_, err = q.exec(ctx, insertCoverage, visit, n, string(c.State), c.Seen, c.Status, c.Reason, string(needs), c.Requests)
	return err
}

// coverageList is what the visits of a scan saw, by home, then source. Many visits say the same, which stands here once:
// a list of rows takes ten times the room.
type coverageList struct {
	homes   []string
	said    []inventory.Coverage // different ones, without their homes
	entries []coverageEntry
}

type coverageEntry struct{ home, said int32 } // positions

func (l *coverageList) len() int { return len(l.entries) }

func (l *coverageList) at(i int) inventory.Coverage {
	c := l.said[l.entries[i].said]
	c.Home = l.homes[l.entries[i].home]
	return c
}

// readCoverage joins visits and coverage itself: both are read in the order in which they lie, which a database that
// looks up one for each of the other does not do.
func readCoverage(ctx context.Context, q session, instance string, scan int64) (*coverageList, error) {
	l := &coverageList{}
	type visit struct{ home, source int32 }
	var visits []visit // by number, which are given in order; source 0 is none
	sources := []string{""}
	homeAt, sourceAt := map[string]int32{}, map[string]int32{}
	err := q.each(ctx, func(rows *sql.Rows) error {
		var number int64
		var source, home sql.RawBytes
		if err := rows.Scan(&number, &source, &home); err != nil {
			return err
		}
		if more := int(number) + 1 - len(visits); more > 0 {
			visits = append(visits, make([]visit, more)...)
		}
		visits[number] = visit{position(homeAt, &l.homes, home), position(sourceAt, &sources, source)}
		return nil
	}, visitsAsTheyLie, instance)
	if err != nil {
		return nil, err
	}
	saidAt := map[inventory.Coverage]int32{}
	read := coverageReader()
	err = q.each(ctx, func(rows *sql.Rows) error {
		number, c, err := read(rows)
		if err != nil || number >= int64(len(visits)) || visits[number].source == 0 {
			return err // the last is another instance's
		}
		v := visits[number]
		c.Source = sources[v.source]
		n, known := saidAt[c]
		if !known {
			n = int32(len(l.said))
			saidAt[c], l.said = n, append(l.said, c)
		}
		l.entries = append(l.entries, coverageEntry{v.home, n})
		return nil
	}, coverageAsItLies, scan)
	slices.SortFunc(l.entries, func(a, b coverageEntry) int {
		if a.home != b.home {
			return cmp.Compare(l.homes[a.home], l.homes[b.home])
		}
		return cmp.Compare(l.said[a.said].Source, l.said[b.said].Source)
	})
	return l, err
}

// position returns where a text stands in a list of different ones, and adds it when it is not there.
func position(at map[string]int32, list *[]string, text []byte) int32 {
	n, known := at[string(text)]
	if !known {
		n = int32(len(*list))
		*list = append(*list, string(text))
		at[(*list)[n]] = n
	}
	return n
}

// coverageReader returns what reads one row of coverageAsItLies.
func coverageReader() func(*sql.Rows) (visit int64, c inventory.Coverage, err error) {
	pool := newInterner()
	var state, reason, needs sql.RawBytes
	return func(rows *sql.Rows) (visit int64, c inventory.Coverage, err error) {
		if err := rows.Scan(&visit, &state, &c.Seen, &c.Status, &reason, &needs, &c.Requests); err != nil {
			return 0, c, err
		}
		c.State, c.Reason = inventory.State(pool.bytes(state)), pool.bytes(reason)
		if string(needs) != "{}" {
			if err := json.Unmarshal(needs, &c.Needs); err != nil {
				return 0, c, fmt.Errorf("needs of visit %d: %w", visit, err)
			}
		}
		return visit, c, nil
	}
}

// coverageRows lists coverage as a snapshot holds it.
func coverageRows(ctx context.Context, q session, instance string, scan int64) ([]inventory.Coverage, error) {
	l, err := readCoverage(ctx, q, instance, scan)
	if err != nil {
		return nil, err
	}
	list := make([]inventory.Coverage, l.len())
	for i := range list {
		list[i] = l.at(i)
	}
	return list, nil
}
