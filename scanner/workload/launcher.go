package workload

import (
	"regexp"
	"slices"
	"strings"
)

// launchers are tools that run another command after one of these words: in an environment of packages, or with
// secrets of a manager in its variables.
// Sources: the projects' own command references (Poetry, uv, Hatch, 1Password, Doppler, Infisical, aws-vault, SOPS, Atmos).
var launchers = map[string][]string{
	"poetry": {"run"}, "pipenv": {"run"}, "uv": {"run"}, "pdm": {"run"}, "hatch": {"run"}, "rye": {"run"}, "pixi": {"run"}, "conda": {"run"}, "mamba": {"run"}, "micromamba": {"run"},
	"npm": {"exec", "x"}, "pnpm": {"exec", "dlx"}, "yarn": {"exec", "dlx"}, "bun": {"x"}, "lerna": {"exec"}, "composer": {"exec"},
	"mise": {"exec", "x"}, "asdf": {"exec"}, "rbenv": {"exec"}, "pyenv": {"exec"}, "nodenv": {"exec"}, "direnv": {"exec"}, "devbox": {"run"},
	"aws-vault": {"exec"}, "op": {"run"}, "doppler": {"run"}, "infisical": {"run"}, "chamber": {"exec"}, "teller": {"run"}, "dotenvx": {"run"}, "berglas": {"exec"}, "sops": {"exec-env", "exec-file"}, "bws": {"run"},
	"atmos": {"terraform", "helmfile", "packer", "ansible"}, "terramate": {"run"},
}

// Launchers whose first word of what they run is not the command: a profile, a folder, a file.
var launchWithWord = []string{"aws-vault", "chamber", "direnv", "sops"}

// pythonLaunchers run programs of the project itself, under the names that its own configuration gives them.
var pythonLaunchers = []string{"poetry", "pipenv", "uv", "pdm", "hatch", "rye"}

// launchValues are options of launchers that take a value.
var launchValues = []string{
	"-p", "--package", "--with", "--extra", "--group", "--only-group", "--python", "--directory", "--project", "-e", "--env", "-C", "-n", "--name", "--env-file", "-f", "--file", "-t", "--token", "-c", "--config",
	"--path", "--projectId", "--region", "--duration", "-d", "--scope", "--filter", "--account", "--prefix", "-w", "--workspace",
}

// launched returns the words of the command that a launcher runs; nil where it runs none.
func launched(c *call) []value {
	verbs := launchers[c.name]
	n := skipOptions(c.args, launchValues...)
	if n >= len(c.args) || !slices.Contains(verbs, c.args[n].text) {
		return nil
	}
	verb, rest := c.args[n], c.args[n+1:]
	if c.name == "atmos" { // atmos terraform plan COMPONENT -s STACK
		return append([]value{verb}, rest...)
	}
	if at := slices.IndexFunc(rest, func(a value) bool { return a.text == "--" }); at >= 0 {
		return rest[at+1:]
	}
	rest = rest[skipOptions(rest, launchValues...):]
	if slices.Contains(launchWithWord, c.name) && len(rest) > 0 {
		rest = rest[1:]
	}
	if c.name == "sops" && len(rest) == 1 { // one text, for a shell
		return append([]value{{text: "sh"}, {text: "-c"}}, rest...)
	}
	return rest
}

// launch reads the command that a launcher runs. A program that nothing here knows is the project's own.
func (r *reading) launch(c *call, inner []value) output {
	if len(inner) == 0 {
		return c.answer(r)
	}
	name := commandName(inner[0].text)
	known := shellCommand(name) != nil || family(name) != nil || len(tools().byCommand[name]) > 0 || launchers[name] != nil || strings.HasPrefix(name, "python")
	if !known && slices.Contains(pythonLaunchers, c.name) && !isScriptPath(inner[0].text) {
		r.ownProgram(inner)
	}
	return r.run(inner, c.in, nil)
}

// developing are programs that work on the job's own files, whatever they are told to do.
var developing = regexp.MustCompile(`^(pytest|py\.test|ruff|black|isort|mypy|pyright|ty|pylint|flake8|pycodestyle|bandit|safety|pip-audit|coverage|tox|nox|pre-commit|sphinx-build|sphinx-\w+|mkdocs|zensical|ipython|jupyter\w*|cython|codespell|yamllint|ansible-lint|djlint|sqlfluff|behave|robot|locust|scrapy|uvicorn|gunicorn|flask|streamlit|prospector|vulture|radon|xenon|towncrier|bump2version|bumpversion|cz|commitizen|vitest|jest|eslint|prettier|tsc)$`)

// ownProgram says that a program of the project runs, unless its last word tells that it works on the job's own files.
func (r *reading) ownProgram(words []value) {
	said := commandName(words[0].text)
	if developing.MatchString(said) || r.remote != "" || strings.ContainsAny(said, "$") {
		return
	}
	last := said
	for _, w := range words[1:] {
		if strings.HasPrefix(w.text, "-") || !verbWord.MatchString(w.text) {
			break
		}
		said, last = said+" "+w.text, w.text
	}
	if len(words) > 1 && words[1].text == "--help" || quietTarget.MatchString(last) {
		return
	}
	r.hidden = true
	r.opaque("runs " + said + " of the project")
}

// wrappers run the command that follows them.
var wrappers = []string{
	"sudo", "env", "exec", "nohup", "time", "timeout", "retry", "command", "nice", "ionice", "stdbuf", "chronic", "unbuffer", "setsid", "doas", "gosu", "su-exec",
	"builtin", "then", "else", "do", "!", "not", "travis_retry", "bundle", "npx", "pnpx", "bunx", "pipx", "uvx", "dotenv", "xvfb-run", "start", "call", "winpty", "nix-shell", "watch", "wait-for-it", "until", "while", "if",
	"proxychains", "proxychains4", "torsocks", "torify", "busybox", "tini", "dumb-init", "faketime", "cross-env", "cross-env-shell", "env-cmd", "flock", "runuser", "chroot",
}

// valued are the options of wrappers that take a value.
var valued = []string{"-u", "-g", "-n", "-c", "-k", "-s", "-f", "--user", "--group", "-p", "--package", "-C", "--kill-after", "--signal", "-t", "--attempts", "-a", "--chdir", "--with", "--from", "--spec"}

// positional are wrappers whose first word is theirs: a user, a file, a folder, a date.
var positional = []string{"gosu", "flock", "chroot", "faketime"}

func wrapper(r *reading, c *call) output {
	args := c.args
	env := map[string]value{}
	for len(args) > 0 {
		text := args[0].text
		name, rest, isSet := strings.Cut(text, "=")
		switch {
		case strings.HasPrefix(text, "-"):
			n := 1
			if slices.Contains(valued, text) && len(args) > 1 && !(c.name == "bundle") {
				n = 2
			}
			args = args[n:]
			continue
		case isSet && isName(name):
			env[name] = value{text: rest, names: args[0].names}
			args = args[1:]
			continue
		case (c.name == "timeout" || c.name == "retry") && text != "" && '0' <= text[0] && text[0] <= '9',
			(c.name == "bundle" || c.name == "pipx") && (text == "exec" || text == "run"), slices.Contains(positional, c.name) && len(args) == len(c.args):
			args = args[1:]
			continue
		}
		break
	}
	return r.run(args, c.in, env)
}

// wrapped returns the words of a command that a program nothing here knows is given as its first word, as in
// "retry docker push …"; nil where it is given none.
func (r *reading) wrapped(c *call) []value {
	if len(c.args) < 2 || slices.Contains(runners, c.name) || slices.Contains(interpreters, c.name) || len(tools().byCommand[c.name]) > 0 {
		return nil
	}
	at := 0
	for at < len(c.args) && (strings.HasPrefix(c.args[at].text, "-") || strings.Trim(c.args[at].text, "0123456789") == "" && c.args[at].text != "") {
		at++ // options and counts of the wrapper
	}
	if at+1 >= len(c.args) {
		return nil
	}
	name := c.args[at].text
	if family(name) == nil && (len(tools().byCommand[name]) == 0 || len(name) < 3) {
		return nil
	}
	return c.args[at:]
}
