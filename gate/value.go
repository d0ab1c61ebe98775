package gate

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // detect-secrets' baselines are made of it
	"encoding/hex"

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
	maybe [1 << 16]bool    // first two bytes of some text
	heads map[string][]int // numbers of texts, by their first headSize bytes
	short []int            // numbers of texts that are shorter, but not under two bytes
	left  int64            // what comparing may still cost
}

const (
	headSize = 8
	// maxCompared bounds what comparing costs, in bytes: a hostile change may hold ten thousand values that begin alike,
	// and their beginning over and over. It takes some seconds; usual changes need a thousandth.
	maxCompared = 4 << 30
)

func newNeedles(values []secret.Value) *needles {
	n := &needles{heads: map[string][]int{}, left: maxCompared}
	for i, v := range values {
		text := key(v)
		n.texts = append(n.texts, text)
		if len(text) < 2 {
			continue
		}
		n.maybe[int(text[0])<<8|int(text[1])] = true
		if len(text) < headSize {
			n.short = append(n.short, i)
		} else {
			n.heads[text[:headSize]] = append(n.heads[text[:headSize]], i)
		}
	}
	return n
}

// count returns how often each text stands in content by itself, not as a part of a longer word. It stops when left is
// used up.
func (n *needles) count(content []byte) map[int]int {
	times := map[int]int{}
	try := func(at int, numbers []int) {
		for _, number := range numbers {
			text := n.texts[number]
			end := at + len(text)
			if end > len(content) {
				continue
			}
			n.left -= int64(len(text))
			if string(content[at:end]) == text && standsAlone(content, at, end) {
				times[number]++
			}
		}
	}
	for i := 0; i+1 < len(content) && n.left > 0; i++ {
		if !n.maybe[int(content[i])<<8|int(content[i+1])] {
			continue
		}
		if i+headSize <= len(content) {
			try(i, n.heads[string(content[i:i+headSize])])
		}
		try(i, n.short)
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

// mentions reports whether content may hold one of the values, in any surroundings.
func mentions(content []byte, values []secret.Value) bool {
	for i, v := range values {
		if i == maxSought || bytes.Contains(content, []byte(key(v))) {
			return true // reading the content anew costs less than trying many more
		}
	}
	return false
}
