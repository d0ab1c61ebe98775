//go:build cgo

package store

import (
	"errors"
	"net/url"

	"github.com/mattn/go-sqlite3"
)

const sqliteDriver = "sqlite3"

func sqlitePragmas(pragmas [][2]string) url.Values {
	v := url.Values{"_stmt_cache_size": {"64"}} // a Record runs the same twenty statements every time
	for _, p := range pragmas {
		v.Set("_"+p[0], p[1])
	}
	return v
}

// sqliteCode returns the primary result code.
func sqliteCode(err error) (int, bool) {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return int(e.Code), true
}
