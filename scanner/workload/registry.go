package workload

import (
	"regexp"
	"slices"
	"strings"
)

// registries are the container registries of a job: where it logged in, and what it did there.
type registries struct {
	logins []*login
}

// login is one login to a registry.
type login struct {
	system  string
	host    string // as far as it is known
	names   []string
	kind    Kind // set where no name tells it
	style   string
	at      Evidence
	remote  string
	actions []string // push, pull, build
	sure    Confidence
	handed  bool // it came as an artifact
}

var loginValues = []string{"-u", "--username", "-p", "--password", "--authfile", "--cert-dir", "--get-login"}

// registryLogin reads docker login and its like.
func (r *reading) registryLogin(c *call, args []value) {
	host := firstPlain(args, loginValues...)
	user, _ := option(args, "-u", "--username", "--user")
	password, given := option(args, "-p", "--password", "-P")
	names := union(password.names, user.names)
	kind := Kind("")
	if slices.ContainsFunc(args, func(a value) bool { return a.text == "--password-stdin" || a.text == "-" || a.text == "--stdin" }) || !given && len(c.in.names) > 0 {
		names = union(c.in.names, user.names)
		given = true
		if len(c.in.names) == 0 && !strings.Contains(c.in.text, unknown) && c.in.text != "" {
			kind = Literal
		}
	} else if given && len(password.names) == 0 && password.text != "" && !password.isUnknown() {
		kind = Literal
	}
	if len(secrets(names)) == 0 && len(names) > 0 && !given {
		names = nil
	}
	system, sure := registryOf(host, user, names)
	if kind == Literal {
		names = nil
	}
	r.addLogin(&login{system: system, host: hostPart(host.text), names: names, kind: kind, style: "registry-basic", sure: sure})
}

func (r *reading) addLogin(l *login) {
	l.at, l.remote = r.at, r.remote
	for _, old := range r.registries.logins {
		if old.system == l.system && old.remote == l.remote && slices.Equal(old.names, l.names) {
			return
		}
	}
	r.registries.logins = append(r.registries.logins, l)
}

// registryCreds reads credentials given with a single push or copy.
func (r *reading) registryCreds(c *call, args []value) {
	for _, o := range []string{"--creds", "--dest-creds", "--src-creds", "--dest-registry-token", "--dest-password", "--dest-username", "--src-password", "--registry-password", "--registry-username"} {
		v, ok := option(args, o)
		if !ok {
			continue
		}
		target := lastPlain(args)
		if strings.HasPrefix(o, "--src") {
			target = firstPlain(args, "--creds", "--dest-creds", "--src-creds")
		}
		system, sure := registryOf(target, v, v.names)
		r.addLogin(&login{system: system, host: hostPart(target.text), names: v.names, style: "registry-basic", sure: sure, actions: []string{"push"}})
	}
}

// pushed records that an image goes to a registry.
func (r *reading) pushed(ref value, what string) {
	if ref.text == "" {
		return
	}
	if !r.touched(ref, "push") && r.remote == "" {
		system, sure := registryOf(ref, value{}, nil)
		if system == "" || isLocalHost(hostPart(ref.text)) {
			return
		}
		if r.usesDockerConfig() {
			return
		}
		if cloud := cloudOf(ref.text); cloud != "" && !strings.HasPrefix(what, "docker ") {
			t := tools().byCommand[cloud][0]
			if names, kind, ok := r.environment(t, true); ok {
				r.use(Use{System: system, Operation: what, Kind: kind, AuthStyle: t.Style, Confidence: Medium}, names)
				return
			}
		}
		if sure == High {
			sure = Medium
		}
		r.use(Use{System: system, Operation: what, Kind: Ambient, AuthStyle: "runner-role", Confidence: sure}, nil)
	}
}

// touched notes an action at the login that covers an image, and reports whether there is one.
func (r *reading) touched(ref value, action string) bool {
	system, _ := registryOf(ref, value{}, nil)
	host := hostPart(ref.text)
	var best *login
	for _, l := range r.registries.logins {
		switch {
		case l.remote != r.remote:
			continue
		case host != "" && l.host == host:
			best = l
		case best == nil && l.system == system:
			best = l
		case best == nil && strings.HasPrefix(ref.text, "${"), best == nil && ref.text == unknown:
			best = l
		}
	}
	if best == nil {
		return false
	}
	if !slices.Contains(best.actions, action) {
		best.actions = append(best.actions, action)
	}
	return true
}

// usesDockerConfig reports whether credentials come as a whole configuration, in a variable that the job names.
func (r *reading) usesDockerConfig() bool { return r.exported["DOCKER_AUTH_CONFIG"] }

// imageTool reads tools that move images without a daemon.
// Sources: the projects' own command references (skopeo, crane, kaniko, regctl, oras, ko, buildkit).
func imageTool(r *reading, c *call) {
	verb := ""
	if len(c.args) > 0 {
		verb = c.args[0].text
	}
	switch c.name {
	case "executor", "kaniko":
		for i, a := range c.args {
			if dest, ok := strings.CutPrefix(a.text, "--destination="); ok {
				r.pushed(value{text: dest, names: a.names}, "kaniko push")
			} else if (a.text == "--destination" || a.text == "-d") && i+1 < len(c.args) {
				r.pushed(c.args[i+1], "kaniko push")
			}
		}
		given, _ := r.buildArguments(c.args)
		r.handedIn(given, "handed to an image build", "other-service")
		return
	case "ko":
		if repo, ok := r.env["KO_DOCKER_REPO"]; ok {
			r.pushed(repo, "ko "+verb)
		}
		return
	case "buildctl", "buildctl-daemonless.sh":
		for _, a := range c.args {
			if _, name, ok := strings.Cut(a.text, "name="); ok && strings.Contains(a.text, "push=true") {
				name, _, _ = strings.Cut(name, ",")
				r.pushed(value{text: name, names: a.names}, "buildctl build")
			}
		}
		return
	}
	if verb == "auth" || verb == "registry" {
		if len(c.args) > 1 && c.args[1].text == "login" {
			r.registryLogin(c, c.args[2:])
		}
		return
	}
	switch verb {
	case "login":
		r.registryLogin(c, c.args[1:])
	case "copy", "cp", "push", "append", "mutate", "tag", "delete", "attach", "sync", "rebase":
		r.registryCreds(c, c.args[1:])
		target := lastPlain(c.args)
		if c.name == "crane" && verb == "tag" || verb == "push" && c.name == "oras" {
			target = firstPlain(c.args[1:])
		}
		target.text = transport.ReplaceAllString(target.text, "")
		r.pushed(target, c.name+" "+verb)
		r.touched(firstPlain(c.args[1:]), "pull")
	}
}

var transport = regexp.MustCompile(`^(docker|oci|oci-archive|docker-archive|docker-daemon|containers-storage|dir):(//)?`)
