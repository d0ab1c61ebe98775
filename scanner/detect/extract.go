package detect

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// form is a well-known file of credentials: what its values are follows from its name, not from words in it.
type form struct {
	id    string
	names string // of the file, lower case; one that begins with a dot or an underscore may end a longer name
	dirs  string // one of these must stand in the path before the name; empty for any
	read  func(content []byte) []span
}

// forms are the credential files that are read by their form. Those whose names say enough of each value (.env, .npmrc,
// wp-config.php, settings.xml, gradle.properties, .s3cfg, .my.cnf, database.yml ...) are left to the assignments.
var forms = []form{
	{"netrc", ".netrc _netrc netrc", "", netrc},
	{"pgpass", ".pgpass pgpass.conf", "", pgpass},
	{"htpasswd", ".htpasswd htpasswd", "", passwordFile},
	{"shadow", "shadow shadow-", "", passwordFile},
	{"git-credentials", ".git-credentials", "", gitCredentials},
	{"docker-config", ".dockercfg .dockerconfigjson config.json", "", dockerConfig},
	{"kubernetes-secret", "*.yaml *.yml *.json", "", kubernetesSecret},
	{"rails-key", "master.key credentials.key production.key staging.key", "config/", wholeLines},
	{"ansible-vault-password", ".vault_pass .vault-pass vault_pass.txt .vault_password vault-password-file", "", wholeLines},
	{"filezilla", "*.xml", "", filezilla},
	{"jwk", "*.json *.jwk *.jwks", "", jwk},
	{"esmtp", ".esmtprc .msmtprc .fetchmailrc", "", mailAccounts},
}

// formOf names the form of a credential file, or is empty.
func formOf(path string) string {
	if path == "" {
		return ""
	}
	if f := formFor(path); f != nil {
		return f.id
	}
	return ""
}

// isForm reports whether a detector is a form of a file that holds nothing but credentials.
func isForm(detector string) bool {
	for i := range forms {
		if forms[i].id == detector {
			return forms[i].names[0] != '*'
		}
	}
	return false
}

// formFor returns the first form that a path's name has. Of the forms that ask for an ending only, jwk and
// kubernetes-secret, both are tried by extracted.
func formFor(path string) *form {
	path = strings.ToLower(path)
	name := path[strings.LastIndexAny(path, "/\\")+1:]
	for i := range forms {
		if forms[i].named(path, name) {
			return &forms[i]
		}
	}
	return nil
}

func (f *form) named(path, name string) bool {
	if path == "" { // a variable, or text of unknown kind: the form is told by the content
		return f.id == "kubernetes-secret" || f.id == "filezilla"
	}
	if f.dirs != "" && !strings.Contains(path, f.dirs) {
		return false
	}
	for n := range strings.SplitSeq(f.names, " ") {
		if n == name || n[0] == '*' && strings.HasSuffix(name, n[1:]) || n[0] == '.' && strings.HasSuffix(name, n) {
			return true
		}
	}
	return false
}

// maxExtract bounds the values that are taken from one file.
const maxExtract = 10_000

// extracted returns the values of a credential file that its form gives.
func extracted(path string, content []byte) []hit {
	path = strings.ToLower(path)
	name := path[strings.LastIndexAny(path, "/\\")+1:]
	var out []hit
	for i := range forms {
		f := &forms[i]
		if f.read == nil || !f.named(path, name) {
			continue
		}
		for _, v := range f.read(content) {
			if v.end-v.start < leastValue || len(out) >= maxExtract {
				continue
			}
			out = append(out, hit{
				detector: f.id, description: "Credential in a file of the form " + f.id + ".",
				start: v.start, end: v.end, from: v.start, entropy: entropy(content[v.start:v.end]), rank: rankOwn,
				confidence: 0.8, reasons: []string{"the file has the form of " + f.id},
			})
		}
	}
	return out
}

// eachLine calls visit with every line's offset and text, comments and empty lines left out.
func eachLine(content []byte, visit func(at int, line []byte)) {
	for at := 0; at < len(content); {
		end := bytes.IndexByte(content[at:], '\n')
		if end < 0 {
			end = len(content) - at
		}
		line := bytes.TrimRight(content[at:at+end], "\r")
		if len(line) > 0 && line[0] != '#' && len(line) < maxValue {
			visit(at, line)
		}
		at += end + 1
	}
}

// netrc: machine H login U password P, on one line or several.
// Source: https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
func netrc(content []byte) []span { return wordsAfter(content, "password", "passwd", "account") }

// mailAccounts: password P, in files where account names a section.
// Source: https://marlam.de/msmtp/msmtp.html#Configuration-files
func mailAccounts(content []byte) []span { return wordsAfter(content, "password", "passwd") }

// wordsAfter returns the words that follow one of the given ones.
func wordsAfter(content []byte, names ...string) (out []span) {
	previous := ""
	for at := 0; at < len(content) && len(out) < maxExtract; {
		if content[at] <= ' ' {
			at++
			continue
		}
		end := at + stopAt(content[at:min(len(content), at+maxValue)], "")
		word := string(content[at:end])
		if slices.Contains(names, previous) {
			start, stop := at, end
			if n := len(word); n > 2 && isQuote(word[0]) && word[n-1] == word[0] {
				start, stop = start+1, stop-1
			}
			out = append(out, span{start, stop})
			word = ""
		}
		previous = word
		at = max(end, at+1)
	}
	return out
}

// pgpass reads lines of five fields between colons, the password last; a backslash escapes a colon.
// Source: https://www.postgresql.org/docs/current/libpq-pgpass.html
func pgpass(content []byte) (out []span) {
	eachLine(content, func(at int, line []byte) {
		for i, colons := 0, 0; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case ':':
				if colons++; colons == 4 {
					out = append(out, span{at + i + 1, at + len(line)})
					return
				}
			}
		}
	})
	return out
}

// passwordFile: user:hash, and more behind further colons. Locked and empty ones are left out.
// Source: shadow(5); https://httpd.apache.org/docs/2.4/misc/password_encryptions.html
func passwordFile(content []byte) (out []span) {
	eachLine(content, func(at int, line []byte) {
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || bytes.IndexByte(line[:colon], ' ') >= 0 {
			return
		}
		value := line[colon+1:]
		if n := bytes.IndexByte(value, ':'); n >= 0 {
			value = value[:n]
		}
		if len(value) >= 8 && value[0] != '!' && value[0] != '*' {
			out = append(out, span{at + colon + 1, at + colon + 1 + len(value)})
		}
	})
	return out
}

// gitCredentials: https://user:password@host, a line each; whoever writes one by hand leaves the signs of a password as
// they are.
// Source: https://git-scm.com/docs/git-credential-store#_storage_format
func gitCredentials(content []byte) (out []span) {
	eachLine(content, func(at int, line []byte) {
		start := bytes.Index(line, []byte(urlMark)) + len(urlMark)
		end := bytes.LastIndexByte(line, '@')
		if start < len(urlMark) || end <= start {
			return
		}
		if colon := bytes.IndexByte(line[start:end], ':'); colon >= 0 {
			out = append(out, span{at + start + colon + 1, at + end})
		}
	})
	return out
}

// wholeLines: each line is a value; a URL is left to the detector of URLs.
func wholeLines(content []byte) (out []span) {
	eachLine(content, func(at int, line []byte) {
		if !bytes.Contains(line, []byte(urlMark)) && bytes.IndexByte(line, ' ') < 0 && len(out) < 16 {
			out = append(out, span{at, at + len(line)})
		}
	})
	return out
}

// dockerConfig: "auth": base64 of user:password.
// Source: https://docs.docker.com/reference/cli/docker/login/#credential-stores
func dockerConfig(content []byte) (out []span) {
	for _, v := range members(content, "auth", "identitytoken", "registrytoken") {
		text, err := base64.StdEncoding.DecodeString(string(content[v.start:v.end]))
		if err == nil && bytes.IndexByte(text, ':') > 0 || v.end-v.start > 100 {
			out = append(out, v)
		}
	}
	return out
}

// filezilla: <Pass encoding="base64">x</Pass>, in a document of FileZilla.
// Source: https://wiki.filezilla-project.org/Network_Configuration (format of FileZilla 3)
func filezilla(content []byte) (out []span) {
	if !bytes.Contains(content, []byte("<FileZilla3")) && !bytes.Contains(content, []byte(`<Pass encoding="base64">`)) {
		return nil
	}
	for at := 0; len(out) < maxExtract; {
		n := bytes.Index(content[at:], []byte("<Pass"))
		if n < 0 {
			return out
		}
		at += n + len("<Pass")
		open := bytes.IndexByte(content[at:min(len(content), at+64)], '>')
		if open < 0 {
			continue
		}
		start := at + open + 1
		if end := bytes.IndexByte(content[start:min(len(content), start+maxValue)], '<'); end > 0 {
			out = append(out, span{start, start + end})
		}
	}
	return out
}

// jwk: the private members of a JSON Web Key; of a key with "kty" only.
// Source: RFC 7518, section 6
func jwk(content []byte) (out []span) {
	if !bytes.Contains(content, []byte(`"kty"`)) {
		return nil
	}
	for _, v := range members(content, "d", "k", "p", "q", "dp", "dq", "qi") {
		if v.end-v.start >= 16 {
			out = append(out, v)
		}
	}
	return out
}

// members returns the string values of members of any JSON object that have one of the names, in order.
func members(content []byte, names ...string) (out []span) {
	s := &source{content: content, genre: genre{syntax: syntaxJSON}}
	for at := 0; at < len(content) && len(out) < maxExtract; {
		n := bytes.IndexByte(content[at:], '"')
		if n < 0 {
			break
		}
		at += n + 1
		end := bytes.IndexByte(content[at:min(len(content), at+maxName)], '"')
		if end < 0 {
			continue
		}
		i := s.blank(at + end + 1)
		if s.at(i) != ':' {
			continue
		}
		name := string(content[at : at+end])
		at += end + 1
		for _, want := range names {
			if name == want {
				if v, next, ok := s.quotedValue(assignment{}, s.blank(i+1)); ok {
					out, at = append(out, span{v.start, v.end}), next
				}
			}
		}
	}
	return out
}
