package workload

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// keywords reads what the configuration says without a script: triggers, releases, secrets.
func (r *reading) keywords() {
	r.at = place(r.job.Origin)
	if t := r.job.Trigger; t != nil {
		r.at = place(t.Origin)
		if t.Project != "" {
			// Variables of a trigger job become variables of the other pipeline, credentials among them.
			r.use(Use{System: "gitlab-downstream", Operation: "trigger project " + t.Project, Kind: Trigger, AuthStyle: "pipeline user"}, nil)
		}
		for _, n := range r.handedDown() {
			r.use(Use{System: "gitlab-downstream", Operation: "variable handed to the pipeline", AuthStyle: forwarded, Confidence: Medium}, []string{n})
		}
		return
	}
	if release := r.job.Release; release != nil {
		r.at = place(release.Origin)
		r.use(Use{System: "gitlab-api", Operation: "POST /projects/:id/releases", AuthStyle: "release-keyword"}, []string{"CI_JOB_TOKEN"})
	}
	if r.job.Identity != "" {
		r.use(Use{System: "gcp", Operation: "identity: " + r.job.Identity, Kind: IDToken, AuthStyle: "oidc"}, nil)
	}
	for _, s := range r.job.Secrets {
		r.at = place(s.Origin)
		system, style := s.Provider, s.Provider
		if s.Provider == "vault" {
			style = "vault-jwt"
		}
		r.use(Use{System: strings.ReplaceAll(system, "_", "-"), Operation: "secrets: " + s.Path, AuthStyle: style}, []string{s.Name})
		delete(r.claimed, s.Name) // fetched; what uses it is still to be told
	}
	for _, t := range r.job.IDTokens {
		r.env[t.Name] = value{text: "${" + t.Name + "}", names: []string{t.Name}}
	}
}

func place(o ciyaml.Origin) Evidence { return Evidence{File: o.File, Line: o.Line} }

// handedDown are the credentials that a trigger job's own variables hold.
func (r *reading) handedDown() []string {
	var out []string
	for _, v := range r.job.Variables {
		for _, n := range secrets(r.env[v.Name].names) {
			if !strings.HasPrefix(n, literalPrefix) {
				out = union(out, []string{n})
			}
		}
	}
	return out
}

var (
	dockerConfig = regexp.MustCompile(`(^|/)(\.docker/config\.json|containers/auth\.json|\.dockercfg)$`)
	authHost     = regexp.MustCompile(`["']?auths["']?\s*:\s*\{|["']((?:\$\{\w+\}|[^"'{}\s])+)["']\s*:\s*\{\s*["']?(?:auth|username|password|identitytoken|registrytoken)`)
	machine      = regexp.MustCompile(`machine\s+(\S+)`)
	sshFile      = regexp.MustCompile(`(^|/)\.ssh/[^/]*$`)
)

// wrote reads files whose writing puts a credential in place.
func (r *reading) wrote(name string, v value) {
	if len(v.names) == 0 || r.remote != "" {
		return
	}
	text := strings.ReplaceAll(unmark(v.text), `\`, "")
	switch {
	case dockerConfig.MatchString(name), path.Base(name) == "config.json" && path.Dir(name) == cleanPath(r.look("DOCKER_CONFIG").text):
		r.dockerConfig(text, v.names)
	case strings.HasSuffix(name, ".netrc") || strings.HasSuffix(name, "_netrc"):
		system, names := "gitlab-git", withUsers(v.names)
		if m := machine.FindStringSubmatch(text); m != nil {
			system = r.gitSystem(value{text: "https://" + m[1] + "/", names: v.names})
		}
		if len(names) > 0 {
			r.use(Use{System: system, Operation: "~/.netrc", AuthStyle: "netrc"}, names)
		}
	case strings.HasSuffix(name, ".git-credentials"):
		if names := withUsers(v.names); len(names) > 0 {
			r.use(Use{System: r.gitSystem(v), Operation: "~/.git-credentials", AuthStyle: "git-credential"}, names)
		}
	case sshFile.MatchString(name) && !strings.HasSuffix(name, "known_hosts") && !strings.HasSuffix(name, "config") && !strings.HasSuffix(name, ".pub") && !strings.HasSuffix(name, "authorized_keys"):
		r.load(v.names, "ssh-key")
	}
}

var (
	// Files in which a tool expands variables when it reads them. Sources: https://docs.npmjs.com/cli/configuring-npm/npmrc,
	// https://yarnpkg.com/configuration/yarnrc, https://maven.apache.org/settings.html
	expanding    = regexp.MustCompile(`(^|/)(\.npmrc|\.yarnrc\.yml|[\w.-]*settings[\w.-]*\.xml)$`)
	fileVariable = regexp.MustCompile(`\$\{(?:env\.)?([A-Za-z_]\w*)[^}\s]*\}`)
)

// contents is what a file holds once a tool reads it, as far as its text tells more than the names that flowed in.
func (r *reading) contents(name string, v value) value {
	if expanding.MatchString(name) {
		for _, m := range fileVariable.FindAllStringSubmatch(unmark(v.text), maxNames) {
			v.names = union(v.names, r.look(m[1]).names)
		}
	}
	// A configuration of workload identity federation names an account, which is no secret, and the file of the token.
	// Source: https://google.aip.dev/auth/4117
	if strings.Contains(v.text, "external_account") {
		r.claim(keep(v.names, func(n string) bool { return r.kindOf(n) != IDToken }))
		v.names = keep(v.names, func(n string) bool { return r.kindOf(n) == IDToken })
		for _, file := range slices.Sorted(maps.Keys(r.written)) {
			if len(file) > 4 && strings.Contains(v.text, file) {
				v.names = union(v.names, r.written[file].names)
			}
		}
	}
	return v
}

// dockerConfig records the logins in a configuration of docker.
func (r *reading) dockerConfig(text string, all []string) {
	names := keep(all, func(n string) bool { return isSecret(n) || isUser(n) })
	if len(names) == 0 && len(all) == 1 {
		names = all // a whole configuration in one variable
	}
	if len(names) == 0 {
		return
	}
	found := false
	hosts := authHost.FindAllStringSubmatch(text, 16)
	for _, m := range hosts {
		if m[1] == "" {
			continue
		}
		found = true
		system, sure := registryOf(value{text: m[1]}, value{}, nil)
		if strings.HasPrefix(m[1], unknown) && !slices.ContainsFunc(names, func(n string) bool { return !predefined.MatchString(n) }) {
			system, sure = "gitlab-registry", High
		}
		own := names
		if len(hosts) > 2 { // several entries: each has the names of its class
			if some := keep(names, func(n string) bool { return ofRegistry(n) == system }); len(some) > 0 {
				own = some
			}
		}
		r.addLogin(&login{system: system, host: hostPart(m[1]), names: own, style: "docker-config", sure: sure})
	}
	if !found {
		system, sure := registryOf(value{text: unknown}, value{}, names)
		r.addLogin(&login{system: system, names: names, style: "docker-config", sure: sure})
	}
}

// ofRegistry is the class of registry that the name of a credential tells.
func ofRegistry(name string) string {
	switch {
	case predefined.MatchString(name):
		return "gitlab-registry"
	case hubName.MatchString(name):
		return "dockerhub"
	}
	return "registry-other"
}

// sourced reads an environment file of an earlier job or of the repository.
func (r *reading) sourced(file value) {
	name := cleanPath(file.text)
	if name == "" || r.remote != "" || r.followed[name] {
		return
	}
	r.followed[name] = true
	if text, ok := r.open(name); ok && !r.inside {
		r.inFile(name, func() { r.script(string(text)) })
		return
	}
	if strings.HasSuffix(name, "sh") && !strings.Contains(name, "activate") && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "~") && !r.inside {
		r.opaque("sources " + name)
	}
}
