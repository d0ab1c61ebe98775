package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// session runs statements, in a transaction or outside one. Statements are written with PostgreSQL's placeholders.
type session struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
	spell func(string) string
}

var dollar = regexp.MustCompile(`\$([0-9]+)`)

// byBytes asks for text sorted by its bytes, as Go sorts it. SQLite always does, and has no collation of this name.
const byBytes = ` COLLATE "C"`

// questionMarks rewrites $1 to ?1. SQLite reads $1 as a name and binds names in their order of appearance.
func questionMarks(statement string) string {
	return dollar.ReplaceAllString(strings.ReplaceAll(statement, byBytes, ""), "?$1")
}

func asWritten(statement string) string { return statement }

// exec runs a statement and returns how many rows it changed.
func (s session) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	res, err := s.on.ExecContext(ctx, s.spell(statement), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// each runs a query and calls row for every row of its answer. What row scans into sql.RawBytes is valid until it returns.
func (s session) each(ctx context.Context, row func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.on.QueryContext(ctx, s.spell(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one scans the first row of an answer; found is false when there is none.
func (s session) one(ctx context.Context, into []any, query string, args ...any) (found bool, err error) {
	err = s.each(ctx, func(r *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(into...)
	}, query, args...)
	return found, err
}

// all scans a one-column answer.
func all[T any](ctx context.Context, s session, query string, args ...any) ([]T, error) {
	var list []T
	err := s.each(ctx, func(r *sql.Rows) error {
		var v T
		if err := r.Scan(&v); err != nil {
			return err
		}
		list = append(list, v)
		return nil
	}, query, args...)
	return list, err
}

// batch is how many rows one statement takes: enough to make round trips cheap, few enough to bound its memory.
const batch = 500

// inBatches calls f with a JSON object of at most 500 entries at a time, made from list. Both databases turn such an
// object into a table of keys and values with json_each, so that one constant statement takes any number of rows.
// entry returns a key, unique in the list, and its value.
func inBatches[T any](list []T, entry func(T) (key string, value any), f func(object string) error) error {
	for len(list) > 0 {
		n := min(batch, len(list))
		m := make(map[string]any, n)
		for _, e := range list[:n] {
			k, v := entry(e)
			m[k] = v
		}
		text, err := encode(m)
		if err != nil {
			return err
		}
		if err := f(string(text)); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func keyOnly(id string) (string, any) { return id, 1 }

// encode returns v as JSON without the escapes meant for HTML, and with U+FFFD in place of what is no character:
// PostgreSQL refuses U+0000 in text.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return plain(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// plain writes U+FFFD itself for the escapes \u0000, and \ufffd by which encoding/json marks bytes that are no UTF-8.
// What it returns stays the same when it is decoded and encoded again.
func plain(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u0000`)) && !bytes.Contains(text, []byte(`\ufffd`)) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		if rest := text[i:]; bytes.HasPrefix(rest, []byte(`\u0000`)) || bytes.HasPrefix(rest, []byte(`\ufffd`)) {
			out = append(out, "\ufffd"...)
			i += 5
			continue
		}
		out = append(out, text[i:i+2]...) // an escaped backslash begins no escape
		i++
	}
	return out
}

// clean returns s as it reads after encode and decode: valid UTF-8 without U+0000.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == 0 {
			return utf8.RuneError
		}
		return r
	}, s)
}
