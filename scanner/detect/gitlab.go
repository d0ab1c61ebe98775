package detect

import (
	"bytes"
	"strings"
)

// tokenType is one of GitLab's token types.
type tokenType struct {
	id, description string
	prefix          string
	body            body // the part after the prefix
	routable        bool
	custom          bool // the prefix is an instance's own
	bare            bool // the prefix is a name before the value, not a part of it
}

// gitlabTypes lists GitLab's token prefixes and the bodies that follow them.
//
// Source: https://docs.gitlab.com/security/tokens/#token-prefixes (18.x). Lengths of bodies are those of the generators
// in GitLab's code (Devise.friendly_token: 20 characters) and of gitleaks 8.30.1 where it knows the type.
func gitlabTypes() []tokenType {
	plain := sized(20)
	return []tokenType{
		{id: "gitlab-access-token", prefix: "glpat-", body: plain, routable: true,
			description: "GitLab access token of a person, project, group or service account."},
		{id: "gitlab-oauth-application-secret", prefix: "gloas-", body: sized(64),
			description: "Secret of an application that signs users in through GitLab."},
		{id: "gitlab-deploy-token", prefix: "gldt-", body: plain, routable: true,
			description: "GitLab deploy token: reads or writes repositories, packages and registries."},
		{id: "gitlab-runner-token", prefix: "glrt-", body: runnerBody, routable: true,
			description: "GitLab runner authentication token: whoever has it receives the runner's jobs and their secrets."},
		{id: "gitlab-runner-token", prefix: "glrtr-", body: runnerBody, routable: true,
			description: "GitLab runner authentication token, made through a registration token."},
		{id: "gitlab-runner-registration-token", prefix: "GR1348941", body: plain,
			description: "GitLab runner registration token: adds runners to a project or group."},
		{id: "gitlab-job-token", prefix: "glcbt-", body: jobBody,
			description: "GitLab CI/CD job token, valid while its job runs."},
		{id: "gitlab-trigger-token", prefix: "glptt-", body: all(40, isLowerHex), routable: true,
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
		{id: "gitlab-session-cookie", prefix: "_gitlab_session=", body: all(32, isLowerWord), bare: true,
			description: "GitLab session cookie: acts as the signed-in user."},
	}
}

// body returns how long the part of a token is that text begins with; 0 when it begins with none. No expressions:
// texts of many prefixes and one long run behind them would take thousands of times as long as others.
type body func(text []byte) int

// all is a body of n bytes of one kind.
func all(n int, kind func(byte) bool) body {
	return func(text []byte) int {
		if len(text) < n {
			return 0
		}
		for _, b := range text[:n] {
			if !kind(b) {
				return 0
			}
		}
		return n
	}
}

func sized(n int) body { return all(n, isTokenByte) }

func isLowerHex(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' }

func isLowerWord(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' }

// runnerBody is 20 characters, perhaps behind the type of the runner ("t1_").
func runnerBody(text []byte) int {
	const typed = len("t1_")
	if len(text) > typed && text[0] == 't' && '0' <= text[1] && text[1] <= '9' && text[2] == '_' {
		if n := sized(20)(text[typed:]); n > 0 {
			return typed + n
		}
	}
	return sized(20)(text)
}

// jobBody is a JSON Web Token, or the older 20 characters behind a short name.
func jobBody(text []byte) int {
	if n := webToken(text); n > 0 {
		return n
	}
	n := 0
	for n < min(5, len(text)) && isWordByte(text[n]) {
		n++
	}
	if n == 0 || n == len(text) || text[n] != '_' {
		return 0
	}
	if rest := sized(20)(text[n+1:]); rest > 0 {
		return n + 1 + rest
	}
	return 0
}

// webToken returns the length of three parts of at least 10 characters with dots between them, the first behind "eyJ".
func webToken(text []byte) int {
	if !bytes.HasPrefix(text, []byte("eyJ")) {
		return 0
	}
	at := len("eyJ")
	for part := range 3 {
		n := tokenRun(text[at:])
		if at += n; n < 10 || part < 2 && (at == len(text) || text[at] != '.') {
			return 0
		}
		at++
	}
	return at - 1
}

// tokenRun returns how many characters of a token's alphabet text begins with.
func tokenRun(text []byte) int {
	n := 0
	for n < len(text) && isTokenByte(text[n]) {
		n++
	}
	return n
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

// routableTail returns the length of what follows the prefix of a routable token at the beginning of text: 27 to 300
// characters, a dot, perhaps the version "01.", and nine digits of base 36.
func routableTail(text []byte) (length int, ok bool) {
	n := tokenRun(text[:min(len(text), maxRoutable+1)])
	if n < leastRoutable || n > maxRoutable || n == len(text) || text[n] != '.' {
		return 0, false
	}
	n++
	if bytes.HasPrefix(text[n:], []byte("01.")) {
		n += len("01.")
	}
	end := n + tailSize
	if end > len(text) {
		return 0, false
	}
	for _, b := range text[n:end] {
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') {
			return 0, false
		}
	}
	return end, true
}

const leastRoutable, maxRoutable = 27, 300

// routableHit reports a token in routable form. The checksum covers an instance's prefix as well, so the token may
// begin before GitLab's own prefix; where no beginning fits, the form alone is reported, with little confidence.
func (t tokenType) routableHit(content []byte, start int) (hit, bool) {
	after := start + len(t.prefix)
	length, ok := routableTail(content[after:])
	if !ok {
		return hit{}, false
	}
	end := after + length
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
	length := t.body(content[after:min(len(content), after+8<<10)])
	end := after + length
	if length == 0 || entropy(content[start:end]) <= leastEntropy {
		return hit{}, false
	}
	goesOn := end < len(content) && isTokenByte(content[end])
	if t.custom && (goesOn || !bytes.ContainsAny(content[after:end], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
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
