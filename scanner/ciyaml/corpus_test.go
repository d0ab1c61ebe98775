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

// TestResolve_corpus reads every file of the corpus with what is there of its includes, and prints what came of each.
func TestResolve_corpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus, "*.yml"))
	if len(files) == 0 {
		t.Skip("the corpus of pipeline files is not here")
	}
	complete, partial, failed, kinds := 0, 0, 0, map[string]int{}
	var slowest, all time.Duration
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fetch, start := besides(t, f), time.Now()
		c, err := Resolve(context.Background(), text, ".gitlab-ci.yml", Options{Fetch: fetch})
		took := time.Since(start)
		all, slowest = all+took, max(slowest, took)
		if err != nil {
			failed++
			t.Logf("failed   %6.1f ms  %s: %v", took.Seconds()*1000, filepath.Base(f), err)
			continue
		}
		checkOrigins(t, c)
		if c.Complete {
			complete++
			continue
		}
		partial++
		why := lacks(c)
		for kind, n := range why {
			kinds[kind] += n
		}
		t.Logf("in part  %6.1f ms  %s: %v", took.Seconds()*1000, filepath.Base(f), why)
	}
	t.Logf("%d files: %d complete, %d in part, %d failed; %d ms in all, the slowest %.1f ms", len(files), complete, partial, failed, all.Milliseconds(), slowest.Seconds()*1000)
	t.Logf("what those in part lack: %v", kinds)
	if failed > 5 || complete < len(files)/2 {
		t.Errorf("of %d files %d are complete, %d failed", len(files), complete, failed)
	}
}

// lacks counts what a configuration and its child pipelines lack: includes by kind, and names that they would bring.
func lacks(c *Config) map[string]int {
	out := map[string]int{}
	for _, u := range c.Unresolved {
		out[u.Kind]++
	}
	for _, n := range c.Notes {
		if strings.HasSuffix(n, "which is not there") {
			out["name"]++
		}
	}
	for _, j := range c.Jobs {
		if j.Trigger != nil && j.Trigger.Child != nil {
			for kind, n := range lacks(j.Trigger.Child) {
				out[kind] += n
			}
		}
	}
	return out
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
