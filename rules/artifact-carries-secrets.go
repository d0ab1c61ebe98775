package rules

import (
	"path"
	"strings"

	"nhiscan/inventory"
)

var artifactCarriesSecrets = Rule{
	ID:       "artifact-carries-secrets",
	Code:     "PIP-008",
	Title:    "Artifact that may carry secrets away",
	Severity: inventory.Medium,
	Why:      "Whoever may see the pipeline downloads the artifact for as long as it is kept, with every credential file that the job left in its way.",
	Fix:      "Name the files that the next job needs, exclude credential files, and set artifacts:access to maintainer.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 SC-28", "CIS Software Supply Chain 2.3.3", "ISO 27001:2022 A.8.12"},
	Reads:    []string{"pipeline"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		paths := strings.Fields(job.Attributes["artifact_paths"])
		if len(paths) == 0 {
			if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
				return v
			}
			return NotApplicable
		}
		access := job.Attributes["artifact_access"]
		if access != "" && access != "all" {
			return Ok
		}
		var risky []string
		untold := false
		for _, a := range paths {
			switch carriesSecrets(a) {
			case inventory.Yes:
				risky = append(risky, a)
			case inventory.Unknown:
				untold = true
			}
		}
		if len(risky) > 0 {
			return Fail("keeps artifacts that may hold secrets (%s), open to all who see the pipeline; narrow the paths or set access: maintainer", few(risky)).
				With("artifacts:paths = %s", few(risky)).With("artifacts:access = all")
		}
		if untold {
			return Unknown("an artifact's path is a variable, so what it matches cannot be told")
		}
		return Ok
	}),
}

// carriesSecrets reports whether an artifact's path takes in files that commonly hold credentials: the whole folder,
// or such a file by name.
func carriesSecrets(pattern string) inventory.Tri {
	p := strings.ToLower(strings.Trim(pattern, `"'`))
	for _, root := range []string{"$ci_project_dir", "${ci_project_dir}"} {
		if rest, ok := strings.CutPrefix(p, root); ok {
			p = "." + rest
		}
	}
	if p == "**untracked**" {
		return inventory.Yes
	}
	if strings.HasPrefix(p, "$") {
		return inventory.Unknown
	}
	p = path.Clean(p)
	switch p {
	case ".", "*", "**", "**/*", "*/**", "*.*", "**/*.*", ".*", "**/.*":
		return inventory.Yes
	}
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case ".docker", ".aws", ".ssh", ".kube", ".azure", ".gnupg":
			return inventory.Yes
		}
	}
	name := path.Base(p)
	switch name {
	case ".npmrc", ".netrc", ".pypirc", ".pgpass", ".git-credentials", "kubeconfig", "credentials", "credentials.json", "key.json", "id_rsa", "id_ed25519",
		"terraform.tfstate", "auth.json":
		return inventory.Yes
	}
	if name == ".env" || strings.HasPrefix(name, ".env.") && !strings.HasSuffix(name, ".example") {
		return inventory.Yes
	}
	switch path.Ext(name) {
	case ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".tfstate":
		return inventory.Yes
	}
	return inventory.No
}
