package ciyaml

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// corpus holds real pipeline files; it lies beside the repository and is read in place.
const corpus = "../../../shared/corpus/gitlab-ci"

func TestRoot_corpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus, "*.yml"))
	if len(files) == 0 {
		t.Skip("the corpus of pipeline files is not here")
	}
	read, complete, jobs, references := 0, 0, 0, 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Root(text)
		if err != nil {
			t.Logf("%s: %v", filepath.Base(f), err)
			continue
		}
		checkResolved(t, c, map[string]int{"": strings.Count(string(text), "\n") + 1}, 0)
		read++
		jobs += len(c.Jobs)
		if c.Complete {
			complete++
		}
		for _, j := range c.Jobs {
			references += len(j.References)
		}
	}
	t.Logf("%d files, %d read, %d of them complete, %d jobs, %d references", len(files), read, complete, jobs, references)
	if read < len(files)-5 || jobs < 4*len(files) {
		t.Errorf("%d of %d files are read, with %d jobs", read, len(files), jobs)
	}
}

// TestResolve_corpus reads every file of the corpus with what is there of its includes, and prints what came of each.
func TestResolve_corpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus, "*.yml"))
	if len(files) == 0 {
		t.Skip("the corpus of pipeline files is not here")
	}
	complete, partial, failed, missing := 0, 0, 0, map[string]int{}
	var slowest time.Duration
	slow := ""
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		c, err := Resolve(context.Background(), text, ".gitlab-ci.yml", Options{Fetch: besides(t, f)})
		if took := time.Since(start); took > slowest {
			slowest, slow = took, filepath.Base(f)
		}
		switch {
		case err != nil:
			failed++
			t.Logf("failed %s: %v", filepath.Base(f), err)
			continue
		case c.Complete:
			complete++
		default:
			partial++
		}
		checkOrigins(t, c)
		for _, u := range allUnresolved(c) {
			missing[u.Kind]++
			if u.Kind == "local" {
				t.Logf("%s: local %s: %s", filepath.Base(f), u.Location, u.Reason)
			}
		}
		for _, n := range c.Notes {
			t.Logf("%s: %s", filepath.Base(f), n)
		}
	}
	t.Logf("%d files: %d complete, %d in part, %d failed; unresolved includes by kind: %v; slowest %v (%s)", len(files), complete, partial, failed, missing, slowest, slow)
	if failed > 5 || complete < len(files)/2 {
		t.Errorf("of %d files %d are complete, %d failed", len(files), complete, failed)
	}
}

// besides reads the local includes of a corpus file from the folder that has its name.
func besides(t *testing.T, file string) Fetch {
	t.Helper()
	dir := filepath.Join(filepath.Dir(file)+"-includes", strings.TrimSuffix(filepath.Base(file), ".yml"))
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Dir(fstest.MapFS{})
	}
	t.Cleanup(func() { root.Close() })
	return Dir(root.FS())
}

// allUnresolved lists the includes that a configuration and its child pipelines lack.
func allUnresolved(c *Config) []Unresolved {
	out := slices.Clone(c.Unresolved)
	for _, j := range c.Jobs {
		if j.Trigger != nil && j.Trigger.Child != nil {
			out = append(out, allUnresolved(j.Trigger.Child)...)
		}
	}
	return out
}

// checkOrigins holds that all that a job has says where it stands, in a file that was read.
func checkOrigins(t testing.TB, c *Config) {
	t.Helper()
	check := func(what string, o Origin) {
		if o.Line <= 0 || !slices.Contains(c.Files, o.File) || len(o.Via) > 0 && !slices.Contains(c.Files, o.Via[len(o.Via)-1]) {
			t.Errorf("%s is at %+v; files %q", what, o, c.Files)
		}
	}
	for _, j := range slices.Concat(c.Jobs, c.Hidden) {
		check(j.Name, j.Origin)
		for _, s := range j.Script {
			check(j.Name+" "+s.Where, s.Origin)
		}
		for _, r := range j.References {
			check(j.Name+" $"+r.Name, r.Origin)
		}
	}
}
