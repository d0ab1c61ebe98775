package workload

import (
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// credentials tells which credentials a call takes: those it names, those in its files, those in its environment, or
// its defaults. False: none is seen where one must be.
func (r *reading) credentials(t *Tool, k *Call, c *call) (names []string, kind Kind, style string, ok bool) {
	literal, filed := false, false
	for _, o := range t.Options {
		if v, given := option(c.args, o); given {
			if name, ok := strings.CutPrefix(v.text, "env:"); ok { // env://NAME of cosign, env:NAME of openssl
				v = r.look(strings.TrimPrefix(name, "//"))
			}
			if f, written := r.file(v.text); written && len(f.names) > 0 {
				v.names = f.names
			}
			names = union(names, inFile(v.names))
			filed = filed || len(v.names) == 0 && keyFile.MatchString(v.text)
			literal = literal || v.text != "" && len(v.names) == 0 && !strings.Contains(v.text, unknown)
		}
	}
	if k.Stdin {
		names = union(names, inFile(c.in.names))
	}
	if (!t.Payload || k.Named) && !t.Strict {
		for _, a := range c.args {
			names = union(names, secrets(a.names))
			if f, written := r.file(a.text); written {
				names = union(names, secrets(f.names))
			}
		}
		if len(names) > 0 {
			for _, a := range c.args {
				names = union(names, keep(a.names, isUser))
			}
		}
	}
	if len(names) > 0 {
		return names, "", "argument", true
	}
	if found := r.configured(t, c); len(found) > 0 {
		return found, "", t.Style, true
	}
	if env, kind, ok := r.environment(t, true); ok {
		return env, kind, t.Style, true
	}
	switch {
	case filed: // of which nothing tells where it comes from
		return nil, Unknown, "argument", k.Needs != "seen"
	case literal:
		return nil, Literal, "argument", true
	}
	if k.Needs == "seen" || len(t.Environment) == 0 && !t.Ambient {
		return nil, "", "", false
	}
	if slices.ContainsFunc(t.Files, func(f string) bool { v, _ := r.file(f); return strings.Contains(v.text, ambientLogin) }) {
		return nil, Ambient, t.Style, true
	}
	if slices.Contains(t.Environment, "KUBECONFIG") && r.agentContext(c) {
		return []string{"KUBECONFIG"}, Predefined, "agent", true
	}
	names, kind = r.defaults(t)
	return names, kind, t.Style, true
}

// keyFile is what files with a credential are called.
var keyFile = regexp.MustCompile(`^[\w./~-]+\.(key|pem|json|p8|p12|pfx|jks|keystore|gpg|asc)$`)

// agentName is how GitLab names the context of an agent: the path of its project, and its own name.
// Source: https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/
var agentName = regexp.MustCompile(`^[^\s:]+/[^\s:]*[^\s:/]:[A-Za-z0-9_.${}-]+$`)

// agentContext reports whether a command works in the context of an agent, for which GitLab gives the job KUBECONFIG.
func (r *reading) agentContext(c *call) bool {
	context, given := option(c.args, "--context", "--kube-context")
	if !given {
		if at := slices.IndexFunc(c.args, func(a value) bool { return a.text == "use-context" }); at >= 0 && at+1 < len(c.args) {
			context, given = c.args[at+1], true
		}
	}
	if given {
		r.agent = agentName.MatchString(context.text)
	} else if v, set := r.env["KUBE_CONTEXT"]; set && !r.agent {
		return agentName.MatchString(v.text)
	}
	return r.agent
}

// environment returns the credentials that a tool finds in its files and in the variables which the job sets or names.
func (r *reading) environment(t *Tool, files bool) ([]string, Kind, bool) {
	var names []string
	if files {
		for _, f := range t.Files {
			for path, v := range r.written {
				clean := cleanPath(f)
				if strings.HasSuffix(path, "known_hosts") || strings.HasSuffix(path, ".pub") || strings.HasSuffix(path, "_pub.pem") && t.Name != "oci" {
					continue
				}
				if path == clean || strings.HasSuffix(f, "/") && strings.HasPrefix(path, clean+"/") || !strings.Contains(f, "~") && strings.HasSuffix(path, "/"+f) {
					names = union(names, inFile(v.behind(r)))
				}
			}
		}
		slices.Sort(names)
		if len(names) > 0 {
			return names, "", true
		}
	}
	mentioned := r.mentioned()
	seen := false
	for _, n := range slices.Concat(t.Environment, t.Also) {
		v, set := r.env[n]
		switch {
		case set:
			if f, ok := r.file(v.text); ok {
				v.names = union(keep(v.names, func(n string) bool { return !strings.HasPrefix(n, literalPrefix) }), f.names)
			}
			if strings.HasPrefix(v.text, "/") || strings.HasPrefix(v.text, "~/") { // where a file lies is no secret
				v.names = keep(v.names, func(n string) bool { return !strings.HasPrefix(n, literalPrefix) })
			}
			seen = seen || v.text == unknown
			names = union(names, union(inFile(v.names), secrets(v.names)))
		case slices.Contains(mentioned, n) && !r.makes(n):
			names = union(names, []string{n})
		}
	}
	if len(names) == 0 && seen {
		return nil, Fetched, true
	}
	return names, "", len(names) > 0
}

// makes reports whether the script itself makes the value of a variable: naming it later says nothing of where the
// job has its own from.
func (r *reading) makes(name string) bool {
	parts := strings.Split(r.text(), name+"=")
	for i, rest := range parts[1:] {
		rest = strings.TrimLeft(rest, `"'`)
		whole := parts[i] == "" || !isName("_"+parts[i][len(parts[i])-1:]) // not the end of a longer name
		if whole && (strings.HasPrefix(rest, "$(") || strings.HasPrefix(rest, "`")) {
			return true
		}
	}
	return false
}

// behind are the names that flowed into a value, or into the files that it names.
func (v value) behind(r *reading) []string {
	names := secrets(v.names)
	for path, other := range r.written {
		if len(path) > 4 && strings.Contains(v.text, path) && len(secrets(other.names)) > 0 {
			names = union(names, secrets(other.names))
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		return union(names, v.names)
	}
	return v.names
}

// inFile are the names of the credentials in a file that holds nothing else: where none is one by its words, all that
// flowed into it.
func inFile(names []string) []string {
	if found := withUsers(names); len(found) > 0 {
		return found
	}
	return keep(names, func(n string) bool {
		return !strings.HasPrefix(n, "CI_") && !notSecret.MatchString(n) && !folder.MatchString(n) && !strings.HasPrefix(n, literalPrefix)
	})
}

// folder is the name of a variable that says where files lie.
var folder = regexp.MustCompile(`^(PWD|HOME|TEMP|TMP|TMPDIR|USERPROFILE|APPDATA|LOCALAPPDATA|RUNNER_TEMP|WORKSPACE|\w+_(DIR|FOLDER|HOME|ROOT))$`)

// defaults are the names that a tool takes its credential from though nobody names them, or none where the runner may
// have an identity of its own: a job that chooses its runner by tags, in a configuration that never names the default.
func (r *reading) defaults(t *Tool) ([]string, Kind) {
	if len(t.Environment) == 0 || t.Ambient && r.ownRunner() {
		return nil, Ambient
	}
	if !slices.ContainsFunc(t.Environment, func(n string) bool { return !predefined.MatchString(n) }) {
		return slices.Clone(t.Environment), Predefined
	}
	for _, n := range t.Environment {
		r.implicit(n)
	}
	return slices.Clone(t.Environment), Implicit
}

// ownRunner reports whether the job chooses a runner that is not one of GitLab's own: these have no identity anywhere.
// Source: https://docs.gitlab.com/ci/runners/hosted_runners/
func (r *reading) ownRunner() bool {
	return slices.ContainsFunc(r.job.Tags, func(tag string) bool {
		return !strings.HasPrefix(tag, "saas-") && !strings.HasPrefix(tag, "gitlab-org") && tag != "shared"
	})
}

// mentioned are the variables that the job names or that the configuration gives it; sorted.
func (r *reading) mentioned() []string {
	if r.names == nil {
		for _, ref := range r.job.References {
			if ref.Where != "rules" && ref.Where != "only" && ref.Where != "except" && ref.Where != "environment" {
				r.names = append(r.names, ref.Name)
			}
		}
		r.names = append(r.names, r.naked...)
		for _, t := range r.job.IDTokens {
			r.names = append(r.names, t.Name)
		}
		for _, s := range r.job.Secrets {
			r.names = append(r.names, s.Name)
		}
		slices.Sort(r.names)
		r.names = slices.Compact(r.names)
	}
	return r.names
}

func (r *reading) implicit(name string) {
	if !ciyaml.Predefined(name) || name == "KUBECONFIG" {
		r.implied[name] = true
	}
}
