package report

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
)

//go:embed web
var web embed.FS

// The pieces of the one style and the one script, in the order in which they are joined.
var (
	styles  = []string{"base", "section", "inventory", "narrow", "print"}
	scripts = []string{"data", "filter", "rows", "sort", "identity", "main"}
)

// writeHTML writes one file that needs no network: style, script and data stand in it, and its policy lets nothing else in.
func writeHTML(w io.Writer, d *Document, o Options) error {
	v, err := newView(d, o)
	if err != nil {
		return err
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"number": number, "clean": func(s string) string { return clean(s, nameMax) }, "text": func(s string) string { return clean(s, textMax) },
		"page": pageLink,
	}).ParseFS(web, "web/html/*.tmpl")
	if err != nil {
		return fmt.Errorf("parse the page templates: %w", err)
	}
	style, err := joined("css", styles)
	if err != nil {
		return err
	}
	script, err := joined("js", scripts)
	if err != nil {
		return err
	}
	script = "(function () {\n\"use strict\";\n" + script + "}());\n"
	p := v.htmlPage()
	p.Style, p.Script = template.CSS(style), template.JS(script)
	p.Policy = "default-src 'none'; style-src " + sourceHash(style) + "; script-src " + sourceHash(script) + "; base-uri 'none'; form-action 'none'"
	out := bufio.NewWriterSize(w, 1<<16)
	if err := t.ExecuteTemplate(out, "head", p); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if err := cmp.Or(p.islands.write(out), v.lists.Err()); err != nil {
		return fmt.Errorf("write the data of the page: %w", err)
	}
	if err := t.ExecuteTemplate(out, "foot", p); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return out.Flush()
}

func joined(kind string, names []string) (string, error) {
	var b bytes.Buffer
	for _, n := range names {
		text, err := web.ReadFile("web/" + kind + "/" + n + "." + kind)
		if err != nil {
			return "", fmt.Errorf("read the page's %s: %w", kind, err)
		}
		b.Write(text)
	}
	return b.String(), nil
}

// sourceHash names a text in a content security policy. Source: https://www.w3.org/TR/CSP3/#grammardef-hash-source
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pageLink is where the page of an identity or credential opens, with the script and without.
func pageLink(id string) template.URL { return template.URL("#id=" + url.PathEscape(id)) }

// shellQuote makes a text one word of a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// htmlPage is what the templates read.
type htmlPage struct {
	*view
	Style   template.CSS
	Script  template.JS
	Policy  string
	islands *islands

	Header       []fact
	Nav          []navItem
	Coverage     coverageSection
	Answers      []answerSection
	Also         []measureRow
	Governed     *answerSection
	First        []action
	Changes      []toneSection
	Rules        []ruleSection
	Quiet        string // counts the rules without gaps and unknowns
	GapSentence  string
	Rows         []htmlRow // the first plainRows
	Total        int       // rows in the inventory
	Listed       int       // rows in the page
	Plain        []htmlDetail
	Expiry       *expirySection
	Reuse        []reuseRow
	ReuseLine    string
	Offboarding  []offboarding
	OffboardLine string
	Method       []fact
	Measures     []measureRow
}

type navItem struct{ ID, Title string }

func (v *view) htmlPage() *htmlPage {
	cov := v.coverage()
	rows := newRowTally(v)
	gaps := v.tallyGaps(rows.addGap)
	for r := range v.rows() {
		rows.add(r)
	}
	p := &htmlPage{view: v, Total: len(rows.listed), Header: v.header(cov), Coverage: coverageBars(cov), Method: method()}
	p.Answers, p.Governed, p.Also = v.answerSections(rows)
	p.First = v.actions(gaps)
	if v.Previous != nil {
		p.Changes = v.toneSections()
	}
	p.Rules, p.Quiet = v.ruleSections(gaps, cov)
	p.GapSentence = gaps.sentence() + ", " + cov.Examined()
	p.islands = v.islands(rows.listed)
	p.Listed = len(p.islands.rows)
	p.Rows = v.plainRows(p.islands.rows)
	p.Plain = v.plainDetails(p.islands)
	p.Expiry = rows.expiry.section()
	p.Reuse, p.ReuseLine = v.reuse()
	p.Offboarding, p.OffboardLine = v.offboarding()
	p.Measures = v.measureRows()
	p.Nav = p.nav()
	return p
}

func (p *htmlPage) nav() []navItem {
	all := []struct {
		navItem
		exists bool
	}{
		{navItem{"coverage", "Coverage"}, true},
		{navItem{"answers", "Three answers"}, len(p.Answers) > 0},
		{navItem{"first", "What to do first"}, len(p.First) > 0},
		{navItem{"changes", "What changed"}, p.Previous != nil},
		{navItem{"gaps", "Gaps by rule"}, len(p.Rules) > 0 || len(p.Verdicts) > 0},
		{navItem{"inventory", "Inventory"}, p.Total > 0},
		{navItem{"expiry", "Expiry"}, p.Expiry != nil},
		{navItem{"reuse", "Reuse"}, p.ReuseLine != ""},
		{navItem{"offboarding", "Offboarding"}, p.OffboardLine != ""},
		{navItem{"method", "Method"}, true},
	}
	var out []navItem
	for _, n := range all {
		if n.exists {
			out = append(out, n.navItem)
		}
	}
	return out
}

// Has reports whether a section is in the page.
func (p *htmlPage) Has(id string) bool {
	for _, n := range p.Nav {
		if n.ID == id {
			return true
		}
	}
	return false
}

// When says when the scan ran.
func (p *htmlPage) When() string {
	s := minute(p.Scan.Began)
	if p.Scan.Ended != nil {
		s += " to " + p.Scan.Ended.UTC().Format("15:04")
	}
	return s + " UTC"
}

// header says over what, by whom, with what, compared with what.
func (v *view) header(cov coverage) []fact {
	s := v.Scan
	gitlab := "GitLab " + orUnknown(clean(strings.TrimSpace(s.Version+" "+s.Edition), 80))
	facts := []fact{
		{"Instance", gitlab + "; " + count(cov.Projects.Listed, "project", "projects") + " in " + count(cov.Groups.Listed, "group", "groups") + " listed. " + v.scope()},
		{"Scanned as", v.scannedAs()},
		{"Tool", strings.Join(nonEmpty(clean(v.Tool, 80), prefixed("rules ", s.RulePack), prefixed("policy ", short(s.Policy)), number(s.Requests)+" requests", took(s)), ", ")},
	}
	if v.Previous == nil {
		return append(facts, fact{"Compared with", "nothing: this is the first finished scan"})
	}
	return append(facts, fact{"Compared with", "scan " + number(int(v.Previous.Number)) + " of " + minute(v.Previous.Began)})
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + clean(s, 80)
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
