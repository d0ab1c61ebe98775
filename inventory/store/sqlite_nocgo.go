//go:build !cgo

package store

import (
	"errors"
	"net/url"

	"modernc.org/sqlite"
)

const sqliteDriver = "sqlite"

func sqlitePragmas(pragmas [][2]string) url.Values {
	v := url.Values{}
	for _, p := range pragmas {
		v.Add("_pragma", p[0]+"("+p[1]+")")
	}
	return v
}

// sqliteCode returns the primary result code; the driver reports extended ones.
func sqliteCode(err error) (int, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.Code() & 0xff, true
}
