package gitlabtest

import (
	"cmp"
	"slices"
	"strings"
)

func userRoutes() []Route {
	readUser := []string{"api", "read_api", "read_user"}
	const source = "https://docs.gitlab.com/api/users/"
	return []Route{
		{Method: "GET", Path: "user", Scopes: readUser, Permission: "read_user", Source: source, Handle: showSelf},
		{Method: "GET", Path: "users", Scopes: readUser, Permission: "read_user", Paging: Keyset,
			KeysetBy: []string{"id", "name", "username", "created_at", "updated_at"}, Source: source, Handle: listUsers},
		{Method: "GET", Path: "user/activities", Admin: true, Scopes: readUser, Permission: "read_user", Paging: Keyset, Source: source, Handle: listActivities},
		{Method: "GET", Path: "users/:id", Scopes: readUser, Permission: "read_user", Source: source, Handle: showUser},
	}
}

// userBasic is how an account is shown wherever it is mentioned; nil for nobody.
func userBasic(c *Call, u *User) any {
	if u == nil {
		return nil
	}
	return userPublic(c, u)
}

func userPublic(c *Call, u *User) Object {
	return Object{
		"id": u.ID, "username": u.Username, "name": u.Name, "state": u.State, "locked": false,
		"avatar_url": nil, "web_url": c.URL("/" + u.Username), "public_email": u.PublicEmail,
	}
}

func (u *User) isBot() bool { return u.Kind != "human" }

func userProfile(c *Call, u *User) Object {
	return userPublic(c, u).Merge(Object{
		"bio": "", "location": "", "linkedin": "", "twitter": "", "discord": "", "website_url": "", "github": "", "skype": "",
		"job_title": "", "pronouns": nil, "organization": "", "bot": u.isBot(), "work_information": nil, "local_time": nil,
		"followers": 0, "following": 0, "is_followed": false, "created_at": u.CreatedAt.stamp(),
	})
}

// userAdmin is what an administrator sees; created_by and the like are absent, not null, for everybody else.
func userAdmin(c *Call, u *User) Object {
	o := userProfile(c, u).Merge(userOwn(u)).Merge(Object{
		"is_admin": u.Admin, "note": emptyNull(u.Note), "namespace_id": u.namespaceID,
		"created_by": userBasic(c, c.st.userByName(u.CreatedBy)), "email_reset_offered_at": nil, "highest_role": int(c.highestRole(u)),
		"current_sign_in_ip": nil, "last_sign_in_ip": nil, "sign_in_count": 1,
	})
	if c.Profile.Tier >= Premium {
		o["is_auditor"] = u.Auditor
		o["using_license_seat"] = !u.isBot()
		o["provisioned_by_group_id"] = c.provisioner(u)
		o["scim_identities"] = identities(c, u, true)
	}
	o["identities"] = identities(c, u, false)
	return o
}

// userOwn are the fields that the user himself sees too.
func userOwn(u *User) Object {
	o := Object{
		"email": u.Email, "commit_email": u.Email, "last_sign_in_at": u.LastSignInAt.stamp(), "current_sign_in_at": u.LastSignInAt.stamp(),
		"confirmed_at": u.CreatedAt.stamp(), "last_activity_on": u.LastActivityOn.date(), "theme_id": 3, "color_scheme_id": 1,
		"projects_limit": 100000, "can_create_group": !u.External, "can_create_project": !u.External,
		"two_factor_enabled": u.TwoFactor, "external": u.External, "private_profile": false, "preferred_language": "en",
		"shared_runners_minutes_limit": nil, "extra_shared_runners_minutes_limit": nil, "identities": []any{},
	}
	return o.Merge(u.limits)
}

func emptyNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (c *Call) highestRole(u *User) Role {
	best := NoRole
	for _, g := range c.st.grants[u.ID] {
		best = max(best, g.member.Role)
	}
	return best
}

func (c *Call) provisioner(u *User) any {
	if kind, path := cutEntity(u.ProvisionedBy); kind == "group" {
		if g := c.FindGroup(path); g != nil {
			return g.ID
		}
	}
	return nil
}

func identities(c *Call, u *User, scim bool) []Object {
	list := []Object{}
	for _, i := range u.Identities {
		if (i.Provider == "scim") != scim {
			continue
		}
		var group any
		if g := c.FindGroup(i.Group); g != nil {
			group = g.ID
		}
		if scim {
			list = append(list, Object{"extern_uid": i.ExternUID, "group_id": group, "active": i.Active == nil || *i.Active})
			continue
		}
		list = append(list, Object{"provider": i.Provider, "extern_uid": i.ExternUID, "saml_provider_id": group})
	}
	return list
}

func showSelf(c *Call) Answer {
	o := userProfile(c, c.Actor.User).Merge(userOwn(c.Actor.User))
	o["identities"] = identities(c, c.Actor.User, false)
	o["namespace_id"] = c.Actor.User.namespaceID
	// is_admin is shown to administrators only, with Admin Mode or without.
	if c.Actor.User.Admin {
		o["is_admin"], o["note"] = true, emptyNull(c.Actor.User.Note)
	}
	if c.Profile.Tier >= Premium && c.Actor.User.Auditor {
		o["is_auditor"] = true
	}
	return OK(o)
}

func showUser(c *Call) Answer {
	u := c.st.users[c.PathID("id")]
	switch {
	case u == nil:
		return NotFound("User")
	case c.Actor.Admin:
		return OK(userAdmin(c, u))
	}
	return OK(userProfile(c, u))
}

func listUsers(c *Call) Answer {
	order := map[string]func(a, b *User) int{
		"id":         func(a, b *User) int { return cmp.Compare(a.ID, b.ID) },
		"name":       func(a, b *User) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) },
		"username":   func(a, b *User) int { return strings.Compare(a.Username, b.Username) },
		"created_at": func(a, b *User) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt.Time), cmp.Compare(a.ID, b.ID)) },
		"updated_at": func(a, b *User) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt.Time), cmp.Compare(a.ID, b.ID)) },
	}
	if order[cmp.Or(c.Text("order_by"), "id")] == nil {
		return Refuse(400, "order_by does not have a valid value")
	}
	rows := rememberRows(c, func() []*User {
		rows := keep(c.st.w.Users, c.userFilter())
		sorted(c, rows, order, "id")
		return rows
	})
	return List(c, rows, func(u *User) int64 { return u.ID }, func(u *User) Object {
		if c.Actor.Admin {
			return userAdmin(c, u)
		}
		return userPublic(c, u)
	})
}

// sorted sorts rows by the parameters order_by and sort (desc by default); false for an unknown order. Each order
// must be total: the sort is not stable.
func sorted[T any](c *Call, rows []T, orders map[string]func(a, b T) int, fallback string) bool {
	by := c.Text("order_by")
	if by == "" {
		by = fallback
	}
	order := orders[by]
	if order == nil {
		return false
	}
	if c.Text("sort") != "asc" {
		up := order
		order = func(a, b T) int { return up(b, a) }
	}
	slices.SortFunc(rows, order)
	return true
}

// userFilter reads the filters once per request.
func (c *Call) userFilter() func(*User) bool {
	var tests []func(*User) bool
	for name, test := range map[string]func(*User) bool{
		"exclude_humans":       func(u *User) bool { return u.Kind != "human" },
		"humans":               func(u *User) bool { return u.Kind == "human" },
		"exclude_internal":     func(u *User) bool { return u.Kind != "internal" },
		"without_project_bots": func(u *User) bool { return u.Kind != "project_bot" },
		"active":               func(u *User) bool { return u.State == "active" },
		"exclude_active":       func(u *User) bool { return u.State != "active" },
		"blocked":              func(u *User) bool { return u.State != "active" },
		"external":             func(u *User) bool { return u.External },
		"admins":               func(u *User) bool { return u.Admin || !c.Actor.Admin },
	} {
		if on, _ := c.Bool(name); on {
			tests = append(tests, test)
		}
	}
	if name := c.Text("username"); name != "" {
		tests = append(tests, func(u *User) bool { return strings.EqualFold(name, u.Username) })
	}
	if text := strings.ToLower(c.Text("search")); text != "" {
		tests = append(tests, func(u *User) bool {
			return strings.Contains(strings.ToLower(u.Username+" "+u.Name), text) || strings.EqualFold(u.Email, text)
		})
	}
	return all(tests)
}

// listActivities names who was active since a day, half a year ago unless told otherwise, the longest silent first.
func listActivities(c *Call) Answer {
	from, given := c.When("from")
	if !given {
		from = At(c.Now.AddDate(0, -6, 0).Truncate(day))
	}
	rows := keep(c.st.w.Users, func(u *User) bool { return !u.LastActivityOn.IsZero() && !u.LastActivityOn.Before(from.Time) })
	slices.SortFunc(rows, func(a, b *User) int {
		return cmp.Or(a.LastActivityOn.Compare(b.LastActivityOn.Time), cmp.Compare(a.ID, b.ID))
	})
	return List(c, rows, func(u *User) int64 { return u.ID }, func(u *User) Object {
		return Object{"username": u.Username, "last_activity_on": u.LastActivityOn.date(), "last_activity_at": u.LastActivityOn.date()}
	})
}
