package gate

import (
	"crypto/sha1" //nolint:gosec // detect-secrets' baselines are made of it
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/argon2"

	"nhiscan/inventory/secret"
)

// shortest is the shortest value, in bytes, that a baseline keeps a hash of: that of a shorter one could be guessed.
const shortest = 8

// key is what makes two values the same.
func key(v secret.Value) string { return secret.Normal(v).Reveal() }

// short reports whether a value is bound to its place instead of its hash.
func short(v secret.Value) bool { return secret.Normal(v).Len() < shortest }

// hash is the value's argon2id hash, in hexadecimal digits.
func (p parameters) hash(v secret.Value) string {
	return hex.EncodeToString(argon2.IDKey([]byte(key(v)), p.salt, p.Time, p.Memory, p.Threads, hashSize))
}

// sha1s are what detect-secrets may have made of a value: SHA-1 of its text, in hexadecimal digits.
// Source: https://github.com/Yelp/detect-secrets/blob/master/detect_secrets/core/potential_secret.py
func sha1s(v secret.Value) []string {
	var all []string
	for _, text := range []string{v.Reveal(), key(v)} {
		sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
		all = append(all, hex.EncodeToString(sum[:]))
	}
	return all
}

// needles find many values in one pass.
type needles struct {
	texts []string
	heads [1 << 16][]int // numbers of texts, by their first two bytes
}

func newNeedles(values []secret.Value) *needles {
	n := &needles{}
	for i, v := range values {
		text := key(v)
		n.texts = append(n.texts, text)
		if len(text) >= 2 {
			head := int(text[0])<<8 | int(text[1])
			n.heads[head] = append(n.heads[head], i)
		}
	}
	return n
}

// count returns how often each text stands in content by itself, not as a part of a longer word.
func (n *needles) count(content []byte) map[int]int {
	times := map[int]int{}
	for i := 0; i+1 < len(content); i++ {
		for _, number := range n.heads[int(content[i])<<8|int(content[i+1])] {
			text := n.texts[number]
			end := i + len(text)
			if end > len(content) || string(content[i:end]) != text {
				continue
			}
			if standsAlone(content, i, end) {
				times[number]++
			}
		}
	}
	return times
}

// standsAlone reports whether content[start:end], which is not empty, is no part of a longer word.
func standsAlone(content []byte, start, end int) bool {
	before := start > 0 && isWord(content[start-1]) && isWord(content[start])
	after := end < len(content) && isWord(content[end-1]) && isWord(content[end])
	return start < end && !before && !after
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// mentions reports whether content holds one of the values, in any surroundings.
func mentions(content []byte, values []secret.Value) bool {
	for _, v := range values {
		if strings.Contains(string(content), key(v)) {
			return true
		}
	}
	return false
}
