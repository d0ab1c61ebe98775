package main

import (
	"database/sql"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/store"
	"nhiscan/rules"
	"nhiscan/scanner"
)

// finishVariable is the environment variable that makes the test binary end a scan of the database that it names.
const finishVariable = "NHI_BENCH_FINISH"

// TestFinishProcess is no test of its own: it is the program that benchmarks start to measure what a scan does after its
// last visit. It takes the results of the only scan back and ends it anew.
func TestFinishProcess(t *testing.T) {
	path := os.Getenv(finishVariable)
	if path == "" {
		return
	}
	debug.SetGCPercent(50) // as main does
	var last inventory.Scan
	db, err := store.Open(t.Context(), path, store.Options{Clock: func() time.Time { return last.Began.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if last, err = db.Latest(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	unfinish(t, path)
	rec, err := db.Begin(t.Context(), store.Begin{
		Instance: last.Instance, URL: last.URL, Version: last.Version, Edition: last.Edition, Token: last.Token, Detectors: last.Detectors, KeyID: last.KeyID,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !rec.Resumed() {
		t.Fatal("it began another scan")
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, config: &config{Policy: rules.DefaultPolicy()}}
	if _, err := a.finish(t.Context(), rec, scanner.Summary{}); err != nil {
		t.Fatal(err)
	}
}

// unfinish makes the only scan of a database one that still runs.
func unfinish(t *testing.T, path string) {
	d, err := sql.Open(sqliteName(), "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, statement := range []string{"DELETE FROM result", "DELETE FROM event", "UPDATE scan SET state = 'running', ended = NULL, digest = ''"} {
		if _, err := d.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

// sqliteName is the name under which the build's SQLite driver is registered.
func sqliteName() string {
	if strings.HasPrefix(store.Driver(), "mattn") {
		return "sqlite3"
	}
	return "sqlite"
}

func copyFile(b *testing.B, from, to string) {
	b.Helper()
	if out, err := exec.Command("cp", from, to).CombinedOutput(); err != nil {
		b.Fatalf("cp: %v %s", err, out)
	}
}

// finished measures the end of a scan on a copy of a database.
func finished(b *testing.B, db string) spent {
	b.Helper()
	copied := filepath.Join(b.TempDir(), "inventory.db")
	copyFile(b, db, copied)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv(finishVariable, copied)
	took, _ := measure(b, "", self, "-test.run=^TestFinishProcess$", "-test.timeout=0")
	return took
}
