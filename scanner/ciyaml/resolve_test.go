package ciyaml

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// project makes a folder of files.
func project(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// resolved reads the root file of a project with its local includes.
func resolved(t testing.TB, files map[string]string) *Config {
	t.Helper()
	const root = ".gitlab-ci.yml"
	c, err := Resolve(context.Background(), []byte(files[root]), root, Options{Fetch: Dir(project(files))})
	if err != nil {
		t.Fatalf("Resolve(%v) = %v", files, err)
	}
	return c
}

// shown is a job in one line.
func shown(j Job) string {
	var script []string
	for _, c := range j.Script {
		script = append(script, strings.TrimSpace(c.Text))
	}
	return fmt.Sprintf("%s %s [%s] @%s:%d", j.Name, j.Image, strings.Join(script, "; "), j.File, j.Line)
}

func reasons(c *Config) []string {
	var out []string
	for _, u := range c.Unresolved {
		out = append(out, fmt.Sprintf("%s %s: %s", u.Kind, u.Location, cutParser(u.Reason)))
	}
	return out
}

// cutParser leaves out what the YAML parser says: its words change with its version.
func cutParser(reason string) string {
	const ours = "not readable as YAML"
	if strings.HasPrefix(reason, ours) {
		return ours
	}
	return reason
}

func TestResolve_local(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml":  "include: [ci/a.yml, {local: /ci/jobs/*.yml}, '**/x.yml', '.gitlab*.yml']\nbuild:\n  extends: .base\n  image: root\n",
		"ci/a.yml":        "include: /ci/b.yml\n.base:\n  image: a\n  script: [from a]\nlint: {script: [lint]}\n",
		"ci/b.yml":        "default: {tags: [b]}\n.base:\n  image: b\n  before_script: [from b]\n",
		"ci/jobs/x.yml":   "x: {script: [x]}\nlint: {image: later}\n",
		"ci/jobs/y.yaml":  "y: {script: [y]}\n",
		"ci/jobs/z/z.yml": "z: {script: [z]}\n",
	})
	var got []string
	for _, j := range c.Jobs {
		got = append(got, shown(j)+" "+fmt.Sprint(j.Tags))
	}
	want := []string{
		"build root [from b; from a] @.gitlab-ci.yml:2 [b]",
		"lint later [lint] @ci/jobs/x.yml:2 [b]",
		"x  [x] @ci/jobs/x.yml:1 [b]",
	}
	if diff := cmp.Diff(want, got); diff != "" || !c.Complete {
		t.Errorf("Resolve = complete %v, unresolved %q, notes %q, jobs (-want +got):\n%s", c.Complete, reasons(c), c.Notes, diff)
	}
	before := c.Jobs[0].Script[0]
	if diff := cmp.Diff(Origin{"ci/b.yml", 4, 19, []string{".gitlab-ci.yml", "ci/a.yml"}}, before.Origin); diff != "" {
		t.Errorf("origin of before_script (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{".gitlab-ci.yml", "ci/a.yml", "ci/b.yml", "ci/jobs/x.yml"}, c.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestResolve_unresolved(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"outside.yml": "a: {script: [x]}", "in/broken.yml": "a: [", "in/list.yml": "- a", "in/loop.yml": "include: loop.yml\nb: {script: [x]}"} {
		if err := os.MkdirAll(dir+"/in", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../outside.yml", dir+"/in/link.yml"); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir + "/in")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	text := `include:
  - ../outside.yml
  - /a/../../outside.yml
  - link.yml
  - missing.yml
  - broken.yml
  - list.yml
  - loop.yml
  - script.sh
  - $WHERE/x.yml
  - https://files.example/ci.yml
  - {project: ops/ci, file: a.yml}
  - {template: Jobs/SAST.gitlab-ci.yml}
  - {component: gitlab.example/ops/scan/all@1.2}
job: {script: [x]}
`
	c, err := Resolve(context.Background(), []byte(text), "root.yml", Options{Fetch: Dir(root.FS())})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"local ../outside.yml: leads out of the project",
		"local /a/../../outside.yml: leads out of the project",
		"local link.yml: cannot be read: path escapes from parent",
		"local missing.yml: no such file in the project",
		"local broken.yml: not readable as YAML",
		"local list.yml: not a mapping of jobs",
		"local loop.yml: loop.yml includes itself",
		"local script.sh: its name ends neither in .yml nor in .yaml",
		"local $WHERE/x.yml: its place holds $WHERE, whose value is not known",
		"remote https://files.example/ci.yml: lies on a web server, which is not asked",
		"project a.yml: lies in another project, ops/ci",
		"template Jobs/SAST.gitlab-ci.yml: is a template of GitLab itself",
		"component gitlab.example/ops/scan/all: is a component of another project",
	}
	if diff := cmp.Diff(want, reasons(c)); diff != "" || c.Complete {
		t.Errorf("Resolve = complete %v, unresolved (-want +got):\n%s", c.Complete, diff)
	}
	if len(c.Jobs) != 2 || c.Jobs[0].Name != "b" {
		t.Errorf("jobs %+v, want b and job", c.Jobs)
	}
}

func TestResolve_expandedPlace(t *testing.T) {
	c, err := Resolve(t.Context(), []byte("include: {project: $CI_PROJECT_ROOT_NAMESPACE/ci, ref: $OTHER, file: a.yml}"), "x.yml", Options{
		Variables: map[string]string{"CI_PROJECT_ROOT_NAMESPACE": "shop"},
	})
	if err != nil || len(c.Includes) != 1 || c.Includes[0].Project != "shop/ci" || c.Includes[0].Ref != "$OTHER" {
		t.Errorf("Resolve = %+v, %v, want an include of shop/ci at $OTHER", c, err)
	}
}
