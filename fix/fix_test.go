package fix

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// patched are the cases in which the credential goes.
var patched = []string{
	"aws_anchor", "aws_default", "aws_default_shared", "aws_environment", "aws_extends", "aws_flow", "aws_named", "aws_reference", "azure_login", "azure_registry",
	"gcp_key_file", "gcp_registry", "gcp_registry_file", "gcp_terraform", "gitlab_registry", "gitlab_release", "npm", "pypi", "vault_approle", "vault_token",
}

// TestMake_cases holds whole plans: the variable's name stands first in a case, then the pipeline, then what comes.
func TestMake_cases(t *testing.T) {
	schema := ciSchema(t)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	var got []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := Pipeline{Text: bytes.ReplaceAll(archive.Files[0].Data, []byte(caseRegistry), []byte(npmRegistry)), Path: archive.Files[0].Name}
			plan, err := Make(context.Background(), p, Target{
				Name: strings.TrimSpace(string(archive.Comment)), Host: "gitlab.example.com", Project: "shop/web", Scopes: "api read_user",
				Places: []Place{{Kind: inventory.ProjectHome, Home: "shop/web", Environment: "*"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if plan.Patch != "" {
				got = append(got, name)
				checkPatch(t, p, plan)
				checkComments(t, p.Text, plan)
				if err := validate(schema, plan.Patched); err != nil {
					t.Errorf("the patched file is no pipeline for GitLab's schema: %v\n%s", err, plan.Patched)
				}
			}
			want := ""
			if len(archive.Files) > 1 {
				want = string(archive.Files[1].Data)
			}
			text := strings.ReplaceAll(describe(plan), npmRegistry, caseRegistry)
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "plan", Data: []byte(text)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, text); diff != "" {
				t.Errorf("Make (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(patched, got); diff != "" {
		t.Errorf("cases with a patch (-want +got):\n%s", diff)
	}
}

// caseRegistry stands in the cases for npm's own registry.
const caseRegistry = "npm.example.org"

// describe writes a plan as its case holds it.
func describe(p *Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", p.Method, strings.Join(p.Credentials, " "))
	if p.NoPatch != "" {
		fmt.Fprintf(&b, "no patch: %s\n", p.NoPatch)
	}
	for _, u := range p.Jobs {
		fmt.Fprintf(&b, "%s, %s:%d: %s: %s\n", u.Job, u.File, u.Line, u.System, u.Operation)
	}
	for _, s := range p.Checklist {
		fmt.Fprintf(&b, "- %s\n", s.Text)
		for _, c := range s.Commands {
			fmt.Fprintf(&b, "    %s\n", c)
		}
	}
	for _, x := range p.Policies {
		fmt.Fprintf(&b, "%s (%s, %s)\n%s", x.Title, x.Format, x.Source, x.Text)
	}
	return b.String() + p.Patch
}

// checkComments wants every comment of a pipeline in the patched file.
func checkComments(t *testing.T, before []byte, plan *Plan) {
	t.Helper()
	for line := range strings.Lines(string(before)) {
		if i := strings.Index(line, "# "); i >= 0 && !strings.Contains(string(plan.Patched), line[i:]) {
			t.Errorf("comment %q is gone", line[i:])
		}
	}
}

// TestMake_forms holds that a patch is the same change however the file is written.
func TestMake_forms(t *testing.T) {
	const pipeline = "# top\n\ndeploy:\n  script:\n    - |\n      if true; then\n      \taws s3 sync out s3://shop\n      fi\n    - 'echo done'\n"
	for name, text := range map[string]string{
		"crlf":        strings.ReplaceAll(pipeline, "\n", "\r\n"),
		"crlf_at_end": "deploy:\r\n  script:\r\n    - aws s3 ls s3://shop",
		"no_newline":  strings.TrimSuffix(pipeline, "\n"),
		"at_end":      "deploy:\n  script:\n    - aws s3 ls s3://shop",
		"byte_order":  "\ufeff" + pipeline,
		"header":      "spec:\n  inputs:\n    stage:\n      default: test\n---\n" + pipeline,
		"deep":        "deploy:\n        script:\n            # list\n            - aws s3 ls s3://shop\n",
		"flat":        strings.ReplaceAll(pipeline, "    -", "  -"),
		"scalar":      "deploy:\n  script: aws s3 ls s3://shop\n",
		"folded":      "deploy:\n  script: >-\n    aws s3\n    ls s3://shop\n",
		"empty_token": "deploy:\n  id_tokens:\n    OTHER_ID_TOKEN:\n      aud: other\n  script:\n    - vault login -method=jwt jwt=$OTHER_ID_TOKEN\n    - aws s3 ls s3://shop\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := Pipeline{Text: []byte(text), Path: "ci/pipe line.yml"}
			plan, err := Make(context.Background(), p, Target{Name: "AWS_SECRET_ACCESS_KEY"})
			if err != nil {
				t.Fatal(err)
			}
			if plan.Patch == "" {
				t.Fatalf("no patch: %s", plan.NoPatch)
			}
			checkPatch(t, p, plan)
			if strings.HasPrefix(name, "crlf") && strings.Count(string(plan.Patched), "\n") != strings.Count(string(plan.Patched), "\r\n") {
				t.Error("lines end in two ways")
			}
			for line := range strings.Lines(text) {
				if !strings.Contains(string(plan.Patched), line) {
					t.Errorf("line %q is gone", line)
				}
			}
			if strings.HasSuffix(text, "\n") != strings.HasSuffix(string(plan.Patched), "\n") {
				t.Error("the end of the file has changed")
			}
		})
	}
}

// TestMake_no_patch holds that no patch is made up, and that the reason is said.
func TestMake_no_patch(t *testing.T) {
	for name, c := range map[string]struct{ pipeline, want string }{
		"rules":        {"deploy:\n  rules: [{if: $AWS_SECRET_ACCESS_KEY}]\n  script: [aws s3 ls]\n", "would still name AWS_SECRET_ACCESS_KEY in its rules"},
		"other_use":    {"deploy:\n  script: [aws s3 ls, './tell $AWS_SECRET_ACCESS_KEY']\n", "AWS_SECRET_ACCESS_KEY"},
		"after_script": {"deploy:\n  script: [make]\n  after_script: [aws s3 ls]\n", "after_script"},
		"profile":      {"deploy:\n  script: [aws --profile shop s3 ls]\n", "profile"},
		"powershell":   {"deploy:\n  script: ['powershell -c ls', aws s3 ls]\n", "PowerShell"},
		"shared": {".s: &s\n  - aws s3 ls $BUCKET\n  - make\na:\n  before_script: [echo]\n  script: *s\nb:\n  inherit: {}\n  before_script: [echo $AWS_SECRET_ACCESS_KEY]\n  script: [aws s3 ls]\n",
			"AWS_SECRET_ACCESS_KEY"},
		"only_token": {"deploy:\n  id_tokens: {VAULT_ID_TOKEN: {aud: vault}}\n  secrets: {DB_PASSWORD: {vault: shop/db/password@kv}}\n  script:\n    - aws configure set aws_secret_access_key $AWS_SECRET_ACCESS_KEY\n    - aws s3 ls\n",
			"would have two: name it with token: first"},
		"unaffected": {".s: &s\n  - export AWS_SECRET_ACCESS_KEY=$SHOP_KEY\n  - aws s3 ls\na:\n  script: *s\nb:\n  variables: {SHOP_KEY: EXAMPLE}\n  script: *s\n", "job b"},
		"unused":     {"test:\n  script: [make]\n", "no job of f.yml uses AWS_SECRET_ACCESS_KEY"},
		"has_one":    {"deploy:\n  id_tokens: {AWS_ID_TOKEN: {aud: x}}\n  script: ['aws s3 ls # $AWS_SECRET_ACCESS_KEY']\n", "AWS"},
	} {
		t.Run(name, func(t *testing.T) {
			target := "AWS_SECRET_ACCESS_KEY"
			if name == "unaffected" {
				target = "SHOP_KEY"
			}
			plan, err := Make(context.Background(), Pipeline{Text: []byte(c.pipeline), Path: "f.yml"}, Target{Name: target})
			if err != nil {
				t.Fatal(err)
			}
			if plan.Patch != "" || plan.Patched != nil || !strings.Contains(plan.NoPatch, c.want) {
				t.Errorf("no patch: %q, want one with %q\n%s", plan.NoPatch, c.want, plan.Patch)
			}
			if len(plan.Checklist) == 0 {
				t.Error("no checklist")
			}
		})
	}
}

func TestMake_included(t *testing.T) {
	p := Pipeline{Text: []byte("include: /deploy.yml\n"), Path: ".gitlab-ci.yml"}
	p.Options.Fetch = func(context.Context, ciyaml.Include) ([]ciyaml.File, error) {
		return []ciyaml.File{{Name: "deploy.yml", Text: []byte("deploy:\n  script: [aws s3 ls]\n")}}, nil
	}
	plan, err := Make(context.Background(), p, Target{Name: "AWS_SECRET_ACCESS_KEY"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "job deploy uses it in deploy.yml"; plan.Patch != "" || !strings.HasPrefix(plan.NoPatch, want) {
		t.Errorf("no patch: %q, want %q", plan.NoPatch, want)
	}
}

func TestMake_hostile(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	bomb += "deploy:\n  script: *j\n  variables: {X: $AWS_SECRET_ACCESS_KEY}\n"
	for name, text := range map[string]string{
		"bomb": bomb, "deep": "a: " + strings.Repeat("[", 5000), "no_yaml": "{{ jinja }}: [", "list": "- a\n", "empty": "", "binary": "\x00\xff",
		"itself": "a: &a\n  script: [*a, aws s3 ls]\n", "long": "deploy:\n  script:\n    - aws s3 ls " + strings.Repeat("x", 6<<20),
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := Make(context.Background(), Pipeline{Text: []byte(text), Path: "f.yml"}, Target{Name: "AWS_SECRET_ACCESS_KEY"})
			if err == nil && plan.Patch != "" {
				t.Errorf("a patch of a file that GitLab refuses:\n%.300s", plan.Patch)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %v", err)
			}
		})
	}
	if _, err := Make(context.Background(), Pipeline{Text: []byte("a: {script: x}\n")}, Target{Name: "A;rm -rf"}); err == nil {
		t.Error("a name that is none was taken")
	}
}
