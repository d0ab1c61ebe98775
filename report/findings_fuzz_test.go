package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"nhiscan/inventory"
)

// FuzzFindings writes names of an attacker's choice in every format: each stays what it is, and nothing in it acts on a
// terminal.
func FuzzFindings(f *testing.F) {
	for _, s := range []string{"a/b.env", "\x1b[2J", "\u202ea\nb", "\xff\xfe", "=cmd()", "../../x", "", "\x00", "c:d", "<b>&\"'", "]]>", strings.Repeat("a", 500), "\u2028\ufeff"} {
		f.Add(s, s, s, 1, 2)
	}
	f.Fuzz(func(t *testing.T, path, reason, author string, line, column int) {
		began := time.Unix(1_800_000_000, 0)
		found := Findings{Findings: []Finding{{
			Detector: "d", Title: reason, Path: path, Line: max(1, line), Column: max(1, column), EndLine: max(1, line), EndColumn: max(1, column),
			Commit: strings.Repeat("a", 40), Author: author, Date: "2026-01-01T00:00:00Z", Confidence: 0.9, Reasons: []string{reason}, Hint: "glpat-…",
		}}, Scanned: Scanned{Skipped: []Skipped{{path, reason + "x"}}}}
		Arrange(found.Findings)
		for _, format := range FindingsFormats() {
			var out, again bytes.Buffer
			o := FindingsOptions{Options: Options{Width: 80}, Tool: "1", Began: began, Ended: began, Root: "/work"}
			if err := WriteFindings(&out, format, &found, o); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if err := WriteFindings(&again, format, &found, o); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Fatalf("%s differs when it is written again", format)
			}
			if !utf8.Valid(out.Bytes()) {
				t.Fatalf("%s is no UTF-8: %q", format, out.String())
			}
			for line := range strings.Lines(out.String()) {
				if line = strings.TrimSuffix(line, "\n"); inventory.Printable(line, 0) != line && format == Table {
					t.Fatalf("the table acts on a terminal: %q", line)
				}
				if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == 0x202e }); i >= 0 {
					t.Fatalf("%s holds a control character: %q", format, line)
				}
			}
			checkForm(t, format, out.Bytes())
		}
	})
}

func checkForm(t *testing.T, format Format, text []byte) {
	t.Helper()
	switch format {
	case JSON, GitLab, CodeQuality:
		if !json.Valid(text) {
			t.Fatalf("%s is no JSON: %q", format, text)
		}
	case SARIF:
		var doc struct {
			Runs []struct {
				Results []struct {
					Locations []struct {
						PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
					}
				}
			}
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if _, err := url.Parse(doc.Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI); err != nil {
			t.Fatal(err)
		}
	case JUnit:
		d := xml.NewDecoder(bytes.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("no XML: %v: %q", err, text)
			}
		}
	}
}
