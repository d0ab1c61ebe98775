package workload

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhiscan/scanner/ciyaml"
)

// jobOf is a pipeline with one job that runs a script.
func jobOf(t testing.TB, script string) (*ciyaml.Config, ciyaml.Job) {
	t.Helper()
	var b strings.Builder
	b.WriteString("job:\n  script:\n    - |\n")
	for line := range strings.Lines(script) {
		b.WriteString("      " + strings.TrimRight(line, "\n") + "\n")
	}
	return pipeline(t, b.String())
}

// pipeline reads a configuration and returns its first job.
func pipeline(t testing.TB, text string) (*ciyaml.Config, ciyaml.Job) {
	t.Helper()
	config, err := ciyaml.Resolve(t.Context(), []byte(text), "", ciyaml.Options{})
	if err != nil || len(config.Jobs) == 0 {
		t.Fatalf("ciyaml.Resolve: %v, %d jobs", err, len(config.Jobs))
	}
	return config, config.Jobs[0]
}

// short writes uses as the catalogue's examples have them.
func short(uses []Use) []string {
	out := []string{}
	for _, u := range uses {
		names := strings.Join(u.Credentials, ",")
		if names == "" {
			names = "-"
		}
		out = append(out, u.System+" "+names+" "+string(u.Kind))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestTools_examples(t *testing.T) {
	for _, tool := range Tools() {
		t.Run(tool.Name, func(t *testing.T) {
			if tool.Reference == "" || tool.Title == "" || len(tool.Commands) == 0 && !tool.Cloud || len(tool.Calls) == 0 || len(tool.Examples) == 0 {
				t.Errorf("an entry needs a title, a reference, commands (but for Terraform only), calls and examples")
			}
			for _, e := range tool.Examples {
				config, job := jobOf(t, e.Script)
				want := slices.Sorted(slices.Values(append([]string{}, e.Uses...)))
				if diff := cmp.Diff(want, short(Of(config).Read(job, nil)), cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
					t.Errorf("%s\n(-want +got)\n%s", e.Script, diff)
				}
			}
		})
	}
}
