package gitlabtest

import (
	"net/http"
	"slices"
)

// runnerMachineRoutes are what gitlab-runner itself asks before it has a job: it registers and proves its token. The
// token in the body is the whole authorisation.
// Source: https://docs.gitlab.com/api/runners/, GitLab's lib/api/ci/runner.rb
func runnerMachineRoutes() []Route {
	const source = "https://docs.gitlab.com/api/runners/"
	open := func(method, path string, handle Handler) Route {
		return Route{Method: method, Path: path, Anonymous: true, AnyScope: true, Source: source, Handle: handle}
	}
	return []Route{
		open("POST", "runners", registerRunner),
		open("DELETE", "runners", unregisterRunner),
		open("POST", "runners/verify", verifyRunner),
		open("POST", "runners/reset_authentication_token", resetByRunner),
		open("DELETE", "runners/managers", dropManager),
	}
}

// registrationHome finds whose registration token a value is: a project's, a group's, or the instance's, which is nil.
func (c *Call) registrationHome(token string) (home any, known bool) {
	if token == c.st.w.RegistrationToken {
		return nil, true
	}
	for _, g := range c.st.w.Groups {
		if g.RegistrationToken == token {
			return g, true
		}
	}
	for _, p := range c.st.w.Projects {
		if p.RegistrationToken == token {
			return p, true
		}
	}
	return nil, false
}

// registerRunner is the old way, by a registration token that many runners share.
func registerRunner(c *Call) Answer {
	if lacks := c.blank("token"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	home, known := c.registrationHome(c.Text("token"))
	if !known {
		return Forbidden("invalid token supplied")
	}
	r := &Runner{Type: "instance_type", Description: c.Text("description"), Tags: c.Texts("tag_list"), AccessLevel: c.Text("access_level"), MaintenanceNote: c.Text("maintenance_note"),
		CreationMethod: "registration_token", CreatedAt: At(c.Now), RunUntagged: true}
	switch h := home.(type) {
	case *Group:
		r.Type, r.Group = "group_type", h.Path
	case *Project:
		r.Type, r.Projects = "project_type", []string{h.Path}
	}
	if on, set := c.Bool("run_untagged"); set {
		r.RunUntagged = on
	}
	r.Locked, _ = c.Bool("locked")
	r.Paused, _ = c.Bool("paused")
	r.ID = c.st.next("runners")
	r.Value = c.st.issue("runners", r.ID, r, r.makeValue)
	c.st.w.Runners = append(c.st.w.Runners, r)
	c.Audit("ci_runner_registered", home, "Ci::Runner", r.Description, r.ID, nil)
	return Created(c.runnerProof(r))
}

func (c *Call) runnerProof(r *Runner) Object {
	return Object{"id": r.ID, "token": r.Value, "token_expires_at": r.TokenExpiresAt.stamp()}
}

// withRunnerToken finds the runner whose token the body brings, and notes that it was here, with the machine it runs on.
func withRunnerToken(c *Call, use func(*Runner) Answer) Answer {
	if lacks := c.blank("token"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	r, known := c.st.owners[c.Text("token")].(*Runner)
	if !known || r.TokenExpiresAt.past(c.Now) {
		return Forbidden("")
	}
	r.ContactedAt = At(c.Now)
	if id := c.Text("system_id"); id != "" {
		i := slices.IndexFunc(r.Managers, func(m *RunnerManager) bool { return m.SystemID == id })
		if i < 0 {
			i = len(r.Managers)
			r.Managers = append(r.Managers, &RunnerManager{ID: c.st.next("runner_managers"), SystemID: id, CreatedAt: At(c.Now), IP: "192.0.2.10"})
		}
		m := r.Managers[i]
		m.ContactedAt = At(c.Now)
		info, _ := c.body["info"].(map[string]any)
		for name, field := range map[string]*string{"version": &m.Version, "revision": &m.Revision, "platform": &m.Platform, "architecture": &m.Architecture} {
			if text := plainText(info[name]); text != "" {
				*field = text
			}
		}
	}
	return use(r)
}

func verifyRunner(c *Call) Answer {
	return withRunnerToken(c, func(r *Runner) Answer { return OK(c.runnerProof(r)) })
}

func resetByRunner(c *Call) Answer {
	return withRunnerToken(c, func(r *Runner) Answer {
		c.st.reissue(&r.Value, r.makeValue)
		return Created(Object{"token": r.Value, "token_expires_at": r.TokenExpiresAt.stamp()})
	})
}

// unregisterRunner ends a runner by its own token.
func unregisterRunner(c *Call) Answer {
	return withRunnerToken(c, func(r *Runner) Answer {
		delete(c.st.owners, r.Value)
		c.st.w.Runners = slices.DeleteFunc(c.st.w.Runners, func(other *Runner) bool { return other == r })
		c.Audit("ci_runner_unregistered", c.runnerEntity(r), "Ci::Runner", r.Description, r.ID, nil)
		return NoContent()
	})
}

func dropManager(c *Call) Answer {
	id := c.Text("system_id")
	if lacks := c.blank("token", "system_id"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	r, known := c.st.owners[c.Text("token")].(*Runner)
	switch {
	case !known:
		return Forbidden("")
	case !slices.ContainsFunc(r.Managers, func(m *RunnerManager) bool { return m.SystemID == id }):
		return NotFound("")
	}
	r.Managers = slices.DeleteFunc(r.Managers, func(m *RunnerManager) bool { return m.SystemID == id })
	return NoContent()
}
