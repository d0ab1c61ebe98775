package rules

import (
	"path"
	"slices"
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
		access := job.Attributes["artifact_access"]
		if kept := keptSecrets(job, access); len(kept) > 0 {
			return Fail("puts secrets where they outlive the job (%s); let each job get its own", few(kept)).With("kept: %s", few(kept))
		}
		paths := strings.Fields(job.Attributes["artifact_paths"])
		if len(paths) == 0 {
			if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
				return v
			}
			return NotApplicable
		}
		excluded := strings.Fields(job.Attributes["artifact_excludes"])
		if access != "" && access != "all" {
			return Ok
		}
		var risky []string
		untold := false
		for _, a := range paths {
			switch carriesSecrets(a, excluded) {
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

// keptSecrets are the secrets that a job is seen to write into an artifact which all may get, a dotenv report, whose
// variables no job masks, or a cache, which jobs on other refs get.
// Source: https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv, https://docs.gitlab.com/ci/caching/
func keptSecrets(job inventory.Identity, access string) []string {
	var kept []string
	for k := range strings.SplitSeq(job.Attributes["kept_secrets"], "; ") {
		limited := access != "" && access != "all" && strings.Contains(k, " in artifact ")
		if k != "" && !limited {
			kept = append(kept, k)
		}
	}
	return kept
}

// credentialFiles stand for the files in which tools keep credentials, as a wildcard takes them in.
var credentialFiles = []string{".env", "server.pem", "server.key", ".docker/config.json", ".npmrc", ".netrc", ".pypirc", ".aws/credentials", ".kube/config", ".ssh/id_rsa", "terraform.tfstate"}

// carriesSecrets reports whether an artifact's path takes in files that commonly hold credentials and are not excluded:
// such a file or folder by name, or a wildcard that matches one. unknown where a variable or a cut list hides the path.
func carriesSecrets(pattern string, excluded []string) inventory.Tri {
	p := artifactPath(pattern)
	kept := func(file string) bool {
		return !slices.ContainsFunc(excluded, func(e string) bool { return takesIn(artifactPath(e), file) })
	}
	switch {
	case p == "untracked:":
		p = "**"
	case strings.HasPrefix(p, "$") || p == "…":
		return inventory.Unknown
	case p == ".":
		p = "**"
	}
	if !strings.ContainsAny(p, "*?[{") {
		return inventory.Is(namesCredentials(p) && kept(p))
	}
	if one := strings.NewReplacer("**", "x", "*", "x", "?", "x").Replace(p); namesCredentials(one) && kept(one) {
		return inventory.Yes // whatever the wildcards stand for
	}
	return inventory.Is(slices.ContainsFunc(credentialFiles, func(file string) bool { return takesIn(p, file) && kept(file) }))
}

// artifactPath writes a path of artifacts as one within the project's folder, in small letters.
func artifactPath(pattern string) string {
	p := strings.ToLower(strings.Trim(pattern, `"'`))
	for _, root := range []string{"$ci_project_dir", "${ci_project_dir}"} {
		if rest, ok := strings.CutPrefix(p, root); ok {
			p = "." + rest
		}
	}
	return path.Clean(p)
}

// takesIn reports whether a pattern matches a file or a folder above it.
// Source: https://docs.gitlab.com/ci/yaml/#artifactspaths (doublestar.Glob of the runner)
func takesIn(pattern, file string) bool {
	if pattern == "." {
		return true
	}
	return below(strings.Split(pattern, "/"), strings.Split(file, "/"))
}

// below matches the parts of a path; where the pattern ends first, it names a folder above.
func below(pattern, file []string) bool {
	switch {
	case len(pattern) == 0:
		return true
	case pattern[0] == "**":
		return below(pattern[1:], file) || len(file) > 0 && below(pattern, file[1:])
	case len(file) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], file[0])
	return err == nil && ok && below(pattern[1:], file[1:])
}

// namesCredentials reports whether a path without wildcards names a file or folder that commonly holds credentials.
func namesCredentials(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case ".docker", ".aws", ".ssh", ".kube", ".azure", ".gnupg":
			return true
		}
	}
	name := path.Base(p)
	switch name {
	case ".npmrc", ".netrc", ".pypirc", ".pgpass", ".git-credentials", "kubeconfig", "credentials", "credentials.json", "key.json", "id_rsa", "id_ed25519",
		"terraform.tfstate", "auth.json":
		return true
	}
	if name == ".env" || strings.HasPrefix(name, ".env.") && !strings.HasSuffix(name, ".example") {
		return true
	}
	switch path.Ext(name) {
	case ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".tfstate":
		return true
	}
	return false
}
