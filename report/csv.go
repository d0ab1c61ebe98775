package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"nhiscan/inventory"
)

// WriteCSV writes one file per entity into dir, which it makes with mode 0700 when there is none: homes, users,
// grants, identities, credentials, locations, usages, owners, coverage, gaps, events, measures, verdicts and
// inventory, each with a header line, sorted as in the JSON report, mode 0600. A file of the same name is
// replaced. The files are RFC 4180 in UTF-8; a cell that a spreadsheet would run as a formula starts with an
// apostrophe; unknown is the word, never an empty cell, for moments, yes or no, and states.
func WriteCSV(dir string, d *Document) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for CSV files: %w", err)
	}
	lists := d.Lists()
	files := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"inventory", func(w io.Writer) error { return writeInventory(w, lists) }},
		{"homes", entity(lists.Homes())}, {"users", entity(lists.Users())}, {"grants", entity(lists.Grants())},
		{"identities", entity(lists.Identities())}, {"credentials", entity(lists.Credentials())},
		{"locations", entity(lists.Locations())}, {"usages", entity(lists.Usages())}, {"owners", entity(lists.Owners(true))},
		{"coverage", entity(lists.Coverage())}, {"gaps", entity(lists.WorstGaps())},
		{"events", entity(lists.Events())}, {"measures", entity(each(sorted(d.Measures, compareMeasures)))},
		{"verdicts", entity(each(sorted(d.Verdicts, compareVerdicts)))},
	}
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, f.name+".csv"), f.write); err != nil {
			return err
		}
	}
	return lists.Err()
}

// writeFile makes the file anew, so that mode 0600 holds even where a wider one lay, and a link is not followed.
func writeFile(path string, write func(io.Writer) error) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replace a CSV file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make a CSV file: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// inventoryColumns are those of the database's inventory view.
var inventoryColumns = []string{
	"id", "kind", "name", "home", "owner", "owner_confidence", "scope", "access_level",
	"created_at", "expires_at", "last_used_at", "state", "locations", "open_gaps",
}

// writeInventory joins the lists row by row; of the others it holds only what is counted by ID, and the owners.
func writeInventory(w io.Writer, lists Lists) error {
	c := newCells(w)
	c.row(inventoryColumns)
	j := newJoin(lists)
	for r := range j.rows() {
		owner, confidence := "", "0"
		if r.owner != nil {
			owner, confidence = r.owner.name, strconv.FormatFloat(r.owner.confidence, 'g', -1, 64)
		}
		c.row([]string{
			r.id, r.kind, r.name, j.homes[r.home], owner, confidence, r.scope, levelCell(r.level),
			orUnknown(r.created.String()), orUnknown(r.expires.String()), orUnknown(r.used.String()),
			orUnknown(r.state), strconv.Itoa(j.places[r.id]), strconv.Itoa(j.gaps[r.id]),
		})
	}
	if err := lists.Err(); err != nil {
		return err
	}
	return c.close()
}

func levelCell(level int) string {
	if level == 0 {
		return "unknown"
	}
	return strconv.Itoa(level)
}

// entity writes rows of a struct type with a column for every field that has a JSON name. Embedded structs
// count as their fields; what is neither text, number nor fact is JSON text.
func entity[T any](rows iter.Seq[*T]) func(io.Writer) error {
	return func(w io.Writer) error {
		fields := columns(reflect.TypeFor[T](), nil)
		c := newCells(w)
		header := make([]string, len(fields))
		for i, f := range fields {
			header[i] = f.name
		}
		c.row(header)
		for r := range rows {
			row, v := make([]string, len(fields)), reflect.ValueOf(r).Elem()
			for j, f := range fields {
				row[j] = cell(f.name, v.FieldByIndex(f.index))
			}
			c.row(row)
		}
		return c.close()
	}
}

type column struct {
	name  string
	index []int
}

func columns(t reflect.Type, prefix []int) []column {
	var out []column
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int{}, prefix...), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			out = append(out, columns(f.Type, index)...)
		case name != "" && name != "-":
			out = append(out, column{name, index})
		}
	}
	return out
}

// unknownWhenEmpty names the columns whose zero value says that GitLab did not show the fact.
func unknownWhenEmpty(name string) bool {
	switch name {
	case "state", "access_level", "visibility", "online_status", "topics", "tags", "protected_branches", "protected_tags", "environments":
		return true
	}
	return false
}

func cell(name string, v reflect.Value) string {
	if unknownWhenEmpty(name) && v.IsZero() {
		return "unknown"
	}
	switch f := v.Interface().(type) {
	case inventory.When:
		return orUnknown(f.String())
	case inventory.Tri:
		return f.String()
	case inventory.Severity:
		return f.String()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Slice:
		if v.Len() == 0 {
			return "[]"
		}
	case reflect.Map:
		if v.Len() == 0 {
			return "{}"
		}
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return "unknown" // rows hold only plain types
	}
	return string(b)
}

// cells writes CSV that is safe to open in a spreadsheet.
type cells struct{ w *csv.Writer }

func newCells(w io.Writer) cells {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180
	return cells{c}
}

func (c cells) row(fields []string) {
	safe := make([]string, len(fields))
	for i, f := range fields {
		safe[i] = guard(f)
	}
	_ = c.w.Write(safe) // the writer keeps its first error for close
}

func (c cells) close() error {
	c.w.Flush()
	return c.w.Error()
}

// guard puts an apostrophe before what a spreadsheet would take for a formula, also behind blanks, which
// some skip, and makes control characters visible.
// Source: https://owasp.org/www-community/attacks/CSV_Injection
func guard(s string) string {
	lead := strings.TrimLeft(s, " \u00a0\u3000")
	if lead != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(lead)[0]) {
		return "'" + clean(s, 0)
	}
	return clean(s, 0)
}
