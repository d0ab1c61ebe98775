package gitrepo

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func openCache(t testing.TB, dir string, max int64) *Cache {
	t.Helper()
	c, err := OpenCache(find(t), dir, max)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// texts mirrors r and returns the contents of its history.
func texts(t *testing.T, c *Cache, r Remote) map[string]Blob {
	t.Helper()
	repo, err := c.Mirror(t.Context(), r, nil)
	if err != nil {
		t.Fatalf("Mirror = %v", err)
	}
	g := walkAll(t, repo, WalkOptions{})
	if err := repo.Close(); err != nil {
		t.Fatal(err)
	}
	if !g.stats.Complete() {
		t.Errorf("Stats = %+v, want complete", g.stats)
	}
	return g.byText
}

func has(t *testing.T, have map[string]Blob, want ...string) {
	t.Helper()
	for _, text := range want {
		if _, ok := have[text]; !ok {
			t.Errorf("%q was not read", text)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d contents read, want %d", len(have), len(want))
	}
}

func TestMirrorFollowsTheRemote(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"f", "one"}}}))
	r := Remote{URL: "file://" + dir, Key: "demo/1"}
	c := openCache(t, filepath.Join(t.TempDir(), "cache"), 0)
	refs := func() string {
		t.Helper()
		digest, empty, err := c.Refs(t.Context(), r)
		if err != nil || empty || len(digest) != 64 {
			t.Fatalf("Refs = %q, %v, %v", digest, empty, err)
		}
		return digest
	}
	first := refs()
	has(t, texts(t, c, r), "one")
	if again := refs(); again != first {
		t.Error("Refs changed without a change")
	}
	imports(t, dir, stream(change{from: "refs/heads/main^0", files: [][2]string{{"f", "two"}}},
		change{branch: "refs/merge-requests/1/head", files: [][2]string{{"m", "three"}}}))
	if refs() == first {
		t.Error("Refs did not see new commits")
	}
	has(t, texts(t, c, r), "one", "two", "three")

	// A forced push and a deleted merge request: what no ref reaches is not read again.
	imports(t, dir, stream(change{branch: "refs/heads/new", files: [][2]string{{"f", "rewritten"}}}))
	sh(t, dir, "update-ref", "refs/heads/main", "refs/heads/new")
	sh(t, dir, "update-ref", "-d", "refs/heads/new")
	sh(t, dir, "update-ref", "-d", "refs/merge-requests/1/head")
	has(t, texts(t, c, r), "rewritten")

	// A ref that stands where a folder of refs was.
	sh(t, dir, "update-ref", "refs/heads/x/y", "main")
	has(t, texts(t, c, r), "rewritten")
	sh(t, dir, "update-ref", "-d", "refs/heads/x/y")
	sh(t, dir, "update-ref", "refs/heads/x", "main")
	has(t, texts(t, c, r), "rewritten")
}

func TestMirrorOfEmptyRepository(t *testing.T) {
	r := Remote{URL: "file://" + bare(t, "")}
	c := openCache(t, t.TempDir(), 0)
	if digest, empty, err := c.Refs(t.Context(), r); !empty || err != nil || digest == "" {
		t.Errorf("Refs = %q, %v, %v, want empty", digest, empty, err)
	}
	has(t, texts(t, c, r))
	has(t, texts(t, c, r))
}

func TestMirrorOddDefaultBranch(t *testing.T) {
	for _, head := range []string{"ref: refs/heads/nowhere\n", "detached"} {
		dir := bare(t, stream(change{files: [][2]string{{"f", "one"}}}))
		if head == "detached" {
			head = sh(t, dir, "rev-parse", "main") + "\n"
		}
		if err := os.WriteFile(filepath.Join(dir, "HEAD"), []byte(head), 0o600); err != nil {
			t.Fatal(err)
		}
		has(t, texts(t, openCache(t, t.TempDir(), 0), Remote{URL: "file://" + dir}), "one")
	}
}

func TestMirrorIsMadeAnew(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"f", "one"}}}, change{files: [][2]string{{"f", "two"}}}))
	r := Remote{URL: "file://" + dir}
	damage := map[string]func(t *testing.T, mirror string) error{
		"packs_gone":  func(_ *testing.T, m string) error { return os.RemoveAll(filepath.Join(m, "objects")) },
		"head_gone":   func(_ *testing.T, m string) error { return os.Remove(filepath.Join(m, "HEAD")) },
		"folder_gone": func(_ *testing.T, m string) error { return os.RemoveAll(m) },
		"config_wrong": func(_ *testing.T, m string) error {
			return os.WriteFile(filepath.Join(m, "config"), []byte("[core"), 0o600)
		},
		"refs_wrong": func(_ *testing.T, m string) error {
			return os.WriteFile(filepath.Join(m, "packed-refs"), []byte(strings.Repeat("ab", 20)+" refs/heads/main\n"), 0o600)
		},
		"clone_broken_off": func(_ *testing.T, m string) error {
			return errors.Join(os.Truncate(strings.TrimSuffix(m, repoExt)+lockExt, 0), os.RemoveAll(filepath.Join(m, "refs")))
		},
		"leftover_of_a_killed_clone": func(t *testing.T, m string) error {
			return errors.Join(os.Truncate(strings.TrimSuffix(m, repoExt)+lockExt, 0), os.MkdirAll(strings.TrimSuffix(m, repoExt)+freshExt+"/objects/pack", 0o700))
		},
		"locks_left": func(_ *testing.T, m string) error {
			return os.WriteFile(filepath.Join(m, "packed-refs.lock"), nil, 0o600)
		},
	}
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			c := openCache(t, t.TempDir(), 0)
			has(t, texts(t, c, r), "one", "two")
			mirrors, _ := filepath.Glob(filepath.Join(c.dir, "*"+repoExt))
			if len(mirrors) != 1 {
				t.Fatalf("mirrors: %q", mirrors)
			}
			if err := harm(t, mirrors[0]); err != nil {
				t.Fatal(err)
			}
			imports(t, dir, "reset refs/heads/other\nfrom refs/heads/main\n\n")
			has(t, texts(t, c, r), "one", "two")
			imports(t, dir, "reset refs/heads/other\nfrom 0000000000000000000000000000000000000000\n\n")
		})
	}
}

// A blob that rots in the mirror shows only when it is read; the mirror after that is a new one.
func TestMirrorThatRottedIsMadeAnew(t *testing.T) {
	r := Remote{URL: "file://" + bare(t, stream(change{files: [][2]string{{"f", "one"}, {"g", "two"}}}))}
	c := openCache(t, t.TempDir(), 0)
	repo, err := c.Mirror(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, repo.dir)
	if err := os.Remove(object(repo.dir, shIn(t, repo.dir, "one", "hash-object", "--stdin"))); err != nil {
		t.Fatal(err)
	}
	if g := walkAll(t, repo, WalkOptions{}); g.stats.Missing != 1 {
		t.Errorf("Stats = %+v, want one missing", g.stats)
	}
	if err := repo.Close(); err != nil {
		t.Fatal(err)
	}
	has(t, texts(t, c, r), "one", "two")
}

// A history that fails git's own check is read nonetheless.
func TestMirrorOfMalformedHistory(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"f", "one"}}}))
	raw := strings.Replace(sh(t, dir, "cat-file", "commit", "main"), " <ada@shop.example> 17", "<ada@shop.example> 017", 1)
	id := shIn(t, dir, raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
	sh(t, dir, "update-ref", "refs/heads/main", id)
	c := openCache(t, t.TempDir(), 0)
	has(t, texts(t, c, Remote{URL: "file://" + dir}), "one")
	imports(t, dir, stream(change{branch: "refs/heads/n", files: [][2]string{{"f", "two"}}}))
	has(t, texts(t, c, Remote{URL: "file://" + dir}), "one", "two")
}

func TestMirrorPacksAreMadeOne(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"f", "start"}}}))
	r := Remote{URL: "file://" + dir, Key: "k"}
	c := openCache(t, filepath.Join(t.TempDir(), "[odd] *"), 0)
	repo, err := c.Mirror(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	mirror := repo.dir
	if err := repo.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range manyPacks {
		// A fetch for each pack would take long.
		shIn(t, mirror, shIn(t, mirror, strings.Repeat("y", i+1), "hash-object", "-w", "--stdin")+"\n", "pack-objects", "-q", "objects/pack/pack")
	}
	has(t, texts(t, c, r), "start")
	left, err := os.ReadDir(packs(mirror))
	if err != nil || len(left) > 4 { // pack, idx, rev, bitmap
		t.Errorf("%d files among the packs after the fetch, %v, want those of one pack", len(left), err)
	}
}

func TestMirrorSizeBound(t *testing.T) {
	noise := func(n int) string {
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(token(t))
		}
		return b.String()
	}
	dir := bare(t, stream(change{files: [][2]string{{"f", noise(400_000)}}}))
	r := Remote{URL: "file://" + dir}
	c := openCache(t, t.TempDir(), 100_000)
	if _, err := c.Mirror(t.Context(), r, nil); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("Mirror = %v, want ErrTooLarge", err)
	}
	if size := folderSize(c.dir); size > 1000 {
		t.Errorf("%d bytes left behind", size)
	}

	c = openCache(t, t.TempDir(), 700_000)
	var last int64
	repo, err := c.Mirror(t.Context(), r, func(n int64) { last = n })
	if err != nil {
		t.Fatal(err)
	}
	if last < 150_000 {
		t.Errorf("progress told %d bytes of about 250,000", last)
	}
	if err := repo.Close(); err != nil {
		t.Fatal(err)
	}
	imports(t, dir, stream(change{files: [][2]string{{"f", noise(1_500_000)}}}))
	if _, err := c.Mirror(t.Context(), r, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Mirror that outgrows the cache = %v, want ErrTooLarge", err)
	}
	if size := folderSize(c.dir); size > 700_000 {
		t.Errorf("%d bytes left behind", size)
	}
}

func TestCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	var remotes []Remote
	for range 3 {
		remotes = append(remotes, Remote{URL: "file://" + bare(t, stream(change{files: [][2]string{{"f", token(t)}}}))})
	}
	dir := t.TempDir()
	c := openCache(t, dir, 0)
	for _, r := range remotes {
		texts(t, c, r)
		time.Sleep(10 * time.Millisecond) // the system's file times tick this slowly
	}
	texts(t, c, remotes[0])
	size := folderSize(dir) / 3
	c = openCache(t, dir, size*2+size/2)
	left := func() (n int) {
		mirrors, _ := filepath.Glob(filepath.Join(dir, "*"+repoExt))
		return len(mirrors)
	}
	if left() != 2 {
		t.Fatalf("%d mirrors left, want 2", left())
	}
	// One in use stays, even when it is the oldest.
	held, err := c.Mirror(t.Context(), remotes[2], nil)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	texts(t, c, remotes[1])
	if _, err := os.Stat(held.dir); err != nil || left() != 2 {
		t.Errorf("%d mirrors left, the one in use: %v", left(), err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenCache(t *testing.T) {
	g := find(t)
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if _, err := OpenCache(g, dir, 0); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("cache folder: %v, %v, want mode 0700", info.Mode(), err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(g, full, 0); err == nil || !strings.Contains(err.Error(), "not a cache") {
		t.Errorf("OpenCache of a folder in use = %v", err)
	}
}

// Jobs that start together make their cache together.
func TestOpenCacheAtOnce(t *testing.T) {
	g := find(t)
	for range 200 {
		dir := filepath.Join(t.TempDir(), "cache")
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if _, err := OpenCache(g, dir, 0); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	}
}

func TestMirrorWaitsForItsLock(t *testing.T) {
	r := Remote{URL: "file://" + bare(t, stream(change{files: [][2]string{{"f", "one"}}}))}
	dir := t.TempDir()
	held, err := openCache(t, dir, 0).Mirror(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := openCache(t, dir, 0).Mirror(ctx, r, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Mirror of a mirror in use = %v, want the deadline", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	texts(t, openCache(t, dir, 0), r)
}

// Two processes, on one cache that has room for one mirror, get what they ask for every time.
func TestTwoProcessesOneCache(t *testing.T) {
	if dir := os.Getenv("GITREPO_TEST_CACHE"); dir != "" {
		for range 8 {
			for _, url := range strings.Fields(os.Getenv("GITREPO_TEST_URLS")) {
				texts(t, openCache(t, dir, 40_000), Remote{URL: url})
			}
		}
		return
	}
	var urls []string
	for range 2 {
		urls = append(urls, "file://"+bare(t, tinyCommits(20)))
	}
	dir := t.TempDir()
	var runs []*exec.Cmd
	for range 2 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTwoProcessesOneCache$", "-test.count=1")
		cmd.Env = append(os.Environ(), "GITREPO_TEST_CACHE="+dir, "GITREPO_TEST_URLS="+strings.Join(urls, " "))
		cmd.Stdout = &tail{}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, cmd)
	}
	for _, cmd := range runs {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, cmd.Stdout.(*tail).kept)
		}
	}
}
