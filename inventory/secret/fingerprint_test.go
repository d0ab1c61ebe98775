package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// testKey is a key that is plain to be none: 32 bytes of one value.
func testKey(t testing.TB, digit string) Key {
	t.Helper()
	k, err := ParseKey(strings.Repeat(digit, 2*keySize) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFingerprint(t *testing.T) {
	k := testKey(t, "0")
	h := hmac.New(sha256.New, make([]byte, keySize))
	h.Write([]byte(mark))
	if got, want := k.Fingerprint(New(mark)), hex.EncodeToString(h.Sum(nil)[:16]); got != want {
		t.Errorf("Fingerprint = %s, want HMAC-SHA-256 cut to 128 bits: %s", got, want)
	}
	other := testKey(t, "1")
	if k.Fingerprint(New(mark)) == other.Fingerprint(New(mark)) || k.ID() == other.ID() || !regexp.MustCompile(`^[0-9a-f]{8}$`).MatchString(k.ID()) {
		t.Errorf("keys %s and %s are not told apart", k.ID(), other.ID())
	}
	equal := []string{" " + mark + "\n", mark + "\r\n", "https://user:" + mark + "@host.example/path", "postgres://u:" + mark + "@db.example:5432/x?y=z", mark}
	for _, text := range equal {
		if k.Fingerprint(New(text)) != k.Fingerprint(New(mark)) {
			t.Errorf("%q and %q have two fingerprints", text, mark)
		}
	}
	for _, text := range []string{mark + "x", strings.ToLower(mark), "https://" + mark + "@host.example/"} {
		if k.Fingerprint(New(text)) == k.Fingerprint(New(mark)) {
			t.Errorf("%q and %q have one fingerprint", text, mark)
		}
	}
	if a, b := k.Fingerprint(New("line one\r\nline two")), k.Fingerprint(New("line one\nline two\n")); a != b || a == "" {
		t.Errorf("line ends tell values apart: %s, %s", a, b)
	}
	for _, text := range []string{"", "1234567", "  short  ", "password", "ChangeMe", "********"} {
		if got := k.Fingerprint(New(text)); got != "" {
			t.Errorf("Fingerprint(%q) = %s, want none: it could be guessed", text, got)
		}
	}
	var zero Key
	if zero.ID() != "" || zero.Fingerprint(New(mark)) != "" {
		t.Error("the zero Key makes fingerprints")
	}
}

func TestHint(t *testing.T) {
	for text, want := range map[string]string{
		"glpat-" + "EXAMPLE0EXAMPLE0EXAM":      "glpat-…",
		"acme-glpat-" + "EXAMPLE0EXAMPLE0EXAM": "glpat-…",
		" AKIA" + "EXAMPLEEXAMPLE00":           "AKIA…",
		"github_pat_" + "EXAMPLE":              "github_pat_…",
		"-----BEGIN " + "EXAMPLE":              "-----BEGIN…",
		"hunter2-EXAMPLE":                      "",
		"":                                     "",
	} {
		got := Hint(New(text))
		if got != want || strings.Contains(got, "EXAMPLE") {
			t.Errorf("Hint(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestParseKey(t *testing.T) {
	for _, text := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("g", 64)} {
		_, err := ParseKey(text)
		if err == nil || text != "" && text != "00" && strings.Contains(err.Error(), text) {
			t.Errorf("ParseKey of %d characters = %v, want an error without them", len(text), err)
		}
	}
}

func TestLoadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nhi-scan.key")
	made, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 2*keySize+1 {
		t.Fatalf("key file = %v, %v; want 65 bytes, mode 0600", info, err)
	}
	again, err := LoadKey(path)
	if err != nil || again.Fingerprint(New(mark)) != made.Fingerprint(New(mark)) || again.ID() != made.ID() {
		t.Errorf("the key read is not the key made: %s, %s, %v", made.ID(), again.ID(), err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadKey(path)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%04o", mode)) || !strings.Contains(err.Error(), path) {
			t.Errorf("LoadKey of a file with mode %04o = %v, want an error that names both", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path); err != nil {
		t.Errorf("LoadKey of a file with mode 0400 = %v", err)
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte(mark), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(broken); err == nil || strings.Contains(err.Error(), mark) || !strings.Contains(err.Error(), broken) {
		t.Errorf("LoadKey of a broken file = %v, want an error with its path, without its content", err)
	}
	if _, err := LoadKey(filepath.Join(path, "x")); err == nil {
		t.Error("LoadKey below a file = nil, want an error")
	}
}

func TestTwoProgramsMakeOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nhi-scan.key")
	ids := make(chan string, 16)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			k, err := LoadKey(path)
			if err != nil {
				t.Error(err)
			}
			ids <- k.ID()
		})
	}
	wg.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("two programs have the keys %s and %s", first, id)
		}
	}
}
