package detect

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPlaceOf holds the one pass over a path against what it stands for: a look for each word, in order.
func TestPlaceOf(t *testing.T) {
	want := func(path string) string {
		path = notPlaces.Replace("/" + strings.ToLower(path))
		for _, p := range folders {
			for w := range strings.SplitSeq(p.words, " ") {
				if end, ok := strings.CutSuffix(w, "$"); ok && strings.HasSuffix(path, end) || !ok && strings.Contains(path, w) {
					return p.place
				}
			}
		}
		return ""
	}
	parts := append([]string{"/", "/", "src", ".go", "A", "lat", "te", "special", "é"}, notPlaceWords...)
	for _, p := range folders {
		parts = append(parts, strings.Fields(strings.ReplaceAll(strings.ToUpper(p.words), "$", ""))...)
		parts = append(parts, strings.Fields(strings.ReplaceAll(p.words, "$", ""))...)
	}
	rapid.Check(t, func(r *rapid.T) {
		path := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 4).Draw(r, "parts"), "")
		if got := placeOf(path); got != want(path) {
			r.Errorf("placeOf(%q) = %q, want %q", path, got, want(path))
		}
	})
}

func TestPlaceOf_bundle(t *testing.T) {
	for path, want := range map[string]string{
		"src/login_fr.properties": "locale", "login_pt_BR.properties": "locale", "application_qa.properties": "", "application-it.properties": "",
		"login.properties": "", "_fr.properties": "", "login_fr.yml": "",
	} {
		if got := placeOf(path); got != want {
			t.Errorf("placeOf(%q) = %q, want %q", path, got, want)
		}
	}
}
