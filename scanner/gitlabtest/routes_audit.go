package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// auditRoutes are the audit log. Offset paging still works on old versions; keyset is what GitLab asks for.
func auditRoutes() []Route {
	const source = "https://docs.gitlab.com/api/audit_events/"
	return []Route{
		{Method: "GET", Path: "audit_events", Tier: Premium, Permission: "read_audit_event", Paging: Keyset, Source: source, Handle: listInstanceAudit},
		{Method: "GET", Path: "groups/:id/audit_events", Role: Developer, Tier: Premium, Permission: "read_audit_event", Paging: Keyset,
			Source: source, Handle: listGroupAudit},
		{Method: "GET", Path: "projects/:id/audit_events", Role: Developer, Tier: Premium, Permission: "read_audit_event", Paging: Keyset,
			Source: source, Handle: listProjectAudit},
		{Method: "GET", Path: "audit_events/:event_id", Admin: true, Offering: SelfManaged, Tier: Premium, Permission: "read_audit_event", Source: source, Handle: showAudit},
		{Method: "GET", Path: "groups/:id/audit_events/:event_id", Role: Owner, Tier: Premium, Permission: "read_audit_event", Source: source, Handle: showAudit},
		{Method: "GET", Path: "projects/:id/audit_events/:event_id", Role: Maintainer, Tier: Premium, Permission: "read_audit_event", Source: source, Handle: showAudit},
	}
}

// listInstanceAudit is for administrators and auditors, on self-managed instances only.
func listInstanceAudit(c *Call) Answer {
	if c.Profile.Offering == SaaS || !c.Actor.Admin && !c.Actor.Auditor {
		return Forbidden("")
	}
	return listAudit(c, func(within func(*AuditEvent) bool) []*AuditEvent {
		return rememberRows(c, func() []*AuditEvent { return newestFirst(keep(c.st.w.AuditEvents, within)) })
	})
}

func listGroupAudit(c *Call) Answer { return c.listHomeAudit(c.Level(c.Group) >= Owner) }

func listProjectAudit(c *Call) Answer { return c.listHomeAudit(c.Level(c.Project) >= Maintainer) }

// listHomeAudit shows a home's events: all of them, or those that the caller caused.
func (c *Call) listHomeAudit(all bool) Answer {
	byEntity := remember(c, "audit events by entity", func() map[string][]*AuditEvent {
		index := map[string][]*AuditEvent{}
		for _, e := range c.st.w.AuditEvents {
			index[e.Entity] = append(index[e.Entity], e)
		}
		return index
	})
	return listAudit(c, func(within func(*AuditEvent) bool) []*AuditEvent {
		return newestFirst(keep(byEntity[entityName(c.home())], func(e *AuditEvent) bool { return (all || c.byActor(e)) && within(e) }))
	})
}

// newestFirst sorts by time, for a world may list its events in any order.
func newestFirst(rows []*AuditEvent) []*AuditEvent {
	slices.SortFunc(rows, func(a, b *AuditEvent) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt.Time), cmp.Compare(b.ID, a.ID))
	})
	return rows
}

func (c *Call) byActor(e *AuditEvent) bool {
	return c.Actor.User != nil && e.Author == c.Actor.User.Username
}

// maxAuditDays is the longest span of one query.
const maxAuditDays = 30

// listAudit reads the span and pages what find gives for it.
func listAudit(c *Call, find func(within func(*AuditEvent) bool) []*AuditEvent) Answer {
	after, bounded := c.When("created_after")
	before, ended := c.When("created_before")
	if !ended {
		before = At(c.Now)
	}
	if !bounded {
		after = At(before.AddDate(0, 0, -maxAuditDays))
	}
	if before.Sub(after.Time) > (maxAuditDays*24+1)*time.Hour {
		return Message(http.StatusBadRequest, "Date range limited to 30 days")
	}
	rows := find(func(e *AuditEvent) bool { return !e.CreatedAt.Before(after.Time) && !e.CreatedAt.After(before.Time) })
	return List(c, rows, func(e *AuditEvent) int64 { return e.ID }, func(e *AuditEvent) Object { return auditJSON(c, e) })
}

// auditJSON repeats event_name at the top on newer versions only; the id of a personal token stands in prose alone.
func auditJSON(c *Call, e *AuditEvent) Object {
	authorID, author := int64(-1), "An unauthenticated user"
	if u := c.st.userByName(e.Author); u != nil {
		authorID, author = u.ID, u.Name
	}
	entityID, entityType, path := c.auditEntity(e.Entity)
	details := Object{
		"author_name": author, "author_class": "User", "target_id": c.auditTarget(e), "target_type": e.TargetType,
		"target_details": e.Target, "ip_address": emptyNull(e.IP), "entity_path": path, "event_name": e.Event,
	}.Merge(e.Details)
	return Object{
		"id": e.ID, "author_id": authorID, "entity_id": entityID, "entity_type": entityType, "details": details,
		"created_at": e.CreatedAt.stamp(),
	}.Since(c.Profile, "17.0", "event_name", e.Event)
}

// auditEntity resolves "project:a/b" into id, type and path.
func (c *Call) auditEntity(name string) (int64, string, any) {
	switch kind, ref := cutEntity(name); kind {
	case "project":
		if p := c.FindProject(ref); p != nil {
			return p.ID, "Project", p.Path
		}
		return 0, "Project", ref
	case "group":
		if g := c.FindGroup(ref); g != nil {
			return g.ID, "Group", g.Path
		}
		return 0, "Group", ref
	case "user":
		if u := c.st.userByName(ref); u != nil {
			return u.ID, "User", u.Username
		}
		return 0, "User", ref
	}
	return 1, "Gitlab::Audit::InstanceScope", "gitlab_instance"
}

// auditTarget is the target's id, found by name where a world leaves it out.
func (c *Call) auditTarget(e *AuditEvent) any {
	if e.TargetID != 0 {
		return e.TargetID
	}
	kind, ref := cutEntity(e.Entity)
	var tokens []*DeployToken
	if p := c.FindProject(ref); kind == "project" && p != nil {
		tokens = p.DeployTokens
	} else if g := c.FindGroup(ref); kind == "group" && g != nil {
		tokens = g.DeployTokens
	}
	for _, t := range tokens {
		if e.TargetType == "DeployToken" && t.Name == e.Target {
			return t.ID
		}
	}
	return nil
}

// showAudit answers one event of the home, of whatever time.
func showAudit(c *Call) Answer {
	for _, e := range c.st.w.AuditEvents {
		if e.ID == c.PathID("event_id") && (c.home() == nil || e.Entity == entityName(c.home())) {
			return OK(auditJSON(c, e))
		}
	}
	return NotFound("Audit Event")
}
