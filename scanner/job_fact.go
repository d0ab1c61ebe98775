package scanner

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/workload"
)

// jobFacts are what rules read of a job beside what it uses. A fact that is not known is absent.
func (v *Visit) jobFacts(c *ciyaml.Config, j ciyaml.Job, uses []workload.Use, kept []workload.Kept, opened map[string]string) map[string]string {
	text := func(s string) string { return v.printable(s, maxName) }
	prints, arguments := workload.Leaks(j, func(name string) bool {
		return detect.SecretKey(name) || slices.Contains(predefinedCredentials, name)
	})
	seconds := ""
	if j.Timeout > 0 {
		seconds = strconv.FormatInt(int64(j.Timeout.Seconds()), 10)
	}
	return attributes(
		"trigger", only(j.Trigger != nil), "image", text(j.Image), "image_pinned", pinned(expanded(j, j.Image)), "stage", text(j.Stage), "environment_action", text(j.Environment.Action),
		"deployment_tier", text(j.Environment.Tier), "timeout", seconds, "when", text(startedWhen(j)), "allow_failure", only(j.MayFail), "detection", only(detects(j)),
		"includes_mutable", v.listed(mutable(c.Includes)), "includes_projects", v.listed(v.includedProjects(c.Includes)),
		"prints", text(leakText(prints)), "secret_arguments", text(leakText(arguments)),
		"artifact_paths", v.listed(artifactPaths(j)), "artifact_excludes", v.listed(j.Artifacts.Exclude), "artifact_access", text(j.Artifacts.Access), "kept_secrets", text(keptText(kept)), "read", text(whole(c, uses)),
		"programs", text(unreadProgram(j, opened)), "detection_excludes", text(setTo(j, "SECRET_DETECTION_EXCLUDED_PATHS")),
		"detection_disabled", text(setTo(j, "SECRET_DETECTION_DISABLED")),
	)
}

// listed joins items by a space, each whole; "…" stands for those that are left out.
func (v *Visit) listed(items []string) string {
	const longest = 4000 // characters
	var out strings.Builder
	for i, item := range items {
		item = v.printable(strings.TrimSpace(item), maxName)
		switch {
		case out.Len()+len(item) > longest:
			return out.String() + " …"
		case i > 0:
			out.WriteByte(' ')
		}
		out.WriteString(item)
	}
	return out.String()
}

// setTo is what the configuration sets a variable to for a job, the job's own first; empty where it does not.
func setTo(j ciyaml.Job, name string) string {
	for _, v := range slices.Concat(j.Variables, j.Globals) {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

var variableName = regexp.MustCompile(`\$(?:\{(\w+)\}|(\w+))`)

// expanded puts what the configuration itself sets into a text; other variables stay.
func expanded(j ciyaml.Job, text string) string {
	const deepest = 5 // a variable may be made of others
	for range deepest {
		more := variableName.ReplaceAllStringFunc(text, func(v string) string {
			return firstOf(setTo(j, strings.Trim(v, "${}")), v)
		})
		if more == text || len(more) > maxName {
			break
		}
		text = more
	}
	return text
}

// includedProjects lists the paths of the other projects of this GitLab whose files are included.
func (v *Visit) includedProjects(includes []ciyaml.Include) []string {
	var out []string
	for _, i := range includes {
		path := ""
		switch i.Kind {
		case "project":
			path = strings.Trim(i.Project, "/")
		case "component":
			if host, project, _ := ciyaml.Component(i.Location); host == v.run.client.Host() || host == "$CI_SERVER_FQDN" || host == "$CI_SERVER_HOST" {
				path = project
			}
		}
		if path != "" && !strings.EqualFold(path, v.Home.Path) && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	return out
}

// startedWhen is when a job runs: as its keyword says, or what all its rules come to. Empty is by itself.
func startedWhen(j ciyaml.Job) string {
	if len(j.Rules) == 0 {
		return j.When
	}
	when := "never"
	for _, r := range j.Rules {
		switch firstOf(r.When, j.When) {
		case "never":
		case "manual":
			when = "manual"
		default:
			return ""
		}
	}
	return when
}

// artifactPaths are what a job's artifacts take in. Files that git does not track have no pattern: "untracked:" stands for
// them.
func artifactPaths(j ciyaml.Job) []string {
	paths := j.Artifacts.Paths
	if j.Artifacts.Untracked {
		paths = append(slices.Clone(paths), "untracked:")
	}
	return paths
}

// only is "true" or absent.
func only(is bool) string {
	if is {
		return "true"
	}
	return ""
}

// pinned says whether an image is named by its content; absent without an image, or where a variable may do so: alone,
// or as its digest. One that stands in the name or in the tag pins nothing.
func pinned(image string) string {
	switch {
	case strings.Contains(image, "@sha256:"):
		return "true"
	case image == "" || strings.Contains(image, "@") || strings.HasPrefix(image, "$") && !strings.ContainsAny(image, "/:"):
		return ""
	}
	return "false"
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// mutable lists the includes whose content may change without a change here.
func mutable(includes []ciyaml.Include) []string {
	var out []string
	for _, i := range includes {
		name := ""
		switch {
		case commitID.MatchString(i.Ref) || i.Integrity != "":
		case i.Kind == "project":
			name = "project:" + i.Project + "@" + firstOf(i.Ref, "HEAD")
		case i.Kind == "component":
			name = "component:" + i.Location + "@" + i.Ref
		case i.Kind == "remote":
			name = "remote:" + i.Location
		}
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// detector are the names by which jobs, images and scripts show that they look for secrets.
var detector = regexp.MustCompile(`(?i)secret[-_ ]detection|gitleaks|betterleaks|trufflehog|detect-secrets|kingfisher|ggshield|nhi-scan (gate|detect)`)

// detects reports whether a job looks for secrets in the code.
func detects(j ciyaml.Job) bool {
	if detector.MatchString(j.Name) || detector.MatchString(j.Image) {
		return true
	}
	return slices.ContainsFunc(j.Script, func(c ciyaml.Command) bool { return detector.MatchString(c.Text) })
}

func leakText(leaks []workload.Leak) string {
	var all []string
	for _, l := range leaks {
		all = append(all, l.String())
	}
	return strings.Join(all, "; ")
}

func keptText(kept []workload.Kept) string {
	var all []string
	for _, k := range kept {
		all = append(all, k.String())
	}
	return strings.Join(all, "; ")
}

// whole says that all a job does was read, or what was not.
func whole(c *ciyaml.Config, uses []workload.Use) string {
	if !c.Complete {
		for _, u := range c.Unresolved {
			return "the " + u.Kind + " include " + u.Location + " was not read"
		}
		return firstOf(append(slices.Clone(c.Notes), "the configuration is not whole")...)
	}
	for _, u := range uses {
		if u.Kind == workload.Unknown {
			return firstOf(u.Operation, u.System) + " was not read"
		}
	}
	return "complete"
}
