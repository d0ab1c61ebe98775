package ciyaml

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"nhiscan/scanner/gitlabtest"
)

// TestResolve_merged compares with merged.yml of each case, which is what gitlab-ci-local 4.72.0 printed for its files
// (script/compare-ci-local runs it): data, never the output of this package.
func TestResolve_merged(t *testing.T) {
	cases, _ := filepath.Glob("testdata/merged/*.txtar")
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, f := range archive.Files {
			files[f.Name] = string(f.Data)
		}
		want, err := Read([]byte(files["merged.yml"]), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := resolved(t, files)
		if differing := compareJobs(want.Jobs, got.Jobs); len(differing) > 0 || len(want.Jobs) < 3 || !got.Complete {
			t.Errorf("%s: complete %v, notes %q, differs:\n%s", name, got.Complete, got.Notes, strings.Join(differing, "\n"))
		}
		stages := slices.DeleteFunc(want.Stages, func(s string) bool { return s == ".pre" || s == ".post" })
		if got.Stages != nil && !slices.Equal(stages, got.Stages) {
			t.Errorf("%s: stages %q, want %q", name, got.Stages, stages)
		}
		if diff := cmp.Diff(want.Variables, got.Variables, cmpopts.IgnoreTypes(Origin{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: variables (-want +got):\n%s", name, diff)
		}
	}
}

// What the simulated server says of a project's configuration is frozen data too: every job of the project's own file
// is in it as it is here.
func TestResolve_worlds(t *testing.T) {
	compared := 0
	for _, name := range gitlabtest.EmbeddedNames() {
		world, err := gitlabtest.Embedded(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range world.Projects {
			if p.CI == nil || p.CI.MergedYAML == "" || p.Repository == nil {
				continue
			}
			files := map[string]string{}
			for _, c := range p.Repository.Commits {
				if c.Branch != "" && c.Branch != p.Repository.DefaultBranch {
					continue
				}
				for path, text := range c.Files {
					files[path] = text
				}
			}
			want, err := Read([]byte(p.CI.MergedYAML), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := resolved(t, files)
			for _, d := range compareJobs(want.Jobs, got.Jobs) {
				if !strings.HasSuffix(d, "theirs alone") { // a policy of the world adds it
					t.Errorf("%s of world %s: %s", p.Path, name, d)
				}
			}
			compared += len(got.Jobs)
		}
	}
	if compared == 0 {
		t.Error("no world has a merged configuration")
	}
}
