package gitlabtest

import (
	"net/http"
	"slices"
)

// itemRoutes show one row of lists that stand elsewhere, and change what is small.
func itemRoutes() []Route {
	const mirrors, pages, freezes = "projects/:id/remote_mirrors/:mirror_id", "projects/:id/pages/domains/:domain", "projects/:id/freeze_periods"
	const mirrorDocs, pageDocs, freezeDocs = "https://docs.gitlab.com/api/remote_mirrors/", "https://docs.gitlab.com/api/pages_domains/", "https://docs.gitlab.com/api/freeze_periods/"
	return []Route{
		{Method: "GET", Path: mirrors, Role: Maintainer, Permission: "read_remote_mirror", Source: mirrorDocs, Handle: showPushMirror},
		{Method: "GET", Path: mirrors + "/public_key", Role: Maintainer, Since: "17.9", Permission: "read_remote_mirror", Source: mirrorDocs, Handle: showMirrorKey},
		{Method: "POST", Path: mirrors + "/sync", Role: Maintainer, Permission: "update_remote_mirror", Source: mirrorDocs, Handle: syncMirror},
		{Method: "GET", Path: pages, Role: Maintainer, Permission: "read_pages_domain", Source: pageDocs, Handle: showPagesDomain},
		{Method: "POST", Path: "projects/:id/pages/domains", Role: Maintainer, Permission: "create_pages_domain", Source: pageDocs, Handle: createPagesDomain},
		{Method: "DELETE", Path: pages, Role: Maintainer, Permission: "delete_pages_domain", Source: pageDocs, Handle: deletePagesDomain},
		{Method: "GET", Path: "projects/:id/secure_files/:file_id", Role: Developer, Permission: "read_secure_file", JobToken: true, Source: "https://docs.gitlab.com/api/secure_files/", Handle: showSecureFile},
		{Method: "GET", Path: freezes, Role: Reporter, Permission: "read_freeze_period", Paging: Offset, Source: freezeDocs, Handle: listFreezes},
		{Method: "GET", Path: freezes + "/:period_id", Role: Reporter, Permission: "read_freeze_period", Source: freezeDocs, Handle: showFreeze},
		{Method: "POST", Path: freezes, Role: Maintainer, Permission: "create_freeze_period", Source: freezeDocs, Handle: createFreeze},
		{Method: "PUT", Path: freezes + "/:period_id", Role: Maintainer, Permission: "update_freeze_period", Source: freezeDocs, Handle: changeFreeze},
		{Method: "DELETE", Path: freezes + "/:period_id", Role: Maintainer, Permission: "delete_freeze_period", Source: freezeDocs, Handle: deleteFreeze},
	}
}

func showPushMirror(c *Call) Answer {
	return withPushMirror(c, func(m *PushMirror) Answer { return c.mirrorAnswer(http.StatusOK, m) })
}

// showMirrorKey knows mirrors that sign in by SSH.
func showMirrorKey(c *Call) Answer {
	return withPushMirror(c, func(m *PushMirror) Answer {
		if m.PublicKey == "" {
			return NotFound("")
		}
		return OK(Object{"public_key": m.PublicKey})
	})
}

// syncMirror only takes note: nothing leaves this machine.
func syncMirror(c *Call) Answer {
	return withPushMirror(c, func(m *PushMirror) Answer {
		if m.Disabled {
			return BadRequest("Unable to sync: mirror is disabled")
		}
		m.Status = "to_retry"
		return NoContent()
	})
}

func withPagesDomain(c *Call, use func(*PagesDomain) Answer) Answer {
	for _, d := range c.Project.PagesDomains {
		if d.Domain == c.Path("domain") {
			return use(d)
		}
	}
	return NotFound("PagesDomain")
}

func showPagesDomain(c *Call) Answer {
	return withPagesDomain(c, func(d *PagesDomain) Answer { return OK(pagesDomainFull(c, d)) })
}

// createPagesDomain keeps no certificate: its text is not read here.
func createPagesDomain(c *Call) Answer {
	name := c.Text("domain")
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "domain is missing")
	case c.Has("certificate") || c.Has("key"):
		return Message(http.StatusBadRequest, Object{"certificate": []string{"cannot be given on this simulated GitLab"}})
	}
	for _, p := range c.st.w.Projects {
		if slices.ContainsFunc(p.PagesDomains, func(d *PagesDomain) bool { return d.Domain == name }) {
			return Message(http.StatusBadRequest, Object{"domain": []string{"has already been taken"}})
		}
	}
	auto, _ := c.Bool("auto_ssl_enabled")
	d := &PagesDomain{Domain: name, AutoSSL: auto, Code: newEntropy(c.st.seed, "pages\x00"+name).pick(lowerHex, 32), EnabledUntil: At(c.Now.Add(7 * day))}
	c.Project.PagesDomains = append(c.Project.PagesDomains, d)
	return Created(pagesDomainFull(c, d))
}

func deletePagesDomain(c *Call) Answer {
	return withPagesDomain(c, func(d *PagesDomain) Answer {
		c.Project.PagesDomains = slices.DeleteFunc(c.Project.PagesDomains, func(other *PagesDomain) bool { return other == d })
		return NoContent()
	})
}

func showSecureFile(c *Call) Answer {
	for _, f := range c.Project.SecureFiles {
		if f.ID == c.PathID("file_id") {
			return OK(secureFileJSON(f))
		}
	}
	return NotFound("SecureFile")
}

func freezeJSON(f *FreezePeriod) Object {
	zone := f.Timezone
	if zone == "" {
		zone = "UTC"
	}
	return Object{"id": f.ID, "freeze_start": f.Start, "freeze_end": f.End, "cron_timezone": zone, "created_at": f.CreatedAt.stamp(), "updated_at": f.CreatedAt.stamp()}
}

func listFreezes(c *Call) Answer {
	return List(c, c.Project.FreezePeriods, noID[*FreezePeriod], freezeJSON)
}

func withFreeze(c *Call, use func(*FreezePeriod) Answer) Answer {
	for _, f := range c.Project.FreezePeriods {
		if f.ID == c.PathID("period_id") {
			return use(f)
		}
	}
	return NotFound("Freeze Period")
}

func showFreeze(c *Call) Answer {
	return withFreeze(c, func(f *FreezePeriod) Answer { return OK(freezeJSON(f)) })
}

func (c *Call) fillFreeze(f *FreezePeriod) {
	for name, field := range map[string]*string{"freeze_start": &f.Start, "freeze_end": &f.End, "cron_timezone": &f.Timezone} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
}

func createFreeze(c *Call) Answer {
	if lacks := c.missing("freeze_start", "freeze_end"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	f := &FreezePeriod{ID: c.st.next("freeze_periods"), CreatedAt: At(c.Now)}
	c.fillFreeze(f)
	c.Project.FreezePeriods = append(c.Project.FreezePeriods, f)
	return Created(freezeJSON(f))
}

func changeFreeze(c *Call) Answer {
	return withFreeze(c, func(f *FreezePeriod) Answer {
		c.fillFreeze(f)
		return OK(freezeJSON(f))
	})
}

func deleteFreeze(c *Call) Answer {
	return withFreeze(c, func(f *FreezePeriod) Answer {
		c.Project.FreezePeriods = slices.DeleteFunc(c.Project.FreezePeriods, func(other *FreezePeriod) bool { return other == f })
		return NoContent()
	})
}
