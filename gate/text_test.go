package gate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestText holds what a developer reads, for the change as it is met in a job, a hook and a server.
func TestText(t *testing.T) {
	m := newMemory(node{files: files{"deploy.yml": "{A}", "kept": "{D} # gitleaks:allow"}},
		node{files: files{"deploy.yml": "{A}", "kept": "{D} # gitleaks:allow", "it's a\x1b[31m file": "x\n{A}", "b.env": "{B} # gitleaks:allow\n{C}"}},
		node{files: files{"deploy.yml": "{A}", "kept": "{D} # gitleaks:allow", "c.env": "{B}\n{D}"}})
	result := check(t, m, m.change("c0"), func(o *Options) { o.Accepted.Add(".nhi-baseline", []byte(baselineFor('C', "2026-11-25"))) })
	none := check(t, m, m.change("c0", "c1", "c2"), nil)
	for name, c := range map[string]struct {
		r *Result
		o TextOptions
	}{
		"merge":  {result, TextOptions{Base: strings.Repeat("b", 40)}},
		"push":   {result, TextOptions{Pushed: true}},
		"staged": {result, TextOptions{Staged: true}},
		"none":   {none, TextOptions{}},
	} {
		c.o.Baseline, c.o.Program = ".nhi-baseline", "nhi-scan"
		var b strings.Builder
		if err := c.r.WriteText(&b, c.o); err != nil {
			t.Fatal(err)
		}
		for letter := byte('A'); letter <= 'D'; letter++ {
			if strings.Contains(b.String(), token(letter)[6:]) {
				t.Errorf("%s shows a value", name)
			}
		}
		golden(t, name, b.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestTextShowsTwentySecretsAtMost(t *testing.T) {
	r := &Result{}
	for i := range 25 {
		s := found(fmt.Sprint("EXAMPLE", i), fmt.Sprint("f", i))
		s.Places[0].ID = strings.Repeat("0", 32)
		r.New = append(r.New, s)
	}
	var b strings.Builder
	if err := r.WriteText(&b, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "\n20. f19:") || strings.Contains(text, "\n21. ") || !strings.Contains(text, "… and 5 more") || !strings.Contains(text, "25 new secrets in") {
		t.Errorf("text:\n%s", text)
	}
}

func TestEachRemedyIsReached(t *testing.T) {
	for _, r := range remedies {
		if got := remedy(r.prefix + "x"); got[0] != r.steps[0] {
			t.Errorf("remedy(%sx) = %q: an entry before it takes its place", r.prefix, got)
		}
	}
	if got := remedy("generic"); len(got) != 1 {
		t.Errorf("remedy of an unknown detector = %q", got)
	}
}

func TestQuote(t *testing.T) {
	for path, want := range map[string]string{"a/b-c.env": "a/b-c.env", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "a\nb": "'a\uFFFDb'"} {
		if got := quote(path); got != want {
			t.Errorf("quote(%q) = %s, want %s", path, got, want)
		}
	}
}

func TestJoinCountsAValueOnce(t *testing.T) {
	one := &Result{New: []Secret{found("EXAMPLE-a", "x")}, Scanned: Scanned{Commits: 1, Files: 2}}
	one.Join(&Result{New: []Secret{found("EXAMPLE-a", "y"), found("EXAMPLE-b", "y")}, Accepted: []Secret{found("EXAMPLE-c", "y")}, Incomplete: []string{"i"}, Notes: []string{"n"}, Scanned: Scanned{Commits: 1, Files: 1}})
	if len(one.New) != 2 || one.New[0].Places[0].Path != "x" || len(one.Accepted) != 1 || len(one.Incomplete) != 1 || len(one.Notes) != 1 || one.Scanned.Commits != 2 || one.Scanned.Files != 3 {
		t.Errorf("joined = %+v", one)
	}
}

func TestAllowCommentStandsOnALineOfTheFinding(t *testing.T) {
	content := []byte("# gitleaks:allow\nSECRET\nxx SECRET # pragma: allowlist secret\nSECRET\n# pragma: allowlist nextline secret\nSECRET\nSECRET")
	for start, want := range map[int]string{17: "", 27: "pragma: allowlist secret", 61: "", 104: "pragma: allowlist nextline secret", len(content) - 6: ""} {
		if string(content[start:start+6]) != "SECRET" {
			t.Fatalf("no secret at %d: %s", start, content[start:])
		}
		f := detect.Finding{Start: start, End: start + 6, Secret: secret.New("SECRET")}
		if got := allowComment(content, f); got != want {
			t.Errorf("allowComment at %d = %q, want %q", start, got, want)
		}
	}
}

func TestNamesAreShownWithoutSecrets(t *testing.T) {
	path := token('P') + "/a b=c.env"
	m := newMemory(node{files: files{}}, node{files: files{path: "{A}", "x": "{B}", token('Q') + ".big": strings.Repeat("y", 100)}})
	c := m.change("c0")
	c.Steps[0].Author = token('R')
	r := check(t, m, c, func(o *Options) { o.MaxBlob = 90 })
	var b strings.Builder
	if err := r.WriteText(&b, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(b.String(), r.Incomplete, r.Scanned)
	for _, letter := range []byte("ABPQR") {
		if strings.Contains(text, token(letter)[6:]) {
			t.Errorf("%c is shown:\n%s", letter, text)
		}
	}
	if !strings.Contains(text, "[secret]/a b=c.env:1:1") || !strings.Contains(text, "x:1:1") {
		t.Errorf("text:\n%s", text)
	}
}
