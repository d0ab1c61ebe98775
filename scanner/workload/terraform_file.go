package workload

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// terraformFiles are the names that configurations of Terraform are commonly split into; the folder cannot be listed.
// Source: https://developer.hashicorp.com/terraform/language/style#file-names
var terraformFiles = []string{"main.tf", "providers.tf", "provider.tf", "backend.tf", "terraform.tf", "versions.tf", "variables.tf", "state.tf", "config.tf", "cloud.tf"}

var (
	tfProvider  = regexp.MustCompile(`(?m)^\s*provider\s+"([\w-]+)"`)
	tfBackend   = regexp.MustCompile(`(?m)^\s*backend\s+"([\w-]+)"`)
	tfCloud     = regexp.MustCompile(`(?m)^\s*cloud\s*\{`)
	tfSensitive = regexp.MustCompile(`(?s)variable\s+"(\w+)"\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}`)
	changedInto = regexp.MustCompile(`(?m)(?:^|[;&|]\s*)(?:cd|pushd)\s+["']?([\w./${}-]+)`)
)

// providerTools are the tools of the catalogue that take the credentials of a provider's variables.
// Source: https://registry.terraform.io/browse/providers
var providerTools = map[string]string{
	"aws": "aws", "awscc": "aws", "google": "google", "google-beta": "google", "azurerm": "azure", "azuread": "azure", "azapi": "azure",
	"digitalocean": "doctl", "hcloud": "hcloud", "scaleway": "scaleway", "vault": "vault",
}

// backendTools are those of the places of a state.
// Source: https://developer.hashicorp.com/terraform/language/backend
var backendTools = map[string]string{"s3": "aws", "gcs": "google", "azurerm": "azure"}

// stateSystems are the systems of those places.
var stateSystems = map[string]string{"s3": "aws-s3", "gcs": "gcp", "azurerm": "azure"}

// terraformText is the configuration that a call works on, as far as it is at hand.
func (r *reading) terraformText(c *call) string {
	folders := []string{r.env["TF_ROOT"].text}
	if named, ok := option(c.args, "-chdir", "--terragrunt-working-dir"); ok {
		folders = append(folders, named.text)
	}
	for _, m := range changedInto.FindAllStringSubmatch(r.text(), maxNames) {
		folders = append(folders, expandText(m[1], r.look).text)
	}
	for _, folder := range append(folders, ".") {
		folder = cleanPath(folder)
		if folder == "" || path.IsAbs(folder) || strings.HasPrefix(folder, "..") {
			continue
		}
		var text strings.Builder
		for _, name := range terraformFiles {
			if part, ok := r.open(path.Join(folder, name)); ok && text.Len() < maxScript {
				text.Write(part)
				text.WriteByte('\n')
			}
		}
		if text.Len() > 0 {
			return text.String()
		}
	}
	return ""
}

// terraformBackend records where the configuration keeps its state, where the call does not say so.
func (r *reading) terraformBackend(text, verb string) {
	operation := "terraform " + verb
	m := tfBackend.FindStringSubmatch(text)
	switch {
	case m != nil && m[1] == "http":
		r.use(Use{System: "gitlab-terraform-state", Operation: operation, Kind: Predefined, AuthStyle: "basic (gitlab-ci-token)", Confidence: Low}, []string{"CI_JOB_TOKEN"})
	case m != nil && backendTools[m[1]] != "":
		r.cloudUse(backendTools[m[1]], stateSystems[m[1]], operation+" (state)")
	case m != nil && m[1] == "remote" || m == nil && tfCloud.MatchString(text):
		r.use(Use{System: "terraform-cloud", Operation: operation, Kind: Implicit, AuthStyle: "token-env", Confidence: Medium}, []string{"TF_TOKEN_app_terraform_io"})
	}
}

// cloudUse records a use of a cloud by what the job gives its tools, or by their default.
func (r *reading) cloudUse(tool, system, operation string) bool {
	at := slices.IndexFunc(tools().list, func(t *Tool) bool { return t.Name == tool })
	if at < 0 {
		return false
	}
	t := tools().list[at]
	names, kind, ok := r.environment(t, true)
	if !ok {
		names, kind = r.defaults(t)
	}
	if system == "" {
		system = t.system()
	}
	r.use(Use{System: system, Operation: operation, Kind: kind, AuthStyle: "provider-env", Confidence: Medium}, names)
	return true
}

// configuredProviders records the providers that the configuration names, and its variables that are marked as sensitive:
// Terraform takes them from TF_VAR_NAME. It reports whether any provider that reaches a system is known.
// Sources: https://developer.hashicorp.com/terraform/language/providers/configuration,
// https://developer.hashicorp.com/terraform/language/values/variables#environment-variables
func (r *reading) configuredProviders(text, verb string) bool {
	found := false
	for _, m := range tfProvider.FindAllStringSubmatch(text, maxNames) {
		if tool := providerTools[m[1]]; tool != "" {
			found = r.cloudUse(tool, "", "terraform "+verb) || found
		}
	}
	for _, m := range tfSensitive.FindAllStringSubmatch(text, maxNames) {
		name := "TF_VAR_" + m[1]
		_, set := r.env[name]
		if set || !isSecret(name) || !strings.Contains(m[2], "sensitive") || strings.Contains(m[2], "default") || r.claimed[name] {
			continue // one with a default needs nobody to give it
		}
		r.implicit(name)
		r.use(Use{System: "terraform-providers", Operation: "terraform " + verb, Kind: Implicit, AuthStyle: "terraform-variable", Confidence: Medium}, []string{name})
		found = true
	}
	return found
}
