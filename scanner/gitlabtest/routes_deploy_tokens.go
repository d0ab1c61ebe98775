package gitlabtest

import (
	"net/http"
	"slices"
)

func deployTokenRoutes() []Route {
	const read = "read_deploy_token"
	return []Route{
		{Method: "GET", Path: "deploy_tokens", Admin: true, Permission: read, Paging: Offset, Handle: listAllDeployTokens},
		{Method: "GET", Path: "projects/:id/deploy_tokens", Role: Maintainer, Auditor: true, Permission: read, Paging: Offset, Handle: listDeployTokens},
		{Method: "GET", Path: "projects/:id/deploy_tokens/:token_id", Role: Maintainer, Auditor: true, Permission: read, Handle: showDeployToken},
		{Method: "POST", Path: "projects/:id/deploy_tokens", Role: Maintainer, Permission: "create_deploy_token", Handle: createDeployToken},
		{Method: "DELETE", Path: "projects/:id/deploy_tokens/:token_id", Role: Maintainer, Permission: "delete_deploy_token", Handle: deleteDeployToken},
		{Method: "GET", Path: "groups/:id/deploy_tokens", Role: Owner, Auditor: true, Permission: read, Paging: Offset, Handle: listDeployTokens},
		{Method: "GET", Path: "groups/:id/deploy_tokens/:token_id", Role: Owner, Auditor: true, Permission: read, Handle: showDeployToken},
		{Method: "POST", Path: "groups/:id/deploy_tokens", Role: Owner, Permission: "create_deploy_token", Handle: createDeployToken},
		{Method: "DELETE", Path: "groups/:id/deploy_tokens/:token_id", Role: Owner, Permission: "delete_deploy_token", Handle: deleteDeployToken},
	}
}

// deployTokenJSON has neither creation date nor creator nor last use: GitLab shows none of them.
func deployTokenJSON(c *Call, t *DeployToken) Object {
	return Object{
		"id": t.ID, "name": t.Name, "username": t.Username, "expires_at": t.ExpiresAt.stamp(),
		"scopes": append([]string{}, t.Scopes...), "revoked": t.Revoked, "expired": t.ExpiresAt.past(c.Now),
	}
}

func (c *Call) deployTokens() []*DeployToken {
	if c.Project != nil {
		return c.Project.DeployTokens
	}
	return c.Group.DeployTokens
}

func pageDeployTokens(c *Call, tokens []*DeployToken) Answer {
	active, set := c.Bool("active")
	rows := slices.DeleteFunc(slices.Clone(tokens), func(t *DeployToken) bool {
		return set && active == (t.Revoked || t.ExpiresAt.past(c.Now))
	})
	return List(c, rows, noID[*DeployToken], func(t *DeployToken) Object { return deployTokenJSON(c, t) })
}

// listAllDeployTokens does not say where a token belongs.
func listAllDeployTokens(c *Call) Answer {
	return pageDeployTokens(c, remember(c, "deploy tokens", func() []*DeployToken {
		var all []*DeployToken
		for _, g := range c.st.w.Groups {
			all = append(all, g.DeployTokens...)
		}
		for _, p := range c.st.w.Projects {
			all = append(all, p.DeployTokens...)
		}
		return all
	}))
}

func listDeployTokens(c *Call) Answer { return pageDeployTokens(c, c.deployTokens()) }

func findDeployToken(c *Call) *DeployToken {
	for _, t := range c.deployTokens() {
		if t.ID == c.PathID("token_id") {
			return t
		}
	}
	return nil
}

func showDeployToken(c *Call) Answer {
	if t := findDeployToken(c); t != nil {
		return OK(deployTokenJSON(c, t))
	}
	return NotFound("Deploy Token")
}

func createDeployToken(c *Call) Answer {
	name, scopes := c.Text("name"), c.Texts("scopes")
	if name == "" || len(scopes) == 0 {
		return Refuse(http.StatusBadRequest, c.blank("name", "scopes"))
	}
	for _, s := range scopes {
		if !slices.Contains(deployScopes(), s) {
			return Refuse(http.StatusBadRequest, "scopes does not have a valid value")
		}
	}
	t := &DeployToken{ID: c.st.next("deploy_tokens"), Name: name, Username: c.Text("username"), Scopes: scopes, project: c.Project, group: c.Group}
	t.ExpiresAt, _ = c.When("expires_at")
	nameDeployTokens([]*DeployToken{t})
	t.Value = prefixesOf(c.st.w.Settings).instance + "gldt-" + newEntropy(c.st.seed, "deploy\x00"+t.Username).pick(urlSafe, 20)
	c.st.owners[t.Value] = t
	event := "deploy_token_created"
	if c.Project != nil {
		c.Project.DeployTokens = append(c.Project.DeployTokens, t)
	} else {
		event = "group_" + event
		c.Group.DeployTokens = append(c.Group.DeployTokens, t)
	}
	c.Audit(event, c.home(), "DeployToken", t.Name, t.ID, nil)
	return Created(deployTokenJSON(c, t).Merge(Object{"token": t.Value}))
}

func deleteDeployToken(c *Call) Answer {
	t := findDeployToken(c)
	if t == nil {
		return NotFound("Deploy Token")
	}
	same := func(other *DeployToken) bool { return other == t }
	event := "deploy_token_destroyed"
	if c.Project != nil {
		c.Project.DeployTokens = slices.DeleteFunc(c.Project.DeployTokens, same)
	} else {
		event = "group_" + event
		c.Group.DeployTokens = slices.DeleteFunc(c.Group.DeployTokens, same)
	}
	delete(c.st.owners, t.Value)
	c.Audit(event, c.home(), "DeployToken", t.Name, t.ID, nil)
	return NoContent()
}
