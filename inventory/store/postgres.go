package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// openPostgres opens the database at a postgres:// URL. Two programs that open a new database at once take turns.
func (s *Store) openPostgres(ctx context.Context, dsn string, o Options) error {
	s.where, s.spell, s.classify = withoutPassword(dsn), asWritten, classifyPostgres
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The parser's own words quote the URL.
		return fmt.Errorf("database %s: not a valid postgres:// URL", s.where)
	}
	s.scrub = passwordScrubber(dsn, config.Password)
	if o.ReadOnly {
		config.RuntimeParams["default_transaction_read_only"] = "on"
	}
	config.RuntimeParams["application_name"] = "nhi-scan"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = o.busy
	}
	config.RuntimeParams["lock_timeout"] = fmt.Sprint(max(o.busy, time.Second).Milliseconds())
	s.db = stdlib.OpenDB(*config)
	s.db.SetMaxOpenConns(8)
	if err := s.db.PingContext(ctx); err != nil {
		return err
	}
	if o.ReadOnly {
		return s.checkSchema(ctx, goose.DialectPostgres)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	return s.migrate(ctx, goose.DialectPostgres, locker)
}

// withoutPassword cuts a DSN down to what a message may show: user, host, port and database.
func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "postgres://…"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	return shown.String()
}

// passwordScrubber takes the password out of the driver's messages, as it is and as the URL spells it.
func passwordScrubber(dsn, password string) func(string) string {
	var pairs []string
	add := func(text string) {
		if text != "" {
			pairs = append(pairs, text, "[secret]")
		}
	}
	add(dsn)
	add(password)
	add(url.QueryEscape(password))
	add(url.PathEscape(password))
	return strings.NewReplacer(pairs...).Replace
}

// Source of the codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
func classifyPostgres(err error) (kind error, foreign bool) {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return ErrUnreachable, true
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return nil, pgconn.Timeout(err)
	}
	switch refused.Code {
	case "55P03", "40P01":
		return ErrLocked, true
	case "53100":
		return ErrFull, true
	case "25006", "42501":
		return ErrReadOnly, true
	}
	return nil, true
}
