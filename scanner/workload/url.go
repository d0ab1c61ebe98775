package workload

import (
	"regexp"
	"slices"
	"strings"
)

// address is what a URL tells.
type address struct {
	host, path string
	user       value // user information, both halves
	query      string
}

// splitURL cuts a URL in which variables may stand anywhere.
func splitURL(u value) address {
	text := strings.Trim(u.text, `"'`)
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		rest = text
	}
	a := address{}
	rest, a.query, _ = strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		a.user = value{text: authority[:at]}
		a.user.names = namesIn(authority[:at], u)
		authority = authority[at+1:]
	}
	a.host, a.path = authority, "/"+path
	return a
}

// namesIn are those of the names of a value that stand in a part of its text, and those of credentials that stand nowhere
// in it, for they flowed into what stands there: the other one of ${A:-$B}.
func namesIn(part string, whole value) []string {
	stands := func(text, n string) bool {
		return strings.Contains(text, "${"+plain(n)+"}") || strings.Contains(text, "${"+plain(n)+":")
	}
	return keep(whole.names, func(n string) bool {
		return stands(part, n) || strings.Contains(part, unknown) || strings.Contains(part, "${") && isSecret(n) && !isFetched(n) && !stands(whole.text, n)
	})
}

var (
	gitlabAPI   = regexp.MustCompile(`/api/v4(/|$)|\$\{CI_API_V4_URL\}|/api/graphql|\$\{CI_API_GRAPHQL_URL\}|\$\{\w*GITLAB\w*API\w*\}|\$\{GITLAB_API\w*\}`)
	apiPackages = regexp.MustCompile(`/packages(/|$)`)
	apiState    = regexp.MustCompile(`/terraform/state`)
	gitlabHost  = regexp.MustCompile(`(?i)\$\{CI_(SERVER_HOST|SERVER_FQDN|SERVER_URL|PROJECT_URL|REPOSITORY_URL|PROJECT_PATH|SERVER_SHELL_SSH_HOST)\}|(^|[./@-])gitlab[.\w-]*|\$\{\w*GITLAB\w*(HOST|URL|SERVER|DOMAIN|FQDN)\w*\}`)
)

// systemOfURL tells the class of the system that an address belongs to; empty where nothing tells.
func systemOfURL(u value) string {
	text := u.text
	switch {
	case gitlabAPI.MatchString(text):
		switch {
		case apiPackages.MatchString(text):
			return "gitlab-packages"
		case apiState.MatchString(text):
			return "gitlab-terraform-state"
		}
		return "gitlab-api"
	}
	if s := hosts().system(strings.ToLower(splitURL(u).host + splitURL(u).path)); s != "" {
		return s
	}
	if gitlabHost.MatchString(splitURL(u).host) || strings.HasPrefix(text, "${CI_PROJECT_URL}") || strings.HasPrefix(text, "${CI_SERVER_URL}") {
		return "gitlab-api"
	}
	return ""
}

// requested records a request, if it carries credentials.
func (r *reading) requested(q *request, u value) {
	if u.text == "" || strings.HasPrefix(u.text, "-") {
		return
	}
	names, style := []string(nil), q.style
	for _, a := range q.auth {
		names = union(names, a.names)
	}
	address := splitURL(u)
	if len(address.user.names) > 0 {
		names, style = union(names, address.user.names), "url-userinfo"
	}
	inURL := keep(secrets(u.names), func(n string) bool { return !slices.Contains(names, n) && n != "CI_REPOSITORY_URL" })
	if len(inURL) > 0 {
		names = union(names, inURL)
		if style == "" {
			style = "url"
		}
	}
	if q.netrc && len(names) == 0 {
		f, _ := r.file("~/.netrc")
		names, style = f.names, "netrc"
	}
	literal, fetched := false, false
	for _, a := range q.auth {
		known := a.text != "" && len(names) == 0
		fetched = fetched || known && strings.Contains(a.text, unknown)
		literal = literal || known && !strings.Contains(a.text, unknown)
	}
	system := systemOfURL(u)
	confidence := High
	if hook := len(names) == 0 && hosts().hook(strings.ToLower(address.host+address.path)); hook {
		literal, style = true, "url"
	}
	// The job token proves nothing but to GitLab, which may run on the host of the runner.
	local := isLocalHost(address.host) && !(slices.Contains(names, "CI_JOB_TOKEN") && gitlabAPI.MatchString(u.text)) || r.isService(address.host)
	if len(names) == 0 && !literal && !fetched || local {
		return
	}
	if scheme, _, ok := strings.Cut(strings.TrimLeft(u.text, `"'`), "://"); ok && strings.HasPrefix(scheme, "ftp") {
		system = "ftp"
	} else if ok && strings.HasPrefix(scheme, "smtp") {
		system = "smtp"
	}
	if system == "" {
		system, confidence = systemOfNames(names), Medium
		// The names may say whose token it is, but a host that is named and has no path of GitLab's is another.
		if named := strings.Contains(address.host, ".") && !strings.ContainsAny(address.host, "$*"); system == "gitlab-api" && named && !strings.Contains(address.path, "/-/") && style != "private-token-header" && style != "job-token-header" {
			system = ""
		}
	}
	if system == "" {
		system, confidence = "http-other", Medium
	}
	if !slices.ContainsFunc(names, isSecret) && !literal && style != "basic" && style != "bearer" && !strings.Contains(style, "token") {
		confidence = Low
	}
	use := Use{System: system, Operation: method(q.method) + " " + operationPath(u), AuthStyle: style, Confidence: confidence}
	switch {
	case fetched:
		use.Kind = Fetched // by a command that is not known to fetch
	case literal:
		use.Kind = Literal
	}
	r.use(use, names)
}

func method(m string) string {
	if m == "" {
		return "GET"
	}
	return strings.ToUpper(m)
}

var (
	apiPrefix  = regexp.MustCompile(`^.*?(/api/v4|\$\{CI_API_V4_URL\}|\$\{\w*API\w*\})`)
	idSegments = regexp.MustCompile(`/(projects|groups|pipelines|jobs|merge_requests|issues|users|runners|environments|deployments|releases|schedules|pipeline_schedules|variables|branches|tags|files|state|commits|statuses|repos)/([^/]+)`)
	wordID     = regexp.MustCompile(`^[a-z_]+$`)
)

// operationPath is the path of a request with its ids replaced, without host and query where it is GitLab's.
func operationPath(u value) string {
	text, _, _ := strings.Cut(strings.Trim(u.text, `"'`), "?")
	text = unmark(text)
	if gitlabAPI.MatchString(text) {
		path := apiPrefix.ReplaceAllString(text, "")
		if path == "" {
			path = "/"
		}
		return idSegments.ReplaceAllStringFunc(path, func(m string) string {
			parts := strings.SplitN(m, "/", 3)
			if wordID.MatchString(parts[2]) && parts[1] != "projects" && parts[1] != "groups" {
				return m
			}
			return "/" + parts[1] + "/:id"
		})
	}
	a := splitURL(value{text: text})
	if a.host == "" {
		return text
	}
	return a.host + strings.TrimSuffix(a.path, "/")
}

// isService reports whether a host is a service container of the job: what is there ends with it.
func (r *reading) isService(host string) bool {
	host, _, _ = strings.Cut(host, ":")
	if host == "" {
		return false
	}
	for _, s := range r.job.Services {
		if slices.Contains(s.Aliases, host) {
			return true
		}
		name, _, _ := strings.Cut(s.Name, "@")
		if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
			name = name[:i]
		}
		if host == name[strings.LastIndexByte(name, '/')+1:] || host == strings.ReplaceAll(name, "/", "-") || host == strings.ReplaceAll(name, "/", "__") {
			return true
		}
	}
	return false
}
