package report

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"nhiscan/inventory"
)

// maxRows is how many rows of the inventory a page carries, the worst of them. A browser opens and filters as many
// in under a second; the CSV and JSON reports have them all.
const maxRows = 50_000

// pagesPerIsland is how many identities share one island; the page parses an island when one of them is opened.
const pagesPerIsland = 1000

// islands are the data of the page: JSON in script elements that no browser runs.
type islands struct {
	v     *view
	rows  []listedRow // worst first
	pages []string    // IDs in the order in which rows name them first
	index map[string]int
}

// islands takes the rows over, in any order.
func (v *view) islands(rows []listedRow) *islands {
	slices.SortFunc(rows, worstFirst)
	s := &islands{v: v, rows: slices.Clone(rows[:min(len(rows), maxRows)]), index: map[string]int{}}
	for _, r := range s.rows {
		if _, ok := s.index[r.page]; !ok {
			s.index[r.page] = len(s.pages)
			s.pages = append(s.pages, r.page)
		}
	}
	return s
}

// write writes the row island, then the islands of details.
func (s *islands) write(w io.Writer) error {
	err := writeIsland(w, "rows", s.writeRows)
	for first := 0; err == nil && first < len(s.pages); first += pagesPerIsland {
		err = writeIsland(w, "d"+strconv.Itoa(first/pagesPerIsland), func(j *jsonWriter) { s.writeDetails(j, first) })
	}
	return err
}

func (s *islands) writeRows(j *jsonWriter) {
	j.text(`{"today":`).value(days(inventory.At(s.v.now)))
	j.text(`,"pages":`).value(notNil(s.pages))
	j.text(`,"perIsland":`).value(pagesPerIsland)
	j.text(`,"blocks":`).value(blockKinds)
	t := &stringTable{index: map[string]int{}}
	j.text(`,"rows":[`)
	for i, r := range s.rows {
		if i > 0 {
			j.text(",\n")
		}
		j.value(s.cells(r, t))
	}
	j.text(`],"strings":`).value(notNil(t.list))
	j.text("}")
}

func (s *islands) writeDetails(j *jsonWriter, first int) {
	j.text("[")
	for i, d := range s.v.details(s.pages[first:min(first+pagesPerIsland, len(s.pages))]) {
		if i > 0 {
			j.text(",\n")
		}
		j.value(detailCells(s.v.htmlDetail(&d)))
	}
	j.text("]")
}

// packFrom is the size in bytes from which an island is packed: a browser unpacks faster than it reads on, and a
// report that is sent around is a tenth as large.
const packFrom = 256 << 10

// writeIsland writes one script element that no browser runs. encodeJSON escapes <, > and &, so that no name can end
// the element or open a comment in it; a packed island is gzip in base64.
func writeIsland(w io.Writer, id string, write func(*jsonWriter)) error {
	var data bytes.Buffer
	j := &jsonWriter{w: bufio.NewWriter(&data)}
	write(j)
	if err := cmp.Or(j.err, j.w.Flush()); err != nil {
		return err
	}
	if data.Len() < packFrom {
		_, err := fmt.Fprintf(w, "<script type=\"application/json\" id=\"%s\">%s</script>\n", id, data.Bytes())
		return err
	}
	if _, err := fmt.Fprintf(w, "<script type=\"application/json\" id=\"%s\" data-packed=\"gzip\">", id); err != nil {
		return err
	}
	text := base64.NewEncoder(base64.StdEncoding, w)
	pack := gzip.NewWriter(text)
	_, err := pack.Write(data.Bytes())
	if err = cmp.Or(err, pack.Close(), text.Close()); err != nil {
		return err
	}
	_, err = io.WriteString(w, "</script>\n")
	return err
}

// cells is one row as the script reads it; its order is that of COLUMN in data.js.
func (s *islands) cells(listed listedRow, t *stringTable) []any {
	r := s.v.row(listed.id)
	owner, confidence, band := "", 0.0, "unknown"
	if r.Owner != nil {
		owner, confidence, band = clean(r.Owner.Owner, nameMax), r.Owner.Confidence, r.Owner.Band
	}
	name := clean(r.Name, nameMax)
	if name == "" {
		name = clean(r.ID, nameMax)
	}
	return []any{
		name, t.at(orUnknown(kindWords(r.Kind))), t.at(rowHome(s.v, r)), t.at(owner), int(100*confidence + 0.5), t.at(clean(band, 20)),
		t.at(rowScope(r)), days(r.Created), days(r.Expires), days(r.Used), t.at(orUnknown(clean(r.State, 40))), r.Places, listed.gaps, int(listed.worst), s.index[r.Page],
	}
}

// days counts from 1970-01-01; null is unknown, and -1 never.
func days(w inventory.When) any {
	t, ok := w.Time()
	switch {
	case ok:
		return int(t.Unix() / int64(24*time.Hour/time.Second))
	case w.IsNever():
		return -1
	}
	return nil
}

// stringTable keeps texts that many rows share once.
type stringTable struct {
	list  []string
	index map[string]int
}

func (t *stringTable) at(s string) int {
	i, ok := t.index[s]
	if !ok {
		i = len(t.list)
		t.index[s] = i
		t.list = append(t.list, s)
	}
	return i
}

// detailCells is one identity as the script reads it: title, facts, blocks of kind, note and rows.
func detailCells(d htmlDetail) []any {
	facts := make([][2]string, 0, len(d.Facts))
	for _, f := range d.Facts {
		facts = append(facts, [2]string{f.Name, f.Text})
	}
	blocks := make([][]any, 0, len(d.Blocks))
	for _, b := range d.Blocks {
		blocks = append(blocks, []any{b.Kind, b.Note, notNil(b.Rows)})
	}
	return []any{d.Title, facts, blocks}
}

func weight(w float64) string { return fmt.Sprintf("%.2f", w) }
