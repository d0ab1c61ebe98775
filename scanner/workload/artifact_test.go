package workload

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nhiscan/scanner/ciyaml"
)

// usesIn reads one job of a configuration.
func usesIn(t *testing.T, text, job string) (uses, kept []string) {
	t.Helper()
	config, err := ciyaml.Resolve(t.Context(), []byte(text), "", ciyaml.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := Of(config)
	for _, j := range config.Jobs {
		for _, k := range p.Kept(j, nil) {
			kept = append(kept, j.Name+": "+k.String())
		}
		if j.Name == job {
			uses = short(p.Read(j, nil))
		}
	}
	return uses, kept
}

// Credentials that reach a job in what an earlier one left.
func TestPipeline_artifacts(t *testing.T) {
	const deploy = "\ndeploy:\n  stage: deploy\n  script: "
	for name, c := range map[string]struct {
		text       string
		uses, kept []string
	}{
		"dotenv": {
			"login:\n  stage: build\n  script: echo \"REG_TOKEN=$ROBOT_TOKEN\" >> vars.env\n  artifacts: {reports: {dotenv: vars.env}}" + deploy + "docker login -u x -p $REG_TOKEN registry.example.com",
			[]string{"registry-other artifact:ROBOT_TOKEN artifact"}, []string{"login: ROBOT_TOKEN in dotenv vars.env"},
		},
		"dotenv_with_what_a_command_printed": {
			"login:\n  stage: build\n  script: echo \"API_TOKEN=$(./mint)\" > vars.env\n  artifacts: {reports: {dotenv: vars.env}}" + deploy + "'curl -H \"PRIVATE-TOKEN: $API_TOKEN\" $CI_API_V4_URL/projects'",
			[]string{"gitlab-api artifact:API_TOKEN artifact"}, []string{"login: API_TOKEN in dotenv vars.env"},
		},
		"dotenv_without_a_secret": {
			"login:\n  stage: build\n  script: echo \"REG=registry.example.com\" > vars.env\n  artifacts: {reports: {dotenv: vars.env}}" + deploy + "docker login -u $REG_USER -p $REG_TOKEN $REG",
			[]string{"registry-other REG_TOKEN,REG_USER ci_variable"}, nil,
		},
		"file": {
			"login:\n  stage: build\n  script: echo \"$CLUSTER_CONFIG_SECRET\" > out/kubeconfig\n  artifacts: {paths: [out/]}" + deploy + "kubectl --kubeconfig out/kubeconfig apply -f a.yml",
			[]string{"kubernetes artifact:CLUSTER_CONFIG_SECRET artifact"}, []string{"login: CLUSTER_CONFIG_SECRET in artifact out/kubeconfig"},
		},
		"file_that_a_tool_writes": {
			"login:\n  stage: build\n  script: make-cluster\n  artifacts: {paths: [kubeconfig]}" + deploy + "['export KUBECONFIG=$CI_PROJECT_DIR/kubeconfig', kubectl apply -f a.yml]",
			[]string{"kubernetes artifact:kubeconfig artifact"}, nil,
		},
		"template_of_the_repository": {
			"pack:\n  stage: build\n  script: make\n  artifacts: {paths: [.pypirc]}" + deploy + "['sed \"s/PASSWORD/$INDEX_TOKEN/\" .pypirc > ~/.pypirc', twine upload dist/*]",
			[]string{"pypi INDEX_TOKEN ci_variable"}, nil,
		},
		"vault_token": {
			"login:\n  stage: build\n  id_tokens: {VAULT_ID_TOKEN: {aud: https://vault.example}}\n  script: vault write -field=token auth/jwt/login role=x jwt=$VAULT_ID_TOKEN > vault-token.txt\n  artifacts: {paths: [vault-token.txt]}" +
				deploy + "['export VAULT_TOKEN=$(cat vault-token.txt)', vault kv get secret/shop]",
			[]string{"vault artifact:VAULT_ID_TOKEN artifact"}, []string{"login: VAULT_ID_TOKEN in artifact vault-token.txt"},
		},
		"not_needed": {
			"login:\n  stage: build\n  script: echo \"REG_TOKEN=$ROBOT_TOKEN\" >> vars.env\n  artifacts: {reports: {dotenv: vars.env}}" + deploy + "docker login -u x -p $REG_TOKEN registry.example.com\n  needs: []",
			[]string{"registry-other REG_TOKEN ci_variable"}, []string{"login: ROBOT_TOKEN in dotenv vars.env"},
		},
		"needed_without_artifacts": {
			"login:\n  stage: build\n  script: echo \"REG_TOKEN=$ROBOT_TOKEN\" >> vars.env\n  artifacts: {reports: {dotenv: vars.env}}" + deploy + "docker login -u x -p $REG_TOKEN registry.example.com\n  needs: [{job: login, artifacts: false}]",
			[]string{"registry-other REG_TOKEN ci_variable"}, []string{"login: ROBOT_TOKEN in dotenv vars.env"},
		},
		"dependencies": {
			"login:\n  stage: build\n  script: echo \"REG_TOKEN=$ROBOT_TOKEN\" >> vars.env\n  artifacts: {reports: {dotenv: vars.env}}" + deploy + "docker login -u x -p $REG_TOKEN registry.example.com\n  dependencies: []",
			[]string{"registry-other REG_TOKEN ci_variable"}, []string{"login: ROBOT_TOKEN in dotenv vars.env"},
		},
		"handed_on_by_a_second_job": {
			"a:\n  stage: build\n  script: echo \"$ROBOT_KEY\" > k/id_rsa\n  artifacts: {paths: [k]}\nb:\n  stage: test\n  script: cp k/id_rsa out.key\n  needs: [a]\n  artifacts: {paths: [out.key]}" +
				deploy + "scp -i out.key a.tgz web@host.example:/srv\n  needs: [b]",
			[]string{"ssh artifact:ROBOT_KEY artifact"}, []string{"a: ROBOT_KEY in artifact k/id_rsa", "b: ROBOT_KEY in artifact out.key"},
		},
		"login_of_docker": {
			"variables: {DOCKER_CONFIG: $CI_PROJECT_DIR/.docker}\nlogin:\n  stage: build\n  script: echo \"{\\\"auths\\\":{\\\"registry.example.com\\\":{\\\"auth\\\":\\\"$ROBOT_AUTH\\\"}}}\" > .docker/config.json\n  artifacts: {paths: [.docker]}" +
				"\nother: {stage: deploy, script: 'true'}" + deploy + "docker push registry.example.com/shop/web",
			[]string{"registry-other artifact:ROBOT_AUTH artifact"}, []string{"login: ROBOT_AUTH in artifact .docker/config.json"},
		},
		"cache_and_wildcards": {
			"login:\n  stage: build\n  script: ['echo \"$ROBOT_TOKEN\" > .secrets/robot', 'echo \"$OTHER_TOKEN\" > x/y/other.key', 'echo \"$HOME_TOKEN\" > ~/home']\n  cache: {paths: [.secrets]}\n  artifacts: {paths: ['**/*.key'], exclude: ['x/z/*']}" + deploy + "'true'",
			nil, []string{"login: ROBOT_TOKEN in cache .secrets/robot", "login: OTHER_TOKEN in artifact x/y/other.key"},
		},
		"circle": {
			"a: {stage: build, script: 'echo \"$A_TOKEN\" > f', artifacts: {paths: [f]}, needs: [deploy]}" + deploy + "cat f\n  needs: [a]\n  artifacts: {paths: [f]}", nil, []string{"a: A_TOKEN in artifact f"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			uses, kept := usesIn(t, c.text, "deploy")
			if diff := cmp.Diff(c.uses, uses, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s\nuses (-want +got)\n%s", c.text, diff)
			}
			if diff := cmp.Diff(c.kept, kept, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s\nkept (-want +got)\n%s", c.text, diff)
			}
		})
	}
}

func TestUse_shown(t *testing.T) {
	const text = "login:\n  stage: build\n  script: ['echo \"REG_TOKEN=$ROBOT_TOKEN\" > vars.env', 'echo \"$ROBOT_KEY\" > k/id_rsa']\n" +
		"  artifacts: {paths: [k], reports: {dotenv: vars.env}}\n" +
		"deploy: {stage: deploy, script: ['docker login -u x -p $REG_TOKEN registry.example.com', 'scp -i k/id_rsa a.tgz web@host.example:/srv']}"
	config, err := ciyaml.Resolve(t.Context(), []byte(text), "", ciyaml.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range Of(config).Read(config.Jobs[0], nil) {
		got = append(got, u.System+" "+strings.Join(u.Shown(), ",")+" from "+strings.Join(u.Credentials, ","))
	}
	want := []string{"registry-other REG_TOKEN from artifact:ROBOT_TOKEN", "ssh artifact:k/id_rsa from artifact:ROBOT_KEY"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("uses (-want +got)\n%s", diff)
	}
}

// A chain of jobs of which each gets what all earlier ones left is read once for each.
func TestPipeline_bounds(t *testing.T) {
	text := "stages: ["
	for i := range 200 {
		text += fmt.Sprintf("s%d,", i)
	}
	text += "]\n"
	for i := range 200 {
		text += fmt.Sprintf("j%03d: {stage: s%d, script: 'echo \"T%d_TOKEN=$T%d_TOKEN\" >> d.env', artifacts: {reports: {dotenv: d.env}}}\n", i, i, i, i)
	}
	config, err := ciyaml.Resolve(t.Context(), []byte(text), "", ciyaml.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := Of(config)
	for _, j := range config.Jobs {
		if len(p.Kept(j, nil)) == 0 {
			t.Fatalf("job %s keeps nothing", j.Name)
		}
	}
	if spent := maxCalls - p.calls; spent > 10*len(config.Jobs) {
		t.Errorf("%d calls were followed for %d jobs", spent, len(config.Jobs))
	}
}
