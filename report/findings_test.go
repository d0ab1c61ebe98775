package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// someFindings has a plain finding, one of a history, one of low confidence and one with hostile names.
func someFindings() *Findings {
	f := &Findings{
		Complete: false,
		Scanned: Scanned{Files: 1234, Blobs: 77, Bytes: 5 << 20, Skipped: []Skipped{
			{"bin/tool", "binary content"}, {"data/dump.sql", "permission denied"}, {"lib/a.so", "binary content"},
		}},
		Findings: []Finding{
			{
				Detector: "gitlab-personal-access-token", Title: "GitLab personal access token.", Path: "deploy/env.sh", Line: 3, Column: 14, EndLine: 3, EndColumn: 40,
				Confidence: 0.97, Reasons: []string{"known form of a GitLab token", "checksum holds"}, Hint: "glpat-…",
			},
			{
				Detector: "generic-password", Title: "Password.", Path: "deploy/env.sh", Line: 9, Column: 10, EndLine: 9, EndColumn: 22, Confidence: 0.62,
				Commit: strings.Repeat("0123456789abcdef0123", 2), Author: "Ada <ada@shop.example>", Date: "2026-01-02T03:04:05Z", Reasons: []string{"the name is one of a secret"},
			},
			{Detector: "generic-password", Title: "Password.", Path: "a/x.txt", Line: 1, Column: 1, EndLine: 1, EndColumn: 9, Confidence: 0.3},
			{
				Detector: "private-key", Title: "Private key.", Path: "c:/\x1b[31m<b>\u202e&\xff name%20.zip!/k.pem", Line: 1, Column: 1, EndLine: 28, EndColumn: 30, Confidence: 0.85,
				Reasons: []string{"block of a key"}, Hint: "-----BEGIN…",
			},
		},
	}
	Arrange(f.Findings)
	f.Above(0.5)
	return f
}

func findingsOptions() FindingsOptions {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	return FindingsOptions{Tool: "0.2.0", Began: at, Ended: at.Add(3 * time.Second)}
}

func render(t *testing.T, format Format, f *Findings) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteFindings(&b, format, f, findingsOptions()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFindingsGolden(t *testing.T) {
	for _, format := range FindingsFormats() {
		t.Run(string(format), func(t *testing.T) {
			got := render(t, format, someFindings())
			name := filepath.Join("testdata", "findings", string(format)+".golden")
			if *update {
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("WriteFindings(%s) (-want +got):\n%s", format, diff)
			}
		})
	}
}

func TestFindingsKeepToTheirSchemas(t *testing.T) {
	clean := &Findings{Complete: true, Scanned: Scanned{Files: 1, Bytes: 3}}
	for name, f := range map[string]*Findings{"some": someFindings(), "none": clean} {
		t.Run(name, func(t *testing.T) {
			holdTo(t, filepath.Join("..", "docs", "findings.schema.json"), render(t, JSON, f))
			formats := filepath.Join("..", "..", "shared", "formats")
			if _, err := os.Stat(formats); err != nil {
				t.Skip("../shared/formats is not here")
			}
			holdTo(t, filepath.Join(formats, "gitlab-secret-detection-report-format-15.2.4.json"), render(t, GitLab, f))
			holdTo(t, filepath.Join(formats, "sarif-schema-2.1.0.json"), render(t, SARIF, f))
		})
	}
}

func holdTo(t *testing.T, path string, text []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%s: %v", filepath.Base(path), err)
	}
}

func TestSARIFIsValid(t *testing.T) {
	report, err := sarif.FromBytes(render(t, SARIF, someFindings()))
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Validate(); err != nil {
		t.Error(err)
	}
}

// TestCodeQualityHasWhatGitLabReads holds the fields that GitLab names as required.
// Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
func TestCodeQualityHasWhatGitLabReads(t *testing.T) {
	var issues []struct {
		Description, Fingerprint, Severity string
		CheckName                          string `json:"check_name"`
		Location                           struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal(render(t, CodeQuality, someFindings()), &issues); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, i := range issues {
		if i.Description == "" || i.CheckName == "" || i.Location.Path == "" || i.Location.Lines.Begin < 1 || seen[i.Fingerprint] ||
			!slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) {
			t.Errorf("issue %+v: a field is missing, or its fingerprint is not its own", i)
		}
		seen[i.Fingerprint] = true
	}
	if len(issues) != 3 {
		t.Errorf("%d issues, want 3", len(issues))
	}
	if got := string(render(t, CodeQuality, &Findings{Complete: true})); got != "[]\n" {
		t.Errorf("without findings: %q, want an empty list", got)
	}
}

func TestJUnitSaysIncomplete(t *testing.T) {
	var suites struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(render(t, JUnit, someFindings()), &suites); err != nil {
		t.Fatal(err)
	}
	s := suites.Suites[0]
	if s.Tests != 4 || s.Failures != 3 || s.Errors != 1 || len(s.Cases) != 4 || s.Cases[0].Error == nil || s.Cases[1].Failure == nil {
		t.Errorf("JUnit = %+v, want an error for the search and three failures", s)
	}
}

// TestFindingsTableFits holds the table to the width of a terminal, whatever names come in.
func TestFindingsTableFits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := &Findings{Complete: rapid.Bool().Draw(r, "complete"), Findings: []Finding{{
			Detector: rapid.StringMatching(`[a-z-]{1,60}`).Draw(r, "detector"), Path: "p", Line: 1, Column: 1,
			Reasons: rapid.SliceOf(rapid.String()).Draw(r, "reasons"), Commit: rapid.StringMatching(`[0-9a-f]{40}`).Draw(r, "commit"),
			Author: rapid.String().Draw(r, "author"), Date: "2026-01-02T03:04:05Z",
		}}, Scanned: Scanned{Skipped: []Skipped{{rapid.String().Draw(r, "path"), rapid.String().Draw(r, "reason")}}}}
		var b bytes.Buffer
		if err := WriteFindings(&b, Table, f, FindingsOptions{}); err != nil {
			r.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := twwidth.Width(strings.TrimSuffix(line, "\n")); n > 80 {
				r.Fatalf("line of %d columns: %q", n, line)
			}
			if strings.ContainsAny(line, "\x1b\r\x00") {
				r.Fatalf("control characters: %q", line)
			}
		}
	})
}

func TestArrange(t *testing.T) {
	a := Finding{Path: "a", Detector: "x", Line: 1}
	b := Finding{Path: "a", Detector: "x", Line: 2}
	other := Finding{Path: "a", Detector: "y", Line: 1}
	one, two := []Finding{a, b, other}, []Finding{other, b, a}
	Arrange(one)
	Arrange(two)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("order of findings decides (-one +two):\n%s", diff)
	}
	// The digest is a contract: other programs keep it.
	if got, want := one[0].Fingerprint, "d4b2af79e82ff944117c9576befa69b8"; got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	if one[0].Fingerprint == one[2].Fingerprint || one[0].Fingerprint == one[1].Fingerprint {
		t.Errorf("Arrange = %+v, want a fingerprint each", one)
	}
	last := []Finding{{Path: "a", Detector: "x", Line: 2, Before: 1}}
	if Arrange(last); last[0].Fingerprint != one[2].Fingerprint {
		t.Errorf("fingerprint %s where the finding before is told as a number, want %s", last[0].Fingerprint, one[2].Fingerprint)
	}
}
