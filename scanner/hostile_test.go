package scanner

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/gitlabtest"
	"nhiscan/scanner/gitrepo"
)

// What a repository calls its files and authors may be anything.
func TestRepositoryHostileNames(t *testing.T) {
	long := strings.Repeat("d/", 600) + "a.py"
	longer := strings.Repeat("d/", 600) + "b.py"
	endless := strings.Repeat("e", 200) + strings.Repeat("/"+strings.Repeat("f", 200), 49)
	inPath := "keys/" + keyTwo + "/a.py"
	names := []string{"a\x1b[31m.py", "b\xff\xfe.py", "c\nd.py", "\u202egpj.py", "tab\there.py", `q"uote.py`, "-rf", "a b.py", "#", long, longer, endless, inPath}
	c := commit(0)
	for _, name := range names {
		c.Files[name] = holding(keyOne)
	}
	c.Author, c.Email = "Eve \x1b[2J\u202e "+keyTwo, "eve@shop.example"
	s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: newClones(t), Change: history(cart, c)}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	if c := s.state("repository"); c.State != inventory.Complete {
		t.Errorf("coverage = %s, want complete", coverageText(c))
	}
	all := s.locations()
	if len(all) != len(names) {
		t.Errorf("%d locations, want one for each of %d names", len(all), len(names))
	}
	var paths []string
	for _, l := range all {
		paths = append(paths, l.Path)
		for _, text := range []string{l.ID, l.Path, l.Author} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q of %q does not print", text, l.Path)
			}
			if strings.Contains(text, keyTwo) || len(text) > 3*(maxShownPath+200) {
				t.Errorf("%q is kept of a hostile name", text)
			}
		}
		if strings.Contains(l.Author, "@") {
			t.Errorf("author %q tells an address", l.Author)
		}
	}
	for _, want := range []string{`a\u001b[31m.py`, `b\xff\xfe.py`, `c\nd.py`, `\u202egpj.py`, `tab\there.py`, "keys/[secret]/a.py", "a b.py", "-rf"} {
		if !slices.Contains(paths, want) {
			t.Errorf("no location has the path %q; paths = %q", want, paths)
		}
	}
}

func TestAuthorName(t *testing.T) {
	for author, want := range map[string]string{
		"Ada <ada@shop.example>": "Ada", "<ada@shop.example>": "", "ada@shop.example <ada@shop.example>": "ada", "": "", "Ada": "Ada",
		"A <b> <c@d.example>": "A", "Ada L. Byron <x>": "Ada L. Byron",
	} {
		if got := authorName(author); got != want {
			t.Errorf("authorName(%q) = %q, want %q", author, got, want)
		}
	}
}

// Many findings are listed up to a bound, and that is said.
func TestRepositoryTooMany(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range 20_000 {
		fmt.Fprintf(&b, "k = \"sk_live_EXAMPLE%016x\"\n", r.Uint64())
	}
	git := newClones(t)
	scan := func() *scanned {
		return setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: git, Change: history(cart, commit(0, "a.py", b.String()))}.scan(t)
	}
	s := scan()
	if c := s.state("repository"); c.State != inventory.Partial || !strings.Contains(c.Reason, "more than 10000 secrets") {
		t.Errorf("coverage = %s, want partial with the bound", coverageText(c))
	}
	if n := len(s.locations()); n != maxMatches {
		t.Errorf("%d locations, want %d", n, maxMatches)
	}
	again := scan()
	if a, b := s.state("repository"), again.state("repository"); a != b || len(again.locations()) != maxMatches {
		t.Errorf("replayed: %s with %d locations, want %s", coverageText(b), len(again.locations()), coverageText(a))
	}
}

func TestPlacesAreBounded(t *testing.T) {
	p := &places{at: map[placeKey]*place{}}
	for i := range maxPlaces + 10 {
		p.add(gitrepo.Place{Path: fmt.Sprint(i)}, matches{All: []match{{Detector: "d", Fingerprint: "f"}}}, false)
	}
	p.add(gitrepo.Place{Path: "0"}, matches{All: []match{{Detector: "d", Fingerprint: "f", Line: 7}}}, true)
	if len(p.at) != maxPlaces || p.lost == "" {
		t.Errorf("%d places, lost %q; want %d and a reason", len(p.at), p.lost, maxPlaces)
	}
	if first := p.at[placeKey{"0", "f", 0}]; !first.head || first.match.Line != 7 {
		t.Errorf("a place that was listed before the bound is no longer kept up: %+v", first)
	}
}

// Binary contents are not searched, and neither are those that are too large to be source.
func TestRepositoryLargeAndBinary(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60 MB")
	}
	large := strings.Repeat("x = 1\n", maxBlob/6+1) + holding(keyTwo)
	s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: newClones(t),
		Change: history(cart, commit(0, "a.bin", "\x00\x01"+holding(keyOne), "big.py", large, "b.py", holding(keyOne)))}.scan(t)
	if got := s.places(t, keyOne, keyTwo); len(got) != 1 || got[0] != "file b.py:1 Ada 2026-01-01 value 1" {
		t.Errorf("locations = %q, want that of b.py alone", got)
	}
	if c := s.state("repository"); c.State != inventory.Partial || !strings.Contains(c.Reason, "larger than 50 MB") {
		t.Errorf("coverage = %s, want partial for the large content", coverageText(c))
	}
}

// searchSpoilt opens a repository that lost what spoil removes, and searches it.
func searchSpoilt(t *testing.T, spoil func(dir string)) (*places, string, error) {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=a@shop.example", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "--quiet", "--initial-branch=main")
	write("a.py", holding(keyOne))
	git("add", ".")
	git("commit", "--quiet", "-m", "one")
	write("b.py", holding(keyTwo))
	git("add", ".")
	git("commit", "--quiet", "-m", "two")
	spoil(dir)
	g, err := gitrepo.Find(context.Background(), gitrepo.Options{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	repo, err := g.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Engine: engine, Key: testKey(t), Contents: newClones(t).store}
	v := &Visit{Home: inventory.Home{ID: "h", Default: "main"}, Self: Self{Instance: testInstance}, run: &run{o: o, ctx: t.Context()}}
	return v.search(t.Context(), codeShelf, repo)
}

func TestSearchDamaged(t *testing.T) {
	object := func(dir, name string) string {
		out, err := exec.Command("git", "-C", dir, "rev-parse", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSpace(string(out))
		return filepath.Join(dir, ".git", "objects", id[:2], id[2:])
	}
	for name, tt := range map[string]struct {
		object string
		want   string
		found  int
	}{
		"a content":      {"main:a.py", "lacks 1 objects", 1},
		"the older tree": {"main~1^{tree}", "history could not be read", 2},
		"the root":       {"main~1", "history could not be read", 2},
		"nothing":        {"", "", 2},
	} {
		found, damage, err := searchSpoilt(t, func(dir string) {
			if tt.object != "" {
				if err := os.Remove(object(dir, tt.object)); err != nil {
					t.Fatal(err)
				}
			}
		})
		if err != nil {
			t.Errorf("without %s: %v", name, err)
			continue
		}
		if !strings.Contains(damage, tt.want) || (tt.want == "") != (damage == "") || len(found.at) != tt.found {
			t.Errorf("without %s: %d places, damage %q; want %d, %q", name, len(found.at), damage, tt.found, tt.want)
		}
	}
}

// A server that hangs ends with the context, and is no finished visit.
func TestRepositoryHangingServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	began := time.Now()
	s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: newClones(t), Change: gitForAll, Context: ctx,
		Options: gitlabtest.Options{Faults: []gitlabtest.Fault{{Kind: gitlabtest.Slow, Path: "/acme/shop/cart.git/**", Delay: 20 * time.Second}}}}.scan(t)
	if !errors.Is(s.Err, context.DeadlineExceeded) || time.Since(began) > 15*time.Second {
		t.Errorf("scan = %v after %s, want the deadline", s.Err, time.Since(began))
	}
	if c := s.state("repository"); c.State != "" {
		t.Errorf("a visit that was broken off is recorded: %s", coverageText(c))
	}
}

// The cache holds neither the token, nor values outside git's own objects.
func TestRepositoryCacheHoldsNoSecret(t *testing.T) {
	git := newClones(t)
	s := setup{Projects: []string{cart}, Sources: []Source{repositorySource, pipelineSource}, Git: git,
		Change: history(cart, commit(0, "a.py", holding(keyOne), ".gitlab-ci.yml", "a: {script: ['x "+keyTwo+"']}\n"))}.scan(t)
	if n := len(s.places(t)); n < 2 {
		t.Fatalf("%d locations, want those planted", n)
	}
	token := s.Server.Token("admin")
	marks := slices.Concat(disguises(token), disguises("oauth2:"+token), disguises(keyOne), disguises(keyTwo))
	err := filepath.WalkDir(git.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range marks {
			if bytes.Contains(text, []byte(m)) || strings.Contains(path, m) {
				t.Errorf("%s holds a secret", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		if strings.Contains(git.store.text(), m) {
			t.Error("the results by content hold a secret")
		}
	}
}

// disguises are forms in which a value could pass.
func disguises(value string) []string {
	v := []byte(value)
	return []string{value, base64.StdEncoding.EncodeToString(v)[:len(v)], base64.RawURLEncoding.EncodeToString(v)[:len(v)], hex.EncodeToString(v)}
}

// pieces are the disguises of a value and all parts of it from 8 characters, without its public beginning.
func pieces(value string) []string {
	out := disguises(value)
	body := strings.TrimPrefix(value, strings.TrimSuffix(secret.Hint(secret.New(value)), "…"))
	for i := 0; i+8 <= len(body); i++ {
		out = append(out, body[i:i+8])
	}
	return out
}

// No row, coverage or stored result tells a value, a part of one, or the line it stands on, wherever it is planted.
func TestNoRowTellsAValue(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			commits, values := planted(r)
			git := newClones(t)
			s := setup{Projects: []string{cart}, Sources: []Source{repositorySource, pipelineSource, linkSource}, Git: git, Change: func(w *gitlabtest.World) {
				history(cart, commits...)(w)
				projectOf(w, cart).CI = &gitlabtest.CIConfig{Denied: seed%2 == 1}
			}}.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			if n := len(s.locations()); n < len(commits) {
				t.Errorf("%d locations for %d commits: what was planted was not found", n, len(commits))
			}
			noneTold(t, git.store.text()+s.everything(), values)
		})
	}
}

// everything is the text of all rows and coverage.
func (s *scanned) everything() string {
	var b strings.Builder
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		fmt.Fprintln(&b, rowText(o))
	}
	for _, c := range s.list() {
		fmt.Fprintln(&b, coverageText(c))
	}
	return b.String()
}

func noneTold(t *testing.T, text string, values []string) {
	t.Helper()
	for _, v := range values {
		for _, p := range pieces(v) {
			if i := strings.Index(text, p); i >= 0 {
				t.Errorf("%q of the value %q is told: …%s…", p, v, text[max(0, i-200):min(len(text), i+60)])
				break
			}
		}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "CANARYLINE") {
			t.Errorf("a line with a value is told: %s", line)
		}
	}
}

// planted makes a history with values in all sorts of places, and lists the values.
func planted(r *rand.Rand) (commits []*gitlabtest.Commit, values []string) {
	fresh := func() string {
		kind := []struct {
			prefix string
			size   int
		}{{"sk_live_", 24}, {"npm_", 36}, {"glpat-", 20}, {"ghp_", 36}, {"AKIA", 16}}[r.IntN(5)]
		v := kind.prefix
		for range kind.size {
			v += string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[r.IntN(32)])
		}
		values = append(values, v)
		return v
	}
	v, w := fresh(), fresh()
	pipelines := []string{
		"deploy:\n  image: r.example/" + v + ":1\n  variables: {API_TOKEN: " + w + " }\n  environment: prod-" + v + "\n  tags: [" + v + "]\n  script: [CANARYLINE $API_TOKEN]\n",
		"\"" + v + "\":\n  id_tokens: {X: {aud: 'https://u:" + v + "@x.example'}, \"" + w + "\": {aud: b}}\n  script: [CANARYLINE]\n\"x " + v + "\": y\n\"x " + v + "\": z\n",
		"a: {script: ['" + v + "']}\n'" + v + ": *" + v + "\n",
		"include: [{local: " + v + "}]\nz:\n  extends: [" + v + "]\n  secrets: {\"" + w + "\": {vault: " + w + "}}\n  stage: " + v + "\n  script: ['" + w + "']\n",
	}
	files := [][]string{
		{"a.py", "CANARYLINE = 1; API_KEY = '" + fresh() + "'\n"},
		{".env", "CANARYLINE_TOKEN=" + fresh() + "\n"},
		{"keys/" + v + ".txt", "CANARYLINE token: " + v + "\n"},
		{"u.txt", "https://CANARYLINE:" + fresh() + "@db.shop.example/x\n"},
		{".gitlab-ci.yml", pipelines[r.IntN(len(pipelines))]},
	}
	for i, f := range files {
		c := commit(i, f...)
		c.Author = "Bob (" + fresh() + ")"
		commits = append(commits, c)
	}
	return commits, values
}
