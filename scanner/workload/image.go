package workload

import (
	"regexp"
	"slices"
	"strings"
)

var (
	gitlabRegistry = regexp.MustCompile(`\$\{CI_(REGISTRY|REGISTRY_IMAGE|TEMPLATE_REGISTRY_HOST|DEPENDENCY_PROXY_\w+)\}|^registry\.gitlab\.|(^|//)registry\.gitlab\b|^gitlab\.[^/]*:\d+|^(registry|docker|cr|images)[.-]gitlab\.|\$\{CI_SERVER_HOST\}:\d+`)
	ecrRegistry    = regexp.MustCompile(`\.dkr\.ecr\.|^public\.ecr\.aws|(?i)\$\{\w*ECR\w*\}`)
	hubHost        = regexp.MustCompile(`^(https?://)?([a-z0-9-]+\.)*docker\.(io|com)(/|$)|(?i)^\$\{DOCKER_?HUB\w*\}`)
	hubName        = regexp.MustCompile(`(?i)DOCKER_?HUB|HUB_DOCKER|DOCKERIO`)
	registryName   = regexp.MustCompile(`(?i)REGISTRY|HARBOR|NEXUS|QUAY|GHCR|ACR|GCR|ARTIFACTORY|JFROG|DOCKER_(SERVER|HOST|REPO)|REPOSITORY_URL|_HOST|_URL`)
)

// registryOf tells the class of a registry from what is known of it: a host or an image, the user, the credentials.
// Empty: nothing is named.
func registryOf(ref, user value, names []string) (string, Confidence) {
	text := strings.TrimPrefix(strings.TrimPrefix(ref.text, "https://"), "http://")
	text = transport.ReplaceAllString(text, "")
	predefinedNames := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "CI_") && predefined.MatchString(n) })
	switch {
	case gitlabRegistry.MatchString(text):
		return "gitlab-registry", High
	case ecrRegistry.MatchString(text):
		return "aws-ecr", High
	case hubHost.MatchString(text):
		return "dockerhub", High
	case strings.HasPrefix(text, "registry.heroku.com"):
		return "heroku", High
	case text == "" && predefinedNames && user.text != "gitlab-ci-token" && !strings.HasPrefix(user.text, "gitlab+deploy-token"):
		return "dockerhub", Medium // the client's default, whatever the names say
	case user.text == "gitlab-ci-token" || strings.HasPrefix(user.text, "gitlab+deploy-token") || predefinedNames:
		return "gitlab-registry", High
	case user.text == "AWS":
		return "aws-ecr", High
	case slices.ContainsFunc(names, hubName.MatchString) && (text == "" || strings.HasPrefix(text, "${")):
		return "dockerhub", High
	case slices.ContainsFunc(names, hubName.MatchString) && strings.HasPrefix(text, unknown):
		return "dockerhub", Medium
	case text == "":
		return "dockerhub", High // the client's default
	}
	host := hostPart(text)
	switch {
	case host != "" && !strings.HasPrefix(host, "$"):
		return "registry-other", High
	case strings.HasPrefix(text, "${") && strings.Contains(text, "}/"):
		name := text[2:strings.IndexByte(text, '}')]
		switch {
		case hubName.MatchString(name):
			return "dockerhub", High
		case registryName.MatchString(name):
			return "registry-other", Medium
		case isUser(name), strings.Count(text, "/") == 1:
			return "dockerhub", Medium // USER/IMAGE
		}
		return "registry-other", Low
	case strings.HasPrefix(text, "${"):
		if hubName.MatchString(text) {
			return "dockerhub", Medium
		}
		if registryName.MatchString(text) {
			return "registry-other", Medium
		}
		return "registry-other", Low
	case strings.HasPrefix(text, unknown):
		return "registry-other", Low
	}
	return "dockerhub", Medium // NAME or ORGANISATION/NAME
}

// cloudOf is the client of the cloud whose credentials tools without a daemon use for a registry; empty for any other.
// Source: https://github.com/GoogleContainerTools/kaniko#pushing-to-different-registries
func cloudOf(ref string) string {
	switch host := hostPart(ref); {
	case ecrRegistry.MatchString(ref):
		return "aws"
	case strings.HasSuffix(host, "gcr.io"), strings.HasSuffix(host, ".pkg.dev"):
		return "gcloud"
	case strings.HasSuffix(host, ".azurecr.io"):
		return "az"
	}
	return ""
}

// hostPart is the registry in an image's name or a login's address; empty where there is none.
// Source: https://github.com/distribution/reference/blob/main/reference.go: the part before the first slash, if it
// has a dot or a colon, or is localhost.
func hostPart(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://")
	text = transport.ReplaceAllString(text, "")
	first, _, more := strings.Cut(text, "/")
	switch {
	case strings.Contains(first, ":") && !more:
		// name:tag, or host:port of a login
		if _, port, _ := strings.Cut(first, ":"); port != "" && strings.Trim(port, "0123456789") == "" && len(port) > 2 {
			return first
		}
		if strings.Contains(strings.Split(first, ":")[0], ".") {
			return first
		}
		return ""
	case strings.HasPrefix(first, "${CI_REGISTRY_IMAGE"), strings.HasPrefix(first, "${CI_REGISTRY}"):
		return "${CI_REGISTRY}"
	case strings.ContainsAny(first, ".:") || first == "localhost":
		return first
	}
	return ""
}

var localHost = regexp.MustCompile(`^(localhost|127\.|0\.0\.0\.0|::1|\[::1\]|host\.docker\.internal|docker:|kubernetes\.docker)`)

func isLocalHost(host string) bool { return localHost.MatchString(host) }

// option returns the value of the first of the options that is given, as "-o value", "-o=value" or "-ovalue".
func option(args []value, names ...string) (value, bool) {
	for i, a := range args {
		for _, n := range names {
			if a.text == n && i+1 < len(args) {
				return args[i+1], true
			}
			if rest, ok := strings.CutPrefix(a.text, n+"="); ok {
				return value{rest, a.names}, true
			}
			if rest, ok := strings.CutPrefix(a.text, n); ok && len(n) == 2 && rest != "" {
				return value{rest, a.names}, true
			}
		}
	}
	return value{}, false
}

// firstPlain returns the first word that is no option; those given take a value.
func firstPlain(args []value, withValue ...string) value {
	if n := skipOptions(args, withValue...); n < len(args) {
		return args[n]
	}
	return value{}
}

func lastPlain(args []value) value {
	for i := len(args) - 1; i >= 0; i-- {
		if !strings.HasPrefix(args[i].text, "-") {
			return args[i]
		}
	}
	return value{}
}
