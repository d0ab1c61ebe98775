package detect

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestScan_decodes(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	token := "glpat-" + random(r, alnum, 20)
	text := "url: x\ntoken: " + token + "\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(text))
	z.Close()
	base := base64.StdEncoding.EncodeToString
	escapes := ""
	for _, c := range token {
		escapes += `\u00` + hex.EncodeToString([]byte{byte(c)})
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, content := range map[string]string{
		"base64":         "data: " + base([]byte(text)) + "\n",
		"base64_url":     "data=" + base64.RawURLEncoding.EncodeToString([]byte(text+"???>>>")),
		"twice":          "data: '" + base([]byte("x: "+base([]byte(text)))) + "'",
		"hex":            "blob " + hex.EncodeToString([]byte(text)),
		"gzip":           "H: " + base(packed.Bytes()),
		"percent":        "GET /cb?state=" + url.QueryEscape(`{"a":"`+token+`"}`) + " HTTP/1.1",
		"unicode":        `"x": "` + escapes + `"`,
		"utf16":          string(wide),
		"utf16_unmarked": string(wide[2:]),
	} {
		found := engine(t).Scan("", []byte(content))
		checkFindings(t, content, found)
		got := ""
		for _, f := range found {
			if f.Detector == "gitlab-access-token" && strings.HasPrefix(f.Reasons[0], "inside ") {
				got = f.Reasons[0]
			}
		}
		if got == "" {
			t.Errorf("%s: Scan found %v, want a gitlab-access-token inside", name, detectors(found))
		}
	}
}

// What a small content unpacks to is bounded, in all depths together.
func TestDecode_budget(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(bytes.Repeat([]byte("nothing to see here\n"), 1<<20))
	z.Close()
	unit := base64.StdEncoding.EncodeToString(bomb.Bytes()) + "\n"
	budget := decodeBudget
	engine(t).decoded([]byte(strings.Repeat(unit, 8)), decodeDepth, &budget)
	if budget > 0 || budget < -len(unit) {
		t.Errorf("after a bomb %d bytes of the budget are left, want it used up and kept", budget)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "%", "%41%4", `\u00`, `\x41\x42\x43\x4`, strings.Repeat("A", 24), strings.Repeat("61", 30), "\xff\xfea\x00", "H4sIAAAAAAAAAAAAAAAAAAAAAAAA", strings.Repeat("%25", 20)} {
		f.Add(s)
	}
	e := engine(f)
	f.Fuzz(func(t *testing.T, text string) {
		budget := decodeBudget
		for _, h := range e.decoded([]byte(text), decodeDepth, &budget) {
			if h.start < 0 || h.end > len(text) || h.start >= h.end {
				t.Fatalf("decoded(%q): hit at %d to %d", text, h.start, h.end)
			}
		}
	})
}

// The runs that are found by looking at a part of the bytes are those that looking at each byte finds.
func TestLongRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text []byte
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 2*leastRun), 0, 12).Draw(t, "lengths") {
			text = append(text, strings.Repeat("aZ0+/-_9", n/8+1)[:n]...)
			text = append(text, rapid.SampledFrom([]string{"=", " ", ".", "\x00", "\n\n", "ä", "~", "*"}).Draw(t, "sign")...)
		}
		text = text[:max(0, len(text)-rapid.IntRange(0, 2).Draw(t, "cut"))]
		var want, got []span
		for start := 0; start < len(text); start++ {
			end := start
			for end < len(text) && baseByte[text[end]] {
				end++
			}
			if end-start >= leastRun {
				want = append(want, span{start, end})
			}
			start = end
		}
		for from := 0; ; {
			start, end := longRun(text, from)
			if start < 0 {
				break
			}
			got, from = append(got, span{start, end}), end
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
			t.Fatalf("runs of %q (-want +got):\n%s", text, diff)
		}
	})
}
