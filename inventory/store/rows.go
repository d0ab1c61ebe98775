package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"

	"nhiscan/inventory"
)

// Rows reads what a finished scan saw and what was judged of it list by list, without holding any list: a report of a
// large estate has a million rows. Each list comes in the order that its method names and may be read any number of
// times; what a loop gets is valid until its next turn. A list that cannot be read ends early: ask Err after the last.
// Rows is for one goroutine.
type Rows struct {
	store *Store
	ctx   context.Context // of the one report that reads
	scan  inventory.Scan
	err   error
}

// Rows reads the scan with this number. Errors: ErrNoScan when no finished scan has it.
func (s *Store) Rows(ctx context.Context, scan int64) (*Rows, error) {
	sc, err := s.finished(ctx, scan)
	if err != nil {
		return nil, err
	}
	return &Rows{store: s, ctx: ctx, scan: sc}, nil
}

// Rows reads what the running scan sees so far: all open rows, and the coverage of the visits that it finished.
func (r *Recorder) Rows(ctx context.Context) (inventory.SeenRows, error) {
	if err := r.retireNow(ctx); err != nil {
		return nil, err
	}
	return &Rows{store: r.store, ctx: ctx, scan: r.Scan()}, nil
}

// Err returns what kept a list from being read to its end; nil when nothing did.
func (r *Rows) Err() error {
	if r.err == nil {
		return nil
	}
	return r.store.explain(fmt.Errorf("read scan %d: %w", r.scan.Number, r.err))
}

const (
	rowsInOrder = `SELECT CAST(body AS text) FROM version
		WHERE instance = $1 AND kind = $3 AND from_scan <= $2 AND (to_scan IS NULL OR to_scan > $2) ORDER BY id` + byBytes
	usedRowsInOrder = `SELECT CAST(body AS text), (SELECT CAST(u.body AS text) FROM volatile u
			WHERE u.id = v.id AND u.kind = v.kind AND u.scan <= $2 ORDER BY u.scan DESC LIMIT 1)
		FROM version v
		WHERE instance = $1 AND kind = $3 AND from_scan <= $2 AND (to_scan IS NULL OR to_scan > $2) ORDER BY id` + byBytes
	resultsInOrder   = resultsAt + ` ORDER BY id` + byBytes
	gapsOfRule       = resultsAt + ` AND id` + byBytes + ` >= $4 AND id` + byBytes + ` < $5 ORDER BY id` + byBytes
	sightingsInOrder = `SELECT s.id, v.source, v.home FROM sighting s JOIN visit v ON v.number = s.visit
		WHERE s.kind = $3 AND s.from_scan <= $2 AND (s.to_scan IS NULL OR s.to_scan > $2) AND v.instance = $1 ORDER BY s.id` + byBytes
	eventsAsTheyLie = eventColumns + `WHERE instance = $1`
	eventsInOrder   = eventsAsTheyLie + `
		ORDER BY at NULLS FIRST, scan, subject` + byBytes + `, field` + byBytes + `, kind` + byBytes + `, to_value` + byBytes + `, row_kind` + byBytes
)

// errEnough ends a query whose reader wants no more.
var errEnough = errors.New("enough")

// stream calls row for each row of a query's answer until row says no.
func (r *Rows) stream(row func(*sql.Rows) (more bool, err error), query string, args ...any) {
	if r.err != nil {
		return
	}
	err := r.store.read().each(r.ctx, func(rows *sql.Rows) error {
		more, err := row(rows)
		if err == nil && !more {
			err = errEnough
		}
		return err
	}, query, args...)
	if !errors.Is(err, errEnough) {
		r.err = err
	}
}

// listOf reads all rows of one sort, sorted by ID.
func listOf[T inventory.Observation](r *Rows) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		var v, zero T
		kind, _ := zero.Row()
		use := partsOf(&v).use
		query := rowsInOrder
		if use != nil {
			query = usedRowsInOrder
		}
		pool := newRecent()
		r.stream(func(rows *sql.Rows) (bool, error) {
			v = zero
			var body, used sql.RawBytes
			into := []any{&body, &used}
			if use == nil {
				into = into[:1]
			}
			if err := rows.Scan(into...); err != nil {
				return false, err
			}
			if err := readBody(reflect.ValueOf(&v).Elem(), body, pool); err != nil {
				return false, fmt.Errorf("read %s row: %w", kind, err)
			}
			if len(used) > 0 {
				if err := readBody(reflect.ValueOf(use).Elem(), used, pool); err != nil {
					return false, fmt.Errorf("read volatile facts: %w", err)
				}
			}
			return yield(&v), nil
		}, query, r.scan.Instance, r.scan.Number, string(kind))
	}
}

// Homes lists homes by ID.
func (r *Rows) Homes() iter.Seq[*inventory.Home] { return listOf[inventory.Home](r) }

// Users lists user accounts by ID.
func (r *Rows) Users() iter.Seq[*inventory.User] { return listOf[inventory.User](r) }

// Grants lists grants by ID.
func (r *Rows) Grants() iter.Seq[*inventory.Grant] { return listOf[inventory.Grant](r) }

// Identities lists identities by ID.
func (r *Rows) Identities() iter.Seq[*inventory.Identity] { return listOf[inventory.Identity](r) }

// Credentials lists credentials by ID.
func (r *Rows) Credentials() iter.Seq[*inventory.Credential] { return listOf[inventory.Credential](r) }

// Locations lists locations by ID.
func (r *Rows) Locations() iter.Seq[*inventory.Location] { return listOf[inventory.Location](r) }

// Usages lists usages by ID.
func (r *Rows) Usages() iter.Seq[*inventory.Usage] { return listOf[inventory.Usage](r) }

// Coverage lists what the scan's visits could see, by home, then source.
func (r *Rows) Coverage() iter.Seq[*inventory.Coverage] {
	return func(yield func(*inventory.Coverage) bool) {
		if r.err != nil {
			return
		}
		var list *coverageList
		if list, r.err = readCoverage(r.ctx, r.store.read(), r.scan.Instance, r.scan.Number); r.err != nil {
			return
		}
		for i := range list.len() {
			if c := list.at(i); !yield(&c) {
				return
			}
		}
	}
}

// Owners lists owners by subject, without their claims unless these are asked for.
func (r *Rows) Owners(claims bool) iter.Seq[*inventory.Owner] {
	return func(yield func(*inventory.Owner) bool) {
		read := ownerReader(newRecent(), claims)
		r.stream(func(rows *sql.Rows) (bool, error) {
			o, err := read(rows)
			return err == nil && yield(&o), err
		}, resultsInOrder, r.scan.Instance, ownerResult, r.scan.Number)
	}
}

// ownerReader returns what decodes the body that a query of owners selects.
func ownerReader(pool *interner, claims bool) func(*sql.Rows) (inventory.Owner, error) {
	return func(rows *sql.Rows) (inventory.Owner, error) {
		var b ownerBody
		if err := scanResult(rows, &b, ownerResult, pool); err != nil {
			return inventory.Owner{}, err
		}
		o := b.owner()
		if claims && len(b.Claims) > 0 {
			var err error
			if o.Claims, err = readList[inventory.Claim](b.Claims, pool); err != nil {
				return o, fmt.Errorf("read claims of %s: %w", o.Subject, err)
			}
		}
		return o, nil
	}
}

// Gaps lists gaps by rule, then subject.
func (r *Rows) Gaps() iter.Seq[*inventory.Gap] {
	return func(yield func(*inventory.Gap) bool) {
		pool := newRecent()
		r.stream(func(rows *sql.Rows) (bool, error) {
			var g inventory.Gap
			err := scanResult(rows, &g, gapResult, pool)
			return err == nil && yield(&g), err
		}, resultsInOrder, r.scan.Instance, gapResult, r.scan.Number)
	}
}

// WorstGaps lists gaps by severity, the highest first, then by code, rule and subject. The gaps of a rule are stored
// side by side and sorted by subject, so that reading them once for each of their severities sorts them all.
func (r *Rows) WorstGaps() iter.Seq[*inventory.Gap] {
	return func(yield func(*inventory.Gap) bool) {
		pool := newRecent()
		for _, want := range r.gapHeads() {
			more := true
			r.stream(func(rows *sql.Rows) (bool, error) {
				var body sql.RawBytes
				if err := rows.Scan(&body); err != nil {
					return false, err
				}
				if head, err := readGapHead(body, pool); err != nil || head != want {
					return true, err
				}
				var g inventory.Gap
				if err := readBody(reflect.ValueOf(&g).Elem(), body, pool); err != nil {
					return false, fmt.Errorf("read gap: %w", err)
				}
				more = yield(&g)
				return more, nil
			}, gapsOfRule, r.scan.Instance, gapResult, r.scan.Number, want.Rule+" ", want.Rule+"!")
			if !more {
				return
			}
		}
	}
}

// gapHead is what gaps are sorted by before their subjects.
type gapHead struct {
	Severity   inventory.Severity
	Code, Rule string
}

// gapHeads returns the different heads that gaps have, worst first.
func (r *Rows) gapHeads() []gapHead {
	heads := map[gapHead]bool{}
	pool := newRecent()
	r.stream(func(rows *sql.Rows) (bool, error) {
		var body sql.RawBytes
		if err := rows.Scan(&body); err != nil {
			return false, err
		}
		head, err := readGapHead(body, pool)
		heads[head] = true
		return true, err
	}, resultsAt, r.scan.Instance, gapResult, r.scan.Number)
	return slices.SortedFunc(maps.Keys(heads), func(a, b gapHead) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Rule, b.Rule))
	})
}

// readGapHead reads the members that an encoded gap begins with; whatever looks otherwise is left to encoding/json.
func readGapHead(body []byte, pool *interner) (head gapHead, err error) {
	for rest := bytes.TrimPrefix(body, []byte("{")); ; {
		name, after, ok := member(rest)
		n := tokenLength(after)
		if !ok || n < 2 || after[0] != '"' || bytes.IndexByte(after[:n], '\\') >= 0 || n == len(after) {
			head = gapHead{}
			return head, json.Unmarshal(body, &head)
		}
		text := after[1 : n-1]
		switch string(name) {
		case "rule":
			head.Rule = pool.bytes(text)
		case "code":
			head.Code = pool.bytes(text)
		case "severity":
			err := head.Severity.UnmarshalText(text)
			return head, err
		}
		rest = after[n+1:]
	}
}

// Sightings lists the IDs of rows of one sort, each with the visits that show it.
func (r *Rows) Sightings(kind inventory.RowKind) iter.Seq2[string, []inventory.Visit] {
	return func(yield func(string, []inventory.Visit) bool) {
		pool := newRecent()
		last, seen := "", []inventory.Visit(nil)
		more := true
		r.stream(func(rows *sql.Rows) (bool, error) {
			var id, source, home sql.RawBytes
			if err := rows.Scan(&id, &source, &home); err != nil {
				return false, err
			}
			if string(id) != last {
				more = len(seen) == 0 || yield(last, seen)
				last, seen = string(id), nil
			}
			seen = append(seen, inventory.Visit{Source: pool.bytes(source), Home: pool.bytes(home)})
			return more, nil
		}, sightingsInOrder, r.scan.Instance, r.scan.Number, string(kind))
		if more && r.err == nil && len(seen) > 0 {
			yield(last, seen)
		}
	}
}

// Events lists the events of all finished scans of the instance, oldest first, then by scan, subject, field and kind.
func (r *Rows) Events() iter.Seq[*inventory.Event] {
	return func(yield func(*inventory.Event) bool) {
		read := eventReader(newRecent())
		r.stream(func(rows *sql.Rows) (bool, error) {
			e, err := read(rows)
			return err == nil && yield(&e), err
		}, eventsInOrder, r.scan.Instance)
	}
}
