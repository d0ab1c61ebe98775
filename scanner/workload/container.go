package workload

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// container reads docker, podman and their like.
// Source: https://docs.docker.com/reference/cli/docker/ and https://docs.gitlab.com/user/packages/container_registry/
func container(r *reading, c *call) {
	args := c.args
	host := r.env["DOCKER_HOST"]
	for len(args) > 0 && strings.HasPrefix(args[0].text, "-") { // options of the client itself
		if v, ok := option(args[:min(2, len(args))], "-H", "--host"); ok {
			host = v
		}
		n := 1
		if slices.Contains(clientValues, args[0].text) {
			n = 2
		}
		args = args[min(n, len(args)):]
	}
	if len(args) == 0 {
		return
	}
	if strings.HasPrefix(host.text, "ssh://") { // https://docs.docker.com/engine/security/protect-access/
		r.connected(c.name, nil)
	}
	verb, rest := args[0].text, args[1:]
	if verb == "compose" || strings.HasSuffix(c.name, "-compose") {
		r.composed(join(args, " ").text)
		if strings.HasPrefix(host.text, "ssh://") {
			r.composedAway(c)
		}
	}
	if slices.Contains([]string{"buildx", "image", "manifest", "container", "compose", "builder"}, verb) && len(rest) > 0 {
		if verb == "manifest" && rest[0].text != "push" {
			return
		}
		if (verb == "compose" || strings.HasSuffix(c.name, "-compose")) && rest[0].text != "run" && rest[0].text != "exec" {
			return // it names services of its file, not images
		}
		verb, rest = rest[0].text, rest[1:]
	}
	switch verb {
	case "login":
		r.registryLogin(c, rest)
	case "push":
		r.pushed(firstPlain(rest, "--authfile", "--creds", "--cert-dir", "--format"), c.name+" push")
		r.registryCreds(c, rest)
	case "pull":
		r.touched(firstPlain(rest, "--platform"), "pull")
	case "create":
		if driver, _ := option(rest, "--driver"); driver.text == "kubernetes" {
			r.clusterBuilder(c)
			return
		}
		r.containerRun(rest, verb)
	case "imagetools":
		if tag, ok := option(rest, "-t", "--tag"); ok && rest[0].text == "create" {
			r.pushed(tag, c.name+" buildx imagetools create")
		}
	case "build", "bud", "bake", "b":
		r.built(c, rest)
	case "stack", "service":
		if slices.ContainsFunc(rest, func(a value) bool { return a.text == "--with-registry-auth" }) {
			r.composed("up")
		}
	case "run", "exec":
		r.containerRun(rest, verb)
	}
}

// clientValues are the options of the clients themselves that take a value.
// Sources: https://docs.docker.com/reference/cli/docker/, https://docs.docker.com/reference/cli/docker/compose/,
// https://docs.podman.io/en/latest/markdown/podman.1.html and buildah(1).
var clientValues = []string{
	"-c", "--context", "--config", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey",
	"-f", "--file", "-p", "--project-name", "--project-directory", "--profile", "--env-file", "--parallel", "--progress", "--ansi",
	"--cgroup-manager", "--connection", "--identity", "--namespace", "--root", "--runroot", "--runtime", "--storage-driver", "--storage-opt",
	"--tmpdir", "--url", "--registries-conf", "--registries-conf-dir", "--short-name-alias-conf", "--userns-gid-map", "--userns-uid-map",
}

// clusterBuilder records a builder whose pods run in a cluster: that of the kubeconfig, or that in which the runner is.
// Source: https://docs.docker.com/build/builders/drivers/kubernetes/
func (r *reading) clusterBuilder(c *call) {
	u := Use{System: "kubernetes", Operation: c.name + " buildx create", AuthStyle: "kubeconfig", Confidence: Medium}
	names, kind, ok := r.environment(tools().byCommand["kubectl"][0], true)
	if u.Kind = kind; !ok {
		u.Kind, u.AuthStyle = Ambient, "runner-role"
	}
	if !r.local {
		r.use(u, names)
	}
}

var composeVerb = regexp.MustCompile(`(?:^| )(pull|push|up|build|run)(?: |$)`)

// composed notes what compose does with the images of its file, in whatever registry they lie.
func (r *reading) composed(words string) {
	m := composeVerb.FindStringSubmatch(words)
	if m == nil {
		return
	}
	for _, l := range r.registries.logins {
		if l.remote == r.remote && !slices.Contains(l.actions, m[1]) {
			l.actions = append(l.actions, m[1])
		}
	}
}

// composedAway records the credentials that files of compose hand to containers on another host.
// Source: https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/
func (r *reading) composedAway(c *call) {
	files := []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
	if named, ok := option(c.args, "-f", "--file"); ok {
		files = []string{named.text}
	}
	for _, name := range files {
		r.handOver(r.variablesIn(name, composeVariable))
	}
}

var composeVariable = regexp.MustCompile(`\$\{?([A-Za-z_]\w*)`)

// built reads docker build and buildx build.
func (r *reading) built(c *call, args []value) {
	push := false
	for _, a := range args {
		if a.text == "--push" || strings.HasPrefix(a.text, "--push=") && a.text != "--push=false" || strings.Contains(a.text, "push=true") || strings.Contains(a.text, "type=registry") {
			push = true
		}
	}
	for i, a := range args {
		tag, ok := strings.CutPrefix(a.text, "--tag=")
		if ref, cut := strings.CutPrefix(a.text, "-t"); cut && ref != "" && !strings.HasPrefix(a.text, "--") {
			tag, ok = ref, true
		}
		if (a.text == "-t" || a.text == "--tag") && i+1 < len(args) {
			tag, ok = args[i+1].text, true
		}
		if name, isOutput := strings.CutPrefix(a.text, "--output="); isOutput && push {
			if _, n, found := strings.Cut(name, "name="); found {
				tag, _, _ = strings.Cut(n, ",")
				ok = true
			}
		}
		if ok && push {
			r.pushed(value{text: tag, names: a.names}, c.name+" build --push")
		}
	}
	given, secret := r.buildArguments(args)
	r.handedIn(given, "handed to an image build", "other-service")
	r.handedIn(secret, "handed to an image build", "other-service")
	for _, l := range r.registries.logins { // a build pulls its base images with whatever login there is
		if l.remote == r.remote && !slices.Contains(l.actions, "build") {
			l.actions = append(l.actions, "build")
		}
	}
}

var secretFromEnv = regexp.MustCompile(`(?:^|,)env=(\w+)`)

// buildArguments are the values that a build gets: arguments, and what it is told to be secret.
// Source: https://docs.docker.com/build/building/secrets/
func (r *reading) buildArguments(args []value) (given, secret map[string]value) {
	given, secret = map[string]value{}, map[string]value{}
	for i, a := range args {
		text, isArgument := strings.CutPrefix(a.text, "--build-arg=")
		from, isSecretOption := strings.CutPrefix(a.text, "--secret=")
		if i > 0 && args[i-1].text == "--build-arg" {
			text, isArgument = a.text, true
		}
		if i > 0 && args[i-1].text == "--secret" {
			from, isSecretOption = a.text, true
		}
		if key, v, set := strings.Cut(text, "="); isArgument && set {
			given[key] = value{v, a.names}
		} else if isArgument && isName(key) {
			given[key] = r.look(key)
		}
		if m := secretFromEnv.FindStringSubmatch(from); isSecretOption && m != nil {
			secret[m[1]] = r.look(m[1])
		}
	}
	return given, secret
}

// containerRun reads the command inside docker run: environment and arguments reach a tool in its image.
func (r *reading) containerRun(args []value, verb string) {
	env := map[string]value{}
	i := 0
	for ; i < len(args) && strings.HasPrefix(args[i].text, "-"); i++ {
		name, inline, hasInline := strings.Cut(args[i].text, "=")
		v := value{text: inline, names: args[i].names}
		if !hasInline && slices.Contains(runValues, name) && i+1 < len(args) {
			i++
			v = args[i]
		}
		if name == "-e" || name == "--env" {
			if key, val, set := strings.Cut(v.text, "="); set {
				env[key] = value{text: val, names: v.names}
			} else if isName(key) {
				env[key] = r.look(key)
			}
		}
	}
	if i >= len(args) {
		return
	}
	image, rest := args[i], args[i+1:]
	if verb == "run" {
		r.touched(image, "pull")
		if tool := tools().byImage(image.text); tool != "" && (len(rest) == 0 || family(commandName(rest[0].text)) == nil && len(tools().byCommand[commandName(rest[0].text)]) == 0) {
			rest = append([]value{{text: tool}}, rest...)
		}
	}
	if len(rest) > 0 {
		r.run(rest, value{}, env)
	}
	r.handedIn(env, "handed to a container", "")
}

// handedIn records credentials in an environment whose use is not seen, of the system that their names tell, else of
// other, where that is given.
func (r *reading) handedIn(env map[string]value, how, other string) {
	for _, key := range slices.Sorted(maps.Keys(env)) {
		names := keep(secrets(env[key].names), func(n string) bool { return !r.claimed[plain(n)] && !strings.HasPrefix(n, literalPrefix) })
		if system := cmp.Or(systemOfNames([]string{key}), systemOfNames(names), other); system != "" && len(names) > 0 {
			r.use(Use{System: system, Operation: how, AuthStyle: "environment", Confidence: Low}, names)
		}
	}
}

var runValues = []string{
	"-e", "--env", "-v", "--volume", "-w", "--workdir", "--name", "-p", "--publish", "--network", "--net", "-u", "--user", "--entrypoint", "--env-file", "-h", "--hostname",
	"--mount", "--platform", "-l", "--label", "--add-host", "-m", "--memory", "--cpus", "--ulimit", "--link", "--ipc", "--shm-size", "--restart", "--device", "--gpus", "--pull", "--volumes-from", "--cap-add", "--security-opt", "--log-driver", "--log-opt",
}
