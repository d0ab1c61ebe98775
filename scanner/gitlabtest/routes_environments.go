package gitlabtest

import (
	"cmp"
	"crypto/sha256"
	"math/big"
	"net/http"
	"slices"
	"strings"
)

// environmentRoutes are the deployment targets of a project.
func environmentRoutes() []Route {
	const source, all, one = "https://docs.gitlab.com/api/environments/", "projects/:id/environments", "projects/:id/environments/:environment_id"
	return []Route{
		{Method: "GET", Path: all, Role: Reporter, Auditor: true, JobToken: true, Permission: "read_environment", Paging: Offset, Handle: listEnvironments},
		{Method: "GET", Path: one, Role: Reporter, Auditor: true, JobToken: true, Permission: "read_environment", Source: source, Handle: showEnvironment},
		{Method: "POST", Path: all, Role: Developer, JobToken: true, Permission: "create_environment", Source: source, Handle: createEnvironment},
		{Method: "PUT", Path: one, Role: Developer, JobToken: true, Permission: "update_environment", Source: source, Handle: changeEnvironment},
		{Method: "POST", Path: one + "/stop", Role: Developer, JobToken: true, Permission: "stop_environment", Source: source, Handle: stopEnvironment},
		{Method: "DELETE", Path: one, Role: Developer, JobToken: true, Permission: "delete_environment", Source: source, Handle: deleteEnvironment},
	}
}

func (e *Environment) tier() string { return cmp.Or(e.Tier, "other") }

func (e *Environment) state() string { return cmp.Or(e.State, "available") }

// agentOf is the cluster agent of an environment, null for none.
func (c *Call) agentOf(e *Environment) any {
	for _, a := range c.Project.Agents {
		if a.Name == e.Agent {
			return agentJSON(c, a)
		}
	}
	return nil
}

func environmentJSON(c *Call, e *Environment) Object {
	return Object{
		"id": e.ID, "name": e.Name, "slug": slug(e.Name), "description": emptyNull(e.Description), "external_url": emptyNull(e.ExternalURL),
		"created_at": e.CreatedAt.stamp(), "updated_at": e.UpdatedAt.stamp(), "tier": e.tier(), "state": e.state(), "auto_stop_at": e.AutoStopAt.stamp(),
		"kubernetes_namespace": nil, "flux_resource_path": nil, "auto_stop_setting": "always", "cluster_agent": c.agentOf(e),
	}
}

func listEnvironments(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	name, states := c.Text("name"), c.Texts("states")
	rows := keep(c.Project.Environments, func(e *Environment) bool {
		return (name == "" || e.Name == name) && (len(states) == 0 || slices.Contains(states, e.state()))
	})
	return List(c, rows, noID[*Environment], func(e *Environment) Object { return environmentJSON(c, e) })
}

func withEnvironment(c *Call, use func(*Environment) Answer) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	for _, e := range c.Project.Environments {
		if e.ID == c.PathID("environment_id") {
			return use(e)
		}
	}
	return NotFound("Environment")
}

// showEnvironment names the project and the last deployment, which a world does not tell.
func showEnvironment(c *Call) Answer {
	return withEnvironment(c, func(e *Environment) Answer {
		return OK(environmentJSON(c, e).Merge(Object{"project": projectBasic(c, c.Project), "last_deployment": nil}))
	})
}

// fillEnvironment takes what the request gives and reports what is wrong with it.
func (c *Call) fillEnvironment(e *Environment) *Answer {
	tiers := []string{"production", "staging", "testing", "development", "other"}
	if tier := c.Text("tier"); tier != "" && !slices.Contains(tiers, tier) {
		a := Refuse(http.StatusBadRequest, "tier does not have a valid value")
		return &a
	}
	for name, field := range map[string]*string{"external_url": &e.ExternalURL, "tier": &e.Tier, "description": &e.Description} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	if id, ok := c.Int("cluster_agent_id"); ok {
		e.Agent = ""
		for _, a := range c.Project.Agents {
			if a.ID == id {
				e.Agent = a.Name
			}
		}
	}
	e.UpdatedAt = At(c.Now)
	return nil
}

func createEnvironment(c *Call) Answer {
	name := c.Text("name")
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "name is missing")
	case c.Has("slug"):
		return Refuse(http.StatusBadRequest, "slug is automatically generated and cannot be changed")
	case slices.ContainsFunc(c.Project.Environments, func(e *Environment) bool { return e.Name == name }):
		return Message(http.StatusBadRequest, Object{"name": []string{"has already been taken"}, "slug": []string{"has already been taken"}})
	}
	e := &Environment{Name: name, CreatedAt: At(c.Now)}
	if refused := c.fillEnvironment(e); refused != nil {
		return *refused
	}
	e.ID = c.st.next("environments")
	c.Project.Environments = append(c.Project.Environments, e)
	return Created(environmentJSON(c, e))
}

// changeEnvironment leaves the name alone: environments cannot be renamed.
func changeEnvironment(c *Call) Answer {
	return withEnvironment(c, func(e *Environment) Answer {
		if c.Has("slug") {
			return Refuse(http.StatusBadRequest, "slug is automatically generated and cannot be changed")
		}
		if refused := c.fillEnvironment(e); refused != nil {
			return *refused
		}
		return OK(environmentJSON(c, e))
	})
}

func stopEnvironment(c *Call) Answer {
	return withEnvironment(c, func(e *Environment) Answer {
		e.State, e.UpdatedAt = "stopped", At(c.Now)
		return OK(environmentJSON(c, e))
	})
}

// deleteEnvironment takes stopped environments only.
func deleteEnvironment(c *Call) Answer {
	return withEnvironment(c, func(e *Environment) Answer {
		if e.state() != "stopped" {
			return Forbidden("")
		}
		c.Project.Environments = slices.DeleteFunc(c.Project.Environments, func(other *Environment) bool { return other == e })
		return NoContent()
	})
}

// slug is an environment's name as it may stand in host names: at most 24 characters, a letter first; one that had to be
// changed ends in a sum of the name. Source: https://docs.gitlab.com/ci/environments/, lib/gitlab/slug/environment.rb
func slug(name string) string {
	const longest, kept, sum = 24, 17, 6
	plain := hostLetters(name)
	if plain == "" || plain[0] < 'a' {
		plain = "env-" + plain
	}
	for strings.Contains(plain, "--") {
		plain = strings.ReplaceAll(plain, "--", "-")
	}
	if plain == name && len(plain) <= longest {
		return strings.TrimSuffix(plain, "-")
	}
	digest := sha256.Sum256([]byte(name))
	text := new(big.Int).SetBytes(digest[:]).Text(36)
	return strings.TrimSuffix(plain[:min(len(plain), kept)], "-") + "-" + text[max(0, len(text)-sum):]
}

// hostLetters puts a hyphen in place of each character that may not stand in a host name, which has no capitals.
func hostLetters(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}
