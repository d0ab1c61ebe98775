package gitlabtest

import (
	"maps"
	"net/http"
	"slices"
)

// hookVerbRoutes make, change and end webhooks, and switch integrations on.
func hookVerbRoutes() []Route {
	const write, system, group = "update_webhook", "https://docs.gitlab.com/api/system_hooks/", "https://docs.gitlab.com/api/group_webhooks/"
	all := []Route{
		{Method: "POST", Path: "projects/:id/hooks", Role: Maintainer, Permission: "create_webhook", Handle: createHook},
		{Method: "POST", Path: "groups/:id/hooks", Role: Owner, Tier: Premium, Permission: "create_webhook", Source: group, Handle: createHook},
		{Method: "GET", Path: "groups/:id/hooks/:hook_id", Role: Owner, Tier: Premium, Permission: "read_webhook", Source: group, Handle: showHook},
		{Method: "PUT", Path: "groups/:id/hooks/:hook_id", Role: Owner, Tier: Premium, Permission: write, Source: group, Handle: changeHook},
		{Method: "DELETE", Path: "groups/:id/hooks/:hook_id", Role: Owner, Tier: Premium, Permission: "delete_webhook", Source: group, Handle: endHook},
		{Method: "POST", Path: "hooks", Admin: true, Offering: SelfManaged, Permission: "create_webhook", Source: system, Handle: createHook},
		{Method: "GET", Path: "hooks/:hook_id", Admin: true, Offering: SelfManaged, Permission: "read_webhook", Source: system, Handle: showHook},
		{Method: "PUT", Path: "hooks/:hook_id", Admin: true, Offering: SelfManaged, Permission: write, Source: system, Handle: changeHook},
		{Method: "DELETE", Path: "hooks/:hook_id", Admin: true, Offering: SelfManaged, Permission: "delete_webhook", Source: system, Handle: endHook},
		// The old name of integrations, which GitLab's own client still uses.
		{Method: "GET", Path: "projects/:id/services", Role: Maintainer, Permission: "read_integration", Paging: Offset, Source: "client-go v2.64.0, ServicesService.ListServices", Handle: listIntegrations},
		{Method: "GET", Path: "projects/:id/services/:slug", Role: Maintainer, Permission: "read_integration", Source: "client-go v2.64.0, ServicesService.GetSlackService", Handle: showIntegration},
		{Method: "PUT", Path: "projects/:id/services/:slug", Role: Maintainer, Permission: "update_integration", Source: "client-go v2.64.0, ServicesService.SetSlackService", Handle: setIntegration},
		{Method: "DELETE", Path: "projects/:id/services/:slug", Role: Maintainer, Permission: "delete_integration", Source: "client-go v2.64.0, ServicesService.DeleteSlackService", Handle: disableIntegration},
		{Method: "PUT", Path: "projects/:id/integrations/:slug", Role: Maintainer, Permission: "update_integration", Source: "https://docs.gitlab.com/api/project_integrations/", Handle: setIntegration},
		{Method: "PUT", Path: "groups/:id/integrations/:slug", Role: Owner, Permission: "update_integration", Source: "https://docs.gitlab.com/api/group_integrations/", Handle: setIntegration},
		{Method: "DELETE", Path: "groups/:id/integrations/:slug", Role: Owner, Permission: "delete_integration", Source: "https://docs.gitlab.com/api/group_integrations/", Handle: disableIntegration},
	}
	for _, at := range []Route{{Path: "projects/:id/hooks/:hook_id", Role: Maintainer}, {Path: "groups/:id/hooks/:hook_id", Role: Owner, Tier: Premium}, {Path: "hooks/:hook_id", Admin: true, Offering: SelfManaged}} {
		for part, field := range map[string]func(*Hook) *map[string]string{
			"custom_headers": func(h *Hook) *map[string]string { return &h.CustomHeaders },
			"url_variables":  func(h *Hook) *map[string]string { return &h.URLVariables },
		} {
			put := at
			put.Method, put.Path, put.Permission, put.Since, put.Handle = "PUT", at.Path+"/"+part+"/:key", write, "17.1", setHookPart(field)
			drop := put
			drop.Method, drop.Handle = "DELETE", dropHookPart(field)
			all = append(all, put, drop)
		}
	}
	return all
}

// hookKind is what the audit log calls a webhook's kind.
func (c *Call) hookKind() string {
	switch {
	case c.Project != nil:
		return "ProjectHook"
	case c.Group != nil:
		return "GroupHook"
	}
	return "SystemHook"
}

func createHook(c *Call) Answer {
	if c.Text("url") == "" {
		return Refuse(http.StatusBadRequest, "url is missing")
	}
	h := &Hook{ID: c.st.next("hooks"), CreatedAt: At(c.Now), Events: []string{"push_events"}}
	c.fillHook(h)
	*c.hooks() = append(*c.hooks(), h)
	c.Audit("webhook_created", c.home(), c.hookKind(), h.Name, h.ID, nil)
	return Created(hookJSON(c, h))
}

// fillHook takes what the request gives and leaves the rest. Headers and URL variables come as lists of keys and values.
func (c *Call) fillHook(h *Hook) {
	for name, field := range map[string]*string{"url": &h.URL, "name": &h.Name, "description": &h.Description, "token": &h.Token, "signing_token": &h.SigningToken,
		"custom_webhook_template": &h.Template, "push_events_branch_filter": &h.BranchFilter} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	if verify, set := c.Bool("enable_ssl_verification"); set {
		h.NoSSLVerify = !verify
	}
	h.Events = keep(hookEvents(c), func(e string) bool {
		on, set := c.Bool(e)
		return on || !set && slices.Contains(h.Events, e)
	})
	for name, field := range map[string]*map[string]string{"custom_headers": &h.CustomHeaders, "url_variables": &h.URLVariables} {
		if c.Has(name) {
			*field = map[string]string{}
		}
		for _, o := range c.Objects(name) {
			(*field)[plainText(o["key"])] = plainText(o["value"])
		}
	}
}

func endHook(c *Call) Answer {
	return withHook(c, func(h *Hook) Answer {
		*c.hooks() = slices.DeleteFunc(*c.hooks(), func(other *Hook) bool { return other == h })
		c.Audit("webhook_destroyed", c.home(), c.hookKind(), h.Name, h.ID, nil)
		return NoContent()
	})
}

// setHookPart sets a header or a URL variable, whose value is never shown again.
func setHookPart(field func(*Hook) *map[string]string) Handler {
	return func(c *Call) Answer {
		return withHook(c, func(h *Hook) Answer {
			if !c.Has("value") {
				return Refuse(http.StatusBadRequest, "value is missing")
			}
			if *field(h) == nil {
				*field(h) = map[string]string{}
			}
			(*field(h))[c.Path("key")] = c.Text("value")
			return NoContent()
		})
	}
}

func dropHookPart(field func(*Hook) *map[string]string) Handler {
	return func(c *Call) Answer {
		return withHook(c, func(h *Hook) Answer {
			if _, there := (*field(h))[c.Path("key")]; !there {
				return NotFound("")
			}
			delete(*field(h), c.Path("key"))
			return NoContent()
		})
	}
}

// passwordFields are parameters of integrations that GitLab takes and never shows.
func passwordFields() []string {
	return []string{"token", "api_key", "password", "webhook", "new_issue_secret", "secret", "private_key"}
}

// setIntegration switches an integration on, or gives it new settings.
func setIntegration(c *Call) Answer {
	var list *[]*Integration
	if c.Project != nil {
		list = &c.Project.Integrations
	} else {
		list = &c.Group.Integrations
	}
	at := slices.IndexFunc(*list, func(i *Integration) bool { return i.Slug == c.Path("slug") })
	if at < 0 {
		*list = append(*list, &Integration{ID: c.st.next("integrations"), Slug: c.Path("slug"), Title: c.Path("slug"), CreatedAt: At(c.Now)})
		at = len(*list) - 1
	}
	i := (*list)[at]
	i.Inactive, i.Inherited, i.UpdatedAt = false, false, At(c.Now)
	i.Properties, i.Secrets = maps.Clone(i.Properties), maps.Clone(i.Secrets)
	for name := range c.body {
		i.set(name, c.Text(name))
	}
	return OK(integrationJSON(c, i))
}

func (i *Integration) set(name, value string) {
	switch {
	case slices.Contains(integrationEvents(), name):
		i.Events = slices.DeleteFunc(i.Events, func(e string) bool { return e == name })
		if value == "true" {
			i.Events = append(i.Events, name)
		}
	case slices.Contains(passwordFields(), name):
		if i.Secrets == nil {
			i.Secrets = map[string]string{}
		}
		i.Secrets[name] = value
	default:
		if i.Properties == nil {
			i.Properties = map[string]any{}
		}
		i.Properties[name] = value
	}
}
