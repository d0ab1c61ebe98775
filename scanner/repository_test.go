package scanner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitlabtest"
)

// Values that rules of the catalogue find: no account has them.
var (
	keyOne = "sk_live_" + "EXAMPLEEXAMPLE1111qwer"
	keyTwo = "sk_live_" + "EXAMPLEEXAMPLE2222asdf"
)

func holding(value string) string { return "PAYMENT_KEY = \"" + value + "\"\n" }

func TestRepositoryGolden(t *testing.T) {
	goldenFrom(t, "repository", setup{Git: &clones{}, Change: gitForAll}, repositorySource)
}

// places scans one repository and lists its locations as "surface path:line author date value".
func (s *scanned) places(t *testing.T, values ...string) []string {
	t.Helper()
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	names := map[string]string{"": "(no fingerprint)"}
	for i, v := range values {
		names[testKey(t).Fingerprint(secret.New(v))] = fmt.Sprint("value ", i+1)
	}
	var lines []string
	for _, l := range s.locations() {
		lines = append(lines, fmt.Sprintf("%s %s:%d %s %s %s", l.Surface, l.Path, l.Line, l.Author, l.At.String()[:min(10, len(l.At.String()))], names[l.Fingerprint]))
	}
	return lines
}

func (s *scanned) locations() []inventory.Location {
	var all []inventory.Location
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if l, ok := o.(inventory.Location); ok {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b inventory.Location) int {
		return cmp.Or(cmp.Compare(a.Home, b.Home), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
	return all
}

func (s *scanned) state(source string) inventory.Coverage {
	for _, c := range s.list() {
		if c.Source == source {
			return c
		}
	}
	return inventory.Coverage{}
}

func TestRepositoryFinds(t *testing.T) {
	one, two := holding(keyOne), holding(keyTwo)
	by := func(name string, c *gitlabtest.Commit) *gitlabtest.Commit {
		c.Author = name
		return c
	}
	deleted := func(mr int, c *gitlabtest.Commit) *gitlabtest.Commit {
		c.MergeRequest, c.DeleteBranch = mr, true
		return c
	}
	merging := func(branch string, c *gitlabtest.Commit) *gitlabtest.Commit {
		c.Merge = []string{branch}
		return c
	}
	tests := []struct {
		name    string
		commits []*gitlabtest.Commit
		want    []string
	}{
		{"at_the_head", []*gitlabtest.Commit{commit(0, "a.py", "x = 1\n"+one)}, []string{"file a.py:2 Ada 2026-01-01 value 1"}},
		{"in_the_pipeline_configuration", []*gitlabtest.Commit{commit(0, ".gitlab-ci.yml", "variables:\n  PAYMENT_KEY: "+keyOne+"\n")},
			[]string{"ci .gitlab-ci.yml:2 Ada 2026-01-01 value 1"}},
		{"in_history_only", []*gitlabtest.Commit{commit(0, "a.py", one), by("Bob", commit(1, "a.py", "x = 1\n"))},
			[]string{"history a.py:1 Ada 2026-01-01 value 1"}},
		{"a_deleted_file", []*gitlabtest.Commit{commit(0, "a.py", one), commit(1, "a.py", "")}, []string{"history a.py:1 Ada 2026-01-01 value 1"}},
		{"a_branch_that_only_a_merge_request_holds", []*gitlabtest.Commit{commit(0, "r", "x"), deleted(3, on("spike", by("Bob", commit(1, "a.py", one))))},
			[]string{"history a.py:1 Bob 2026-01-02 value 1"}},
		{"another_branch_is_no_head", []*gitlabtest.Commit{commit(0, "r", "x"), on("dev", commit(1, "a.py", one))}, []string{"history a.py:1 Ada 2026-01-02 value 1"}},
		{"what_a_merge_adds_itself", []*gitlabtest.Commit{commit(0, "r", "x"), on("dev", commit(1, "b", "y")), merging("dev", by("Bob", commit(2, "a.py", one)))},
			[]string{"file a.py:1 Bob 2026-01-03 value 1"}},
		{"one_content_at_two_paths", []*gitlabtest.Commit{commit(0, "a.py", one), by("Bob", commit(1, "b.py", one))},
			[]string{"file a.py:1 Ada 2026-01-01 value 1", "file b.py:1 Bob 2026-01-02 value 1"}},
		{"a_moved_file", []*gitlabtest.Commit{commit(0, "a.py", one), by("Bob", commit(1, "a.py", "", "b.py", one))},
			[]string{"history a.py:1 Ada 2026-01-01 value 1", "file b.py:1 Bob 2026-01-02 value 1"}},
		{"removed_and_added_again", []*gitlabtest.Commit{commit(0, "a.py", one), commit(1, "a.py", "x = 1\n"), by("Bob", commit(2, "a.py", "x = 2\n"+one))},
			[]string{"file a.py:2 Ada 2026-01-01 value 1"}},
		{"moved_down_in_the_file", []*gitlabtest.Commit{commit(0, "a.py", one), by("Bob", commit(1, "a.py", "# why\n\n"+one))},
			[]string{"file a.py:3 Ada 2026-01-01 value 1"}},
		{"twice_in_one_file", []*gitlabtest.Commit{commit(0, "a.py", one+"\n"+one)}, []string{"file a.py:1 Ada 2026-01-01 value 1"}},
		{"replaced_by_another_value", []*gitlabtest.Commit{commit(0, "a.py", one), by("Bob", commit(1, "a.py", two))},
			[]string{"history a.py:1 Ada 2026-01-01 value 1", "file a.py:1 Bob 2026-01-02 value 2"}},
		{"the_older_commit_tells_although_another_content_came_first", []*gitlabtest.Commit{
			commit(0, "z.py", one), by("Bob", commit(1, "a.py", "y = 1\n"+one)), by("Eve", commit(2, "a.py", one)),
		}, []string{"file a.py:1 Bob 2026-01-02 value 1", "file z.py:1 Ada 2026-01-01 value 1"}},
		{"author_dates_that_lie_accuse_nobody", []*gitlabtest.Commit{commit(5, "a.py", one), by("Bob", commit(1, "a.py", "y = 1\n"+one))},
			[]string{"file a.py:2 Ada 2026-01-06 value 1"}},
		{"too_short_for_a_fingerprint", []*gitlabtest.Commit{commit(0, ".env", "DB_PASSWORD=Xk3pQ7\n")},
			[]string{"file .env:1 Ada 2026-01-01 (no fingerprint)"}},
		{"what_is_skipped_by_its_path", []*gitlabtest.Commit{commit(0, "package-lock.json", one)}, nil},
		{"nothing", []*gitlabtest.Commit{commit(0, "a.py", "x = 1\n")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: newClones(t), Change: history(cart, tt.commits...)}.scan(t)
			if diff := gocmp.Diff(tt.want, s.places(t, keyOne, keyTwo)); diff != "" {
				t.Errorf("locations differ (-want +got):\n%s", diff)
			}
			if c := s.state("repository"); c.State != inventory.Complete {
				t.Errorf("coverage = %s, want complete", coverageText(c))
			}
		})
	}
}

// A configuration elsewhere in the project is the one that counts.
func TestRepositoryConfigPath(t *testing.T) {
	for setting, want := range map[string]string{
		"ci/main.yml": "ci ci/main.yml:1 Ada 2026-01-01 value 1", "": "file ci/main.yml:1 Ada 2026-01-01 value 1",
		"ci/main.yml@acme/other": "file ci/main.yml:1 Ada 2026-01-01 value 1",
	} {
		s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: newClones(t), Change: func(w *gitlabtest.World) {
			history(cart, commit(0, "ci/main.yml", "PAYMENT_KEY: "+keyOne+"\n"))(w)
			projectOf(w, cart).CI = &gitlabtest.CIConfig{Path: setting}
		}}.scan(t)
		if diff := gocmp.Diff([]string{want}, s.places(t, keyOne)); diff != "" {
			t.Errorf("with ci_config_path %q (-want +got):\n%s", setting, diff)
		}
	}
}

// Forks hold the same contents: every place is listed, and each content matched once.
func TestRepositoryForks(t *testing.T) {
	const fork = "mark/cart"
	commits := []*gitlabtest.Commit{commit(0, "a.py", holding(keyOne)), commit(1, "b.py", "x = 1\n", "c/a.py", holding(keyOne))}
	git := newClones(t)
	s := setup{Projects: []string{cart, fork}, Sources: []Source{repositorySource}, Git: git, Workers: 8, Change: func(w *gitlabtest.World) {
		history(cart, commits...)(w)
		history(fork, append(slices.Clone(commits), commit(2, "own.py", holding(keyTwo)))...)(w)
	}}.scan(t)
	want := []string{
		"file a.py:1 Ada 2026-01-01 value 1", "file c/a.py:1 Ada 2026-01-02 value 1",
		"file a.py:1 Ada 2026-01-01 value 1", "file c/a.py:1 Ada 2026-01-02 value 1", "file own.py:1 Ada 2026-01-03 value 2",
	}
	if diff := gocmp.Diff(want, s.places(t, keyOne, keyTwo)); diff != "" {
		t.Errorf("locations differ (-want +got):\n%s", diff)
	}
	if n := git.store.matched(); n != 3 || git.store.again != 0 {
		t.Errorf("%d contents were matched, %d of them again; want 3, 0", n, git.store.again)
	}
}

// gitRequests counts what git asked the server for.
func gitRequests(s *scanned) map[string]int {
	n := map[string]int{}
	for _, r := range s.Server.Requests() {
		if _, what, ok := strings.Cut(r.Path, ".git/"); ok {
			n[what]++
		}
	}
	return n
}

// What grows keeps its IDs; an unchanged repository costs one look at its refs; other rules or another head cost a reading.
func TestRepositoryAgain(t *testing.T) {
	git := newClones(t)
	ids := map[string]string{}
	scan := func(change func(*Options), commits ...*gitlabtest.Commit) *scanned {
		s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: git, Change: history(cart, commits...), Run: change}.scan(t)
		for _, l := range s.locations() {
			ids[l.Path+" "+l.Surface] = l.ID
		}
		return s
	}
	first := []*gitlabtest.Commit{commit(0, "a.py", holding(keyOne), "b.py", "x"), commit(1, "b.py", "DB_PASSWORD = \"Xk3pQ7\"\n")}
	before := scan(nil, first...)
	if n := git.store.matched(); n != 3 {
		t.Fatalf("%d contents were matched, want 3", n)
	}
	same := scan(nil, first...)
	if diff := gocmp.Diff(map[string]int{"info/refs": 1, "git-upload-pack": 1}, gitRequests(same)); diff != "" {
		t.Errorf("an unchanged repository (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(before.text([]Source{repositorySource}), same.text([]Source{repositorySource})); diff != "" {
		t.Errorf("an unchanged repository gives other rows (-first +second):\n%s", diff)
	}
	grown := append(slices.Clone(first), commit(2, "a.py", "x = 1\n", "b.py", "#\n#\nDB_PASSWORD = \"Xk3pQ7\"\n"))
	after := scan(nil, grown...)
	want := []string{"history a.py:1 Ada 2026-01-01 value 1", "file b.py:3 Ada 2026-01-02 (no fingerprint)"}
	if diff := gocmp.Diff(want, after.places(t, keyOne)); diff != "" {
		t.Errorf("after a third commit (-want +got):\n%s", diff)
	}
	if ids["a.py file"] != ids["a.py history"] {
		t.Errorf("the location's ID was %s and became %s when the value left the head", ids["a.py file"], ids["a.py history"])
	}
	if len(ids) != 3 {
		t.Errorf("IDs = %v, want those of a.py and b.py", ids)
	}
	if n := git.store.matched(); n != 2 {
		t.Errorf("after a third commit %d contents were matched, want its 2", n)
	}
	other, err := secret.ParseKey(strings.Repeat("1e", 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"another fingerprint key": func(o *Options) { o.Key = other },
		"other detectors":         func(o *Options) { o.Engine = otherEngine(t) },
	} {
		scan(change, grown...)
		if n := git.store.matched(); n != 5 {
			t.Errorf("with %s %d contents were matched, want all 5", name, n)
		}
	}
	moved := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: git, Change: func(w *gitlabtest.World) {
		history(cart, append(slices.Clone(grown), on("next", commit(3, "a.py", holding(keyOne))))...)(w)
		projectOf(w, cart).Repository.DefaultBranch = "main"
	}}.scan(t)
	if got := moved.places(t, keyOne); got[0] != "history a.py:1 Ada 2026-01-01 value 1" {
		t.Errorf("a.py = %s, want it in history: the head is main", got[0])
	}
}

// Each way in which a repository is kept from being read says so.
func TestRepositoryDenied(t *testing.T) {
	tests := []struct {
		name  string
		setup setup
		state inventory.State
		has   string // of the reason
	}{
		{"no_cache", setup{}, inventory.NotAsked, "--history none"},
		{"a_token_without_the_scope", setup{Git: newClones(t), Role: "project-bot"}, inventory.Denied, "read_repository"},
		{"a_token_whose_scopes_are_not_told", setup{Git: newClones(t), Role: "project-bot", Run: func(o *Options) { o.Self.Token.Scope = "" }},
			inventory.Denied, "read_repository"},
		{"public_code_needs_no_scope", setup{Git: newClones(t), Role: "project-bot", Change: func(w *gitlabtest.World) { projectOf(w, cart).Visibility = "public" }},
			inventory.Complete, ""},
		{"an_empty_repository", setup{Git: newClones(t), Change: history(cart)}, inventory.Complete, ""},
		{"no_repository", setup{Git: newClones(t), Change: func(w *gitlabtest.World) { gitForAll(w); projectOf(w, cart).Repository = nil }}, inventory.Complete, ""},
		{"gone_meanwhile", setup{Git: newClones(t), Options: gitlabtest.Options{
			Faults: []gitlabtest.Fault{{Kind: gitlabtest.DeleteProject, Path: "/acme/shop/cart.git/**", Target: cart}},
		}}, inventory.Denied, "hidden from this token"},
		{"a_server_that_fails", setup{Git: newClones(t), Options: gitlabtest.Options{
			Faults: []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Path: "/acme/shop/cart.git/**"}},
		}}, inventory.Failed, "500"},
		{"a_redirect_elsewhere", setup{Git: newClones(t), Options: gitlabtest.Options{
			Faults: []gitlabtest.Fault{{Kind: gitlabtest.Elsewhere, Path: "/acme/shop/cart.git/**", Target: "https://evil.example/x.git"}},
		}}, inventory.Failed, "redirect"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.setup.Change == nil {
				tt.setup.Change = gitForAll
			}
			tt.setup.Projects, tt.setup.Sources = []string{cart}, []Source{repositorySource}
			s := tt.setup.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			if c := s.state("repository"); c.State != tt.state || !strings.Contains(c.Reason, tt.has) {
				t.Errorf("coverage = %s, want %s with %q", coverageText(c), tt.state, tt.has)
			}
		})
	}
}

// otherEngine is one whose rules differ.
func otherEngine(t *testing.T) *detect.Engine {
	t.Helper()
	e, err := detect.New(detect.Options{TokenPrefixes: []string{"acme-"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
