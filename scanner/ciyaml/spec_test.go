package ciyaml

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// included reads a file that a root includes with inputs, in YAML's flow style.
func included(t *testing.T, file, with string) *Config {
	t.Helper()
	root := "include:\n  - local: file.yml\n"
	if with != "" {
		root += "    inputs: " + with + "\n"
	}
	return resolved(t, map[string]string{".gitlab-ci.yml": root, "file.yml": file})
}

func TestInputs(t *testing.T) {
	file := `spec:
  inputs:
    job: {description: which job, default: scan}
    level: {type: number, default: 3}
    fast: {type: boolean, default: false}
    extra: {type: array, default: []}
    target: {options: [staging, production], regex: "^[a-z]+$"}
    settings: {type: array, default: [{a: 1}, x]}
---
"$[[ inputs.job ]]-$[[inputs.target]]":
  image: tool:$[[ inputs.level ]]
  allow_failure: $[[ inputs.fast ]]
  tags: $[[ inputs.extra ]]
  needs: ["$[[ inputs.extra ]]", last, "build: [$[[ matrix.CLOUD ]]]"]
  script:
    - before
    - $[[ inputs.extra ]]
    - run --target "$[[ inputs.target | truncate(0,4) ]]" $[[ inputs.extra ]] $[[ inputs.settings ]]
    - |
      login
      use $TOKEN at $[[ inputs.target ]]
`
	c := included(t, file, `{target: production, extra: [one, two], level: 4}`)
	if len(c.Jobs) != 1 {
		t.Fatalf("%d jobs, unresolved %q, notes %q", len(c.Jobs), reasons(c), c.Notes)
	}
	j := c.Jobs[0]
	var needs []string
	for _, n := range j.Needs {
		needs = append(needs, n.Job)
	}
	got := []string{shown(j), fmt.Sprint(j.Tags), strings.Join(needs, "; ")}
	want := []string{
		"scan-production tool:4 [before; one; two; run --target \"prod\" [one, two] [{a: 1}, x]; login\nuse $TOKEN at production] @file.yml:10",
		"[one two]", "one; two; last; build: [$[[ matrix.CLOUD ]]]",
	}
	if diff := cmp.Diff(want, got); diff != "" || !c.Complete || len(c.Notes) > 0 {
		t.Errorf("complete %v, notes %q, job (-want +got):\n%s", c.Complete, c.Notes, diff)
	}
	if len(j.References) == 0 || j.References[0].Line != 21 || j.Script[1].File != ".gitlab-ci.yml" {
		t.Errorf("TOKEN is on line %d, the command of the input in %s", j.References[0].Line, j.Script[1].File)
	}
	if in := c.Includes[0].Inputs; len(in) != 3 || in[1].Value != "[one, two]" {
		t.Errorf("the include hands over %+v", in)
	}
}

func TestInputs_of_root(t *testing.T) {
	c := root(t, `spec:
  inputs:
    env: {options: [staging, production], default: staging, description: where}
    user: {}
    sizes: {type: array, default: [1, 2]}
    later: {default: null}
---
"to $[[ inputs.env ]]": {script: ["x $[[ inputs.user ]]"]}
`)
	want := []Input{
		{Name: "env", Type: "string", Default: "staging", Options: []string{"staging", "production"}, Origin: on(3)},
		{Name: "user", Type: "string", Mandatory: true, Origin: on(4)},
		{Name: "sizes", Type: "array", Default: "[1, 2]", Origin: on(5)},
		{Name: "later", Type: "string", Mandatory: true, Origin: on(6)},
	}
	if diff := cmp.Diff(want, c.Inputs, noColumns); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if c.Jobs[0].Name != "to staging" || c.Jobs[0].Script[0].Text != "x $[[ inputs.user ]]" || c.Complete {
		t.Errorf("complete %v, job %+v", c.Complete, c.Jobs[0])
	}
}

func TestInputs_notes(t *testing.T) {
	const use = "\n---\na: {script: [\"x$[[ inputs.a ]]\"]}\n"
	for name, c := range map[string]struct {
		spec, with, note, script string
	}{
		"no_value":        {"{a: {}}", "", `input "a" has no value`, "x$[[ inputs.a ]]"},
		"not_declared":    {"{a: {default: y}}", "{b: c}", `input "b" is given to file.yml, which does not take it`, "xy"},
		"wrong_type":      {"{a: {type: number}}", "{a: three}", `input "a" is no number`, "xthree"},
		"string_from_int": {"{a: {}}", "{a: 3}", `input "a" is no string`, "x3"},
		"none_of_options": {"{a: {options: [b, c]}}", "{a: d}", `input "a" is none of its options`, "xd"},
		"regex":           {"{a: {regex: ^v\\d}}", "{a: w1}", `input "a" does not match its regex`, "xw1"},
	} {
		got := included(t, "spec: {inputs: "+c.spec+"}"+use, c.with)
		if script := got.Jobs[0].Script[0].Text; !strings.Contains(strings.Join(got.Notes, "\n"), c.note) || script != c.script {
			t.Errorf("%s: script %q, notes %q, want %q, %q", name, script, got.Notes, c.script, c.note)
		}
	}
	got := included(t, "a: {script: [x]}\n", "{a: b}")
	if want := []string{".gitlab-ci.yml line 3: inputs are given to file.yml, which takes none"}; !cmp.Equal(want, got.Notes) {
		t.Errorf("notes %q, want %q", got.Notes, want)
	}
	// Without a header, a block is a text like any other.
	if got := root(t, "a: {script: ['[[ $[[ inputs.x ]] ]]']}"); !got.Complete || got.Jobs[0].Script[0].Text != "[[ $[[ inputs.x ]] ]]" {
		t.Errorf("complete %v, %+v", got.Complete, got.Jobs[0])
	}
}

func TestInputs_functions(t *testing.T) {
	known := map[string]string{"CI_PROJECT_PATH": "ops/ci", "EMPTY": ""}
	for block, want := range map[string]string{
		"inputs.a":                                "it's $CI_PROJECT_PATH at ${NOWHERE}",
		"inputs.a | expand_vars":                  "it's ops/ci at ${NOWHERE}",
		"inputs.a|expand_vars|truncate(5, 3)":     "ops",
		"inputs.a | truncate(0,4) | posix_escape": `it\'s`,
		"inputs.a | truncate(100,4)":              "",
		"inputs.e | posix_escape":                 "''",
		"inputs.e | truncate(0,1) | truncate(0,1) | truncate(0,1) | truncate(0,1)": "$[[ inputs.e | truncate(0,1) | truncate(0,1) | truncate(0,1) | truncate(0,1) ]]",
		"inputs.a | upcase":          "$[[ inputs.a | upcase ]]",
		"inputs.list | posix_escape": "$[[ inputs.list | posix_escape ]]",
		"variables.x":                "$[[ variables.x ]]",
		"component.name":             "$[[ component.name ]]",
	} {
		text := "spec:\n  inputs: {a: {default: \"it's $CI_PROJECT_PATH at ${NOWHERE}\"}, e: {default: ''}, list: {type: array, default: [a]}}\n---\nj:\n  script: [\"-$[[ " + block + " ]]\"]\n"
		c, err := Resolve(context.Background(), []byte(text), "root.yml", Options{Variables: known})
		if err != nil {
			t.Fatal(err)
		}
		kept := strings.HasPrefix(want, "$[[")
		if got := c.Jobs[0].Script[0].Text; got != "-"+want || c.Complete == kept {
			t.Errorf("%s = %q, complete %v, want %q", block, got, c.Complete, "-"+want)
		}
	}
}

func TestInputs_rules(t *testing.T) {
	file := `spec:
  inputs:
    size:
      rules:
        - if: $[[ inputs.env ]] == "production" && $[[ inputs.cloud ]] != 'aws'
          options: [large]
          default: large
        - if: ($[[ inputs.env ]] =~ /^stag/ || $[[ inputs.cloud ]] == "gcp")
          default: medium
        - default: small
    env: {default: dev}
    cloud: {default: aws}
---
j: {script: ["$[[ inputs.size ]]"]}
`
	for with, want := range map[string]string{
		"": "small", "{env: production}": "small", "{env: production, cloud: gcp}": "large", "{env: staging}": "medium", "{cloud: gcp}": "medium", "{size: huge}": "huge",
	} {
		c := included(t, file, with)
		if got := c.Jobs[0].Script[0].Text; got != want || len(c.Notes) > 0 {
			t.Errorf("inputs %s: size %q, notes %q, want %q", with, got, c.Notes, want)
		}
	}
}

func TestHolds(t *testing.T) {
	known := &inputs{values: map[string]*value{"a": {kind: scalar, text: "x"}, "off": {kind: scalar, text: "false"}}}
	for condition, want := range map[string]answer{
		`$[[ inputs.a ]] == "x"`: yes, `$[[inputs.a]]=='y'`: no, `$[[ inputs.a ]] != "x"`: no, `$[[ inputs.a ]]`: yes, `$[[ inputs.off ]]`: no,
		`$[[ inputs.a ]] == null`: no, `$[[ inputs.a ]] !~ /x/`: no, `$CI_X == "x"`: unknown, `$CI_X == "x" && $[[ inputs.off ]]`: no, `$CI_X || $[[ inputs.a ]]`: yes,
		`$CI_X && $[[ inputs.a ]]`: unknown, `$CI_X || $[[ inputs.off ]]`: unknown, `$[[ inputs.b ]] == "x"`: unknown, "": unknown, "(": unknown, `"x" ==`: unknown,
		`$[[ inputs.a ]] == "x" ; rm`: unknown, strings.Repeat("(", 1000): unknown, `$[[ inputs.a ]] =~ /(/`: unknown,
	} {
		if got := holds(condition, known); got != want {
			t.Errorf("holds(%q) = %v, want %v", condition, got, want)
		}
	}
}

func TestInputs_include(t *testing.T) {
	c := resolved(t, map[string]string{
		".gitlab-ci.yml": "spec:\n  include: [shared.yml, {local: missing.yml}]\n  inputs: {own: {default: b}}\n---\nj: {script: [\"$[[ inputs.theirs ]]$[[ inputs.own ]]\"]}\n",
		"shared.yml":     "inputs: {theirs: {default: a}}\n",
	})
	if got := c.Jobs[0].Script[0].Text; got != "ab" || len(c.Unresolved) != 1 || len(c.Files) != 2 {
		t.Errorf("script %q, unresolved %q, files %q", got, reasons(c), c.Files)
	}
}

// A file of inputs that includes others, as a header does, is no header.
func TestInputs_include_itself(t *testing.T) {
	text := "spec: {include: .gitlab-ci.yml, inputs: {a: {default: b}}}\n---\nj: {script: ['$[[ inputs.a ]]']}\n"
	if c := resolved(t, map[string]string{".gitlab-ci.yml": text}); len(c.Files) > 2 {
		t.Errorf("files %q", c.Files)
	}
}

// Blocks cannot make a text grow without bound.
func TestInputs_bomb(t *testing.T) {
	block := "$[[ inputs.a ]]"
	text := "spec: {inputs: {a: {default: " + strings.Repeat("x", 100_000) + "}}}\n---\n"
	for i := range 5000 {
		text += fmt.Sprintf("j%d: {script: [\"-%s\"]}\n", i, strings.Repeat(block, 2))
	}
	if c, err := own(text); err == nil || c != nil {
		t.Errorf("Resolve = %v, want ErrBudget: a gigabyte of text", err)
	}
	c := root(t, text[:strings.Index(text, "j0")]+"j: {script: [\""+strings.Repeat(block, 20)+"\"]}\n")
	if c.Complete || len(c.Jobs[0].Script[0].Text) > 1000 {
		t.Errorf("complete %v, %d bytes", c.Complete, len(c.Jobs[0].Script[0].Text))
	}
}
