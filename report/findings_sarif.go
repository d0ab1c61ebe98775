package report

import (
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// sarifFingerprint names the place of a finding, not its value.
const sarifFingerprint = "nhiScanPlace/v1"

// writeSARIF writes one run. What was not searched is a notification of its invocation.
func writeSARIF(w io.Writer, f *Findings, o FindingsOptions) error {
	driver := sarif.NewToolComponent().WithName("nhi-scan").WithVersion(orUnknown(o.Tool))
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(driver))
	// Columns count bytes, as most tools in fact do; SARIF knows no such kind, and on ASCII lines they are the same.
	run.WithColumnKind("unicodeCodePoints")
	index := map[string]int{}
	for i := range f.Findings {
		x := &f.Findings[i]
		n, known := index[x.Detector]
		if !known {
			n = len(index)
			index[x.Detector] = n
			driver.AddRule(sarif.NewRule(clean(x.Detector, nameMax)).
				WithShortDescription(sarif.NewMultiformatMessageString().WithText(clean(orUnknown(x.Title), nameMax))).
				WithHelp(sarif.NewMultiformatMessageString().WithText(advice)))
		}
		run.AddResult(sarifResult(x, o.relative(x.Path)).WithRuleIndex(n))
	}
	invocation := sarif.NewInvocation().WithExecutionSuccessful(f.Complete).
		WithStartTimeUtc(moment(o.Began)).WithEndTimeUtc(moment(o.Ended))
	level := "note"
	if !f.Complete {
		level = "warning"
	}
	for _, s := range f.Scanned.Skipped {
		invocation.AddToolExecutionNotification(sarif.NewNotification().WithLevel(level).
			WithMessage(sarif.NewTextMessage("not searched: " + clean(s.Reason, textMax))).
			AddLocation(sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().
				WithArtifactLocation(sarif.NewArtifactLocation().WithURI(uriOf(o.relative(s.Path)))))))
	}
	report := sarif.NewReport()
	report.AddRun(run.AddInvocation(invocation))
	return report.PrettyWrite(w)
}

func sarifResult(x *Finding, name string) *sarif.Result {
	region := sarif.NewRegion().WithStartLine(x.Line).WithStartColumn(x.Column).WithEndLine(x.EndLine).WithEndColumn(x.EndColumn)
	place := sarif.NewPhysicalLocation().WithRegion(region).
		WithArtifactLocation(sarif.NewArtifactLocation().WithURI(uriOf(name)))
	level := map[string]string{"critical": "error", "high": "error", "low": "note"}[severityOf(x.Confidence)]
	reasons := []string{}
	for _, r := range x.Reasons {
		reasons = append(reasons, clean(r, textMax))
	}
	more := sarif.NewPropertyBag().Add("confidence", rounded(x.Confidence)).Add("reasons", reasons)
	if x.Hint != "" {
		more.Add("hint", x.Hint)
	}
	if x.Commit != "" {
		more.Add("commit", x.Commit).Add("author", clean(x.Author, nameMax)).Add("date", x.Date)
	}
	return sarif.NewRuleResult(clean(x.Detector, nameMax)).WithLevel(level).
		WithMessage(sarif.NewTextMessage(clean(describe(*x), 0))).
		AddLocation(sarif.NewLocation().WithPhysicalLocation(place)).
		WithPartialFingerprints(map[string]string{sarifFingerprint: x.Fingerprint}).
		WithRank(100 * rounded(x.Confidence)).
		WithProperties(more)
}

// uriOf makes a path a URI reference: absolute paths are file URIs, others stay relative.
func uriOf(name string) string {
	var parts []string
	for p := range strings.SplitSeq(path.Clean(name), "/") {
		parts = append(parts, url.PathEscape(p))
	}
	uri := strings.Join(parts, "/")
	switch {
	case strings.HasPrefix(uri, "/"):
		return "file://" + uri
	case strings.Contains(parts[0], ":"): // would read as a scheme
		return "./" + uri
	}
	return uri
}
