package gitlabtest

import (
	"net/http"
	"slices"
)

func accessTokenRoutes() []Route {
	const pat = "https://docs.gitlab.com/api/personal_access_tokens/"
	const prat = "https://docs.gitlab.com/api/project_access_tokens/"
	const grat = "https://docs.gitlab.com/api/group_access_tokens/"
	rotate := []string{"api", "self_rotate"}
	return []Route{
		{Method: "GET", Path: "personal_access_tokens", Permission: "read_personal_access_token", Paging: Offset, Source: pat, Handle: listPersonalTokens},
		{Method: "GET", Path: "personal_access_tokens/self", AnyScope: true, Source: pat, Handle: showOwnToken},
		{Method: "DELETE", Path: "personal_access_tokens/self", AnyScope: true, Source: pat, Handle: revokeOwnToken},
		{Method: "POST", Path: "personal_access_tokens/self/rotate", Scopes: rotate, Since: "16.10", Source: pat, Handle: rotateOwnToken},
		{Method: "GET", Path: "personal_access_tokens/self/associations", AnyScope: true, Since: "17.4", Paging: Offset, Source: pat, Handle: listAssociations},
		{Method: "GET", Path: "personal_access_tokens/:id", Permission: "read_personal_access_token", Source: pat, Handle: showPersonalToken},
		{Method: "DELETE", Path: "personal_access_tokens/:id", Permission: "revoke_personal_access_token", Source: pat, Handle: revokePersonalToken},
		{Method: "POST", Path: "personal_access_tokens/:id/rotate", Permission: "rotate_personal_access_token", Since: "16.0", Source: pat, Handle: rotatePersonalToken},

		{Method: "GET", Path: "projects/:id/access_tokens", Role: Maintainer, Auditor: true, Permission: "read_resource_access_token", Paging: Offset, Source: prat, Handle: listHomeTokens},
		{Method: "POST", Path: "projects/:id/access_tokens", Role: Maintainer, Permission: "create_resource_access_token", Source: prat, Handle: createHomeToken},
		{Method: "GET", Path: "projects/:id/access_tokens/:token_id", Role: Maintainer, Auditor: true, Permission: "read_resource_access_token", Source: prat, Handle: showHomeToken},
		{Method: "DELETE", Path: "projects/:id/access_tokens/:token_id", Role: Maintainer, Permission: "revoke_resource_access_token", Source: prat, Handle: revokeHomeToken},
		{Method: "POST", Path: "projects/:id/access_tokens/:token_id/rotate", Role: Maintainer, Since: "16.0", Permission: "rotate_resource_access_token", Source: prat, Handle: rotateHomeToken},
		{Method: "POST", Path: "projects/:id/access_tokens/self/rotate", Scopes: rotate, Since: "16.10", Source: prat, Handle: rotateOwnToken},

		{Method: "GET", Path: "groups/:id/access_tokens", Role: Owner, Auditor: true, Permission: "read_resource_access_token", Paging: Offset, Source: grat, Handle: listHomeTokens},
		{Method: "POST", Path: "groups/:id/access_tokens", Role: Owner, Permission: "create_resource_access_token", Source: grat, Handle: createHomeToken},
		{Method: "GET", Path: "groups/:id/access_tokens/:token_id", Role: Owner, Auditor: true, Permission: "read_resource_access_token", Source: grat, Handle: showHomeToken},
		{Method: "DELETE", Path: "groups/:id/access_tokens/:token_id", Role: Owner, Permission: "revoke_resource_access_token", Source: grat, Handle: revokeHomeToken},
		{Method: "POST", Path: "groups/:id/access_tokens/:token_id/rotate", Role: Owner, Since: "16.0", Permission: "rotate_resource_access_token", Source: grat, Handle: rotateHomeToken},
		{Method: "POST", Path: "groups/:id/access_tokens/self/rotate", Scopes: rotate, Since: "16.10", Source: grat, Handle: rotateOwnToken},
	}
}

// listPersonalTokens shows all tokens of the instance, bots' and impersonation tokens too, to an effective
// administrator; anybody else, and an administrator without Admin Mode, gets 200 with his own.
func listPersonalTokens(c *Call) Answer {
	own := c.Actor.User.ID
	wanted, byUser := c.Int("user_id")
	if !c.Actor.Admin || c.Profile.Offering == SaaS {
		if byUser && wanted != own {
			return Unauthorized()
		}
		wanted, byUser = own, true
	}
	return listManyTokens(c, func(t *AccessToken) bool {
		// Impersonation tokens are hidden from the user they act as.
		return (!byUser || t.user.ID == wanted) && (!t.Impersonation || c.Actor.Admin)
	})
}

func showOwnToken(c *Call) Answer {
	if c.Actor.Token == nil {
		return Unauthorized()
	}
	return OK(accessTokenJSON(c, c.Actor.Token))
}

func revokeOwnToken(c *Call) Answer {
	if c.Actor.Token == nil {
		return Unauthorized()
	}
	c.revokeToken(c.Actor.Token)
	return NoContent()
}

func rotateOwnToken(c *Call) Answer {
	t := c.Actor.Token
	switch {
	case t == nil:
		return Unauthorized()
	case c.Project != nil && t.project != c.Project, c.Group != nil && t.group != c.Group:
		return Message(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	}
	return c.rotateToken(t)
}

// foreignToken finds :id for the verbs on one token; a stranger's is 404 to an administrator and 401 to all others.
func foreignToken(c *Call) (*AccessToken, *Answer) {
	t := c.st.tokenID[c.PathID("id")]
	if t != nil && (c.Actor.Admin || (t.user == c.Actor.User && !t.Impersonation)) {
		return t, nil
	}
	a := Unauthorized()
	if c.Actor.Admin {
		a = NotFound("")
	}
	return nil, &a
}

func showPersonalToken(c *Call) Answer {
	t, refused := foreignToken(c)
	if refused != nil {
		return *refused
	}
	return OK(accessTokenJSON(c, t))
}

func revokePersonalToken(c *Call) Answer {
	t, refused := foreignToken(c)
	switch {
	case refused != nil:
		return *refused
	case t.Revoked:
		return BadRequest("Token already revoked")
	}
	c.revokeToken(t)
	return NoContent()
}

func rotatePersonalToken(c *Call) Answer {
	t, refused := foreignToken(c)
	if refused != nil {
		return *refused
	}
	return c.rotateToken(t)
}

// listAssociations shows what the token's user reaches: one object with two lists, paged together.
func listAssociations(c *Call) Answer {
	least := Role(0)
	if n, ok := c.Int("min_access_level"); ok {
		least = Role(n)
	}
	groups := []Object{}
	for _, g := range c.st.w.Groups {
		if role := c.st.groupRole(c.Actor.User, g, c.Now); role > NoRole && role >= least {
			groups = append(groups, Object{"id": g.ID, "web_url": c.URL("/groups/" + g.Path), "name": g.Name,
				"parent_id": parentID(g), "organization_id": 1, "access_levels": int(role), "visibility": g.Visibility})
		}
	}
	var projects []*Project
	for _, p := range c.st.w.Projects {
		if role := c.st.projectRole(c.Actor.User, p, c.Now); role > NoRole && role >= least {
			projects = append(projects, p)
		}
	}
	page := List(c, projects, noID[*Project], func(p *Project) Object {
		return Object{"id": p.ID, "description": emptyNull(p.Description), "name": p.Name, "name_with_namespace": projectTitle(c, p),
			"path": lastSegment(p.Path), "path_with_namespace": p.Path, "created_at": p.CreatedAt.stamp(),
			"access_levels": accessLevels(c, p), "visibility": p.Visibility, "web_url": c.URL("/" + p.Path), "namespace": namespaceJSON(c, p)}
	})
	if page.Status == http.StatusOK {
		page.Body = Object{"groups": groups, "projects": page.Body}
	}
	return page
}

func accessLevels(c *Call, p *Project) Object {
	level := func(r Role) any {
		if r == NoRole {
			return nil
		}
		return int(r)
	}
	inGroup := NoRole
	if p.group != nil {
		inGroup = c.st.groupRole(c.Actor.User, p.group, c.Now)
	}
	direct := NoRole
	for _, m := range p.Members {
		if m.User == c.Actor.User.Username {
			direct = m.Role
		}
	}
	return Object{"project_access_level": level(direct), "group_access_level": level(inGroup)}
}

func (c *Call) homeTokens() []*AccessToken {
	if c.Project != nil {
		return c.Project.AccessTokens
	}
	return c.Group.AccessTokens
}

// onlyLicensed refuses project and group tokens on GitLab.com's free tier.
func onlyLicensed(c *Call) bool { return c.Profile.Offering == SaaS && c.Profile.Tier < Premium }

func listHomeTokens(c *Call) Answer {
	if onlyLicensed(c) {
		return NotFound("")
	}
	return listTokens(c, c.homeTokens())
}

func homeToken(c *Call) *AccessToken {
	for _, t := range c.homeTokens() {
		if t.ID == c.PathID("token_id") {
			return t
		}
	}
	return nil
}

func showHomeToken(c *Call) Answer {
	if t := homeToken(c); t != nil {
		return OK(accessTokenJSON(c, t))
	}
	return NotFound("")
}

func revokeHomeToken(c *Call) Answer {
	t := homeToken(c)
	switch {
	case t == nil:
		return Message(http.StatusNotFound, "404 Could not find project access token with token_id: "+c.Path("token_id")+" Not Found")
	case t.Revoked:
		return BadRequest("Token already revoked")
	}
	c.revokeToken(t)
	return NoContent()
}

func rotateHomeToken(c *Call) Answer {
	t := homeToken(c)
	switch {
	case t == nil:
		return NotFound("")
	case c.byBotToken():
		return Unauthorized()
	}
	return c.rotateToken(t)
}

// byBotToken says that the caller is itself a project or group token: those can make and rotate no others.
func (c *Call) byBotToken() bool { return c.Actor.Token != nil && !c.Actor.Token.personal() }

func createHomeToken(c *Call) Answer {
	name, scopes := c.Text("name"), c.Texts("scopes")
	expires, dated := c.When("expires_at")
	level, given := c.Int("access_level")
	if !given {
		level = int64(Maintainer)
	}
	switch {
	case onlyLicensed(c) || c.byBotToken():
		return BadRequest("User does not have permission to create access token")
	case name == "" || len(scopes) == 0:
		return Refuse(http.StatusBadRequest, c.blank("name", "scopes"))
	case Role(level) > c.Level(c.home()):
		return BadRequest("Access level of the token can't be greater the access level of the user who created the token")
	case dated && c.wrongExpiry(expires) != "":
		return BadRequest(c.wrongExpiry(expires))
	case !dated:
		expires = At(c.Now.AddDate(1, 0, 0).Truncate(day))
	}
	for _, s := range scopes {
		if !slices.Contains(tokenScopes(), s) {
			return Refuse(http.StatusBadRequest, "scopes does not have a valid value")
		}
	}
	t := &AccessToken{Name: name, Description: c.Text("description"), Scopes: scopes, CreatedAt: At(c.Now), ExpiresAt: expires,
		AccessLevel: Role(level), CreatedBy: c.Actor.User.Username, project: c.Project, group: c.Group}
	c.st.addBotUser(t)
	c.st.addToken(t)
	c.auditToken(t, "created", "created", "Created")
	return Created(accessTokenJSON(c, t).Merge(Object{"token": t.Value}))
}

// home is the project or group of the call; nil where the route has none.
func (c *Call) home() any {
	switch {
	case c.Project != nil:
		return c.Project
	case c.Group != nil:
		return c.Group
	}
	return nil
}
