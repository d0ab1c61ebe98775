package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"
)

// leaseTime is how long a lease holds after it was last renewed.
const leaseTime = 60 * time.Second

const (
	takeLease = `INSERT INTO lease (instance, owner, scan, taken, expires) VALUES ($1, $2, 0, $3, $4)
		ON CONFLICT (instance) DO UPDATE SET owner = excluded.owner, scan = 0, taken = excluded.taken, expires = excluded.expires
		WHERE lease.expires <= excluded.taken RETURNING owner`
	readLease    = `SELECT owner, scan, taken, expires FROM lease WHERE instance = $1`
	nameLease    = `UPDATE lease SET scan = $3 WHERE instance = $1 AND owner = $2`
	renewLease   = `UPDATE lease SET expires = $3 WHERE instance = $1 AND owner = $2`
	releaseLease = `DELETE FROM lease WHERE instance = $1 AND owner = $2`
)

// lease takes the lease of an instance for owner, or returns a *LeasedError.
func (s *Store) lease(ctx context.Context, q session, instance, owner string) error {
	var got string
	now := s.now()
	taken, err := q.one(ctx, []any{&got}, takeLease, instance, owner, stamp(now), stamp(now.Add(leaseTime)))
	if err != nil || taken {
		return err
	}
	e := &LeasedError{Instance: instance}
	var since, until string
	if _, err := q.one(ctx, []any{&e.Owner, &e.Scan, &since, &until}, readLease, instance); err != nil {
		return err
	}
	if e.Taken, err = time.Parse(time.RFC3339, since); err != nil {
		return err
	}
	if e.Expires, err = time.Parse(time.RFC3339, until); err != nil {
		return err
	}
	return e
}

// renew prolongs the recorder's lease. On PostgreSQL the row it changes is also what makes the transactions of one
// instance wait for each other.
func (r *Recorder) renew(ctx context.Context, q session) error {
	if r.ended {
		return fmt.Errorf("scan %d of %s: %w", r.scan.Number, r.scan.Instance, ErrEnded)
	}
	n, err := q.exec(ctx, renewLease, r.scan.Instance, r.owner, stamp(r.store.now().Add(leaseTime)))
	if err == nil && n == 0 {
		err = fmt.Errorf("scan %d of %s: %w", r.scan.Number, r.scan.Instance, ErrLeaseLost)
	}
	return err
}

// Heartbeat renews the lease; call it at least every 20 s while no visit ends. It returns ErrLeaseLost when another
// scan took over after the lease had lapsed.
func (r *Recorder) Heartbeat(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store.write(ctx, func(q session) error { return r.renew(ctx, q) })
}

// newOwner names this process for people, and apart from any other.
func newOwner() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("name the owner of a lease: %w", err)
	}
	return fmt.Sprintf("%s process %d (%s)", host, os.Getpid(), hex.EncodeToString(b)), nil
}
