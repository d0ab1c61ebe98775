package scanner

import (
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/workload"
)

// environmentReader matches a command that runs code or takes in files which may read any variable of the job without
// the script naming it: an interpreter, a test runner, a build or package tool, a template engine. Its arguments follow.
var environmentReader = regexp.MustCompile("(?m)(?:^|[;&|(`]|\\b(?:then|do|else|exec|time|sudo|env|xargs)\\s)\\s*(?:\\w+=\\S*\\s+)*" +
	`(?:[\w.$@{}-]*/)*(python[0-9.]*|pytest|tox|nox|poetry|uvx?|pipenv|pip[0-9.]*|twine|node|npm|npx|yarn|pnpm|bun|bunx|deno|tsx|ruby|rake|bundle|gem|perl|php|composer|` +
	`go|mvnw?|gradlew?|sbt|ant|java|cargo|dotnet|nuget|msbuild|[gc]?make|ctest|bazel|just|task|mage|Rscript|ansible(?:-playbook)?|helmfile|envsubst|` +
	`docker-compose|docker\s+compose|packer|serverless|sls|cdk|pulumi|skaffold|goreleaser|semantic-release|release-it|lerna|fastlane|renovate|hugo|pre-commit)` +
	`((?:[ \t][^\n;&|]*)?)(?:$|[;&|)])`)

// onlyAsks are arguments with which such a command runs nothing of the repository.
var onlyAsks = regexp.MustCompile(`^\s*(?:--?version|-V|--help|-h|version)\s*$`)

// openedFiles notes which files the reading of a job opened.
type openedFiles struct {
	files workload.Files
	texts map[string]string
}

func (o *openedFiles) open(path string) ([]byte, bool) {
	text, ok := o.files(path)
	if ok {
		o.texts[path] = string(text)
	}
	return text, ok
}

// unreadProgram names the first command of a job, or of a script that it runs, which may read variables unseen; empty
// when there is none. A file that an interpreter is given by the job itself, and that was opened, was read. The
// containers of services are given the job's variables too.
func unreadProgram(j ciyaml.Job, opened map[string]string) string {
	for _, c := range j.Script {
		if found := readerIn(c.Text, opened); found != "" {
			return found
		}
	}
	var paths []string
	for path := range opened {
		if !foreignScript.MatchString(path) { // those are searched for the variables that they name
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		if found := readerIn(opened[path], nil); found != "" {
			return found + " in " + path
		}
	}
	if len(j.Services) > 0 {
		return "service " + j.Services[0].Name
	}
	return ""
}

var foreignScript = regexp.MustCompile(`\.(?:py|rb|pl|js|php|ts|json|tf|xml|ya?ml|kts|gradle|config|npmrc|txt|cfg)$`)

func readerIn(text string, opened map[string]string) string {
	for _, m := range environmentReader.FindAllStringSubmatch(text, -1) {
		name, arguments := m[1], strings.Fields(m[2])
		if onlyAsks.MatchString(m[2]) {
			continue
		}
		if len(arguments) > 0 {
			if _, ok := opened[strings.TrimPrefix(arguments[0], "./")]; ok {
				continue
			}
		}
		if _, ok := opened["Makefile"]; ok && strings.HasSuffix(name, "make") && name != "cmake" {
			continue // its recipes are searched like a script
		}
		if len(arguments) > 0 {
			name += " " + arguments[0]
		}
		return name
	}
	return ""
}
