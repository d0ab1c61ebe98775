// Package report turns a Document, what one scan found and what was judged of it, into text for people and
// machines: table, JSON, HTML and CSV. It is pure: the same Document gives the same bytes.
//
// Every name in a Document comes from GitLab and may be hostile: it may hold control characters, markup,
// formulas or ten thousand letters. No format passes them on as such.
package report

import (
	"fmt"
	"io"
	"time"

	"nhiscan/inventory"
)

// Document is everything a report says. Formats read it and never change it. Its long lists are held in memory, in
// Snapshot, Gaps and Events, or left where they are, in Stored.
type Document struct {
	Scan     inventory.Scan
	Previous *inventory.Scan // the finished scan before; nil when there is none
	Snapshot *inventory.Snapshot
	Gaps     []inventory.Gap   // open ones
	Events   []inventory.Event // of Scan and of earlier ones, for timelines
	Stored   Lists             // stands in place of these three; nil when they are held
	Verdicts []inventory.VerdictCount
	Measures []inventory.Measure
	Rules    []RuleText   // a rule that is missing here is shown by its ID
	Sources  []SourceText // a source that is missing here is shown by its ID

	Generated time.Time // the scan's clock; ages and days left are counted to it
	Tool      string    // "nhi-scan 0.1.0"
}

// RuleText is what a report says about a rule.
type RuleText struct {
	ID       string
	Code     string // "EXP-001"
	Title    string
	Severity inventory.Severity // the base, before its modifiers
	Why      string
	Fix      string
	Refs     []string
	Reads    []string // IDs of the sources whose rows it judges
}

// SourceText is what a report says about a source of credentials.
type SourceText struct {
	ID    string
	Title string
	Needs inventory.Needs
}

// Format names an output of Write.
type Format string

// The formats that Write knows.
const (
	Table Format = "table"
	JSON  Format = "json"
	HTML  Format = "html"
	CSV   Format = "csv" // the inventory view, one row per credential and per identity without one
)

// Options says for whom a report is written. The zero Options is a plain 80-column text.
type Options struct {
	Width int       // columns of the terminal; 0 is 80, less than 60 is taken as 60
	Color bool      // bold and red by ANSI sequences; false under NO_COLOR
	Now   time.Time // for "in 6 d" and "19 d ago"; the zero time is Document.Generated
}

// Write writes d to w in format f. It fails when f is not one of the formats, and when w does.
func Write(w io.Writer, f Format, d *Document, o Options) error {
	switch f {
	case Table:
		return writeTable(w, d, o)
	case JSON:
		return writeJSON(w, d)
	case HTML:
		return writeHTML(w, d, o)
	case CSV:
		return writeInventory(w, d.Lists())
	}
	return fmt.Errorf("report format %q: want table, json, html or csv", string(f))
}
