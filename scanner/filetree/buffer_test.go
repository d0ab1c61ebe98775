package filetree

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Contents stay what they are while others are given back and read: each is looked at when four more have been read.
func TestRelease(t *testing.T) {
	dir, want := t.TempDir(), map[string][]byte{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		size := []int{0, 1, r.IntN(600), sniffed - 1, sniffed, sniffed + 1, r.IntN(1 << 20), wholePart, 2*partSize + 5}[i%9]
		text := bytes.Repeat([]byte{byte('a' + r.IntN(26))}, size)
		name := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		want[filepath.ToSlash(name)] = text
	}
	var held []Content
	check := func() {
		c := held[0]
		held = held[1:]
		text, whole := c.Bytes[c.From:c.To], want[c.Path]
		if !bytes.Equal(text, whole[:min(len(whole), len(text))]) {
			t.Errorf("a part of %d bytes of a file of %d bytes has changed", len(text), len(whole))
		}
		want[c.Path] = whole[min(len(whole), len(text)):]
		c.Release()
	}
	for c := range Walk(t.Context(), []string{dir}, Options{}) {
		if c.Skipped != "" {
			t.Fatalf("%s: %s", c.Path, c.Skipped)
		}
		if held = append(held, c); len(held) > 4 {
			check()
		}
	}
	for len(held) > 0 {
		check()
	}
	for name, left := range want {
		if len(left) > 0 {
			t.Errorf("%d bytes of %s were not read", len(left), name)
		}
	}
}

// A tree of small files is read in a few buffers.
func TestBuffersAreUsedAgain(t *testing.T) {
	var b buffers
	first := b.take(5000)
	kept := &first[:1][0]
	b.give(first)
	made := 0
	for range 100 {
		buf := b.take(4097)
		if &buf[:1][0] != kept { // the race detector and the garbage collector let some go
			made, kept = made+1, &buf[:1][0]
		}
		b.give(buf)
	}
	if made > 60 {
		t.Errorf("%d of 100 buffers were made, want nearly none", made)
	}
}
