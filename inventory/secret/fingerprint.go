package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// keySize is the length of a fingerprint key in bytes.
const keySize = 32

// maxKeyFile bounds a key file in bytes.
const maxKeyFile = 1 << 10

// minLength is the shortest value that gets a fingerprint: the digest of a shorter one could be guessed.
const minLength = 8

// Key makes fingerprints. It is per installation and lies in a 0600 file or the environment, never in a database.
// The zero Key makes none.
type Key struct{ v Value }

// ParseKey reads a key of 64 hexadecimal digits, as a key file and NHI_SCAN_KEY hold it.
func ParseKey(text string) (Key, error) {
	b, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != keySize {
		return Key{}, fmt.Errorf("fingerprint key: want %d hexadecimal digits", 2*keySize)
	}
	return Key{New(string(b))}, nil
}

// LoadKey reads the key file at path, or makes it with mode 0600 when there is none.
// It refuses a file that others may read.
func LoadKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("fingerprint key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return Key{}, fmt.Errorf("fingerprint key %s: not a key file", path)
	}
	if !trusted(path, info) {
		return Key{}, fmt.Errorf("fingerprint key %s: belongs to another user, who knows the key", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("fingerprint key %s: mode is %04o, want 0600: others can read it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("fingerprint key: %w", err)
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

func makeKey(path string) (Key, error) {
	b := make([]byte, keySize)
	if _, err := rand.Read(b); err != nil {
		return Key{}, fmt.Errorf("make fingerprint key: %w", err)
	}
	// Written whole beside its place, then linked there, which fails where one stands already: of two scans that
	// start at once, one makes the key and the other reads it, never half of it.
	f, err := os.CreateTemp(filepath.Dir(path), ".nhi-scan-key-*") // 0600
	if err != nil {
		return Key{}, fmt.Errorf("make fingerprint key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(b) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Key{}, fmt.Errorf("make fingerprint key: %w", err)
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return LoadKey(path)
	} else if err != nil {
		return Key{}, fmt.Errorf("make fingerprint key: %w", err)
	}
	return Key{New(string(b))}, nil
}

// ID names the key without telling it: 8 hexadecimal digits. Empty for the zero Key.
func (k Key) ID() string {
	if k.v.Len() == 0 {
		return ""
	}
	return k.mac("nhi-scan key id")[:8]
}

// Fingerprint returns 32 hexadecimal digits of HMAC-SHA-256 over the normalised value.
// It is empty for the zero Key, for values under 8 characters, and for words that everyone would guess.
func (k Key) Fingerprint(v Value) string {
	s := normalise(v.Reveal())
	if k.v.Len() == 0 || len(s) < minLength || slices.Contains(guessable, strings.ToLower(s)) {
		return ""
	}
	return k.mac(s)
}

func (k Key) mac(s string) string {
	h := hmac.New(sha256.New, []byte(k.v.Reveal()))
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

var guessable = []string{"changeme", "changeit", "password", "password1", "12345678", "123456789", "1234567890", "qwertyui", "letmein1", "placeholder", "undefined", "xxxxxxxx", "********"}

var userInfo = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^/@:\s]*:([^/@\s]+)@\S+$`)

// Normal returns v as its fingerprint sees it: without what differs only by where it was found.
func Normal(v Value) Value { return New(normalise(v.Reveal())) }

// normalise makes equal what differs only by where it was found: line ends, surrounding space, the URL around a password.
func normalise(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if m := userInfo.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return s
}
