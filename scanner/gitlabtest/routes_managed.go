package gitlabtest

// managedRoutes are GitLab.com's lists of everything that a top-level group manages.
// Source: https://docs.gitlab.com/api/group_access_tokens/ and https://docs.gitlab.com/api/groups/#credentials-inventory-management
func managedRoutes() []Route {
	const source = "https://docs.gitlab.com/api/groups/#credentials-inventory-management"
	return []Route{
		{Method: "GET", Path: "groups/:id/manage/resource_access_tokens", Role: Owner, Tier: Premium, Offering: SaaS, Since: "18.6",
			Permission: "read_resource_access_token", Paging: Offset, Source: source, Handle: topLevelOnly(listManagedTokens)},
		{Method: "GET", Path: "groups/:id/manage/personal_access_tokens", Role: Owner, Tier: Premium, Offering: SaaS, Since: "18.6",
			Permission: "read_personal_access_token", Paging: Offset, Source: source, Handle: topLevelOnly(listEnterpriseTokens)},
	}
}

func topLevelOnly(h Handler) Handler {
	return func(c *Call) Answer {
		if c.Group.parent != nil {
			return NotFound("")
		}
		return h(c)
	}
}

// listManagedTokens lists project and group access tokens of the whole tree below the group.
func listManagedTokens(c *Call) Answer {
	home := lowerPath(c.Group.Path)
	return listManyTokens(c, func(t *AccessToken) bool {
		switch {
		case t.project != nil:
			return within(lowerPath(t.project.Path), home)
		case t.group != nil:
			return within(lowerPath(t.group.Path), home)
		}
		return false
	})
}

// listEnterpriseTokens lists personal tokens of the users whom the group owns; other members are not listed.
func listEnterpriseTokens(c *Call) Answer {
	return listManyTokens(c, func(t *AccessToken) bool {
		return t.personal() && !t.Impersonation && t.user.EnterpriseOf == c.Group.Path
	})
}
