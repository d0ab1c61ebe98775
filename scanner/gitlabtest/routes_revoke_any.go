package gitlabtest

import (
	"net/http"
	"slices"
)

// revokeAnyRoutes end a credential whose kind nobody knows yet, and GitLab.com's lists of managed tokens.
func revokeAnyRoutes() []Route {
	const managed = "https://docs.gitlab.com/api/groups/#credentials-inventory-management"
	all := []Route{
		{Method: "DELETE", Path: "admin/token", Admin: true, Offering: SelfManaged, Since: "17.7", Permission: "revoke_admin_token",
			Source: "https://docs.gitlab.com/api/admin/token/", Handle: revokeAnyToken},
		{Method: "POST", Path: "groups/:id/tokens/revoke", Role: Owner, Tier: Premium, Since: "17.2", Permission: "revoke_group_token",
			Source: "https://docs.gitlab.com/api/groups/#revoke-a-token", Handle: topLevelOnly(revokeGroupToken)},
	}
	for _, list := range []string{"resource_access_tokens", "personal_access_tokens"} {
		one := "groups/:id/manage/" + list + "/:token_id"
		all = append(all,
			Route{Method: "DELETE", Path: one, Role: Owner, Tier: Premium, Offering: SaaS, Since: "18.6", Permission: "revoke_resource_access_token", Source: managed, Handle: topLevelOnly(revokeManagedToken)},
			Route{Method: "POST", Path: one + "/rotate", Role: Owner, Tier: Premium, Offering: SaaS, Since: "18.6", Permission: "rotate_resource_access_token", Source: managed, Handle: topLevelOnly(rotateManagedToken)},
		)
	}
	return all
}

// revokeAnyToken revokes, resets or deletes, as the kind allows; what cannot be ended is 422.
func revokeAnyToken(c *Call) Answer {
	value := c.Text("token")
	switch o := c.st.owners[value].(type) {
	case nil:
		return NotFound("")
	case *AccessToken:
		c.revokeToken(o)
	case *DeployToken:
		o.Revoked = true
		c.auditDeployRevoked(o)
	case *Trigger:
		c.dropTrigger(o)
	case *AgentToken:
		o.Revoked = true
		delete(c.st.owners, value)
	case *Runner:
		c.st.reissue(&o.Value, o.makeValue)
		c.Audit("ci_runner_token_reset", c.runnerEntity(o), "Ci::Runner", o.Description, o.ID, nil)
	case *Application:
		c.st.reissue(&o.Value, applicationValue())
	default:
		return Message(http.StatusUnprocessableEntity, "422 Unprocessable Entity - Unsupported token type")
	}
	return NoContent()
}

func (c *Call) auditDeployRevoked(t *DeployToken) {
	if t.group != nil {
		c.Audit("group_deploy_token_revoked", t.group, "DeployToken", t.Name, t.ID, nil)
		return
	}
	c.Audit("deploy_token_revoked", t.project, "DeployToken", t.Name, t.ID, nil)
}

func (c *Call) dropTrigger(gone *Trigger) {
	delete(c.st.owners, gone.Value)
	for _, p := range c.st.w.Projects {
		p.Triggers = slices.DeleteFunc(p.Triggers, func(t *Trigger) bool { return t == gone })
	}
}

// inTree says that a project or group of a token lies in the call's group; a personal token never does.
func (c *Call) inTree(p *Project, g *Group) bool {
	home := lowerPath(c.Group.Path)
	return p != nil && within(lowerPath(p.Path), home) || g != nil && within(lowerPath(g.Path), home)
}

// revokeGroupToken ends project and group tokens, group deploy tokens, and personal tokens of the group's members.
func revokeGroupToken(c *Call) Answer {
	switch o := c.st.owners[c.Text("token")].(type) {
	case *AccessToken:
		if !c.inTree(o.project, o.group) && !(o.personal() && c.st.belongsBelow(o.user, c.Group, c.Now)) {
			break
		}
		c.revokeToken(o)
		return OK(accessTokenJSON(c, o))
	case *DeployToken:
		if !c.inTree(nil, o.group) {
			break
		}
		o.Revoked = true
		c.auditDeployRevoked(o)
		return OK(deployTokenJSON(c, o))
	}
	return Message(http.StatusUnprocessableEntity, "422 Unprocessable Entity")
}

// withManagedToken finds a token that the group's inventory lists.
func withManagedToken(c *Call, use func(*AccessToken) Answer) Answer {
	t := c.st.tokenID[c.PathID("token_id")]
	if t == nil || !c.inTree(t.project, t.group) && !(t.personal() && t.user.EnterpriseOf == c.Group.Path) {
		return NotFound("Personal Access Token")
	}
	return use(t)
}

func revokeManagedToken(c *Call) Answer {
	return withManagedToken(c, func(t *AccessToken) Answer {
		if t.Revoked {
			return BadRequest("Token already revoked")
		}
		c.revokeToken(t)
		return NoContent()
	})
}

func rotateManagedToken(c *Call) Answer { return withManagedToken(c, c.rotateToken) }
