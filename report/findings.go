package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The formats that WriteFindings knows, besides Table and JSON.
const (
	SARIF       Format = "sarif"       // SARIF 2.1.0
	GitLab      Format = "gitlab"      // GitLab secret detection report, schema 15.2.4
	CodeQuality Format = "codequality" // GitLab Code Quality artifact
	JUnit       Format = "junit"       // JUnit XML
)

// FindingsFormats are the formats of WriteFindings in the order in which help lists them.
func FindingsFormats() []Format { return []Format{Table, JSON, SARIF, GitLab, CodeQuality, JUnit} }

// Findings are the secrets that a search of files or repositories found, and what it could not search.
// Neither a value, nor a part of one, nor a line that holds one is in it.
type Findings struct {
	// Complete says that everything asked for was read. Content that is none of a search's business (binary files,
	// devices) leaves it true; what could not be read does not.
	Complete bool
	Scanned  Scanned
	Findings []Finding // as Arrange leaves them
	Hidden   int       // findings that are not in the list, for their confidence is below Threshold
	// Threshold is the least confidence of what is in the list, 0 to 1.
	Threshold float64
}

// Scanned counts what was searched.
type Scanned struct {
	Files   int       // files of folders and archives, each as often as it was searched
	Blobs   int       // distinct contents of a history
	Bytes   int64     // of both
	Skipped []Skipped // sorted by path, then reason
}

// Skipped is one thing that was not searched, or not whole.
type Skipped struct {
	Path   string // as Finding.Path
	Reason string // one clause, lower case
}

// Finding is one place of a secret.
type Finding struct {
	Detector string // ID of the detector, kebab-case
	Title    string // what the detector looks for, one sentence
	Path     string // as given on the command line, then below it; with slashes; "./a" and "a" are the same file
	Line     int    // 1-based
	Column   int    // 1-based, in bytes
	EndLine  int    // line of the last byte
	// EndColumn is the column after the last byte, 1-based, in bytes.
	EndColumn int

	// Of a history only: the first commit that had the secret in this file, empty for a file that was read as it lies
	// on disk. Date is RFC 3339.
	Commit, Author, Date string

	Fingerprint string   // see Arrange
	Confidence  float64  // 0 to 1
	Reasons     []string // what the confidence rests on; never part of the value
	Hint        string   // at most the public prefix of the value: "glpat-…"
	// Before is how many findings of the same path and detector stand before this one and are not in the list at all:
	// Arrange counts them.
	Before int
}

// FindingsOptions say for whom findings are written, and by what.
type FindingsOptions struct {
	Options
	Tool         string    // version of nhi-scan, for formats that name their maker
	Began, Ended time.Time // of the search; UTC is written
	// Root is the absolute folder, with slashes, that formats for other tools write paths relative to, where they lie
	// below it: the top folder of the repository. Empty where paths are relative to that already.
	Root string
}

// Arrange sorts findings by path, line, column, detector and commit, and gives each its fingerprint: 128 bits of
// SHA-256 over the path in its shortest form, detector and the ordinal among the findings that share both. It says nothing of the value, for
// there is no key to protect a short one. Hand it all findings, before any is hidden, or those with their Before: else a
// fingerprint would depend on the threshold.
func Arrange(findings []Finding) {
	order := make([]int, len(findings)) // a finding is long to move
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(arranged(&findings[i], &findings[j]), i-j) })
	sorted := make([]Finding, len(findings))
	for i, from := range order {
		sorted[i] = findings[from]
	}
	copy(findings, sorted)
	ordinals := map[[2]string]int{}
	for i := range findings {
		f := &findings[i]
		name := path.Clean(f.Path)
		key := [2]string{name, f.Detector}
		ordinals[key] += f.Before + 1
		sum := sha256.Sum256([]byte(name + "\x00" + f.Detector + "\x00" + strconv.Itoa(ordinals[key])))
		f.Fingerprint = hex.EncodeToString(sum[:16])
	}
}

// arranged compares two findings; later fields only where the earlier are equal, as they hardly ever are.
func arranged(a, b *Finding) int {
	if c := cmp.Or(strings.Compare(a.Path, b.Path), a.Line-b.Line, a.Column-b.Column); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Detector, b.Detector), cmp.Compare(a.Date, b.Date), cmp.Compare(a.Commit, b.Commit),
		a.EndLine-b.EndLine, a.EndColumn-b.EndColumn)
}

// Above leaves out the findings below a confidence, and counts them.
func (f *Findings) Above(confidence float64) {
	all := len(f.Findings)
	f.Findings = slices.DeleteFunc(f.Findings, func(f Finding) bool { return f.Confidence < confidence })
	f.Hidden += all - len(f.Findings)
	f.Threshold = confidence
}

// WriteFindings writes f to w in a format of FindingsFormats. It fails when the format is another, and when w does.
func WriteFindings(w io.Writer, format Format, f *Findings, o FindingsOptions) error {
	switch format {
	case Table:
		return writeFindingsTable(w, f, o)
	case JSON:
		return writeFindingsJSON(w, f)
	case SARIF:
		return writeSARIF(w, f, o)
	case GitLab:
		return writeGitLab(w, f, o)
	case CodeQuality:
		return writeCodeQuality(w, f, o)
	case JUnit:
		return writeJUnit(w, f, o)
	}
	return fmt.Errorf("format %q: want table, json, sarif, gitlab, codequality or junit", string(format))
}

// relative is a path as other tools want it: short, and relative to Root where it lies below it.
func (o *FindingsOptions) relative(name string) string {
	name = path.Clean(name)
	if below, ok := strings.CutPrefix(name, strings.TrimSuffix(o.Root, "/")+"/"); ok && o.Root != "" {
		return below
	}
	return name
}

// severityOf turns confidence into the scale that the formats of other tools have in its place.
func severityOf(confidence float64) string {
	switch {
	case confidence >= 0.8:
		return "critical"
	case confidence >= 0.5:
		return "high"
	}
	return "low"
}
