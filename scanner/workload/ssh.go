package workload

import (
	"regexp"
	"slices"
	"strings"
)

// keyring is what SSH in the job can prove itself with.
type keyring struct {
	names    []string // of keys in the agent or in a file of ~/.ssh
	style    string
	at       Evidence
	used     bool
	password []string // of sshpass
}

// load puts a key in reach of ssh.
func (r *reading) load(names []string, style string) {
	names = keep(names, func(n string) bool { return !isUser(n) || isSecret(n) })
	if len(names) == 0 || r.remote != "" {
		return
	}
	if len(secrets(names)) > 0 {
		names = secrets(names)
	}
	if r.keys.style == "" {
		r.keys.style, r.keys.at = style, r.at
	}
	r.keys.names = union(r.keys.names, names)
}

// keyUsed records that a key in reach is used for a system, and reports whether there is one.
func (r *reading) keyUsed(operation, system string) bool {
	if len(r.keys.names) == 0 || r.remote != "" {
		return false
	}
	r.keys.used = true
	r.use(Use{System: system, Operation: operation, AuthStyle: r.keys.style}, r.keys.names)
	return true
}

// remoteShell reads OpenSSH's tools and those that ride on it.
// Source: https://man.openbsd.org/ssh, https://docs.gitlab.com/ci/jobs/ssh_keys/
func remoteShell(r *reading, c *call) {
	switch c.name {
	case "ssh-agent":
		if n := skipOptions(c.args, "-a", "-t"); n < len(c.args) { // ssh-agent COMMAND
			r.run(c.args[n:], c.in, nil)
		}
	case "ssh-add":
		names := c.in.names
		for _, a := range c.args {
			f, _ := r.file(a.text)
			names = union(names, union(a.names, f.names))
		}
		r.load(names, "ssh-key")
	case "sshpass":
		r.sshpass(c)
	case "ssh", "mosh", "autossh":
		r.ssh(c)
	case "kamal", "cap", "dep", "fab", "mina", "pyinfra", "envoy": // they deploy over SSH
		if len(c.args) > 0 && !strings.HasPrefix(c.args[0].text, "-") && !(c.name == "dep" && goDep.MatchString(c.args[0].text)) {
			r.connected(c.name, nil)
		}
	case "lftp", "sftp":
		r.fileTransfer(c)
	case "rsync", "scp", "ssh-copy-id":
		r.copies(c)
	}
}

// goDep are the commands of Go's dep, which shares its name with Deployer.
// Source: https://golang.github.io/dep/docs/daily-dep.html
var goDep = regexp.MustCompile(`^(ensure|init|status|version|check|prune)$`)

// keyOption finds the key file in a word that holds options of ssh.
var keyOption = regexp.MustCompile(`(?:ssh\b.* -i ?|IdentityFile[= ]?)["']?([^\s"']+)`)

func (r *reading) sshpass(c *call) {
	saved := r.keys.password
	i := 0
	for ; i < len(c.args) && strings.HasPrefix(c.args[i].text, "-"); i++ {
		a := c.args[i]
		switch {
		case a.text == "-e":
			r.keys.password = r.look("SSHPASS").names
		case a.text == "-p" || a.text == "-f":
			if i+1 < len(c.args) {
				i++
				f, _ := r.file(c.args[i].text)
				r.keys.password = union(c.args[i].names, f.names)
			}
		case strings.HasPrefix(a.text, "-p"), strings.HasPrefix(a.text, "-f"):
			r.keys.password = a.names
		}
	}
	r.run(c.args[i:], c.in, nil)
	r.keys.password = saved
}

var sshValues = []string{"-i", "-o", "-p", "-l", "-F", "-L", "-R", "-D", "-J", "-W", "-c", "-m", "-b", "-e", "-E", "-O", "-Q", "-S", "-w", "-B", "-I", "-P"}

// ssh reads a remote command: what the job hands over in it is forwarded.
func (r *reading) ssh(c *call) {
	n := skipOptions(c.args, sshValues...)
	if n >= len(c.args) {
		return
	}
	host := c.args[n]
	rest := c.args[n+1:]
	if len(rest) > 0 && strings.HasPrefix(rest[0].text, "-") { // options may follow the host
		m := skipOptions(rest, sshValues...)
		rest = rest[min(m, len(rest)):]
	}
	target := host.text[strings.LastIndexByte(host.text, '@')+1:]
	if isLocalHost(target) {
		return
	}
	if slices.ContainsFunc(c.args[:n], func(a value) bool { return a.text == "-V" || a.text == "-Q" }) {
		return
	}
	r.connected("ssh", c.args)
	inner := join(rest, " ").with(value{text: "\n"}, c.in)
	if len(rest) > 0 || c.in.text != "" {
		r.forward(host, inner)
	}
}

// connected records a connection with the key, the key file or the password in reach.
func (r *reading) connected(operation string, args []value) {
	if r.remote != "" {
		return
	}
	if len(r.keys.password) > 0 {
		r.use(Use{System: "ssh", Operation: operation, AuthStyle: "ssh-password"}, r.keys.password)
		return
	}
	if key, ok := option(args, "-i"); ok {
		names := key.names
		if f, written := r.file(key.text); written && len(f.names) > 0 {
			names = f.names
		}
		if len(names) == 0 && r.keys.names != nil {
			names = r.keys.names
		}
		r.keys.used = r.keys.used || len(names) > 0
		if len(names) > 0 {
			r.use(Use{System: "ssh", Operation: operation, AuthStyle: "ssh-key-file"}, names)
			return
		}
	}
	for _, a := range args { // a password or key inside -e "ssh -i …" or "-o IdentityFile="
		m := keyOption.FindStringSubmatch(a.text)
		if m == nil {
			continue
		}
		names := namesIn(m[1], a)
		if f, written := r.file(m[1]); written && len(f.names) > 0 {
			names = f.names
		}
		if len(names) > 0 {
			r.keys.used = true
			r.use(Use{System: "ssh", Operation: operation, AuthStyle: "ssh-key-file"}, names)
			return
		}
	}
	if r.keyUsed(operation, "ssh") {
		return
	}
	r.use(Use{System: "ssh", Operation: operation, Kind: Ambient, AuthStyle: "runner-key", Confidence: Medium}, nil)
}

// forward reads the script that runs on a remote host.
func (r *reading) forward(host, inner value) {
	was := r.remote
	r.remote = host.text
	before := len(r.uses)
	if !strings.HasPrefix(inner.text, unknown) {
		savedEnv := r.env
		r.env = map[string]value{} // variables of the job are in the text already
		r.script(inner.text)
		r.env = savedEnv
	}
	r.remote = was
	told := map[string]bool{}
	for _, u := range r.uses[before:] {
		for _, n := range u.Credentials {
			told[n] = true
		}
	}
	for _, l := range r.registries.logins {
		if l.remote == host.text {
			for _, n := range l.names {
				told[n] = true
			}
		}
	}
	handed := keep(withUsers(inner.names), func(n string) bool { return !told[plain(n)] })
	r.handOver(handed)
}

// withUsers keeps the names of credentials, and those of users where a password is among them.
func withUsers(names []string) []string {
	if len(secrets(names)) == 0 {
		return nil
	}
	return keep(names, func(n string) bool {
		return isSecret(n) || isUser(n) && !strings.HasPrefix(n, literalPrefix) && !sshUser.MatchString(n)
	})
}

var sshUser = regexp.MustCompile(`(?i)(^|_)(SSH|DEPLOY|SERVER|REMOTE|HOST|VPS|VM|EC2|INSTANCE)_?(LOGIN_?)?USER(NAME)?$`)

// handOver records that credentials reach a remote host which the job does not use itself.
func (r *reading) handOver(names []string) {
	registry := keep(names, func(n string) bool { return predefined.MatchString(n) })
	if len(registry) > 0 {
		r.use(Use{System: "gitlab-registry", Operation: "credential handed to the remote host", AuthStyle: forwarded, Confidence: Medium}, registry)
	}
	names = keep(names, func(n string) bool { return !predefined.MatchString(n) })
	if len(secrets(names)) == 0 {
		return
	}
	r.use(Use{System: "ssh", Operation: "secrets handed to the remote host", AuthStyle: forwarded, Confidence: Medium}, names)
}

// copies reads scp and rsync.
func (r *reading) copies(c *call) {
	remote := false
	handed := []string(nil)
	for i, a := range c.args {
		if strings.HasPrefix(a.text, "-") || i > 0 && c.args[i-1].text == "-i" {
			continue
		}
		host, _, ok := strings.Cut(a.text, ":")
		if ok && !strings.Contains(host, "/") && !isLocalHost(host[strings.LastIndexByte(host, '@')+1:]) || strings.HasPrefix(a.text, "rsync://") {
			remote = true
		}
		if f, ok := r.file(a.text); ok {
			handed = union(handed, withUsers(f.names))
		}
	}
	if !remote && c.name != "ssh-copy-id" {
		return
	}
	if pass, ok := r.env["RSYNC_PASSWORD"]; ok && c.name == "rsync" && len(pass.names) > 0 {
		r.use(Use{System: "ssh", Operation: "rsync", AuthStyle: "rsync-password"}, pass.names)
		return
	}
	r.connected(c.name, c.args)
	r.handOver(keep(handed, func(n string) bool { return !slices.Contains(r.keys.names, n) }))
}

// fileTransfer reads sftp and lftp: the password stands among the words or in the URL.
func (r *reading) fileTransfer(c *call) {
	all := join(c.args, " ").with(c.in)
	if c.name == "sftp" {
		r.connected("sftp", c.args)
		return
	}
	names := withUsers(all.names)
	if len(names) == 0 {
		if user, ok := option(c.args, "-u", "--user"); ok {
			names = user.names
		}
	}
	system := "ftp"
	if strings.Contains(all.text, "sftp:") {
		system = "ssh"
	}
	if len(names) > 0 {
		r.use(Use{System: system, Operation: "lftp", AuthStyle: "password"}, names)
	} else if system == "ssh" {
		r.connected("lftp", c.args)
	}
}
