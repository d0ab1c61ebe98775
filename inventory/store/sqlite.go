package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// openSQLite opens the file at path, once it is known to be ours: a file of another program is not touched. SQLite
// gives its -wal and -shm files the mode of the file itself, so that is made 0600 before they are made.
func (s *Store) openSQLite(ctx context.Context, path string, o Options) error {
	s.where, s.spell, s.classify = path, questionMarks, classifySQLite
	s.scrub = func(text string) string { return resultCode.ReplaceAllString(text, "") }
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return s.problem(ErrNotDatabase)
	case o.ReadOnly && errors.Is(err, fs.ErrNotExist):
		return s.problem(ErrNoDatabase)
	case o.ReadOnly:
		return s.openSQLiteReadOnly(ctx, path, o)
	case err == nil:
		if err := s.connectSQLite(ctx, sqliteDSN(path, "ro", o.busy)); err != nil {
			return err
		}
		if err := s.db.Close(); err != nil {
			return err
		}
	}
	if err := private(path); err != nil {
		kind := ErrReadOnly
		if errors.Is(err, fs.ErrNotExist) {
			kind = ErrNoFolder
		}
		return &databaseError{where: s.where, kind: kind, err: err, text: err.Error()}
	}
	if err := s.connectSQLite(ctx, sqliteDSN(path, "rwc", o.busy)); err != nil {
		return err
	}
	return s.migrate(ctx, goose.DialectSQLite3, nil)
}

// openSQLiteReadOnly reads a file that it may not write. In a folder that it may not write either, SQLite cannot
// make the -shm file which a WAL database needs, and must be told that nobody else writes.
func (s *Store) openSQLiteReadOnly(ctx context.Context, path string, o Options) error {
	err := s.connectSQLite(ctx, sqliteDSN(path, "ro", o.busy))
	if code, ok := sqliteCode(err); ok && (code == sqliteReadOnly || code == sqliteCantOpen) && empty(path+"-wal") {
		err = errors.Join(s.db.Close(), s.connectSQLite(ctx, sqliteDSN(path, "ro", o.busy)+"&immutable=1"))
	}
	if err != nil {
		return err
	}
	return s.checkSchema(ctx, goose.DialectSQLite3)
}

func (s *Store) connectSQLite(ctx context.Context, dsn string) error {
	db, err := sql.Open(sqliteDriver, dsn)
	if err != nil {
		return err
	}
	s.db = db
	// A file of another kind is found out by the first statement that reads it.
	tables, err := all[string](ctx, s.read(), `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if t == schemaTable {
			return nil
		}
	}
	if len(tables) > 0 {
		return s.problem(ErrNotDatabase)
	}
	return nil
}

// sqliteDSN is the one place that spells a DSN; sqlitePragmas is the driver's part of it. Transactions take the write
// lock when they begin: one that takes it later may find that it must start again.
func sqliteDSN(path, mode string, busy time.Duration) string {
	pragmas := [][2]string{
		{"busy_timeout", strconv.FormatInt(busy.Milliseconds(), 10)},
		{"synchronous", "NORMAL"},
	}
	if mode == "ro" {
		pragmas = append(pragmas, [2]string{"cache_size", "-16000"}) // KB: a report reads lists by index, from everywhere
	} else {
		pragmas = append(pragmas, [2]string{"journal_mode", "WAL"})
	}
	query := sqlitePragmas(pragmas)
	query.Set("_txlock", "immediate")
	query.Set("mode", mode)
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + query.Encode()
}

// sqliteHeader begins every database file. Source: https://www.sqlite.org/fileformat2.html#the_database_header
const sqliteHeader = "SQLite format 3\x00"

// private makes the file with mode 0600, or takes others' rights away from one that exists.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if head := make([]byte, len(sqliteHeader)); info.Size() > 0 {
		// Another file that was named by mistake keeps its rights; opening it will fail.
		if _, err := io.ReadFull(f, head); err != nil || string(head) != sqliteHeader {
			return nil //nolint:nilerr // SQLite says it better
		}
	}
	if err := f.Chmod(0o600); err != nil {
		return fmt.Errorf("mode %04o lets others read it: %w", info.Mode().Perm(), err)
	}
	return nil
}

func empty(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Size() == 0
}

// SQLite's primary result codes. Source: https://www.sqlite.org/rescode.html
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// resultCode is what modernc adds to SQLite's own words, and mattn does not.
var resultCode = regexp.MustCompile(` \(\d+\)( \([A-Z_]+\))?$`)

func classifySQLite(err error) (kind error, foreign bool) {
	code, ok := sqliteCode(err)
	if !ok {
		// modernc reports some of its own faults as plain text; they begin with its name.
		return nil, strings.HasPrefix(err.Error(), "sqlite")
	}
	switch code {
	case sqliteBusy, sqliteLocked:
		return ErrLocked, true
	case sqliteReadOnly, sqliteCantOpen:
		return ErrReadOnly, true
	case sqliteFull:
		return ErrFull, true
	case sqliteIOErr:
		return ErrDisk, true
	case sqliteCorrupt, sqliteNotADB:
		return ErrNotDatabase, true
	}
	return nil, true
}

// Driver returns the name of the SQLite driver that the build carries.
func Driver() string {
	if sqliteDriver == "sqlite3" {
		return "mattn/go-sqlite3"
	}
	return "modernc.org/sqlite"
}
