package detect

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// tokenType is one of GitLab's token types.
type tokenType struct {
	id, description string
	prefix          string
	body            *regexp.Regexp // the part after the prefix, anchored at its start, of the longest form first
	routable        bool
	custom          bool // the prefix is an instance's own
	bare            bool // the prefix is a name before the value, not a part of it
}

// gitlabTypes lists GitLab's token prefixes and the bodies that follow them.
//
// Source: https://docs.gitlab.com/security/tokens/#token-prefixes (18.x). Lengths of bodies are those of the generators
// in GitLab's code (Devise.friendly_token: 20 characters) and of gitleaks 8.30.1 where it knows the type.
func gitlabTypes() []tokenType {
	plain := regexp.MustCompile(`^[0-9A-Za-z_-]{20}`)
	runner := regexp.MustCompile(`^(?:t\d_)?[0-9A-Za-z_-]{20}`)
	sized := func(n int) *regexp.Regexp { return regexp.MustCompile(fmt.Sprintf(`^[0-9A-Za-z_-]{%d}`, n)) }
	job := regexp.MustCompile(`^(?:eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}|[0-9A-Za-z]{1,5}_[0-9A-Za-z_-]{20})`)
	return []tokenType{
		{id: "gitlab-access-token", prefix: "glpat-", body: plain, routable: true,
			description: "GitLab access token of a person, project, group or service account."},
		{id: "gitlab-oauth-application-secret", prefix: "gloas-", body: sized(64),
			description: "Secret of an application that signs users in through GitLab."},
		{id: "gitlab-deploy-token", prefix: "gldt-", body: plain, routable: true,
			description: "GitLab deploy token: reads or writes repositories, packages and registries."},
		{id: "gitlab-runner-token", prefix: "glrt-", body: runner, routable: true,
			description: "GitLab runner authentication token: whoever has it receives the runner's jobs and their secrets."},
		{id: "gitlab-runner-token", prefix: "glrtr-", body: runner, routable: true,
			description: "GitLab runner authentication token, made through a registration token."},
		{id: "gitlab-runner-registration-token", prefix: "GR1348941", body: plain,
			description: "GitLab runner registration token: adds runners to a project or group."},
		{id: "gitlab-job-token", prefix: "glcbt-", body: job,
			description: "GitLab CI/CD job token, valid while its job runs."},
		{id: "gitlab-trigger-token", prefix: "glptt-", body: regexp.MustCompile(`^[0-9a-f]{40}`), routable: true,
			description: "GitLab pipeline trigger token: starts pipelines as its owner."},
		{id: "gitlab-feed-token", prefix: "glft-", body: plain,
			description: "GitLab feed token: reads its user's feeds and calendars."},
		{id: "gitlab-incoming-mail-token", prefix: "glimt-", body: sized(25),
			description: "GitLab incoming mail token: creates issues and comments by mail as its user."},
		{id: "gitlab-agent-token", prefix: "glagent-", body: sized(50), routable: true,
			description: "Token of a GitLab agent for Kubernetes."},
		{id: "gitlab-workspace-token", prefix: "glwt-", body: plain, routable: true,
			description: "Token of a GitLab workspace."},
		{id: "gitlab-scim-token", prefix: "glsoat-", body: plain,
			description: "GitLab SCIM token: creates and blocks users of a group or instance."},
		{id: "gitlab-feature-flag-token", prefix: "glffct-", body: plain,
			description: "GitLab feature flags client token."},
		{id: "gitlab-session-cookie", prefix: "_gitlab_session=", body: regexp.MustCompile(`^[0-9a-z]{32}`), bare: true,
			description: "GitLab session cookie: acts as the signed-in user."},
	}
}

// gitlabTokens finds GitLab's tokens.
type gitlabTokens struct {
	types    []tokenType
	prefixes []string // an instance's own
}

func newGitlabTokens(prefixes []string) gitlabTokens {
	g := gitlabTokens{types: gitlabTypes(), prefixes: prefixes}
	known := map[string]bool{}
	for _, t := range g.types {
		known[t.prefix] = true
	}
	for _, p := range prefixes {
		if !known[p] {
			g.types = append(g.types, tokenType{
				id: "gitlab-access-token", description: g.types[0].description,
				prefix: p, body: g.types[0].body, routable: true, custom: true,
			})
		}
	}
	return g
}

// literals are what to look for; index i belongs to types[i].
func (g gitlabTokens) literals() []string {
	out := make([]string, len(g.types))
	for i, t := range g.types {
		out[i] = strings.ToLower(t.prefix)
	}
	return out
}

// leastEntropy in bits per character; below it a token is a placeholder. The bound is gitleaks' for these types.
const leastEntropy = 3

// token judges what stands at the place of a type's prefix.
func (g gitlabTokens) token(t tokenType, content []byte, start int) (hit, bool) {
	after := start + len(t.prefix)
	if string(content[start:after]) != t.prefix {
		return hit{}, false // a prefix in other letter case
	}
	if t.custom && start > 0 && isTokenByte(content[start-1]) {
		return hit{}, false
	}
	if t.routable {
		if h, ok := t.routableHit(content, start); ok {
			return h, true
		}
	}
	return g.plainHit(t, content, start)
}

var routableTail = regexp.MustCompile(`^[0-9A-Za-z_-]{27,300}\.(?:01\.)?[0-9a-z]{9}`)

// routableHit reports a token in routable form. The checksum covers an instance's prefix as well, so the token may
// begin before GitLab's own prefix; where no beginning fits, the form alone is reported, with little confidence.
func (t tokenType) routableHit(content []byte, start int) (hit, bool) {
	after := start + len(t.prefix)
	m := routableTail.Find(content[after:min(len(content), after+400)])
	if m == nil {
		return hit{}, false
	}
	end := after + len(m)
	for from := start; from >= max(0, start-maxCustomPrefix-1); from-- {
		if checksumHolds(content[from:end]) {
			h := t.hit(content, from, end, 0.99, "checksum holds")
			h.rank = rankProven
			return h, true
		}
		if from == 0 || !isTokenByte(content[from-1]) || from == start && content[from-1] != '-' {
			break
		}
	}
	if entropy(content[start:end]) <= leastEntropy {
		return hit{}, false
	}
	confidence := unproven
	if madeUp(content[after : end-tailSize]) {
		confidence = doubted
	}
	return t.hit(content, start, end, confidence, "form of a routable token, but the checksum does not hold"), true
}

// maxCustomPrefix is the longest prefix that GitLab lets an instance choose.
const maxCustomPrefix = 20

// plainHit reports a token without checksum. A run of characters that goes on behind it lowers the confidence.
func (g gitlabTokens) plainHit(t tokenType, content []byte, start int) (hit, bool) {
	after := start + len(t.prefix)
	m := t.body.Find(content[after:min(len(content), after+8<<10)])
	if m == nil || entropy(content[start:after+len(m)]) <= leastEntropy {
		return hit{}, false
	}
	end := after + len(m)
	goesOn := end < len(content) && isTokenByte(content[end])
	if t.custom && (goesOn || !bytes.ContainsAny(m, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
		return hit{}, false // words joined by dashes may begin like an instance's tokens
	}
	if t.bare {
		start = after
	} else {
		start = g.extended(content, start)
	}
	if goesOn {
		return t.hit(content, start, end, 0.6, "prefix of a GitLab token, but longer than one"), true
	}
	return t.hit(content, start, end, 0.9, "prefix and length of a GitLab token"), true
}

// extended moves the start of a token back over an instance's prefix ("acme-gldt-…").
func (g gitlabTokens) extended(content []byte, start int) int {
	for _, p := range g.prefixes {
		p = strings.TrimSuffix(p, "-") + "-"
		at := start - len(p)
		if bytes.HasSuffix(content[:start], []byte(p)) && (at == 0 || !isTokenByte(content[at-1])) {
			return at
		}
	}
	return start
}

func (t tokenType) hit(content []byte, start, end int, confidence float64, reason string) hit {
	return hit{
		detector: t.id, description: t.description, from: start, start: start, end: end,
		entropy: entropy(content[start:end]), rank: rankOwn, confidence: confidence, reasons: []string{reason},
	}
}

func isTokenByte(b byte) bool {
	return b == '-' || b == '_' || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}
