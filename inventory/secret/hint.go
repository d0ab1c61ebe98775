package secret

import (
	"regexp"
	"strings"
)

// publicPrefixes are the fixed beginnings that providers document for their tokens; they are the same for
// everybody and tell the kind, not the value. Longer ones stand before shorter ones with the same beginning.
// Source for GitLab's: https://docs.gitlab.com/security/tokens/#token-prefixes
var publicPrefixes = []string{
	"glpat-", "gloas-", "gldt-", "glrtr-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glwt-", "glsoat-", "glffct-", "GR1348941",
	"github_pat_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "AKIA", "ASIA", "AIza", "xoxb-", "xoxp-", "xapp-", "sk_live_", "rk_live_", "sk_test_",
	"npm_", "pypi-", "dop_v1_", "hvs.", "hvb.", "SG.", "dckr_pat_", "-----BEGIN",
}

var customPrefix = regexp.MustCompile(`^[A-Za-z0-9_]{1,20}-(gl[a-z]{1,6}-)`)

// Hint returns at most the public prefix of a value ("glpat-…"); empty when it has none.
func Hint(v Value) string {
	s := strings.TrimSpace(v.Reveal())
	if m := customPrefix.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	for _, p := range publicPrefixes {
		if strings.HasPrefix(s, p) {
			return p + "…"
		}
	}
	return ""
}
