package workload

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// finish records what the job has at its end: logins, keys nobody used, tokens that a tool reads unseen.
func (r *reading) finish() {
	for _, l := range r.registries.logins {
		if l.handed && len(l.actions) == 0 {
			continue
		}
		r.at, r.remote = l.at, l.remote
		operation := "docker login"
		slices.Sort(l.actions)
		for _, a := range l.actions {
			operation += " + " + a
		}
		u := Use{System: l.system, Operation: operation, Kind: l.kind, AuthStyle: l.style, Confidence: l.sure}
		switch {
		case len(l.actions) > 0 || l.remote != "":
		case r.hidden:
			u.Operation = "docker login, used by what is not seen"
		default:
			u.Operation = "docker login, not used by what is seen"
		}
		if len(l.names) == 0 && u.Kind == "" {
			u.Kind = Ambient
		}
		r.use(u, l.names)
	}
	r.remote = ""
	if len(r.keys.names) > 0 && !r.keys.used {
		r.at = r.keys.at
		r.use(Use{System: "ssh", Operation: "key loaded, not used by what is seen", AuthStyle: r.keys.style, Confidence: Medium}, r.keys.names)
	}
	r.keysInFiles()
	if r.calls <= 0 {
		r.opaque("more commands than are followed")
	}
	r.unseenConfig()
	r.unseenTokens()
	r.unseenFiles()
	r.unseenNames()
	r.impliedByImage()
	if empty := len(r.job.Script) == 0 && r.job.Trigger == nil && !r.config.Complete; empty || len(r.job.Missing) > 0 {
		operation := "script from a file that is not at hand"
		if len(r.job.Missing) > 0 {
			names := strings.Join(r.job.Missing[:min(len(r.job.Missing), maxOperations)], ", ")
			operation = "takes from " + strings.ToValidUTF8(names[:min(len(names), maxText)], "") + ", which is not at hand"
		}
		r.at = place(r.job.Origin)
		r.uses = append(r.uses, Use{System: "opaque-include", Operation: operation, Kind: Unknown, AuthStyle: "unknown", Confidence: Low, Evidence: r.at})
	}
}

// privateKey is what the private key of a user is called.
var privateKey = regexp.MustCompile(`(?i)SSH_?(PRIV\w*|DEPLOY)?_?KEY|PRIVATE_?KEY|DEPLOY_?KEY|ID_(RSA|ED25519)`)

// keysInFiles gives connections for which no key is seen the one that the job wrote to a file: a configuration of the
// client, or of Ansible, names that.
// Sources: ssh_config(5), https://docs.ansible.com/ansible/latest/reference_appendices/config.html#default-private-key-file
func (r *reading) keysInFiles() {
	var names []string
	for _, path := range slices.Sorted(maps.Keys(r.written)) {
		names = union(names, keep(r.written[path].names, func(n string) bool {
			return privateKey.MatchString(n) && isSecret(n) && !r.claimed[n] && !strings.HasPrefix(n, literalPrefix)
		}))
	}
	if len(names) == 0 {
		return
	}
	for i, u := range r.uses {
		if u.System == "ssh" && u.Kind == Ambient && len(u.Credentials) == 0 {
			r.at = u.Evidence
			r.uses = slices.Delete(r.uses, i, i+1)
			r.use(Use{System: "ssh", Operation: u.Operation, AuthStyle: "ssh-key-file", Confidence: Medium}, names)
			return
		}
	}
}

// unseenConfig records DOCKER_AUTH_CONFIG that the YAML sets from a variable: the runner pulls with it.
func (r *reading) unseenConfig() {
	v, ok := r.env["DOCKER_AUTH_CONFIG"]
	if !ok || len(secrets(v.names)) == 0 || strings.HasPrefix(v.names[0], literalPrefix) {
		return
	}
	r.at = place(r.job.Origin)
	system, _ := registryOf(value{text: unknown}, value{}, v.names)
	r.use(Use{System: system, Operation: "pull of the job's image", AuthStyle: "docker-config", Confidence: Medium}, secrets(v.names))
}

var audiences = []struct{ pattern, system string }{
	{`(?i)sts\.\w|amazonaws|(^|[^a-z])aws([^a-z]|$)`, "aws"}, {`(?i)vault`, "vault"}, {`(?i)sigstore|sign|fulcio|integrity`, "signing"}, {`(?i)test\.?pypi|pypi`, "pypi"},
	{`(?i)npm`, "npm"}, {`(?i)iam\.googleapis|google|gcp`, "gcp"}, {`(?i)azure|AzureADTokenExchange`, "azure"},
}

// unseenTokens records ID tokens that no command names: a tool reads them from the environment. What they are for
// follows from audience and name, or from a cloud that the job uses without any other credential.
func (r *reading) unseenTokens() {
	for _, t := range r.job.IDTokens {
		if r.claimed[t.Name] {
			continue
		}
		r.at = place(t.Origin)
		u := Use{Operation: "ID token for " + strings.Join(t.Aud, ", "), Kind: IDToken, AuthStyle: "oidc", Confidence: Medium}
		for i, use := range r.uses {
			if (use.Kind == Ambient || use.Kind == Implicit || use.Kind == Fetched && len(use.Credentials) == 0) && (strings.HasPrefix(use.System, "aws") || use.System == "gcp" || use.System == "azure") && !r.claimed[t.Name] {
				if strings.Contains(r.text(), "assume") || use.Kind == Implicit {
					u.System, u.Operation = use.System, use.Operation
					if use.Kind == Implicit {
						r.uses = slices.Delete(r.uses, i, i+1)
					}
					break
				}
			}
		}
		for _, tool := range tools().list { // the configuration of a client that only what is not read calls
			if names, _, ok := r.environment(&Tool{Files: tool.Files}, true); ok && u.System == "" && slices.Contains(names, t.Name) {
				u.System, u.Operation = tool.system(), "credential file of "+tool.Name
			}
		}
		text := strings.Join(t.Aud, " ") + " " + t.Name
		for _, a := range audiences {
			if u.System == "" && regexp.MustCompile(a.pattern).MatchString(text) {
				u.System = a.system
			}
		}
		if u.System == "" {
			u.System, u.Confidence = "oidc-other", Low
		}
		r.use(u, []string{t.Name})
	}
}

// unseenFiles records files with the credentials of a tool that no command of the script calls.
func (r *reading) unseenFiles() {
	for _, t := range tools().list {
		if len(t.Files) == 0 || t.system() == "ssh" || r.systemUsed(t.system()) {
			continue
		}
		names, _, ok := r.environment(&Tool{Files: t.Files}, true)
		names = keep(names, func(n string) bool { return !r.claimed[n] && !strings.HasPrefix(n, ArtifactPrefix) })
		if ok && len(names) > 0 {
			r.at = place(r.job.Origin)
			system := r.system(t, &Call{System: t.system()}, "", names)
			r.use(Use{System: system, Operation: "credential file of " + t.Name, AuthStyle: t.Style, Confidence: Medium}, names)
		}
	}
}

// unseenNames records credentials that the script names and no use has: where their names are those of a tool whose
// system the job uses, and where the job runs what cannot be read and reaches a remote host.
func (r *reading) unseenNames() {
	for _, name := range r.unclaimed() {
		at := -1
		for _, t := range tools().list {
			if t.hints != nil && t.hints.MatchString(strings.ToUpper(name)) && at < 0 {
				at = slices.IndexFunc(r.uses, func(u Use) bool { return u.System == t.system() && u.AuthStyle != forwarded })
			}
		}
		if at >= 0 && !isSecret(name) && len(r.uses[at].Credentials) > 0 { // the user half of what is there
			r.uses[at].Credentials = append(slices.Clone(r.uses[at].Credentials), name)
			r.claimed[name] = true
		} else if at >= 0 {
			used := r.uses[at]
			r.at = used.Evidence
			r.use(Use{System: used.System, Operation: used.Operation, AuthStyle: used.AuthStyle, Confidence: Medium}, []string{name})
		}
	}
	r.ownVariables()
	r.unseenExports()
	r.renamed()
	hidden := slices.ContainsFunc(r.uses, func(u Use) bool { return u.System == "opaque-script" })
	if hidden && r.systemUsed("ssh") {
		r.handOver(keep(r.unclaimed(), func(n string) bool { return slices.Contains(r.naked, n) }))
	}
}

// ownVariables records credentials that the job gives itself under the name of a tool's default: it does so for what calls
// the tool; and where what runs cannot be read, those whose names tell a system.
func (r *reading) ownVariables() {
	for _, v := range r.job.Variables {
		if !r.hidden && !slices.ContainsFunc(tools().list, func(t *Tool) bool { return slices.Contains(t.Environment, v.Name) }) {
			continue
		}
		names := keep(secrets(r.env[v.Name].names), func(n string) bool { return !r.claimed[plain(n)] && !strings.HasPrefix(n, literalPrefix) })
		if system := cmp.Or(systemOfNames([]string{v.Name}), systemOfNames(names)); system != "" && len(names) > 0 && v.Where != "rules" {
			r.at = place(v.Origin)
			r.use(Use{System: system, Operation: "variable " + v.Name, AuthStyle: "environment", Confidence: Low}, names)
		}
	}
}

// unseenExports records credentials that the script itself gives to a variable which a tool reads, where no command that
// is seen uses them: what cannot be read calls the tool. The variables of defaults tell more than those that many read.
func (r *reading) unseenExports() {
	for _, t := range tools().list {
		r.unseenExport(t, t.Environment)
	}
	for _, t := range tools().list {
		r.unseenExport(t, t.Also)
	}
}

func (r *reading) unseenExport(t *Tool, variables []string) {
	for _, n := range variables {
		given, set := r.env[n]
		configured := func(v ciyaml.Variable) bool { return v.Name == n }
		if !set || slices.ContainsFunc(r.job.Variables, configured) || slices.ContainsFunc(r.job.Globals, configured) {
			continue
		}
		system := cmp.Or(systemOfNames([]string{n}), t.system())
		if r.systemUsed(system) {
			continue
		}
		if file, ok := r.file(given.text); ok {
			given.names = union(given.names, file.names)
		}
		names := keep(secrets(given.names), func(c string) bool {
			return c != n && !r.claimed[plain(c)] && !strings.HasPrefix(c, literalPrefix) && !strings.HasPrefix(c, ArtifactPrefix)
		})
		if len(names) > 0 {
			r.at = place(r.job.Origin)
			r.use(Use{System: system, Operation: "variable " + n, AuthStyle: "environment", Confidence: Medium}, names)
		}
	}
}

// renamed records credentials that the job gives another name for what cannot be read, where no name tells the system.
func (r *reading) renamed() {
	if !r.hidden {
		return
	}
	var names []string
	add := func(variable string) {
		for _, n := range secrets(r.env[variable].names) {
			if n != variable && !r.claimed[n] && !strings.HasPrefix(n, literalPrefix) && !strings.HasPrefix(n, ArtifactPrefix) {
				names = union(names, []string{n})
			}
		}
	}
	for _, v := range r.job.Variables {
		if v.Where != "rules" {
			add(v.Name)
		}
	}
	for _, name := range r.given {
		add(name)
	}
	r.filesForUnseen()
	if len(names) > 0 {
		r.at = place(r.job.Origin)
		r.use(Use{System: "other-service", Operation: "variables for what is not seen", AuthStyle: "environment", Confidence: Low}, names)
	}
}

// filesForUnseen records credentials that the job writes to a file, of the system that their names tell.
func (r *reading) filesForUnseen() {
	for _, path := range slices.Sorted(maps.Keys(r.written)) {
		names := keep(secrets(r.written[path].names), func(n string) bool {
			return !r.claimed[plain(n)] && !strings.HasPrefix(n, literalPrefix) && !strings.HasPrefix(n, ArtifactPrefix)
		})
		if system := systemOfNames(names); system != "" {
			r.at = place(r.job.Origin)
			r.use(Use{System: system, Operation: "file for what is not seen", AuthStyle: "file", Confidence: Low}, names)
		}
	}
}

// unclaimed are the credentials that the script names and no use has; sorted. Of user names only those whose secret
// half is there.
func (r *reading) unclaimed() []string {
	var out []string
	add := func(name string) {
		_, set := r.env[name]
		if !set && !r.claimed[name] && (isSecret(name) || isUser(name) && !sshUser.MatchString(name)) && !ciyaml.Predefined(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, ref := range r.job.References {
		if slices.Contains([]string{"script", "before_script", "after_script"}, ref.Where) {
			add(ref.Name)
		}
	}
	for _, name := range r.naked {
		add(name)
	}
	slices.Sort(out)
	return out
}

// impliedByImage records the system of a job whose image is made for one tool that the script does not call by name.
func (r *reading) impliedByImage() {
	name := tools().byImage(expandText(r.job.Image, r.look).text)
	if name == "" || len(r.job.Script) == 0 {
		return
	}
	for _, t := range tools().byCommand[name] {
		if !slices.Contains(t.Images, "slack-notif") {
			continue
		}
		if system := t.system(); !r.systemUsed(system) {
			r.at = place(r.job.Origin)
			r.use(Use{System: system, Operation: "image " + r.job.Image, Kind: Ambient, AuthStyle: "baked into image", Confidence: Low}, nil)
		}
	}
}
