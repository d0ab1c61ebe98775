package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// groupVerbRoutes make, change and end groups.
func groupVerbRoutes() []Route {
	const source = "https://docs.gitlab.com/api/groups/"
	return []Route{
		{Method: "POST", Path: "groups", Permission: "create_group", Source: source, Handle: createGroup},
		{Method: "PUT", Path: "groups/:id", Role: Owner, Permission: "update_group", Source: source, Handle: changeGroup},
		{Method: "DELETE", Path: "groups/:id", Role: Owner, Permission: "delete_group", Source: source, Handle: deleteGroup},
		{Method: "POST", Path: "groups/:id/restore", Role: Owner, Permission: "restore_group", Source: source, Handle: restoreGroup},
	}
}

// groupRefused is how groups alone report what is wrong: a hash written out as text.
func groupRefused(field, text string) Answer {
	return Message(http.StatusBadRequest, fmt.Sprintf("Failed to save group {:%s=>[%q]}", field, text))
}

// createGroup makes its creator the Owner, of subgroups too.
func createGroup(c *Call) Answer {
	if lacks := c.missing("name", "path"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	var parent *Group
	if c.Text("parent_id") != "" {
		if parent = c.FindGroup(c.Text("parent_id")); parent == nil || !c.Sees(parent) {
			return NotFound("Group")
		}
	}
	full, visibility := c.Text("path"), cmp.Or(c.Text("visibility"), settingDefaults().Merge(c.st.w.Settings)["default_group_visibility"].(string))
	if parent != nil {
		full = parent.Path + "/" + full
		if !c.Has("visibility") {
			visibility = parent.Visibility
		}
	}
	_, taken := c.findNamespace(full)
	switch {
	case parent == nil && c.Actor.User.External, parent != nil && !c.mayCreateBelow(parent):
		return Forbidden("")
	case !slices.Contains(levels(), visibility):
		return Refuse(http.StatusBadRequest, "visibility does not have a valid value")
	case !projectPath.MatchString(c.Text("path")) || strings.HasSuffix(full, ".git") || strings.HasSuffix(full, ".atom"):
		return groupRefused("path", badPath)
	case taken || c.st.projPath[lowerPath(full)] != nil:
		return groupRefused("path", "has already been taken")
	case parent != nil && slices.Index(levels(), visibility) > slices.Index(levels(), parent.Visibility):
		return groupRefused("visibility_level", visibility+" is not allowed since the parent group has a "+parent.Visibility+" visibility.")
	}
	g := &Group{ID: c.st.next("namespaces"), Path: full, Name: c.Text("name"), Visibility: visibility, CreatedAt: At(c.Now), parent: parent}
	g.RegistrationToken = "GR1348941" + newEntropy(c.st.seed, "registration\x00"+g.Path).pick(urlSafe, 20)
	c.st.w.Groups = append(c.st.w.Groups, g)
	c.st.groups[g.ID], c.st.groupPath[lowerPath(full)] = g, g
	delete(c.st.moved, lowerPath(full))
	g.Members = []*Member{{User: c.Actor.User.Username, Role: Owner, CreatedAt: At(c.Now), CreatedBy: c.Actor.User.Username}}
	c.st.reindexMembers()
	c.Group = g
	c.fillGroup(g)
	c.Audit("group_created", g, "Group", g.Path, g.ID, nil)
	return Created(groupDetail(c, g))
}

// mayCreateBelow goes by the setting subgroup_creation_level.
func (c *Call) mayCreateBelow(g *Group) bool {
	least := Maintainer
	if groupDefaults().Merge(g.Settings)["subgroup_creation_level"] == "owner" {
		least = Owner
	}
	return c.Level(g) >= least
}

// fillGroup takes the settings that the request gives.
func (c *Call) fillGroup(g *Group) {
	if g.Settings == nil {
		g.Settings = map[string]any{}
	}
	for name, old := range groupDefaults() {
		if !c.Has(name) {
			continue
		}
		g.Settings[name] = c.Value(name)
		switch old.(type) {
		case bool:
			g.Settings[name], _ = c.Bool(name)
		case int:
			g.Settings[name], _ = c.Int(name)
		}
	}
	g.Name = cmp.Or(c.Text("name"), g.Name)
	if c.Has("description") {
		g.Description = c.Text("description")
	}
}

// changeGroup moves no group: everything in a world refers to it by its path.
func changeGroup(c *Call) Answer {
	g := c.Group
	visibility := cmp.Or(c.Text("visibility"), g.Visibility)
	switch {
	case !slices.Contains(levels(), visibility):
		return Refuse(http.StatusBadRequest, "visibility does not have a valid value")
	case c.Has("visibility") && g.parent != nil && slices.Index(levels(), visibility) > slices.Index(levels(), g.parent.Visibility):
		return Message(http.StatusBadRequest, Object{"visibility_level": []string{visibility + " is not allowed since the parent group has a " + g.parent.Visibility + " visibility."}})
	}
	if refused := c.renamed(g.Path); refused != nil {
		return *refused
	}
	g.Visibility = visibility
	c.fillGroup(g)
	return OK(groupDetail(c, g))
}

// deleteGroup marks for deletion; a second call with permanently_remove and the path removes a marked group for good.
func deleteGroup(c *Call) Answer {
	g := c.Group
	if now, _ := c.Bool("permanently_remove"); now {
		switch {
		case g.MarkedForDeletion.IsZero():
			return BadRequest("Group must be marked for deletion first.")
		case c.Text("full_path") != g.Path:
			return BadRequest("`full_path` is incorrect. You must enter the complete path for the subgroup.")
		}
		c.Audit("group_destroyed", g, "Group", g.Path, g.ID, nil)
		c.removeGroup(g)
		return Message(http.StatusAccepted, "202 Accepted")
	}
	if !g.MarkedForDeletion.IsZero() {
		return BadRequest("Group has been already marked for deletion")
	}
	g.MarkedForDeletion = At(c.Now.Truncate(day))
	c.Audit("group_deletion_marked", g, "Group", g.Path, g.ID, nil)
	return Message(http.StatusAccepted, "202 Accepted")
}

func restoreGroup(c *Call) Answer {
	if c.Group.MarkedForDeletion.IsZero() {
		return BadRequest("Group has not been marked for deletion")
	}
	c.Group.MarkedForDeletion = Time{}
	c.Audit("group_restored", c.Group, "Group", c.Group.Path, c.Group.ID, nil)
	return Created(groupDetail(c, c.Group))
}

// removeGroup ends a group with everything below it.
func (c *Call) removeGroup(g *Group) {
	st, home := c.st, lowerPath(g.Path)
	for _, p := range slices.Clone(st.w.Projects) {
		if within(lowerPath(p.Path), home) {
			c.server.dropRepository(p)
			st.removeProject(p)
		}
	}
	gone := func(other *Group) bool { return within(lowerPath(other.Path), home) }
	st.dropTokens(func(t *AccessToken) bool { return t.group != nil && gone(t.group) })
	for _, other := range st.w.Groups {
		if !gone(other) {
			other.SharedWith = slices.DeleteFunc(other.SharedWith, func(s *Share) bool { return within(lowerPath(s.Group), home) })
			continue
		}
		for _, t := range other.DeployTokens {
			delete(st.owners, t.Value)
		}
		delete(st.groups, other.ID)
		delete(st.groupPath, lowerPath(other.Path))
	}
	for _, p := range st.w.Projects {
		p.SharedWith = slices.DeleteFunc(p.SharedWith, func(s *Share) bool { return within(lowerPath(s.Group), home) })
	}
	st.w.Groups = slices.DeleteFunc(st.w.Groups, gone)
	st.reindexMembers()
}
