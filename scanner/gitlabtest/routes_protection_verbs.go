package gitlabtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// protectionVerbRoutes show, make, change and end one protection.
func protectionVerbRoutes() []Route {
	const b, t, e = "projects/:id/protected_branches", "projects/:id/protected_tags", "projects/:id/protected_environments"
	const branches, tags, envs = "https://docs.gitlab.com/api/protected_branches/", "https://docs.gitlab.com/api/protected_tags/", "https://docs.gitlab.com/api/protected_environments/"
	return []Route{
		{Method: "GET", Path: b + "/:name", Role: Developer, Permission: "read_protected_branch", Source: branches, Handle: showProtectedBranch},
		{Method: "POST", Path: b, Role: Maintainer, Permission: "create_protected_branch", Source: branches, Handle: protectBranch},
		{Method: "PATCH", Path: b + "/:name", Role: Maintainer, Permission: "update_protected_branch", Source: branches, Handle: changeProtectedBranch},
		{Method: "GET", Path: t + "/:name", Role: Maintainer, Permission: "read_protected_tag", Source: tags, Handle: showProtectedTag},
		{Method: "POST", Path: t, Role: Maintainer, Permission: "create_protected_tag", Source: tags, Handle: protectTag},
		{Method: "DELETE", Path: t + "/:name", Role: Maintainer, Permission: "delete_protected_tag", Source: tags, Handle: unprotectTag},
		{Method: "GET", Path: e + "/:name", Role: Maintainer, Tier: Premium, Permission: "read_protected_environment", Source: envs, Handle: showProtectedEnv},
		{Method: "POST", Path: e, Role: Maintainer, Tier: Premium, Permission: "create_protected_environment", Source: envs, Handle: protectEnv},
		{Method: "PUT", Path: e + "/:name", Role: Maintainer, Tier: Premium, Permission: "update_protected_environment", Source: envs, Handle: changeProtectedEnv},
		{Method: "DELETE", Path: e + "/:name", Role: Maintainer, Tier: Premium, Permission: "delete_protected_environment", Source: envs, Handle: unprotectEnv},
	}
}

// rule reads one object of a list such as allowed_to_push; ok is false where it names nobody that there is.
func (c *Call) rule(o map[string]any) (*AccessRule, bool) {
	number := func(key string) (int64, bool) {
		switch v := o[key].(type) {
		case json.Number:
			n, err := v.Int64()
			return n, err == nil
		case string:
			n, err := strconv.ParseInt(v, 10, 64)
			return n, err == nil
		}
		return 0, false
	}
	r := &AccessRule{}
	if id, given := number("user_id"); given {
		if u := c.st.users[id]; u != nil {
			r.User = u.Username
		}
		return r, r.User != ""
	}
	if id, given := number("group_id"); given {
		if g := c.st.groups[id]; g != nil {
			r.Group = g.Path
		}
		return r, r.Group != ""
	}
	if id, given := number("deploy_key_id"); given {
		for _, k := range c.st.w.DeployKeys {
			if k.ID == id && k.inProject(c.Project) != nil {
				r.DeployKey = k.Title
			}
		}
		return r, r.DeployKey != ""
	}
	level, given := number("access_level")
	r.Role = Role(level)
	return r, given && validLevel(r.Role)
}

func validLevel(r Role) bool {
	return r == NoRole || r == Developer || r == Maintainer || r == roleNames()["admin"]
}

// rules reads one side of a protection: a level under one name, or a list under another, which adds to what is there
// and takes away what it marks with _destroy. Without either, fallback stands.
func (c *Call) rules(have []*AccessRule, level, list string, fallback Role) ([]*AccessRule, *Answer) {
	refuse := func(what string) ([]*AccessRule, *Answer) {
		a := Refuse(http.StatusBadRequest, what+" does not have a valid value")
		return nil, &a
	}
	fresh := func(r *AccessRule) { r.ID = c.st.next("access_rules"); have = append(have, r) }
	objects := c.Objects(list)
	if n, given := c.Int(level); given {
		if !validLevel(Role(n)) {
			return refuse(level)
		}
		fresh(&AccessRule{Role: Role(n)})
	} else if len(objects) == 0 && len(have) == 0 {
		fresh(&AccessRule{Role: fallback})
	}
	for _, o := range objects {
		if gone, _ := asBool(o["_destroy"]); gone {
			have = slices.DeleteFunc(have, func(r *AccessRule) bool { return fmt.Sprint(o["id"]) == itoa(r.ID) })
			continue
		}
		r, ok := c.rule(o)
		if !ok {
			return refuse(list)
		}
		fresh(r)
	}
	return have, nil
}

func withProtectedBranch(c *Call, use func(*ProtectedBranch) Answer) Answer {
	for _, b := range c.Project.ProtectedBranches {
		if b.Name == c.Path("name") {
			return use(b)
		}
	}
	return NotFound("")
}

func showProtectedBranch(c *Call) Answer {
	return withProtectedBranch(c, func(b *ProtectedBranch) Answer { return OK(protectedBranchJSON(c, b)) })
}

func protectBranch(c *Call) Answer {
	name := c.Text("name")
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "name is missing")
	case slices.ContainsFunc(c.Project.ProtectedBranches, func(b *ProtectedBranch) bool { return b.Name == name }):
		return Message(http.StatusConflict, "Protected branch '"+name+"' already exists")
	}
	b := &ProtectedBranch{Name: name}
	if refused := c.fillProtectedBranch(b); refused != nil {
		return *refused
	}
	b.ID = c.st.next("protected_branches")
	c.Project.ProtectedBranches = append(c.Project.ProtectedBranches, b)
	c.Audit("protected_branch_created", c.Project, "ProtectedBranch", name, b.ID, nil)
	return Created(protectedBranchJSON(c, b))
}

func (c *Call) fillProtectedBranch(b *ProtectedBranch) (refused *Answer) {
	push, refused := c.rules(b.Push, "push_access_level", "allowed_to_push", Maintainer)
	if refused != nil {
		return refused
	}
	merge, refused := c.rules(b.Merge, "merge_access_level", "allowed_to_merge", Maintainer)
	if refused != nil {
		return refused
	}
	b.Push, b.Merge = push, merge
	for name, field := range map[string]*bool{"allow_force_push": &b.AllowForcePush, "code_owner_approval_required": &b.CodeOwners} {
		if on, set := c.Bool(name); set {
			*field = on
		}
	}
	return nil
}

func changeProtectedBranch(c *Call) Answer {
	return withProtectedBranch(c, func(b *ProtectedBranch) Answer {
		if refused := c.fillProtectedBranch(b); refused != nil {
			return *refused
		}
		c.Audit("protected_branch_updated", c.Project, "ProtectedBranch", b.Name, b.ID, nil)
		return OK(protectedBranchJSON(c, b))
	})
}

func withProtectedTag(c *Call, use func(*ProtectedTag) Answer) Answer {
	for _, t := range c.Project.ProtectedTags {
		if t.Name == c.Path("name") {
			return use(t)
		}
	}
	return NotFound("")
}

func showProtectedTag(c *Call) Answer {
	return withProtectedTag(c, func(t *ProtectedTag) Answer { return OK(protectedTagJSON(c, t)) })
}

func protectTag(c *Call) Answer {
	name := c.Text("name")
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "name is missing")
	case slices.ContainsFunc(c.Project.ProtectedTags, func(t *ProtectedTag) bool { return t.Name == name }):
		return Message(http.StatusConflict, "Protected tag '"+name+"' already exists")
	}
	create, refused := c.rules(nil, "create_access_level", "allowed_to_create", Maintainer)
	if refused != nil {
		return *refused
	}
	t := &ProtectedTag{Name: name, Create: create}
	c.Project.ProtectedTags = append(c.Project.ProtectedTags, t)
	return Created(protectedTagJSON(c, t))
}

func unprotectTag(c *Call) Answer {
	return withProtectedTag(c, func(t *ProtectedTag) Answer {
		c.Project.ProtectedTags = slices.DeleteFunc(c.Project.ProtectedTags, func(other *ProtectedTag) bool { return other == t })
		return NoContent()
	})
}

func withProtectedEnv(c *Call, use func(*ProtectedEnv) Answer) Answer {
	for _, e := range c.Project.ProtectedEnvs {
		if e.Name == c.Path("name") {
			return use(e)
		}
	}
	return NotFound("")
}

func showProtectedEnv(c *Call) Answer {
	return withProtectedEnv(c, func(e *ProtectedEnv) Answer { return OK(protectedEnvJSON(c, e)) })
}

func protectEnv(c *Call) Answer {
	name := c.Text("name")
	switch {
	case name == "" || len(c.Objects("deploy_access_levels")) == 0:
		return Refuse(http.StatusBadRequest, cmp.Or(c.missing("name", "deploy_access_levels"), "deploy_access_levels is empty"))
	case slices.ContainsFunc(c.Project.ProtectedEnvs, func(e *ProtectedEnv) bool { return e.Name == name }):
		return Message(http.StatusConflict, "Protected environment '"+name+"' already exists")
	}
	e := &ProtectedEnv{Name: name}
	if refused := c.fillProtectedEnv(e); refused != nil {
		return *refused
	}
	c.Project.ProtectedEnvs = append(c.Project.ProtectedEnvs, e)
	return Created(protectedEnvJSON(c, e))
}

func (c *Call) fillProtectedEnv(e *ProtectedEnv) *Answer {
	deploy, refused := c.rules(e.Deploy, "", "deploy_access_levels", Maintainer)
	if refused != nil {
		return refused
	}
	e.Deploy = deploy
	if n, ok := c.Int("required_approval_count"); ok {
		e.RequiredApprovals = int(n)
	}
	return nil
}

func changeProtectedEnv(c *Call) Answer {
	return withProtectedEnv(c, func(e *ProtectedEnv) Answer {
		if refused := c.fillProtectedEnv(e); refused != nil {
			return *refused
		}
		return OK(protectedEnvJSON(c, e))
	})
}

func unprotectEnv(c *Call) Answer {
	return withProtectedEnv(c, func(e *ProtectedEnv) Answer {
		c.Project.ProtectedEnvs = slices.DeleteFunc(c.Project.ProtectedEnvs, func(other *ProtectedEnv) bool { return other == e })
		return NoContent()
	})
}
