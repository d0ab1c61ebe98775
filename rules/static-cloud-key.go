package rules

import (
	"strings"

	"nhiscan/inventory"
)

var staticCloudKey = Rule{
	ID:       "static-cloud-key",
	Code:     "VAR-010",
	Title:    "Static key where ID tokens would do",
	Severity: inventory.High,
	Why:      "The key works from anywhere until somebody revokes it. An ID token works for one job, for minutes, and nobody can copy it out of GitLab's settings.",
	Fix:      "Let the provider trust ID tokens of this project and ref, have the jobs use id_tokens (a registry: the job token), run them once, then revoke the key.",
	Refs: []string{"OWASP NHI6:2025", "OWASP NHI7:2025", "NIST SP 800-53 IA-5", "NIST SP 800-53 IA-9", "NIST SP 800-53 SC-12", "SOC 2 CC6.1",
		"ISO 27001:2022 A.8.5", "PCI DSS 4.0.1 8.6.3"},
	Reads: []string{"variable", "pipeline"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		class := staticClass(l)
		switch {
		case class == "AWS access key" && accessKeyID(l.Key) && p.besideSecretKey(l):
			return NotApplicable // the name of a key, of whose secret the gap is told
		case class == "" && l.Fingerprint == "" && l.Detector == "":
			return Unknown("the value was not shown, so what it opens cannot be told")
		case class == "":
			return Ok
		}
		uses := p.usesOf(l)
		text := safe("; use id_tokens in its place")
		if class == registryPassword {
			switch registryTakesTokens(uses) {
			case inventory.Unknown:
				return Unknown("whether the registry takes job tokens or ID tokens is not told by what uses the password")
			case inventory.No:
				return Ok // no short-lived counterpart is known
			}
			text = "; use the job token or id_tokens in its place"
		}
		v := Fail("holds a static %s%s", safe(class), text)
		if len(uses) > 0 {
			v = Fail("holds a static %s, used in %s (jobs %s)%s", safe(class), count(len(p.projectsOf(uses)), "project"), jobNames(uses), text)
		}
		v = v.With("class = %s", safe(class)).With("known uses = %d", len(uses))
		if l.Detector != "" {
			v = v.With("detector = %s", l.Detector)
		}
		return v
	}),
}

// staticClass says which sort of long-lived key a variable holds, of those that have a short-lived counterpart in
// GitLab's pipelines: by the value, else by the key under which the provider's tools look for it. Empty is another.
// Source: https://docs.gitlab.com/ci/cloud_services/, https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/
func staticClass(l inventory.Location) string {
	switch d := l.Detector; {
	case strings.HasPrefix(d, "aws-"):
		return "AWS access key"
	case strings.HasPrefix(d, "gcp-service-account"), strings.Contains(d, "google-service-account"):
		return "Google Cloud service account key"
	case strings.HasPrefix(d, "azure-ad-client-secret"):
		return "Azure client secret"
	case strings.HasPrefix(d, "vault-"):
		return "Vault token"
	case strings.Contains(d, "kubeconfig"):
		return "kubeconfig"
	}
	key := strings.ToUpper(l.Key)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if !strings.Contains(key, part) {
				return false
			}
		}
		return true
	}
	switch {
	case has("AWS", "SECRET"), has("AWS", "ACCESS_KEY"):
		return "AWS access key"
	case has("GOOGLE", "CREDENTIALS"), has("GCP", "SERVICE_ACCOUNT"), has("GCLOUD", "SERVICE"), has("GCP", "CREDENTIALS"), has("GCP", "KEY"):
		return "Google Cloud service account key"
	case has("AZURE", "SECRET"), has("ARM_CLIENT_SECRET"):
		return "Azure client secret"
	case has("VAULT_TOKEN"), has("VAULT_SECRET_ID"):
		return "Vault token"
	case has("KUBECONFIG"), has("KUBE_CONFIG"):
		return "kubeconfig"
	case has("REGISTRY", "PASS"), has("REGISTRY", "TOKEN"), key == "DOCKER_AUTH_CONFIG", has("DOCKER", "PASSWORD"), has("DOCKERHUB", "TOKEN"):
		return registryPassword
	}
	return ""
}

const registryPassword = "registry password"

// registryTakesTokens reports whether one of the registries that a password is used for is GitLab's own or a cloud's.
func registryTakesTokens(uses []*inventory.Usage) inventory.Tri {
	result := inventory.No
	if len(uses) == 0 {
		return inventory.Unknown
	}
	for _, u := range uses {
		switch {
		case u.System == "gitlab-registry", u.System == "gitlab-packages", provider(u.System) != "":
			return inventory.Yes
		case u.System == "":
			result = inventory.Unknown
		}
	}
	return result
}

// accessKeyID reports whether a variable's key says that it names an AWS key rather than opens anything.
func accessKeyID(key string) bool { return strings.Contains(strings.ToUpper(key), "ACCESS_KEY_ID") }

// besideSecretKey reports whether the secret of an AWS key lies in the same home.
func (p *Pass) besideSecretKey(l inventory.Location) bool {
	for _, other := range p.X.LocationsIn(l.Home) {
		if other.Surface == inventory.SurfaceVariable && !accessKeyID(other.Key) && staticClass(*other) == "AWS access key" {
			return true
		}
	}
	return false
}
