package ciyaml

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResolve_schema_examples reads what GitLab keeps to test its own schema of pipeline files. Those that the schema
// refuses are read as far as they go: a file that GitLab would not run may hold a secret all the same.
func TestResolve_schema_examples(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/gitlab/ci-yaml/*/*.yml")
	if len(files) == 0 {
		t.Skip("GitLab's examples are not here")
	}
	// What the examples hold, so that a part which is no longer read is noticed.
	want := map[string]int{"tokens": 4, "secrets": 19, "children": 10, "includes": 15, "inputs": 10}
	got := map[string]int{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Resolve(context.Background(), text, filepath.Base(f), Options{})
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		checkOrigins(t, c)
		got["includes"] += len(c.Includes)
		for _, j := range c.Jobs {
			got["tokens"] += len(j.IDTokens)
			got["secrets"] += len(j.Secrets)
			if j.Trigger != nil {
				got["inputs"] += len(j.Trigger.Inputs)
				for _, i := range j.Trigger.Includes {
					got["inputs"] += len(i.Inputs)
				}
				if j.Trigger.Child != nil {
					got["children"]++
				}
			}
			for _, s := range j.Secrets {
				if (s.Provider == "" || s.Path == "") && strings.Contains(f, "positive") {
					t.Errorf("%s: secret of %s: %+v", filepath.Base(f), j.Name, s)
				}
			}
		}
		t.Logf("%s: %d jobs, %q", filepath.Base(f), len(c.Jobs), c.Notes)
	}
	t.Logf("%v", got)
	for what, n := range want {
		if got[what] < n {
			t.Errorf("%d %s, want at least %d", got[what], what, n)
		}
	}
}
