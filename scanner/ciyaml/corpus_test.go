package ciyaml

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		checkConfig(t, string(text), c)
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

// checkConfig holds what every configuration keeps.
func checkConfig(t testing.TB, text string, c *Config) {
	t.Helper()
	most := strings.Count(text, "\n") + 1
	line := func(what string, n int) {
		if n < 0 || n > most {
			t.Fatalf("%s is on line %d of %d", what, n, most)
		}
	}
	for i, j := range c.Jobs {
		line(j.Name, j.Line)
		if i > 0 && c.Jobs[i-1].Name >= j.Name || strings.HasPrefix(j.Name, ".") {
			t.Fatalf("job %q is not in order, or hidden", j.Name)
		}
		for k, r := range j.References {
			line(r.Name, r.Line)
			if nameLength(r.Name) != len(r.Name) || r.Name == "" || k > 0 && j.References[k-1].compare(r) >= 0 {
				t.Fatalf("job %q: reference %+v", j.Name, r)
			}
		}
		for _, s := range j.Script {
			line(s.Text, s.Line)
		}
		for _, v := range j.Variables {
			line(v.Name, v.Line)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{shop, "", "a: &a\n  <<: *a\n", "a: {script: !reference [a, script]}", "? !reference [x]\n: y", "a: {extends: [b, c, a]}", "---\nspec: {}\n---\na: {script: |\n  $X\n  %Y%}", "include: [[[x]]]\ndefault: 3\nvariables: [x]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		own, err := Root(text)
		if err == nil {
			checkConfig(t, string(text), own)
		}
		merged, err := Read(text, Options{Nodes: 10_000, Aliases: 100, Depth: 50})
		if err != nil {
			return
		}
		checkConfig(t, string(text), merged)
		Positions(own, merged)
		checkConfig(t, string(text), merged)
	})
}
