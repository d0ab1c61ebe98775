package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaTable lists the migrations that a database has had.
const schemaTable = "nhi_scan_schema"

// migrate applies the migrations that are missing, each in one transaction.
func (s *Store) migrate(ctx context.Context, dialect goose.Dialect, locker lock.SessionLocker) error {
	var options []goose.ProviderOption
	if locker != nil {
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := s.provider(dialect, options...)
	if err != nil {
		return err
	}
	// SQLite has no lock for this: of two programs that open a new file at once, the slower one finds the tables
	// made, fails, and sees on its second try that nothing is left to do.
	for range 2 {
		current, target, versionErr := p.GetVersions(ctx)
		if versionErr != nil {
			err = versionErr
			continue
		}
		if current > target {
			return s.newer(current, target)
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
	}
	return err
}

// checkSchema refuses a database that a read-only program cannot read as it is.
func (s *Store) checkSchema(ctx context.Context, dialect goose.Dialect) error {
	p, err := s.provider(dialect)
	if err != nil {
		return err
	}
	version, err := all[int64](ctx, s.read(), `SELECT max(version_id) FROM `+schemaTable)
	if err != nil {
		if kind, _ := s.classify(err); kind != nil {
			return err
		}
		return s.problem(ErrNotDatabase) // a database without our tables
	}
	sources := p.ListSources()
	target := sources[len(sources)-1].Version
	switch {
	case version[0] > target:
		return s.newer(version[0], target)
	case version[0] < target:
		return s.problem(ErrOlder)
	}
	return nil
}

func (s *Store) provider(dialect goose.Dialect, options ...goose.ProviderOption) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.db, files, append(options, goose.WithTableName(schemaTable))...)
}

func (s *Store) newer(version, target int64) error {
	text := fmt.Sprintf("schema %d, this program knows %d", version, target)
	return &databaseError{where: s.where, kind: ErrNewer, err: errors.New(text), text: text}
}
