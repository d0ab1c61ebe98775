package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Level is the actor's role in a home, *Project or *Group: Owner for an administrator, NoRole for outsiders.
func (c *Call) Level(home any) Role {
	if c.Actor.Admin {
		return Owner
	}
	switch h := home.(type) {
	case *Project:
		return c.st.projectRole(c.Actor.User, h, c.Now)
	case *Group:
		return c.st.groupRole(c.Actor.User, h, c.Now)
	}
	return NoRole
}

// Sees says whether the actor may know that a project or a group exists.
func (c *Call) Sees(home any) bool {
	visibility := ""
	switch h := home.(type) {
	case *Project:
		visibility = h.Visibility
		if d := c.Actor.Deploy; d != nil {
			return d.project == h || (d.group != nil && within(lowerPath(h.Path), lowerPath(d.group.Path)))
		}
	case *Group:
		visibility = h.Visibility
		if c.st.belongsBelow(c.Actor.User, h, c.Now) {
			return true
		}
	}
	signedIn := c.Actor.User != nil && !c.Actor.User.External
	return c.Actor.Admin || c.Actor.Auditor || visibility == "public" || (visibility == "internal" && signedIn) ||
		c.Level(home) > NoRole
}

// authorise checks everything of a route but the credential itself. A nil answer lets the request through.
func (c *Call) authorise() *Answer {
	if a := c.resolveHome(); a != nil {
		return a
	}
	if a := c.checkGranular(); a != nil {
		return a
	}
	if c.Route.Admin && !c.Actor.Admin {
		a := Forbidden("")
		return &a
	}
	if c.Route.Role == NoRole {
		return nil
	}
	var home any = c.Project
	if c.Group != nil {
		home = c.Group
	}
	open := c.Route.Visible && c.Project != nil && c.Project.Visibility != "private" // who does not see it came no further
	if open || c.Level(home) >= c.Route.Role || (c.Route.Auditor && c.Actor.Auditor) {
		return nil
	}
	a := Forbidden("")
	if c.Actor.Anonymous() {
		a = Unauthorized()
	}
	return &a
}

// resolveHome finds what ":id" behind projects or groups means.
func (c *Call) resolveHome() *Answer {
	var found any
	var what string
	id := c.path["id"]
	switch {
	case strings.HasPrefix(c.Route.Path, "projects/:id"):
		what = "Project"
		if c.Project = c.FindProject(id); c.Project != nil {
			found = c.Project
		}
	case strings.HasPrefix(c.Route.Path, "groups/:id"):
		what = "Group"
		if c.Group = c.FindGroup(id); c.Group != nil {
			found = c.Group
		}
	default:
		return nil
	}
	if found == nil {
		if a := c.movedAway(id); a != nil {
			return a
		}
	}
	if found == nil || !c.Sees(found) || (c.Project != nil && c.Project.PendingDelete) || c.refusesClassic() ||
		(c.Project != nil && !c.JobReaches(c.Project)) {
		c.Project, c.Group = nil, nil
		a := NotFound(what)
		return &a
	}
	return nil
}

// JobReaches says whether the caller's job token may enter a project: its own, a public one, one without inbound
// protection, or one whose allowlist names the job's project or a group above it. Other callers are not held by it.
func (c *Call) JobReaches(p *Project) bool {
	if c.Actor.Job == nil || c.Actor.Job.project == p || p.Visibility == "public" {
		return true
	}
	scope := p.JobTokenScope
	if scope == nil {
		return false
	}
	if scope.Inbound != nil && !*scope.Inbound {
		return true
	}
	from := lowerPath(c.Actor.Job.project.Path)
	return slices.ContainsFunc(scope.Projects, func(e *AllowEntry) bool { return lowerPath(e.Path) == from }) ||
		slices.ContainsFunc(scope.Groups, func(e *AllowEntry) bool { return within(from, lowerPath(e.Path)) })
}

// FindProject finds a project by number or full path, seen or not; nil where there is none.
func (c *Call) FindProject(id string) *Project {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return c.st.projects[n]
	}
	return c.st.projPath[lowerPath(id)]
}

// FindGroup finds a group by number or full path, seen or not; nil where there is none.
func (c *Call) FindGroup(id string) *Group {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return c.st.groups[n]
	}
	return c.st.groupPath[lowerPath(id)]
}

// movedAway answers 301 for an old path, to those who may see the thing.
func (c *Call) movedAway(id string) *Answer {
	current := c.st.moved[lowerPath(id)]
	var number int64
	if p := c.st.projPath[lowerPath(current)]; p != nil && c.Sees(p) {
		number = p.ID
	} else if g := c.st.groupPath[lowerPath(current)]; g != nil && c.Sees(g) {
		number = g.ID
	}
	if number == 0 {
		return nil
	}
	segs := strings.Split(strings.TrimPrefix(c.Request.URL.EscapedPath(), c.server.opts.Prefix), "/")
	segs[4] = strconv.FormatInt(number, 10) // "", api, v4, projects, :id
	to := c.URL(strings.Join(segs, "/"))
	if c.Request.URL.RawQuery != "" {
		to += "?" + c.Request.URL.RawQuery
	}
	a := Message(http.StatusMovedPermanently, "301 Moved Permanently")
	a.Header = http.Header{"Location": {to}}
	return &a
}

// refusesClassic says that the home, or the whole instance, takes fine-grained tokens only. GitLab then answers 404.
func (c *Call) refusesClassic() bool {
	t := c.Actor.Token
	if t == nil || t.granular() || !t.personal() || !c.Profile.Has("19.0") {
		return false
	}
	if c.Profile.EnforceGranular {
		return true
	}
	g := c.Group
	if c.Project != nil {
		g = c.Project.group
	}
	for ; g != nil; g = g.parent {
		if on, _ := g.Settings["enforce_granular_tokens"].(bool); on {
			return true
		}
	}
	return false
}

// checkGranular holds a fine-grained token to its permissions and their boundaries.
func (c *Call) checkGranular() *Answer {
	t := c.Actor.Token
	if t == nil || !t.granular() || c.Route.AnyScope || c.Route.Basic {
		return nil
	}
	for _, g := range t.Granular {
		if c.Route.Permission != "" && slices.Contains(g.Permissions, c.Route.Permission) && c.inBoundary(g) {
			return nil
		}
	}
	where := "this resource"
	switch {
	case c.Project != nil:
		where = fmt.Sprintf("%q", c.Project.Path)
	case c.Group != nil:
		where = fmt.Sprintf("%q", c.Group.Path)
	}
	a := oauthError(http.StatusForbidden, "insufficient_granular_scope", fmt.Sprintf(
		"Access denied: Your Personal Access Token lacks the required permissions: [%s] for %s.", c.Route.Permission, where), "")
	return &a
}

func (c *Call) inBoundary(g GranularScope) bool {
	path, project := "", c.Project
	switch {
	case project != nil:
		path = lowerPath(project.Path)
	case c.Group != nil:
		path = lowerPath(c.Group.Path)
	}
	switch g.Access {
	case "instance":
		return path == ""
	case "user":
		return path == "" && !c.Route.Admin
	case "all_memberships":
		return path != "" && c.st.direct(c.Actor.User, path, c.Now) > NoRole
	case "personal_projects":
		return project != nil && project.owner != nil && project.owner == c.Actor.User
	case "selected_memberships":
		return path != "" && (path == lowerPath(g.Project) || (g.Group != "" && within(path, lowerPath(g.Group))))
	}
	return false
}

// URL is the absolute address of a path below the instance's root.
func (c *Call) URL(path string) string {
	host := c.Request.Host
	if host == "" {
		host = "gitlab.acme.example"
	}
	return "http://" + host + c.server.opts.Prefix + path
}

// Audit appends an event of the actor, about an entity: nil for the instance, *Project, *Group or *User.
func (c *Call) Audit(event string, entity any, targetType, target string, targetID int64, details map[string]any) {
	e := &AuditEvent{
		ID: c.st.next("audit_events"), Event: event, Entity: entityName(entity), TargetType: targetType, Target: target,
		TargetID: targetID, IP: "192.0.2.10", CreatedAt: At(c.Now), Details: details,
	}
	if c.Actor.User != nil {
		e.Author = c.Actor.User.Username
	}
	c.st.w.AuditEvents = append(c.st.w.AuditEvents, e)
}

func entityName(entity any) string {
	switch e := entity.(type) {
	case *Project:
		return "project:" + e.Path
	case *Group:
		return "group:" + e.Path
	case *User:
		return "user:" + e.Username
	}
	return "instance"
}

// cutEntity takes "group:acme" apart; "instance" has no second part.
func cutEntity(name string) (kind, ref string) {
	kind, ref, _ = strings.Cut(name, ":")
	return kind, ref
}
