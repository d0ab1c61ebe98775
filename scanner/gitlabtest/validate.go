package gitlabtest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// checker collects the faults of a world, so that its author sees all of them at once.
type checker struct {
	w        *World
	users    map[string]bool
	groups   map[string]bool
	projects map[string]bool
	labels   map[string]bool
	errs     []error
}

func validate(w *World) error {
	c := &checker{w: w, users: map[string]bool{}, groups: map[string]bool{}, projects: map[string]bool{}, labels: map[string]bool{}}
	c.collect()
	c.homes()
	c.credentials()
	c.shared()
	c.errs = append(c.errs, doubleIDs(w)...)
	c.errs = append(c.errs, checkPlaceholders(w)...)
	return errors.Join(c.errs...)
}

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// collect learns the names before anything refers to them.
func (c *checker) collect() {
	if c.w.Now.IsZero() {
		c.fail("now is missing")
	}
	once := func(seen map[string]bool, what, name string) {
		if name == "" || seen[lowerPath(name)] {
			c.fail("%s %q is empty or given twice", what, name)
		}
		seen[lowerPath(name)] = true
	}
	for _, u := range c.w.Users {
		once(c.users, "username", u.Username)
	}
	names := map[string]bool{}
	for name := range c.users {
		names[name] = true
	}
	for _, g := range c.w.Groups {
		once(names, "group path", g.Path)
		c.groups[lowerPath(g.Path)] = true
	}
	for _, p := range c.w.Projects {
		once(names, "project path", p.Path)
		c.projects[lowerPath(p.Path)] = true
	}
	for _, v := range eachValued(c.w) {
		if v.label != "" {
			once(c.labels, "label", v.label)
		}
	}
	for _, tokens := range c.botTokens() {
		for _, t := range tokens {
			if t.Bot != "" && t.Previous == "" {
				once(c.users, "bot username", t.Bot)
			}
		}
	}
}

func (c *checker) botTokens() [][]*AccessToken {
	var all [][]*AccessToken
	for _, g := range c.w.Groups {
		all = append(all, g.AccessTokens)
	}
	for _, p := range c.w.Projects {
		all = append(all, p.AccessTokens)
	}
	return all
}

func (c *checker) user(where, name string) {
	if name != "" && !c.users[lowerPath(name)] {
		c.fail("%s: no user %q", where, name)
	}
}

func (c *checker) group(where, path string) {
	if path != "" && !c.groups[lowerPath(path)] {
		c.fail("%s: no group %q", where, path)
	}
}

func (c *checker) project(where, path string) {
	if path != "" && !c.projects[lowerPath(path)] {
		c.fail("%s: no project %q", where, path)
	}
}

func (c *checker) oneOf(where, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.fail("%s: %q is none of %q", where, value, allowed)
	}
}

func (c *checker) members(where string, members []*Member, shares []*Share) {
	for _, m := range members {
		c.user(where+" member", m.User)
		c.user(where+" member created_by", m.CreatedBy)
		if m.User == "" || m.Role == NoRole {
			c.fail("%s: member %q needs a user and a role", where, m.User)
		}
	}
	for _, s := range shares {
		c.group(where+" shared_with", s.Group)
	}
}

func (c *checker) homes() {
	for _, u := range c.w.Users {
		c.oneOf(u.Username+" state", u.State, "active", "blocked", "deactivated", "banned", "ldap_blocked")
		c.oneOf(u.Username+" kind", u.Kind, "human", "service_account", "project_bot", "internal")
		c.user(u.Username+" created_by", u.CreatedBy)
		c.group(u.Username+" enterprise_of", u.EnterpriseOf)
		c.entity(u.Username+" provisioned_by", u.ProvisionedBy)
	}
	for _, g := range c.w.Groups {
		c.group(g.Path+" parent", parentPath(g.Path))
		c.oneOf(g.Path+" visibility", g.Visibility, "private", "internal", "public")
		c.members(g.Path, g.Members, g.SharedWith)
		c.settings(g.Path, g.Settings, groupDefaults())
	}
	for _, p := range c.w.Projects {
		ns := parentPath(p.Path)
		if !c.groups[lowerPath(ns)] && !c.users[lowerPath(ns)] {
			c.fail("%s: namespace %q is neither a group nor a user", p.Path, ns)
		}
		c.oneOf(p.Path+" visibility", p.Visibility, "private", "internal", "public")
		c.user(p.Path+" creator", p.Creator)
		c.project(p.Path+" forked_from", p.ForkedFrom)
		c.members(p.Path, p.Members, p.SharedWith)
		c.settings(p.Path, p.Settings, projectDefaults())
		c.projectParts(p)
	}
	c.settings("instance", c.w.Settings, settingDefaults())
}

// settings refuses names that this simulator would not show: most likely they are misspelt.
func (c *checker) settings(where string, set map[string]any, known Object) {
	for name := range set {
		if _, ok := known[name]; !ok {
			c.fail("%s: unknown setting %q", where, name)
		}
	}
}

func (c *checker) projectParts(p *Project) {
	for _, s := range p.Schedules {
		c.user(p.Path+" schedule owner", s.Owner)
		if s.Owner == "" || s.Cron == "" {
			c.fail("%s: schedule %q needs an owner and a cron line", p.Path, s.Description)
		}
	}
	for _, t := range p.Triggers {
		c.user(p.Path+" trigger owner", t.Owner)
	}
	for _, s := range p.Snippets {
		c.user(p.Path+" snippet author", s.Author)
	}
	for _, r := range p.Releases {
		c.user(p.Path+" release author", r.Author)
	}
	if s := p.JobTokenScope; s != nil {
		for _, e := range s.Projects {
			c.project(p.Path+" job token allowlist", e.Path)
			c.user(p.Path+" job token allowlist", e.AddedBy)
		}
		for _, e := range s.Groups {
			c.group(p.Path+" job token allowlist", e.Path)
			c.user(p.Path+" job token allowlist", e.AddedBy)
		}
		for _, l := range s.AuthLogs {
			c.project(p.Path+" job token log", l.Origin)
		}
	}
	for _, l := range p.Pipelines {
		c.user(p.Path+" pipeline user", l.User)
		for _, j := range l.Jobs {
			if j.Status == "running" && l.User == "" {
				c.fail("%s: running job %q needs a pipeline user", p.Path, j.Name)
			}
		}
	}
	for _, a := range p.Agents {
		c.user(p.Path+" agent created_by", a.CreatedBy)
		for _, t := range a.Tokens {
			c.user(p.Path+" agent token created_by", t.CreatedBy)
		}
	}
	if p.PullMirror != nil {
		c.user(p.Path+" pull mirror user", p.PullMirror.User)
	}
	for _, s := range p.TerraformStates {
		c.user(p.Path+" terraform locked_by", s.LockedBy)
		c.user(p.Path+" terraform updated_by", s.UpdatedBy)
	}
	if r := p.Repository; r != nil && r.Dir != "" && len(r.Commits) > 0 {
		c.fail("%s: repository has both commits and dir", p.Path)
	}
}

// tokenScopes are the scopes of access tokens. Source: https://docs.gitlab.com/user/profile/personal_access_tokens/#scopes
func tokenScopes() []string {
	return []string{"api", "read_user", "read_api", "read_repository", "write_repository", "read_registry", "write_registry",
		"read_virtual_registry", "write_virtual_registry", "sudo", "admin_mode", "create_runner", "manage_runner",
		"ai_features", "k8s_proxy", "read_service_ping", "self_rotate", "openid", "profile", "email"}
}

func deployScopes() []string {
	return []string{"read_repository", "read_registry", "write_registry", "read_package_registry", "write_package_registry",
		"read_virtual_registry", "write_virtual_registry"}
}

func (c *checker) scopes(where string, scopes, known []string) {
	for _, s := range scopes {
		if !slices.Contains(known, s) {
			c.fail("%s: unknown scope %q", where, s)
		}
	}
}

func (c *checker) credentials() {
	for _, t := range allAccessTokens(c.w) {
		where := fmt.Sprintf("access token %q", t.Name)
		c.scopes(where, t.Scopes, tokenScopes())
		c.user(where+" created_by", t.CreatedBy)
		if t.Previous != "" && !c.labels[lowerPath(t.Previous)] {
			c.fail("%s: previous %q is no label", where, t.Previous)
		}
		for _, g := range t.Granular {
			c.oneOf(where+" access", g.Access, "user", "instance", "all_memberships", "personal_projects", "selected_memberships")
			c.project(where+" granular scope", g.Project)
			c.group(where+" granular scope", g.Group)
		}
	}
	for _, tokens := range c.botTokens() {
		for _, t := range tokens {
			if t.AccessLevel == NoRole {
				c.fail("access token %q: needs an access_level", t.Name)
			}
		}
	}
	deploy := func(where string, tokens []*DeployToken, vars []*Variable) {
		for _, t := range tokens {
			c.scopes(where+" deploy token", t.Scopes, deployScopes())
		}
		for _, v := range vars {
			c.variable(where, v)
		}
	}
	for _, g := range c.w.Groups {
		deploy(g.Path, g.DeployTokens, g.Variables)
	}
	for _, p := range c.w.Projects {
		deploy(p.Path, p.DeployTokens, p.Variables)
	}
	deploy("instance", nil, c.w.Variables)
}

func (c *checker) variable(where string, v *Variable) {
	if !regexp.MustCompile(`^[A-Za-z0-9_]+$`).MatchString(v.Key) {
		c.fail("%s: variable key %q", where, v.Key)
	}
	c.oneOf(where+" variable type", v.Type, "env_var", "file")
	if v.Hidden && !v.Masked {
		c.fail("%s: variable %s is hidden but not masked", where, v.Key)
	}
}

// shared checks what belongs to several homes.
func (c *checker) shared() {
	for _, k := range c.w.DeployKeys {
		c.user("deploy key "+k.Title, k.User)
		for _, p := range k.Projects {
			c.project("deploy key "+k.Title, p.Path)
		}
	}
	for _, r := range c.w.Runners {
		where := "runner " + r.Description
		c.user(where, r.CreatedBy)
		c.group(where, r.Group)
		for _, p := range r.Projects {
			c.project(where, p)
		}
		c.oneOf(where+" type", r.Type, "instance_type", "group_type", "project_type")
		if (r.Type == "group_type") != (r.Group != "") || (r.Type == "project_type") != (len(r.Projects) > 0) {
			c.fail("%s: type %q does not fit its group and projects", where, r.Type)
		}
	}
	for _, a := range c.w.Applications {
		c.entity("application "+a.Name, a.Owner)
	}
	for _, e := range c.w.AuditEvents {
		c.user("audit event "+e.Event, e.Author)
		c.entity("audit event "+e.Event, e.Entity)
	}
}

// entity checks "instance", "group:PATH", "project:PATH" and "user:NAME".
func (c *checker) entity(where, name string) {
	kind, ref := cutEntity(name)
	switch kind {
	case "", "instance":
	case "group":
		c.group(where, ref)
	case "project":
		c.project(where, ref)
	case "user":
		c.user(where, ref)
	default:
		c.fail("%s: %q is no entity", where, name)
	}
}
