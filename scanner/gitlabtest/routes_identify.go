package gitlabtest

import "net/http"

// identifyRoutes look a value up without using it. The answer is the row as GitLab keeps it, and names no type.
func identifyRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "admin/token", Reads: true, Admin: true, Offering: SelfManaged, Since: "17.5", Permission: "read_admin_token",
			Source: "https://docs.gitlab.com/api/admin/token/", Handle: identifyToken},
	}
}

func identifyToken(c *Call) Answer {
	value := c.Text("token")
	if value == "" {
		return Refuse(http.StatusBadRequest, "token is missing")
	}
	switch o := c.st.owners[value].(type) {
	case *AccessToken:
		row := Object{
			"id": o.ID, "user_id": o.user.ID, "name": o.Name, "revoked": o.Revoked, "expires_at": o.ExpiresAt.date(),
			"created_at": o.CreatedAt.stamp(), "last_used_at": o.LastUsedAt.stamp(), "scopes": o.Scopes,
			"impersonation": o.Impersonation, "previous_personal_access_token_id": nil, "organization_id": 1, "advanced_scopes": nil,
		}
		if o.previous != nil {
			row["previous_personal_access_token_id"] = o.previous.ID
		}
		return OK(row)
	case *DeployToken:
		kind := 2 // of a project
		if o.group != nil {
			kind = 1
		}
		return OK(Object{"id": o.ID, "name": o.Name, "username": o.Username, "revoked": o.Revoked,
			"expires_at": o.ExpiresAt.stamp(), "deploy_token_type": kind})
	case *AgentToken:
		return OK(Object{"id": o.ID, "name": o.Name, "agent_id": 1, "created_at": o.CreatedAt.stamp(), "last_used_at": o.LastUsedAt.stamp()})
	case *Runner:
		return OK(Object{"id": o.ID, "description": o.Description, "runner_type": o.Type, "created_at": o.CreatedAt.stamp()})
	case *Trigger:
		return OK(Object{"id": o.ID, "description": o.Description, "encrypted_token": nil, "created_at": o.CreatedAt.stamp()})
	case *Application:
		return OK(Object{"id": o.ID, "name": o.Name, "uid": o.ClientID, "confidential": o.Confidential})
	}
	return NotFound("")
}
