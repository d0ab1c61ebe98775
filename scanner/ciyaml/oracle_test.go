package ciyaml

import (
	cmp2 "cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestResolve_oracle compares with what gitlab-ci-local makes of the same files: NHI_ORACLE is a folder of its answers,
// made by script/compare-ci-local. It prints the share that is equal, and where the others differ.
func TestResolve_oracle(t *testing.T) {
	answers := os.Getenv("NHI_ORACLE")
	files, _ := filepath.Glob(filepath.Join(answers, "*.yml"))
	if answers == "" || len(files) == 0 {
		t.Skip("no answers of gitlab-ci-local: see script/compare-ci-local")
	}
	equal := 0
	for _, f := range files {
		theirs, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		own := filepath.Join(corpus, filepath.Base(f))
		text, err := os.ReadFile(own)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Resolve(context.Background(), text, ".gitlab-ci.yml", Options{Fetch: besides(t, own)})
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		want, err := Read(theirs, Options{})
		if err != nil {
			t.Errorf("%s: their answer: %v", filepath.Base(f), err)
			continue
		}
		if diff := diffMerged(want, got); diff != "" {
			t.Logf("%s differs (-theirs +ours):\n%s", filepath.Base(f), diff)
			continue
		}
		equal++
	}
	t.Logf("%d of %d files that gitlab-ci-local resolves offline are equal", equal, len(files))
}

// diffMerged compares what both know of the jobs that run on a runner.
func diffMerged(want, got *Config) string {
	return cmp.Diff(comparable(want), comparable(got), cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(Origin{}),
		cmpopts.IgnoreFields(Job{}, "Rules", "Extends", "References", "Globals", "Conditional"))
}

// comparable are the jobs without what the tool treats in its own way: bridges, and the sign that a text is a block.
func comparable(c *Config) []Job {
	var out []Job
	for _, j := range c.Jobs {
		if j.Trigger != nil {
			continue
		}
		for i := range j.Script {
			j.Script[i].Text = strings.TrimSpace(j.Script[i].Text)
		}
		for i := range j.Cache {
			j.Cache[i].Policy = cmp2.Or(j.Cache[i].Policy, "pull-push")
		}
		out = append(out, j)
	}
	return out
}
