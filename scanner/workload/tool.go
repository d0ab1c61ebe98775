package workload

import (
	"regexp"
	"slices"
	"strings"
)

// maxLine is how much of a command's words the catalogue is matched against, in bytes.
const maxLine = 4096

// tool reads a command that the catalogue knows. False: it knows no such command.
func (r *reading) tool(c *call) (output, bool) {
	list := tools().byCommand[c.name]
	if len(list) == 0 {
		return output{}, false
	}
	line := unmark(join(c.args, " ").text)
	line = line[:min(len(line), maxLine)]
	if r.registryTool(c) {
		return c.answer(r), true
	}
	out := c.answer(r)
	for _, t := range list { // one command may reach several systems: a build that publishes and analyses
		for i := range t.Calls {
			if !t.Calls[i].match.MatchString(line) {
				continue
			}
			found := t.Calls[i].match.FindString(line)
			if t.Name == "ansible" && t.Calls[i].System != "" {
				r.inventories(c)
			}
			if o, used := r.toolCall(t, &t.Calls[i], c, line, strings.TrimSpace(found)); used {
				out = o
			}
			break
		}
	}
	return out, true
}

// registryTool reads logins and pushes of tools that keep what they make in container registries.
// Source: https://helm.sh/docs/topics/registries/
func (r *reading) registryTool(c *call) bool {
	switch {
	case len(c.args) > 2 && c.args[0].text == "registry" && c.args[1].text == "login":
		r.registryLogin(c, c.args[2:])
	case c.name == "cosign" && len(c.args) > 1 && c.args[0].text == "login":
		r.registryLogin(c, c.args[1:])
	case strings.HasPrefix(c.name, "helm") && len(c.args) > 2 && c.args[0].text == "push" && strings.HasPrefix(lastPlain(c.args).text, "oci://"):
		ref := lastPlain(c.args)
		ref.text = strings.TrimPrefix(ref.text, "oci://")
		r.pushed(ref, "helm push")
	default:
		return false
	}
	return true
}

// packageSystems are those of repositories that GitLab has one of its own for.
// Source: https://docs.gitlab.com/user/packages/package_registry/supported_functionality/
var packageSystems = []string{"npm", "pypi", "maven-repo", "nuget", "composer-repo", "conan-repo", "helm-repo", "rubygems"}

// system is the class of the system of a call: GitLab's own registries take the place of the public ones where the
// address or the credential is GitLab's.
func (r *reading) system(t *Tool, k *Call, line string, names []string) string {
	own := slices.ContainsFunc(names, predefined.MatchString)
	if k.System == "gitlab-api" && systemOfNames(names) == "github-api" {
		return "github-api" // tools that know both
	}
	if k.System == "registry-other" {
		if own {
			return "gitlab-registry"
		}
		return k.System
	}
	if !slices.Contains(packageSystems, k.System) {
		return k.System
	}
	texts := []string{line}
	for _, f := range t.Files {
		if v, ok := r.file(f); ok {
			texts = append(texts, v.text)
		}
	}
	for _, n := range []string{"TWINE_REPOSITORY_URL", "UV_PUBLISH_URL", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NPM_CONFIG_REGISTRY", "COMPOSER_REPOSITORY", "FLIT_INDEX_URL"} {
		texts = append(texts, r.env[n].text)
	}
	own = own || slices.ContainsFunc(texts, func(s string) bool { return gitlabAPI.MatchString(s) || strings.Contains(s, "gitlab-token") })
	if own {
		return "gitlab-packages"
	}
	return k.System
}

func (r *reading) toolCall(t *Tool, k *Call, c *call, line, found string) (output, bool) {
	if k.Cluster {
		r.local = true
	}
	if k.Derives {
		from, _ := option(c.args, "--credential-source-file")
		to, _ := option(c.args, "--output-file")
		account, _ := option(c.args, "--service-account")
		r.claim(account.names)
		f, _ := r.file(from.text)
		r.write(to.text, value{text: unknown, names: f.names}, false)
	}
	if k.System == "" || k.System == "kubernetes" && r.local {
		return output{}, false
	}
	names, kind, style, ok := r.credentials(t, k, c)
	if !ok && k.System == "ssh" { // what OpenSSH has in reach
		r.connected(c.name, nil)
		r.payload(t, c, nil)
		return output{}, true
	}
	if !ok && k.Opaque {
		r.opaque("runs " + c.verb("") + ": which credentials it uses")
		return output{}, true
	}
	if !ok || k.System == "database" && r.ownDatabase(c) || k.System == "other-service" && r.ownAddress(c) {
		return output{}, false
	}
	if k.System == "kubernetes" && len(secrets(names)) == 0 && localCluster.MatchString(r.text()) || k.System == "kubernetes" && kind == Implicit && localCluster.MatchString(r.text()) {
		return output{}, true // a cluster that a script makes in the job
	}
	operation := k.Operation
	if operation == "" {
		operation = c.verb(found)
	}
	confidence := High
	if kind == Implicit || kind == Ambient {
		confidence = Medium
	}
	if !k.Quiet {
		system := r.system(t, k, line, names)
		if system == "github-api" && k.System == "gitlab-api" && k.Operation != "" { // whose paths are others
			operation = c.verb("")
		}
		r.use(Use{System: system, Operation: strings.TrimSpace(operation), Kind: kind, AuthStyle: style, Confidence: confidence}, names)
	}
	if !k.Named {
		r.payload(t, c, names)
	}
	if k.Keeps != "" && (len(names) > 0 || kind == Ambient) {
		text := unmark(line)
		if kind == Ambient {
			text = ambientLogin
		}
		r.write(k.Keeps, value{text: text, names: names}, true)
	}
	if k.Login != "" {
		r.addLogin(&login{system: k.Login, names: names, kind: kind, style: "registry-basic", sure: confidence})
	}
	switch {
	case k.Fetches != "":
		name := "?"
		if m := k.from.FindStringSubmatch(line); m != nil {
			name = strings.Trim(firstGroup(m), `"'`)
		}
		return output{value: value{text: unknown, names: []string{k.Fetches + ":" + name}}}, true
	case k.Passes:
		return output{value: value{text: unknown, names: names}}, true
	}
	return output{value{text: unknown, names: names}, true}, true
}

// localCluster finds the programs that make a cluster inside a job, wherever they are called.
var localCluster = regexp.MustCompile(`k3d-io/k3d|\bk3d (cluster|registry)|\bminikube (start|profile)|kind\.sigs\.k8s\.io|kubernetes-sigs/kind|\bkind (create|load|export)|storage\.googleapis\.com/minikube|get\.k3s\.io`)

// ambientLogin is what a file holds that a tool made with an identity of the runner.
const ambientLogin = "login of the runner"

var verbWord = regexp.MustCompile(`^[a-z][a-z0-9:_-]*$`)

// verb is what a call does: what was matched, or its first two words where that is an option.
func (c *call) verb(found string) string {
	if found != "" && found[0] != '-' {
		return c.name + " " + found
	}
	out := c.name
	for _, a := range c.args {
		if verbWord.MatchString(a.text) && strings.Count(out, " ") < 2 {
			out += " " + a.text
		}
	}
	return out
}

func firstGroup(m []string) string {
	for _, g := range m[1:] {
		if g != "" {
			return g
		}
	}
	return m[0]
}

// payload records credentials among the words of a call that hands them to the system.
func (r *reading) payload(t *Tool, c *call, own []string) {
	if !t.Payload {
		return
	}
	var handed []string
	for i, a := range c.args {
		if i > 0 && slices.ContainsFunc([]string{"--vault", "--private-key", "--key-file"}, func(o string) bool { return strings.HasPrefix(c.args[i-1].text, o) }) {
			continue // credentials that another entry of the catalogue reads
		}
		handed = union(handed, a.names)
		if f, ok := r.file(a.text); ok {
			handed = union(handed, secrets(f.names))
		}
	}
	handed = keep(union(handed, secrets(c.in.names)), func(n string) bool { return !slices.Contains(own, n) && !strings.HasPrefix(n, literalPrefix) })
	all := secrets(handed)
	if len(all) == 0 {
		return
	}
	handed = keep(handed, func(n string) bool { return isSecret(n) || userOf(n, all) })
	r.use(Use{System: r.payloadSystem(t, c, handed), Operation: c.name + ": secrets handed over", AuthStyle: forwarded, Confidence: Medium}, handed)
}

// half cuts the last word of a name: the user and the password of one system differ in it.
func half(name string) string { return name[:strings.LastIndexByte(name, '_')+1] }

// userOf reports whether a name is the user half of one of the secrets.
func userOf(name string, secrets []string) bool {
	return isUser(name) && half(name) != "" && slices.ContainsFunc(secrets, func(s string) bool { return half(s) == half(name) })
}

// payloadSystem is where credentials that a call hands over are for: a pull secret is the registry's.
// Source: https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
func (r *reading) payloadSystem(t *Tool, c *call, names []string) string {
	if server, ok := option(c.args, "--docker-server"); ok {
		user, _ := option(c.args, "--docker-username")
		system, _ := registryOf(server, user, names)
		return system
	}
	if !slices.ContainsFunc(names, func(n string) bool { return !predefined.MatchString(n) }) {
		return "gitlab-registry"
	}
	if !slices.ContainsFunc(secrets(names), func(n string) bool { return !registryCredential.MatchString(n) }) {
		system, _ := registryOf(value{text: "${REGISTRY}"}, value{}, names)
		return system
	}
	return t.system()
}

// registryCredential is what the password of a container registry is called.
var registryCredential = regexp.MustCompile(`(?i)^(\w+_)?(DOCKER|CONTAINER|IMAGE|IMAGES|HARBOR|QUAY|ACR|GHCR|GCR|CR)?_?REGISTRY_(PASS|PASSWD|PASSWORD|TOKEN|SECRET)$|^DOCKER_?HUB_(PASS|PASSWD|PASSWORD|TOKEN)$|(^|_)(HARBOR|QUAY|ACR|GHCR)_(PASS|PASSWORD|TOKEN)$`)

// ownAddress reports whether the only addresses among a call's words are of the job's own servers.
func (r *reading) ownAddress(c *call) bool {
	own := false
	for _, a := range c.args {
		if !strings.Contains(a.text, "://") {
			continue
		}
		if host := splitURL(a).host; !isLocalHost(host) && !r.isService(host) {
			return false
		}
		own = true
	}
	return own
}

// ownDatabase reports whether a call reaches a database that is a service of the job, or runs beside it.
func (r *reading) ownDatabase(c *call) bool {
	host := ""
	if v, ok := option(c.args, "-h", "--host"); ok {
		host = v.text
	} else if v, ok := r.env["PGHOST"]; ok && (c.name == "psql" || strings.HasPrefix(c.name, "pg_") || strings.HasSuffix(c.name, "db")) {
		host = v.text
	}
	for _, a := range c.args {
		if strings.Contains(a.text, "://") {
			host = splitURL(a).host
		}
	}
	if host == "" {
		return len(r.job.Services) > 0 || r.local
	}
	// A name without a dot is one inside the job's network.
	return isLocalHost(host) || r.isService(host) || !strings.ContainsAny(host, ".$") && len(r.job.Services) > 0
}

// text is all that the job runs, for words that tell of a cloud.
func (r *reading) text() string {
	if r.all == "" {
		var b strings.Builder
		for _, c := range r.job.Script {
			if b.Len() > maxScript {
				break
			}
			b.WriteString(c.Text + "\n")
		}
		for _, v := range slices.Concat(r.job.Globals, r.job.Variables) {
			b.WriteString(v.Name + "=" + v.Value + "\n")
		}
		b.WriteString(r.job.Image + "\n" + r.job.Name)
		r.all = b.String()
	}
	return r.all
}
