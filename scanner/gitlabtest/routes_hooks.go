package gitlabtest

import (
	"maps"
	"net/http"
	"slices"
)

func hookRoutes() []Route {
	const read = "read_webhook"
	docs := "https://docs.gitlab.com/api/group_webhooks/"
	return []Route{
		{Method: "GET", Path: "projects/:id/hooks", Role: Maintainer, Permission: read, Paging: Offset, Handle: listHooks},
		{Method: "GET", Path: "projects/:id/hooks/:hook_id", Role: Maintainer, Permission: read, Handle: showHook},
		{Method: "PUT", Path: "projects/:id/hooks/:hook_id", Role: Maintainer, Permission: "update_webhook", Handle: changeHook},
		{Method: "DELETE", Path: "projects/:id/hooks/:hook_id", Role: Maintainer, Permission: "delete_webhook", Handle: endHook},
		{Method: "GET", Path: "groups/:id/hooks", Role: Owner, Tier: Premium, Permission: read, Paging: Offset, Source: docs, Handle: listHooks},
		{Method: "GET", Path: "hooks", Admin: true, Offering: SelfManaged, Permission: read, Paging: Offset, Handle: listHooks},
		{Method: "GET", Path: "projects/:id/integrations", Role: Maintainer, Permission: "read_integration", Paging: Offset, Handle: listIntegrations},
		{Method: "GET", Path: "projects/:id/integrations/:slug", Role: Maintainer, Permission: "read_integration", Handle: showIntegration},
		{Method: "DELETE", Path: "projects/:id/integrations/:slug", Role: Maintainer, Permission: "delete_integration", Handle: disableIntegration},
		{Method: "GET", Path: "groups/:id/integrations", Role: Owner, Permission: "read_integration", Paging: Offset, Source: "https://docs.gitlab.com/api/group_integrations/", Handle: listIntegrations},
		{Method: "GET", Path: "groups/:id/integrations/:slug", Role: Owner, Permission: "read_integration", Source: "https://docs.gitlab.com/api/group_integrations/", Handle: showIntegration},
	}
}

func (c *Call) hooks() *[]*Hook {
	switch {
	case c.Project != nil:
		return &c.Project.Hooks
	case c.Group != nil:
		return &c.Group.Hooks
	}
	return &c.st.w.Hooks
}

// hookEvents are the switches of each sort of webhook.
func hookEvents(c *Call) []string {
	common := []string{"push_events", "tag_push_events", "merge_requests_events", "repository_update_events"}
	if c.home() == nil {
		return common
	}
	common = append(common, "issues_events", "confidential_issues_events", "note_events", "confidential_note_events", "pipeline_events",
		"wiki_page_events", "job_events", "deployment_events", "feature_flag_events", "releases_events", "emoji_events", "resource_access_token_events",
		"resource_deploy_token_events", "vulnerability_events")
	if c.Group != nil {
		common = append(common, "subgroup_events", "member_events", "project_events", "milestone_events")
	}
	return common
}

// hookJSON never holds a token, a header's or a URL variable's value. Whether a token is set is told since 19.0.
func hookJSON(c *Call, h *Hook) Object {
	status := h.AlertStatus
	if status == "" {
		status = "executable"
	}
	o := Object{
		"id": h.ID, "url": h.URL, "name": emptyNull(h.Name), "description": emptyNull(h.Description), "created_at": h.CreatedAt.stamp(),
		"enable_ssl_verification": !h.NoSSLVerify, "alert_status": status, "disabled_until": h.DisabledUntil.stamp(),
		"url_variables": keysOf(h.URLVariables), "custom_headers": keysOf(h.CustomHeaders), "custom_webhook_template": emptyNull(h.Template),
		"push_events_branch_filter": emptyNull(h.BranchFilter), "branch_filter_strategy": "wildcard",
	}
	for _, e := range hookEvents(c) {
		o[e] = slices.Contains(h.Events, e)
	}
	if c.Project != nil {
		o["project_id"] = c.Project.ID
	}
	if c.Group != nil {
		o["group_id"] = c.Group.ID
	}
	return o.Since(c.Profile, "19.0", "token_present", h.Token != "").Since(c.Profile, "19.0", "signing_token_present", h.SigningToken != "")
}

func keysOf(m map[string]string) []Object {
	out := []Object{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Object{"key": k})
	}
	return out
}

func listHooks(c *Call) Answer {
	return List(c, *c.hooks(), noID[*Hook], func(h *Hook) Object { return hookJSON(c, h) })
}

func withHook(c *Call, use func(*Hook) Answer) Answer {
	for _, h := range *c.hooks() {
		if h.ID == c.PathID("hook_id") {
			return use(h)
		}
	}
	return NotFound("")
}

func showHook(c *Call) Answer {
	return withHook(c, func(h *Hook) Answer { return OK(hookJSON(c, h)) })
}

func changeHook(c *Call) Answer {
	return withHook(c, func(h *Hook) Answer {
		if c.Has("url") && c.Text("url") == "" {
			return Refuse(http.StatusBadRequest, "url is empty")
		}
		c.fillHook(h)
		return OK(hookJSON(c, h))
	})
}

func (c *Call) integrations() []*Integration {
	if c.Project != nil {
		return c.Project.Integrations
	}
	return c.Group.Integrations
}

func integrationEvents() []string {
	return []string{
		"commit_events", "push_events", "issues_events", "incident_events", "alert_events", "confidential_issues_events", "merge_requests_events",
		"tag_push_events", "deployment_events", "note_events", "confidential_note_events", "pipeline_events", "wiki_page_events", "job_events",
		"vulnerability_events",
	}
}

func integrationJSON(c *Call, i *Integration) Object {
	o := Object{
		"id": i.ID, "title": i.Title, "slug": i.Slug, "created_at": i.CreatedAt.stamp(), "updated_at": i.UpdatedAt.stamp(), "active": !i.Inactive,
		"comment_on_event_enabled": true,
	}
	for _, e := range integrationEvents() {
		o[e] = slices.Contains(i.Events, e)
	}
	return o.Since(c.Profile, "17.1", "inherited", i.Inherited)
}

// listIntegrations holds active ones only, the inherited among them.
func listIntegrations(c *Call) Answer {
	rows := slices.DeleteFunc(slices.Clone(c.integrations()), func(i *Integration) bool { return i.Inactive })
	return List(c, rows, noID[*Integration], func(i *Integration) Object { return integrationJSON(c, i) })
}

// showIntegration adds the properties, from which GitLab drops the password fields.
func showIntegration(c *Call) Answer {
	for _, i := range c.integrations() {
		if i.Slug == c.Path("slug") {
			return OK(integrationJSON(c, i).Merge(Object{"properties": Object{}.Merge(i.Properties)}))
		}
	}
	return NotFound("Integration")
}

func disableIntegration(c *Call) Answer {
	for _, i := range c.integrations() {
		if i.Slug == c.Path("slug") {
			i.Inactive, i.Secrets, i.Properties = true, nil, nil
			return NoContent()
		}
	}
	return NotFound("Integration")
}
