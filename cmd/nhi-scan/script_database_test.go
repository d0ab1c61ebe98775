package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver that every build can carry, to be another program than nhi-scan's own
)

// sqliteCommand is another program that uses an SQLite file: sqlite FILE lock|unlock|newer.
func sqliteCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE lock|unlock|newer")
	}
	if args[1] == "unlock" {
		ts.Check(theInstance(ts).unlock())
		return
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	switch args[1] {
	case "lock":
		c, err := db.Conn(context.Background())
		ts.Check(err)
		_, err = c.ExecContext(context.Background(), "BEGIN IMMEDIATE")
		ts.Check(err)
		theInstance(ts).unlock = func() error { return errors.Join(c.Close(), db.Close()) }
	case "newer":
		_, err := db.Exec("INSERT INTO nhi_scan_schema (version_id, is_applied) VALUES (9999, 1)")
		ts.Check(err)
		ts.Check(db.Close())
	default:
		ts.Fatalf("sqlite %s: no such command", args[1])
	}
}
