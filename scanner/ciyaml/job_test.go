package ciyaml

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// jobOf reads a configuration with one visible job.
func jobOf(t *testing.T, text string) Job {
	t.Helper()
	c := root(t, text)
	if len(c.Jobs) != 1 {
		t.Fatalf("%d jobs in %q, notes %q", len(c.Jobs), text, c.Notes)
	}
	return c.Jobs[0]
}

func TestJob_parts(t *testing.T) {
	const script = "\n  script: [x]\n"
	for name, c := range map[string]struct {
		text string
		want any
		got  func(Job) any
	}{
		"environment_text":  {"j:\n  environment: $CI_COMMIT_REF_SLUG" + script, Environment{Name: "$CI_COMMIT_REF_SLUG"}, func(j Job) any { return j.Environment }},
		"environment_whole": {"j:\n  environment: {name: p, url: u, action: stop, deployment_tier: production, kubernetes: {agent: ops/agent:main}}" + script, Environment{"p", "stop", "production", "u", "ops/agent:main"}, func(j Job) any { return j.Environment }},
		"identity":          {"j:\n  identity: google_cloud" + script, "google_cloud", func(j Job) any { return j.Identity }},
		"when":              {"j:\n  when: manual" + script, "manual", func(j Job) any { return j.When }},
		"only_list":         {"j:\n  only: [main, tags]" + script, []string{"main", "tags"}, func(j Job) any { return j.Only }},
		"only_refs":         {"j:\n  only: {refs: [main], variables: [$X]}\n  except: [schedules]" + script, []string{"main"}, func(j Job) any { return j.Only }},
		"except":            {"j:\n  except: schedules" + script, []string{"schedules"}, func(j Job) any { return j.Except }},
		"needs":             {"j:\n  needs: [a, {job: b, project: g/p, ref: main}, {pipeline: $UP, job: c}]" + script, []Need{{Job: "a"}, {Job: "b", Project: "g/p", Ref: "main"}, {Job: "c", Pipeline: "$UP"}}, func(j Job) any { return j.Needs }},
		"services": {"j:\n  services: [a:1, {name: b, alias: \"db, store\", variables: {PASSWORD: $DB_PASSWORD}}]" + script, []Service{
			{Name: "a:1", Origin: on(2)}, {Name: "b", Aliases: []string{"db", "store"}, Variables: []Variable{variable("PASSWORD", "$DB_PASSWORD", 2, "services")}, Origin: on(2)},
		}, func(j Job) any { return j.Services }},
		"dependencies":       {"j:\n  dependencies: [a, b]" + script, []string{"a", "b"}, func(j Job) any { return j.Dependencies }},
		"dependencies_none":  {"j:\n  dependencies: []" + script, []string{}, func(j Job) any { return j.Dependencies }},
		"dependencies_left":  {"j:" + script, []string(nil), func(j Job) any { return j.Dependencies }},
		"needs_order_only":   {"j:\n  needs: [{job: a, artifacts: false, optional: true}]" + script, []Need{{Job: "a", NoArtifacts: true, Optional: true}}, func(j Job) any { return j.Needs }},
		"artifacts":          {"j:\n  artifacts: {paths: [a, b], exclude: [b/c], untracked: true, reports: {dotenv: x.env}, access: none}" + script, Artifacts{[]string{"a", "b"}, []string{"b/c"}, true, []string{"x.env"}, "none"}, func(j Job) any { return j.Artifacts }},
		"artifacts_private":  {"j:\n  artifacts: {paths: [a], public: false}" + script, Artifacts{Paths: []string{"a"}, Access: "developer"}, func(j Job) any { return j.Artifacts }},
		"cache":              {"j:\n  cache: [{key: {files: [go.sum]}, paths: [a], policy: pull}, {}]" + script, []Cache{{"{files: [go.sum]}", []string{"a"}, "pull"}}, func(j Job) any { return j.Cache }},
		"release":            {"j:\n  release: {tag_name: $CI_COMMIT_TAG, description: x, ref: main}" + script, "$CI_COMMIT_TAG main", func(j Job) any { return j.Release.Tag + " " + j.Release.Ref }},
		"pages_by_name":      {"pages:" + script, true, func(j Job) any { return j.Pages }},
		"pages_by_keyword":   {"j:\n  pages: {publish: dist}" + script, true, func(j Job) any { return j.Pages }},
		"pages_off":          {"pages:\n  pages: false" + script, false, func(j Job) any { return j.Pages }},
		"globals_none":       {"variables: {A: b}\nj:\n  inherit: {variables: false}" + script, 0, func(j Job) any { return len(j.Globals) }},
		"globals_some":       {"variables: {A: b, C: d}\nj:\n  inherit: {variables: [C]}" + script, "C", func(j Job) any { return j.Globals[0].Name }},
		"globals_all":        {"variables: {A: b, C: d}\nj:" + script, 2, func(j Job) any { return len(j.Globals) }},
		"raw_variable":       {"j:\n  variables: {A: {value: a$B, expand: false}}" + script, true, func(j Job) any { return j.Variables[0].Raw }},
		"secret_aws":         {"j:\n  secrets: {S: {aws_secrets_manager: {secret_id: app/db, field: key, region: eu, role_arn: $R}, file: false}}" + script, ExternalSecret{Name: "S", Provider: "aws_secrets_manager", Path: "app/db/key", Role: "$R", Value: true}, func(j Job) any { j.Secrets[0].Origin = Origin{}; return j.Secrets[0] }},
		"secret_aws_text":    {"j:\n  secrets: {S: {aws_secrets_manager: 'app/db#key'}}" + script, ExternalSecret{Name: "S", Provider: "aws_secrets_manager", Path: "app/db#key"}, func(j Job) any { j.Secrets[0].Origin = Origin{}; return j.Secrets[0] }},
		"secret_gitlab":      {"j:\n  secrets: {S: {gitlab_secrets_manager: {name: key}, token: $T}}" + script, ExternalSecret{Name: "S", Provider: "gitlab_secrets_manager", Path: "key", Token: "T"}, func(j Job) any { j.Secrets[0].Origin = Origin{}; return j.Secrets[0] }},
		"default_not_merged": {"default: {id_tokens: {A: {aud: a}}}\nj:\n  id_tokens: {B: {aud: b}}" + script, 1, func(j Job) any { return len(j.IDTokens) }},
	} {
		if diff := cmp.Diff(c.want, c.got(jobOf(t, c.text)), noColumns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestJob_script(t *testing.T) {
	j := jobOf(t, `default:
  hooks: {pre_get_sources_script: [hook]}
  after_script: after
.r: {lines: [c, [d]]}
j:
  before_script: |
    one
    two $A
  script: [a, [b, !reference [.r, lines]]]
`)
	want := []Command{command("hook", 2, "pre_get_sources_script"), command("one\ntwo $A\n", 7, "before_script"), command("a", 9, "script"), command("b", 9, "script"),
		command("c", 4, "script"), command("d", 4, "script"), command("after", 3, "after_script")}
	if diff := cmp.Diff(want, j.Script, noColumns); diff != "" {
		t.Errorf("script (-want +got):\n%s", diff)
	}
	run := jobOf(t, "j:\n  run:\n    - {name: first, script: echo x}\n    - {name: second, step: gitlab.example/ops/step@v1, inputs: {a: $B}}\n    - {name: third, func: {oci: {registry: r.example, tag: v2}}}\n")
	steps := []Step{{Name: "first"}, {Name: "second", Uses: "gitlab.example/ops/step@v1"}, {Name: "third", Uses: "r.example@v2"}}
	if diff := cmp.Diff(steps, run.Steps, cmpopts.IgnoreTypes(Origin{})); diff != "" || len(run.Script) != 1 || run.Script[0].Where != "run" || run.References[0].Name != "B" {
		t.Errorf("script %+v, references %+v, steps (-want +got):\n%s", run.Script, run.References, diff)
	}
}

func TestJob_rules(t *testing.T) {
	j := jobOf(t, "j:\n  rules:\n    - if: $A == \"b\"\n      changes: {paths: [c], compare_to: main}\n      when: manual\n      variables: {V: w}\n    - exists: [d]\n      when: never\n    - [{when: always}]\n  script: [x]\n")
	want := []Rule{
		{If: `$A == "b"`, Changes: []string{"c"}, When: "manual", Variables: []Variable{variable("V", "w", 6, "rules")}, Origin: on(3)},
		{Exists: []string{"d"}, When: "never", Origin: on(7)}, {When: "always", Origin: on(9)},
	}
	if diff := cmp.Diff(want, j.Rules, noColumns); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	c := root(t, "workflow:\n  name: Deploy $X\n  rules: [{if: $B, variables: {C: d}}]\nj: {script: [x]}\n")
	if c.Name != "Deploy $X" || len(c.Rules) != 1 || c.Rules[0].If != "$B" || c.Variables[0].Name != "C" || c.Variables[0].Where != "rules" {
		t.Errorf("workflow %q %+v, variables %+v", c.Name, c.Rules, c.Variables)
	}
}

func TestJob_matrix(t *testing.T) {
	j := jobOf(t, "j:\n  parallel:\n    matrix:\n      - {CLOUD: [x, y], ZONE: [a, b]}\n      - CLOUD: z\n  script: [run]\n")
	var got []string
	for _, row := range j.Matrix {
		var cells []string
		for _, v := range row {
			cells = append(cells, v.Name+"="+v.Value)
		}
		got = append(got, strings.Join(cells, " "))
	}
	if diff := cmp.Diff([]string{"CLOUD=x ZONE=a", "CLOUD=y ZONE=a", "CLOUD=x ZONE=b", "CLOUD=y ZONE=b", "CLOUD=z"}, got); diff != "" {
		t.Errorf("matrix (-want +got):\n%s", diff)
	}
	big := root(t, "j:\n  parallel: {matrix: [{A: [1,2,3,4,5,6,7,8], B: [1,2,3,4,5,6,7,8], C: [1,2,3,4,5,6,7,8]}]}\n  script: [x]\n")
	if len(big.Jobs[0].Matrix) != maxMatrix || len(big.Notes) != 1 {
		t.Errorf("%d jobs of a matrix of 512, notes %q", len(big.Jobs[0].Matrix), big.Notes)
	}
}

// The variants of a matrix with very many variables are not written out.
func TestJob_matrix_bomb(t *testing.T) {
	text := "j:\n  script: [x]\n  parallel:\n    matrix:\n      - A: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]\n"
	for i := range 10_000 {
		text += fmt.Sprintf("        V%d: x\n", i)
	}
	if c, err := own(text); !errors.Is(err, ErrBudget) {
		t.Errorf("Resolve = %v, %v, want ErrBudget", c, err)
	}
}

func TestResolve_columns(t *testing.T) {
	c := root(t, "variables: {Ä: x, B: y}\njob:\n  id_tokens:\n    T: {aud: a}\n  script:\n    - echo $A\n    - |\n      echo $C\n  trigger: {include: [x.yml]}\n")
	j := c.Jobs[0]
	got := map[string]Origin{
		"variable": c.Variables[0].Origin, "job": j.Origin, "token": j.IDTokens[0].Origin, "command": j.Script[0].Origin, "block": j.Script[1].Origin,
		"reference": j.References[0].Origin, "in block": j.References[1].Origin, "trigger": j.Trigger.Origin, "include": j.Trigger.Includes[0].Origin,
	}
	want := map[string]Origin{
		"variable": {Line: 1, Column: 19}, "job": {Line: 2, Column: 1}, "token": {Line: 4, Column: 5}, "command": {Line: 6, Column: 7}, "block": {Line: 8},
		"reference": {Line: 6, Column: 7}, "in block": {Line: 8}, "trigger": {Line: 9, Column: 12}, "include": {Line: 9, Column: 23},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

func TestExpand(t *testing.T) {
	values := map[string]string{"A": "a", "B_1": "b", "EMPTY": ""}
	for text, want := range map[string][2]string{
		"$A/${B_1}/%B_1%x": {"a/b/bx", ""},
		"$$A $EMPTY|":      {"$A |", ""},
		"$NO ${A $A}":      {"$NO ${A a}", "NO"},
		"100% $ ${} %% $":  {"100% $ ${} %% $", ""},
		"":                 {"", ""},
	} {
		got, unknown := expand(text, values)
		if got != want[0] || unknown != want[1] {
			t.Errorf("expand(%q) = %q, %q, want %q", text, got, unknown, want)
		}
	}
}

// Positions take the file along when they come from Resolve.
func TestPositions_of_files(t *testing.T) {
	own := resolved(t, map[string]string{".gitlab-ci.yml": "include: ci.yml\nbuild: {extends: .b, release: {tag_name: v}}\n", "ci.yml": ".b:\n  rules: [{if: $X}]\n  script: [echo $TOKEN]\n"})
	merged, err := Read([]byte("build:\n  extends: .b\n  rules:\n  - if: $X\n  script:\n  - echo $TOKEN\n  release: {tag_name: v}\n.b:\n  script:\n  - echo $TOKEN\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	Positions(own, merged)
	build, via := merged.Jobs[0], []string{".gitlab-ci.yml"}
	got := []Origin{build.Origin, build.Script[0].Origin, build.References[0].Origin, build.Rules[0].Origin}
	want := []Origin{{File: ".gitlab-ci.yml", Line: 2, Column: 1}, {"ci.yml", 3, 12, via}, {"ci.yml", 3, 12, via}, {"ci.yml", 2, 11, via}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}
