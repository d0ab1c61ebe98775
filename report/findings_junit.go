package report

import (
	"encoding/xml"
	"fmt"
	"io"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
	Error   *junitFailure `xml:"error"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit makes every finding a failed test case. The first case is the search itself: it fails with an error when
// it was not complete, so that an empty list of findings is never taken for a clean one.
func writeJUnit(w io.Writer, f *Findings, o FindingsOptions) error {
	search := junitCase{Class: "nhi-scan", Name: "everything that was asked for was searched"}
	suite := junitSuite{Name: "nhi-scan detect", Tests: 1 + len(f.Findings), Failures: len(f.Findings), Stamp: o.Began.UTC().Format(gitlabTime)}
	if !f.Complete {
		suite.Errors = 1
		e := junitFailure{Message: fmt.Sprintf("%s not searched", number(len(f.Scanned.Skipped))), Type: "incomplete"}
		for _, s := range f.Scanned.Skipped {
			e.Text += clean(o.relative(s.Path), nameMax) + ": " + clean(s.Reason, textMax) + "\n"
		}
		search.Error = &e
	}
	suite.Cases = append(suite.Cases, search)
	for _, x := range f.Findings {
		name := fmt.Sprintf("%s in line %d, column %d", clean(x.Detector, nameMax), x.Line, x.Column)
		if x.Commit != "" {
			name += fmt.Sprintf(" of commit %.12s", x.Commit)
		}
		suite.Cases = append(suite.Cases, junitCase{
			Class: clean(o.relative(x.Path), 0), Name: name, File: clean(o.relative(x.Path), 0),
			Failure: &junitFailure{Message: clean(describe(x), 0), Type: clean(x.Detector, nameMax), Text: advice},
		})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{suite}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
