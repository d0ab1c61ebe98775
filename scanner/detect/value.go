package detect

import (
	"regexp"
	"strings"
)

// Value returns the secrets in the value of a variable, header, setting or URL under its key. Offsets, lines and
// columns are those in value. A value under a key of the secret class that looks like a secret and in which nothing
// more specific is found is one finding of generic-secret-value.
func (e *Engine) Value(key, value string) []Finding {
	text := []byte(key + "=" + value)
	at := len(key) + 1
	var hits []hit
	for _, h := range e.hits("", text) {
		if h.start >= at {
			h.start, h.end = h.start-at, h.end-at
			h.from = max(0, h.from-at)
			hits = append(hits, h)
		}
	}
	if !covered(hits) { // a value may hold names of its own: the query of a URL, a connection string
		for _, h := range e.scoredPlain("", []byte(value)) {
			v := []byte(value)[h.start:h.end]
			if shape := shapeOf(v); h.rank == rankGuess && h.assigned != nil && h.assigned.op == opQuery && (shape.kind == "hex" || shape.dense(v)) {
				h.confidence = max(h.confidence, 0.6) // a hook's ?key=: nothing but the receiver's secret looks like that
			}
			if h.rank == rankGuess && h.start > 0 && h.confidence >= DefaultConfidence {
				h.detector = "generic-secret-value"
				hits = append(hits, h)
			}
		}
	}
	if SecretKey(key) {
		start := len(value) - len(strings.TrimLeft(value, " \t\r\n\"'"))
		trimmed := strings.Trim(value, " \t\r\n\"'")
		if looksSecret(trimmed) && !covered(hits) {
			hits = append(hits, named(key, trimmed, start))
		}
	}
	return findings(text[at:], settle(hits))
}

// covered reports whether something more specific than a generic rule was found.
func covered(hits []hit) bool {
	for _, h := range hits {
		if h.rank < rankGeneric {
			return true
		}
	}
	return false
}

// named is the hit of a value that its key calls a secret, judged as if the two stood in a file of settings.
func named(key, value string, start int) hit {
	text := []byte(key + "=" + value)
	at := len(key) + 1
	a := assignment{name: key, op: opAssign, where: inData, start: at, end: len(text)}
	h := assignedHit(text, &a)
	c := suspect{content: text, genre: genre{syntax: syntaxConf, lang: "env"}, hit: &h, shape: shapeOf(text[at:]), name: factsOf(key)}
	var f features
	likely, doubt := fitted().score(&c, &f)
	h.reasons = append(h.reasons, fitted().reasons(&f)...)
	if h.confidence = likely; doubt != "" {
		h.reasons = append(h.reasons, doubt)
	} else {
		h.confidence = max(likely, leastNamed)
	}
	h.detector, h.description = "generic-secret-value", "Value under the name of a secret."
	h.start, h.end, h.from, h.assigned = start, start+len(value), start, nil
	// A secret access key has no prefix: its length, alphabet and name are all there is.
	// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
	if words := strings.ToLower(key); awsSecret.MatchString(value) && strings.Contains(words, "secret") &&
		(strings.Contains(words, "aws") || strings.Contains(words, "access")) && h.entropy > 4 {
		h.detector, h.description = "aws-secret-access-key", "AWS secret access key."
		h.rank, h.confidence = rankNamed, 0.85
	}
	return h
}

// leastNamed is the least confidence of a value that its key calls a secret, where nothing speaks against it: whoever gives
// a variable such a name means a secret.
const leastNamed = 0.4

var awsSecret = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)

// leastSecret is the shortest value, in bytes, that counts as a secret for its name alone.
const leastSecret = 8

// looksSecret reports whether a value under a secret's name is one, and not a switch, number, path, address without
// credentials, reference to another variable, or placeholder.
func looksSecret(v string) bool {
	switch {
	case len(v) < leastSecret, isPlaceholder(v), number.MatchString(v), date.MatchString(v):
		return false
	case strings.Contains(v, urlMark) && !strings.ContainsAny(v, " \n@"):
		return false
	case path.MatchString(v):
		// One in 64 keys begins with a slash: a path has words in it, a key has not.
		return len(v) >= 32 && !strings.ContainsAny(v, ".-_") && entropy([]byte(v)) > 4.2
	}
	return true
}

var (
	number = regexp.MustCompile(`^[+-]?[0-9][0-9_.,]*[a-zA-Z%]{0,2}$`)
	date   = regexp.MustCompile(`^\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?$`)
	path   = regexp.MustCompile(`^(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w./\\ @:+-]*$`)
)

// isPlaceholder reports whether text stands for a value, and is none.
func isPlaceholder(text string) bool {
	text = strings.Trim(text, "\"'`")
	return text == "" || reference.MatchString(text) || placeholderWords.MatchString(text) || strings.Trim(text, text[:1]) == ""
}

var (
	// reference is a variable in shell, Windows, make, template or GitLab notation, alone or with text around it; or
	// text in brackets.
	reference = regexp.MustCompile(`^(?:[\w.-]*(?:\$[({A-Za-z_]|\{\{|\$\[\[|%\(?[A-Za-z_]\w+\)?[%s])|%[sdvq]$|[<\[(].*[>\])]$)`)
	// placeholderWords is a whole value that says what belongs there.
	placeholderWords = regexp.MustCompile(`(?i)^(?:(?:my|your|the|some|a|an|new|test|dummy|fake|sample|example|insert|enter|replace|put|add)?[_. -]*(?:here|me|with|your|my)?[_. -]*` +
		`(?:pass|passwd|password|passphrase|pwd|secret|token|key|api[_. -]?key|credentials?|user|username|value|change[_. -]?me|change[_. -]?it|placeholder|example|redacted|masked|hidden|none|null|nil|undefined|todo|tbd|empty|true|false|yes|no|on|off|enabled|disabled|x{3,}|foo|bar|foobar|dummy|test|here|git|gitlab-ci-token|x-oauth-basic|x-access-token|oauth2)` +
		`[_. -]*(?:here|value)?|\[secret\]|\*+|\.{3,}|…)$`)
)
