package main

import (
	"errors"
	"os"
	"strings"
)

// checkDB refuses an address that is misspelt, for it would become the name of a file, password and all.
func checkDB(dsn string) error {
	lower := strings.ToLower(dsn)
	if isPostgres(dsn) || !strings.Contains(lower, "://") && !strings.HasPrefix(lower, "postgres") && !strings.Contains(lower, "password=") {
		return nil
	}
	if _, err := os.Stat(dsn); err == nil { // a file of such a name
		return nil
	}
	return usage(errors.New("--db: neither a file nor an address that begins with postgres://"), "an address looks like postgres://USER@HOST/DATABASE; the password may stand in PGPASSWORD")
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}
