package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// deployVerbRoutes make and end what reaches a repository or a cluster: deploy keys, agents, mirrors.
func deployVerbRoutes() []Route {
	const write, agents, pull = "update_remote_mirror", "projects/:id/cluster_agents", "https://docs.gitlab.com/api/project_pull_mirroring/"
	return []Route{
		{Method: "POST", Path: "deploy_keys", Admin: true, Permission: "create_deploy_key", Handle: createPublicKey},
		{Method: "POST", Path: "projects/:id/deploy_keys", Role: Maintainer, Permission: "create_deploy_key", Handle: addDeployKey},
		{Method: "POST", Path: "projects/:id/deploy_keys/:key_id/enable", Role: Maintainer, Permission: "update_deploy_key", Handle: enableDeployKey},

		{Method: "POST", Path: agents, Role: Maintainer, Permission: "create_cluster_agent", Handle: createAgent},
		{Method: "GET", Path: agents + "/:agent_id", Role: Developer, Permission: "read_cluster_agent", Handle: showAgent},
		{Method: "DELETE", Path: agents + "/:agent_id", Role: Maintainer, Permission: "delete_cluster_agent", Handle: deleteAgent},
		{Method: "POST", Path: agents + "/:agent_id/tokens", Role: Maintainer, Permission: "create_cluster_agent_token", Handle: createAgentToken},

		{Method: "POST", Path: "projects/:id/remote_mirrors", Role: Maintainer, Permission: write, Handle: createPushMirror},
		{Method: "PUT", Path: "projects/:id/remote_mirrors/:mirror_id", Role: Maintainer, Permission: write, Handle: changePushMirror},
		{Method: "DELETE", Path: "projects/:id/remote_mirrors/:mirror_id", Role: Maintainer, Permission: write, Handle: deletePushMirror},
		{Method: "PUT", Path: "projects/:id/mirror/pull", Role: Maintainer, Tier: Premium, Permission: write, Source: pull, Handle: setPullMirror},

		{Method: "POST", Path: "projects/:id/error_tracking/client_keys", Role: Maintainer, Permission: "create_error_tracking_client_key", Handle: createErrorTrackingKey},
		{Method: "DELETE", Path: "projects/:id/error_tracking/client_keys/:key_id", Role: Maintainer, Permission: "delete_error_tracking_client_key", Handle: deleteErrorTrackingKey},
		{Method: "POST", Path: "applications", Admin: true, Offering: SelfManaged, Permission: "create_application", Handle: createApplication},
	}
}

// newDeployKey reads a key; the same key material is never stored twice.
func newDeployKey(c *Call) (*DeployKey, *Answer) {
	title, body := c.Text("title"), strings.TrimSpace(c.Text("key"))
	if title == "" || body == "" {
		a := Refuse(http.StatusBadRequest, c.blank("title", "key"))
		return nil, &a
	}
	same := func(k *DeployKey) bool { return strings.HasPrefix(k.Key+" ", firstTwo(body)+" ") }
	if i := slices.IndexFunc(c.st.w.DeployKeys, same); i >= 0 {
		return c.st.w.DeployKeys[i], nil
	}
	k := &DeployKey{ID: c.st.next("keys"), Title: title, Key: body, User: c.Actor.User.Username, CreatedAt: At(c.Now)}
	k.ExpiresAt, _ = c.When("expires_at")
	c.st.w.DeployKeys = append(c.st.w.DeployKeys, k)
	return k, nil
}

// firstTwo leaves the comment of a public key out.
func firstTwo(key string) string {
	parts := strings.Fields(key)
	return strings.Join(parts[:min(2, len(parts))], " ")
}

func createPublicKey(c *Call) Answer {
	k, refused := newDeployKey(c)
	if refused != nil {
		return *refused
	}
	k.Public = true
	return Created(deployKeyJSON(c, k).Merge(Object{"projects_with_write_access": []Object{}, "projects_with_readonly_access": []Object{}}))
}

// addDeployKey makes a key or joins one that is there already.
func addDeployKey(c *Call) Answer {
	k, refused := newDeployKey(c)
	if refused != nil {
		return *refused
	}
	push, _ := c.Bool("can_push")
	return c.joinDeployKey(k, push)
}

func enableDeployKey(c *Call) Answer {
	for _, k := range c.st.w.DeployKeys {
		if k.ID == c.PathID("key_id") {
			return c.joinDeployKey(k, false)
		}
	}
	return NotFound("")
}

func (c *Call) joinDeployKey(k *DeployKey, push bool) Answer {
	if k.inProject(c.Project) == nil {
		k.Projects = append(k.Projects, &DeployKeyProject{Path: c.Project.Path, CanPush: push})
		c.Audit("deploy_key_added", c.Project, "DeployKey", k.Title, k.ID, nil)
	}
	return Created(projectKeyJSON(c, k))
}

func agentJSON(c *Call, a *Agent) Object {
	return Object{
		"id": a.ID, "name": a.Name, "config_project": projectIdentity(c, c.Project), "created_at": a.CreatedAt.stamp(),
		"created_by_user_id": c.userNumber(a.CreatedBy), "is_receptive": a.Receptive,
	}
}

func createAgent(c *Call) Answer {
	name := c.Text("name")
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "name is missing")
	case slices.ContainsFunc(c.Project.Agents, func(a *Agent) bool { return a.Name == name }):
		return Message(http.StatusBadRequest, Object{"name": []string{"has already been taken"}})
	}
	a := &Agent{ID: c.st.next("agents"), Name: name, CreatedBy: c.Actor.User.Username, CreatedAt: At(c.Now)}
	c.Project.Agents = append(c.Project.Agents, a)
	c.Audit("cluster_agent_created", c.Project, "Clusters::Agent", a.Name, a.ID, nil)
	return Created(agentJSON(c, a))
}

func showAgent(c *Call) Answer {
	if a := c.agent(); a != nil {
		return OK(agentJSON(c, a))
	}
	return NotFound("Agent")
}

func deleteAgent(c *Call) Answer {
	a := c.agent()
	if a == nil {
		return NotFound("Agent")
	}
	for _, t := range a.Tokens {
		delete(c.st.owners, t.Value)
	}
	c.Project.Agents = slices.DeleteFunc(c.Project.Agents, func(other *Agent) bool { return other == a })
	c.Audit("cluster_agent_deleted", c.Project, "Clusters::Agent", a.Name, a.ID, nil)
	return NoContent()
}

// maxAgentTokens is GitLab's limit, so that a token can be replaced without a pause.
const maxAgentTokens = 2

func createAgentToken(c *Call) Answer {
	a, active := c.agent(), 0
	if a == nil {
		return NotFound("Agent")
	}
	for _, t := range a.Tokens {
		if !t.Revoked {
			active++
		}
	}
	switch {
	case c.Text("name") == "":
		return Refuse(http.StatusBadRequest, "name is missing")
	case active >= maxAgentTokens:
		return BadRequest("An agent can have only two active tokens at a time")
	}
	t := &AgentToken{ID: c.st.next("agent_tokens"), Name: c.Text("name"), Description: c.Text("description"), CreatedBy: c.Actor.User.Username, CreatedAt: At(c.Now)}
	t.Value = c.st.issue("agent_tokens", t.ID, t, agentTokenValue())
	a.Tokens = append(a.Tokens, t)
	c.Audit("cluster_agent_token_created", c.Project, "Clusters::Agent", a.Name, a.ID, nil)
	return Created(agentTokenJSON(c, a, t).Merge(Object{"last_used_at": nil, "token": t.Value}))
}

// fillMirror takes what the request gives. The answer scrubs the URL, as every list does.
func (c *Call) fillMirror(m *PushMirror) {
	for name, field := range map[string]*string{"url": &m.URL, "auth_method": &m.Auth, "mirror_branch_regex": &m.BranchRegex} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	for name, field := range map[string]*bool{"only_protected_branches": &m.OnlyProtected, "keep_divergent_refs": &m.KeepDivergent} {
		if on, set := c.Bool(name); set {
			*field = on
		}
	}
	if on, set := c.Bool("enabled"); set {
		m.Disabled = !on
	}
}

func (c *Call) mirrorAnswer(status int, m *PushMirror) Answer {
	return Answer{Status: status, Body: pushMirrorJSON(m)}
}

func createPushMirror(c *Call) Answer {
	if c.Text("url") == "" {
		return Refuse(http.StatusBadRequest, "url is missing")
	}
	m := &PushMirror{ID: c.st.next("push_mirrors"), Disabled: true, Status: "none"} // off unless told otherwise, as in GitLab
	c.fillMirror(m)
	c.Project.PushMirrors = append(c.Project.PushMirrors, m)
	return c.mirrorAnswer(http.StatusCreated, m)
}

func withPushMirror(c *Call, use func(*PushMirror) Answer) Answer {
	for _, m := range c.Project.PushMirrors {
		if m.ID == c.PathID("mirror_id") {
			return use(m)
		}
	}
	return NotFound("")
}

func changePushMirror(c *Call) Answer {
	return withPushMirror(c, func(m *PushMirror) Answer {
		c.fillMirror(m)
		return c.mirrorAnswer(http.StatusOK, m)
	})
}

func deletePushMirror(c *Call) Answer {
	return withPushMirror(c, func(m *PushMirror) Answer {
		c.Project.PushMirrors = slices.DeleteFunc(c.Project.PushMirrors, func(other *PushMirror) bool { return other == m })
		return NoContent()
	})
}

func setPullMirror(c *Call) Answer {
	m := c.Project.PullMirror
	if m == nil {
		if c.Text("url") == "" {
			return Refuse(http.StatusBadRequest, "url is missing")
		}
		m = &PullMirror{ID: c.st.next("pull_mirrors"), User: c.Actor.User.Username, Status: "none"}
		c.Project.PullMirror = m
	}
	m.URL = cmp.Or(c.Text("url"), m.URL)
	if on, set := c.Bool("enabled"); set {
		m.Disabled = !on
	}
	if on, set := c.Bool("mirror_trigger_builds"); set {
		m.TriggerBuilds = on
	}
	return showPullMirror(c)
}

func createErrorTrackingKey(c *Call) Answer {
	k := &ErrorTrackingKey{ID: c.st.next("error_tracking_keys")}
	k.Value = c.st.issue("error_tracking_keys", k.ID, k, errorTrackingValue())
	c.Project.ErrorTrackingKeys = append(c.Project.ErrorTrackingKeys, k)
	return Created(Object{"id": k.ID, "active": true, "public_key": k.Value,
		"sentry_dsn": "https://" + k.Value + "@gitlab.acme.example/api/v4/error_tracking/collector/" + itoa(c.Project.ID)})
}

func deleteErrorTrackingKey(c *Call) Answer {
	for i, k := range c.Project.ErrorTrackingKeys {
		if k.ID == c.PathID("key_id") {
			delete(c.st.owners, k.Value)
			c.Project.ErrorTrackingKeys = slices.Delete(c.Project.ErrorTrackingKeys, i, i+1)
			return OK(Object{})
		}
	}
	return NotFound("")
}

func createApplication(c *Call) Answer {
	scopes := strings.Fields(c.Text("scopes"))
	if c.Text("name") == "" || c.Text("redirect_uri") == "" || len(scopes) == 0 {
		return Refuse(http.StatusBadRequest, c.blank("name", "redirect_uri", "scopes"))
	}
	a := &Application{ID: c.st.next("applications"), Name: c.Text("name"), CallbackURL: c.Text("redirect_uri"), Scopes: scopes, Confidential: true}
	if confidential, set := c.Bool("confidential"); set {
		a.Confidential = confidential
	}
	a.ClientID = newEntropy(c.st.seed, "client\x00"+itoa(a.ID)).pick(lowerHex, 64)
	a.Value = c.st.issue("applications", a.ID, a, applicationValue())
	c.st.w.Applications = append(c.st.w.Applications, a)
	c.Audit("oauth_application_created", nil, "Authn::OauthApplication", a.Name, a.ID, nil)
	return Created(applicationJSON(c, a).Merge(Object{"secret": a.Value}))
}
