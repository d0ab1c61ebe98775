package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What the configuration of tools in the repository names is read one level deep.
func TestRead_configured(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		files  map[string]string
		want   []string
	}{
		"maven_settings": {
			"mvn -s ci/settings.xml deploy",
			map[string]string{"ci/settings.xml": "<server><id>nexus</id><username>${env.NEXUS_USER}</username><password>${env.NEXUS_PASS}</password></server><url>${project.url}</url>"},
			[]string{"maven-repo NEXUS_PASS,NEXUS_USER ci_variable"},
		},
		"maven_settings_by_its_configuration": {
			"mvn deploy",
			map[string]string{".mvn/maven.config": "-B -s .mvn/settings.xml\n", ".mvn/settings.xml": "<password>${env.CI_JOB_TOKEN}</password>"},
			[]string{"gitlab-packages CI_JOB_TOKEN predefined"},
		},
		"maven_settings_copied": {
			"cp ci/settings.xml ~/.m2/settings.xml\nmvn deploy",
			map[string]string{"ci/settings.xml": "<password>${env.NEXUS_PASS}</password>"},
			[]string{"maven-repo NEXUS_PASS ci_variable"},
		},
		"npmrc":       {"npm publish", map[string]string{".npmrc": "//registry.example.com/:_authToken=${REGISTRY_TOKEN}\n"}, []string{"npm REGISTRY_TOKEN ci_variable"}},
		"yarnrc":      {"yarn npm publish", map[string]string{".yarnrc.yml": "npmAuthToken: \"${REGISTRY_TOKEN:-}\"\n"}, []string{"npm REGISTRY_TOKEN ci_variable"}},
		"npmrc_plain": {"npm publish", map[string]string{".npmrc": "save-exact=true\n"}, []string{"npm NPM_TOKEN implicit"}},
		"gradle": {
			"./gradlew publish",
			map[string]string{"build.gradle": "credentials { username = System.getenv(\"REPO_USER\"); password = System.getenv('REPO_PASSWORD') }\nversion = System.getenv(\"VERSION\")"},
			[]string{"maven-repo REPO_PASSWORD,REPO_USER ci_variable"},
		},
		"nuget": {
			"dotnet nuget push a.nupkg", map[string]string{"nuget.config": "<add key=\"ClearTextPassword\" value=\"%FEED_TOKEN%\" />"}, []string{"nuget FEED_TOKEN ci_variable"},
		},
		"requirements": {
			"pip install -r requirements.txt --extra-index-url https://index.example.com/simple",
			map[string]string{"requirements.txt": "git+https://oauth2:${READ_TOKEN}@gitlab.example.com/shop/lib.git\n"}, []string{"pypi READ_TOKEN ci_variable"},
		},
		"ansible": {
			"ansible-playbook -i hosts.yml site.yml",
			map[string]string{
				"hosts.yml": "web:\n  vars:\n    ansible_ssh_pass: \"{{ lookup('env', 'HOST_PASSWORD') }}\"\n",
				"site.yml":  "- hosts: web\n  vars:\n    db: \"{{ lookup('ansible.builtin.env','DB_PASSWORD') }}\"\n    home: \"{{ lookup('env', 'HOME') }}\"\n",
			},
			[]string{"ssh DB_PASSWORD ci_variable", "ssh HOST_PASSWORD ci_variable"},
		},
		"terraform_provider_and_backend": {
			"cd infra\nterraform init\nterraform apply -auto-approve",
			map[string]string{"infra/main.tf": "terraform {\n  backend \"s3\" {}\n}\nprovider \"azurerm\" {\n  features {}\n}\nvariable \"db_password\" {\n  type = string\n  sensitive = true\n}\nvariable \"region\" {\n  default = \"x\"\n}\n"},
			[]string{"aws-s3 AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY implicit", "azure ARM_CLIENT_ID,ARM_CLIENT_SECRET implicit", "terraform-providers TF_VAR_db_password implicit"},
		},
		"terraform_folder_by_option": {
			"terraform -chdir=live plan", map[string]string{"live/providers.tf": "provider \"google\" {}\n", "main.tf": "provider \"aws\" {}\n"},
			[]string{"gcp GOOGLE_APPLICATION_CREDENTIALS implicit"},
		},
		"terraform_cloud": {
			"terraform init", map[string]string{"versions.tf": "terraform {\n  cloud {\n    organization = \"shop\"\n  }\n}\n"},
			[]string{"terraform-cloud TF_TOKEN_app_terraform_io implicit"},
		},
		"compose_on_another_host": {
			"echo \"$DEPLOY_KEY\" | ssh-add -\nexport DOCKER_HOST=ssh://web@host.example\ndocker compose -f prod.yml up -d",
			map[string]string{"prod.yml": "services:\n  web:\n    image: shop/web:$TAG\n    environment:\n      DB_PASSWORD: ${DB_PASSWORD:?}\n"},
			[]string{"ssh DB_PASSWORD ci_variable", "ssh DEPLOY_KEY ci_variable"},
		},
		"compose_in_the_job":     {"docker compose up -d", map[string]string{"compose.yml": "environment: [X=$DB_PASSWORD]\n"}, nil},
		"outside_the_repository": {"mvn -s ../settings.xml deploy", map[string]string{"../settings.xml": "<password>${env.NEXUS_PASS}</password>"}, []string{"maven-repo - ambient"}},
	} {
		t.Run(name, func(t *testing.T) {
			config, job := jobOf(t, c.script)
			got := short(Of(config).Read(job, func(path string) ([]byte, bool) { text, ok := c.files[path]; return []byte(text), ok }))
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.script, diff)
			}
		})
	}
}
