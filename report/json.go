package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"nhiscan/inventory"
)

// schemaID names the shape of the JSON report, described in docs/report.schema.json.
const schemaID = "nhi-scan/report/1"

// coverageJSON is a coverage entry as other programs read it.
type coverageJSON struct {
	Source string          `json:"source"`
	Home   string          `json:"home"`
	State  inventory.State `json:"state"`
	Seen   int             `json:"seen"`
	Status *int            `json:"status"` // HTTP status that decided; null when none did
	Reason string          `json:"reason"`
	Needs  inventory.Needs `json:"needs"`
}

// writeJSON writes one row per line, so that a large report can be streamed, searched and compared.
// Lists of rows are never null; inside a row null says unknown.
func writeJSON(w io.Writer, d *Document) error {
	lists := d.Lists()
	j := &jsonWriter{w: bufio.NewWriterSize(w, 1<<16)}
	j.text(`{"schema":`).value(schemaID)
	scan := d.Scan
	scan.Scope = notNil(scan.Scope)
	j.text(",\n\"tool\":").value(d.Tool)
	j.text(",\n\"scan\":").value(scan)
	list(j, "coverage", lists.Coverage(), toCoverageJSON)
	list(j, "measures", each(sorted(d.Measures, compareMeasures)), same)
	list(j, "verdicts", each(sorted(d.Verdicts, compareVerdicts)), func(v *inventory.VerdictCount) any { v.Reasons = notNilMap(v.Reasons); return v })
	list(j, "homes", lists.Homes(), func(h *inventory.Home) any { h.Settings = notNilMap(h.Settings); return h })
	list(j, "users", lists.Users(), same)
	list(j, "grants", lists.Grants(), same)
	list(j, "identities", lists.Identities(), func(i *inventory.Identity) any { i.Attributes = notNilMap(i.Attributes); return i })
	list(j, "credentials", lists.Credentials(), func(c *inventory.Credential) any { c.Attributes = notNilMap(c.Attributes); return c })
	list(j, "locations", lists.Locations(), same)
	list(j, "usages", lists.Usages(), same)
	list(j, "owners", lists.Owners(true), func(o *inventory.Owner) any { o.Claims = notNil(o.Claims); return o })
	list(j, "gaps", lists.WorstGaps(), func(g *inventory.Gap) any { g.Evidence = notNil(g.Evidence); return g })
	list(j, "events", lists.Events(), same)
	j.text("\n}\n")
	return cmp.Or(j.err, lists.Err(), j.w.Flush())
}

func same[T any](v *T) any { return v }

func sorted[T any](rows []T, compare func(a, b T) int) []T {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, compare)
	return out
}

func compareCoverage(a, b inventory.Coverage) int {
	return cmp.Or(cmp.Compare(a.Home, b.Home), cmp.Compare(a.Source, b.Source))
}

func compareMeasures(a, b inventory.Measure) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope))
}

func compareVerdicts(a, b inventory.VerdictCount) int { return cmp.Compare(a.Rule, b.Rule) }

func toCoverageJSON(c *inventory.Coverage) any {
	out := coverageJSON{Source: c.Source, Home: c.Home, State: c.State, Seen: c.Seen, Reason: c.Reason, Needs: c.Needs}
	if c.Status != 0 {
		out.Status = &c.Status
	}
	return out
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func notNilMap[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// jsonWriter keeps the first error, so that callers need not look at each step.
type jsonWriter struct {
	w   *bufio.Writer
	err error
}

func (j *jsonWriter) text(s string) *jsonWriter {
	if j.err == nil {
		_, j.err = j.w.WriteString(s)
	}
	return j
}

func (j *jsonWriter) value(v any) {
	if j.err != nil {
		return
	}
	b, err := encodeJSON(v)
	if err != nil {
		j.err = err
		return
	}
	_, j.err = j.w.Write(b)
}

// list writes the rows as they are sorted, each on its own line, turned by shape into what other programs read.
func list[T any](j *jsonWriter, name string, rows iter.Seq[*T], shape func(*T) any) {
	j.text(",\n\"" + name + "\":[")
	separator := "\n"
	for r := range rows {
		j.text(separator).value(shape(r))
		if separator = ",\n"; j.err != nil {
			return
		}
	}
	j.text("]")
}

// encodeJSON is json.Marshal, which escapes <, >, &, U+2028 and U+2029, with every other character that is not
// meant to be seen escaped too: a report shown on a terminal must not move its cursor or turn its text around.
func encodeJSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	// Most rows hold nothing but ASCII, which is looked over many times faster by its bytes.
	if !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c > '~' }) || !bytes.ContainsFunc(b, hostile) {
		return b, nil
	}
	var out bytes.Buffer
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case !hostile(r):
			out.Write(b[:size])
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		}
		b = b[size:]
	}
	return out.Bytes(), nil
}

// hostile reports whether a character is not meant to be seen.
func hostile(r rune) bool {
	if r >= ' ' && r <= '~' {
		return false // most of a report: spare the tables of unicode
	}
	return !unicode.IsPrint(r)
}
