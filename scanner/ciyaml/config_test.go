package ciyaml

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// own reads a file without a name that includes no other.
func own(text string) (*Config, error) {
	return Resolve(context.Background(), []byte(text), "", Options{})
}

func root(t *testing.T, text string) *Config {
	t.Helper()
	c, err := own(text)
	if err != nil {
		t.Fatalf("Resolve(%q) = %v", text, err)
	}
	return c
}

func on(line int) Origin { return Origin{Line: line} }

func variable(name, value string, line int, where string) Variable {
	return Variable{Name: name, Value: value, Where: where, Origin: on(line)}
}

func reference(name string, line int, where string) Reference {
	return Reference{Name: name, Where: where, Origin: on(line)}
}

func command(text string, line int, where string) Command {
	return Command{Text: text, Where: where, Origin: on(line)}
}

// noColumns leaves columns to TestResolve_columns.
var noColumns = cmpopts.IgnoreFields(Origin{}, "Column")

const shop = `stages: [build, deploy]
default:
  image: alpine:3.20
  tags: [linux]
  before_script:
    - echo "$GREETING"
variables:
  GREETING: hello
  REGISTRY: $CI_REGISTRY/$TEAM
  MODE: {value: fast, description: how}

.deploy: &deploy
  stage: deploy
  image:
    name: registry.example/deploy:$VERSION
  variables:
    TARGET: staging
  script: [./deploy.sh]

build:
  services:
    - postgres:16
    - name: redis:7
  script:
    - |
      docker login -u "$CI_REGISTRY_USER"
      docker push ${REGISTRY}/app
    - echo %PATH_STYLE% $$ \$HOME ${LENGTH:-$DEFAULT} $env:POWER
  rules:
    - if: $CI_COMMIT_BRANCH == "main"
      variables: {MODE: slow}

production:
  extends: .deploy
  variables:
    EXTRA: $EXTRA_TOKEN
  environment:
    name: production
    action: start
    deployment_tier: production
  id_tokens:
    AWS_TOKEN:
      aud: [https://sts.example, second]
  secrets:
    DB:
      vault: app/db/password@kv
      token: $AWS_TOKEN
    LONG:
      vault: {engine: {name: kv-v2, path: ops}, path: app, field: key}
    CLOUD:
      azure_key_vault: {name: app-key}
  before_script: []

merged:
  <<: *deploy
  stage: build
  inherit: {default: [image], variables: false}
  script:
    - !reference [.deploy, script]
    - echo $REGISTRY

downstream:
  trigger: {project: ops/deploy, branch: main, include: [{project: a/b, file: [x.yml, y.yml], ref: v1}, child.yml]}
  variables: {PASSED: $SECRET}
`

func TestResolve_alone(t *testing.T) {
	got := root(t, shop)
	want := &Config{
		Complete: true,
		Stages:   []string{"build", "deploy"},
		Variables: []Variable{
			variable("GREETING", "hello", 8, "variables"), variable("MODE", "fast", 10, "variables"), variable("REGISTRY", "$CI_REGISTRY/$TEAM", 9, "variables"),
		},
		Jobs: []Job{
			{
				Name: "build", Origin: on(20), Stage: "test", Image: "alpine:3.20", Services: []Service{{Name: "postgres:16", Origin: on(22)}, {Name: "redis:7", Origin: on(23)}}, Tags: []string{"linux"},
				References: []Reference{
					reference("CI_COMMIT_BRANCH", 30, "rules"), reference("CI_REGISTRY", 9, "variables"), reference("CI_REGISTRY_USER", 26, "script"), reference("DEFAULT", 28, "script"), reference("GREETING", 6, "before_script"),
					reference("LENGTH", 28, "script"), reference("PATH_STYLE", 28, "script"), reference("POWER", 28, "script"), reference("REGISTRY", 27, "script"), reference("TEAM", 9, "variables"),
				},
				Variables: []Variable{variable("MODE", "slow", 31, "rules")},
				Script: []Command{
					command(`echo "$GREETING"`, 6, "before_script"),
					command("docker login -u \"$CI_REGISTRY_USER\"\ndocker push ${REGISTRY}/app\n", 26, "script"),
					command(`echo %PATH_STYLE% $$ \$HOME ${LENGTH:-$DEFAULT} $env:POWER`, 28, "script"),
				},
			},
			{
				Name: "downstream", Origin: on(62), Stage: "test",
				References: []Reference{reference("SECRET", 64, "variables")},
				Trigger: &Trigger{Project: "ops/deploy", Branch: "main", ForwardYAML: true, Origin: on(63), Includes: []Include{
					{Kind: "project", Project: "a/b", Location: "x.yml", Ref: "v1", Origin: on(63)}, {Kind: "project", Project: "a/b", Location: "y.yml", Ref: "v1", Origin: on(63)},
					{Kind: "local", Location: "child.yml", Origin: on(63)},
				}},
				Variables: []Variable{variable("PASSED", "$SECRET", 64, "variables")},
			},
			{
				Name: "merged", Origin: on(54), Stage: "build", Image: "registry.example/deploy:$VERSION",
				References: []Reference{reference("REGISTRY", 60, "script"), reference("VERSION", 15, "image")},
				Variables:  []Variable{variable("TARGET", "staging", 17, "variables")},
				Script:     []Command{command("./deploy.sh", 18, "script"), command("echo $REGISTRY", 60, "script")},
			},
			{
				Name: "production", Origin: on(33), Stage: "deploy", Image: "registry.example/deploy:$VERSION", Tags: []string{"linux"},
				Environment: Environment{Name: "production", Action: "start", Tier: "production"},
				References:  []Reference{reference("AWS_TOKEN", 47, "secrets"), reference("EXTRA_TOKEN", 36, "variables"), reference("VERSION", 15, "image")},
				IDTokens:    []IDToken{{Name: "AWS_TOKEN", Aud: []string{"https://sts.example", "second"}, Origin: on(42)}},
				Secrets: []ExternalSecret{
					{Name: "CLOUD", Provider: "azure_key_vault", Path: "app-key", Origin: on(50)},
					{Name: "DB", Provider: "vault", Path: "app/db/password@kv", Token: "AWS_TOKEN", Origin: on(45)},
					{Name: "LONG", Provider: "vault", Path: "app/key@ops", Origin: on(48)},
				},
				Variables: []Variable{variable("EXTRA", "$EXTRA_TOKEN", 36, "variables"), variable("TARGET", "staging", 17, "variables")},
				Extends:   []string{".deploy"},
				Script:    []Command{command("./deploy.sh", 18, "script")},
			},
		},
	}
	if diff := cmp.Diff(want, got, noColumns, cmpopts.IgnoreFields(Job{}, "Globals", "Rules"), cmpopts.IgnoreFields(Trigger{}, "Child"), cmpopts.IgnoreFields(Config{}, "Complete", "Files")); diff != "" {
		t.Errorf("Resolve(shop) (-want +got):\n%s", diff)
	}
}

// A key with null is as good as none, so the default holds.
func TestResolve_null(t *testing.T) {
	job := root(t, "default: {image: alpine}\nbefore_script: [login]\njob:\n  image:\n  before_script:\n  script: [x]\n").Jobs[0]
	if want := []Command{command("login", 2, "before_script"), command("x", 6, "script")}; job.Image != "alpine" || !cmp.Equal(want, job.Script, noColumns) {
		t.Errorf("image %q, script %v", job.Image, job.Script)
	}
}

func TestResolve_includes(t *testing.T) {
	got := root(t, `include:
  - /ci/build.yml
  - https://files.example/ci.yml
  - local: ci/test.yml
    rules: [{if: $X}]
  - project: ops/ci
    ref: v2
    file: [/a.yml, /b.yml]
  - template: Jobs/SAST.gitlab-ci.yml
  - component: gitlab.example/ops/scan/all@1.2
  - {remote: "https://files.example/x.yml", integrity: sha256-EXAMPLE}
  - {unknown: x}
`)
	want := []Include{
		{Kind: "local", Location: "/ci/build.yml", Origin: on(2)},
		{Kind: "remote", Location: "https://files.example/ci.yml", Origin: on(3)},
		{Kind: "local", Location: "ci/test.yml", Conditional: true, Origin: on(4)},
		{Kind: "project", Project: "ops/ci", Location: "/a.yml", Ref: "v2", Origin: on(6)},
		{Kind: "project", Project: "ops/ci", Location: "/b.yml", Ref: "v2", Origin: on(6)},
		{Kind: "template", Location: "Jobs/SAST.gitlab-ci.yml", Origin: on(9)},
		{Kind: "component", Location: "gitlab.example/ops/scan/all", Ref: "1.2", Origin: on(10)},
		{Kind: "remote", Location: "https://files.example/x.yml", Integrity: "sha256-EXAMPLE", Origin: on(11)},
	}
	if diff := cmp.Diff(want, got.Includes, noColumns, cmpopts.IgnoreFields(Include{}, "Rules")); diff != "" || got.Complete || len(got.Notes) != 1 || len(got.Unresolved) != len(want) {
		t.Errorf("Resolve = complete %v, notes %q, includes (-want +got):\n%s", got.Complete, got.Notes, diff)
	}
}

func TestResolve_incomplete(t *testing.T) {
	deep := ".l0: {script: [x]}\n"
	for i := 1; i <= 12; i++ {
		deep += fmt.Sprintf(".l%d: {extends: .l%d}\n", i, i-1)
	}
	for name, c := range map[string]struct{ text, note string }{
		"extends_elsewhere":    {"a: {extends: .b}", `"a" extends ".b", which is not there`},
		"extends_itself":       {"a: {extends: .b}\n.b: {extends: a}", "extends itself"},
		"extends_too_deep":     {deep + "a: {extends: .l12}", "more than 10 levels"},
		"reference_elsewhere":  {"a: {script: [!reference [.b, script]]}", `!reference to ".b, script"`},
		"reference_circle":     {"a: {script: [!reference [a, script]]}", "circle"},
		"reference_two_circle": {".b: {s: [!reference [.c, s]]}\n.c: {s: [!reference [.b, s]]}\na: {script: [!reference [.b, s]]}", "circle"},
		"inputs":               {"spec: {inputs: {x: {}}}\n---\n\"a$[[ inputs.x ]]\": {script: [x]}", `input "x" has no value`},
	} {
		got := root(t, c.text)
		if got.Complete || !strings.Contains(strings.Join(got.Notes, "\n"), c.note) || len(got.Jobs) == 0 {
			t.Errorf("%s: Resolve = complete %v, %d jobs, notes %q, want incomplete with %q", name, got.Complete, len(got.Jobs), got.Notes, c.note)
		}
	}
}

func TestResolve_missing(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"parent":                    {"a: {extends: .b}", []string{".b"}},
		"parent_beside_a_script":    {"a: {extends: .b, script: [x]}", []string{".b"}},
		"parent_of_a_parent":        {".c: {extends: .b, script: [x]}\na: {extends: [.c, .d]}", []string{".b", ".d"}},
		"nothing_left_to_add":       {"a: {extends: .b, before_script: [y], script: [x]}", nil},
		"job_that_starts_others":    {"a: {extends: .b, trigger: g/p}", nil},
		"reference_in_a_script":     {"a: {before_script: [!reference [.b, script]], script: [x]}", []string{".b script"}},
		"reference_in_the_defaults": {"default: {before_script: [!reference [.b, script]]}\na: {script: [x]}", []string{".b script"}},
		"reference_elsewhere":       {"a: {rules: [!reference [.b, rules]], script: [x]}", nil},
	} {
		if got := root(t, c.text); len(got.Jobs) != 1 || !slices.Equal(got.Jobs[0].Missing, c.want) {
			t.Errorf("%s: Resolve = %+v, want one job that misses %q", name, got.Jobs, c.want)
		}
	}
}

func TestResolve_notes(t *testing.T) {
	got := root(t, "a: {script: [one]}\na: {script: [two]}\nb: text\nc: {stage: x}\n? [x]\n: y\n")
	want := []string{`line 2: key "a" is written twice, first on line 1; the last one counts`, "line 5: a key that is no text is left out", `line 3: "b" is neither a job nor a keyword`, `line 4: "c" has neither script, run nor trigger`}
	if diff := cmp.Diff(want, got.Notes); diff != "" || len(got.Jobs) != 2 || got.Jobs[0].Script[0].Text != "two" {
		t.Errorf("Resolve = %+v, notes (-want +got):\n%s", got.Jobs, diff)
	}
}

func TestResolve_refused(t *testing.T) {
	got := root(t, `include: {local: a.yml, remote: https://files.example/b.yml}
default: {image: a}
image: b
j: {script: x, trigger: g/p}
`)
	want := []string{
		"line 1: an include has local and remote, which GitLab refuses", "line 3: image stands at the top level and in default, which GitLab refuses",
		`line 4: "j" has script and trigger, which GitLab refuses`,
	}
	if diff := cmp.Diff(want, got.Notes); diff != "" {
		t.Errorf("Resolve: notes (-want +got):\n%s", diff)
	}
}

func TestResolve_merge_keys_as_psych(t *testing.T) {
	got := root(t, `.a: &a {image: from-a, stage: from-a}
.b: &b {image: from-b, tags: [b]}
before: {stage: written, <<: *a, script: [x]}
after: {<<: *a, stage: written, script: [x]}
several: {<<: [*a, *b], script: [x]}
`)
	var lines []string
	for _, j := range got.Jobs {
		lines = append(lines, fmt.Sprint(j.Name, " ", j.Stage, " ", j.Image, " ", j.Tags))
	}
	want := []string{"after written from-a []", "before from-a from-a []", "several from-a from-a [b]"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

func TestResolve_matrix(t *testing.T) {
	got := root(t, "a:\n  parallel:\n    matrix:\n      - {CLOUD: [x, y], TOKEN: $A}\n      - CLOUD: z\n  script: [run]\n").Jobs[0]
	want := []Variable{variable("CLOUD", "x", 4, "matrix"), variable("CLOUD", "y", 4, "matrix"), variable("CLOUD", "z", 5, "matrix"), variable("TOKEN", "$A", 4, "matrix")}
	if diff := cmp.Diff(want, got.Variables, noColumns); diff != "" || len(got.References) != 1 || got.References[0].Name != "A" {
		t.Errorf("references %v, variables (-want +got):\n%s", got.References, diff)
	}
}

func TestRead_errors(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	for name, c := range map[string]struct {
		text, want string
		budget     bool
	}{
		"empty":        {"", "empty", false},
		"only_comment": {"# nothing\n", "empty", false},
		"list":         {"- a\n", "not a mapping", false},
		"text":         {"hello", "not a mapping", false},
		"broken":       {"a: [1\nb: }", "not readable as YAML", false},
		"jinja":        {"{% if x %}\na: {script: [{{ y }}]}\n{% endif %}\n", "not readable as YAML", false},
		"control":      {"a: {script: [\"x\x01\"]}", "not readable as YAML", false},
		"binary":       {"\x7fELF\x02\x01\x00\x00", "not readable as YAML", false},
		"nested":       {strings.Repeat("[", 100_000), "not readable as YAML", false},
		"nested_maps":  {"a: " + strings.Repeat("{b: ", 5_000), "not readable as YAML", false},
		"self_alias":   {"a: &a [*a]", "holds itself", false},
		"no_anchor":    {"a: *nope", "not readable as YAML", false},
		"alias_bomb":   {bomb + "job: {script: *i}", "when aliases are followed", true},
		"five_mb":      {"a: " + strings.Repeat("x", 5<<20), "bytes", true},
		"many_nodes":   {"a: [" + strings.Repeat("x,", 1_100_000) + "x]", "nodes", true},
		"many_aliases": {"a: &a x\nb: [" + strings.Repeat("*a ,", 21_000) + "x]", "aliases", true},
		"documents":    {strings.Repeat("--- {a: b}\n", 40), "documents", true},
	} {
		got, err := Read([]byte(c.text), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrBudget) != c.budget || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Read = %v, %v, want an error with %q (budget: %v)", name, got, err, c.want, c.budget)
		}
	}
}

// What nobody uses costs nothing: a bomb beside the jobs is no reason to refuse them.
func TestRead_unused_bomb(t *testing.T) {
	text := ".a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		text += fmt.Sprintf(".%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	if got, err := Read([]byte(text+"job: {script: [x]}"), Options{}); err != nil || len(got.Jobs) != 1 {
		t.Errorf("Read = %v, %v, want the one job", got, err)
	}
}

// Many jobs that share one long text are stopped by what reading it costs.
func TestRead_shared_text(t *testing.T) {
	var text strings.Builder
	text.WriteString("default:\n  before_script:\n    - " + strings.Repeat("x", 2<<20) + "\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "j%d: {script: [x]}\n", i)
	}
	if _, err := Read([]byte(text.String()), Options{}); !errors.Is(err, ErrBudget) {
		t.Errorf("Read = %v, want ErrBudget", err)
	}
}

func TestRead_many_jobs(t *testing.T) {
	var text strings.Builder
	text.WriteString(".base: {script: [x]}\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "j%d: {extends: .base}\n", i)
	}
	if got := root(t, text.String()); len(got.Jobs) != 20_000 || !got.Complete {
		t.Errorf("Resolve = %d jobs, complete %v", len(got.Jobs), got.Complete)
	}
}

func TestPositions(t *testing.T) {
	own := root(t, "include: other.yml\nbuild:\n  variables: {A: x}\n  script:\n    - echo $TOKEN\n    - echo $TOKEN again\n")
	merged, err := Read([]byte("other:\n  script:\n  - echo $TOKEN\nbuild:\n  variables:\n    A: x\n    B: y\n  image: $IMAGE\n  script:\n  - echo $TOKEN\n  - echo $TOKEN again\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	Positions(own, merged)
	build, other := merged.Jobs[0], merged.Jobs[1]
	want := []Reference{reference("IMAGE", 0, "image"), reference("TOKEN", 5, "script"), reference("TOKEN", 6, "script")}
	if diff := cmp.Diff(want, build.References, noColumns); diff != "" || build.Line != 2 || build.Script[1].Line != 6 {
		t.Errorf("build at line %d, script %v, references (-want +got):\n%s", build.Line, build.Script, diff)
	}
	if diff := cmp.Diff([]Variable{variable("A", "x", 3, "variables"), variable("B", "y", 0, "variables")}, build.Variables, noColumns); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	if other.Line != 0 || other.References[0].Line != 0 {
		t.Errorf("a job of an included file is at line %d, its reference at %d, want 0", other.Line, other.References[0].Line)
	}
	Positions(nil, merged)
	if merged.Jobs[0].Line != 0 {
		t.Error("Positions(nil, …) leaves a line")
	}
}

func TestPredefined(t *testing.T) {
	if !slices.IsSorted(predefined) {
		t.Error("predefined is not sorted")
	}
	for name, want := range map[string]bool{"CI_JOB_TOKEN": true, "CI": true, "GITLAB_USER_EMAIL": true, "CI_JOB_JWT_V2": true, "CI_MY_TOKEN": false, "GITLAB_TOKEN": false, "": false} {
		if Predefined(name) != want {
			t.Errorf("Predefined(%q) = %v", name, !want)
		}
	}
}
