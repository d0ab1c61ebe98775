package fix

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/workload"
)

const corpus = "../../shared/corpus/"

// eligible are the systems of the figure: clouds, registries, package indexes, and GitLab itself.
func eligible(system string) bool {
	for _, s := range []string{"aws", "gcp", "azure", "vault", "dockerhub", "registry-other", "gitlab", "pypi", "npm"} {
		if system == s || strings.HasPrefix(system, s+"-") {
			return true
		}
	}
	return false
}

// TestMake_corpus prints, of the static cloud, registry and index credentials in real pipelines, how many a patch
// removes, and why there is none for the others. A credential is one set of variables in one file.
func TestMake_corpus(t *testing.T) {
	files, _ := filepath.Glob(corpus + "gitlab-ci/*.yml")
	if len(files) == 0 {
		t.Skip("the corpus is not here")
	}
	schema := ciSchema(t)
	type count struct{ all, patched, included int }
	counts, reasons := map[string]*count{}, map[string]int{}
	for _, file := range files {
		p, done := corpusPipeline(t, file)
		config, err := ciyaml.Resolve(context.Background(), p.Text, p.Path, p.Options)
		if err != nil {
			continue // TestResolve_corpus counts these
		}
		for set, system := range staticSets(config, p.Files) {
			plan, err := Make(context.Background(), p, Target{Name: strings.Split(set, ",")[0]})
			if err != nil {
				t.Fatalf("%s: %v", filepath.Base(file), err)
			}
			c := counts[family(system)]
			if c == nil {
				c = &count{}
				counts[family(system)] = c
			}
			c.all++
			if plan.Patch == "" {
				if ok, why := patchedElsewhere(t, schema, p, plan, filepath.Base(file)); ok {
					c.included++
					continue
				} else if why != "" {
					plan.NoPatch = ": in the included file: " + why
				}
				_, reason, _ := strings.Cut(plan.NoPatch, ": ")
				reasons[family(system)+": "+reason]++
				if testing.Verbose() {
					t.Logf("no patch: %s %s %s: %s", filepath.Base(file), set, system, plan.NoPatch)
				}
				continue
			}
			c.patched++
			if testing.Verbose() {
				t.Logf("patched: %s %s %s\n%s", filepath.Base(file), set, system, plan.Patch)
			}
			checkPatch(t, p, plan)
			if before := validate(schema, p.Text); before == nil {
				if err := validate(schema, plan.Patched); err != nil {
					t.Errorf("%s: %s: the patched file is no pipeline for GitLab's schema: %v", filepath.Base(file), set, err)
				}
			}
		}
		done()
	}
	total := count{}
	line := func(name string, c count) {
		t.Logf("fixes: %-16s %3d credentials, %3d removed by a patch that resolves and validates, %3d by patches of included files, %3d with a checklist only",
			name, c.all, c.patched, c.included, c.all-c.patched-c.included)
	}
	for _, name := range sortedKeys(counts) {
		c := counts[name]
		line(name, *c)
		if !strings.HasPrefix(name, "gitlab-") || name == "gitlab-registry" {
			total = count{total.all + c.all, total.patched + c.patched, total.included + c.included}
		}
	}
	line("all but GitLab's", total)
	for _, r := range sortedKeys(reasons) {
		t.Logf("fixes: no patch: %3d %s", reasons[r], r)
	}
	if total.all < 20 || total.patched == 0 {
		t.Errorf("%d credentials, %d patched: the corpus has more", total.all, total.patched)
	}
}

// patchedElsewhere reports whether the files in which the credential is used are patched when they are given themselves,
// and why not.
func patchedElsewhere(t *testing.T, schema *jsonschema.Schema, p Pipeline, plan *Plan, root string) (bool, string) {
	t.Helper()
	why := ""
	for _, name := range plan.Elsewhere {
		text, err := os.ReadFile(filepath.Join(corpus, "gitlab-ci-includes", strings.TrimSuffix(root, ".yml"), name))
		if err != nil {
			return false, "it is not at hand"
		}
		q := p
		q.Text, q.Path = text, name
		own, err := Make(context.Background(), q, Target{Name: plan.Name})
		if err != nil {
			return false, "it is not readable by itself"
		}
		if own.Patch == "" {
			_, why, _ = strings.Cut(own.NoPatch, ": ")
			return false, why
		}
		if testing.Verbose() {
			t.Logf("patched: %s %s %s\n%s", root, name, plan.Name, own.Patch)
		}
		checkPatch(t, q, own)
		if validate(schema, q.Text) == nil && validate(schema, own.Patched) != nil {
			t.Errorf("%s: %s: the patched file is no pipeline for GitLab's schema", root, name)
		}
	}
	return len(plan.Elsewhere) > 0, ""
}

func family(system string) string {
	if strings.HasPrefix(system, "aws") {
		return "aws"
	}
	return system
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func corpusPipeline(t *testing.T, file string) (Pipeline, func()) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := Pipeline{Text: text, Path: filepath.Base(file)}
	root, err := os.OpenRoot(corpus + "gitlab-ci-includes/" + strings.TrimSuffix(filepath.Base(file), ".yml"))
	if err != nil {
		return p, func() {}
	}
	p.Options.Fetch = ciyaml.Dir(root.FS())
	p.Files = func(name string) ([]byte, bool) {
		text, err := root.ReadFile(name)
		return text, err == nil
	}
	return p, func() { _ = root.Close() }
}

// staticSets are the sets of stored variables that jobs use together on eligible systems, with the first system. The
// secret comes first in a set.
func staticSets(config *ciyaml.Config, files workload.Files) map[string]string {
	out := map[string]string{}
	for _, job := range slices.Concat(config.Jobs, config.Hidden) {
		for _, u := range workload.Of(config).Read(job, files) {
			static := u.Kind == workload.Variable || u.Kind == workload.Implicit
			if !static || !eligible(u.System) || len(u.Credentials) == 0 {
				continue
			}
			names := slices.Clone(u.Credentials)
			slices.SortStableFunc(names, func(a, b string) int {
				score := func(n string) int {
					if publicHalf.MatchString(n) || ciyaml.Predefined(n) || !isName(n) {
						return 1
					}
					return 0
				}
				return score(a) - score(b)
			})
			if !isName(names[0]) || ciyaml.Predefined(names[0]) || reads(job, names[0]) {
				continue
			}
			if set := strings.Join(names, ","); out[set] == "" {
				out[set] = u.System
			}
		}
	}
	return out
}

func ciSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const file = "../../shared/gitlab/ci-yaml/schema.json"
	if _, err := os.Stat(file); err != nil {
		t.Skip("GitLab's schema of pipeline files is not here")
	}
	schema, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate holds a pipeline file against GitLab's schema.
func validate(schema *jsonschema.Schema, text []byte) error {
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	return schema.Validate(plain(doc))
}

// plain gives mappings text keys, as JSON has them.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = plain(x)
		}
	case map[any]any:
		out := map[string]any{}
		for k, x := range v {
			out[fmt.Sprint(k)] = plain(x)
		}
		return out
	case []any:
		for i, x := range v {
			v[i] = plain(x)
		}
	}
	return v
}
