package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/detect"
)

// Self is who scans, and what answers: everything after is planned from it.
type Self struct {
	Instance   string // name in IDs
	UserNumber int64
	Username   string
	Version    string        // GitLab's, "19.6.0-ee"; empty is unknown
	Enterprise inventory.Tri // the binary, which is no licence
	Admin      inventory.Tri // effectively, with Admin Mode where the instance asks for it
	AdminUser  bool          // an administrator whose token lacks Admin Mode is Admin No, AdminUser true
	Auditor    bool
	Bot        bool // the account is a bot or service account
	Token      inventory.TokenFacts
	SaaS       bool // GitLab.com: instance-wide lists do not exist
	// TokenPrefixes are the instance's own beginnings of tokens, shown to an effective administrator only. Sorted.
	TokenPrefixes []string
}

// prefixesJSON are the settings that make tokens look otherwise.
// Source: https://docs.gitlab.com/administration/settings/account_and_limit_settings/
type prefixesJSON struct {
	Personal *string `json:"personal_access_token_prefix"`
	Instance *string `json:"instance_token_prefix"`
}

// own returns the prefixes that are not GitLab's usual ones, sorted. One that GitLab would not allow is no prefix,
// whatever the server says.
func (p prefixesJSON) own() []string {
	var out []string
	for _, prefix := range []*string{p.Personal, p.Instance} {
		if prefix != nil && *prefix != "" && *prefix != "glpat-" && *prefix != "gl" && detect.ValidPrefix(*prefix) {
			out = append(out, *prefix)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

type selfTokenJSON struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes"`
	ExpiresAt moment   `json:"expires_at"`
	UserID    int64    `json:"user_id"`
}

type selfUserJSON struct {
	ID        int64  `json:"id"`
	Username  string `json:"username"`
	IsAdmin   bool   `json:"is_admin"`
	IsAuditor bool   `json:"is_auditor"`
	Bot       bool   `json:"bot"`
}

type metadataJSON struct {
	Version    string `json:"version"`
	Enterprise flag   `json:"enterprise"`
}

// Identify asks GitLab who the token is. Errors: ErrToken when it is refused; otherwise what stood in the way.
// Being an administrator is probed, never inferred: without Admin Mode GitLab treats an administrator as any
// user, and instance-wide lists then answer 200 with only the caller's own rows.
func Identify(ctx context.Context, c *Client, instance string) (Self, error) {
	s := Self{Instance: instance, SaaS: c.base.Hostname() == "gitlab.com"}
	user, err := oneOf[selfUserJSON](ctx, c, "user")
	if err != nil {
		return s, fmt.Errorf("ask who the token is: %w", err)
	}
	if user.ID == 0 {
		return s, errors.New("ask who the token is: GET user: the answer names no user: is this GitLab's API?")
	}
	s.UserNumber, s.Username, s.Bot = user.ID, user.Username, user.Bot
	s.AdminUser, s.Auditor = user.IsAdmin, user.IsAuditor
	s.Token = inventory.TokenFacts{User: inventory.UserID(instance, user.ID), Username: user.Username}
	if err := s.token(ctx, c); err != nil {
		return s, err
	}
	meta, err := oneOf[metadataJSON](ctx, c, "metadata")
	if notFound(err) { // before 15.2
		meta, err = oneOf[metadataJSON](ctx, c, "version")
	}
	if err := notRefused(err); err != nil {
		return s, fmt.Errorf("ask GitLab's version: %w", err)
	}
	s.Version, s.Enterprise = meta.Version, meta.Enterprise.Tri()
	s.Admin = inventory.No
	if user.IsAdmin {
		prefixes, err := oneOf[prefixesJSON](ctx, c, "application/settings")
		if notRefused(err) != nil {
			return s, fmt.Errorf("probe administrator rights: %w", err)
		}
		s.Admin, s.TokenPrefixes = inventory.Is(err == nil), prefixes.own()
	}
	s.Token.Admin, s.Token.Role = s.Admin, s.role()
	return s, nil
}

func (s *Self) token(ctx context.Context, c *Client) error {
	t, err := oneOf[selfTokenJSON](ctx, c, "personal_access_tokens/self")
	if err := notRefused(err); err != nil {
		return fmt.Errorf("ask about the token: %w", err)
	}
	if err == nil {
		s.Token.Credential = inventory.CredentialID(s.Instance, "access-token", fmt.Sprint(t.ID))
		s.Token.Scope = inventory.JoinScopes(t.Scopes)
		s.Token.ExpiresAt = t.ExpiresAt.When()
	}
	return nil
}

func (s *Self) role() string {
	switch {
	case s.Admin == inventory.Yes:
		return "administrator"
	case s.Auditor:
		return "auditor"
	}
	return "user"
}

// notRefused drops GitLab's answers of 403 and 404, which planning can live with, and keeps every other error.
func notRefused(err error) error {
	if status := statusOf(err); status == http.StatusForbidden || status == http.StatusNotFound {
		return nil
	}
	return err
}

// atLeast reports whether the instance's version is since or newer. An unknown version is.
func (s Self) atLeast(since string) bool {
	if since == "" || s.Version == "" {
		return true
	}
	var a, b, x, y int
	if n, _ := fmt.Sscanf(strings.TrimPrefix(s.Version, "v"), "%d.%d", &a, &b); n < 2 {
		return true
	}
	_, _ = fmt.Sscanf(since, "%d.%d", &x, &y)
	return a > x || a == x && b >= y
}
