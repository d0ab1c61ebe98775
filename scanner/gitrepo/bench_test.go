package gitrepo

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// growingFiles is the stream of n commits that each change a line of one of 40 files of about 20 KB.
func growingFiles(n int) string {
	files := make([][]string, 40)
	for i := range files {
		for j := range 400 {
			files[i] = append(files[i], fmt.Sprintf("file %d line %d holds some ordinary text\n", i, j))
		}
	}
	var b strings.Builder
	for i := range n {
		f := files[i%len(files)]
		f[(i*7)%len(f)] = fmt.Sprintf("changed in commit %d to something else\n", i)
		text := strings.Join(f, "")
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter Ada <ada@shop.example> %d +0000\ndata 1\nm\nM 100644 inline src/dir%d/f%d\ndata %d\n%s\n",
			1700000000+i, i%7, i%len(files), len(text), text)
	}
	return b.String()
}

// BenchmarkWalk compares a walk with git reading every object to nowhere, which no reader can beat by much.
func BenchmarkWalk(b *testing.B) {
	for _, repo := range []struct {
		name   string
		stream func(int) string
		n      int
	}{{"commits=5000", growingFiles, 5000}, {"commits=10000-tiny", tinyCommits, 10_000}} {
		dir := bare(b, repo.stream(repo.n))
		runtime.GC()
		sh(b, dir, "repack", "-adq")
		b.Run(repo.name+"/walk", func(b *testing.B) { benchmarkWalk(b, dir) })
		b.Run(repo.name+"/cat-file", func(b *testing.B) { benchmarkCatFile(b, dir) })
	}
}

func benchmarkWalk(b *testing.B, dir string) {
	r := open(b, dir)
	var peak uint64
	var bytes int64
	for b.Loop() {
		n := 0
		stats, err := r.Walk(b.Context(), WalkOptions{}, func(Blob) error {
			if n++; n%1000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
			return nil
		})
		if err != nil || !stats.Complete() {
			b.Fatalf("Walk = %+v, %v", stats, err)
		}
		bytes = stats.Bytes
	}
	b.SetBytes(bytes)
	b.ReportMetric(float64(peak)/(1<<20), "MB-heap")
}

func benchmarkCatFile(b *testing.B, dir string) {
	for b.Loop() {
		cmd := exec.Command("git", "cat-file", "--batch-all-objects", "--batch", "--buffer", "--unordered")
		cmd.Dir = dir
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// However many contents there are, memory holds one of them, and a content over the limit is not read at all.
func TestWalkHoldsOneContent(t *testing.T) {
	const size, count = 4 << 20, 16
	line := strings.Repeat("an ordinary line of text\n", size/25)
	var s strings.Builder
	for i := range count {
		text := fmt.Sprintf("%d %s", i, line)
		fmt.Fprintf(&s, "commit refs/heads/main\ncommitter Ada <ada@shop.example> 1700000000 +0000\ndata 1\nm\nM 100644 inline f%d\ndata %d\n%s\n", i%3, len(text), text)
	}
	huge := strings.Repeat("x", 100<<20)
	fmt.Fprintf(&s, "commit refs/heads/main\ncommitter Ada <ada@shop.example> 1700000000 +0000\ndata 1\nm\nM 100644 inline huge\ndata %d\n%s\n", len(huge), huge)
	dir := filepath.Join(t.TempDir(), "r.git")
	sh(t, t.TempDir(), "init", "-q", "--bare", dir)
	sh(t, dir, "config", "pack.compression", "1")
	sh(t, dir, "config", "pack.depth", "0")
	imports(t, dir, s.String())
	s.Reset()
	huge, line = "", ""
	runtime.GC()

	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	start := time.Now()
	stats, err := open(t, dir).Walk(t.Context(), WalkOptions{}, func(b Blob) error {
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc)
		return nil
	})
	if err != nil || stats.Blobs != count+1 || stats.Skipped != 1 || stats.Bytes < count*(size-100) {
		t.Fatalf("Walk = %+v, %v", stats, err)
	}
	grown := int64(peak) - int64(before.HeapAlloc) //nolint:gosec // far below
	t.Logf("%d MB read in %v, heap grew by %d MB", stats.Bytes>>20, time.Since(start).Round(time.Millisecond), grown>>20)
	if grown > 4*size {
		t.Errorf("heap grew by %d bytes over contents of %d", grown, size)
	}
}
