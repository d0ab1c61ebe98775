package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	gitleaks "github.com/zricethezav/gitleaks/v8/detect"
	"pgregory.net/rapid"
)

const userRules = `
title = "house rules"

[[rules]]
id = "acme-key"
description = "Acme key."
regex = '''acme_(?P<value>[a-z0-9]{16})'''
secretGroup = 1
entropy = 2
keywords = ["ACME_"]
[[rules.allowlists]]
condition = "AND"
paths = ['''_test\.txt$''']
regexes = ['''^0''']
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''(?i)# harmless''']
[[rules.allowlists]]
stopwords = ["stop"]

[[rules]]
id = "acme-user"
regex = '''acme-user=(\w+)'''
keywords = ["acme-user"]
skipReport = true

[[rules]]
id = "acme-pair"
regex = '''acme-pass=(\w+)'''
keywords = ["acme-pass"]
[[rules.required]]
id = "acme-user"
withinLines = 2

[[rules]]
id = "no-keyword"
regex = '''K\d{12}'''
path = '''\.txt$'''

[[rules]]
id = "key-store"
path = '''\.jks$'''

[[allowlists]]
paths = ['''^vendored/''']
[[allowlists]]
targetRules = ["no-keyword"]
regexes = ['''999$''']
`

func userEngines(t *testing.T) (*Engine, *gitleaks.Detector) {
	t.Helper()
	e, err := New(Options{RulesTOML: []byte(userRules)})
	if err != nil {
		t.Fatalf("New(user rules) = %v", err)
	}
	v := viper.New()
	v.SetConfigType("toml")
	var file config.ViperConfig
	if err := v.ReadConfig(strings.NewReader(userRules)); err != nil {
		t.Fatal(err)
	}
	if err := v.Unmarshal(&file); err != nil {
		t.Fatal(err)
	}
	cfg, err := file.Translate()
	if err != nil {
		t.Fatal(err)
	}
	return e, gitleaks.NewDetector(cfg)
}

func TestUserRulesDecideAsGitleaks(t *testing.T) {
	e, d := userEngines(t)
	lines := []string{
		"acme_abcdefgh12345678", "x = acme_0bcdefgh12345678", "acme_abcdefgh12345678 # Harmless", "ACME_abc acme_stopabcd12345678",
		"acme_aaaaaaaaaaaaaaaa", "acme-user=bob", "acme-pass=hunter2", "", "filler", "K123456789012 K123456789999", "ACME-USER=X acme-pass=second",
	}
	paths := []string{"a.txt", "a_test.txt", "vendored/a.txt", "a.go", ""}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(lines), 0, 12).Draw(t, "lines"), "\n") + "\n"
		path := rapid.SampledFrom(paths).Draw(t, "path")
		if diff := cmp.Diff(theirs(d, path, text), ours(e, path, text)); diff != "" {
			t.Fatalf("%s: %q (-gitleaks +ours):\n%s", path, text, diff)
		}
	})
}

func TestScan_path_rule_reports_the_file(t *testing.T) {
	e, _ := userEngines(t)
	got := e.Scan("dir/prod.jks", []byte("\x00\x01store"))
	if len(got) != 1 || got[0].Detector != "key-store" || got[0].Secret.Len() != 7 || got[0].Line != 1 {
		t.Errorf("Scan(prod.jks) = %+v, want the whole file as one finding of key-store", got)
	}
}

func TestNew_extend(t *testing.T) {
	text := []byte("aws = AKIA" + "QWERTYUIOPASDFGH" + "\nacme_abcdefgh12345678\n")
	toml := "[extend]\nuseDefault = true\ndisabledRules = [%q]\n[[rules]]\nid = \"acme-key\"\nregex = '''acme_([a-z0-9]{16})'''\nkeywords = [\"acme_\"]\n"
	// More than once: gitleaks' own extending works only the first time in a process.
	for _, c := range []struct {
		disabled string
		want     []string
	}{{"jwt", []string{"aws-access-token", "acme-key"}}, {"aws-access-token", []string{"acme-key"}}, {"jwt", []string{"aws-access-token", "acme-key"}}} {
		e, err := New(Options{RulesTOML: fmt.Appendf(nil, toml, c.disabled)})
		if err != nil {
			t.Fatalf("New(extend, %s disabled) = %v", c.disabled, err)
		}
		if got := detectors(e.Scan("a.txt", text)); !slices.Equal(got, c.want) {
			t.Errorf("with %s disabled Scan found %v, want %v", c.disabled, got, c.want)
		}
	}
}

func TestNew_extend_changes_a_rule(t *testing.T) {
	e, err := New(Options{RulesTOML: []byte("[extend]\nuseDefault = true\n[[rules]]\nid = \"aws-access-token\"\n[[rules.allowlists]]\nregexes = ['''QWERTY''']\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := detectors(e.Scan("a.txt", []byte("AKIA"+"QWERTYUIOPASDFGH AKIA"+"ZXCVBNMASDFGHJKL"))); !slices.Equal(got, []string{"aws-access-token"}) {
		t.Errorf("Scan found %v, want the one key that the added allowlist does not let pass", got)
	}
}

func TestNew_errors(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"not_toml":      {Options{RulesTOML: []byte("[[rules]\n")}, "rule file"},
		"bad_pattern":   {Options{RulesTOML: []byte("[[rules]]\nid='x'\nregex='('\n")}, "missing closing"},
		"no_id":         {Options{RulesTOML: []byte("[[rules]]\nregex='x'\n")}, "missing or empty"},
		"extend_path":   {Options{RulesTOML: []byte("[extend]\npath='/etc/x'\n")}, "[extend] path"},
		"unknown_rule":  {Options{RulesTOML: []byte("[[rules]]\nid='x'\nregex='x'\n[[rules.required]]\nid='y'\n")}, "does not exist"},
		"prefix_length": {Options{TokenPrefixes: []string{strings.Repeat("x", 21)}}, "token prefix"},
		"prefix_empty":  {Options{TokenPrefixes: []string{""}}, "token prefix"},
	} {
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: New = %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestVersion(t *testing.T) {
	versions := map[string]string{}
	for name, o := range map[string]Options{
		"default":  {},
		"prefix":   {TokenPrefixes: []string{"acme-"}},
		"prefixes": {TokenPrefixes: []string{"acme-", "b"}},
		"rules":    {RulesTOML: []byte(userRules)},
	} {
		e, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := versions[e.Version()]; taken {
			t.Errorf("%s and %s have one version", name, other)
		}
		versions[e.Version()] = name
	}
	swapped, err := New(Options{TokenPrefixes: []string{"b", "acme-", "b"}})
	if err != nil || versions[swapped.Version()] != "prefixes" {
		t.Errorf("the order of prefixes changes the version (%v)", err)
	}
}

func TestPathClass(t *testing.T) {
	e := engine(t)
	for path, want := range map[string]string{
		"main.go": "plain go", "": "plain", "img/logo.PNG": "skip", "a/node_modules/x/blob": "skip", "a/node_modules/x/.npmrc": "", "go.sum": "skip", ".gitlab-ci.yml": "", "main.tf": "",
	} {
		got := e.PathClass(path)
		if want != "" && got != want || want == "" && (got == "plain" || got == "skip") {
			t.Errorf("PathClass(%q) = %q, want %q", path, got, want)
		}
	}
	if e.PathClass("a.yaml") != e.PathClass("deep/b.yml") {
		t.Error("two YAML files are of different classes")
	}
}

func TestPathClass_decides_the_findings(t *testing.T) {
	e := engine(t)
	paths := []string{"a.go", "b.txt", "x/c.yaml", "d.yml", "e.tf", "f.hcl", "g.php", "nuget.config", "h.bb", "i.inc", "j.png", "vendor/modules.txt", "@octokit/auth-token/README.md", ""}
	r := rand.New(rand.NewPCG(3, 4))
	var text strings.Builder
	for i, rule := range e.catalogue.rules {
		if rule.pattern != nil && (i%8 == 0 || rule.Path != nil || len(rule.Allowlists) > 0) {
			text.WriteString(sample(r, rule.pattern.source) + "\n")
		}
	}
	found := map[string][]Finding{}
	for _, p := range paths {
		got := e.Scan(p, []byte(text.String()))
		class := e.PathClass(p)
		if earlier, ok := found[class]; ok && !slices.Equal(detectors(earlier), detectors(got)) {
			t.Errorf("paths of class %s differ: %s found %v, an earlier one %v", class, p, detectors(got), detectors(earlier))
		}
		found[class] = got
	}
	if len(found) < 5 || len(found["skip"]) != 0 || len(found["plain"]) < 25 {
		t.Errorf("%d classes, %d findings under skip, %d under plain", len(found), len(found["skip"]), len(found["plain"]))
	}
}

func detectors(found []Finding) []string {
	var out []string
	for _, f := range found {
		out = append(out, f.Detector)
	}
	return out
}
