package detect

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What lowers a confidence, and what must not.
func TestScan_doubts(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	hex := func(n int) string { return random(r, "0123456789abcdef", n) }
	table := ""
	for range leastVectors {
		table += "\tsharedSecret: \"" + hex(64) + "\",\n"
	}
	for _, c := range []struct {
		name, path, text string
		shown            bool
	}{
		{"checksum_of_a_token_does_not_hold", "a.txt", "token: ghp_" + random(r, alnum, 36), true},
		{"placeholder_with_prefix", "a.txt", "see ghp_" + strings.Repeat("EXAMPLE", 5) + "X there", false},
		{"basic_is_no_pair", "a.txt", "Authorization: Basic " + strings.Repeat("kJ8w", 8), false},
		{"public_key", "a.go", `PublicKey: "` + hex(64) + `"`, false},
		{"private_key", "a.go", `PrivateKey: "` + hex(64) + `"`, true},
		{"table_of_vectors", "crypto/x_test.go", table, false},
		{"assigned_in_make", "", "DEPLOY_TOKEN ?= \"" + random(r, alnum, 32) + "\"", true},
		{"assigned_in_posix_make", "", "DEPLOY_TOKEN ::= \"" + random(r, alnum, 32) + "\"", true},
		{"behind_its_name_in_prose", "notes.md", "the api key " + hex(20) + random(r, alnum, 20) + "7 is in use", true},
		{"sentence_with_pass", "a.go", "// pass `flags` to the second pass: interpret all", false},
		{"kubernetes_secret_by_content", "", "kind: Secret\ndata:\n  x: " + random(r, alnum, 24) + "\n", true},
	} {
		shown := false
		for _, f := range engine(t).Scan(c.path, []byte(c.text)) {
			shown = shown || f.Confidence >= DefaultConfidence
		}
		if shown != c.shown {
			t.Errorf("%s: Scan(%q, %q) shows a secret: %v, want %v", c.name, c.path, c.text, shown, c.shown)
		}
	}
}
