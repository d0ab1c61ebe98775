package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"nhiscan/inventory"
)

func TestPlaceholdersAreNumbered(t *testing.T) {
	if got, want := questionMarks(`SELECT $2, $1, $10 WHERE a = '5'`), `SELECT ?2, ?1, ?10 WHERE a = '5'`; got != want {
		t.Errorf("questionMarks = %s, want %s", got, want)
	}
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		var a, b string
		if _, err := s.read().one(t.Context(), []any{&a, &b}, `SELECT CAST($2 AS text), CAST($1 AS text)`, "first", "second"); err != nil || a != "second" || b != "first" {
			t.Errorf("SELECT $2, $1 = %s, %s, %v; want second, first", a, b, err)
		}
	})
}

// TestStatementsHoldNoOtherDollar reads every string of this package: a $ that is no placeholder would be rewritten.
func TestStatementsHoldNoOtherDollar(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	statement := regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)\b`)
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			if !statement.MatchString(text) {
				return true
			}
			found++
			if strings.Count(text, "$") != len(dollar.FindAllString(text, -1)) || strings.Contains(text, "?") {
				t.Errorf("%s: a placeholder is not $1, $2, …:\n%s", name, text)
			}
			return true
		})
	}
	if found < 50 {
		t.Errorf("found %d statements, want all", found)
	}
}

func TestFilesArePrivate(t *testing.T) {
	d := sqliteDatabase(t)
	if err := os.WriteFile(d.dsn, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := d.open(t, Options{})
	mustRecord(t, mustBegin(t, s, begin()), complete("instance", instanceID, 0))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(d.dsn + suffix)
		if err != nil {
			t.Errorf("file %q: %v", suffix, err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of file %q = %04o, want 0600", suffix, info.Mode().Perm())
		}
	}
}

func TestOpenOddFileName(t *testing.T) {
	d := sqliteDatabase(t)
	d.dsn = filepath.Join(filepath.Dir(d.dsn), "a b?mode=memory&c#d%20é.db")
	mustFinish(t, mustBegin(t, d.open(t, Options{}), begin()), Results{})
	if _, err := os.Stat(d.dsn); err != nil {
		t.Error(err)
	}
	if _, err := d.open(t, Options{ReadOnly: true}).Latest(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	execute := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open(sqliteDriver, path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, statement := range statements {
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string)
		options Options
		want    error
		says    string
	}{
		{name: "text_file", prepare: write(strings.Repeat("no database at all\n", 100)), want: ErrNotDatabase, says: "name another file"},
		{name: "text_file_read_only", prepare: write(strings.Repeat("no database at all\n", 100)), options: Options{ReadOnly: true}, want: ErrNotDatabase},
		{name: "folder", prepare: func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, want: ErrNotDatabase},
		{name: "of_another_program", prepare: execute(`CREATE TABLE bookmarks (a)`), want: ErrNotDatabase},
		{name: "of_another_program_read_only", prepare: execute(`CREATE TABLE bookmarks (a)`), options: Options{ReadOnly: true}, want: ErrNotDatabase},
		{name: "missing_read_only", prepare: func(*testing.T, string) {}, options: Options{ReadOnly: true}, want: ErrNoDatabase, says: "run a scan first"},
		{name: "empty_read_only", prepare: write(""), options: Options{ReadOnly: true}, want: ErrNotDatabase},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := sqliteDatabase(t)
			test.prepare(t, d.dsn)
			_ = os.Chmod(d.dsn, 0o644)
			before, _ := os.ReadFile(d.dsn)
			_, err := d.tryOpen(test.options)
			if info, statErr := os.Stat(d.dsn); statErr == nil {
				if after, _ := os.ReadFile(d.dsn); info.Mode().Perm() != 0o644 || !bytes.Equal(before, after) {
					t.Errorf("a foreign file was touched: mode %04o", info.Mode().Perm())
				}
			}
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), d.dsn) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Open = %v, want %v", err, test.want)
			}
		})
	}
	d := sqliteDatabase(t)
	d.dsn = filepath.Join(d.dsn, "missing", "x.db")
	if _, err := d.tryOpen(Options{}); !errors.Is(err, ErrNoFolder) {
		t.Errorf("Open in a missing folder = %v, want ErrNoFolder", err)
	}
}

func TestSchemaOfAnotherVersion(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		set := func(statement string) {
			if _, err := s.db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		set(`INSERT INTO ` + schemaTable + ` (version_id, is_applied) VALUES (99, ` + map[bool]string{true: "1", false: "true"}[strings.HasPrefix(t.Name(), "TestSchemaOfAnotherVersion/sqlite")] + `)`)
		for _, readOnly := range []bool{false, true} {
			_, err := d.tryOpen(Options{ReadOnly: readOnly})
			if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "99") {
				t.Errorf("Open (read-only %t) = %v, want ErrNewer", readOnly, err)
			}
		}
		set(`DELETE FROM ` + schemaTable + ` WHERE version_id > 1`)
		if _, err := d.tryOpen(Options{ReadOnly: true}); !errors.Is(err, ErrOlder) {
			t.Errorf("Open of an older schema = %v, want ErrOlder", err)
		}
	})
}

func TestTwoProgramsOpenANewDatabaseAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() {
				s, err := d.tryOpen(Options{})
				if err == nil {
					err = s.Close()
				}
				errs <- err
			}()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestReadOnlyWritesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		w := d.open(t, Options{})
		mustFinish(t, mustBegin(t, w, begin()), Results{})
		s := d.open(t, Options{ReadOnly: true})
		if _, err := s.Latest(t.Context(), ""); err != nil {
			t.Errorf("Latest = %v", err)
		}
		if _, err := s.Begin(t.Context(), begin()); !errors.Is(err, ErrReadOnly) {
			t.Errorf("Begin = %v, want ErrReadOnly", err)
		}
	})
}

// TestReadOnlyFolder needs a user whom file modes bind.
func TestReadOnlyFolder(t *testing.T) {
	d := sqliteDatabase(t)
	s := d.open(t, Options{})
	mustFinish(t, mustBegin(t, s, begin()), Results{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Nobody can take a right away from root: the error is made by hand.
		err := &databaseError{where: d.dsn, kind: ErrReadOnly, err: fs.ErrPermission, text: "open: permission denied"}
		if !errors.Is(err, ErrReadOnly) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "make the file and its folder writable") {
			t.Errorf("error = %v", err)
		}
		return
	}
	folder := filepath.Dir(d.dsn)
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
	if _, err := d.open(t, Options{ReadOnly: true}).Latest(t.Context(), ""); err != nil {
		t.Errorf("Latest from a read-only folder = %v", err)
	}
	d.dsn = filepath.Join(folder, "new.db")
	if _, err := d.tryOpen(Options{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Open of a new file in a read-only folder = %v, want ErrReadOnly", err)
	}
}

func TestLockedDatabase(t *testing.T) {
	d := sqliteDatabase(t)
	s := d.open(t, Options{busy: 50 * time.Millisecond})
	db, err := sql.Open(sqliteDriver, d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	_, err = s.Begin(t.Context(), begin())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), d.dsn) || !strings.Contains(err.Error(), "wait") {
		t.Errorf("Begin = %v, want ErrLocked with place and advice", err)
	}
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	mustFinish(t, mustBegin(t, s, begin()), Results{})
}

func TestFullDatabase(t *testing.T) {
	d := sqliteDatabase(t)
	s := d.open(t, Options{})
	r := mustBegin(t, s, begin())
	s.db.SetMaxOpenConns(1) // the limit below is the connection's
	var pages int
	if err := s.db.QueryRow(`PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(`PRAGMA max_page_count = ` + strconv.Itoa(pages)); err != nil {
		t.Fatal(err)
	}
	big := inventory.User{ID: inventory.UserID(host, 1), Name: strings.Repeat("x", 100_000)}
	err := r.Record(t.Context(), complete("users", instanceID, 1), []inventory.Observation{big})
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "make room") {
		t.Errorf("Record = %v, want ErrFull with advice", err)
	}
}

func TestNoErrorShowsThePassword(t *testing.T) {
	const password = "CANARY%2Fpass%20word" // as the URL spells it
	options := Options{Clock: func() time.Time { return start }, busy: time.Second}
	for _, dsn := range []string{
		"postgres://nhi:" + password + "@127.0.0.1:1/nhi?sslmode=disable&connect_timeout=1",
		"postgres://nhi:" + password + "@127.0.0.1:port/nhi",
		"postgres://nhi@127.0.0.1:1/nhi?sslmode=disable&connect_timeout=1&password=" + password,
		"postgresql://nhi:" + password + "@[::1/nhi",
		"postgres://nhi:" + password + "@127.0.0.1:1/nhi?sslmode=nonsense",
		"postgres://%zz:" + password + "@127.0.0.1/",
	} {
		_, err := Open(context.Background(), dsn, options)
		if err == nil || !strings.Contains(err.Error(), "database postgres") || strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), "pass word") {
			t.Errorf("Open = %v, want an error without the password", err)
		}
		for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "CANARY") {
				t.Errorf("wrapped error shows the password: %v", e)
			}
		}
	}
	if os.Getenv("NHI_TEST_POSTGRES") == "" {
		return
	}
	if _, err := Open(t.Context(), "postgres://nhi@127.0.0.1:1/nhi?sslmode=disable", options); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "check that the server runs") {
		t.Errorf("Open without a server = %v, want ErrUnreachable with advice", err)
	}
	d := postgresDatabase(t)
	u, err := url.Parse(d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword(u.User.Username(), "CANARY"), "/no-such-database" // which the server refuses
	refused := u.String()
	if _, err := Open(t.Context(), refused, options); !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("Open with a wrong password = %v, want an error without it", err)
	}
}
