package fix

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestEdits_diff holds that a patch applied gives what the edits give, wherever they fall.
func TestEdits_diff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b: c", "  - d", "", "é\t", "x\r"}), 1, 40).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		if rapid.Bool().Draw(t, "newline") {
			text += "\n"
		}
		if text == "" {
			return
		}
		var e edits
		at := 0
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			start := rapid.IntRange(at, len(text)).Draw(t, "start")
			if rapid.Bool().Draw(t, "at a line") {
				start = at + strings.IndexByte(text[at:]+"\n", '\n') + 1
			}
			if start > len(text) {
				break
			}
			if start == len(text) && strings.HasSuffix(text, "\n") {
				break // nothing goes in behind the last line
			}
			end := rapid.IntRange(start, min(len(text), start+9)).Draw(t, "end")
			e.add(start, end, rapid.SampledFrom([]string{"", "new\n", "n1\nn2\n", "within"}).Draw(t, "text"))
			at = end + 1
			if at > len(text) {
				break
			}
		}
		want, err := e.apply([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		patch := e.diff([]byte(text), "f.yml")
		if patch == "" {
			if string(want) != text {
				t.Fatalf("no patch from %q to %q", text, want)
			}
			return
		}
		got, err := applyPatch([]byte(text), patch)
		if err != nil || string(got) != string(want) {
			t.Fatalf("%q, %v; want %q\n%s", got, err, want, patch)
		}
	})
}

func TestQuoted(t *testing.T) {
	for name, want := range map[string]string{
		"a/.gitlab-ci.yml": "a/.gitlab-ci.yml", "a/ci pipe.yml": "a/ci pipe.yml\t", "a/q\"\\.yml": `"a/q\"\\.yml"`, "a/t\n.yml": `"a/t\012.yml"`,
	} {
		if got := quoted(name); got != want {
			t.Errorf("quoted(%q) = %q, want %q", name, got, want)
		}
	}
}
