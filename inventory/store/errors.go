package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a caller can tell apart with errors.Is. The error itself says where, and what to do.
var (
	ErrNoScan        = errors.New("no finished scan")
	ErrManyInstances = errors.New("several instances")
	ErrLeased        = errors.New("another scan is running")
	ErrLeaseLost     = errors.New("the lease was lost to another scan")
	ErrForeignKey    = errors.New("rows stand under another fingerprint key")
	ErrNewer         = errors.New("written by a newer version")
	ErrOlder         = errors.New("written by an older version")
	ErrLocked        = errors.New("locked by another program")
	ErrFull          = errors.New("no space left")
	ErrDisk          = errors.New("its disk did not read or write")
	ErrNotDatabase   = errors.New("not an nhi-scan database")
	ErrReadOnly      = errors.New("not writable")
	ErrNoDatabase    = errors.New("no database")
	ErrNoFolder      = errors.New("its folder does not exist")
	ErrUnreachable   = errors.New("not reachable")
	ErrDigest        = errors.New("history does not fit its digest")
	ErrEnded         = errors.New("the scan has ended")
)

// LeasedError says who scans the instance already. It is an ErrLeased.
type LeasedError struct {
	Instance string
	Owner    string // host, process
	Scan     int64
	Taken    time.Time
	Expires  time.Time // when the lease lapses unless it is renewed
}

// Error implements error.
func (e *LeasedError) Error() string {
	return fmt.Sprintf("instance %s: %v: scan %d of %s since %s; wait for it, or until %s if it was killed",
		e.Instance, ErrLeased, e.Scan, e.Owner, e.Taken.Format(time.RFC3339), e.Expires.Format(time.RFC3339))
}

// Unwrap returns ErrLeased.
func (e *LeasedError) Unwrap() error { return ErrLeased }

// advice says what to do about an error that comes from outside.
func advice(kind error) string {
	switch kind {
	case ErrLocked:
		return "wait until it is done, or use another database"
	case ErrFull:
		return "make room on that disk and start again; what was finished is kept"
	case ErrDisk:
		return "check the disk's space, quota and health and start again; what was finished is kept"
	case ErrNotDatabase:
		return "name another file"
	case ErrReadOnly:
		return "make the file and its folder writable for this user, or use another database"
	case ErrNoFolder:
		return "make the folder, or use another database"
	case ErrNoDatabase:
		return "run a scan first, or name another database"
	case ErrUnreachable:
		return "check that the server runs, and the URL's host, port, user, password and database"
	case ErrNewer:
		return "use that version of nhi-scan or a later one"
	case ErrOlder:
		return "open it once for writing: any scan brings it up to date"
	}
	return "see the documentation of the database"
}

// databaseError is an error of the database with its place and a way out. Its text holds no password.
type databaseError struct {
	where string
	kind  error // one of the above, or nil
	err   error
	text  string // of err, scrubbed
}

func (e *databaseError) Error() string {
	if e.kind == nil {
		return fmt.Sprintf("database %s: %s", e.where, e.text)
	}
	if e.text == "" {
		return fmt.Sprintf("database %s: %v; %s", e.where, e.kind, advice(e.kind))
	}
	return fmt.Sprintf("database %s: %v (%s); %s", e.where, e.kind, e.text, advice(e.kind))
}

func (e *databaseError) Unwrap() []error {
	if e.kind == nil {
		return []error{e.err}
	}
	return []error{e.kind, e.err}
}

// explain adds where and what to do to an error that the database returned. Errors of this package pass unchanged.
func (s *Store) explain(err error) error {
	var known *databaseError
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	kind, foreign := s.classify(err)
	if !foreign {
		return err
	}
	return &databaseError{where: s.where, kind: kind, err: err, text: s.scrub(err.Error())}
}

// problem is an error that this package finds itself.
func (s *Store) problem(kind error) error {
	return &databaseError{where: s.where, kind: kind, err: kind}
}
