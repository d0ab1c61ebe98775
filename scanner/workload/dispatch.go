package workload

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// dispatch reads one command: what a shell itself does, what hands over to another command, and tools.
func (r *reading) dispatch(c *call) output {
	if body, ok := r.functions[c.path]; ok {
		return r.function(c, body)
	}
	if handler := shellCommand(c.name); handler != nil {
		return handler(r, c)
	}
	if handler := family(c.name); handler != nil {
		handler(r, c)
		return c.answer(r)
	}
	if inner := launched(c); inner != nil {
		own := *c
		own.args = c.args[:len(c.args)-min(len(inner), len(c.args))]
		r.tool(&own)
		return r.launch(c, inner)
	}
	if r.runsProgram(c) {
		r.stranger(c)
		return c.answer(r)
	}
	if out, ok := r.tool(c); ok && !slices.Contains(runners, c.name) {
		return out
	}
	if inner := r.wrapped(c); inner != nil {
		return r.run(inner, c.in, nil)
	}
	r.runsScript(c)
	r.stranger(c)
	return c.answer(r)
}

// answer is the output of a command that is not known to be a filter.
func (c *call) answer(r *reading) output {
	v := value{text: unknown, names: c.in.names}
	for _, a := range c.args {
		v.names = union(v.names, a.names)
		if f, ok := r.file(a.text); ok {
			v.names = union(v.names, f.names)
		}
	}
	return output{v, true}
}

// function runs the body of a function with its arguments.
func (r *reading) function(c *call, body *syntax.Stmt) output {
	before := r.lists["@"]
	r.positional(c.args)
	out := r.statement(body, c.in)
	r.positional(before)
	return out
}

// positional gives a function or a script its arguments.
func (r *reading) positional(args []value) {
	for i := range 9 {
		v := value{}
		if i < len(args) {
			v = args[i]
		}
		r.env[string(rune('1'+i))] = v
	}
	r.lists["@"] = args
	all := join(args, " ")
	r.env["@"], r.env["*"] = all, all
}

// shift drops the first of the arguments, or as many as it is told.
func shift(r *reading, c *call) output {
	n := 1
	if len(c.args) > 0 {
		n, _ = strconv.Atoi(c.args[0].text)
	}
	if args := r.lists["@"]; n > 0 && n <= len(args) {
		r.positional(args[n:])
	}
	return output{}
}

// filters pass on what flows in, in another form.
var filters = []string{
	"base64", "tr", "sed", "cut", "awk", "gawk", "jq", "yq", "head", "tail", "grep", "egrep", "sort", "uniq", "xargs", "rev", "openssl",
	"envsubst", "xxd", "gunzip", "gzip", "zcat", "dos2unix", "fold", "od", "hexdump", "iconv", "perl", "urlencode", "tac", "column", "printenv", "gpg", "md5sum", "sha256sum",
}

// shellCommand is what the shell itself does, or a program that only passes on; nil for any other.
func shellCommand(name string) func(*reading, *call) output {
	switch name {
	case "echo", "printf", "write-output", "write-host":
		return echo
	case "cat", "type", "get-content":
		return cat
	case "tee":
		return tee
	case "set-content", "add-content", "out-file":
		return writeContent
	case "pwd":
		return workingFolder
	case "cp", "mv", "install", "ln", "copy":
		return copyFile
	case "eval", "invoke-expression", "iex":
		return evaluate
	case "source", ".":
		return sourceFile
	case "export":
		return exportWords
	case "read":
		return readVariables
	case "shift":
		return shift
	case "find":
		return find
	case "bash", "sh", "dash", "ash", "zsh", "ksh", "cmd", "pwsh", "powershell":
		return shell
	case "set", "unset", "test", "[", "cd", "exit", "true", "false", ":", "trap", "chmod", "chown", "mkdir", "rm", "touch", "ls", "icacls", "alias",
		"sleep", "return", "pushd", "popd", "wait", "which", "date", "diff", "unzip", "zip", "tar", "apt-get", "apt", "apk", "yum", "dnf":
		return silent
	}
	switch {
	case slices.Contains(wrappers, name):
		return wrapper
	case slices.Contains(filters, name):
		return filter
	}
	return nil
}

// family is the reader of tools that data alone does not describe; nil for any other.
func family(name string) func(*reading, *call) {
	switch name {
	case "docker", "podman", "buildah", "nerdctl", "docker-compose", "podman-compose":
		return container
	case "skopeo", "crane", "img", "regctl", "oras", "ko", "executor", "kaniko", "buildctl", "buildctl-daemonless.sh", "jib":
		return imageTool
	case "curl", "wget", "http", "https", "xh", "invoke-restmethod", "invoke-webrequest", "irm", "iwr":
		return web
	case "git":
		return git
	case "ssh", "scp", "sftp", "rsync", "ssh-add", "sshpass", "ssh-copy-id", "lftp", "ssh-agent", "mosh", "autossh", "kamal", "cap", "dep", "fab", "mina", "pyinfra", "envoy":
		return remoteShell
	case "terraform", "tofu", "terragrunt", "gitlab-terraform", "gitlab-tofu":
		return terraform
	}
	return nil
}

// skipOptions returns the index of the first word that is no option; those given take a value.
func skipOptions(args []value, withValue ...string) int {
	for i := 0; i < len(args); i++ {
		switch text := args[i].text; {
		case slices.Contains(withValue, text):
			i++
		case !strings.HasPrefix(text, "-"):
			return i
		}
	}
	return len(args)
}

func evaluate(r *reading, c *call) output {
	text := join(c.args, " ")
	if strings.Contains(text.text, unknown) {
		r.assignText(text)
	}
	if strings.HasPrefix(text.text, unknown) { // what it runs is not known
		return output{}
	}
	r.script(unmark(text.text))
	return output{}
}

func exportWords(r *reading, c *call) output {
	for _, a := range c.args {
		r.assignText(a)
	}
	return output{}
}

// readVariables gives what flows in to each of the variables.
func readVariables(r *reading, c *call) output {
	for _, a := range c.args {
		if isName(a.text) {
			r.set(a.text, value{text: unknown, names: c.in.names})
		}
	}
	return output{}
}

// shell runs a text, a file or what flows in.
func shell(r *reading, c *call) output {
	for i, a := range c.args {
		if strings.HasPrefix(a.text, "-") && !strings.HasPrefix(a.text, "--") && strings.HasSuffix(strings.ToLower(a.text), "c") || strings.EqualFold(a.text, "-Command") || strings.EqualFold(a.text, "/c") {
			if i+1 < len(c.args) {
				r.script(unmark(join(c.args[i+1:min(i+2, len(c.args))], " ").text))
			}
			return c.answer(r)
		}
	}
	if c.name == "pwsh" || c.name == "powershell" {
		r.powerShellFile(c)
		return c.answer(r)
	}
	n := skipOptions(c.args, "-o", "-O")
	if at := slices.IndexFunc(c.args[:n], func(a value) bool { return stdinOption.MatchString(a.text) }); at >= 0 { // what flows in is the script
		rest := c.args[at+1:]
		r.wordsHandOver(c, rest)
		if c.in.text != "" && !strings.Contains(c.in.text, unknown) {
			before := r.lists["@"]
			r.positional(slices.DeleteFunc(slices.Clone(rest), func(a value) bool { return a.text == "--" }))
			r.script(unmark(c.in.text))
			r.positional(before)
		}
		return c.answer(r)
	}
	switch {
	case n < len(c.args) && c.args[n].text != unknown:
		r.scriptFile(c, c.args[n], c.args[n+1:])
	case n < len(c.args): // bash <(curl …)
		r.wordsHandOver(c, c.args[n+1:])
	case n >= len(c.args) && c.in.text != "" && !strings.Contains(c.in.text, unknown):
		r.script(unmark(c.in.text))
	}
	return c.answer(r)
}

// find runs what follows -exec.
// Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/find.html
func find(r *reading, c *call) output {
	out := output{}
	for i, a := range c.args {
		if !slices.Contains([]string{"-exec", "-execdir", "-ok", "-okdir"}, a.text) {
			continue
		}
		inner := c.args[i+1:]
		if end := slices.IndexFunc(inner, func(a value) bool { return a.text == ";" || a.text == "+" }); end >= 0 {
			inner = inner[:end]
		}
		o := r.run(inner, value{}, nil)
		out = output{out.with(o.value), out.derived || o.derived}
	}
	return out
}

// stdinOption is -s of a shell, alone or among others: it reads its script from where a pipe ends.
// Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/sh.html
var stdinOption = regexp.MustCompile(`^-[a-zA-Z]*s[a-zA-Z]*$`)

// powerShellFile reads the script that PowerShell is told to run.
// Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_pwsh
func (r *reading) powerShellFile(c *call) {
	for i := 0; i < len(c.args); i++ {
		switch text := strings.ToLower(c.args[i].text); {
		case (text == "-file" || text == "-f") && i+1 < len(c.args):
			r.scriptFile(c, c.args[i+1], c.args[i+2:])
			return
		case slices.Contains([]string{"-executionpolicy", "-ep", "-ex", "-windowstyle", "-w", "-version", "-v", "-inputformat", "-outputformat", "-configurationname", "-workingdirectory", "-wd"}, text):
			i++
		case strings.HasPrefix(text, "-"):
		case strings.HasSuffix(text, ".ps1") || c.name == "pwsh":
			r.scriptFile(c, c.args[i], c.args[i+1:])
			return
		default:
			r.script(unmark(join(c.args[i:], " ").text))
			return
		}
	}
}

func sourceFile(r *reading, c *call) output {
	if len(c.args) == 0 {
		return output{}
	}
	if f, ok := r.file(c.args[0].text); ok {
		r.script(unmark(f.text))
		return output{}
	}
	r.sourced(c.args[0])
	return output{}
}
