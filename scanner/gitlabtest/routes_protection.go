package gitlabtest

import "slices"

func protectionRoutes() []Route {
	tags, envs := "https://docs.gitlab.com/api/protected_tags/", "https://docs.gitlab.com/api/protected_environments/"
	return []Route{
		{Method: "GET", Path: "projects/:id/protected_branches", Role: Developer, Permission: "read_protected_branch", Paging: Offset,
			Source: "https://docs.gitlab.com/api/protected_branches/", Handle: listProtectedBranches},
		{Method: "DELETE", Path: "projects/:id/protected_branches/:name", Role: Maintainer, Permission: "delete_protected_branch",
			Source: "https://docs.gitlab.com/api/protected_branches/", Handle: unprotectBranch},
		{Method: "GET", Path: "projects/:id/protected_tags", Role: Maintainer, Permission: "read_protected_tag", Paging: Offset, Source: tags, Handle: listProtectedTags},
		{Method: "GET", Path: "projects/:id/protected_environments", Role: Maintainer, Tier: Premium, Permission: "read_protected_environment", Paging: Offset, Source: envs, Handle: listProtectedEnvs},
		{Method: "GET", Path: "groups/:id/protected_environments", Role: Maintainer, Tier: Premium, Permission: "read_protected_environment", Paging: Offset, Source: envs, Handle: listProtectedEnvs},
	}
}

func levelText(r Role) string {
	switch r {
	case NoRole:
		return "No one"
	case Developer:
		return "Developers + Maintainers"
	case Maintainer:
		return "Maintainers"
	}
	return "Administrators"
}

// ruleJSON names a user, group or key beside a level; the level then is that of a Maintainer, and says nothing.
func ruleJSON(c *Call, r *AccessRule) Object {
	o := Object{"id": r.ID, "access_level": int(r.Role), "access_level_description": levelText(r.Role), "user_id": nil, "group_id": nil}
	if u := c.st.userByName(r.User); u != nil {
		o.Merge(Object{"access_level": int(Maintainer), "access_level_description": u.Name, "user_id": u.ID})
	}
	if g := c.FindGroup(r.Group); r.Group != "" && g != nil {
		o.Merge(Object{"access_level": int(Maintainer), "access_level_description": g.Name, "group_id": g.ID})
	}
	return o
}

func (c *Call) keyByTitle(title string) *DeployKey {
	for _, k := range c.st.w.DeployKeys {
		if title != "" && k.Title == title {
			return k
		}
	}
	return nil
}

// pushRules can name a deploy key.
func pushRules(c *Call, list []*AccessRule) []Object {
	return renderAll(list, func(r *AccessRule) Object {
		o := ruleJSON(c, r)
		o["deploy_key_id"] = nil
		if k := c.keyByTitle(r.DeployKey); k != nil {
			o.Merge(Object{"access_level": int(Maintainer), "access_level_description": "Deploy key", "deploy_key_id": k.ID})
		}
		return o
	})
}

func rulesJSON(c *Call, list []*AccessRule) []Object {
	return renderAll(list, func(r *AccessRule) Object { return ruleJSON(c, r) })
}

func listProtectedBranches(c *Call) Answer {
	return List(c, c.Project.ProtectedBranches, noID[*ProtectedBranch], func(b *ProtectedBranch) Object {
		return protectedBranchJSON(c, b)
	})
}

func protectedBranchJSON(c *Call, b *ProtectedBranch) Object {
	return Object{
		"id": b.ID, "name": b.Name, "push_access_levels": pushRules(c, b.Push), "merge_access_levels": rulesJSON(c, b.Merge),
		"unprotect_access_levels": []Object{}, "allow_force_push": b.AllowForcePush, "code_owner_approval_required": b.CodeOwners, "inherited": false,
	}
}

func unprotectBranch(c *Call) Answer {
	for _, b := range c.Project.ProtectedBranches {
		if b.Name == c.Path("name") {
			c.Project.ProtectedBranches = slices.DeleteFunc(c.Project.ProtectedBranches, func(other *ProtectedBranch) bool { return other == b })
			return NoContent()
		}
	}
	return NotFound("")
}

func listProtectedTags(c *Call) Answer {
	return List(c, c.Project.ProtectedTags, noID[*ProtectedTag], func(t *ProtectedTag) Object {
		return protectedTagJSON(c, t)
	})
}

func protectedTagJSON(c *Call, t *ProtectedTag) Object {
	return Object{"name": t.Name, "create_access_levels": pushRules(c, t.Create)}
}

// listProtectedEnvs names environments in a project and tiers in a group.
func listProtectedEnvs(c *Call) Answer {
	var rows []*ProtectedEnv
	if c.Project != nil {
		rows = c.Project.ProtectedEnvs
	} else {
		rows = c.Group.ProtectedEnvs
	}
	return List(c, rows, noID[*ProtectedEnv], func(e *ProtectedEnv) Object {
		return protectedEnvJSON(c, e)
	})
}

func protectedEnvJSON(c *Call, e *ProtectedEnv) Object {
	return Object{
		"name": e.Name, "required_approval_count": e.RequiredApprovals, "approval_rules": []Object{},
		"deploy_access_levels": renderAll(e.Deploy, func(r *AccessRule) Object {
			o := ruleJSON(c, r)
			o["group_inheritance_type"] = 0
			return o
		}),
	}
}
