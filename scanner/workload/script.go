package workload

import (
	"cmp"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

// interpreters run a file of the repository.
var interpreters = []string{"python", "python2", "python3", "node", "ruby", "perl", "php", "groovy", "rscript", "deno", "bun", "tsx", "ts-node"}

// runners run a target that the repository defines.
var runners = []string{"make", "gmake", "npm", "yarn", "pnpm", "lerna", "rake", "just", "task", "mage", "invoke", "inv", "ant", "nox", "bazel", "cake", "psake", "tox"}

// Targets by these names work on the job's own files in nearly every repository.
var quietTarget = regexp.MustCompile(`^(run-)?(build|builds|test|tests|lint|check|checks|format|fmt|clean|compile|install|ci|coverage|typecheck|type-check|type|vet|docs?|unit|all|generate|validate|verify|audit|start|dev|storybook|prettier|eslint|tsc|jest|vitest|cy|cypress|e2e|pylint|mypy|flake8|deps|vendor|setup|bootstrap|init|help|package|dist|bundle|mod|tidy|i18n|translations?)([:_.-].*)?$|[:_-](test|tests|lint|check|build|format|typecheck)$|^(py|lint|test|unit|docs|style|format|mypy|flake)`)

// packageVerb is what yarn and pnpm do themselves.
var packageVerb = regexp.MustCompile(`^(npm|install|i|add|config|ci|exec|dlx|cache|set|store|audit|outdated|dedupe|why|list|global|workspaces?|publish|version|import|create|init|login|logout|whoami|info|view|link|unlink|remove|up|upgrade|plugin|pack|rebuild|deploy|fetch|licenses)?$`)

// installed are folders of programs that come from elsewhere.
var installed = regexp.MustCompile(`(^|/)(node_modules/\.bin|vendor/bin|\.?venv/bin|env/bin|\.local/bin|\.cargo/bin|\.tmp/bin|go/bin)/|^~/.*/bin/|^/(usr|opt)/(local/)?bin/`)

// runsScript follows a command that runs what the repository holds.
func (r *reading) runsScript(c *call) {
	switch {
	case slices.Contains(interpreters, strings.TrimRight(c.name, "0123456789.")) || slices.Contains(interpreters, c.name):
		r.interpreter(c)
	case slices.Contains(runners, c.name):
		r.target(c)
	case isScriptPath(c.path) && (scriptName.MatchString(c.path) || !installed.MatchString(cleanPath(c.path))):
		r.scriptFile(c, value{text: c.path}, c.args)
	}
}

// builders build a program of the project and run it.
// Sources: the commands' own references (go, cargo, dotnet, swift, dart).
var builders = []string{"go", "cargo", "dotnet", "swift", "dart"}

// runsProgram reads "go run" and its like, and reports whether the call is one. A package with a version is no program of
// the project, but the one that it is named for.
func (r *reading) runsProgram(c *call) bool {
	if !slices.Contains(builders, c.name) || len(c.args) < 2 || c.args[0].text != "run" {
		return false
	}
	rest := c.args[1:]
	rest = rest[skipOptions(rest, "-p", "--package", "--bin", "--example", "--project", "-c", "--configuration", "--features", "-tags", "-ldflags", "-mod", "-f", "--framework"):]
	if len(rest) == 0 {
		r.hidden = true
		r.opaque("runs " + c.name + " run")
		return true
	}
	if name, _, versioned := strings.Cut(rest[0].text, "@"); versioned && c.name == "go" {
		r.run(append([]value{{text: path.Base(name)}}, rest[1:]...), c.in, nil)
		return true
	}
	r.wordsHandOver(c, rest)
	r.hidden = true
	if c.name == "go" {
		r.opaque("runs go run " + rest[0].text)
	} else {
		r.opaque("runs " + c.name + " run")
	}
	return true
}

var scriptName = regexp.MustCompile(`\.(sh|bash|py|rb|pl|ps1|bat|cmd|js|php|zsh|ksh)$`)

// isScriptPath reports whether a command is named by its path in the repository, or is a script by its name.
func isScriptPath(text string) bool {
	if strings.HasPrefix(text, "/usr/bin/") || strings.HasPrefix(text, "/bin/") || strings.HasPrefix(text, "-") {
		return false
	}
	text = strings.ReplaceAll(text, `\`, "/")
	return scriptName.MatchString(text) || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "${CI_PROJECT_DIR}/") || strings.Contains(text, "/") && !strings.HasPrefix(text, "$") && !strings.Contains(text, "://")
}

var harmlessModules = regexp.MustCompile(`^(pip|venv|virtualenv|pytest|unittest|build|site|compileall|coverage|pylint|flake8|mypy|black|ruff|tox|ensurepip|json\.tool|http\.server|zipfile|pre_commit|cibuildwheel)$`)

// A module inside a package is the repository's own, but for those of well known packages and of the standard library.
var (
	dotted           = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$`)
	installedModules = regexp.MustCompile(`^(grpc_tools|pip|piptools|setuptools|xml|json|http|email|encodings|unittest|importlib|concurrent|multiprocessing|logging|torch|nltk|spacy|mypy|pylint|sphinx|django|flask|celery|ipykernel|jupyter\w*|nbconvert|playwright|coverage|twine|ansible)\.`)
)

func (r *reading) interpreter(c *call) {
	for i, a := range c.args {
		if a.text == "-m" && i+1 < len(c.args) {
			name := c.args[i+1].text
			if harmlessModules.MatchString(name) {
				return
			}
			if family(name) != nil || len(tools().byCommand[name]) > 0 {
				r.run(append([]value{{text: name}}, c.args[i+2:]...), c.in, nil)
			} else if dotted.MatchString(name) && !installedModules.MatchString(name) {
				r.scriptFile(c, value{text: strings.ReplaceAll(name, ".", "/") + ".py"}, c.args[i+2:])
			}
			return
		}
		if a.text == "-c" || a.text == "-e" {
			return
		}
		if !strings.HasPrefix(a.text, "-") {
			if name := commandName(a.text); family(name) != nil || len(tools().byCommand[name]) > 0 { // php vendor/bin/dep
				r.run(append([]value{{text: name}}, c.args[i+1:]...), c.in, nil)
				return
			}
			if scriptName.MatchString(a.text) && path.Base(a.text) != "setup.py" || strings.Contains(a.text, "/bin/") {
				r.scriptFile(c, a, c.args[i+1:])
			}
			return
		}
	}
}

// scriptFile reads a script of the repository, one level deep, or says that it cannot be told.
func (r *reading) scriptFile(c *call, file value, args []value) {
	name := cleanPath(file.text)
	if name == "" || r.remote != "" {
		return
	}
	if f, ok := r.file(name); ok && strings.Contains(f.text, "\n") { // the job wrote it
		r.script(unmark(f.text))
		return
	}
	r.wordsHandOver(c, args)
	r.hidden = true
	text, ok := r.open(name)
	if !ok {
		r.strayWords(c, args)
	}
	if r.followed[name] {
		return
	}
	r.followed[name] = true
	if !ok || r.inside {
		if !r.inside && !installers.MatchString(path.Base(name)) {
			r.opaque(strings.TrimSpace("runs " + name))
		}
		return
	}
	r.inFile(name, func() {
		if scriptName.MatchString(name) && !strings.HasSuffix(name, "sh") && !strings.HasSuffix(name, ".ps1") && !strings.HasSuffix(name, ".bat") && !strings.HasSuffix(name, ".cmd") {
			r.foreign(name, string(text))
			return
		}
		r.script(string(text))
	})
}

// installers are wrappers of build tools that many repositories carry; what they do is in the catalogue.
var installers = regexp.MustCompile(`^(gradlew|mvnw)(\.bat|\.cmd)?$`)

// open gives a file of the repository. Each time costs, for a script may name it in a loop.
func (r *reading) open(name string) ([]byte, bool) {
	if r.calls <= 0 {
		return nil, false
	}
	text, ok := r.files(name)
	r.calls -= len(text) / 256
	return text, ok
}

// inFile reads a text as part of another file.
func (r *reading) inFile(name string, do func()) {
	at, origin, multi := r.at, r.origin, r.multi
	r.at, r.origin, r.multi, r.inside = Evidence{File: name, Line: 1}, 1, true, true
	do()
	r.at, r.origin, r.multi, r.inside = at, origin, multi, false
}

// environ finds variables that a program in another language reads.
var environ = regexp.MustCompile(`(?:environ(?:\.get)?|getenv|env|ENV)\W{1,4}([A-Z][A-Z0-9_]{2,60})\b`)

// foreign reads a program in another language: only the credentials it takes from its environment are told.
func (r *reading) foreign(name, text string) {
	var names []string
	for _, m := range environ.FindAllStringSubmatch(text, 256) {
		if isSecret(m[1]) {
			names = union(names, r.look(m[1]).names)
		}
	}
	for _, n := range names {
		if system := systemOfNames([]string{n}); system != "" {
			r.use(Use{System: system, Operation: "script " + name, AuthStyle: "environment", Confidence: Low}, []string{n})
		} else {
			r.opaque("runs " + name + ", which reads " + plain(n))
		}
	}
}

// target follows make, npm run and their like.
func (r *reading) target(c *call) {
	var plain []value
	for i, a := range c.args {
		taken := i > 0 && slices.Contains([]string{"-f", "-C", "-j", "--file", "--directory", "--prefix", "--filter", "--cwd", "-w"}, c.args[i-1].text)
		if !taken && !strings.HasPrefix(a.text, "-") && !strings.Contains(a.text, "=") {
			plain = append(plain, a)
		}
	}
	name := ""
	if len(plain) > 0 {
		name = plain[0].text
	}
	switch c.name {
	case "npm", "yarn", "pnpm", "lerna":
		run := name == "run" || name == "run-script"
		if run {
			if len(plain) < 2 {
				return
			}
			name = plain[1].text
		} else if c.name == "npm" || c.name == "lerna" || packageVerb.MatchString(name) {
			return
		}
		args := scriptArguments(c.args, name)
		if r.packageScript(name, args) {
			return
		}
		// Without a script of that name, yarn and pnpm run the program of a package; a script that is not at hand and
		// gets a credential most likely runs the program that it is named for.
		// Source: https://yarnpkg.com/cli/run
		if (!run || len(secrets(join(args, " ").names)) > 0) && (family(name) != nil || len(tools().byCommand[name]) > 0) {
			r.run(append([]value{{text: name}}, args...), c.in, nil)
			return
		}
	case "make", "gmake":
		for _, a := range c.args {
			if k, v, ok := strings.Cut(a.text, "="); ok && isName(k) {
				r.set(k, value{v, a.names})
			}
		}
		if r.makefile(c, plain) {
			return
		}
		r.makeGuess(c, plain)
	}
	r.wordsHandOver(c, c.args)
	r.hidden = true
	for _, p := range plain {
		name = p.text
		if slices.Contains([]string{"npm", "yarn", "pnpm", "lerna"}, c.name) && (name == "run" || name == "run-script") {
			continue
		}
		if !quietTarget.MatchString(strings.TrimLeft(name, ".")) && name != unknown {
			r.opaque("runs " + c.name + " " + name)
			return
		}
		if c.name != "make" {
			return
		}
	}
}

// packageScript follows a script of package.json with the arguments that it gets, and reports whether it is at hand.
func (r *reading) packageScript(name string, args []value) bool {
	text, ok := r.open("package.json")
	if !ok || r.inside {
		return false
	}
	var p struct {
		Scripts map[string]string `json:"scripts"`
	}
	if json.Unmarshal(text, &p) != nil || p.Scripts[name] == "" {
		return false
	}
	for _, n := range []string{"pre" + name, name, "post" + name} {
		script := p.Scripts[n]
		for _, a := range args {
			if n == name && !strings.ContainsAny(a.text, "\"\n`") {
				script += ` "` + unmark(a.text) + `"`
			}
		}
		if script != "" {
			r.inFile("package.json", func() { r.multi = false; r.script(script) })
		}
	}
	return true
}

// scriptArguments are the words that a package manager hands on to the script: those after its name.
func scriptArguments(args []value, name string) []value {
	at := slices.IndexFunc(args, func(a value) bool { return a.text == name })
	if at < 0 {
		return nil
	}
	rest := args[at+1:]
	if len(rest) > 0 && rest[0].text == "--" {
		rest = rest[1:]
	}
	return rest
}

// credentialOption is an option whose value is a credential in nearly every program that has it.
var credentialOption = regexp.MustCompile(`(?i)^(--?|-D)(\w+[-_.])*(token|api-?key|password|passwd|secret|repotoken|access-?key)(=|$)`)

// stranger reads a command that nothing here knows: a credential that it is plainly given is one of the system that
// the names tell, or of some other service.
func (r *reading) stranger(c *call) {
	built := slices.Contains(builders, c.name)
	if slices.Contains(runners, c.name) || len(tools().byCommand[c.name]) > 0 && !built || r.remote != "" {
		return
	}
	var names []string
	passwords := true
	for i, a := range c.args {
		if credentialOption.MatchString(a.text) {
			passwords = passwords && strings.Contains(strings.ToLower(a.text), "pass")
			names = union(names, secrets(a.names))
			if i+1 < len(c.args) {
				names = union(names, secrets(c.args[i+1].names))
			}
		}
	}
	other := "other-service"
	if len(names) == 0 && verbWord.MatchString(c.name) && !isScriptPath(c.path) {
		names, other = secrets(join(append(slices.Clone(c.args), c.in), "").names), ""
	}
	names = keep(names, func(n string) bool { return !r.claimed[plain(n)] })
	if len(names) == 0 {
		return
	}
	if passwords && !slices.ContainsFunc(names, func(n string) bool { return !strings.HasPrefix(n, literalPrefix) }) {
		other = "" // the configuration holds the password: most often that of a server that the job starts for itself
	}
	if system := cmp.Or(systemOfNames(names), hosts().system(c.name), other); system != "" {
		r.use(Use{System: system, Operation: c.name, AuthStyle: "argument", Confidence: Low}, names)
	}
}

// wordsHandOver records credentials among the words of something that cannot be read.
func (r *reading) wordsHandOver(c *call, args []value) {
	var names []string
	for _, a := range args {
		names = union(names, secrets(a.names))
	}
	for _, v := range c.env {
		names = union(names, secrets(v.names))
	}
	slices.Sort(names)
	for _, n := range names {
		if system := systemOfNames([]string{n}); system != "" {
			r.use(Use{System: system, Operation: "handed to " + c.name, AuthStyle: "argument", Confidence: Low}, []string{n})
		}
	}
}

// strayWords records credentials among the words of a script that is not at hand, of which no name tells the system.
func (r *reading) strayWords(c *call, args []value) {
	names := keep(secrets(join(args, "").names), func(n string) bool {
		return systemOfNames([]string{n}) == "" && !r.claimed[plain(n)] && !strings.HasPrefix(n, literalPrefix)
	})
	if len(names) > 0 {
		r.use(Use{System: "other-service", Operation: "handed to " + c.name, AuthStyle: "argument", Confidence: Low}, names)
	}
}
