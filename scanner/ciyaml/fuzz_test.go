package ciyaml

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// hostile are files that were made to break a reader.
var hostile = []string{
	shop, "", "a: &a\n  <<: *a\n", "a: {script: !reference [a, script]}", "? !reference [x]\n: y", "a: {extends: [b, c, a]}",
	"---\nspec: {}\n---\na: {script: |\n  $X\n  %Y%}", "include: [[[x]]]\ndefault: 3\nvariables: [x]",
	"include: [x.yml, {local: '**'}, {project: p, file: [a.yml, b.yml]}, {component: h/p/n@~latest, inputs: {a: [b]}}]\nj: {trigger: {include: [x.yml, {artifact: y, job: j}]}}",
	"spec: {inputs: {a: {type: array, default: [x, [y]], rules: [{if: '$[[ inputs.b ]] == \"c\"', default: d}]}, b: {regex: '('}}, component: [name, sha]}\n---\n$[[ inputs.a | truncate(0,9) ]]: {script: [$[[ inputs.a ]], \"$[[ inputs.b | expand_vars | posix_escape ]]\"]}",
	"spec: {include: x.yml}\n---\n", "a: {script: [\"\x00\"]}", "{% for x in y %}\na{{ x }}: {script: [x]}\n{% endfor %}", "\xff\xfe", "- a", "a: !reference [b]\nb: !reference [a]\n",
	"default: &d {default: *d}", "a: {parallel: {matrix: [{A: [1,2,3,4,5,6,7,8,9], B: [1,2,3,4,5,6,7,8,9], C: [1,2,3,4,5,6,7,8,9]}]}, script: x}",
	"a: {run: [{name: x, step: {git: {url: u, rev: r}}}, {script: y}], hooks: {pre_get_sources_script: z}}", "a: {rules: !reference [a, rules]}", "a:\n  script:\n  - |+\n    $X\n\n",
	strings.Repeat("a: {b: ", 300), "a: {script: [" + strings.Repeat("[", 20) + "x" + strings.Repeat("]", 20) + "]}",
}

func FuzzRead(f *testing.F) {
	for _, s := range hostile {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := map[string]int{"": strings.Count(string(text), "\n") + 1}
		own, err := own(string(text))
		if err == nil {
			checkResolved(t, own, lines, 0)
		}
		merged, err := Read(text, Options{Nodes: 10_000, Aliases: 100, Depth: 50})
		if err != nil {
			return
		}
		checkResolved(t, merged, lines, 0)
		Positions(own, merged)
		checkResolved(t, merged, lines, 0)
	})
}

func FuzzResolve(f *testing.F) {
	for i, s := range hostile {
		f.Add([]byte(s), []byte(hostile[(i+7)%len(hostile)]))
		f.Add([]byte("include: {local: x.yml, rules: [{if: $A}], inputs: {a: b}}\n"+s), []byte(s))
	}
	f.Fuzz(func(t *testing.T, root, included []byte) {
		asked := 0
		fetch := func(_ context.Context, i Include) ([]File, error) {
			if asked++; i.Kind == "remote" {
				return nil, fmt.Errorf("not allowed: %s", i.Location)
			}
			return []File{{Name: "included.yml", Text: included}, {Name: i.Location, Text: included, Ref: "c0ffee", Version: "1.2.3"}}, nil
		}
		c, err := Resolve(context.Background(), root, "root.yml", Options{Nodes: 20_000, Aliases: 100, Depth: 50, Includes: 20, Fetch: fetch, Variables: map[string]string{"A": "b"}})
		if err != nil {
			return
		}
		lines := map[string]int{"root.yml": strings.Count(string(root), "\n") + 1}
		checkResolved(t, c, lines, strings.Count(string(included), "\n")+1)
	})
}

// checkResolved holds what every configuration keeps: positions inside the files, and nothing lost in silence.
func checkResolved(t *testing.T, c *Config, lines map[string]int, most int) {
	t.Helper()
	check := func(what string, o Origin) {
		n, ok := lines[o.File]
		if !ok {
			n = most
		}
		if o.Line < 0 || o.Line > n || o.Column < 0 {
			t.Fatalf("%q is at %+v, its file has %d lines", what, o, n)
		}
	}
	if c.Complete && len(c.Unresolved) > 0 {
		t.Fatalf("complete, but unresolved: %q", reasons(c))
	}
	for i, j := range c.Jobs {
		if i > 0 && c.Jobs[i-1].Name >= j.Name || strings.HasPrefix(j.Name, ".") {
			t.Fatalf("job %q is not in order, or hidden", j.Name)
		}
		check(j.Name, j.Origin)
		for k, r := range j.References {
			check(r.Name, r.Origin)
			if nameLength(r.Name) != len(r.Name) || r.Name == "" || k > 0 && j.References[k-1].compare(r) >= 0 {
				t.Fatalf("job %q: reference %+v", j.Name, r)
			}
		}
		for _, s := range j.Script {
			check(s.Text, s.Origin)
		}
		for _, v := range j.Variables {
			check(v.Name, v.Origin)
		}
		if len(j.Matrix) > maxMatrix {
			t.Fatalf("job %q: %d variants", j.Name, len(j.Matrix))
		}
		if j.Trigger != nil && j.Trigger.Child != nil {
			checkResolved(t, j.Trigger.Child, lines, most)
		}
	}
}
