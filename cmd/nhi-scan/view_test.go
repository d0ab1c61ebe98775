package main

import (
	"cmp"
	"database/sql"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// testDemoView holds the report as CSV to the database's view: one table, for two sorts of readers.
func testDemoView(t *testing.T, db string) {
	r := runPlain(t, "report", "--db", db, "--format", "csv")
	sheet, err := csv.NewReader(strings.NewReader(r.stdout)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range sheet {
		for i := range row {
			row[i] = strings.TrimPrefix(row[i], "'") // what guards against formulas
			if row[i] == "unknown" || row[i] == "0" {
				row[i] = "" // the view's NULL; a confidence of nothing
			}
		}
	}
	view := selectAll(t, db, "SELECT * FROM inventory")
	for _, table := range [][][]string{view[1:], sheet[1:]} {
		slices.SortFunc(table, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	}
	if diff := gocmp.Diff(view, sheet); diff != "" {
		t.Errorf("the view (-) and the CSV (+):\n%s", diff)
	}
	kinds := map[string]bool{}
	for _, row := range view[1:] {
		kinds[row[1]] = true
	}
	if len(kinds) < 18 {
		t.Errorf("the inventory shows %d kinds, want at least 18", len(kinds))
	}
}

// selectAll returns the header and the rows of a query as texts; NULL, unknown and 0 are empty.
func selectAll(t *testing.T, db, query string) [][]string {
	t.Helper()
	d, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rows, err := d.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	header, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	table := [][]string{header}
	for rows.Next() {
		cells, into := make([]any, len(header)), make([]any, len(header))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			if text := fmt.Sprint(c); c != nil && text != "unknown" && text != "0" {
				row[i] = text
			}
		}
		table = append(table, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return table
}
