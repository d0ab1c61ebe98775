package rules

import (
	"net/url"
	"strings"

	"nhiscan/inventory"
)

// provider names who takes a credential, of those that take ID tokens of GitLab too; empty is another one or unknown.
// Source: https://docs.gitlab.com/ci/cloud_services/, https://docs.gitlab.com/ci/secrets/hashicorp_vault/
func provider(system string) string {
	family, _, _ := strings.Cut(system, "-")
	switch {
	case family == "aws", strings.HasPrefix(system, "secretsmanager"), strings.HasPrefix(system, "ssm"):
		return "AWS"
	case family == "gcp", family == "gcs", system == "firebase":
		return "Google Cloud"
	case family == "azure":
		return "Azure"
	case system == "vault":
		return "Vault"
	case system == "pypi", system == "npm":
		return system
	case system == "kubernetes":
		return "Kubernetes"
	}
	return ""
}

// providerOfAudience is provider for the audience of an ID token, as each provider's page asks for.
func providerOfAudience(audience string) string {
	host := strings.ToLower(audience)
	if u, err := url.Parse(host); err == nil && u.Host != "" {
		host = u.Hostname()
	}
	switch {
	case strings.Contains(host, "amazonaws"):
		return "AWS"
	case strings.Contains(host, "googleapis"):
		return "Google Cloud"
	case strings.Contains(host, "azuread"), strings.Contains(host, "microsoftonline"):
		return "Azure"
	case strings.Contains(host, "vault"):
		return "Vault"
	case host == "pypi", host == "testpypi":
		return "pypi"
	case strings.HasPrefix(host, "npm:"):
		return "npm"
	}
	return ""
}

// providerOfName is provider by the words of a variable's name.
func providerOfName(name string) string {
	for _, w := range strings.Split(strings.ToUpper(name), "_") {
		switch w {
		case "AWS":
			return "AWS"
		case "GCP", "GOOGLE", "GCLOUD":
			return "Google Cloud"
		case "AZURE", "ARM", "AZ":
			return "Azure"
		case "VAULT":
			return "Vault"
		case "PYPI", "TWINE":
			return "pypi"
		case "NPM":
			return "npm"
		case "KUBE", "KUBECONFIG", "KUBERNETES", "K8S":
			return "Kubernetes"
		}
	}
	return ""
}

// providerOf says whom a use is for: by its system, else by its name.
func providerOf(u *inventory.Usage) string {
	if p := provider(u.System); p != "" {
		return p
	}
	if u.Kind == inventory.UseIDToken {
		for a := range strings.FieldsSeq(u.System) {
			if p := providerOfAudience(a); p != "" {
				return p
			}
		}
	}
	if known := u.System != "" && u.Kind != inventory.UseIDToken && u.Kind != inventory.UseExternal; known {
		return "" // another system, whatever the name says
	}
	return providerOfName(u.Name)
}

// shortLived reports whether a use rests on a token that the job gets for itself.
func shortLived(u *inventory.Usage) bool {
	return u.Kind == inventory.UseIDToken || u.Kind == inventory.UseExternal
}

// verbs of a use: what it does with a credential on its system.
type verb uint8

const (
	unclearVerb verb = iota
	reads
	writes
)

// verbOf reads the operations of a use. One that changes anything makes it write; one that cannot be told, unclear.
func verbOf(u *inventory.Usage) verb {
	result := unclearVerb
	for _, operation := range strings.FieldsFunc(u.Operation, func(r rune) bool { return r == ';' || r == ',' }) {
		switch v := verbOfOperation(strings.TrimSpace(operation)); {
		case v == writes:
			return writes
		case v == unclearVerb:
			return unclearVerb
		default:
			result = v
		}
	}
	return result
}

func verbOfOperation(operation string) verb {
	words := strings.Fields(strings.ToLower(operation))
	if len(words) == 0 || strings.Contains(operation, "graphql") {
		return unclearVerb // GraphQL posts its questions too
	}
	for _, w := range words {
		switch w {
		case "post", "put", "patch", "delete", "push", "publish", "upload", "deploy", "release", "merge", "create", "apply", "destroy", "write", "trigger":
			return writes
		case "get", "head", "pull", "clone", "fetch", "download", "read", "list", "install", "ls-remote":
			return reads
		}
	}
	return unclearVerb
}
