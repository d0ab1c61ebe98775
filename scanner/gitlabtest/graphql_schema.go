package gitlabtest

import (
	"maps"
	"strings"
)

// graphDef is one field of the schema.
type graphDef struct {
	of       string // type of an object or of a connection's nodes; empty is a scalar
	list     bool   // a connection
	resolver bool   // paged by a resolver, which counts its rows
	cost     int    // points of its own, where more than one
	since    string
	ee       bool // in the Enterprise Edition's schema only
}

// graphSchema is the part of GitLab's schema that the questions touch, as a version and edition have it.
// Source: https://docs.gitlab.com/api/graphql/reference/, and GitLab's app/graphql/types and app/graphql/resolvers for
// which fields a resolver pages.
func graphSchema(p Profile) map[string]map[string]graphDef {
	out := metaTypes()
	types := graphTypes()
	maps.Copy(types, graphRootTypes())
	maps.Copy(types, graphWorkTypes())
	for kind, fields := range graphMutationTypes() {
		if types[kind] == nil {
			types[kind] = map[string]graphDef{}
		}
		maps.Copy(types[kind], fields)
	}
	for kind, fields := range types {
		out[kind] = map[string]graphDef{}
		for name, def := range fields {
			if p.Has(def.since) && (!def.ee || p.enterprise()) {
				out[kind][name] = def
			}
		}
	}
	return out
}

// scalars makes definitions of plain fields.
func scalars(names string) map[string]graphDef {
	out := map[string]graphDef{}
	for _, n := range strings.Fields(names) {
		out[n] = graphDef{}
	}
	return out
}

// with adds fields that hold objects or lists.
func with(fields map[string]graphDef, more map[string]graphDef) map[string]graphDef {
	for name, def := range more {
		fields[name] = def
	}
	return fields
}

// paged is a connection whose rows a resolver counts, joined one that it does not.
func paged(of string) graphDef  { return graphDef{of: of, list: true, resolver: true} }
func joined(of string) graphDef { return graphDef{of: of, list: true} }

// graphRootTypes are where questions begin, and people and groups.
func graphRootTypes() map[string]map[string]graphDef {
	user := graphDef{of: "User"}
	return map[string]map[string]graphDef{
		"Query": {
			"project": {of: "Project"}, "group": {of: "Group"}, "runners": paged("CiRunner"), "projects": paged("Project"), "groups": paged("Group"),
			"currentUser": user, "user": user, "users": paged("User"), "metadata": {of: "Metadata"}, "ciVariables": paged("CiInstanceVariable"),
			"__schema": {of: "__Schema"}, "__type": {of: "__Type"},
		},
		"Metadata":   scalars("version revision enterprise"),
		"Namespace":  scalars("id fullPath name path"),
		"Repository": scalars("exists empty rootRef"),
		"Email":      scalars("id email confirmedAt"),
		"User": with(scalars("id username name state bot groupCount publicEmail webUrl webPath avatarUrl createdAt lastActivityOn"), map[string]graphDef{
			"namespace": {of: "Namespace"}, "emails": joined("Email"),
		}),
		"Group": with(scalars("id fullPath name path fullName description visibility webUrl createdAt"), map[string]graphDef{
			"runners": paged("CiRunner"), "projects": paged("Project"), "descendantGroups": paged("Group"), "parent": {of: "Group"}, "ciVariables": paged("CiGroupVariable"),
			"groupMembers": paged("MemberInterface"),
		}),
	}
}

func graphTypes() map[string]map[string]graphDef {
	user := graphDef{of: "User"}
	access := map[string]graphDef{"user": {of: "User", ee: true}, "group": {of: "Group", ee: true}}
	return map[string]map[string]graphDef{
		"PageInfo": scalars("hasNextPage endCursor hasPreviousPage startCursor"),
		"Project": with(scalars("id fullPath name archived visibility path description webUrl httpUrlToRepo sshUrlToRepo createdAt lastActivityAt nameWithNamespace topics forksCount"), map[string]graphDef{
			"repository": {of: "Repository"}, "namespace": {of: "Namespace"}, "group": {of: "Group"},
			"maxAccessLevel":           {of: "AccessLevel"},
			"releases":                 paged("Release"),
			"ciCdSettings":             {of: "ProjectCiCdSetting"},
			"ciJobTokenScopeAllowlist": {of: "CiJobTokenScopeAllowlist", since: "17.6"},
			"ciJobTokenAuthLogs":       {of: "CiJobTokenAuthLog", list: true, resolver: true, since: "17.6"},
			"ciVariables":              paged("CiProjectVariable"), "pipelineSchedules": paged("PipelineSchedule"), "clusterAgents": paged("ClusterAgent"),
			"alertManagementHttpIntegrations": paged("AlertManagementHttpIntegration"), "terraformStates": paged("TerraformState"),
			"environments": paged("Environment"), "branchRules": paged("BranchRule"), "pipelineTriggers": paged("PipelineTrigger"), "runners": paged("CiRunner"),
			"projectMembers": paged("MemberInterface"),
			"issue":          {of: "Issue"}, "issues": paged("Issue"), "mergeRequest": {of: "MergeRequest"}, "mergeRequests": paged("MergeRequest"), "pipelines": paged("Pipeline"),
		}),
		"AccessLevel":        scalars("integerValue stringValue"),
		"Release":            with(scalars("tagName name description createdAt"), map[string]graphDef{"author": user, "links": {of: "ReleaseAssetLink", list: true}}),
		"ReleaseAssetLink":   scalars("id name url"),
		"ProjectCiCdSetting": scalars("inboundJobTokenScopeEnabled jobTokenScopeEnabled pushRepositoryForJobTokenAllowed"),
		"CiJobTokenScopeAllowlist": {
			"projectsAllowlist": joined("CiJobTokenScopeAllowlistEntry"), "groupsAllowlist": joined("CiJobTokenScopeAllowlistEntry"),
		},
		"CiJobTokenScopeAllowlistEntry": with(scalars("createdAt defaultPermissions jobTokenPolicies direction"), map[string]graphDef{
			"target": {of: "CiJobTokenScopeTarget"}, "addedBy": user,
		}),
		"CiJobTokenScopeTarget": {}, "CiJobTokenAccessibleProject": scalars("id name path fullPath webUrl"), "CiJobTokenAccessibleGroup": scalars("id name path fullPath webUrl"),
		"CiJobTokenAuthLog":  with(scalars("lastAuthorizedAt"), map[string]graphDef{"originProject": {of: "CiJobTokenAccessibleProject"}}),
		"CiGroupVariable":    with(scalars("id key value variableType raw environmentScope protected masked description"), map[string]graphDef{"hidden": {since: "17.4"}}),
		"CiInstanceVariable": scalars("id key value variableType raw protected masked description"),
		"CiProjectVariable":  with(scalars("id key value variableType raw environmentScope protected masked description"), map[string]graphDef{"hidden": {since: "17.4"}}),
		"PipelineSchedule": with(scalars("id description active nextRunAt realNextRun ref cron cronTimezone createdAt updatedAt"), map[string]graphDef{
			"owner": user, "variables": joined("PipelineScheduleVariable"), "inputs": {of: "CiInputsField", list: true, since: "18.1"},
		}),
		"PipelineScheduleVariable": scalars("id key value variableType raw"), "CiInputsField": scalars("name value"),
		"ClusterAgent":                   with(scalars("id name createdAt updatedAt"), map[string]graphDef{"createdByUser": user, "tokens": paged("ClusterAgentToken")}),
		"ClusterAgentToken":              with(scalars("id name description status createdAt lastUsedAt"), map[string]graphDef{"createdByUser": user}),
		"AlertManagementHttpIntegration": scalars("id name active type url token apiUrl"),
		"TerraformState": with(scalars("id name lockedAt createdAt updatedAt"), map[string]graphDef{
			"lockedByUser": user, "latestVersion": {of: "TerraformStateVersion", cost: 3},
		}),
		"TerraformStateVersion": with(scalars("id serial createdAt updatedAt"), map[string]graphDef{"createdByUser": user}),
		"Environment": with(scalars("id name tier state externalUrl createdAt updatedAt"), map[string]graphDef{
			"protectedEnvironments": {of: "ProtectedEnvironment", list: true, resolver: true, ee: true},
		}),
		"ProtectedEnvironment": with(scalars("name requiredApprovalCount"), map[string]graphDef{
			"project": {of: "Project"}, "group": {of: "Group"}, "deployAccessLevels": joined("ProtectedEnvironmentDeployAccessLevel"),
		}),
		"ProtectedEnvironmentDeployAccessLevel": {"accessLevel": {of: "AccessLevel"}, "user": user, "group": {of: "Group"}},
		"MemberInterface": with(scalars("id createdAt updatedAt expiresAt"), map[string]graphDef{
			"accessLevel": {of: "AccessLevel"}, "createdBy": user, "user": user,
		}),
		"BranchRule": with(scalars("id name isDefault isProtected"), map[string]graphDef{"branchProtection": {of: "BranchProtection"}}),
		"BranchProtection": with(scalars("allowForcePush"), map[string]graphDef{
			"pushAccessLevels": joined("PushAccessLevel"), "mergeAccessLevels": joined("MergeAccessLevel"),
		}),
		"PushAccessLevel":  with(with(scalars("accessLevel accessLevelDescription"), access), map[string]graphDef{"deployKey": {of: "AccessLevelDeployKey"}}),
		"MergeAccessLevel": with(scalars("accessLevel accessLevelDescription"), access), "AccessLevelDeployKey": scalars("id title"),
		"PipelineTrigger": with(scalars("id description token lastUsed expiresAt canAccessProject hasTokenExposed"), map[string]graphDef{"owner": user}),
		"CiRunner": with(scalars("id description runnerType paused locked runUntagged tagList accessLevel status contactedAt createdAt creationMethod "+
			"tokenExpiresAt maximumTimeout maintenanceNote shortSha"), map[string]graphDef{
			"createdBy": user, "managers": paged("CiRunnerManager"), "groups": paged("Group"), "projects": paged("Project"), "ownerProject": {of: "Project"},
		}),
		"CiRunnerManager": scalars("id systemId version revision contactedAt createdAt status"),
	}
}
