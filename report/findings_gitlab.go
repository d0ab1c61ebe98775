package report

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// The GitLab secret detection report, schema 15.2.4.
// Source: https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/blob/v15.2.4/dist/secret-detection-report-format.json
const (
	gitlabVersion = "15.2.4"
	gitlabSchema  = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v15.2.4/dist/secret-detection-report-format.json"
	gitlabTime    = "2006-01-02T15:04:05" // UTC
	// gitlabNoCommit stands for a file that was not read from a commit; the schema requires some.
	gitlabNoCommit = "0000000"
)

type gitlabReport struct {
	Version         string                `json:"version"`
	Schema          string                `json:"schema"`
	Scan            gitlabScan            `json:"scan"`
	Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
}

type gitlabScan struct {
	Analyzer gitlabTool      `json:"analyzer"`
	Scanner  gitlabTool      `json:"scanner"`
	Type     string          `json:"type"`
	Began    string          `json:"start_time"`
	Ended    string          `json:"end_time"`
	Status   string          `json:"status"`
	Messages []gitlabMessage `json:"messages,omitempty"`
}

type gitlabTool struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Version string       `json:"version"`
	Vendor  gitlabVendor `json:"vendor"`
}

type gitlabVendor struct {
	Name string `json:"name"`
}

type gitlabMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type gitlabVulnerability struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Severity    string             `json:"severity"`
	Solution    string             `json:"solution"`
	Identifiers []gitlabIdentifier `json:"identifiers"`
	Location    gitlabLocation     `json:"location"`
	Details     map[string]any     `json:"details"`
	Tracking    gitlabTracking     `json:"tracking"`
}

type gitlabIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
	URL   string `json:"url,omitempty"`
}

type gitlabLocation struct {
	File      string       `json:"file"`
	StartLine int          `json:"start_line"`
	EndLine   int          `json:"end_line"`
	Commit    gitlabCommit `json:"commit"`
}

type gitlabCommit struct {
	Sha    string `json:"sha"`
	Author string `json:"author,omitempty"`
	Date   string `json:"date,omitempty"`
}

type gitlabTracking struct {
	Type  string               `json:"type"`
	Items []gitlabTrackingItem `json:"items"`
}

type gitlabTrackingItem struct {
	File       string            `json:"file"`
	StartLine  int               `json:"start_line"`
	EndLine    int               `json:"end_line"`
	Signatures []gitlabSignature `json:"signatures"`
}

type gitlabSignature struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

func writeGitLab(w io.Writer, f *Findings, o FindingsOptions) error {
	tool := gitlabTool{ID: "nhi-scan", Name: "nhi-scan", Version: orUnknown(o.Tool), Vendor: gitlabVendor{"nhi-scan"}}
	r := gitlabReport{
		Version: gitlabVersion, Schema: gitlabSchema, Vulnerabilities: []gitlabVulnerability{},
		Scan: gitlabScan{
			Analyzer: tool, Scanner: tool, Type: "secret_detection", Status: "success",
			Began: o.Began.UTC().Format(gitlabTime), Ended: o.Ended.UTC().Format(gitlabTime),
		},
	}
	level := "info"
	if !f.Complete { // GitLab then does not take what is missing for fixed
		r.Scan.Status, level = "failure", "warn"
	}
	for _, s := range f.Scanned.Skipped {
		r.Scan.Messages = append(r.Scan.Messages, gitlabMessage{level, clean(o.relative(s.Path), nameMax) + ": " + clean(s.Reason, textMax)})
	}
	for _, x := range f.Findings {
		r.Vulnerabilities = append(r.Vulnerabilities, vulnerability(x, o.relative(x.Path)))
	}
	return indented(w, r)
}

func vulnerability(f Finding, name string) gitlabVulnerability {
	commit := gitlabCommit{Sha: f.Commit, Author: clean(f.Author, nameMax), Date: f.Date}
	if commit.Sha == "" {
		commit.Sha = gitlabNoCommit
	}
	file := clean(name, 0)
	return gitlabVulnerability{
		ID: uuidOf(f.Fingerprint), Name: clean(orUnknown(f.Title), nameMax),
		Description: clean(describe(f), 0), Severity: map[string]string{"critical": "Critical", "high": "High", "low": "Low"}[severityOf(f.Confidence)],
		Solution: advice,
		Identifiers: []gitlabIdentifier{
			{Type: "nhi_scan_detector", Name: "nhi-scan detector " + clean(f.Detector, nameMax), Value: clean(f.Detector, nameMax)},
			{Type: "cwe", Name: "CWE-798", Value: "798", URL: "https://cwe.mitre.org/data/definitions/798.html"},
		},
		Location: gitlabLocation{File: file, StartLine: f.Line, EndLine: f.EndLine, Commit: commit},
		Details: map[string]any{
			"confidence": map[string]string{"type": "text", "name": "Confidence", "value": fmt.Sprintf("%.2f", f.Confidence)},
		},
		Tracking: gitlabTracking{Type: "source", Items: []gitlabTrackingItem{{
			File: file, StartLine: f.Line, EndLine: f.EndLine,
			Signatures: []gitlabSignature{{Algorithm: "nhi_scan_place", Value: f.Fingerprint}},
		}}},
	}
}

// uuidOf writes a fingerprint in the form of a UUID of the free version 8 (RFC 9562).
func uuidOf(fingerprint string) string {
	b, err := hex.DecodeString(fingerprint)
	if err != nil || len(b) != 16 {
		return orUnknown(fingerprint)
	}
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// The severities of GitLab's Code Quality artifact are info, minor, major, critical and blocker.
// Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
type codeQualityIssue struct {
	Description string              `json:"description"`
	CheckName   string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"`
	Severity    string              `json:"severity"`
	Location    codeQualityLocation `json:"location"`
}

type codeQualityLocation struct {
	Path  string           `json:"path"`
	Lines codeQualityLines `json:"lines"`
}

type codeQualityLines struct {
	Begin int `json:"begin"`
	End   int `json:"end"`
}

func writeCodeQuality(w io.Writer, f *Findings, o FindingsOptions) error {
	issues := []codeQualityIssue{}
	for _, x := range f.Findings {
		issues = append(issues, codeQualityIssue{
			Description: clean(describe(x), 0), CheckName: clean(x.Detector, nameMax), Fingerprint: x.Fingerprint,
			Severity: map[string]string{"critical": "blocker", "high": "critical", "low": "minor"}[severityOf(x.Confidence)],
			Location: codeQualityLocation{clean(o.relative(x.Path), 0), codeQualityLines{x.Line, x.EndLine}},
		})
	}
	return indented(w, issues)
}

func indented(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

// moment writes a time for formats that want RFC 3339.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
