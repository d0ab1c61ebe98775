package ciyaml

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// served answers includes from a map of "kind project@ref location".
func served(files map[string]string) Fetch {
	return func(_ context.Context, i Include) ([]File, error) {
		text, ok := files[fmt.Sprintf("%s %s@%s %s", i.Kind, i.Project, i.Ref, i.Location)]
		if !ok {
			return nil, errors.New("not served")
		}
		f := File{Name: i.Location, Text: []byte(text)}
		if i.Kind == "component" {
			f.Ref, f.Version = "c0ffee", "1.2.7"
		}
		return []File{f}, nil
	}
}

// A file's local includes lie in its own project at its own ref, wherever the root lies.
func TestResolve_projects(t *testing.T) {
	body := "remote: {script: [remote]}\ninclude: other.yml\n"
	sum := sha256.Sum256([]byte(body))
	files := served(map[string]string{
		"project ops/ci@v2 /build.yml":               "include: [/parts/a.yml, {project: lib/x, file: x.yml}]\nbuild: {script: [build]}\n",
		"local ops/ci@v2 /parts/a.yml":               "include: parts/b.yml\na: {script: [a]}\n",
		"local ops/ci@v2 parts/b.yml":                "b: {script: [b]}\n",
		"project lib/x@ x.yml":                       "include: y.yml\nx: {script: [x]}\n",
		"local lib/x@ y.yml":                         "y: {script: [y]}\n",
		"remote @ https://files.example/ci.yml":      body,
		"remote @ https://files.example/changed.yml": "changed: {script: [changed]}\n",
		"component @1.2 gitlab.example/ops/scan/all": "spec: {inputs: {stage: {}}, component: [name, version, sha]}\n---\ninclude: [/lib/c.yml]\n\"$[[ inputs.stage ]] $[[ component.name ]] $[[ component.version ]] $[[ component.sha ]]\": {script: [scan]}\n",
		"local ops/scan@c0ffee /lib/c.yml":           "c: {script: [c]}\n",
		"template @ Jobs/Build.gitlab-ci.yml":        "template: {script: [template]}\n",
	})
	root := fmt.Sprintf(`include:
  - {project: $HOME_GROUP/ci, ref: v2, file: [/build.yml]}
  - {remote: https://files.example/ci.yml, integrity: sha256-%s}
  - {remote: https://files.example/changed.yml, integrity: sha256-%s}
  - {component: $CI_SERVER_FQDN/ops/scan/all@1.2, inputs: {stage: test}}
  - template: Jobs/Build.gitlab-ci.yml
`, base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]))
	c, err := Resolve(context.Background(), []byte(root), ".gitlab-ci.yml", Options{
		Fetch: files, Variables: map[string]string{"HOME_GROUP": "ops", "CI_SERVER_FQDN": "gitlab.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var jobs []string
	for _, j := range c.Jobs {
		jobs = append(jobs, j.Name)
	}
	want := []string{"a", "b", "build", "c", "remote", "template", "test all 1.2.7 c0ffee", "x", "y"}
	if diff := cmp.Diff(want, jobs); diff != "" {
		t.Errorf("jobs (-want +got):\n%s\nnotes %q", diff, c.Notes)
	}
	left := []string{
		"local other.yml: stands in a file that lies in no project",
		"remote https://files.example/changed.yml: its content does not match the include's integrity",
	}
	if diff := cmp.Diff(left, reasons(c)); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

func TestResolve_own_component(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml":              "include:\n  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/scan@$CI_COMMIT_SHA\n    inputs: {stage: test}\n  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/other@1.0\n",
		"templates/scan/template.yml": "spec: {inputs: {stage: {}}, component: [name]}\n---\ninclude: /more.yml\n\"$[[ component.name ]] $[[ inputs.stage ]]\": {script: [x]}\n",
		"more.yml":                    "more: {script: [x]}\n",
	})
	if len(c.Jobs) != 2 || c.Jobs[1].Name != "scan test" || len(c.Unresolved) != 1 {
		t.Errorf("jobs %+v, unresolved %q", c.Jobs, reasons(c))
	}
}

func TestResolve_conditional(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml": `include:
  - {local: base.yml}
  - {local: main.yml, rules: [{if: $CI_COMMIT_BRANCH == "main", changes: [a/*]}]}
  - {local: tag.yml, rules: [{if: $CI_COMMIT_TAG, exists: {paths: [x]}}]}
  - {local: tag.yml, rules: [{if: $AGAIN}]}
  - {local: never.yml, rules: [{if: $X, when: never}]}
other: {script: [other]}
`,
		"base.yml":   "deploy: {script: [by default], image: base, tags: [base]}\n",
		"main.yml":   "include: nested.yml\ndeploy: {script: [to $PRODUCTION]}\n",
		"tag.yml":    "deploy: {script: [release], image: tag}\n",
		"nested.yml": "nested: {script: [nested]}\n",
	})
	deploy, nested, other := c.Jobs[0], c.Jobs[1], c.Jobs[2]
	if got, want := shown(deploy), "deploy tag [release; to $PRODUCTION; by default] @base.yml:1"; got != want {
		t.Errorf("deploy is %q, want %q: what any branch brings", got, want)
	}
	if len(deploy.References) != 1 || deploy.References[0].File != "main.yml" {
		t.Errorf("deploy names %+v, want PRODUCTION in main.yml", deploy.References)
	}
	if deploy.Conditional || !nested.Conditional || other.Conditional {
		t.Errorf("conditional: deploy %v, nested %v, other %v, want nested alone", deploy.Conditional, nested.Conditional, other.Conditional)
	}
	if rule := c.Includes[1].Rules[0]; rule.If != `$CI_COMMIT_BRANCH == "main"` || len(rule.Changes) != 1 || !c.Includes[1].Conditional {
		t.Errorf("the include's rule is %+v", rule)
	}
	if !c.Complete || len(c.Files) != 6 {
		t.Errorf("complete %v, files %q, want all but never.yml", c.Complete, c.Files)
	}
}

func TestResolve_children(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml": `start:
  trigger:
    include:
      - local: child.yml
        inputs: {name: web}
    strategy: depend
    forward: {pipeline_variables: true, yaml_variables: false}
made:
  trigger: {include: [{artifact: made.yml, job: generate}]}
elsewhere:
  trigger: {project: ops/deploy, branch: main, inputs: {level: [a, b]}}
`,
		"child.yml":      "spec: {inputs: {name: {}}}\n---\n\"$[[ inputs.name ]]\": {script: [run]}\nagain: {trigger: {include: grandchild.yml}}\n",
		"grandchild.yml": "deep: {script: [deep]}\ntoo deep: {trigger: {include: child.yml}}\n",
	})
	elsewhere, made, start := c.Jobs[0].Trigger, c.Jobs[1].Trigger, c.Jobs[2].Trigger
	if elsewhere.Child != nil || elsewhere.Inputs[0].Value != "[a, b]" || elsewhere.Project != "ops/deploy" {
		t.Errorf("elsewhere = %+v", elsewhere)
	}
	if diff := cmp.Diff([]string{`artifact made.yml: is made by job "generate" when the pipeline runs`}, reasons(made.Child)); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if start.ForwardYAML || !start.ForwardPipeline || start.Strategy != "depend" {
		t.Errorf("start = %+v", start)
	}
	again, web := start.Child.Jobs[0], start.Child.Jobs[1]
	if web.Name != "web" || web.File != "child.yml" || len(web.Via) != 1 {
		t.Errorf("job of the child is %+v", web)
	}
	deep := again.Trigger.Child
	if len(deep.Jobs) != 2 || deep.Jobs[1].Trigger.Child != nil || len(deep.Notes) != 1 || c.Complete {
		t.Errorf("grandchild: %d jobs, notes %q; root complete %v", len(deep.Jobs), deep.Notes, c.Complete)
	}
}

func TestResolve_hidden(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml": `.alias: &alias {script: [x]}
.merged: &merged {script: [x]}
.extended: {extends: .below, script: [x]}
.below: {before_script: [x]}
.referenced: {script: [x]}
.by-default: {before_script: [x]}
.unused: {extends: .only-unused, script: [$TOKEN]}
.only-unused: {secrets: {S: {vault: a/b/c@kv}}}
.settings: {image: x}
default: {before_script: !reference [.by-default, before_script]}
one: {extends: .extended}
two: {<<: *merged}
three: {script: !reference [.referenced, script]}
four: *alias
`,
	})
	var got []string
	for _, j := range c.Hidden {
		got = append(got, j.Name)
	}
	if diff := cmp.Diff([]string{".only-unused", ".unused"}, got); diff != "" {
		t.Errorf("hidden (-want +got):\n%s", diff)
	}
}

// A file that parent and child include gives each its hidden jobs: those that only the other uses are no jobs of its own.
func TestResolve_hiddenInChildren(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml": "include: shared.yml\none: {extends: .parents}\nstart: {trigger: {include: child.yml}}\n",
		"child.yml":      "include: shared.yml\ntwo: {extends: .childs}\n",
		"shared.yml":     ".parents: {script: [x]}\n.childs: {script: [x]}\n.nobodys: {script: [x]}\n",
	})
	for name, config := range map[string]*Config{"parent": c, "child": c.Jobs[1].Trigger.Child} {
		if len(config.Hidden) != 1 || config.Hidden[0].Name != ".nobodys" {
			t.Errorf("%s: hidden = %+v, want .nobodys alone", name, config.Hidden)
		}
	}
}

func TestResolve_limits(t *testing.T) {
	many := map[string]string{"x.yml": "x: {script: [x]}\n"}
	many[".gitlab-ci.yml"] = "include: [" + strings.TrimSuffix(strings.Repeat("x.yml, ", 1000), ", ") + "]\n"
	c := resolved(t, many)
	if len(c.Files) != 151 || len(c.Unresolved) != 850 || !strings.Contains(c.Unresolved[0].Reason, "more than 150") || len(c.Jobs) != 1 {
		t.Errorf("1,000 includes: %d files, %d unresolved, %d jobs", len(c.Files), len(c.Unresolved), len(c.Jobs))
	}
	// Each file includes the next twice: 2^40 files without a limit.
	twice := map[string]string{}
	for i := range 40 {
		name := fmt.Sprintf("f%d.yml", i)
		if i == 0 {
			name = ".gitlab-ci.yml"
		}
		twice[name] = fmt.Sprintf("include: [f%d.yml, f%d.yml]\nj%d: {script: [x]}\n", i+1, i+1, i)
	}
	twice["f40.yml"] = "last: {script: [x]}\n"
	if c := resolved(t, twice); len(c.Files) != 151 || len(c.Jobs) != 41 || c.Complete {
		t.Errorf("includes that double: %d files, %d jobs, complete %v", len(c.Files), len(c.Jobs), c.Complete)
	}
	circle := map[string]string{".gitlab-ci.yml": "include: a.yml\nj: {script: [x]}\n", "a.yml": "include: b.yml\n", "b.yml": "include: [a.yml, .gitlab-ci.yml]\n"}
	if diff := cmp.Diff([]string{"local a.yml: a.yml includes itself", "local .gitlab-ci.yml: .gitlab-ci.yml includes itself"}, reasons(resolved(t, circle))); diff != "" {
		t.Errorf("a circle (-want +got):\n%s", diff)
	}
}

func TestResolve_ends(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	fetch := func(context.Context, Include) ([]File, error) {
		cancel(reason)
		return []File{{Name: "x.yml", Text: []byte("x: {script: [x]}")}}, nil
	}
	if c, err := Resolve(ctx, []byte("include: [x.yml, y.yml]"), "root.yml", Options{Fetch: fetch}); !errors.Is(err, reason) {
		t.Errorf("Resolve = %v, %v, want %v", c, err, reason)
	}
	bomb := "include: x.yml\n.a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf(".%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	if _, err := Resolve(context.Background(), []byte(bomb+"job: {script: *i}"), "root.yml", Options{}); !errors.Is(err, ErrBudget) {
		t.Errorf("Resolve(bomb) = %v, want ErrBudget", err)
	}
	files := map[string]string{".gitlab-ci.yml": "include: [bomb.yml, big.yml, nul.yml, jinja.yml, deep.yml]\nj: {script: [x]}", "bomb.yml": bomb, "big.yml": "a: {script: [" + strings.Repeat("x", 5<<20) + "]}",
		"nul.yml": "a: \x00", "jinja.yml": "{% if x %}\na: {script: [{{ y }}]}\n{% endif %}\n", "deep.yml": strings.Repeat("[", 10_000)}
	if c := resolved(t, files); len(c.Jobs) != 1 || len(c.Unresolved) != 5 { // bomb.yml itself is harmless, its include is not there
		t.Errorf("%d jobs, unresolved %q", len(c.Jobs), reasons(c))
	}
}

func TestMatches(t *testing.T) {
	names := []string{"b.yml", "a/x.yml", "a/y.yml", "a/b/z.yml", "a/x.yaml", "ab.yml"}
	for pattern, want := range map[string][]string{
		"a/*.yml":    {"a/x.yml", "a/y.yml"},
		"/a/**.yml":  {"a/b/z.yml", "a/x.yml", "a/y.yml"},
		"a/**/*.yml": {"a/b/z.yml"},
		"*.yml":      {"ab.yml", "b.yml"},
		"**":         {"a/b/z.yml", "a/x.yaml", "a/x.yml", "a/y.yml", "ab.yml", "b.yml"},
		"a.*":        nil,
	} {
		if diff := cmp.Diff(want, Matches(pattern, names)); diff != "" {
			t.Errorf("Matches(%q) (-want +got):\n%s", pattern, diff)
		}
	}
}

func TestReleaseOf(t *testing.T) {
	releases := []string{"1.0.0", "v1.2.10", "1.2.9", "2.0.0-rc1", "1.10.1", "nightly", "2024-01"}
	for version, want := range map[string]string{
		"~latest": "1.10.1", "1": "1.10.1", "1.2": "v1.2.10", "1.2.9": "1.2.9", "2": "", "nightly": "nightly", "2.0.0-rc1": "2.0.0-rc1", "c0ffee": "", "": "", "1.x": "",
	} {
		if got := ReleaseOf(version, releases); got != want {
			t.Errorf("ReleaseOf(%q) = %q, want %q", version, got, want)
		}
	}
	host, project, name := Component("gitlab.example/ops/deep/scan/all")
	if host != "gitlab.example" || project != "ops/deep/scan" || name != "all" {
		t.Errorf("Component = %q, %q, %q", host, project, name)
	}
}
