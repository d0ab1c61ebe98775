package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nhiscan/report"
)

// opaque is a value that no detector knows by its form: what stands beside it tells what it is.
func opaque(seed uint64) string {
	const digits = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	r := rand.New(rand.NewPCG(seed, 3))
	b := make([]byte, 24)
	for i := range b {
		b[i] = digits[r.IntN(len(digits))]
	}
	return string(b)
}

// detected runs detect and returns path:line of every finding, and the paths that a reason names.
func detected(t *testing.T, stdin []byte, args ...string) (places []string, text string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), &app{args: append([]string{"detect", "--format", "json"}, args...), stdin: bytes.NewReader(stdin), stdout: &out, stderr: &errs, now: time.Now,
		env: []string{"PATH=" + os.Getenv("PATH")}}); code != 0 {
		t.Fatalf("exit status %d: %s", code, errs.String())
	}
	var doc struct {
		Findings []struct {
			Path string
			Line int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, f := range doc.Findings {
		places = append(places, fmt.Sprintf("%s:%d", filepath.Base(f.Path), f.Line))
	}
	return places, out.String()
}

// TestFurtherPlaces lists a value wherever it stands, not only where something tells that it is one.
func TestFurtherPlaces(t *testing.T) {
	dir := t.TempDir()
	value := opaque(1)
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, _ := z.Create("d.txt")
	fmt.Fprintf(w, "%s\n", value)
	_ = z.Close()
	for name, text := range map[string]string{
		"a.md":   "# how to\n\nType " + value + " when you are asked.\n",
		"b.env":  "DB_PASSWORD=\"" + value + "\"\nDB_USER=app\n# was " + value + "\n",
		"c.log":  "with " + value + "x and " + value[1:] + "\n",
		"d.zip":  packed.String(),
		"go.sum": value + "\n", // never searched
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"a.md:3", "b.env:1", "b.env:3", "d.txt:1"}
	got, text := detected(t, nil, dir)
	if !slices.Equal(got, want) {
		t.Errorf("places %q, want %q", got, want)
	}
	if strings.Contains(text, value) || strings.Count(text, "the value that ") != 3 || !strings.Contains(text, "b.env, line 1") {
		t.Errorf("the output holds a value, or lacks why: %s", text)
	}
	if got, _ := detected(t, []byte("DB_PASSWORD=\""+value+"\"\nType "+value+" here\n"), "-"); !slices.Equal(got, []string{"-:1", "-:2"}) {
		t.Errorf("places in standard input %q", got)
	}
}

// TestOver holds the search among sorted findings against a look at each.
func TestOver(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		place := rapid.Custom(func(r *rapid.T) report.Finding {
			line, column := rapid.IntRange(1, 4).Draw(r, "line"), rapid.IntRange(1, 9).Draw(r, "column")
			lines, columns := rapid.IntRange(0, 2).Draw(r, "lines"), rapid.IntRange(0, 9).Draw(r, "columns")
			if lines == 0 {
				columns += column
			}
			return report.Finding{Path: "a", Line: line, Column: column, EndLine: line + lines, EndColumn: columns}
		})
		all, f := rapid.SliceOf(place).Draw(r, "all"), place.Draw(r, "f")
		var want []int
		for i, x := range all {
			if begin(x).compare(end(f)) < 0 && begin(f).compare(end(x)) < 0 {
				want = append(want, i)
			}
		}
		if got := slices.Sorted(slices.Values(over(byPath(all)["a"], f))); !slices.Equal(got, want) {
			r.Errorf("over(%v, %v) = %v, want %v", all, f, got, want)
		}
	})
}
