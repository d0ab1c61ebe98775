package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"nhiscan/inventory"
)

// Results is what was derived from a finished scan's snapshot.
type Results struct {
	Owners   []inventory.Owner        // sorted by subject when read
	Gaps     []inventory.Gap          // most severe first, then by rule and subject when read
	Verdicts []inventory.VerdictCount // in the order in which they were given
	Measures []inventory.Measure      // sorted by name and scope when read
	Events   []inventory.Event        // of this scan, sorted by subject, field and kind when read
	Policy   string                   // hash
	RulePack string
	Requests int // sent in all
}

// The kinds of results in the database.
const (
	ownerResult   = "owner"
	gapResult     = "gap"
	verdictResult = "verdict"
	measureResult = "measure"
)

const (
	resultsAt = `SELECT CAST(body AS text) FROM result
		WHERE instance = $1 AND kind = $2 AND from_scan <= $3 AND (to_scan IS NULL OR to_scan > $3)`
	countResults = `SELECT count(*) FROM result
		WHERE instance = $1 AND kind = $2 AND from_scan <= $3 AND (to_scan IS NULL OR to_scan > $3)`
	verdictsAt = `SELECT id, CAST(body AS text) FROM result
		WHERE instance = $1 AND kind = 'verdict' AND from_scan <= $2 AND (to_scan IS NULL OR to_scan > $2)`
)

// resultSteps change the results of instance $4. A scan writes its results once, so that none is ever reopened.
var resultSteps = statements{
	close: `UPDATE result SET to_scan = $2 WHERE kind = $3 AND to_scan IS NULL AND from_scan < $2 AND instance = $4
		AND id IN (SELECT key FROM json_each($1))`,
	insert: `INSERT INTO result (instance, kind, id, subject, from_scan, hash, body)
		SELECT CAST($4 AS text), CAST($3 AS text), key, value ->> 'home', CAST($2 AS bigint), value ->> 'hash', value -> 'body'
		FROM json_each($1)`,
}

// Results returns what a finished scan derived.
func (s *Store) Results(ctx context.Context, scan int64) (Results, error) {
	sc, err := s.finished(ctx, scan)
	if err != nil {
		return Results{}, err
	}
	q := s.read()
	res := Results{Policy: sc.Policy, RulePack: sc.RulePack, Requests: sc.Requests}
	if res.Gaps, err = readResults[inventory.Gap](ctx, q, gapResult, sc); err != nil {
		return Results{}, s.explain(err)
	}
	if res.Verdicts, res.Measures, err = s.Counts(ctx, scan); err != nil {
		return Results{}, err
	}
	if res.Owners, err = readOwners(ctx, q, sc, newInterner()); err != nil {
		return Results{}, s.explain(err)
	}
	if res.Events, err = readEvents(ctx, q, eventsOfScan, scan); err != nil {
		return Results{}, s.explain(err)
	}
	slices.SortFunc(res.Owners, func(a, b inventory.Owner) int { return cmp.Compare(a.Subject, b.Subject) })
	slices.SortFunc(res.Gaps, func(a, b inventory.Gap) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
	return res, nil
}

// Counts returns the verdict counts and the measures of a finished scan, as Results does.
func (s *Store) Counts(ctx context.Context, scan int64) ([]inventory.VerdictCount, []inventory.Measure, error) {
	sc, err := s.finished(ctx, scan)
	if err != nil {
		return nil, nil, err
	}
	verdicts, err := readVerdicts(ctx, s.read(), sc)
	if err != nil {
		return nil, nil, s.explain(err)
	}
	measures, err := readResults[inventory.Measure](ctx, s.read(), measureResult, sc)
	slices.SortFunc(measures, func(a, b inventory.Measure) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope))
	})
	return verdicts, measures, s.explain(err)
}

// readResults returns the results of one kind that hold at a finished scan, in no order.
func readResults[T any](ctx context.Context, q session, kind string, sc inventory.Scan) ([]T, error) {
	count := 0
	if _, err := q.one(ctx, []any{&count}, countResults, sc.Instance, kind, sc.Number); err != nil {
		return nil, err
	}
	list := slices.Grow([]T(nil), count)
	err := eachResult(ctx, q, kind, sc, newInterner(), func(v *T) error {
		list = append(list, *v)
		return nil
	})
	return list, err
}

// eachResult decodes the results of one kind that hold at a finished scan, in no order. What f gets is its own but for
// raw JSON in it.
func eachResult[T any](ctx context.Context, q session, kind string, sc inventory.Scan, pool *interner, f func(*T) error) error {
	return q.each(ctx, func(rows *sql.Rows) error {
		var v T
		if err := scanResult(rows, &v, kind, pool); err != nil {
			return err
		}
		return f(&v)
	}, resultsAt, sc.Instance, kind, sc.Number)
}

// scanResult decodes the body that a query of results selects into v, a zero value.
func scanResult[T any](rows *sql.Rows, v *T, kind string, pool *interner) error {
	var body sql.RawBytes
	if err := rows.Scan(&body); err != nil {
		return err
	}
	if err := readBody(reflect.ValueOf(v).Elem(), body, pool); err != nil {
		return fmt.Errorf("read %s: %w", kind, err)
	}
	return nil
}

// ownerBody is an owner whose claims are not decoded yet; they are valid until the next row is read.
type ownerBody struct {
	Subject    string          `json:"subject"`
	Owner      string          `json:"owner"`
	User       string          `json:"user"`
	Confidence float64         `json:"confidence"`
	Band       string          `json:"band"`
	Disputed   bool            `json:"disputed"`
	Claims     json.RawMessage `json:"claims"`
	Reason     string          `json:"reason"`
}

// owner returns the owner without claims.
func (b *ownerBody) owner() inventory.Owner {
	return inventory.Owner{
		Subject: b.Subject, Owner: b.Owner, User: b.User, Confidence: b.Confidence, Band: b.Band, Disputed: b.Disputed, Reason: b.Reason,
	}
}

// readOwners shares the strings of owners, which name the same people and reasons over and over, with pool. Equal lists
// of claims are decoded once and shared, so that nobody may change them.
func readOwners(ctx context.Context, q session, sc inventory.Scan, pool *interner) ([]inventory.Owner, error) {
	count := 0
	if _, err := q.one(ctx, []any{&count}, countResults, sc.Instance, ownerResult, sc.Number); err != nil {
		return nil, err
	}
	list := slices.Grow([]inventory.Owner(nil), count)
	lists := map[[sha256.Size]byte][]inventory.Claim{}
	err := eachResult(ctx, q, ownerResult, sc, pool, func(b *ownerBody) (err error) {
		sum := sha256.Sum256(b.Claims)
		claims, known := lists[sum]
		if !known && len(b.Claims) > 0 {
			if claims, err = readList[inventory.Claim](b.Claims, pool); err != nil {
				return fmt.Errorf("read claims of %s: %w", b.Subject, err)
			}
			lists[sum] = claims
		}
		o := b.owner()
		o.Claims = claims
		list = append(list, o)
		return nil
	})
	return list, err
}

func readVerdicts(ctx context.Context, q session, sc inventory.Scan) ([]inventory.VerdictCount, error) {
	byID := map[string]inventory.VerdictCount{}
	var ids []string
	err := q.each(ctx, func(rows *sql.Rows) error {
		var id, body string
		var v inventory.VerdictCount
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		ids = append(ids, id)
		err := json.Unmarshal([]byte(body), &v)
		byID[id] = v
		return err
	}, verdictsAt, sc.Instance, sc.Number)
	slices.Sort(ids)
	var list []inventory.VerdictCount
	for _, id := range ids {
		list = append(list, byID[id])
	}
	return list, err
}
