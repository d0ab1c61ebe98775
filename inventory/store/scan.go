package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
)

const (
	stateRunning  = "running"
	stateFinished = "finished"
)

const (
	scanColumns = `SELECT number, instance, url, version, edition, CAST(scope AS text), state, began, ended, CAST(token AS text),
		detectors, key_id, resumed, requests, rule_pack, policy, digest, previous FROM scan `
	scansOfInstance = scanColumns + `WHERE instance = $1 ORDER BY number`
	scanByNumber    = scanColumns + `WHERE number = $1`
	instances       = `SELECT DISTINCT instance FROM scan`
)

func readScans(ctx context.Context, q session, instance string) ([]inventory.Scan, error) {
	return scanRows(ctx, q, scansOfInstance, instance)
}

func scanRows(ctx context.Context, q session, query string, arg any) ([]inventory.Scan, error) {
	var scans []inventory.Scan
	err := q.each(ctx, func(rows *sql.Rows) error {
		var sc inventory.Scan
		var scope, token, began string
		var ended sql.NullString
		err := rows.Scan(&sc.Number, &sc.Instance, &sc.URL, &sc.Version, &sc.Edition, &scope, &sc.State, &began, &ended, &token,
			&sc.Detectors, &sc.KeyID, &sc.Resumed, &sc.Requests, &sc.RulePack, &sc.Policy, &sc.Digest, &sc.Previous)
		if err != nil {
			return err
		}
		if err := scanOf(&sc, scope, token, began, ended); err != nil {
			return fmt.Errorf("read scan %d: %w", sc.Number, err)
		}
		scans = append(scans, sc)
		return nil
	}, query, arg)
	return scans, err
}

// Instances returns the names of all instances that were ever scanned, sorted.
func (s *Store) Instances(ctx context.Context) ([]string, error) {
	names, err := all[string](ctx, s.read(), instances)
	slices.Sort(names)
	return names, s.explain(err)
}

// Scans returns all scans of an instance in any state, oldest first. The empty name is the only instance there is.
func (s *Store) Scans(ctx context.Context, instance string) ([]inventory.Scan, error) {
	instance, err := s.only(ctx, instance)
	if err != nil {
		return nil, err
	}
	scans, err := readScans(ctx, s.read(), instance)
	return scans, s.explain(err)
}

// Latest returns the last finished scan of an instance. The empty name is the only instance there is.
// Errors: ErrNoScan, ErrManyInstances.
func (s *Store) Latest(ctx context.Context, instance string) (inventory.Scan, error) {
	scans, err := s.Scans(ctx, instance)
	if err != nil {
		return inventory.Scan{}, err
	}
	for _, sc := range slices.Backward(scans) {
		if sc.State == stateFinished {
			return sc, nil
		}
	}
	return inventory.Scan{}, s.noScan(instance)
}

// only returns the name of the only instance when name is empty.
func (s *Store) only(ctx context.Context, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	names, err := s.Instances(ctx)
	switch {
	case err != nil:
		return "", err
	case len(names) == 0:
		return "", s.noScan("")
	case len(names) > 1:
		return "", fmt.Errorf("database %s: %w: %s; name one", s.where, ErrManyInstances, strings.Join(names, ", "))
	}
	return names[0], nil
}

func (s *Store) noScan(instance string) error {
	if instance == "" {
		return fmt.Errorf("database %s: %w; run a scan first", s.where, ErrNoScan)
	}
	return fmt.Errorf("database %s: %w of %s; run a scan first", s.where, ErrNoScan, instance)
}

// finished returns a finished scan.
func (s *Store) finished(ctx context.Context, number int64) (inventory.Scan, error) {
	scans, err := scanRows(ctx, s.read(), scanByNumber, number)
	switch {
	case err != nil:
		return inventory.Scan{}, s.explain(err)
	case len(scans) == 0:
		return inventory.Scan{}, fmt.Errorf("database %s: scan %d: %w with this number", s.where, number, ErrNoScan)
	case scans[0].State != stateFinished:
		return inventory.Scan{}, fmt.Errorf("database %s: scan %d is %s: %w with this number", s.where, number, scans[0].State, ErrNoScan)
	}
	return scans[0], nil
}
