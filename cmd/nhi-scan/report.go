package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nhiscan/inventory"
	"nhiscan/inventory/store"
	"nhiscan/report"
	"nhiscan/rules"
	"nhiscan/scanner"
)

// addDB adds the flag that names the database.
func addDB(fs *pflag.FlagSet, db *string) {
	fs.StringVar(db, "db", "nhi-scan.db", "database: a `FILE`, or a postgres:// address")
}

type reportFlags struct {
	db, instance, format, out, failOn string
	scan                              int64
}

func newReport(a *app) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Report what the last scan found",
		Long: `report shows the inventory, its gaps, what changed since the scan before, and what could not be seen.
It reads the database and changes nothing; under another policy than the scan's it judges anew, in memory.
With --fail-on it ends with status 1 when gaps reach the severity, and with 4 when the scan saw less than asked.

csv to stdout is one line per credential; with --out DIR it is one file per kind of row.`,
		Example: `  nhi-scan report
  nhi-scan report --format html --out report.html
  nhi-scan report --format csv --out inventory/
  nhi-scan report --format json | jq '.gaps[] | select(.severity == "critical")'
  nhi-scan report --fail-on high`,
		Args: wants(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.printReport(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	addDB(fs, &f.db)
	fs.StringVar(&f.instance, "instance", "", "`NAME` of the instance, where the database holds several")
	fs.Int64Var(&f.scan, "scan", 0, "`NUMBER` of a past scan (default: the last finished one)")
	fs.StringVar(&f.format, "format", "table", "`FORMAT`: table, html, json or csv")
	fs.StringVar(&f.out, "out", "", "`PATH` to write to (default: stdout)")
	fs.StringVar(&f.failOn, "fail-on", "", "exit 1 when there are gaps of this `SEVERITY` or above: info, low, medium, high, critical")
	completes(cmd, "format", "table", "html", "json", "csv")
	completes(cmd, "fail-on", "info", "low", "medium", "high", "critical")
	return cmd
}

func (a *app) printReport(ctx context.Context, f reportFlags) error {
	format := report.Format(f.format)
	if !slices.Contains([]report.Format{report.Table, report.HTML, report.JSON, report.CSV}, format) {
		return usage(fmt.Errorf("--format %q: want table, html, json or csv", f.format), "")
	}
	var threshold inventory.Severity
	if f.failOn != "" {
		var ok bool
		if threshold, ok = inventory.ParseSeverity(f.failOn); !ok {
			return usage(fmt.Errorf("--fail-on %q: want info, low, medium, high or critical", f.failOn), "")
		}
	}
	db, doc, err := a.open(ctx, f.db, f.instance, f.scan)
	if err != nil {
		return err
	}
	defer db.Close()
	if format == report.HTML && a.getenv("GOGC") == "" {
		debug.SetGCPercent(50) // a page needs all rows at hand, packed
	}
	if err := a.write(ctx, format, f.out, doc); err != nil {
		return cannotRun(fmt.Errorf("write report: %w", err), "")
	}
	if threshold == 0 {
		return nil
	}
	// What a scan did not see may hold gaps: a threshold that is asked for is not met by an incomplete scan.
	lists := doc.Lists()
	if visits := unseen(lists); len(visits) > 0 {
		return lessThanAsked(visits, inventory.Failed, inventory.Partial)
	}
	n := countGaps(lists, threshold)
	if err := lists.Err(); err != nil {
		return cannotRun(err, "")
	}
	switch n {
	case 0:
		return nil
	case 1:
		return &exit{code: exitGaps, err: fmt.Errorf("1 gap is %s or above", threshold)}
	default:
		return &exit{code: exitGaps, err: fmt.Errorf("%d gaps are %s or above", n, threshold)}
	}
}

// unseen counts the visits that saw less than asked, by their state.
func unseen(lists report.Lists) map[inventory.State]int {
	visits := map[inventory.State]int{}
	for c := range lists.Coverage() {
		if c.State == inventory.Failed || c.State == inventory.Partial {
			visits[c.State]++
		}
	}
	return visits
}

func countGaps(lists report.Lists, threshold inventory.Severity) int {
	n := 0
	for g := range lists.Gaps() {
		if g.Severity >= threshold {
			n++
		}
	}
	return n
}

// write renders to a file, whole or not at all, or to stdout.
func (a *app) write(ctx context.Context, format report.Format, out string, doc *report.Document) error {
	width, _ := a.terminal(a.stdout)
	o := report.Options{Width: width, Color: out == "" && a.colour(a.stdout)}
	switch {
	case out == "":
		return a.print(ctx, func(w io.Writer) error { return report.Write(w, format, doc, o) })
	case format == report.CSV:
		return report.WriteCSV(out, doc)
	}
	return writeFile(ctx, out, func(w io.Writer) error { return report.Write(w, format, doc, o) })
}

// open opens the database for reading and collects the document of one scan.
func (a *app) open(ctx context.Context, dsn, instance string, scan int64) (*store.Store, *report.Document, error) {
	if err := exists(dsn); err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, dsn, store.Options{Clock: a.now, ReadOnly: true})
	if err != nil {
		return nil, nil, cannotRun(err, "")
	}
	doc, err := a.document(ctx, db, instance, scan)
	if err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return db, doc, nil
}

// exists refuses a database file that is not there: opening would make one.
func exists(dsn string) error {
	if isPostgres(dsn) {
		return nil
	}
	if _, err := os.Stat(dsn); err != nil {
		return cannotRun(fmt.Errorf("no database at %s", dsn), "run nhi-scan scan first, or name the database with --db")
	}
	return nil
}

// document collects what a report says of a scan. What was judged comes from the database too, unless another policy or
// owners file than the scan's is to judge.
func (a *app) document(ctx context.Context, db *store.Store, instance string, number int64) (*report.Document, error) {
	scan, previous, err := pickScan(ctx, db, instance, number)
	if err != nil {
		return nil, err
	}
	doc := &report.Document{
		Scan: scan, Previous: previous, Rules: ruleTexts(), Sources: sourceTexts(), Generated: scan.Began, Tool: "nhi-scan " + version(),
	}
	if scan.Policy != a.config.Policy.Hash() || a.config.Owners != nil {
		err = a.judgeAnew(ctx, db, doc)
	} else {
		err = a.stored(ctx, db, doc)
	}
	if err != nil {
		return nil, cannotRun(err, "")
	}
	return doc, nil
}

// stored leaves the lists in the database.
func (a *app) stored(ctx context.Context, db *store.Store, doc *report.Document) error {
	rows, err := db.Rows(ctx, doc.Scan.Number)
	if err != nil {
		return err
	}
	doc.Stored = rows
	// What passes by is garbage at once, and little stays: collecting half as often saves a sixth of the time.
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
	doc.Verdicts, doc.Measures, err = db.Counts(ctx, doc.Scan.Number)
	return err
}

// pickScan returns the scan with this number, or the last finished one for 0, and the finished one before it.
func pickScan(ctx context.Context, db *store.Store, instance string, number int64) (inventory.Scan, *inventory.Scan, error) {
	latest, err := db.Latest(ctx, instance)
	switch {
	case errors.Is(err, store.ErrNoScan):
		return latest, nil, cannotRun(err, "run nhi-scan scan first")
	case errors.Is(err, store.ErrManyInstances):
		return latest, nil, usage(err, "name one with --instance")
	case err != nil:
		return latest, nil, cannotRun(err, "")
	}
	scans, err := db.Scans(ctx, latest.Instance)
	if err != nil {
		return latest, nil, cannotRun(err, "")
	}
	if number == 0 {
		number = latest.Number
	}
	var previous, found *inventory.Scan
	for i, s := range scans {
		switch {
		case s.State != "finished":
		case s.Number == number:
			found = &scans[i]
		case s.Number < number && (previous == nil || s.Number > previous.Number):
			previous = &scans[i]
		}
	}
	if found == nil {
		return latest, nil, usage(fmt.Errorf("there is no finished scan %d", number), "")
	}
	return *found, previous, nil
}

func ruleTexts() []report.RuleText {
	var texts []report.RuleText
	for _, r := range rules.All() {
		texts = append(texts, report.RuleText{ID: r.ID, Code: r.Code, Title: r.Title, Severity: r.Severity, Why: r.Why, Fix: r.Fix, Refs: r.Refs, Reads: r.Reads})
	}
	return texts
}

func sourceTexts() []report.SourceText {
	var texts []report.SourceText
	for _, s := range scanner.Sources() {
		texts = append(texts, report.SourceText{ID: s.ID, Title: s.Title, Needs: s.Needs.Least()})
	}
	return texts
}

// printSummary prints the table report of a scan that just ended.
func (a *app) printSummary(ctx context.Context, db *store.Store, scan inventory.Scan) error {
	doc, err := a.document(ctx, db, scan.Instance, scan.Number)
	if err != nil {
		return err
	}
	return a.write(ctx, report.Table, "", doc)
}
