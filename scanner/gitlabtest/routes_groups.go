package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func groupRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "groups", Anonymous: true, Permission: "read_group", Paging: Keyset, KeysetBy: []string{"name"}, Handle: listGroups},
		{Method: "GET", Path: "groups/:id", Anonymous: true, Permission: "read_group", Handle: showGroup},
		{Method: "GET", Path: "groups/:id/projects", Anonymous: true, Permission: "read_project", Paging: Offset, Handle: listGroupProjects},
		{Method: "GET", Path: "groups/:id/subgroups", Anonymous: true, Permission: "read_group", Paging: Offset, Handle: listSubgroups},
		{Method: "GET", Path: "groups/:id/descendant_groups", Anonymous: true, Permission: "read_group", Paging: Offset, Handle: listDescendants},
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func parentID(g *Group) any {
	if g.parent == nil {
		return nil
	}
	return g.parent.ID
}

// groupJSON is the form of lists.
func groupJSON(c *Call, g *Group) Object {
	o := groupWhole(c, g)
	for _, field := range detailOnly() {
		delete(o, field)
	}
	return o
}

// detailOnly are settings that lists of groups leave out.
// Source: API_Entities_Group and API_Entities_GroupDetail of GitLab's OpenAPI description.
func detailOnly() []string {
	return []string{
		"prevent_sharing_groups_outside_hierarchy", "membership_lock", "ip_restriction_ranges", "prevent_forking_outside_group",
		"service_access_tokens_expiration_enforced", "disable_personal_access_tokens", "resource_access_token_creation_allowed",
		"enforce_granular_tokens", "granular_tokens_enforced_after",
	}
}

func groupWhole(c *Call, g *Group) Object {
	return groupDefaults().Merge(g.Settings).Merge(Object{
		"id": g.ID, "name": g.Name, "path": lastSegment(g.Path), "full_name": groupTitle(g), "full_path": g.Path,
		"description": g.Description, "visibility": g.Visibility, "parent_id": parentID(g), "web_url": c.URL("/groups/" + g.Path),
		"avatar_url": nil, "created_at": g.CreatedAt.stamp(), "marked_for_deletion_on": g.MarkedForDeletion.date(),
	}).Since(c.Profile, "18.2", "archived", g.Archived)
}

// groupDetail adds what only GET /groups/:id shows.
func groupDetail(c *Call, g *Group) Object {
	o := groupWhole(c, g)
	o["shared_with_groups"] = shares(c, g.SharedWith)
	if c.Level(g) >= Maintainer {
		o["runners_token"] = nil
		if c.registrationAllowed() {
			o["runners_token"] = g.RegistrationToken
		}
	}
	if with, set := c.Bool("with_projects"); !set || with {
		own := []Object{}
		for _, p := range c.st.w.Projects {
			if p.group == g && c.Sees(p) && len(own) < maxPerPage {
				own = append(own, projectBasic(c, p))
			}
		}
		o["projects"], o["shared_projects"] = own, []Object{}
	}
	return o
}

// groupDefaults are the settings of a fresh group, under GitLab's names.
func groupDefaults() Object {
	return Object{
		"share_with_group_lock": false, "require_two_factor_authentication": false, "two_factor_grace_period": 48,
		"project_creation_level": "developer", "subgroup_creation_level": "maintainer", "auto_devops_enabled": nil,
		"emails_disabled": false, "emails_enabled": true, "mentions_disabled": nil, "lfs_enabled": true, "default_branch": nil,
		"default_branch_protection": 2, "request_access_enabled": true, "shared_runners_setting": "enabled", "organization_id": 1,
		"prevent_sharing_groups_outside_hierarchy": false, "membership_lock": false, "ip_restriction_ranges": nil,
		"prevent_forking_outside_group": nil, "service_access_tokens_expiration_enforced": true,
		"disable_personal_access_tokens": false, "resource_access_token_creation_allowed": true, "enforce_granular_tokens": false,
		"granular_tokens_enforced_after": nil, "wiki_access_level": "enabled", "file_template_project_id": nil, "ldap_cn": nil, "ldap_access": nil,
	}
}

func showGroup(c *Call) Answer { return OK(groupDetail(c, c.Group)) }

func listGroups(c *Call) Answer {
	return pageGroups(c, func(g *Group) bool {
		if top, _ := c.Bool("top_level_only"); top && g.parent != nil {
			return false
		}
		return true
	})
}

func listSubgroups(c *Call) Answer {
	return pageGroups(c, func(g *Group) bool { return g.parent == c.Group })
}

func listDescendants(c *Call) Answer {
	home := lowerPath(c.Group.Path)
	return pageGroups(c, func(g *Group) bool { return g != c.Group && within(lowerPath(g.Path), home) })
}

func pageGroups(c *Call, wants func(*Group) bool) Answer {
	byID := func(a, b *Group) int { return cmp.Compare(a.ID, b.ID) }
	order := map[string]func(a, b *Group) int{
		"id":         byID,
		"name":       func(a, b *Group) int { return cmp.Or(strings.Compare(a.Name, b.Name), byID(a, b)) },
		"path":       func(a, b *Group) int { return cmp.Or(strings.Compare(a.Path, b.Path), byID(a, b)) },
		"similarity": byID,
	}[cmp.Or(c.Text("order_by"), "name")]
	if order == nil {
		return Refuse(http.StatusBadRequest, "order_by does not have a valid value")
	}
	rows := rememberRows(c, func() []*Group {
		rows := keep(c.st.w.Groups, func(g *Group) bool { return wants(g) && c.wantsGroup(g) })
		slices.SortStableFunc(rows, order)
		if c.Text("sort") == "desc" { // unlike projects, groups ascend by default
			slices.Reverse(rows)
		}
		return rows
	})
	return List(c, rows, func(g *Group) int64 { return g.ID }, func(g *Group) Object { return groupJSON(c, g) })
}

func (c *Call) wantsGroup(g *Group) bool {
	if !c.Sees(g) {
		return false
	}
	// For somebody without Admin Mode, a plain list holds his groups and the public ones: that is what Sees says.
	if owned, _ := c.Bool("owned"); owned && c.st.groupRole(c.Actor.User, g, c.Now) < Owner {
		return false
	}
	if n, ok := c.Int("min_access_level"); ok && c.Level(g) < Role(n) {
		return false
	}
	if v := c.Text("visibility"); v != "" && v != g.Visibility {
		return false
	}
	if all, set := c.Bool("all_available"); set && !all && c.st.groupRole(c.Actor.User, g, c.Now) == NoRole {
		return false
	}
	text := strings.ToLower(c.Text("search"))
	return text == "" || strings.Contains(strings.ToLower(g.Name+" "+g.Path), text)
}

// listGroupProjects leaves subgroups out and shared projects in, unless told otherwise: both are GitLab's defaults.
func listGroupProjects(c *Call) Answer {
	home := lowerPath(c.Group.Path)
	below, _ := c.Bool("include_subgroups")
	shared, set := c.Bool("with_shared")
	shared = shared || !set
	return pageProjects(c, func(p *Project) bool {
		if p.group == c.Group || (below && within(lowerPath(p.Path), home)) {
			return true
		}
		return shared && slices.ContainsFunc(p.SharedWith, func(s *Share) bool { return lowerPath(s.Group) == home })
	})
}
