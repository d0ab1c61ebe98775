package detect

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"nhiscan/inventory/secret"
)

// Route is what a routable GitLab token tells about itself: the ids that it belongs to. Zero is not in the token.
// Source: lib/authn/token_field/generator/routable_token.rb of GitLab 18.
type Route struct {
	Organization, Cell   int64
	User, Project, Group int64
	RunnerType           int64 // 1 instance, 2 group, 3 project
}

// String returns the ids as "u=12 p=5 g=7 t=3", without those that the token does not name. Empty is none.
func (r Route) String() string {
	var parts []string
	for _, p := range []struct {
		key string
		id  int64
	}{{"u", r.User}, {"p", r.Project}, {"g", r.Group}, {"t", r.RunnerType}} {
		if p.id != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", p.key, p.id))
		}
	}
	return strings.Join(parts, " ")
}

// Routable reads a token in one of GitLab's routable forms. It reports false for any other value, and where the
// checksum does not hold or the payload is not readable.
func Routable(v secret.Value) (Route, bool) {
	token := []byte(strings.TrimSpace(v.Reveal()))
	if !checksumHolds(token) {
		return Route{}, false
	}
	text, versioned := encoded(token)
	raw, err := base64.RawURLEncoding.DecodeString(string(text))
	if err != nil || len(raw) < randomBytes+1 {
		return Route{}, false
	}
	n := int(raw[len(raw)-1])
	raw = raw[:len(raw)-1]
	if !versioned { // first form: payload, then random bytes, then the number of those
		if n != randomBytes {
			return Route{}, false
		}
		return parseRoute(raw[:len(raw)-n])
	}
	if n > len(raw)-randomBytes {
		return Route{}, false
	}
	return parseRoute(raw[len(raw)-n:])
}

const (
	randomBytes  = 16
	checksumSize = 7                // base 36 digits at the end
	tailSize     = 2 + checksumSize // with the length of the encoded text before them
)

// checksumHolds reports whether the last seven characters are the CRC-32 of all before them.
func checksumHolds(token []byte) bool {
	at := len(token) - tailSize
	if at < 2 || token[at-1] != '.' {
		return false
	}
	want, err := strconv.ParseUint(string(token[at+2:]), 36, 32)
	if err != nil || want != crc(token[:at+2]) || bytes.ContainsAny(token[at+2:], base62[10:36]) {
		return false
	}
	text, _ := encoded(token)
	return text != nil
}

// encoded returns the base64 text of a token, and whether it is in the form with a version. The length that the token
// gives for the text says where its prefix ends; nil when that length cannot be.
func encoded(token []byte) (text []byte, versioned bool) {
	at := len(token) - tailSize
	n, err := strconv.ParseUint(string(token[at:at+2]), 36, 16)
	end := at - 1
	if versioned = bytes.HasSuffix(token[:end], []byte(".01")); versioned {
		end -= len(".01")
	}
	if err != nil || int(n) > end {
		return nil, versioned
	}
	return token[end-int(n) : end], versioned
}

func parseRoute(payload []byte) (Route, bool) {
	var r Route
	fields := map[string]*int64{
		"o": &r.Organization, "c": &r.Cell, "u": &r.User, "p": &r.Project, "g": &r.Group, "t": &r.RunnerType,
	}
	for line := range strings.SplitSeq(string(payload), "\n") {
		key, text, ok := strings.Cut(line, ":")
		id, err := strconv.ParseInt(text, 36, 64)
		if !ok || err != nil || id < 0 {
			return Route{}, false
		}
		if field := fields[key]; field != nil { // a later version may name more
			*field = id
		}
	}
	return r, true
}
