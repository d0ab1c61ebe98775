//lint:file-ignore SA1019 gitleaks is compared by the API that its pinned version has; GOROOT finds texts of a known sort

package detect

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	gitleaks "github.com/zricethezav/gitleaks/v8/detect"
)

// The catalogue must decide as gitleaks 8.30.1 does, with these differences, each on purpose:
//   - comments that say gitleaks:allow are not obeyed: nothing in a scanned repository configures the scan;
//   - a line for an allowlist is the line of the match. gitleaks takes the whole text up to the match where the match
//     is on a last line without newline;
//   - of a line, 2 kB before and after the match are looked at;
//   - the path of the rule file is not let pass, commits are not known, encoded text is not decoded;
//   - a rule whose group took no part reports nothing, where gitleaks reports an empty secret;
//   - contents over 1 MB are matched in pieces, which gitleaks leaves to its callers.

var sharedGitleaks = sync.OnceValues(func() (*gitleaks.Detector, error) {
	d, err := gitleaks.NewDetectorDefaultConfig()
	if err == nil {
		d.IgnoreGitleaksAllow = true
	}
	return d, err
})

func oracle(t testing.TB) *gitleaks.Detector {
	t.Helper()
	d, err := sharedGitleaks()
	if err != nil {
		t.Fatalf("NewDetectorDefaultConfig() = %v", err)
	}
	return d
}

// catalogueOnly is an engine without own detectors: they stand in for rules.
func catalogueOnly(t testing.TB) *Engine {
	t.Helper()
	e, err := sharedCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var sharedCatalogue = sync.OnceValues(func() (*Engine, error) { return newEngine(Options{}, nil, nil) })

func theirs(d *gitleaks.Detector, path, content string) []string {
	var out []string
	for _, f := range d.Detect(gitleaks.Fragment{Raw: content, FilePath: path}) {
		if !strings.HasPrefix(f.Match, "file detected: ") {
			out = append(out, fmt.Sprintf("%s line %d: %q", f.RuleID, f.StartLine+1, f.Secret))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func ours(e *Engine, path, content string) []string {
	var out []string
	for _, h := range e.hits(path, []byte(content)) {
		r := e.catalogue.byID[h.detector]
		if r == nil || r.pattern == nil || h.rank <= rankOwn { // own detectors share a few names with rules
			continue
		}
		at := lines{text: []byte(content), line: 1}
		line, _ := at.place(h.from)
		out = append(out, fmt.Sprintf("%s line %d: %q", h.detector, line, content[h.start:h.end]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestCatalogueDecidesAsGitleaks_planted(t *testing.T) {
	e, d := catalogueOnly(t), oracle(t)
	r := rand.New(rand.NewPCG(1, 2))
	planted, rules := 0, 0
	for _, rule := range e.catalogue.rules {
		if rule.pattern == nil {
			continue
		}
		path, found := samplePath(rule), false
		rules++
		for range 400 {
			text := "first line " + strings.Join(rule.Keywords[:1], "") + "\n" + sample(r, rule.pattern.source) + "\nlast line\n"
			want, got := theirs(d, path, text), ours(e, path, text)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("rule %s on %q (-gitleaks +ours):\n%s", rule.RuleID, text, diff)
			}
			found = slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(s, rule.RuleID+" ") })
			if found {
				planted++
				break
			}
		}
		if !found {
			t.Errorf("no secret of %s could be made", rule.RuleID)
		}
	}
	t.Logf("planted a secret for %d of %d rules with a pattern", planted, rules)
}

func samplePath(r rule) string {
	if r.Path == nil {
		return "dir/file.txt"
	}
	for _, p := range []string{"a.php", "a.tf", "a.yaml", "nuget.config", "a.p12"} {
		if r.Path.MatchString(p) {
			return p
		}
	}
	return ""
}

func TestCatalogueDecidesAsGitleaks_standard_library(t *testing.T) {
	e, d := catalogueOnly(t), oracle(t)
	dirs := []string{"net/url", "net/http/httputil", "crypto/tls", "crypto/ssh", "encoding/pem", "cmd/go/internal/auth", "crypto/x509", "cmd/go/testdata/script"}
	budget := 2_500_000
	if testing.Short() {
		budget = 500_000
	}
	files, secrets := 0, 0
	for _, dir := range dirs {
		_ = filepath.WalkDir(filepath.Join(runtime.GOROOT(), "src", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || budget <= 0 {
				return nil
			}
			content, err := os.ReadFile(path)
			if err != nil || len(content) > pieceSize {
				return nil
			}
			budget -= len(content)
			files++
			text := strings.TrimSuffix(string(content), "\n") + "\n"
			want := theirs(d, entry.Name(), text)
			secrets += len(want)
			if diff := cmp.Diff(want, ours(e, entry.Name(), text)); diff != "" {
				t.Errorf("%s (-gitleaks +ours):\n%s", path, diff)
			}
			return nil
		})
	}
	t.Logf("%d files, %d findings", files, secrets)
	if files == 0 {
		t.Error("found no file of the standard library")
	}
}

func TestOwnFilesHoldNoSecret(t *testing.T) {
	for _, pattern := range []string{"*.go", "../ciyaml/*.go"} {
		files, _ := filepath.Glob(pattern)
		if len(files) == 0 {
			t.Errorf("no files %s", pattern)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range engine(t).Scan(f, content) {
				// Tests of passwords by name hold words that are nobody's.
				guess := found.Detector == "assigned-secret" && strings.HasSuffix(f, "_test.go")
				if found.Confidence >= DefaultConfidence && !guess {
					t.Errorf("%s:%d: %s; make test secrets at run time", f, found.Line, found.Detector)
				}
			}
		}
	}
}

// shared is the folder of reference data beside the repository; it is read in place.
const shared = "../../../shared"

func TestCatalogueDecidesAsGitleaks_vectors(t *testing.T) {
	f, err := os.Open(filepath.Join(shared, "corpus/secrets/vectors-train.jsonl.gz"))
	if err != nil {
		t.Skip("the reference vectors are not here")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	e, d := catalogueOnly(t), oracle(t)
	in, n, secrets := bufio.NewScanner(z), 0, 0
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var v struct{ Text string }
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		n++
		if testing.Short() && n%10 != 0 {
			continue
		}
		text := strings.TrimSuffix(v.Text, "\n") + "\n"
		want := theirs(d, "file.txt", text)
		secrets += len(want)
		if diff := cmp.Diff(want, ours(e, "file.txt", text)); diff != "" {
			t.Errorf("vector %d (-gitleaks +ours):\n%s", n, diff)
		}
	}
	t.Logf("%d vectors, %d findings", n, secrets)
	if in.Err() != nil || n == 0 {
		t.Errorf("read %d vectors: %v", n, in.Err())
	}
}
