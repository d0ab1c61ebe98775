package detect

import (
	"slices"
	"strings"
	"unicode"
)

// SecretKey reports whether a name is of the secret class: the name of a variable, header, setting or flag whose value
// is a credential (DEPLOY_TOKEN, db.password, apiKey). It reads words, not letters: PUBLIC_KEY, KEY_ID, TOKEN_URL and
// KEYWORD are not of it. A bare "key" is not either: most are names of caches, columns and maps.
func SecretKey(name string) bool {
	words := nameWords(name)
	if len(words) == 0 || slices.Contains(switches, words[0]) && len(words) > 1 {
		return false
	}
	for i := len(words) - 1; i >= 0; i-- {
		switch {
		case slices.Contains(aboutSecrets, words[i]):
			return false
		case words[i] == "key":
			return i > 0 && !slices.Contains(notKeys, words[i-1])
		case isSecretWord(words, i):
			return true
		}
	}
	return false
}

func isSecretWord(words []string, i int) bool {
	w := words[i]
	switch w {
	case "pass", "pwd", "pat", "auth":
		// Bare PWD is the working directory; bare "pass" and "auth" are verbs. Elsewhere they name the value, but only
		// at the end: PASS_RATE, AUTH_MODE. DOCKER_AUTH_CONFIG is the one that breaks this rule.
		return i > 0 && i == len(words)-1 && (w != "auth" || words[0] == "docker" || words[0] == "registry")
	case "config":
		return i > 1 && words[i-1] == "auth" && words[i-2] == "docker"
	}
	return slices.Contains(secretWords, w) || slices.ContainsFunc(secretEndings, func(e string) bool { return strings.HasSuffix(w, e) })
}

var (
	secretWords = []string{"token", "secret", "secrets", "password", "passwords", "passwd", "passphrase", "credential", "credentials", "creds", "bearer", "kubeconfig", "netrc", "pgpass", "sshpass"}
	// secretEndings are for names written without a separator: PGPASSWORD, apikey, authtoken.
	secretEndings = []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "privatekey", "accesskey", "sshkey", "deploykey", "signingkey", "authkey", "encryptionkey", "masterkey"}
	// switches begin names of settings about secrets.
	switches = []string{"use", "enable", "enabled", "disable", "disabled", "has", "is", "require", "requires", "allow", "skip", "no", "max", "min", "num", "count", "show", "mask"}
	// aboutSecrets after the secret's word make the value something about it.
	aboutSecrets = []string{"id", "ids", "name", "names", "url", "uri", "host", "hostname", "endpoint", "server", "port", "type", "kind", "length", "len", "size", "count", "limit", "ttl", "expiry", "expires", "expiration", "lifetime", "age", "days", "date",
		"prefix", "suffix", "pattern", "regex", "format", "algorithm", "alg", "version", "revision", "enabled", "disabled", "required", "scope", "scopes", "issuer", "audience", "aud", "policy", "field", "header", "label", "hint", "description", "comment",
		"user", "username", "email", "owner", "arn", "alias", "path", "dir", "directory", "folder", "engine", "store", "manager", "provider", "backend", "mount", "role", "region", "detection", "detector", "scanner", "scanning", "scan", "check", "checks", "analyzer", "excluded", "historic",
		"fingerprint", "checksum", "ring", "pair", "board", "word", "code", "frame", "rotation", "status", "state", "mode", "rate", "index", "idx", "column", "table", "mapping", "binding", "ref", "reference", "placeholder", "message", "title", "text", "public", "pub"}
	// notKeys before "key" make it a name, not a credential.
	notKeys = []string{"public", "pub", "primary", "foreign", "sort", "partition", "shard", "cache", "hash", "object", "bucket", "s3", "project", "issue", "row", "index", "unique", "composite", "map", "dict", "json", "yaml", "registry", "translation", "i18n", "hot", "shortcut", "env", "variable", "label", "tag", "group", "event", "routing", "feature", "ssm", "component", "sonar", "config", "known", "host", "hosts", "is", "has", "no", "or", "the"}
)

// nameWords splits a name at whatever is no letter or digit, and where a capital follows a small letter, into lower
// case words: "DB_PASSWORD2" gives db, password2 without its digits; "apiKey" gives api, key.
func nameWords(name string) []string {
	if len(name) > 256 {
		name = name[len(name)-256:]
	}
	var words []string
	var word strings.Builder
	flush := func() {
		if w := strings.TrimRight(strings.ToLower(word.String()), "0123456789"); w != "" {
			words = append(words, w)
		}
		word.Reset()
	}
	previous := rune(0)
	for _, r := range name {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if !letter || unicode.IsUpper(r) && unicode.IsLower(previous) {
			flush()
		}
		if letter {
			word.WriteRune(r)
		}
		previous = r
	}
	flush()
	return words
}
