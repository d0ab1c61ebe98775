package workload

import (
	"regexp"
	"slices"
	"strings"
)

var (
	sshURL    = regexp.MustCompile(`^(ssh://)?([\w.${}-]+@)([\w.${}\[\]-]+)[:/]`)
	githubURL = regexp.MustCompile(`(?i)github\.com`)
	basicURL  = regexp.MustCompile(`https?://[^/\s"']*@[^\s"']*`)
)

// platformHost are git servers to which a push is a deployment.
// Sources: https://devcenter.heroku.com/articles/git, https://docs.pantheon.io/guides/git
var platformHost = regexp.MustCompile(`(^|\.)heroku\.com$|\.drush\.in$|pantheonsite`)

func platform(host string) string {
	if strings.Contains(host, "heroku") {
		return "heroku"
	}
	return "pantheon"
}

// git reads git with credentials: in a URL, in a header, in a configuration, or by an SSH key.
// Source: https://git-scm.com/docs/gitcredentials and https://docs.gitlab.com/ci/jobs/ci_job_token/
func git(r *reading, c *call) {
	args := c.args
	for len(args) > 0 && strings.HasPrefix(args[0].text, "-") {
		n := 1
		if args[0].text == "-C" || args[0].text == "-c" || args[0].text == "--git-dir" || args[0].text == "--work-tree" {
			if args[0].text == "-c" && len(args) > 1 {
				r.gitConfig(args[1:2])
			}
			n = 2
		}
		args = args[min(n, len(args)):]
	}
	if len(args) == 0 {
		return
	}
	verb, rest := args[0].text, args[1:]
	if v := r.env["GIT_SSH_COMMAND"]; strings.Contains(v.text, "-i") {
		r.load(v.behind(r), "ssh-key-file")
	}
	switch verb {
	case "config":
		r.gitConfig(rest)
	case "remote":
		r.gitRemote(rest)
	case "push", "clone", "fetch", "pull", "ls-remote", "submodule", "lfs":
		r.gitTransfer(verb, rest)
	case "credential":
		if names := secrets(c.in.names); len(names) > 0 {
			r.use(Use{System: r.gitSystem(c.in), Operation: "git credential " + firstPlain(rest).text, AuthStyle: "git-credential"}, names)
		}
	}
}

// gitConfig reads settings that hold credentials: url.<base>.insteadOf, http.extraheader, credential.helper.
func (r *reading) gitConfig(args []value) {
	all := join(args, " ")
	switch low := strings.ToLower(all.text); {
	case strings.Contains(low, "insteadof"):
		if m := basicURL.FindString(all.text); m != "" {
			names := namesIn(m, all)
			if len(names) > 0 {
				r.use(Use{System: r.gitSystem(value{m, names}), Operation: "git config url.insteadOf", AuthStyle: "url-userinfo"}, splitURL(value{m, names}).user.names)
			}
		}
	case strings.Contains(low, "extraheader"), strings.Contains(low, "credential"):
		if names := secrets(all.names); len(names) > 0 {
			r.use(Use{System: r.gitSystem(all), Operation: "git config " + firstPlain(args, "--file", "-f").text, AuthStyle: "git-config"}, names)
		}
	case strings.Contains(low, "core.sshcommand"):
		r.load(all.behind(r), "ssh-key-file")
	case strings.Contains(low, "remote.") && strings.Contains(low, "url"):
		r.remotes["origin"] = lastPlain(args)
	}
}

func (r *reading) gitRemote(args []value) {
	plain := slices.DeleteFunc(slices.Clone(args), func(a value) bool { return strings.HasPrefix(a.text, "-") })
	if len(plain) < 3 || plain[0].text != "add" && plain[0].text != "set-url" {
		return
	}
	r.remotes[plain[1].text] = plain[2]
	// The credential is in place from here on, whether git needs it or not.
	r.gitURL("git remote "+plain[0].text, plain[2])
}

func (r *reading) gitTransfer(verb string, args []value) {
	if slices.ContainsFunc(args, func(a value) bool { return a.text == "--dry-run" }) && verb == "push" {
		verb = "push --dry-run"
	}
	target := firstPlain(args, "-b", "--branch", "--depth", "-o", "--push-option", "-c", "--reference", "--origin")
	if verb == "submodule" || verb == "lfs" {
		target = value{}
	}
	if u, ok := r.remotes[target.text]; ok {
		target = u
	} else if target.text == "" {
		if u, ok := r.remotes["origin"]; ok {
			target = u
		}
	}
	found := r.gitURL("git "+verb, target)
	if found && verb == "clone" {
		r.remotes["origin"] = target // of the clone, in which what follows most often works
	}
	if found || !strings.HasPrefix(verb, "push") {
		return
	}
	if strings.HasPrefix(target.text, "http") && !gitlabHost.MatchString(splitURL(target).host) && strings.Contains(target.text, "://") {
		return // anonymous, or a credential helper that is not seen
	}
	if m := sshURL.FindStringSubmatch(target.text); m != nil { // a key that the runner has
		r.use(Use{System: sshSystem(m[3]), Operation: "git " + verb, Kind: Ambient, AuthStyle: "runner-key", Confidence: Medium}, nil)
		return
	}
	if r.keyUsed("git "+verb, "gitlab-git") {
		return
	}
	if r.systemUsed("gitlab-git") {
		return
	}
	// origin is where the runner checked out from, with the job token in its URL.
	r.use(Use{System: "gitlab-git", Operation: "git " + verb, Kind: Predefined, AuthStyle: "checkout-token", Confidence: Medium}, []string{"CI_JOB_TOKEN"})
}

// gitURL records credentials that an address carries or needs, and reports whether there are any.
func (r *reading) gitURL(operation string, u value) bool {
	if strings.Contains(u.text, "://") && !strings.HasPrefix(u.text, "ssh://") {
		a := splitURL(u)
		names := a.user.names
		if strings.HasPrefix(u.text, "${CI_REPOSITORY_URL}") {
			names = []string{"CI_REPOSITORY_URL"}
		}
		if len(names) == 0 {
			_, password, ok := strings.Cut(a.user.text, ":")
			if ok && password != "" && !strings.HasPrefix(password, "$") {
				r.use(Use{System: r.gitSystem(u), Operation: operation, Kind: Literal, AuthStyle: "url-userinfo"}, nil)
				return true
			}
			return false
		}
		r.use(Use{System: r.gitSystem(u), Operation: operation, AuthStyle: "url-userinfo"}, names)
		return true
	}
	if m := sshURL.FindStringSubmatch(u.text); m != nil {
		return r.keyUsed(operation, sshSystem(m[3]))
	}
	if len(secrets(u.names)) > 0 {
		r.use(Use{System: r.gitSystem(u), Operation: operation, AuthStyle: "url-userinfo", Confidence: Medium}, secrets(u.names))
		return true
	}
	return false
}

// sshSystem is the class of a git server that is reached by SSH.
func sshSystem(host string) string {
	switch {
	case githubURL.MatchString(host):
		return "github-git"
	case platformHost.MatchString(host):
		return platform(host)
	case gitlabHost.MatchString(host):
		return "gitlab-git"
	}
	return "git-other"
}

// gitSystem is the class of a git server: by its host, by the user name that GitLab takes with tokens, by the names of
// credentials.
func (r *reading) gitSystem(u value) string {
	a := splitURL(u)
	user := strings.ToLower(a.user.text)
	switch {
	case githubURL.MatchString(u.text):
		return "github-git"
	case platformHost.MatchString(a.host):
		return platform(a.host)
	case gitlabHost.MatchString(u.text), strings.HasPrefix(user, "oauth2:"), strings.HasPrefix(user, "gitlab-ci-token"), strings.HasPrefix(user, "gitlab+deploy"), strings.HasPrefix(user, "private-token"), strings.HasPrefix(user, "project_"):
		return "gitlab-git"
	case slices.ContainsFunc(u.names, func(n string) bool {
		return strings.HasPrefix(n, "CI_") || strings.Contains(strings.ToUpper(n), "GITLAB")
	}):
		return "gitlab-git"
	case slices.ContainsFunc(u.names, func(n string) bool { return strings.Contains(strings.ToUpper(n), "GITHUB") }):
		return "github-git"
	case a.host != "" && !strings.Contains(a.host, "$") && strings.Contains(a.host, "."):
		return "git-other"
	}
	return "gitlab-git"
}

func (r *reading) systemUsed(system string) bool {
	return slices.ContainsFunc(r.uses, func(u Use) bool { return u.System == system && u.AuthStyle != forwarded })
}
