package gitlabtest

import "net/http"

func mirrorRoutes() []Route {
	const read = "read_remote_mirror"
	return []Route{
		{Method: "GET", Path: "projects/:id/remote_mirrors", Role: Maintainer, Permission: read, Paging: Offset, Handle: listPushMirrors},
		{Method: "GET", Path: "projects/:id/mirror/pull", Role: Maintainer, Tier: Premium, Permission: read,
			Source: "https://docs.gitlab.com/api/project_pull_mirroring/", Handle: showPullMirror},
		{Method: "GET", Path: "projects/:id/error_tracking/client_keys", Role: Maintainer, Permission: "read_error_tracking_client_key", Paging: Offset, Handle: listErrorTrackingKeys},
		{Method: "GET", Path: "projects/:id/pages/domains", Role: Maintainer, Permission: "read_pages_domain", Paging: Offset, Source: "https://docs.gitlab.com/api/pages_domains/", Handle: listPagesDomains},
		{Method: "GET", Path: "pages/domains", Admin: true, Permission: "read_pages_domain", Paging: Offset, Source: "https://docs.gitlab.com/api/pages_domains/", Handle: listAllPagesDomains},
	}
}

func orFinished(status string) string {
	if status == "" {
		return "finished"
	}
	return status
}

func listPushMirrors(c *Call) Answer {
	return List(c, c.Project.PushMirrors, noID[*PushMirror], pushMirrorJSON)
}

func pushMirrorJSON(m *PushMirror) Object {
	auth := m.Auth
	if auth == "" {
		auth = "password"
	}
	keys := []Object{}
	for _, k := range m.HostKeys {
		keys = append(keys, Object{"fingerprint_sha256": k})
	}
	return Object{
		"id": m.ID, "enabled": !m.Disabled, "url": scrubbed(m.URL), "update_status": orFinished(m.Status), "last_update_at": m.LastUpdateAt.stamp(),
		"last_update_started_at": m.LastUpdateAt.stamp(), "last_successful_update_at": m.LastSuccessAt.stamp(), "last_error": emptyNull(m.LastError),
		"only_protected_branches": m.OnlyProtected, "keep_divergent_refs": m.KeepDivergent, "auth_method": auth, "host_keys": keys,
		"mirror_branch_regex": emptyNull(m.BranchRegex),
	}
}

func showPullMirror(c *Call) Answer {
	m := c.Project.PullMirror
	if m == nil {
		return Message(http.StatusBadRequest, "The project is not mirrored")
	}
	return OK(Object{
		"id": m.ID, "url": scrubbed(m.URL), "enabled": !m.Disabled, "update_status": orFinished(m.Status), "last_error": emptyNull(m.LastError),
		"last_update_at": m.LastUpdateAt.stamp(), "last_update_started_at": m.LastUpdateAt.stamp(), "last_successful_update_at": m.LastSuccessAt.stamp(),
		"mirror_trigger_builds": m.TriggerBuilds, "only_mirror_protected_branches": nil, "mirror_overwrites_diverged_branches": nil,
		"mirror_branch_regex": nil,
	})
}

func listErrorTrackingKeys(c *Call) Answer {
	return List(c, c.Project.ErrorTrackingKeys, noID[*ErrorTrackingKey], func(k *ErrorTrackingKey) Object {
		return Object{
			"id": k.ID, "active": !k.Inactive, "public_key": k.Value,
			"sentry_dsn": "https://" + k.Value + "@gitlab.acme.example/api/v4/error_tracking/collector/" + itoa(c.Project.ID),
		}
	})
}

func pagesDomainJSON(c *Call, d *PagesDomain) Object {
	return Object{"domain": d.Domain, "url": "https://" + d.Domain, "verified": d.Verified, "verification_code": d.Code,
		"enabled_until": d.EnabledUntil.stamp(), "auto_ssl_enabled": d.AutoSSL}
}

func listPagesDomains(c *Call) Answer {
	return List(c, c.Project.PagesDomains, noID[*PagesDomain], func(d *PagesDomain) Object { return pagesDomainFull(c, d) })
}

func pagesDomainFull(c *Call, d *PagesDomain) Object {
	o := pagesDomainJSON(c, d)
	if !d.CertificateExpires.IsZero() {
		o["certificate"] = Object{"subject": "/CN=" + d.CertificateSubject, "expired": d.CertificateExpires.past(c.Now),
			"certificate": "-----BEGIN CERTIFICATE-----\nEXAMPLE\n-----END CERTIFICATE-----", "certificate_text": "Certificate: EXAMPLE",
			"expiration": d.CertificateExpires.stamp()}
	}
	return o
}

// listAllPagesDomains is thinner: it names the project, and of the certificate the expiry only.
func listAllPagesDomains(c *Call) Answer {
	type row struct {
		p *Project
		d *PagesDomain
	}
	var rows []row
	for _, p := range c.st.w.Projects {
		for _, d := range p.PagesDomains {
			rows = append(rows, row{p, d})
		}
	}
	return List(c, rows, noID[row], func(r row) Object {
		o := pagesDomainJSON(c, r.d)
		o["project_id"] = r.p.ID
		if !r.d.CertificateExpires.IsZero() {
			o["certificate_expiration"] = Object{"expired": r.d.CertificateExpires.past(c.Now), "expiration": r.d.CertificateExpires.stamp()}
		}
		return o
	})
}
