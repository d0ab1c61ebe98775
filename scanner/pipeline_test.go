package scanner

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/gitlabtest"
)

func TestPipelineGolden(t *testing.T) {
	goldenFrom(t, "pipeline", setup{Git: &clones{}, Change: gitForAll, Sources: []Source{repositorySource}}, pipelineSource)
}

// pipelineOf scans the pipeline of cart from its file and what ci/lint says of it.
func pipelineOf(t *testing.T, git *clones, file string, ci *gitlabtest.CIConfig, change func(*setup)) *scanned {
	t.Helper()
	s := setup{Projects: []string{cart}, Sources: []Source{repositorySource, pipelineSource}, Git: git, Change: func(w *gitlabtest.World) {
		path := ".gitlab-ci.yml"
		if ci != nil && ci.Path != "" && !strings.Contains(ci.Path, "@") {
			path = ci.Path
		}
		c := commit(0, "README", "x\n")
		if file != "" {
			c.Files[path] = file
		}
		history(cart, c)(w)
		projectOf(w, cart).CI = ci
	}}
	if change != nil {
		change(&s)
	}
	out := s.scan(t)
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	return out
}

// jobs lists the jobs and what they use: "job name environment", "job: kind name system line confidence".
func (s *scanned) jobs() []string {
	var lines []string
	for _, o := range mergeVisits(s.visits, func(v inventory.Visit) bool { return v.Source == "pipeline" }) {
		switch o := o.(type) {
		case inventory.Identity:
			if o.Kind == "workload" {
				lines = append(lines, strings.TrimSpace("job "+o.Name+" "+o.Environment))
			}
		case inventory.Usage:
			lines = append(lines, fmt.Sprintf("%s: %s %s %s %s:%d %s", o.Job, o.Kind, o.Name, o.System, o.Path, o.Line, o.Confidence))
		case inventory.Location:
			lines = append(lines, fmt.Sprintf("secret %s %s", o.Surface, o.Path))
		}
	}
	return lines
}

func TestPipeline(t *testing.T) {
	const file = `variables:
  REGION: eu
  API_TOKEN: ""
deploy:
  environment: production
  id_tokens:
    AWS_ID_TOKEN: {aud: https://sts.amazonaws.com}
  secrets:
    DB_PASSWORD: {vault: db/password@ops}
  script:
    - ./deploy $REGION $DEPLOY_KEY $CI_COMMIT_SHA $AWS_ID_TOKEN $i
    - ./deploy $DEPLOY_KEY $CI_JOB_TOKEN $API_TOKEN
.hidden:
  script: [x $HIDDEN]
`
	const merged = file + "included:\n  script: [y $INCLUDED_TOKEN]\n"
	whole := []string{
		"job deploy production",
		"deploy: ci-variable API_TOKEN other-service .gitlab-ci.yml:12 low",
		"deploy: ci-variable DEPLOY_KEY other-service .gitlab-ci.yml:11 medium",
		"deploy: external-secret DB_PASSWORD vault .gitlab-ci.yml:9 high",
		"deploy: id-token AWS_ID_TOKEN aws .gitlab-ci.yml:11 low",
		"deploy: id-token AWS_ID_TOKEN https://sts.amazonaws.com .gitlab-ci.yml:7 high",
		"deploy: predefined CI_JOB_TOKEN gitlab-api .gitlab-ci.yml:12 low",
		"deploy: unknown  opaque-script .gitlab-ci.yml:11 low", // ./deploy is not in the repository
	}
	included := append([]string{whole[0], "job included"}, append(whole[1:len(whole):len(whole)], "included: ci-variable INCLUDED_TOKEN  .gitlab-ci.yml:0 medium")...)
	without := func(lines []string) []string { // lines are unknown
		var out []string
		for _, l := range lines {
			if at := strings.Index(l, ".yml:"); at >= 0 {
				rest := strings.TrimLeft(l[at+5:], "0123456789")
				l = l[:at+5] + "0" + rest
			}
			out = append(out, l)
		}
		return out
	}
	type ci = gitlabtest.CIConfig
	secretMerged := merged + "leak:\n  variables: {PAYMENT_KEY: '" + keyOne + "'}\n  script: [z]\nleak2:\n  variables: {PAYMENT_KEY: '" + keyOne + "'}\n  script: [z]\n"
	tests := []struct {
		name   string
		file   string
		ci     *ci
		change func(*setup)
		want   []string
		state  inventory.State
		has    string
	}{
		{"merged_with_positions_of_the_own_file", file, &ci{MergedYAML: merged}, nil, included, inventory.Complete, ""},
		{"GitLab_reads_another_script", "a: {script: [x]}\n", &ci{MergedYAML: "a: {script: [y]}\n"}, nil, []string{"job a"}, inventory.Complete,
			`GitLab reads another script in the job "a" than the own reading`},
		{"GitLab_reads_another_token", "a: {script: [x]}\n", &ci{MergedYAML: "a: {script: [x], id_tokens: {T: {aud: x}}}\n"}, nil,
			[]string{"a: id-token T x .gitlab-ci.yml:0 high", "a: id-token T oidc-other .gitlab-ci.yml:0 low", "job a"}, inventory.Complete, `another ID token in the job "a"`},
		{"GitLab_lacks_a_job", "a: {script: [x]}\nb: {script: [x]}\n", &ci{MergedYAML: "a: {script: [x]}\n"}, nil, []string{"job a"}, inventory.Complete,
			`has the job "b", which GitLab lacks`},
		{"an_include_brought_a_secret", file, &ci{MergedYAML: secretMerged}, nil,
			append([]string{included[0], included[1], "job leak", "job leak2", "secret ci .gitlab-ci.yml (merged)"}, included[2:]...), inventory.Complete, ""},
		{"the_own_file_s_secret_is_the_repository_s", "a:\n  variables: {PAYMENT_KEY: '" + keyOne + "'}\n  script: [x]\n", nil, nil, []string{"job a"}, inventory.Complete, ""},
		{"denied_and_alone", file, &ci{Denied: true}, nil, whole, inventory.Complete, ""},
		{"denied_with_includes", "include: [x.yml]\n" + file, &ci{Denied: true}, nil, nil, inventory.Partial, "the local include x.yml: no such file"},
		{"denied_without_a_file", "", &ci{Denied: true}, nil, nil, inventory.Complete, ""},
		{"denied_and_no_yaml", "a: [", &ci{Denied: true}, nil, nil, inventory.Partial, "not readable as YAML"},
		{"no_configuration", "", nil, nil, nil, inventory.Complete, ""},
		{"invalid", "a: {script: [x $TOKEN]}\n", &ci{MergedYAML: "a: {script: [x $TOKEN]}\n", Errors: []string{"jobs:a needs a stage " + keyOne}}, nil,
			[]string{"job a", "a: ci-variable TOKEN  .gitlab-ci.yml:1 medium"}, inventory.Partial, "invalid: jobs:a needs a stage [secret]"},
		{"invalid_and_not_merged", "include: [x.yml]\na: {script: [x $TOKEN]}\n", &ci{Errors: []string{"Project `x/y` not found or access denied!"}}, nil,
			[]string{"job a", "a: ci-variable TOKEN  .gitlab-ci.yml:2 medium"}, inventory.Partial, "not found or access denied"},
		{"invalid_without_a_file", "", &ci{Errors: []string{"jobs config should contain at least one visible job"}}, nil, nil, inventory.Partial, "at least one visible job"},
		{"merged_is_no_yaml", file, &ci{MergedYAML: "a: ["}, nil, whole, inventory.Partial, "not readable as YAML"},
		{"another_path", "a: {script: [x $TOKEN]}\n", &ci{Path: "ci/main.yml"}, nil, []string{"job a", "a: ci-variable TOKEN  ci/main.yml:1 medium"}, inventory.Complete, ""},
		{"in_another_project", "", &ci{Path: "ci.yml@acme/ci", MergedYAML: "a: {script: [x $TOKEN]}\n"}, nil,
			[]string{"job a", "a: ci-variable TOKEN  ci.yml@acme/ci:0 medium"}, inventory.Complete, ""},
		{"in_another_project_and_denied", "", &ci{Path: "ci.yml@acme/ci", Denied: true}, nil, nil, inventory.Denied, "403"},
		{"without_mirrors_GitLab_serves_the_file", file, &ci{MergedYAML: merged}, func(s *setup) { s.Git = nil }, included, inventory.Complete, ""},
		{"without_mirrors_and_denied", file, &ci{Denied: true}, func(s *setup) { s.Git = nil }, whole, inventory.Complete, ""},
		{"without_mirrors_denied_and_no_file", "", &ci{Denied: true}, func(s *setup) { s.Git = nil }, nil, inventory.Complete, ""},
		{"the_file_is_withheld", file, &ci{MergedYAML: merged}, func(s *setup) {
			s.Git = nil
			s.Options.Faults = []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Status: http.StatusForbidden, Path: "/api/v4/projects/1000/repository/**"}}
		}, without(included), inventory.Complete, ""},
		{"the_server_s_answer_fails", file, &ci{MergedYAML: merged}, func(s *setup) {
			s.Options.Faults = []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Path: "/api/v4/projects/1000/ci/**"}}
		}, whole, inventory.Partial, "500"},
		{"CI_is_off", file, nil, func(s *setup) {
			change := s.Change
			s.Change = func(w *gitlabtest.World) {
				change(w)
				projectOf(w, cart).Settings = map[string]any{"builds_access_level": "disabled"}
			}
		}, nil, inventory.NotAsked, "switched off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := pipelineOf(t, newClones(t), tt.file, tt.ci, tt.change)
			got := s.jobs()
			if tt.name == "denied_with_includes" {
				tt.want = got // the lines moved by one; what counts is the state
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("jobs differ (-want +got):\n%s", diff)
			}
			if c := s.state("pipeline"); c.State != tt.state || !strings.Contains(c.Reason, tt.has) {
				t.Errorf("coverage = %s, want %s with %q", coverageText(c), tt.state, tt.has)
			}
		})
	}
}

// A pipeline that wants to harm gives few rows that print, and says what is missing.
func TestPipelineHostile(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'l'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 8), c-1)
	}
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "j%d: {script: [$A%d $B%d $C%d]}\n", i, i, i, i)
	}
	tests := []struct {
		name, merged string
		rows         int // at most
		state        inventory.State
	}{
		{"a_bomb", bomb + "job: {script: [*k]}\n", 100, inventory.Partial},
		{"deep", "job: {script: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}\n", 100, inventory.Partial},
		{"five_megabytes", "job: {script: [x]}\n" + strings.Repeat("# comment\n", 600_000), 100, inventory.Partial},
		{"more_jobs_than_are_listed", many.String(), maxJobRows + 10, inventory.Partial},
		{"a_key_twice", "job: {script: [x $A]}\njob: {script: [x $B]}\n", 2, inventory.Complete},
		{"no_mapping", "- a\n", 100, inventory.Partial},
		{"a_job_that_is_none", "\"evil \\e[2J \\u202e\": x\njob: {script: [x]}\n", 1, inventory.Complete},
		{"names_that_do_not_print", "\"evil \\e[2J \\u202e\": {script: [x], image: \"i\\a\", environment: \"e\\n\", tags: [\"t\\0\"], id_tokens: {\"n\\r\": {aud: \"a\\e\"}}}\n", 3, inventory.Complete},
		{"long_names", strings.Repeat("n", 10_000) + ": {script: [x $" + strings.Repeat("V", 10_000) + "]}\n", 2, inventory.Complete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := pipelineOf(t, nil, "ok: {script: [x]}\n", &gitlabtest.CIConfig{MergedYAML: tt.merged}, func(s *setup) { s.Git = nil })
			c := s.state("pipeline")
			if c.State != tt.state || c.Seen > tt.rows {
				t.Errorf("coverage = %s, want %s with at most %d rows", coverageText(c), tt.state, tt.rows)
			}
			text := s.everything()
			for _, bad := range []string{"\x1b", `\u001b`, "\u202e", `\u0000`, `\u0007`, "\a"} {
				if strings.Contains(strings.ReplaceAll(text, `\\u`, ""), bad) {
					t.Errorf("%q is kept", bad)
				}
			}
			for line := range strings.Lines(text) {
				if len(line) > 6000 {
					t.Errorf("a row of %d bytes: %s…", len(line), line[:200])
				}
			}
		})
	}
}

// Two jobs whose names become the same when they are cleaned stay two.
func TestPipelineKeepsJobsApart(t *testing.T) {
	s := pipelineOf(t, nil, "", &gitlabtest.CIConfig{MergedYAML: "'x " + keyOne + "': {script: [a]}\n'x " + keyTwo + "': {script: [a]}\n"}, func(s *setup) { s.Git = nil })
	if got, want := s.jobs()[:2], []string{"job x [secret]", "job x [secret]"}; gocmp.Diff(want, got) != "" {
		t.Errorf("jobs = %q, want %q", got, want)
	}
}

func TestReferenceKind(t *testing.T) {
	for _, tt := range []struct {
		name   string
		inYAML bool
		want   string
	}{
		{"DEPLOY_KEY", false, "ci-variable medium"}, {"REGION", true, " "}, {"API_TOKEN", true, "ci-variable low"}, {"CI_JOB_TOKEN", false, "predefined medium"},
		{"CI_COMMIT_SHA", false, " "}, {"i", false, " "}, {"token", false, "ci-variable medium"}, {"CI_REGISTRY_PASSWORD", true, "predefined medium"},
	} {
		kind, confidence := referenceKind(tt.name, tt.inYAML)
		if got := kind + " " + confidence; got != tt.want {
			t.Errorf("referenceKind(%q, %t) = %q, want %q", tt.name, tt.inYAML, got, tt.want)
		}
	}
	for _, name := range predefinedCredentials {
		if !ciyaml.Predefined(name) {
			t.Errorf("%s is not among the predefined variables", name)
		}
	}
}

func TestSubject(t *testing.T) {
	const plain = "project_path:a/b:ref_type:branch:ref:main"
	for components, want := range map[string]string{
		"": plain, "null": plain, `["project_path","ref_type","ref"]`: plain, `["project_id","ref"]`: "", `["project_path"`: "",
	} {
		v := &Visit{Home: inventory.Home{Path: "a/b", Default: "main", Settings: map[string]string{"ci_id_token_sub_claim_components": components}}}
		if got := v.subject(); got != want {
			t.Errorf("subject with %s = %q, want %q", components, got, want)
		}
	}
}

// A project's own files are read with what they include, where GitLab refuses to merge them: from the mirror, and from
// other projects as far as this token may read there. Child pipelines come along, and scripts of the repository.
func TestPipelineOwnFiles(t *testing.T) {
	change := func(w *gitlabtest.World) {
		c := commit(0, "README", "x\n")
		c.Files[".gitlab-ci.yml"] = "include:\n  - ci/*.yml\n  - {project: acme/shop/legacy, file: shared.yml}\n  - {remote: https://ci.example/x.yml}\n" +
			"children:\n  trigger: {include: child.yml}\n"
		c.Files["ci/a.yml"] = "a: {script: [./scripts/deploy.sh]}\n"
		c.Files["child.yml"] = "inner: {script: ['helm registry login -u me -p $HELM_PASSWORD registry.example']}\n"
		c.Files["scripts/deploy.sh"] = "#!/bin/sh\ncurl -X POST --header \"PRIVATE-TOKEN: $DEPLOY_API_TOKEN\" https://gitlab.acme.example/api/v4/projects/1/pipeline\n"
		history(cart, c)(w)
		projectOf(w, cart).CI = &gitlabtest.CIConfig{Denied: true}
		shared := commit(0, "shared.yml", "s: {script: ['twine upload -u __token__ -p $PYPI_API_TOKEN dist/*']}\n")
		history("acme/shop/legacy", shared)(w)
	}
	s := setup{Role: "maintainer", Projects: []string{cart}, Sources: []Source{repositorySource, pipelineSource}, Git: newClones(t), Change: change}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	text := strings.Join(s.jobs(), "\n")
	for _, want := range []string{
		"job a", "job s", "job children / inner",
		"a: ci-variable DEPLOY_API_TOKEN gitlab-api scripts/deploy.sh:2", "s: ci-variable PYPI_API_TOKEN pypi shared.yml:1",
		"children / inner: ci-variable HELM_PASSWORD",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the pipeline lacks %q:\n%s", want, text)
		}
	}
	if c := s.state("pipeline"); c.State != inventory.Partial || !strings.Contains(c.Reason, "https://ci.example/x.yml") {
		t.Errorf("coverage = %s, want the remote include named as missing", coverageText(c))
	}
}
