package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFitHelp(t *testing.T) {
	for _, width := range []int{72, 80, 200} {
		for _, name := range []string{"", "detect", "gate", "scan", "report", "fix", "workloads"} {
			var out bytes.Buffer
			root := newRoot(&app{stdout: &out, stderr: &out})
			fitHelp(root, width)
			root.SetOut(&out)
			root.SetArgs(strings.Fields(name + " --help"))
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			text, _, _ := strings.Cut(out.String(), "Examples:")
			_, flags, _ := strings.Cut(out.String(), "\nFlags:")
			for line := range strings.Lines(text + flags) {
				if line = strings.TrimSuffix(line, "\n"); len([]rune(line)) > width {
					t.Errorf("%s --help in %d columns has a line of %d: %q", name, width, len([]rune(line)), line)
				}
			}
		}
	}
}

func TestBroken(t *testing.T) {
	const text = "one two three\nfour\n\nshort\nlines"
	if got, want := broken(text, 8), "one two\nthree\nfour\n\nshort\nlines"; got != want {
		t.Errorf("broken = %q, want %q", got, want)
	}
}
