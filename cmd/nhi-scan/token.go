package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nhiscan/inventory/secret"
)

// token reads the scanning token: a file that was asked for, else the environment.
func (a *app) token(ctx context.Context, file string) (secret.Value, error) {
	if file != "" {
		text, err := readInput(ctx, file, maxToken)
		if err != nil {
			return secret.Value{}, usage(fmt.Errorf("token file: %w", err), "")
		}
		return parseToken(string(text), "token file "+file)
	}
	for _, name := range []string{"NHI_SCAN_TOKEN", "GITLAB_TOKEN"} {
		if t := a.getenv(name); t != "" {
			return parseToken(t, name)
		}
	}
	return secret.Value{}, usage(errors.New("no token"), "set NHI_SCAN_TOKEN or GITLAB_TOKEN, or give --token-file; scope read_api is enough")
}

// maxToken is far above the longest token, a JWT, in bytes.
const maxToken = 16 << 10

// parseToken takes a token as editors and shells leave it: with line ends, or a byte order mark in front. What no HTTP
// header can carry is refused here, without a word of it.
func parseToken(text, where string) (secret.Value, error) {
	token := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	odd := strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
	if token == "" || odd || len(token) > maxToken {
		return secret.Value{}, usage(fmt.Errorf("%s: not a token: want one line of letters, digits and punctuation", where), "")
	}
	return secret.New(token), nil
}

// tokenHint says what to do about a token that is refused: one of another kind by its beginning.
// Source: https://docs.gitlab.com/security/tokens/#token-prefixes
func tokenHint(token secret.Value) string {
	kind := map[string]string{
		"glcbt-…": "a job token (CI_JOB_TOKEN)", "gldt-…": "a deploy token", "glrt-…": "a runner's token", "glrtr-…": "a runner's token", "glptt-…": "a trigger token",
		"glagent-…": "an agent's token", "glft-…": "a feed token", "gloas-…": "an application's secret", "glsoat-…": "a SCIM token", "glimt-…": "an incoming mail token",
		"GR1348941…": "a runner registration token", "glffct-…": "a feature flag client's token",
	}[secret.Hint(token)]
	if kind == "" {
		return "check the token's value, expiry date and scopes: read_api is enough"
	}
	return "this is " + kind + ", which cannot read GitLab's lists: give a personal, project or group access token with the scope read_api"
}
