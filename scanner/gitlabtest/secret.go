package gitlabtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"sort"
	"strconv"
	"strings"
)

// entropy is an endless deterministic stream of bytes: the same seed and name give the same secret in every run.
type entropy struct {
	key  [32]byte
	n    uint64
	rest []byte
}

func newEntropy(seed, name string) *entropy {
	return &entropy{key: sha256.Sum256([]byte("nhi-scan simulator\x00" + seed + "\x00" + name))}
}

// bytes returns the next n bytes.
func (e *entropy) bytes(n int) []byte {
	for len(e.rest) < n {
		block := binary.BigEndian.AppendUint64(e.key[:], e.n)
		sum := sha256.Sum256(block)
		e.n++
		e.rest = append(e.rest, sum[:]...)
	}
	out := e.rest[:n:n]
	e.rest = e.rest[n:]
	return out
}

// pick returns n characters of an alphabet of at most 256; the slight bias of the modulus does no harm here.
func (e *entropy) pick(alphabet string, n int) string {
	out := e.bytes(n)
	for i, b := range out {
		out[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(out)
}

// Alphabets of tokens.
const (
	digits   = "0123456789"
	lowerHex = "0123456789abcdef"
	upper    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower    = "abcdefghijklmnopqrstuvwxyz"
	base32   = upper + "234567"
	base62   = digits + upper + lower
	base64ch = upper + lower + digits + "+/"
	urlSafe  = upper + lower + digits + "_-"
)

// organization is the ID that every routable token made here carries: no GitLab gives out so high a number, so nobody
// can take such a token for a real one. It is base 36 text.
const organization = "zz"

// routable makes a token in GitLab's v1 routable form: prefix, base64url of 16 random bytes, payload and its length,
// ".01.", length of that text and a CRC-32 over everything before it, both in base 36.
// Source: lib/authn/token_field/generator/routable_token.rb of GitLab.
func (e *entropy) routable(prefix string, payload map[string]string) string {
	lines := []string{"o:" + organization}
	for k, v := range payload {
		lines = append(lines, k+":"+v)
	}
	sort.Strings(lines)
	text := strings.Join(lines, "\n")
	raw := append(e.bytes(16), text...)
	raw = append(raw, byte(len(text)))
	body := base64.RawURLEncoding.EncodeToString(raw)
	head := prefix + body + ".01." + pad36(uint64(len(body)), 2)
	return head + pad36(uint64(crc32.ChecksumIEEE([]byte(head))), 7)
}

func pad36(n uint64, width int) string {
	text := strconv.FormatUint(n, 36)
	return strings.Repeat("0", max(0, width-len(text))) + text
}

// crc62 is the checksum that GitHub and npm put at the end of a token: CRC-32 in base 62, six characters.
func crc62(body string) string {
	n := crc32.ChecksumIEEE([]byte(body))
	out := []byte("000000")
	for i := len(out) - 1; n > 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out)
}
