package detect

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// kubernetesSecret returns the values under data and stringData of objects of kind Secret.
// Source: https://kubernetes.io/docs/concepts/configuration/secret/
func kubernetesSecret(content []byte) (out []span) {
	if !bytes.Contains(content, []byte("ecret")) || !bytes.Contains(content, []byte("ata")) || !bytes.Contains(content, []byte("kind")) {
		return nil
	}
	secret, section, block, indent, keys := false, false, false, 0, 0
	var pending []span // data may stand before kind
	flush := func() {
		if secret {
			out = append(out, pending...)
		}
		pending, secret, section = nil, false, false
	}
	eachLine(content, func(at int, line []byte) {
		if bytes.HasPrefix(line, []byte("---")) {
			flush()
			return
		}
		depth := len(line) - len(bytes.TrimLeft(line, " \t"))
		if bytes.HasPrefix(line[depth:], []byte("{{")) { // an action of a template, at any depth
			return
		}
		name, value, ok := bytes.Cut(line[depth:], []byte(":"))
		if section && depth <= indent {
			section = false
		}
		if section && keys == 0 {
			keys = depth
		}
		inBlock := block && depth > keys
		block = false
		switch name = bytes.Trim(name, `"' -`); {
		case !ok && section && inBlock: // base64 on the line below its name
			pending = append(pending, span{at + depth, at + len(bytes.TrimRight(line, " "))})
		case !ok:
		case section && depth > keys: // text of a block, a whole file for instance
		case section:
			mark := bytes.Trim(value, " -+")
			block = len(mark) == 1 && (mark[0] == '|' || mark[0] == '>')
			if v, keep := dataValue(at+len(line)-len(value), value); keep && !beside[lastWord(string(name))] {
				pending = append(pending, v)
			}
		case string(name) == "kind":
			secret = strings.EqualFold(string(bytes.Trim(value, `"' ,`)), "secret")
		case (string(name) == "data" || string(name) == "stringData") && len(bytes.Trim(value, " {")) == 0:
			section, indent, keys = true, depth, 0
		}
	})
	flush()
	return out
}

// beside are the last words of names of what stands in a Secret beside the secret.
var beside = set("port host hostname user username email region database")

func lastWord(name string) string {
	words := asciiWords(name)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// fillers are words that stand for any value.
var fillers = set("foo bar baz qux foobar")

// dataValue returns where a value of a Secret lies: base64 of text, or text.
func dataValue(at int, value []byte) (span, bool) {
	text := bytes.TrimLeft(value, ` "'`)
	at += len(value) - len(text)
	if n := bytes.Index(text, []byte(" #")); n >= 0 {
		text = text[:n]
	}
	text = bytes.TrimRight(text, ` "',`)
	if len(text) < 4 || text[0] == '|' || text[0] == '>' || isReference(string(text)) {
		return span{}, false
	}
	if plain, err := base64.StdEncoding.DecodeString(string(text)); err == nil && (isReference(string(plain)) || fillers[strings.TrimSpace(string(plain))]) {
		return span{}, false
	}
	return span{at, at + len(text)}, true
}
