// Package gitrepo reads each distinct content of a repository's history once, through the git binary.
//
// Find makes a Git, OpenCache a folder of mirrors, Cache.Mirror a Repo that is up to date, Repo.Walk its contents.
// Whatever a repository holds is data: nothing is checked out, no hook, filter, pager, helper or replacement object
// takes part, and no configuration outside the command's own environment decides where a token goes.
package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// minVersion is the oldest git the project is tested with (Debian 12).
const minVersion = "2.39"

// ErrNoGit says that there is no git binary to run.
var ErrNoGit = errors.New("git is not installed: install git " + minVersion + " or newer")

// ErrOldGit says that the git binary is too old; the error that wraps it names the version found.
var ErrOldGit = errors.New("git is too old")

// Options say which git to run and what it may see.
type Options struct {
	// Path is the binary; empty means the first git on the PATH of Env.
	Path string
	// MinVersion is the oldest version accepted, like "2.39"; empty means 2.39.
	MinVersion string
	// Env is what git inherits, as KEY=value: PATH, proxies. Nothing else is inherited. GIT_* variables are dropped,
	// for a GIT_TRACE would write the token to a log, and HOME too, for curl would read a .netrc there.
	Env []string
	// AllowFile lets remotes be file:// URLs.
	AllowFile bool
	// Hook lets git see what the git that runs us as its hook shows us: the index being committed, and objects
	// pushed but not yet accepted (githooks(5), pre-receive: quarantine). Only these variables of Env are passed on.
	Hook bool
	// AnyOwner reads repositories that belong to another user, as in a container that did not clone them itself.
	// Their configuration is read by git then; settings shuts off what of it would run a program.
	AnyOwner bool
}

// Git runs the git binary in a fixed, quiet environment. Safe for concurrent use.
type Git struct {
	path    string
	version string
	env     []string
	config  []setting
	files   bool // Options.AllowFile
	memory  uint64
}

// maxMemory bounds one git command on Linux, in bytes. A few small trees that hold each other name billions of files,
// and git lists all that a commit changes before it prints the first: without a bound a repository of 2 kB takes all the
// memory there is. The Linux kernel's history needs under 1 GB.
const maxMemory = 4 << 30

// Find looks for git and asks for its version. ErrNoGit or ErrOldGit say what is wrong with it.
func Find(ctx context.Context, o Options) (*Git, error) {
	path, err := lookPath(o)
	if err != nil {
		return nil, err
	}
	g := &Git{path: path, env: environment(o.Env), config: settings(o.AllowFile), files: o.AllowFile, memory: maxMemory}
	if o.Hook {
		g.env = append(g.env, hookEnvironment(o.Env)...)
	}
	if o.AnyOwner {
		g.config = append(g.config, setting{"safe.directory", "*"})
	}
	out, err := g.output(ctx, call{args: []string{"version"}}, 1<<10)
	if err != nil {
		return nil, fmt.Errorf("%w (%s: %w)", ErrNoGit, path, err)
	}
	g.version = strings.TrimSpace(strings.TrimPrefix(string(out), "git version "))
	least := o.MinVersion
	if least == "" {
		least = minVersion
	}
	if older(g.version, least) {
		return nil, fmt.Errorf("%w: %s is version %s; install %s or newer", ErrOldGit, path, printable(g.version, 40), least)
	}
	return g, nil
}

// Version returns what the binary calls itself, like "2.39.5".
func (g *Git) Version() string { return g.version }

// lookPath searches the PATH that was passed in, not that of this process.
func lookPath(o Options) (string, error) {
	if o.Path != "" {
		path, err := exec.LookPath(o.Path)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return "", fmt.Errorf("%w (%w)", ErrNoGit, err)
		}
		return path, nil
	}
	for _, kv := range o.Env {
		list, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			if !filepath.IsAbs(dir) {
				continue // a git that lies in the working directory is not ours
			}
			if path, err := exec.LookPath(filepath.Join(dir, "git")); err == nil {
				return path, nil
			}
		}
	}
	return "", ErrNoGit
}

// older compares the leading numbers of two versions: "2.39.5 (Apple Git-154)" is not older than "2.39".
func older(have, want string) bool {
	h, w := numbers(have), numbers(want)
	for i := range w {
		if i >= len(h) || h[i] != w[i] {
			return i >= len(h) || h[i] < w[i]
		}
	}
	return false
}

func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return all
		}
		all = append(all, n)
	}
	return all
}

// environment keeps what is harmless of base and adds what every command gets.
func environment(base []string) []string {
	var env []string
	for _, kv := range base {
		key, _, _ := strings.Cut(kv, "=")
		upper := strings.ToUpper(key)
		switch {
		case upper == "GIT_EXEC_PATH": // unusual installations need it to find git's own programs
		case strings.HasPrefix(upper, "GIT_"), strings.HasPrefix(upper, "LC_"), strings.HasPrefix(upper, "XDG_"):
			continue
		case upper == "HOME", upper == "LANG", upper == "LANGUAGE", upper == "PAGER", upper == "SSH_ASKPASS", upper == "CURL_HOME":
			continue
		}
		env = append(env, kv)
	}
	return append(env,
		"HOME="+os.DevNull, "LC_ALL=C", "PAGER=cat", "GIT_PAGER=cat",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_LFS_SKIP_SMUDGE=1", "GIT_ADVICE=0",
		"GIT_LITERAL_PATHSPECS=1",
		// refs/replace and grafts let a repository show other commits than it has.
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull,
		// A missing object of a partial clone is reported, not fetched.
		"GIT_NO_LAZY_FETCH=1",
	)
}

// hookVariables are what git tells its hooks of its own state. Source: git(1), environment variables.
var hookVariables = []string{"GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"}

// hookEnvironment keeps the hook variables. Paths are relative to the folder that the hook runs in, and git runs in
// another one here.
func hookEnvironment(base []string) []string {
	var env []string
	for _, kv := range base {
		key, value, _ := strings.Cut(kv, "=")
		if !slices.Contains(hookVariables, key) || value == "" {
			continue
		}
		var all []string
		for _, path := range filepath.SplitList(value) {
			if abs, err := filepath.Abs(path); err == nil && path != "" && path[0] != '"' {
				path = abs
			}
			all = append(all, path)
		}
		env = append(env, key+"="+strings.Join(all, string(filepath.ListSeparator)))
	}
	return env
}

// setting is one entry of git's configuration, passed in the environment of one command.
type setting struct{ key, value string }

// settings holds for every command; it outranks the configuration of the repository that is read.
func settings(allowFile bool) []setting {
	s := []setting{
		{"protocol.allow", "never"}, {"protocol.https.allow", "always"}, {"protocol.http.allow", "always"},
		{"http.followRedirects", "false"}, // extra headers would follow to another host; also shuts off http-alternates
		{"http.sslVerify", "true"},
		{"http.lowSpeedLimit", "1"}, {"http.lowSpeedTime", "300"}, // bytes/s, s: a silent server keeps alive every 5 s
		{"credential.helper", ""}, {"core.askPass", ""},
		{"core.hooksPath", os.DevNull}, {"core.attributesFile", os.DevNull}, {"core.fsmonitor", "false"}, {"core.pager", "cat"},
		{"core.commitGraph", "false"}, // a stale or forged graph hides commits
		// Packs are mapped in parts: a whole one would count as memory.
		{"core.packedGitWindowSize", "16m"}, {"core.packedGitLimit", "64m"},
		{"submodule.recurse", "false"}, {"fetch.recurseSubmodules", "false"},
		{"fetch.unpackLimit", "1"}, // always a pack: its growing file is what the size bound watches
		{"fetch.showForcedUpdates", "false"}, {"fetch.writeCommitGraph", "false"}, {"transfer.bundleURI", "false"},
		{"gc.auto", "0"}, {"gc.writeCommitGraph", "false"}, {"maintenance.auto", "false"},
		{"init.templateDir", ""}, {"init.defaultBranch", "main"},
		{"log.showSignature", "false"}, // would run the repository's gpg.program
		{"log.mailmap", "false"}, {"log.showRoot", "true"},
	}
	if allowFile {
		s = append(s, setting{"protocol.file.allow", "always"})
	}
	return s
}
