package detect

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// nameDoubts are of values whose name says that they open nothing. They are asked where nothing but the name calls a value
// secret.
var nameDoubts = []doubt{
	{0.3, "the name says that it is none", func(c *suspect, v []byte) bool {
		return len(c.name.words) > 1 && (denials[c.name.words[0]] || c.name.has("ask") || c.name.has("without"))
	}},
	// Source: RFC 6749, section 2.2
	{0.3, "the id of a client, which is public", func(c *suspect, v []byte) bool { return c.name.clientID() }},
	{0.3, "the id of a key", func(c *suspect, v []byte) bool { return c.name.keyID() }},
	{0.3, "what a cache or a table is read by", func(c *suspect, v []byte) bool { return c.name.class == "key" && c.name.looksUp() }},
	{0.4, "an id, and no key", func(c *suspect, v []byte) bool {
		return c.shape.kind == "uuid" && (c.name.tail == "about" || c.name.class == "key" && c.name.head == "bad")
	}},
	{0.3, "a digest of a secret's file", func(c *suspect, v []byte) bool {
		return bytes.HasSuffix(c.before(), []byte("checksum/"))
	}},
	{0.3, "a version", func(c *suspect, v []byte) bool {
		return c.shape.kind != "random" && versions[c.name.words[len(c.name.words)-1]]
	}},
	{0.4, "the hash of a key", func(c *suspect, v []byte) bool {
		return c.name.class == "key" && len(c.name.words) > 1 && hashes[c.name.words[len(c.name.words)-1]]
	}},
	{0.4, "a signature, which holds for one text", func(c *suspect, v []byte) bool {
		return c.name.class == "signature" && c.hit.assigned.op != opQuery && c.hit.assigned.where != inString
	}},
	{0.3, "the name of an entry", func(c *suspect, v []byte) bool {
		return c.name.class == "key" && c.name.head != "good" && 3*c.shape.digit <= c.shape.n && entryName.Match(v)
	}},
	{0.3, "the name of a secret, no secret", func(c *suspect, v []byte) bool {
		return len(c.name.words) == 1 && c.name.class == "secret" && c.shape.digit == 0 && c.shape.kind == "identifier"
	}},
	// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
	{0.4, "the name of a secret, no secret", func(c *suspect, v []byte) bool {
		return c.bare() && c.genre.syntax == syntaxYAML && c.name.ofObject() && c.shape.digit <= 2 && label.Match(v)
	}},
	{0.3, "a name in a list", func(c *suspect, v []byte) bool {
		return c.listed() && !c.shape.dense(v) && 4*c.shape.digit <= c.shape.n
	}},
	{0.3, "the type of a field", func(c *suspect, v []byte) bool {
		return c.hit.assigned.op == opColon && c.content[c.hit.start-1] == ':' && fieldTypes[string(v)]
	}},
	{0.3, "the fingerprint of an OpenPGP key", func(c *suspect, v []byte) bool {
		return c.name.class == "key" && (spacedHex.Match(v) || c.name.ofPackages() && fingerprintForm.Match(v))
	}},
	{0.4, "something about a secret", func(c *suspect, v []byte) bool {
		return c.name.tail == "about" && !c.shape.dense(v) && (wordKinds[c.shape.kind] || c.shape.kind == "numbered")
	}},
	{0.4, "a way to log in, no credential", func(c *suspect, v []byte) bool {
		return c.name.class == "auth" && c.hit.assigned.op != opScheme && c.shape.n <= 12 && method.Match(v)
	}},
	{0.4, "valid for one session", func(c *suspect, v []byte) bool {
		return (c.name.class == "session" || setCookie.Match(c.content[c.hit.end:min(len(c.content), c.hit.end+maxBlank)])) &&
			(c.genre.place == "docs" || c.hit.assigned.where == inComment)
	}},
	{0.3, "a word of a sentence", func(c *suspect, v []byte) bool { return c.passed() }},
	{0.3, "the working directory", func(c *suspect, v []byte) bool {
		return c.name.words[0] == "pwd" && len(c.name.words) == 1 &&
			(c.hit.assigned.name == "$PWD" || c.hit.assigned.name == "PWD" && c.genre.lang == "shell" || bytes.HasSuffix(c.before(), []byte("$(")) || bytes.HasSuffix(c.before(), []byte("$(shell ")))
	}},
	{0.3, "where passwords are kept", func(c *suspect, v []byte) bool { return c.name.plural() && c.shape.kind == "word" }},
	// Source: https://docs.sonarsource.com/sonarqube-server/latest/analyzing-source-code/analysis-parameters/
	{0.3, "the id of a project", func(c *suspect, v []byte) bool {
		return c.name.class == "key" && c.name.has("sonar") && c.name.has("project")
	}},
	{0.3, "the file of a system's accounts", func(c *suspect, v []byte) bool {
		return c.name.words[0] == "passwd" && len(c.name.words) == 1 && bytes.HasSuffix(c.before(), []byte("/etc/"))
	}},
	// Source: https://pkg.go.dev/github.com/hashicorp/go-plugin#HandshakeConfig
	{0.3, "a handshake, no secret", func(c *suspect, v []byte) bool { return c.name.has("magic") && c.name.has("cookie") }},
	{0.3, "the number of an issue", func(c *suspect, v []byte) bool { return c.name.class == "key" && issue.Match(v) }},
	{0.3, "another name", func(c *suspect, v []byte) bool {
		return c.hit.assigned.op == opComma && c.shape.digit == 0 && len(v) > len(c.hit.assigned.name) && bytes.HasPrefix(v, []byte(c.hit.assigned.name))
	}},
	{0.1, "an argument in a template", func(c *suspect, v []byte) bool {
		return c.hit.assigned.op == opSpace && c.inAction()
	}},
	{0.3, "the name of an interface", func(c *suspect, v []byte) bool {
		return c.name.class == "api" && c.shape.digit <= 3 && bytes.IndexByte(v, '/') > 0
	}},
	{0.3, "a variable", func(c *suspect, v []byte) bool {
		return c.bare() && c.hit.assigned.op == opCompare && c.genre.syntax == syntaxYAML
	}},
	{0.4, "called so, and no token", func(c *suspect, v []byte) bool {
		return (c.name.class == "token" || c.name.class == "secret") && calledSo.Match(v)
	}},
	{0.3, "an expression", func(c *suspect, v []byte) bool {
		return c.bare() && c.genre.place == "generated" && c.genre.syntax == syntaxCode
	}},
	{0.3, "the name of a type", func(c *suspect, v []byte) bool {
		return c.hit.assigned.op == opCompare && typeNames[string(v)] && bytes.Contains(c.before(), []byte("typeof"))
	}},
	{0.4, "a word, no credential", func(c *suspect, v []byte) bool {
		return c.name.class == "auth" && c.shape.lower == c.shape.n && c.shape.n < leastSecret
	}},
	{0.3, "the value of no secret, but of a question for one", func(c *suspect, v []byte) bool {
		return c.hit.assigned.op == opScheme && c.shape.lower == c.shape.n && c.shape.n <= 16
	}},
	{doubted, "what a server asks for", func(c *suspect, v []byte) bool {
		return bytes.Contains(bytes.ToLower(c.before()), []byte("basic realm"))
	}},
}

// denials begin names of what is no secret: nonMatchingToken, invalid_password. A flag says that a program asks for one:
// --ask-vault-pass.
var denials = set("non not invalid wrong incorrect bad")

// before is the text on the line of a value that stands before it, and before its name.
func (c *suspect) before() []byte {
	line := c.content[max(0, c.hit.start-lineContext):c.hit.start]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	if a := c.hit.assigned; a != nil {
		if n := bytes.LastIndex(line, []byte(a.name)); n >= 0 {
			return line[:n]
		}
	}
	return line
}

// keyID reports whether a name is of the id of a key, or of what a key or an authorization is for.
func (f *nameFacts) keyID() bool {
	if f.class != "key" && f.class != "auth" {
		return false
	}
	last := f.words[len(f.words)-1]
	return last == "id" || last == "kid" || last == "keyid"
}

// clientID reports whether a name is of the id of a client of OAuth.
func (f *nameFacts) clientID() bool {
	n := len(f.words)
	return n > 1 && (f.words[n-1] == "id" && (f.words[n-2] == "client" || f.words[n-2] == "app") || f.words[n-1] == "clientid")
}

// looksUp reports whether a name is of a key that something is found by.
func (f *nameFacts) looksUp() bool {
	for i, w := range f.words {
		if i > 0 && w == "key" && lookups[f.words[i-1]] {
			return true
		}
	}
	return false
}

func (f *nameFacts) has(word string) bool { return slices.Contains(f.words, word) }

var (
	lookups    = set("cache cached idempotency partition sort row object blob lookup alternate hashed digest dedup storage routing")
	versions   = set("version revision commit")
	hashes     = set("hash digest fingerprint thumbprint checksum sum")
	fieldTypes = set("string text digest token uniq integer boolean references datetime")
)

// entryName is made of words, short numbers and what joins them: eu-west-1-vpc, mongodb-root-password, authPluginId.
var entryName = regexp.MustCompile(`^_?[a-z]+[0-9]{0,2}(?:(?:[-_./:](?:[a-z]{1,16}[0-9]{0,2}|[0-9]{1,4}))+|(?:[A-Z][a-z]{1,16}){2,})$`)

// fingerprintForm is that of an OpenPGP key, or its id.
var fingerprintForm = regexp.MustCompile(`^(?:0x)?(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{40})$`)

// ofPackages reports whether a name is of a key that packages are verified by.
func (f *nameFacts) ofPackages() bool {
	return f.has("apt") || f.has("gpg") || f.has("pgp") || f.has("rpm") || f.has("yum") || f.has("keyserver")
}

// spacedHex is the fingerprint of an OpenPGP key as it is printed.
var spacedHex = regexp.MustCompile(`^(?:[0-9A-F]{4}\s{1,2}){9}[0-9A-F]{4}$`)

// issue is the number of an issue in a tracker, or of a vulnerability.
var issue = regexp.MustCompile(`^(?:[A-Z]{2,10}-\d{1,7}|GHSA-[\w-]{2,20})$`)

// setCookie goes on behind the value of a cookie that a server sets.
// Source: RFC 6265, section 4.1.1
var setCookie = regexp.MustCompile(`^;\s?(?i:path|httponly|secure|max-age|expires|samesite|domain)\b`)

// ofObject reports whether a name is "secret", or ends so and says nothing of whose it is: runnerSecret. clientSecret does.
func (f *nameFacts) ofObject() bool {
	n := len(f.words)
	return f.words[n-1] == "secret" && (n == 1 || !goodHeads[f.words[n-2]])
}

// label is a name of an object in Kubernetes.
var label = regexp.MustCompile(`^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$`)

// passed reports whether a value is what a sentence says to pass: if we pass `x`, you can pass "x".
func (c *suspect) passed() bool {
	a := c.hit.assigned
	if a.op != opSpace || !strings.EqualFold(a.name, "pass") {
		return false
	}
	before := c.before()
	n := len(before)
	return c.content[c.hit.start-1] == '`' || n > 1 && before[n-1] == ' ' && isLetter(before[n-2])
}

// method names how somebody is authenticated: ldap2, MSCHAPV2, SCRAM-SHA-256.
var method = regexp.MustCompile(`^(?:[a-z]+[0-9]{0,3}|[A-Z][A-Z0-9-]*)$`)

// listed reports whether a value stands in a list of YAML under a name in the plural: names of secrets, patterns of tokens.
func (c *suspect) listed() bool {
	a := c.hit.assigned
	if c.genre.syntax != syntaxYAML || a.op != opColon || c.name.class == "password" {
		return false
	}
	last := c.name.words[len(c.name.words)-1]
	if !strings.HasSuffix(last, "s") && last != "secret" {
		return false
	}
	before := c.content[max(0, c.hit.start-lineContext):c.hit.start]
	nl := bytes.LastIndexByte(before, '\n')
	return nl >= 0 && bytes.HasPrefix(bytes.TrimLeft(before[nl+1:], " \t"), []byte("- "))
}

// calledSo is a stand-in that tests are written with: my-client-secret, fake_access_token. Passwords are chosen so, what a
// provider gives is not.
var calledSo = regexp.MustCompile(`^(?:a|dummy|example|fake|mock|my|sample|some|test|the|your)(?:[-_][a-z]+)*[-_](?:key|secret|token)$`)
