package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func runWorkloads(t *testing.T, args ...string) result {
	t.Helper()
	return runAt(t.Context(), func() time.Time { return time.Unix(0, 0) }, nil, append([]string{"workloads"}, args...)...)
}

func validWorkloads(t *testing.T, text string) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "workloads.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
}

func TestWorkloads_golden(t *testing.T) {
	for format, golden := range map[string]string{"json": "want.json", "table": "want.txt"} {
		got := runWorkloads(t, "testdata/workloads", "--include-dir", "testdata/workloads/includes", "--format", format)
		if got.code != 0 {
			t.Fatalf("exit status %d: %s", got.code, got.stderr)
		}
		path := filepath.Join("testdata", "workloads", golden)
		if *update {
			if err := os.WriteFile(path, []byte(got.stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.stdout); diff != "" {
			t.Errorf("%s (-want +got; -update rewrites it)\n%s", golden, diff)
		}
		if format == "json" {
			validWorkloads(t, got.stdout)
		}
	}
}

// A repository's scripts are followed, its folder needs no name.
func TestWorkloads_repository(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".gitlab-ci.yml", "job: {script: sh deploy.sh}\n")
	write("deploy.sh", "docker login -u $R_USER -p $R_TOKEN registry.example.com\n")
	write("other.yml", "not: a pipeline\n")
	got := runWorkloads(t, dir, "--confidence", "high")
	if got.code != 0 || !strings.Contains(got.stdout, "R_TOKEN, R_USER") || strings.Contains(got.stdout, "other.yml") {
		t.Errorf("exit status %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// What stands in a file as a secret is shown nowhere.
func TestWorkloads_noValue(t *testing.T) {
	const letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	random := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	for range 20 {
		b.WriteByte(letters[random.IntN(len(letters))])
	}
	token := "glpat-" + b.String()
	file := filepath.Join(t.TempDir(), "ci.yml")
	text := "variables: {BOT_TOKEN: " + token + "}\n" + `
a: {script: ["curl -H 'PRIVATE-TOKEN: ` + token + `' https://gitlab.example.com/api/v4/projects/1/issues?private_token=` + token + `"]}
b: {script: ["git push https://oauth2:` + token + `@gitlab.example.com/a.git", "docker login -u x -p ` + token + ` r.example.com", "make ` + token + `", "./` + token + `.sh"]}
` + token + `: {script: ["curl -H \"PRIVATE-TOKEN: $BOT_TOKEN\" https://hooks.slack.com/services/` + token + `"], environment: ` + token + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"json", "table"} {
		got := runWorkloads(t, file, "--format", format)
		if got.code != 0 || !strings.Contains(got.stdout, "literal") {
			t.Errorf("exit status %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if strings.Contains(got.stdout+got.stderr, b.String()) {
			t.Errorf("--format %s shows the token", format)
		}
	}
}

func TestWorkloads_wrong(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yml")
	if err := os.WriteFile(broken, []byte("a: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
	}{
		{nil, exitUsage}, {[]string{broken, "--format", "xml"}, exitUsage}, {[]string{broken, "--confidence", "sure"}, exitUsage},
		{[]string{"testdata/absent.yml"}, exitCannotRun}, {[]string{t.TempDir()}, exitCannotRun}, {[]string{broken, "--format", "json"}, exitIncomplete},
	} {
		got := runWorkloads(t, c.args...)
		if got.code != c.code {
			t.Errorf("workloads %q ends with %d, want %d: %s", c.args, got.code, c.code, got.stderr)
		}
		if c.code == exitIncomplete {
			validWorkloads(t, got.stdout)
		}
	}
}

// An include that cannot be read offline is told; one that should be at hand ends the run as incomplete.
func TestWorkloads_includes(t *testing.T) {
	const job = "job: {script: 'true'}\n"
	for name, c := range map[string]struct {
		text         string
		code, strict int
	}{
		"none":               {job, 0, 0},
		"local":              {"include: ci/here.yml\n" + job, 0, 0},
		"of_another_project": {"include: {project: shop/ci, file: a.yml}\n" + job, 0, exitIncomplete},
		"of_a_template":      {"include: {template: Jobs/SAST.gitlab-ci.yml}\n" + job, 0, exitIncomplete},
		"missing":            {"include: ci/gone.yml\n" + job, exitIncomplete, exitIncomplete},
		"broken":             {"include: ci/broken.yml\n" + job, exitIncomplete, exitIncomplete},
		"missing_under_rules": {
			"include: {local: ci/gone.yml, rules: [{exists: [ci/gone.yml]}]}\n" + job, 0, exitIncomplete,
		},
		"at_a_variable":   {"include: ci/$WHERE.yml\n" + job, 0, exitIncomplete},
		"of_a_child":      {"start: {trigger: {include: ci/gone.yml}}\n", exitIncomplete, exitIncomplete},
		"parent_not_here": {"job: {extends: .gone, script: 'true'}\n", 0, exitIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "ci"), 0o700); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{".gitlab-ci.yml": c.text, "ci/here.yml": "other: {script: 'true'}\n", "ci/broken.yml": "a: [\n"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := runWorkloads(t, dir); got.code != c.code {
				t.Errorf("workloads ends with %d, want %d: %s", got.code, c.code, got.stderr)
			}
			if got := runWorkloads(t, dir, "--strict"); got.code != c.strict {
				t.Errorf("workloads --strict ends with %d, want %d: %s", got.code, c.strict, got.stderr)
			}
		})
	}
}
