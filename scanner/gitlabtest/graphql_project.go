package gitlabtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

func gid(kind string, id int64) string { return fmt.Sprintf("gid://gitlab/%s/%d", kind, id) }

func graphUser(c *Call, name string) any {
	u := c.st.userByName(name)
	if u == nil {
		return nil
	}
	return graphPerson(c, u)
}

// graphs makes a list of objects, or nil where the caller's role is too low and GitLab answers null.
func graphs[T any](kind string, rows []T, shown bool, fields func(T) Object) graphList {
	out := graphList{}
	for _, r := range rows {
		if shown { // where it is not, GitLab filters every row away
			out = append(out, graphObject{kind: kind, fields: fields(r)})
		}
	}
	return out
}

// graphRole is the caller's role, an auditor being a Reporter everywhere.
func graphRole(c *Call) Role {
	role := c.Level(c.Project)
	if c.Actor.Auditor {
		role = max(role, Reporter)
	}
	return role
}

func graphProject(c *Call) graphObject {
	p, role := c.Project, graphRole(c)
	level := int(c.Level(p))
	o := Object{
		"id": gid("Project", p.ID), "fullPath": p.Path, "name": p.Name, "archived": p.Archived, "visibility": p.Visibility, "path": lastSegment(p.Path),
		"description": emptyNull(p.Description), "webUrl": c.URL("/" + p.Path), "httpUrlToRepo": c.URL("/" + p.Path + ".git"), "createdAt": p.CreatedAt.stamp(),
		"sshUrlToRepo": "git@" + c.Request.Host + ":" + p.Path + ".git", "lastActivityAt": p.LastActive.stamp(), "nameWithNamespace": projectTitle(c, p),
		"topics": append([]string{}, p.Topics...), "forksCount": c.forks(p), "repository": graphRepository(p), "namespace": graphNamespace(c, namespace{p.group, p.owner}),
		"maxAccessLevel": graphObject{kind: "AccessLevel", fields: Object{"integerValue": level, "stringValue": nil}},
		"clusterAgents":  graphs("ClusterAgent", p.Agents, role >= Developer, func(a *Agent) Object { return graphAgent(c, a) }),
		"alertManagementHttpIntegrations": graphs("AlertManagementHttpIntegration", p.AlertIntegrations, role >= Maintainer, func(a *AlertIntegration) Object {
			return Object{"id": gid("AlertManagement::HttpIntegration", a.ID), "name": a.Name, "active": !a.Inactive, "type": upperOr(a.Type, "HTTP"),
				"url": c.URL("/" + p.Path + "/alerts/notify/" + strings.ToLower(a.Name) + "/0123456789abcdef.json"), "token": a.Value, "apiUrl": nil}
		}),
		"terraformStates": graphs("TerraformState", p.TerraformStates, role >= Developer, func(s *TerraformState) Object { return graphState(c, s) }),
		"environments": graphs("Environment", p.Environments, role >= Reporter && c.builds(), func(e *Environment) Object {
			return Object{"id": gid("Environment", e.ID), "name": e.Name, "tier": strings.ToUpper(e.tier()), "state": e.state(),
				"externalUrl": emptyNull(e.ExternalURL), "createdAt": e.CreatedAt.stamp(), "updatedAt": e.UpdatedAt.stamp(),
				"protectedEnvironments": func(map[string]any) any { return graphProtectors(c, e) }}
		}),
		"branchRules":       graphs("BranchRule", p.ProtectedBranches, role >= Maintainer, func(b *ProtectedBranch) Object { return graphBranch(c, b) }),
		"pipelineSchedules": graphs("PipelineSchedule", p.Schedules, role >= Reporter && c.builds(), func(s *Schedule) Object { return graphSchedule(c, s) }),
		"pipelineTriggers":  graphs("PipelineTrigger", p.Triggers, role >= Maintainer && c.builds(), func(t *Trigger) Object { return graphTrigger(c, t) }),
		"projectMembers":    func(args map[string]any) any { return graphMembers(c, args) },
		"runners": func(args map[string]any) any {
			if role < Maintainer {
				return nil
			}
			return graphRunners(c, func(r *Runner) bool {
				return r.serves(p) && (args["type"] == nil || strings.EqualFold(r.Type, args["type"].(string)))
			})
		},
	}
	if p.group != nil && c.Sees(p.group) {
		inside := *c
		inside.Group = p.group
		o["group"] = func(map[string]any) any { return graphGroup(&inside) }
	}
	if role >= Guest || p.Visibility != "private" {
		o["releases"] = graphs("Release", p.Releases, true, func(r *Release) Object { return graphRelease(c, r) })
	}
	if role >= Maintainer {
		graphMaintainer(c, o)
	}
	graphWork(c, o)
	return graphObject{kind: "Project", fields: o}
}

// graphMaintainer adds the fields that are null below Maintainer.
func graphMaintainer(c *Call, o Object) {
	p, scope := c.Project, c.Project.jobTokenScope()
	o["ciCdSettings"] = graphObject{kind: "ProjectCiCdSetting", fields: Object{
		"inboundJobTokenScopeEnabled": scope.inbound(), "jobTokenScopeEnabled": scope.Outbound, "pushRepositoryForJobTokenAllowed": false,
	}}
	if c.builds() {
		o["ciVariables"] = graphs("CiProjectVariable", p.Variables, true, func(v *Variable) Object { return graphVariableOf(v) })
	}
	o["ciJobTokenScopeAllowlist"] = graphObject{kind: "CiJobTokenScopeAllowlist", fields: Object{
		"projectsAllowlist": graphs("CiJobTokenScopeAllowlistEntry", scope.Projects, true, func(e *AllowEntry) Object {
			to := c.FindProject(e.Path)
			return graphAllowed(c, e, graphObject{kind: "CiJobTokenAccessibleProject", fields: Object{
				"id": gid("Project", to.ID), "name": to.Name, "path": lastSegment(to.Path), "fullPath": to.Path, "webUrl": c.URL("/" + to.Path)}})
		}),
		"groupsAllowlist": graphs("CiJobTokenScopeAllowlistEntry", scope.Groups, true, func(e *AllowEntry) Object {
			to := c.FindGroup(e.Path)
			return graphAllowed(c, e, graphObject{kind: "CiJobTokenAccessibleGroup", fields: Object{
				"id": gid("Group", to.ID), "name": to.Name, "path": lastSegment(to.Path), "fullPath": to.Path, "webUrl": c.URL("/groups/" + to.Path)}})
		}),
	}}
	o["ciJobTokenAuthLogs"] = graphs("CiJobTokenAuthLog", scope.AuthLogs, true, func(l *AuthLog) Object {
		from := c.FindProject(l.Origin)
		return Object{"lastAuthorizedAt": l.LastAuthorizedAt.stamp(), "originProject": graphObject{kind: "CiJobTokenAccessibleProject",
			fields: Object{"id": gid("Project", from.ID), "name": from.Name, "fullPath": from.Path}}}
	})
}

func graphAllowed(c *Call, e *AllowEntry, target graphObject) Object {
	byDefault := e.DefaultPermissions == nil || *e.DefaultPermissions
	return Object{
		"target": target, "addedBy": graphUser(c, e.AddedBy), "createdAt": e.CreatedAt.stamp(), "defaultPermissions": byDefault,
		"jobTokenPolicies": append([]string{}, e.Policies...), "direction": "inbound",
	}
}

func graphVariableOf(v *Variable) Object {
	o := Object{
		"id": gid("Ci::Variable", 1), "key": v.Key, "value": v.Value, "variableType": strings.ToUpper(v.Type), "raw": v.Raw, "environmentScope": v.Scope,
		"protected": v.Protected, "masked": v.Masked, "hidden": v.Hidden, "description": emptyNull(v.Description),
	}
	if v.Hidden {
		o["value"] = nil
	}
	return o
}

func graphSchedule(c *Call, s *Schedule) Object {
	ref := s.Ref
	if ref == "" {
		ref = "main"
	}
	o := Object{
		"id": gid("Ci::PipelineSchedule", s.ID), "description": s.Description, "active": !s.Inactive, "nextRunAt": s.NextRunAt.stamp(),
		"realNextRun": s.NextRunAt.stamp(), "ref": ref, "cron": s.Cron, "cronTimezone": "UTC", "createdAt": s.CreatedAt.stamp(), "updatedAt": s.UpdatedAt.stamp(),
		"owner": graphUser(c, s.Owner),
	}
	if c.edits(s) {
		o["variables"] = graphs("PipelineScheduleVariable", s.Variables, true, func(v *RunVariable) Object {
			return Object{"id": gid("Ci::PipelineScheduleVariable", 1), "key": v.Key, "value": v.Value, "variableType": strings.ToUpper(v.kind()), "raw": v.Raw}
		})
		o["inputs"] = graphs("CiInputsField", s.Inputs, true, func(i *Input) Object { return Object{"name": i.Name, "value": i.Value} })
	}
	return o
}

func graphAgent(c *Call, a *Agent) Object {
	return Object{
		"id": gid("Clusters::Agent", a.ID), "name": a.Name, "createdAt": a.CreatedAt.stamp(), "updatedAt": a.CreatedAt.stamp(), "createdByUser": graphUser(c, a.CreatedBy),
		"tokens": graphs("ClusterAgentToken", a.Tokens, true, func(t *AgentToken) Object {
			status := "ACTIVE"
			if t.Revoked {
				status = "REVOKED"
			}
			return Object{"id": gid("Clusters::AgentToken", t.ID), "name": t.Name, "description": emptyNull(t.Description), "status": status,
				"createdAt": t.CreatedAt.stamp(), "lastUsedAt": t.LastUsedAt.stamp(), "createdByUser": graphUser(c, t.CreatedBy)}
		}),
	}
}

func graphState(c *Call, s *TerraformState) Object {
	return Object{
		"id": gid("Terraform::State", s.ID), "name": s.Name, "lockedAt": s.LockedAt.stamp(), "lockedByUser": graphUser(c, s.LockedBy),
		"createdAt": s.CreatedAt.stamp(), "updatedAt": s.UpdatedAt.stamp(),
		"latestVersion": graphObject{kind: "TerraformStateVersion", fields: Object{"id": gid("Terraform::StateVersion", s.ID), "serial": s.Serial,
			"createdAt": s.UpdatedAt.stamp(), "updatedAt": s.UpdatedAt.stamp(), "createdByUser": graphUser(c, s.UpdatedBy)}},
	}
}

func graphBranch(c *Call, b *ProtectedBranch) Object {
	level := func(r *AccessRule) Object {
		o := Object{"accessLevel": int(r.Role), "accessLevelDescription": levelText(r.Role), "user": graphUser(c, r.User)}
		if g := c.FindGroup(r.Group); r.Group != "" && g != nil {
			o["group"] = graphObject{kind: "Group", fields: Object{"id": gid("Group", g.ID)}}
		}
		if k := c.keyByTitle(r.DeployKey); k != nil {
			o["deployKey"] = graphObject{kind: "AccessLevelDeployKey", fields: Object{"id": gid("DeployKey", k.ID), "title": k.Title}}
		}
		if r.User+r.Group+r.DeployKey != "" {
			o["accessLevel"] = int(Maintainer)
		}
		return o
	}
	return Object{
		"id": gid("Projects::BranchRule", b.ID), "name": b.Name, "isDefault": b.Name == "main", "isProtected": true,
		"branchProtection": graphObject{kind: "BranchProtection", fields: Object{
			"allowForcePush": b.AllowForcePush, "pushAccessLevels": graphs("PushAccessLevel", b.Push, true, level),
			"mergeAccessLevels": graphs("MergeAccessLevel", b.Merge, true, level),
		}},
	}
}

func graphTrigger(c *Call, t *Trigger) Object {
	o := triggerJSON(c, t)
	return Object{"id": gid("Ci::Trigger", t.ID), "description": t.Description, "token": o["token"], "lastUsed": t.LastUsed.stamp(),
		"expiresAt": t.ExpiresAt.stamp(), "canAccessProject": true, "hasTokenExposed": o["token"] == t.Value, "owner": graphUser(c, t.Owner)}
}

func graphRelease(c *Call, r *Release) Object {
	links := graphs("ReleaseAssetLink", r.Links, true, func(l *ReleaseLink) Object {
		return Object{"id": gid("Releases::Link", l.ID), "name": l.Name, "url": releaseURL(c, l)}
	})
	return Object{"tagName": r.Tag, "name": cmp.Or(r.Name, r.Tag), "description": emptyNull(r.Description), "createdAt": r.CreatedAt.stamp(),
		"author": graphUser(c, r.Author), "links": links}
}

func upperOr(s, other string) string {
	if s == "" {
		return other
	}
	return strings.ToUpper(s)
}

// graphRunners shows the sensitive fields of those runners only that the caller manages.
func graphRunners(c *Call, wants func(*Runner) bool) graphList {
	rows := slices.DeleteFunc(slices.Clone(c.st.w.Runners), func(r *Runner) bool { return !wants(r) })
	return graphs("CiRunner", rows, true, func(r *Runner) Object {
		o := Object{
			"id": gid("Ci::Runner", r.ID), "description": r.Description, "runnerType": strings.ToUpper(r.Type), "paused": r.Paused, "locked": r.Locked,
			"runUntagged": r.RunUntagged, "tagList": append([]string{}, r.Tags...), "accessLevel": upperOr(r.AccessLevel, "NOT_PROTECTED"),
			"status": strings.ToUpper(r.runnerStatus(c.Now)), "contactedAt": r.ContactedAt.stamp(), "createdAt": r.CreatedAt.stamp(),
			"createdBy": graphUser(c, r.CreatedBy), "creationMethod": upperOr(r.CreationMethod, "AUTHENTICATED_USER"), "maximumTimeout": nil,
			"managers": graphs("CiRunnerManager", r.Managers, true, func(m *RunnerManager) Object {
				return Object{"id": gid("Ci::RunnerManager", m.ID), "systemId": m.SystemID, "version": m.Version, "contactedAt": m.ContactedAt.stamp(),
					"createdAt": m.CreatedAt.stamp(), "status": "ONLINE"}
			}),
			"groups": graphList{}, "projects": graphList{},
		}
		if c.manages(r) {
			o["tokenExpiresAt"], o["maintenanceNote"] = r.TokenExpiresAt.stamp(), emptyNull(r.MaintenanceNote)
		}
		if g := c.FindGroup(r.Group); r.Group != "" && g != nil {
			o["groups"] = graphList{{kind: "Group", fields: Object{"id": gid("Group", g.ID), "fullPath": g.Path, "name": g.Name}}}
		}
		projects := graphList{}
		for _, path := range r.Projects {
			if p := c.FindProject(path); p != nil && c.Sees(p) {
				projects = append(projects, graphObject{kind: "Project", fields: Object{"id": gid("Project", p.ID), "fullPath": p.Path, "name": p.Name}})
			}
		}
		o["projects"] = projects
		if len(projects) > 0 {
			o["ownerProject"] = projects[0]
		}
		return o
	})
}
