package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// runnerVerbRoutes make runners, move them and replace their tokens.
func runnerVerbRoutes() []Route {
	const source = "https://docs.gitlab.com/api/runners/"
	return []Route{
		{Method: "POST", Path: "user/runners", Scopes: []string{"api", "create_runner"}, Since: "16.0", Permission: "create_runner",
			Source: "https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user", Handle: createRunner},
		{Method: "POST", Path: "runners/:runner_id/reset_authentication_token", Permission: "update_runner", Source: source, Handle: resetRunnerToken},
		{Method: "POST", Path: "projects/:id/runners", Role: Maintainer, Permission: "update_runner", Source: source, Handle: assignRunner},
		{Method: "DELETE", Path: "projects/:id/runners/:runner_id", Role: Maintainer, Permission: "update_runner", Source: source, Handle: unassignRunner},
		{Method: "POST", Path: "projects/:id/runners/reset_registration_token", Role: Maintainer, Permission: "update_runner", Source: source, Handle: resetRegistration},
		{Method: "POST", Path: "groups/:id/runners/reset_registration_token", Role: Owner, Permission: "update_runner", Source: source, Handle: resetRegistration},
		{Method: "POST", Path: "runners/reset_registration_token", Admin: true, Permission: "update_runner", Source: source, Handle: resetRegistration},
	}
}

// runnerHome finds where a new runner goes, and whether the caller may put it there.
func (c *Call) runnerHome(r *Runner) (home any, refused *Answer) {
	refuse := func(a Answer) (any, *Answer) { return nil, &a }
	switch r.Type {
	case "instance_type":
		if c.Actor.Admin {
			return nil, nil
		}
	case "group_type":
		if g := c.FindGroup(c.Text("group_id")); g != nil && c.Level(g) >= Owner {
			r.Group = g.Path
			return g, nil
		}
	case "project_type":
		if p := c.FindProject(c.Text("project_id")); p != nil && c.Level(p) >= Maintainer {
			r.Projects = []string{p.Path}
			return p, nil
		}
	default:
		return refuse(Refuse(http.StatusBadRequest, "runner_type does not have a valid value"))
	}
	return refuse(Forbidden(""))
}

func createRunner(c *Call) Answer {
	r := &Runner{Type: c.Text("runner_type"), Description: c.Text("description"), Tags: c.Texts("tag_list"), AccessLevel: c.Text("access_level"),
		MaintenanceNote: c.Text("maintenance_note"), CreatedBy: c.Actor.User.Username, CreatedAt: At(c.Now)}
	home, refused := c.runnerHome(r)
	if refused != nil {
		return *refused
	}
	r.ID = c.st.next("runners")
	r.Paused, _ = c.Bool("paused")
	r.Locked, _ = c.Bool("locked")
	r.RunUntagged, _ = c.Bool("run_untagged")
	r.Value = c.st.issue("runners", r.ID, r, r.makeValue)
	c.st.w.Runners = append(c.st.w.Runners, r)
	c.Audit("ci_runner_created", home, "Ci::Runner", r.Description, r.ID, nil)
	return Created(Object{"id": r.ID, "token": r.Value, "token_expires_at": r.TokenExpiresAt.stamp()})
}

// runnerEntity is the home that the audit log names: a runner of many projects is its first one's.
func (c *Call) runnerEntity(r *Runner) any {
	if g := c.FindGroup(r.Group); r.Group != "" && g != nil {
		return g
	}
	if len(r.Projects) > 0 {
		if p := c.FindProject(r.Projects[0]); p != nil {
			return p
		}
	}
	return nil
}

func resetRunnerToken(c *Call) Answer {
	return withRunner(c, func(r *Runner) Answer {
		c.st.reissue(&r.Value, r.makeValue)
		c.Audit("ci_runner_token_reset", c.runnerEntity(r), "Ci::Runner", r.Description, r.ID, nil)
		return Created(Object{"token": r.Value, "token_expires_at": r.TokenExpiresAt.stamp()})
	})
}

// namedRunner is the runner of the body or the path.
func (c *Call) namedRunner() *Runner {
	id, given := c.Int("runner_id")
	if !given {
		id = c.PathID("runner_id")
	}
	for _, r := range c.st.w.Runners {
		if r.ID == id && r.Type == "project_type" && c.manages(r) {
			return r
		}
	}
	return nil
}

func assignRunner(c *Call) Answer {
	r := c.namedRunner()
	switch {
	case r == nil:
		return Forbidden("No access granted")
	case r.Locked:
		return Forbidden("Runner is locked")
	case r.serves(c.Project):
		return Message(http.StatusBadRequest, Object{"runner_id": []string{"has already been taken"}})
	}
	r.Projects = append(r.Projects, c.Project.Path)
	c.Audit("ci_runner_assigned_to_project", c.Project, "Ci::Runner", r.Description, r.ID, nil)
	return Created(runnerJSON(c, r))
}

// unassignRunner takes a runner off a project; its last one keeps it.
func unassignRunner(c *Call) Answer {
	r := c.namedRunner()
	switch {
	case r == nil || !r.serves(c.Project):
		return NotFound("Runner")
	case len(r.Projects) == 1:
		return Forbidden("Only one project associated with the runner. Please remove the runner instead")
	}
	r.Projects = slices.DeleteFunc(r.Projects, func(path string) bool { return strings.EqualFold(path, c.Project.Path) })
	c.Audit("ci_runner_unassigned_from_project", c.Project, "Ci::Runner", r.Description, r.ID, nil)
	return NoContent()
}

func resetRegistration(c *Call) Answer {
	value := &c.st.w.RegistrationToken
	switch {
	case c.Project != nil:
		value = &c.Project.RegistrationToken
	case c.Group != nil:
		value = &c.Group.RegistrationToken
	}
	*value = "GR1348941" + newEntropy(c.st.seed, "reset\x00"+*value).pick(urlSafe, 20)
	return Created(Object{"token": *value, "token_expires_at": nil})
}
