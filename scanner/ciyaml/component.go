package ciyaml

import (
	"slices"
	"strconv"
	"strings"
)

// componentName is what a component may ask about itself.
type componentName struct{ name, sha, version, reference string }

// Component splits the location of a component: host, path of the project, and name. The last two are empty where it
// is none.
// Source: lib/gitlab/ci/components/instance_path.rb of GitLab.
func Component(location string) (host, project, name string) {
	host, rest, _ := strings.Cut(location, "/")
	at := strings.LastIndexByte(rest, '/')
	if at < 0 {
		return host, "", ""
	}
	return host, rest[:at], rest[at+1:]
}

// ComponentFiles are the paths at which a component may lie in its project, the first that is there counts.
func ComponentFiles(name string) []string {
	return []string{"templates/" + name + ".yml", "templates/" + name + "/template.yml"}
}

// ReleaseOf picks the release that a component's version asks for, of the tags of a project's releases: the latest by
// semantic version for ~latest, the latest below it for 1 and 1.2, else the one of that very name. It is empty where
// none fits: a version may then be any other ref. GitLab has ~latest, 1 and 1.2 for projects in the catalog only.
// Source: https://docs.gitlab.com/ci/components/#component-versions
func ReleaseOf(version string, releases []string) string {
	if slices.Contains(releases, version) {
		return version
	}
	wanted := []int{}
	if version != "~latest" {
		parts, suffix := semantic(version)
		if len(parts) == 0 || len(parts) > 2 || suffix != "" {
			return ""
		}
		wanted = parts
	}
	best, latest := "", []int(nil)
	for _, tag := range releases {
		parts, suffix := semantic(tag)
		if len(parts) != 3 || suffix != "" || !slices.Equal(parts[:len(wanted)], wanted) {
			continue // a pre-release is asked for by its name only
		}
		if latest == nil || slices.Compare(parts, latest) > 0 {
			best, latest = tag, parts
		}
	}
	return best
}

// semantic reads 1, 1.2 or 1.2.3, with or without a leading v; suffix is what comes behind a hyphen. No parts: it is
// no version.
func semantic(tag string) (parts []int, suffix string) {
	numbers, suffix, _ := strings.Cut(strings.TrimPrefix(tag, "v"), "-")
	for part := range strings.SplitSeq(numbers, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, ""
		}
		parts = append(parts, n)
	}
	return parts, suffix
}
