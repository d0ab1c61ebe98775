package fix

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"nhiscan/scanner/ciyaml"
)

// foreignRegistry is a container registry that is neither GitLab's nor Amazon's: how it is told, and how its login is
// replaced, or why there is no patch and what is done all the same.
type foreignRegistry struct {
	host   *regexp.Regexp // in the script or the variables of the job
	login  func(*fixing, use) (recipe, error)
	reason string   // where login is nil
	steps  []string // in order, where login is nil
	source string   // of all of it
}

// dockerHub is the registry of those that name none. Its OpenID Connect connections, of 2026, are documented for GitHub
// Actions alone: https://github.com/docker/login-action#docker-hub
var dockerHub = foreignRegistry{
	reason: "the registry of Docker Hub takes no ID tokens of GitLab",
	steps: []string{
		"Make an organization access token with the rights that the jobs need on the one repository and an expiry date; a person's password or token opens everything that the person may.",
		"Put it in the variable's place, let the jobs run once, then delete the old token. Write down its expiry date with who replaces it: nothing renews it.",
		"Where the jobs only pull public images, take GitLab's dependency proxy instead: CI_DEPENDENCY_PROXY_USER and CI_DEPENDENCY_PROXY_PASSWORD are there in every job, and the group keeps the login to Docker Hub.",
	},
	source: "https://docs.docker.com/security/access-tokens/organization-access-tokens/ and https://docs.gitlab.com/user/packages/dependency_proxy/",
}

// foreignRegistries are those that are told by their host, the first that matches counts.
var foreignRegistries = []foreignRegistry{
	{
		host: regexp.MustCompile(`\.pkg\.dev|(^|[^\w])gcr\.io`), login: (*fixing).googleRegistry,
		source: "https://docs.cloud.google.com/artifact-registry/docs/docker/authentication",
	},
	{
		host: regexp.MustCompile(`azurecr\.io`), login: (*fixing).azureRegistry,
		source: "https://azure.github.io/acr/AAD-OAuth.html",
	},
	{
		host: regexp.MustCompile(`ghcr\.io`), reason: "the registry of GitHub takes no ID tokens of GitLab",
		steps: []string{
			"Make a token of a machine user that may only read, or only write, packages, with an expiry date; the registry takes classic personal access tokens alone. Put it in the variable's place, let the jobs run once, then delete the old one.",
			"Where the images may lie in GitLab's own registry, move them there: its login needs nothing but the job token.",
		},
		source: "https://docs.github.com/packages/working-with-a-github-packages-registry/working-with-the-container-registry",
	},
	{
		host:   regexp.MustCompile(`(^|[^\w])quay\.io`),
		reason: "Quay trades an ID token for a robot's token that expires soon, where the robot is federated with this GitLab; the trade is a call that the job has to make before its login",
		steps: []string{
			"Federate the robot account with this GitLab as issuer and the subject of the project and ref. Let the job have an ID token with an audience of its own, trade it at /oauth2/federation/robot/token, and log in as the robot with the token in the answer.",
			"Where the Quay at hand is older, let each project have a robot of its own with rights on the one repository, and renew its token on a schedule.",
		},
		source: "https://docs.redhat.com/en/documentation/red_hat_quay/3/html/red_hat_quay_api_reference/auth_federated_robot_token",
	},
	{
		host:   regexp.MustCompile(`(?i)\.jfrog\.io|artifactory`),
		reason: "Artifactory trades an ID token for an access token of some minutes, where an OpenID Connect integration is set up; the trade is a call that the job has to make before its login",
		steps: []string{
			"Set up an OpenID Connect integration with this GitLab as provider, and an identity mapping bound to project_path and ref with the scope that the jobs need. Let the job have an ID token with an audience of its own, trade it at /access/api/v1/oidc/token, and log in with the access token in the answer.",
		},
		source: "https://jfrog.com/help/r/jfrog-platform-administration-documentation/openid-connect-integration",
	},
	{
		host: regexp.MustCompile(`(?i)harbor`), reason: "Harbor's robot accounts take no ID tokens of GitLab",
		steps: []string{
			"Make a robot account of the one project with the permissions that the jobs need and an expiry of at most 90 days. Put its secret in the variable's place, let the jobs run once, then delete the old account; refresh the secret on a schedule.",
		},
		source: "https://goharbor.io/docs/latest/working-with-projects/project-configuration/create-robot-accounts/",
	},
}

// unknownRegistry is any other.
var unknownRegistry = foreignRegistry{
	reason: "this registry is not known to take ID tokens of GitLab",
	steps: []string{
		"Ask who runs the registry whether it takes ID tokens. Till then let each project have an account of its own with rights on the one repository and an expiry date, put its secret in the variable's place, let the jobs run once, and delete the old one.",
	},
}

// registryOf says which registry a use is on.
func registryOf(u use) foreignRegistry {
	if u.System == "dockerhub" {
		return dockerHub
	}
	text := script(u)
	for _, r := range foreignRegistries {
		if r.host.MatchString(text) {
			return r
		}
	}
	return unknownRegistry
}

// otherRegistry replaces the login to a registry that is neither GitLab's nor Amazon's.
func (f *fixing) otherRegistry(u use) (recipe, error) {
	r := registryOf(u)
	if r.login == nil {
		return recipe{}, errors.New(r.reason)
	}
	return r.login(f, u)
}

// answer takes the value of a field out of what a service answers. The images in which docker is have wget and sed, and
// neither curl nor jq.
func answer(field string) string {
	return ` | sed -n 's/.*"` + field + `": *"\([^"]*\)".*/\1/p'`
}

// googleRegistry trades the ID token for an access token of the service account, which is a password of the registry for
// an hour.
// Sources: https://docs.cloud.google.com/artifact-registry/docs/docker/authentication#token,
// https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token and
// https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
func (f *fixing) googleRegistry(u use) (recipe, error) {
	r := recipe{
		family: "gcp-registry", method: IDTokens, token: "GCP_REGISTRY_ID_TOKEN", audience: "https://iam.googleapis.com/$GCP_WORKLOAD_IDENTITY_PROVIDER", shell: true,
		setup: []string{
			`GCP_FEDERATED_TOKEN="$(wget -qO- --post-data "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&audience=//iam.googleapis.com/$GCP_WORKLOAD_IDENTITY_PROVIDER&scope=https://www.googleapis.com/auth/cloud-platform&requested_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token=$GCP_REGISTRY_ID_TOKEN" https://sts.googleapis.com/v1/token` + answer("access_token") + `)"`,
			`GCP_REGISTRY_TOKEN="$(wget -qO- --header "Authorization: Bearer $GCP_FEDERATED_TOKEN" --header 'Content-Type: application/json' --post-data '{"scope":["https://www.googleapis.com/auth/cloud-platform"]}' "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/$GCP_DEPLOY_ACCOUNT:generateAccessToken"` + answer("accessToken") + `)"`,
		},
	}
	return r, f.logIn(&r, u, "GCP_REGISTRY_TOKEN", "oauth2accesstoken")
}

var azureHost = regexp.MustCompile(`(?:\w|\$\{?\w+\}?|-)+\.azurecr\.io`)

var azureHostVariable = regexp.MustCompile(`\$\{?(\w+)`)

// setBy reports whether a job's script gives a variable its value.
func setBy(job ciyaml.Job, name string) bool {
	sets := regexp.MustCompile(`(?m)(^|[\s;&])` + regexp.QuoteMeta(name) + `=`)
	return slices.ContainsFunc(job.Script, func(c ciyaml.Command) bool { return sets.MatchString(c.Text) })
}

// azureRegistry trades the ID token for a token of the application, and that for one of the registry.
// Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
// https://azure.github.io/acr/AAD-OAuth.html
func (f *fixing) azureRegistry(u use) (recipe, error) {
	hosts := azureHost.FindAllString(script(u), -1)
	slices.Sort(hosts)
	if hosts = slices.Compact(hosts); len(hosts) != 1 {
		return recipe{}, errors.New("it is not seen to log in to one registry of Azure alone: each takes a token of its own")
	}
	for _, m := range azureHostVariable.FindAllStringSubmatch(hosts[0], -1) {
		if setBy(u.job, m[1]) {
			return recipe{}, fmt.Errorf("its script sets %s, which the registry's name holds, itself: the token is needed before", m[1])
		}
	}
	r := recipe{
		family: "azure-registry", method: IDTokens, token: "AZURE_REGISTRY_ID_TOKEN", audience: "api://AzureADTokenExchange", shell: true,
		setup: []string{
			`AZURE_ACCESS_TOKEN="$(wget -qO- --post-data "grant_type=client_credentials&client_id=$AZURE_CLIENT_ID&scope=https://management.azure.com/.default&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=$AZURE_REGISTRY_ID_TOKEN" "https://login.microsoftonline.com/$AZURE_TENANT_ID/oauth2/v2.0/token"` + answer("access_token") + `)"`,
			fmt.Sprintf(`AZURE_REGISTRY_TOKEN="$(wget -qO- --post-data "grant_type=access_token&service=%[1]s&tenant=$AZURE_TENANT_ID&access_token=$AZURE_ACCESS_TOKEN" "https://%[1]s/oauth2/exchange"`, hosts[0]) + answer("refresh_token") + `)"`,
		},
	}
	return r, f.logIn(&r, u, "AZURE_REGISTRY_TOKEN", "00000000-0000-0000-0000-000000000000")
}

// loginFile finds what a login reads its password from, where that is a file.
var loginFile = regexp.MustCompile(`\blogin\b|^\s*rm `)

// logIn lets the logins take a token in the place of the stored password, and the user that goes with it.
func (f *fixing) logIn(r *recipe, u use, token, user string) error {
	refs := quotedReference(f.secrets...)
	files, err := keyFiles(script(u), refs, loginFile)
	if err != nil {
		return err
	}
	source, remove := refs, ""
	for _, file := range files {
		name := optionalQuote + regexp.QuoteMeta(file) + optionalQuote
		source, remove = source+"|"+name, remove+`|rm (?:-f )?`+name
	}
	r.drop = regexp.MustCompile(`^(?:(?:echo|printf|cat)\b[^;&|]*` + refs + `[^;&]*>\s*\S+` + remove + `)$`)
	r.rewrites = []rewriting{
		{only: regexp.MustCompile(`\blogin\b`), pattern: regexp.MustCompile(`(?:echo|printf|cat)\b[^|;&\r\n]*(?:` + source + `)[^|;&\r\n]*\|(?:\s*base64 [^|;&\r\n]*\|)?`), with: `printf '%s' "$$` + token + `" |`},
		{only: regexp.MustCompile(`\blogin\b`), pattern: regexp.MustCompile(`(\s(?:-p|--password)[ =])` + refs), with: `$1"$$` + token + `"`},
		{only: regexp.MustCompile(`\b` + token + `\b`), pattern: regexp.MustCompile(`(\s(?:-u|--username)[ =])(?:\\?["'][^"'\\]*\\?["']|[^\s"']+)`), with: `${1}` + user},
	}
	return nil
}

// renewal are the steps that replace the credential of such a registry by hand, for each registry once.
func (f *fixing) renewal() []Step {
	var out []Step
	seen := map[string]bool{}
	for _, u := range f.uses {
		if u.System != "dockerhub" && u.System != "registry-other" {
			continue
		}
		r := registryOf(u)
		if r.login != nil || seen[r.reason] {
			continue
		}
		seen[r.reason] = true
		for i, text := range r.steps {
			if i == len(r.steps)-1 && r.source != "" {
				text += " See " + r.source + "."
			}
			out = append(out, Step{Text: text})
		}
	}
	return out
}
