package detect

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// checks are the offline checks that a detector may name. Each reports whether a value is complete and unharmed; a
// made-up value passes by chance only.
var checks = map[string]func(value []byte) bool{
	"github-crc32":    githubChecksum,
	"grafana-crc32":   grafanaChecksum,
	"nkey-crc16":      nkeyChecksum,
	"bech32":          bech32Checksum,
	"gitlab-routable": checksumHolds,
	"azure-marvin":    azureChecksum,
	"crates-xor":      cratesChecksum,
}

func crc(b []byte) uint64 { return uint64(crc32.ChecksumIEEE(b)) }

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// githubChecksum holds where the last six characters are the CRC-32, in base 62, of those between the prefix and them.
// The tokens of npm and Polar are made the same way.
// Source: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
func githubChecksum(value []byte) bool {
	at := strings.LastIndexByte(string(value), '_') + 1
	if len(value)-at <= 6 {
		return false
	}
	end := len(value) - 6
	return string(value[end:]) == inBase62(crc(value[at:end]))
}

// inBase62 writes a number with six digits, the most significant first.
func inBase62(n uint64) string {
	var out [6]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

// cratesChecksum holds where the last character is the letter or digit whose number is the exclusive or of the bytes
// between the prefix and it. Source: crates/crates_io_trustpub/src/access_token.rs of rust-lang/crates.io
func cratesChecksum(value []byte) bool {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	at := strings.LastIndexByte(string(value), '_') + 1
	end := len(value) - 1
	if end <= at {
		return false
	}
	var sum byte
	for _, c := range value[at:end] {
		sum ^= c
	}
	return value[end] == digits[int(sum)%len(digits)]
}

// grafanaChecksum holds where eight hexadecimal digits after the last "_" are the CRC-32, lowest byte first, of what
// stands before it. Source: pkg/components/satokengen/tokengen.go of Grafana 11.
func grafanaChecksum(value []byte) bool {
	at := strings.LastIndexByte(string(value), '_')
	if at < 0 || len(value) != at+9 {
		return false
	}
	sum, err := hex.DecodeString(string(value[at+1:]))
	return err == nil && uint64(binary.LittleEndian.Uint32(sum)) == crc(value[:at])
}

// nkeyChecksum holds where a base 32 text ends with the CRC-16 of its bytes, lowest byte first.
// Source: https://github.com/nats-io/nkeys (strkey.go)
func nkeyChecksum(value []byte) bool {
	encoding := base32.StdEncoding.WithPadding(base32.NoPadding)
	raw, err := encoding.DecodeString(string(value))
	if err != nil || len(raw) < 4 || encoding.EncodeToString(raw) != string(value) { // bits left over are 0
		return false
	}
	end := len(raw) - 2
	return binary.LittleEndian.Uint16(raw[end:]) == crc16(raw[:end])
}

// crc16 is CRC-16/XMODEM: polynomial 0x1021, beginning with 0.
func crc16(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum ^= uint16(c) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Checksum holds for a Bech32 text of any length, in one letter case. age's keys are of this form.
// Source: https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki
func bech32Checksum(value []byte) bool {
	text := string(value)
	lower := strings.ToLower(text)
	at := strings.LastIndexByte(lower, '1')
	if at < 1 || len(lower)-at <= 6 || text != lower && text != strings.ToUpper(text) {
		return false
	}
	return bech32Sum(lower[:at], lower[at+1:]) == 1
}

// bech32Sum is the polynomial over a prefix and digits; anything but 1 where a character is no digit.
func bech32Sum(prefix, digits string) uint32 {
	sum := uint32(1)
	add := func(v uint32) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ v
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for _, c := range []byte(prefix) {
		add(uint32(c >> 5))
	}
	add(0)
	for _, c := range []byte(prefix) {
		add(uint32(c & 31))
	}
	for _, c := range []byte(digits) {
		v := strings.IndexByte(bech32Digits, c)
		if v < 0 {
			return 0
		}
		add(uint32(v))
	}
	return sum
}
