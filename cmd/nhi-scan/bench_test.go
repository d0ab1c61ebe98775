package main

import (
	"bytes"
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/store"
	"nhiscan/scanner"
)

// BenchmarkFigures prints the table of docs/performance.md; script/bench runs it and says with which variables. Each
// figure starts a simulated GitLab and nhi-scan as processes of their own. It fails on a count that is above its target,
// never on a time.
func BenchmarkFigures(b *testing.B) {
	if os.Getenv("NHI_BENCH_PROGRAM") == "" {
		b.Skip("run it by script/bench, which builds the program that it measures")
	}
	figures := []struct {
		name string
		run  func(*testing.B, io.Writer)
	}{
		{"requests", requestFigures}, {"rate", rateFigure}, {"python", pythonFigure}, {"large", largeFigures}, {"reports", reportsFigure},
	}
	only := strings.Fields(os.Getenv("NHI_BENCH_ONLY"))
	for _, f := range figures {
		if len(only) > 0 && !slices.Contains(only, f.name) {
			continue
		}
		b.Run(f.name, func(b *testing.B) {
			table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintln(os.Stdout)
			f.run(b, table)
			_ = table.Flush()
			b.ReportMetric(0, "ns/op") // one run is no average
		})
	}
}

// amount is a size that a variable may change, for a quicker look.
func amount(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return usual
}

// spent is what a program's run took.
type spent struct {
	wall, cpu time.Duration
	peak      int64 // resident memory in bytes
}

func (s spent) row() string {
	return fmt.Sprintf("%.1f s\t%.1f s\t%d MB\t", s.wall.Seconds(), s.cpu.Seconds(), s.peak>>20)
}

// measure runs a program to its end. A scan that saw less than asked is fine: not every token sees everything.
func measure(b *testing.B, token, name string, args ...string) (spent, []byte) {
	b.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "NHI_SCAN_TOKEN="+token)
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	err := cmd.Run()
	s := spent{wall: time.Since(began)}
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitIncomplete) {
		b.Fatalf("%s %s: %v\n%s", filepath.Base(name), args[0], err, errs.String())
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = r.Maxrss << 10 // Linux counts KB
	}
	return s, out.Bytes()
}

// scanned runs one scan. Later args win.
func scanned(b *testing.B, s *simulator, role, db string, args ...string) spent {
	b.Helper()
	args = append([]string{"scan", "--quiet", "--gitlab", s.URL, "--instance", "bench", "--db", db, "--history", "none", "--rate", "0"}, args...)
	took, _ := measure(b, s.Tokens[role], os.Getenv("NHI_BENCH_PROGRAM"), args...)
	return took
}

// requestFigures counts requests per project by role and source, with all sources, and holds them to their targets.
func requestFigures(b *testing.B, w io.Writer) {
	n := amount("NHI_BENCH_PROJECTS", 200)
	s := startSimulator(b, simulatorWorld{Projects: n, Repos: true})
	s.requests(b)
	targets := map[string]float64{"admin": 12, "group-owner": 16}
	bySource := map[string]map[string]int{}
	total := "all\t"
	for _, role := range benchRoles() {
		db := filepath.Join(b.TempDir(), "inventory.db")
		scanned(b, s, role, db, "--history", "full")
		asked := s.requests(b)
		homes := checkSources(b, db, role, bySource)
		per := float64(asked) / float64(homes)
		total += fmt.Sprintf("%.2f\t", per)
		b.ReportMetric(per, role+"-requests/project")
		if most, ok := targets[role]; ok && per > most {
			b.Errorf("as %s: %.2f requests per project, want at most %.0f", role, per, most)
		}
		for _, counts := range bySource {
			asked -= counts[role]
		}
		count(bySource, "(who the token is)")[role] += asked
		for _, counts := range bySource {
			counts[role] = counts[role] * 1000 / homes
		}
	}
	fmt.Fprintf(w, "Requests per project, %d projects, by source; git is not counted\n", n)
	fmt.Fprintln(w, "source\tadmin\tgroup owner\tmaintainer\t")
	for _, id := range sortedBy(bySource, "admin") {
		fmt.Fprintf(w, "%s\t", id)
		for _, role := range benchRoles() {
			fmt.Fprintf(w, "%.2f\t", float64(bySource[id][role])/1000)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, total)
}

func count(bySource map[string]map[string]int, source string) map[string]int {
	if bySource[source] == nil {
		bySource[source] = map[string]int{}
	}
	return bySource[source]
}

func sortedBy(bySource map[string]map[string]int, role string) []string {
	var ids []string
	for id, counts := range bySource {
		if counts["admin"]+counts["group-owner"]+counts["maintainer"] > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, c string) int {
		return cmp.Or(cmp.Compare(bySource[c][role], bySource[a][role]), cmp.Compare(a, c))
	})
	return ids
}

// checkSources fails unless every source of the catalogue was visited, and none failed or broke off; as an
// administrator none may be denied either. It returns the number of projects and adds up the requests.
func checkSources(b *testing.B, db, role string, bySource map[string]map[string]int) (projects int) {
	b.Helper()
	st, err := store.Open(b.Context(), db, store.Options{Clock: time.Now, ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	scan, err := st.Latest(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	snap, err := st.Snapshot(b.Context(), scan.Number)
	if err != nil {
		b.Fatal(err)
	}
	visited := map[string]bool{}
	for _, c := range snap.Coverage {
		visited[c.Source] = true
		count(bySource, c.Source)[role] += c.Requests
		bad := c.State == inventory.Failed || c.State == inventory.Partial || role == "admin" && c.State == inventory.Denied
		if bad {
			b.Errorf("as %s: source %s of %s is %s: %s", role, c.Source, c.Home, c.State, c.Reason)
		}
	}
	for _, s := range scanner.Sources() {
		if !visited[s.ID] {
			b.Errorf("as %s: source %s was not visited", role, s.ID)
		}
	}
	for _, h := range snap.Homes {
		if h.Kind == inventory.ProjectHome {
			projects++
		}
	}
	return projects
}

// rateFigure scans at a permitted rate. Time beyond requests / rate is time in which the tool kept GitLab waiting.
func rateFigure(b *testing.B, w io.Writer) {
	const rate = 50
	n := amount("NHI_BENCH_RATE_PROJECTS", 100)
	s := startSimulator(b, simulatorWorld{Projects: n, Latency: 20 * time.Millisecond})
	s.requests(b)
	took := scanned(b, s, "admin", filepath.Join(b.TempDir(), "inventory.db"), "--rate", strconv.Itoa(rate))
	asked := s.requests(b)
	ideal := float64(asked) / rate
	fmt.Fprintf(w, "Time at a permitted rate of %d requests/s, %d projects, 20 ms per answer\n", rate, n)
	fmt.Fprintln(w, "requests\trequests / rate\twall time\tratio\ttarget\t")
	fmt.Fprintf(w, "%d\t%.1f s\t%.1f s\t%.2f\t1.15\t\n", asked, ideal, took.wall.Seconds(), took.wall.Seconds()/ideal)
	b.ReportMetric(took.wall.Seconds()/ideal, "wall/ideal")
}

// pythonFigure compares with python-gitlab reading the lists of a share of the projects one by one.
func pythonFigure(b *testing.B, w io.Writer) {
	n, share := amount("NHI_BENCH_PYTHON_PROJECTS", 1000), amount("NHI_BENCH_PYTHON_SHARE", 25)
	script := filepath.Join("..", "..", "script", "bench_python.py")
	s := startSimulator(b, simulatorWorld{Projects: n, Latency: 20 * time.Millisecond})
	s.requests(b)
	ours := scanned(b, s, "admin", filepath.Join(b.TempDir(), "inventory.db"))
	asked := s.requests(b)
	fmt.Fprintf(w, "%d projects, 20 ms per answer, no rate limit\n", n)
	fmt.Fprintln(w, "program\trequests\twall time\tprocessor\tresident\t")
	fmt.Fprintf(w, "nhi-scan\t%d\t%s\n", asked, ours.row())
	if err := exec.Command("/usr/bin/python3", "-c", "import gitlab").Run(); err != nil {
		fmt.Fprintln(w, "python-gitlab\tnot installed (Debian: python3-gitlab)\t")
		return
	}
	theirs, _ := measure(b, s.Tokens["admin"], "/usr/bin/python3", script, s.URL, strconv.Itoa(share))
	whole := theirs.wall * time.Duration(share)
	fmt.Fprintf(w, "python-gitlab, every %dth project\t%d\t%s\n", share, s.requests(b), theirs.row())
	ratio := whole.Seconds() / ours.wall.Seconds()
	fmt.Fprintf(w, "ratio for all projects\t\t%.1f (target 10)\t\n", ratio)
	b.ReportMetric(ratio, "x-python-gitlab")
}

// largeFigures scans 10,000 projects with 100,000 credentials twice and reports on them. NHI_BENCH_KEEP names a file that
// the database is copied to after the first scan.
func largeFigures(b *testing.B, w io.Writer) {
	n := amount("NHI_BENCH_LARGE_PROJECTS", 10_000)
	s := startSimulator(b, simulatorWorld{Projects: n})
	dir := b.TempDir()
	db := filepath.Join(dir, "inventory.db")
	fmt.Fprintf(w, "%d projects with %d credentials, no latency, no rate limit, no history\n", n, 10*n)
	fmt.Fprintln(w, "\trequests\twall time\tprocessor\tresident\tsize\t")
	s.requests(b)
	for i, name := range []string{"first scan", "second scan, nothing changed"} {
		took := scanned(b, s, "admin", db)
		if keep := os.Getenv("NHI_BENCH_KEEP"); keep != "" && i == 0 {
			copyFile(b, db, keep)
		}
		fmt.Fprintf(w, "%s\t%d\t%s%d MB\t\n", name, s.requests(b), took.row(), size(b, db)>>20)
		b.ReportMetric(float64(took.peak)/1e6, "scan-MB")
	}
	reports(b, w, db, 3)
	written(b, w, db)
}

// reportsFigure reports on a database at hand, NHI_BENCH_DB, and ends its only scan anew.
func reportsFigure(b *testing.B, w io.Writer) {
	db := os.Getenv("NHI_BENCH_DB")
	if db == "" {
		return
	}
	fmt.Fprintf(w, "%s, %d MB\n", filepath.Base(db), size(b, db)>>20)
	fmt.Fprintln(w, "\t\twall time\tprocessor\tresident\tsize\t")
	reports(b, w, db, 1)
	fmt.Fprintf(w, "end of a scan: owners, rules, results\t\t%s\n", finished(b, db).row())
}

// reports writes every format and prints the run of middle length.
func reports(b *testing.B, w io.Writer, db string, times int) {
	b.Helper()
	dir := b.TempDir()
	for _, format := range []string{"json", "html", "table", "csv"} {
		var runs []spent
		out := filepath.Join(dir, "report."+format)
		args := []string{"report", "--db", db, "--format", format}
		if format == "html" || format == "json" {
			args = append(args, "--out", out)
		}
		var text []byte
		for range times {
			var took spent
			took, text = measure(b, "", os.Getenv("NHI_BENCH_PROGRAM"), args...)
			runs = append(runs, took)
		}
		slices.SortFunc(runs, func(x, y spent) int { return cmp.Compare(x.wall, y.wall) })
		bytes := int64(len(text))
		if bytes == 0 {
			bytes = size(b, out)
		}
		fmt.Fprintf(w, "report --format %s\t\t%s%.1f MB\t\n", format, runs[times/2].row(), float64(bytes)/1e6)
	}
}

func size(b *testing.B, path string) int64 {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// written counts what the second scan of an unchanged world wrote: nothing but what the scan says of itself.
func written(b *testing.B, w io.Writer, db string) {
	b.Helper()
	d, err := sql.Open(sqliteName(), "file:"+db+"?mode=ro")
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	fmt.Fprintln(w, "\nRows written by the second scan of an unchanged world\t")
	for _, t := range []struct{ table, where string }{
		{"version", "from_scan = 2 OR to_scan = 2"}, {"sighting", "from_scan = 2 OR to_scan = 2"}, {"coverage", "from_scan = 2"},
		{"volatile", "scan = 2"}, {"result", "from_scan = 2 OR to_scan = 2"}, {"event", "scan = 2"},
	} {
		var rows, all int
		if err := d.QueryRow("SELECT count(*) FILTER (WHERE "+t.where+"), count(*) FROM "+t.table).Scan(&rows, &all); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(w, "%s\t%d of %d\t\n", t.table, rows, all)
		if rows > 0 && (t.table == "version" || t.table == "sighting") {
			b.Errorf("the second scan wrote %d rows to %s, want none", rows, t.table)
		}
	}
}
