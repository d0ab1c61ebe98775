package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nhiscan/inventory/secret"
)

func sure(value string) Finding {
	return Finding{Detector: "d", Confidence: 0.9, Secret: secret.New(value)}
}

// TestAgain holds that every place of a value is found that stands by itself, and no other.
func TestAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfNDistinct(rapid.StringMatching(`[a1-]{12,16}`).Filter(func(v string) bool { return !byHand(v) }), 1, 5, rapid.ID).Draw(t, "values")
		var a Again
		for _, v := range values {
			if !a.Add(sure(v), "again") {
				t.Fatalf("%q is not sought", v)
			}
		}
		parts := append([]string{"a", "1", "-", " ", "\n", "a1-a1-a1-a7"}, values...)
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 40).Draw(t, "text"), "")
		var want, got []string
		behind := 0
		for start := range len(text) {
			best := -1
			for _, v := range values {
				if end := start + len(v); end <= len(text) && text[start:end] == v && standsAlone([]byte(text), start, end) {
					best = max(best, end)
				}
			}
			if best > 0 {
				if start >= behind {
					want = append(want, fmt.Sprint(start, best))
				}
				behind = max(behind, best)
			}
		}
		found := a.Find([]byte(text))
		for _, f := range found {
			got = append(got, fmt.Sprint(f.Start, f.End))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("Find(%q) of %q = %v, want %v", text, values, got, want)
		}
	})
}

func TestAgain_seeks(t *testing.T) {
	value := random(rand.New(rand.NewPCG(51, 52)), alnum, 20)
	for _, c := range []struct {
		name string
		f    Finding
		want bool
	}{
		{"sure", sure(value), true}, {"guess", Finding{Confidence: 0.79, Secret: secret.New(value)}, false}, {"short", sure(value[:11]), false},
		{"long", sure(strings.Repeat(value, 500)), false}, {"none", Finding{}, false}, {"name", sure("test-vault-password"), false},
		{"name_in_a_program", sure("dataObjectId"), false}, {"numbered", sure("base64-encoded"), false}, {"alphabet", sure("abcdefghijklmnopqrstuvwxyz0123456789"), false},
		{"key", sure("-----BEGIN PRIVATE KEY-----\n" + strings.Repeat(value, 40)), true},
	} {
		if got := new(Again).Add(c.f, ""); got != c.want {
			t.Errorf("%s: Add = %t, want %t", c.name, got, c.want)
		}
	}
	var a Again
	if got := a.Find([]byte(value)); got != nil {
		t.Errorf("Find of nothing = %v", got)
	}
}

// TestAgain_alike holds that values which begin alike, and a text that is full of their beginning, cost no more than
// their length allows.
func TestAgain_alike(t *testing.T) {
	var a Again
	head := strings.Repeat("a", 4000)
	for i := range maxAgain {
		a.Add(sure(fmt.Sprintf("%s%08d", head, i)), "")
	}
	if got := a.Find([]byte(strings.Repeat(head, 500))); len(got) != 0 {
		t.Errorf("%d places of what is not there", len(got))
	}
}

func FuzzAgain(f *testing.F) {
	f.Add("abcdefghijkl", "abcdefghijklm", "x abcdefghijkl abcdefghijklm\nabcdefghijklabcdefghijkl")
	f.Add("aaaaaaaaaaaa", "aaaaaaaaaaaaa", strings.Repeat("a", 50))
	f.Add("\xff\x00--------\n\r", "------------", strings.Repeat("-", 50))
	f.Fuzz(func(t *testing.T, one, two, text string) {
		var a Again
		a.Add(sure(one), "again")
		a.Add(sure(two), "again")
		found := a.Find([]byte(text))
		checkFindings(t, text, found)
		for i, f := range found {
			if v := f.Secret.Reveal(); v != one && v != two {
				t.Fatalf("Find(%q) gives %q", text, v)
			}
			if i > 0 && f.Start < found[i-1].End {
				t.Fatalf("Find(%q): finding %d overlaps", text, i)
			}
		}
	})
}
