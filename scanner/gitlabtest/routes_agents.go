package gitlabtest

import "slices"

func agentRoutes() []Route {
	const read = "read_cluster_agent"
	return []Route{
		{Method: "GET", Path: "projects/:id/cluster_agents", Role: Developer, Permission: read, Paging: Offset, Handle: listAgents},
		{Method: "GET", Path: "projects/:id/cluster_agents/:agent_id/tokens", Role: Developer, Permission: read, Paging: Offset, Handle: listAgentTokens},
		{Method: "GET", Path: "projects/:id/cluster_agents/:agent_id/tokens/:token_id", Role: Developer, Permission: read, Handle: showAgentToken},
		{Method: "DELETE", Path: "projects/:id/cluster_agents/:agent_id/tokens/:token_id", Role: Maintainer, Permission: "delete_cluster_agent_token", Handle: revokeAgentToken},
	}
}

// userNumber is the ID of a user by name, null for nobody.
func (c *Call) userNumber(name string) any {
	if u := c.st.userByName(name); u != nil {
		return u.ID
	}
	return nil
}

func listAgents(c *Call) Answer {
	return List(c, c.Project.Agents, noID[*Agent], func(a *Agent) Object { return agentJSON(c, a) })
}

func (c *Call) agent() *Agent {
	for _, a := range c.Project.Agents {
		if a.ID == c.PathID("agent_id") {
			return a
		}
	}
	return nil
}

func agentTokenJSON(c *Call, a *Agent, t *AgentToken) Object {
	return Object{
		"id": t.ID, "name": t.Name, "description": emptyNull(t.Description), "agent_id": a.ID, "status": "active", "created_at": t.CreatedAt.stamp(),
		"created_by_user_id": c.userNumber(t.CreatedBy),
	}
}

// listAgentTokens holds active tokens only, and does not say when they were used.
func listAgentTokens(c *Call) Answer {
	a := c.agent()
	if a == nil {
		return NotFound("Agent")
	}
	rows := slices.DeleteFunc(slices.Clone(a.Tokens), func(t *AgentToken) bool { return t.Revoked })
	return List(c, rows, noID[*AgentToken], func(t *AgentToken) Object { return agentTokenJSON(c, a, t) })
}

func withAgentToken(c *Call, use func(*Agent, *AgentToken) Answer) Answer {
	if a := c.agent(); a != nil {
		for _, t := range a.Tokens {
			if t.ID == c.PathID("token_id") && !t.Revoked {
				return use(a, t)
			}
		}
	}
	return NotFound("Agent Token")
}

func showAgentToken(c *Call) Answer {
	return withAgentToken(c, func(a *Agent, t *AgentToken) Answer {
		return OK(agentTokenJSON(c, a, t).Merge(Object{"last_used_at": t.LastUsedAt.stamp()}))
	})
}

func revokeAgentToken(c *Call) Answer {
	return withAgentToken(c, func(a *Agent, t *AgentToken) Answer {
		t.Revoked = true
		delete(c.st.owners, t.Value)
		c.Audit("cluster_agent_token_revoked", c.Project, "Clusters::Agent", a.Name, a.ID, nil)
		return NoContent()
	})
}
