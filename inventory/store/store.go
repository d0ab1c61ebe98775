package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"
)

// Options says how a database is opened.
type Options struct {
	Clock    func() time.Time // required: leases and prune go by it
	ReadOnly bool             // nothing is written, made or migrated

	busy time.Duration // how long to wait for another program's lock; 0 is 10 s
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	db    *sql.DB
	clock func() time.Time
	where string // path, or URL without its password; for messages

	spell    func(statement string) string
	classify func(error) (kind error, foreign bool) // foreign: it comes from the database
	scrub    func(text string) string

	// One writer at a time in this process: SQLite has only one, and waits for it unfairly.
	writing  sync.Mutex
	prepared prepared
}

// Open opens the database that dsn names, a postgres:// URL or the path of an SQLite file, and brings its schema up
// to date. A missing file is made with mode 0600, an existing one gets that mode. Errors: ErrNewer, ErrLocked, ErrFull,
// ErrNotDatabase, ErrReadOnly; for a read-only store ErrNoDatabase and ErrOlder. No error shows a password.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	if o.Clock == nil {
		return nil, errors.New("open store: no clock given")
	}
	s := &Store{clock: o.Clock, prepared: prepared{}}
	if o.busy == 0 {
		o.busy = 10 * time.Second
	}
	var err error
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		err = s.openPostgres(ctx, dsn, o)
	} else {
		err = s.openSQLite(ctx, dsn, o)
	}
	if err == nil {
		return s, nil
	}
	err = s.explain(err)
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return nil, err
}

// Close closes the database. Recorders that have not ended keep their lease until it lapses.
func (s *Store) Close() error {
	s.forget()
	return s.explain(s.db.Close())
}

// read returns a session outside a transaction: what finished scans wrote does not change.
func (s *Store) read() session { return session{s.db, s.spell} }

// write runs f in one transaction.
func (s *Store) write(ctx context.Context, f func(session) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	on := writing{tx: tx, known: s.prepared, fresh: map[string]bool{}}
	if err := f(session{on, s.spell}); err != nil {
		// After an error the transaction is lost either way; a second error would hide the first.
		_ = tx.Rollback()
		return s.explain(err)
	}
	if err := tx.Commit(); err != nil {
		return s.explain(err)
	}
	s.prepare(ctx, on.fresh)
	return nil
}

// now is the clock in UTC, to the second.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

// stamp spells a time as the database holds it; all stamps have one length, so that they sort as text.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
