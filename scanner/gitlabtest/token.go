package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// accessTokenJSON shows an access token as every list shows it: the value is never in it.
func accessTokenJSON(c *Call, t *AccessToken) Object {
	p := c.Profile
	scopes := t.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	o := Object{
		"id": t.ID, "name": t.Name, "revoked": t.Revoked, "created_at": t.CreatedAt.stamp(), "scopes": scopes,
		"user_id": t.user.ID, "last_used_at": t.LastUsedAt.stamp(), "active": t.active(c.Now), "expires_at": t.ExpiresAt.date(),
	}
	o.Since(p, "17.7", "description", emptyNull(t.Description)).
		Since(p, "18.10", "granular", t.granular()).
		Since(p, "19.4", "last_used_ips", append([]string{}, t.LastUsedIPs...))
	if t.granular() {
		o.Since(p, "19.6", "granular_scopes", granularScopes(c, t))
	}
	if t.Impersonation {
		o["impersonation"] = true
	}
	if t.personal() {
		return o
	}
	o["access_level"] = int(c.botRole(t))
	kind, id := "project", int64(0)
	if t.group != nil {
		kind, id = "group", t.group.ID
	} else {
		id = t.project.ID
	}
	return o.Since(p, "18.3", "resource_type", kind).Since(p, "18.3", "resource_id", id)
}

func granularScopes(c *Call, t *AccessToken) []Object {
	var list []Object
	for _, g := range t.Granular {
		o := Object{"access": g.Access, "permissions": g.Permissions, "project_id": nil, "group_id": nil}
		if p := c.FindProject(g.Project); g.Project != "" && p != nil {
			o["project_id"] = p.ID
		}
		if gr := c.FindGroup(g.Group); g.Group != "" && gr != nil {
			o["group_id"] = gr.ID
		}
		list = append(list, o)
	}
	return list
}

// botRole is the role of the bot's membership, which may have changed since the token was made.
func (c *Call) botRole(t *AccessToken) Role {
	members := []*Member(nil)
	if t.group != nil {
		members = t.group.Members
	} else {
		members = t.project.Members
	}
	for _, m := range members {
		if m.User == t.user.Username {
			return m.Role
		}
	}
	return t.AccessLevel
}

// tokenFilter reads the filters that all token lists share, once per request: lists of 100,000 tokens are paged through.
func (c *Call) tokenFilter() func(*AccessToken) bool {
	var tests []func(*AccessToken) bool
	add := func(test func(*AccessToken) bool) { tests = append(tests, test) }
	for name, field := range map[string]func(*AccessToken) Time{
		"created":   func(t *AccessToken) Time { return t.CreatedAt },
		"expires":   func(t *AccessToken) Time { return t.ExpiresAt },
		"last_used": func(t *AccessToken) Time { return t.LastUsedAt },
	} {
		if before, ok := c.When(name + "_before"); ok {
			add(func(t *AccessToken) bool { return !field(t).IsZero() && field(t).Before(before.Time) })
		}
		if after, ok := c.When(name + "_after"); ok {
			add(func(t *AccessToken) bool { return field(t).After(after.Time) })
		}
	}
	if revoked, set := c.Bool("revoked"); set {
		add(func(t *AccessToken) bool { return revoked == t.Revoked })
	}
	if state := c.Text("state"); state != "" {
		add(func(t *AccessToken) bool { return (state == "active") == t.active(c.Now) })
	}
	if text := strings.ToLower(c.Text("search")); text != "" {
		add(func(t *AccessToken) bool { return strings.Contains(strings.ToLower(t.Name), text) })
	}
	return all(tests)
}

// all joins tests; without any, everything passes.
func all[T any](tests []func(T) bool) func(T) bool {
	return func(v T) bool {
		for _, test := range tests {
			if !test(v) {
				return false
			}
		}
		return true
	}
}

// listTokens filters, sorts and pages the access tokens of one home.
func listTokens(c *Call, tokens []*AccessToken) Answer {
	return pageTokens(c, func(wanted func(*AccessToken) bool) []*AccessToken { return keep(tokens, wanted) })
}

// listManyTokens does the same with those tokens of the instance that about names.
func listManyTokens(c *Call, about func(*AccessToken) bool) Answer {
	return pageTokens(c, func(wanted func(*AccessToken) bool) []*AccessToken {
		return rememberRows(c, func() []*AccessToken {
			return keep(c.st.tokens, func(t *AccessToken) bool { return about(t) && wanted(t) })
		})
	})
}

// keep copies what passes a test.
func keep[T any](rows []T, test func(T) bool) []T {
	var kept []T
	for _, row := range rows {
		if test(row) {
			kept = append(kept, row)
		}
	}
	return kept
}

// pageTokens sorts what find gives; without an order tokens stand by ascending ID already.
func pageTokens(c *Call, find func(func(*AccessToken) bool) []*AccessToken) Answer {
	if s := c.Text("state"); s != "" && s != "active" && s != "inactive" {
		return Refuse(http.StatusBadRequest, "state does not have a valid value")
	}
	rows := find(c.tokenFilter())
	if order := c.Text("sort"); order != "" {
		rows = slices.Clone(rows)
		if !sortTokens(rows, order) {
			return Refuse(http.StatusBadRequest, "sort does not have a valid value")
		}
	}
	return List(c, rows, noID[*AccessToken], func(t *AccessToken) Object { return accessTokenJSON(c, t) })
}

func sortTokens(rows []*AccessToken, order string) bool {
	field, direction, _ := cutLast(order, "_")
	keys := map[string]func(*AccessToken) Time{
		"created":   func(t *AccessToken) Time { return t.CreatedAt },
		"expires":   func(t *AccessToken) Time { return t.ExpiresAt },
		"last_used": func(t *AccessToken) Time { return t.LastUsedAt },
		"name":      func(*AccessToken) Time { return Time{} },
		"":          func(*AccessToken) Time { return Time{} },
	}
	key := keys[field]
	if key == nil || (order != "" && direction != "asc" && direction != "desc") {
		return false
	}
	slices.SortFunc(rows, func(a, b *AccessToken) int {
		n := key(a).Compare(key(b).Time)
		if field == "name" {
			n = strings.Compare(a.Name, b.Name)
		}
		if direction == "desc" {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.ID, b.ID))
	})
	return true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// revokeToken ends a token and writes the event that GitLab keeps for its kind.
func (c *Call) revokeToken(t *AccessToken) {
	t.Revoked = true
	c.auditToken(t, "revoked", "deleted", "Revoked")
}

// auditToken writes personal_access_token_<personal> or <home>_access_token_<bot>. A personal token's event has the
// user as its target and names the token in prose only, as GitLab does.
func (c *Call) auditToken(t *AccessToken, personal, bot, verb string) {
	switch {
	case t.project != nil:
		c.Audit("project_access_token_"+bot, t.project, "User", t.user.Name, t.user.ID,
			map[string]any{"custom_message": fmt.Sprintf("%s project access token with token_id: %d", verb, t.ID)})
	case t.group != nil:
		c.Audit("group_access_token_"+bot, t.group, "User", t.user.Name, t.user.ID,
			map[string]any{"custom_message": fmt.Sprintf("%s group access token with token_id: %d", verb, t.ID)})
	default:
		c.Audit("personal_access_token_"+personal, t.user, "User", t.user.Name, t.user.ID,
			map[string]any{"custom_message": fmt.Sprintf("%s personal access token with id %d", verb, t.ID)})
	}
}

// rotateToken replaces a token by a fresh one of the same family; the old value is dead at once. Rotating a revoked
// token is taken for theft: the living member of its family is revoked as well.
// Source: https://docs.gitlab.com/api/personal_access_tokens/#automatic-reuse-detection
func (c *Call) rotateToken(t *AccessToken) Answer {
	if t.Revoked {
		for next := c.successor(t); next != nil; next = c.successor(next) {
			if !next.Revoked {
				c.revokeToken(next)
			}
		}
		return BadRequest("token already revoked")
	}
	if t.ExpiresAt.past(c.Now) {
		return BadRequest("token already expired")
	}
	expires, ok := c.When("expires_at")
	if !ok {
		expires = At(c.Now.AddDate(0, 0, 7).Truncate(24 * time.Hour))
	}
	if wrong := c.wrongExpiry(expires); wrong != "" {
		return BadRequest(wrong)
	}
	fresh := &AccessToken{
		Name: t.Name, Description: t.Description, Scopes: slices.Clone(t.Scopes), Granular: slices.Clone(t.Granular),
		CreatedAt: At(c.Now), ExpiresAt: expires, AccessLevel: t.AccessLevel, CreatedBy: t.CreatedBy, Impersonation: t.Impersonation,
		user: t.user, project: t.project, group: t.group, previous: t,
	}
	c.revokeToken(t)
	c.st.addToken(fresh)
	c.auditToken(fresh, "created", "created", "Created")
	return OK(accessTokenJSON(c, fresh).Merge(Object{"token": fresh.Value}))
}

// maxTokenDays is how long a token may live where the instance wants a date and sets no limit of its own.
// Source: GitLab's PersonalAccessToken, MAX_PERSONAL_ACCESS_TOKEN_LIFETIME_IN_DAYS
const maxTokenDays = 365

// wrongExpiry says why a token may not end then; "" where it may.
func (c *Call) wrongExpiry(expires Time) string {
	settings := settingDefaults().Merge(c.st.w.Settings)
	days, limited := settings["max_personal_access_token_lifetime"].(int)
	if !limited || c.Profile.Tier < Ultimate {
		days = maxTokenDays
	}
	last := At(c.Now.Truncate(day).AddDate(0, 0, days))
	switch {
	case expires.past(c.Now):
		return "Expiration date must be in the future"
	case settings["require_personal_access_token_expiry"] == true && expires.After(last.Time):
		return "Expiration date must be before " + last.Format(time.DateOnly)
	}
	return ""
}

// successor is the token that was rotated out of t, or nil.
func (c *Call) successor(t *AccessToken) *AccessToken {
	for _, next := range c.st.tokens {
		if next.previous == t {
			return next
		}
	}
	return nil
}
