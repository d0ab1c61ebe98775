package fix

import (
	"errors"
	"regexp"
)

// foreignRegistry is a container registry that is neither GitLab's nor Amazon's: how it is told, why there is no patch, and
// how its credential is replaced all the same.
type foreignRegistry struct {
	host   *regexp.Regexp // in the script or the variables of the job
	reason string
	steps  []string // in order
	source string   // of both
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
		host:   regexp.MustCompile(`\.pkg\.dev|(^|[^\w])gcr\.io`),
		reason: "the registry of Google Cloud takes a short-lived access token: sign in to Google Cloud with an ID token, then docker login -u oauth2accesstoken; the job's image has to have gcloud",
		source: "https://docs.cloud.google.com/artifact-registry/docs/docker/authentication",
	},
	{
		host:   regexp.MustCompile(`azurecr\.io`),
		reason: "the registry of Azure takes a short-lived token: sign in to Azure with an ID token, then az acr login; the job's image has to have az",
		source: "https://learn.microsoft.com/azure/container-registry/container-registry-authentication",
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

// otherRegistry says why there is no patch for a registry that is neither GitLab's nor Amazon's.
func otherRegistry(u use) error { return errors.New(registryOf(u).reason) }

// renewal are the steps that replace the credential of such a registry by hand, for each registry once.
func (f *fixing) renewal() []Step {
	var out []Step
	seen := map[string]bool{}
	for _, u := range f.uses {
		if u.System != "dockerhub" && u.System != "registry-other" {
			continue
		}
		r := registryOf(u)
		if seen[r.reason] {
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
