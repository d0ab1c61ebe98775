package scanner

import (
	"slices"
	"strings"
	"testing"

	"nhiscan/scanner/gitlabtest"
)

func TestIdentify_token_prefixes(t *testing.T) {
	for name, tt := range map[string]struct {
		role     string
		settings map[string]any
		want     []string
	}{
		"usual":             {"admin", map[string]any{"personal_access_token_prefix": "glpat-"}, nil},
		"own":               {"admin", map[string]any{"personal_access_token_prefix": "acme_pat-", "instance_token_prefix": "acme"}, []string{"acme", "acme_pat-"}},
		"none_that_is_one":  {"admin", map[string]any{"personal_access_token_prefix": strings.Repeat("x", 4000)}, nil},
		"hidden_from_users": {"group-owner", map[string]any{"personal_access_token_prefix": "acme_pat-"}, nil},
	} {
		s := setup{Role: tt.role, Change: func(w *gitlabtest.World) {
			for k, v := range tt.settings {
				w.Settings[k] = v
			}
		}}.scan(t)
		self, err := Identify(t.Context(), s.Client, testInstance)
		if err != nil || !slices.Equal(self.TokenPrefixes, tt.want) {
			t.Errorf("%s: Identify gives the prefixes %q, %v; want %q", name, self.TokenPrefixes, err, tt.want)
		}
	}
}
