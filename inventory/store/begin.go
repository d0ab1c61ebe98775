package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"nhiscan/inventory"
)

// resumeTime is how old a scan may be to be taken up again.
const resumeTime = 12 * time.Hour

// Begin says what a scan is going to do.
type Begin struct {
	Instance, URL    string
	Version, Edition string   // of GitLab
	Scope            []string // paths of groups and projects; empty is everything
	Token            inventory.TokenFacts
	Detectors        string // version of the detector set
	KeyID            string // of the fingerprint key
	RulePack         string
	NewKey           bool // go on though rows stand under another key; they keep their fingerprints and key ID
	Fresh            bool // do not resume
}

// Recorder takes one running scan into the store. It is safe for concurrent use.
type Recorder struct {
	store    *Store
	owner    string
	previous int64 // last finished scan of the instance; 0 is none
	resumed  bool

	waiting queue // for mu

	mu             sync.Mutex
	scan           inventory.Scan
	visits         *visitList
	free, lastFree int64 // numbers for visits to come; free is 0 when there are none
	ended          bool
}

const (
	nextNumber = `UPDATE counter SET value = value + $2 WHERE name = $1 RETURNING value`
	anotherKey = `SELECT key_id FROM version WHERE instance = $1 AND to_scan IS NULL AND key_id <> '' AND key_id <> $2 LIMIT 1`
	insertScan = `INSERT INTO scan (number, instance, url, version, edition, scope, state, began, token, detectors, key_id,
		resumed, requests, rule_pack, policy, digest, previous)
		VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $9, $10, 0, 0, $11, '', '', '')`
	resumeScan = `UPDATE scan SET state = 'running', ended = NULL, resumed = $2, url = $3, version = $4, edition = $5, rule_pack = $6
		WHERE number = $1`
	failScan   = `UPDATE scan SET state = 'failed', ended = $2 WHERE number = $1 AND state = 'running'`
	endScan    = `UPDATE scan SET state = $2, ended = $3 WHERE number = $1`
	readVisits = `SELECT number, source, home FROM visit WHERE instance = $1`
)

// Begin starts a scan, or takes up the last one of the instance when that did not finish, began under 12 hours ago
// and had the same scope, token, detectors and fingerprint key. What an unfinished scan wrote that is not taken up is
// undone. Errors: ErrLeased (a *LeasedError) while another scan of the instance runs, ErrForeignKey.
func (s *Store) Begin(ctx context.Context, b Begin) (*Recorder, error) {
	owner, err := newOwner()
	if err != nil {
		return nil, err
	}
	b.Scope = slices.Compact(slices.Sorted(slices.Values(b.Scope)))
	r := &Recorder{store: s, owner: owner, visits: newVisitList()}
	err = s.write(ctx, func(q session) error {
		if err := s.lease(ctx, q, b.Instance, owner); err != nil {
			return err
		}
		if err := r.choose(ctx, q, b); err != nil {
			return err
		}
		if _, err := q.exec(ctx, nameLease, b.Instance, owner, r.scan.Number); err != nil {
			return err
		}
		return r.remember(ctx, q)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// choose resumes the last scan or starts another.
func (r *Recorder) choose(ctx context.Context, q session, b Begin) error {
	scans, err := readScans(ctx, q, b.Instance)
	if err != nil {
		return err
	}
	var finished inventory.Scan
	for _, sc := range scans {
		if sc.State == stateFinished {
			finished = sc
		}
	}
	r.previous = finished.Number
	if len(scans) > 0 && scans[len(scans)-1].State != stateFinished {
		last := scans[len(scans)-1]
		if b.continues(last, r.store.now()) {
			return r.resume(ctx, q, b, last)
		}
		if err := undo(ctx, q, last.Number, r.previous); err != nil {
			return err
		}
		if _, err := q.exec(ctx, failScan, last.Number, stamp(r.store.now())); err != nil {
			return err
		}
	}
	if err := b.checkKey(ctx, q, finished.KeyID); err != nil {
		return err
	}
	return r.start(ctx, q, b)
}

// continues reports whether the scan that b describes is the unfinished one.
func (b Begin) continues(last inventory.Scan, now time.Time) bool {
	return !b.Fresh && now.Sub(last.Began) < resumeTime && slices.Equal(b.Scope, last.Scope) &&
		b.Token.Credential == last.Token.Credential && b.Token.User == last.Token.User &&
		b.Detectors == last.Detectors && b.KeyID == last.KeyID
}

// checkKey refuses to mix fingerprints of two keys. A key that the last finished scan used was accepted then: rows
// which that scan could not visit may still stand under the key before it.
func (b Begin) checkKey(ctx context.Context, q session, accepted string) error {
	if b.NewKey || b.KeyID == accepted && accepted != "" {
		return nil
	}
	var other string
	found, err := q.one(ctx, []any{&other}, anotherKey, b.Instance, b.KeyID)
	if err != nil || !found {
		return err
	}
	return fmt.Errorf("instance %s: %w: %s, this one is %q; use the key that belongs to this database, or --new-key to go on with another",
		b.Instance, ErrForeignKey, other, b.KeyID)
}

func (r *Recorder) start(ctx context.Context, q session, b Begin) error {
	number, err := next(ctx, q, "scan", 1)
	if err != nil {
		return err
	}
	r.scan = inventory.Scan{
		Number: number, Instance: b.Instance, URL: b.URL, Version: b.Version, Edition: b.Edition, Scope: b.Scope,
		State: stateRunning, Began: r.store.now(), Token: b.Token, Detectors: b.Detectors, KeyID: b.KeyID, RulePack: b.RulePack,
	}
	scope, err := encode(slices.Concat([]string{}, b.Scope)) // never null
	if err != nil {
		return err
	}
	token, err := encode(b.Token)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, insertScan, number, b.Instance, clean(b.URL), clean(b.Version), clean(b.Edition), string(scope),
		stamp(r.scan.Began), string(token), b.Detectors, b.KeyID, b.RulePack)
	return err
}

func (r *Recorder) resume(ctx context.Context, q session, b Begin, last inventory.Scan) error {
	last.Resumed++
	last.State, last.Ended = stateRunning, nil
	last.URL, last.Version, last.Edition, last.RulePack = b.URL, b.Version, b.Edition, b.RulePack
	r.scan, r.resumed = last, true
	_, err := q.exec(ctx, resumeScan, last.Number, last.Resumed, clean(b.URL), clean(b.Version), clean(b.Edition), b.RulePack)
	if err != nil {
		return err
	}
	coverage, err := coverageRows(ctx, q, last.Instance, last.Number)
	for _, c := range coverage {
		r.visits.keep(c)
	}
	return err
}

// remember loads the numbers of visits.
func (r *Recorder) remember(ctx context.Context, q session) error {
	return q.each(ctx, func(rows *sql.Rows) error {
		var n int64
		var v inventory.Visit
		if err := rows.Scan(&n, &v.Source, &v.Home); err != nil {
			return err
		}
		r.visits.add(v).number = n
		return nil
	}, readVisits, r.scan.Instance)
}

// next takes the next numbers of a counter and returns the last of them.
func next(ctx context.Context, q session, counter string, count int64) (int64, error) {
	var n int64
	_, err := q.one(ctx, []any{&n}, nextNumber, counter, count)
	return n, err
}

// Scan returns the running scan as it was when it began or was resumed.
func (r *Recorder) Scan() inventory.Scan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scan
}

// Resumed reports whether the scan was begun by another process.
func (r *Recorder) Resumed() bool { return r.resumed }

// Done returns what a visit of this scan saw that was recorded, by this process or by the one that was resumed.
func (r *Recorder) Done(v inventory.Visit) (inventory.Coverage, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.visits.coverage(v)
}

// Abort ends the scan as "cancelled" or "failed" and releases the lease. What was recorded is kept, so that Begin can
// take it up, and stays invisible. ctx must be alive even when the scan's own was cancelled.
func (r *Recorder) Abort(ctx context.Context, state string) error {
	if state != "cancelled" && state != "failed" {
		return fmt.Errorf("abort scan %d: state is %q, want cancelled or failed", r.scan.Number, state)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.store.write(ctx, func(q session) error {
		if err := r.renew(ctx, q); err != nil {
			return err
		}
		if _, err := q.exec(ctx, endScan, r.scan.Number, state, stamp(r.store.now())); err != nil {
			return err
		}
		_, err := q.exec(ctx, releaseLease, r.scan.Instance, r.owner)
		return err
	})
	if err == nil {
		r.ended = true
	}
	return err
}

// undoing takes back what scan $1 wrote.
var undoing = [...]string{
	`DELETE FROM sighting WHERE from_scan = $1`,
	`UPDATE sighting SET to_scan = NULL WHERE to_scan = $1`,
	`DELETE FROM version WHERE from_scan = $1`,
	`UPDATE version SET to_scan = NULL WHERE to_scan = $1`,
	`DELETE FROM volatile WHERE scan = $1`,
	`DELETE FROM coverage WHERE from_scan = $1`,
}

const shortenCoverage = `UPDATE coverage SET last_scan = $2 WHERE last_scan = $1`

// undo takes back what an unfinished scan wrote. previous is the finished scan before it.
func undo(ctx context.Context, q session, scan, previous int64) error {
	for _, statement := range undoing {
		if _, err := q.exec(ctx, statement, scan); err != nil {
			return err
		}
	}
	_, err := q.exec(ctx, shortenCoverage, scan, previous)
	return err
}

// scanOf reads the JSON columns of a scan.
func scanOf(sc *inventory.Scan, scope, token, began string, ended sql.NullString) error {
	if err := json.Unmarshal([]byte(scope), &sc.Scope); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(token), &sc.Token); err != nil {
		return err
	}
	var err error
	if sc.Began, err = time.Parse(time.RFC3339, began); err != nil {
		return err
	}
	if !ended.Valid {
		return nil
	}
	at, err := time.Parse(time.RFC3339, ended.String)
	sc.Ended = &at
	return err
}
