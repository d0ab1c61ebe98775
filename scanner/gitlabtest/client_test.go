package gitlabtest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// rows and one turn an answer of GitLab's client into a count.
func rows[T any](list []T, _ *gitlab.Response, err error) (int, error) { return len(list), err }

func one[T any](_ *T, _ *gitlab.Response, err error) (int, error) { return 1, err }

// clientLists are the List and Get calls of GitLab's own client for everything that the simulator holds.
func clientLists(s *Server, c *gitlab.Client) map[string]func() (int, error) {
	const p, g, u = 1000, 100, 4
	project := s.st.projects[p]
	calls := map[string]func() (int, error){
		"deploy keys": func() (int, error) { return rows(c.DeployKeys.ListProjectDeployKeys(p, nil)) },
		"deploy key": func() (int, error) {
			list, _, err := c.DeployKeys.ListProjectDeployKeys(p, nil)
			if err != nil {
				return 0, err
			}
			return one(c.DeployKeys.GetDeployKey(p, list[0].ID))
		},
		"all deploy keys":     func() (int, error) { return rows(c.DeployKeys.ListAllDeployKeys(nil)) },
		"deploy token":        func() (int, error) { return one(c.DeployTokens.GetProjectDeployToken(p, project.DeployTokens[0].ID)) },
		"group deploy tokens": func() (int, error) { return rows(c.DeployTokens.ListGroupDeployTokens(g, nil)) },
		"group deploy token": func() (int, error) {
			return one(c.DeployTokens.GetGroupDeployToken(g, s.st.groups[g].DeployTokens[0].ID))
		},
		"agents":       func() (int, error) { return rows(c.ClusterAgents.ListAgents(p, nil)) },
		"agent":        func() (int, error) { return one(c.ClusterAgents.GetAgent(p, project.Agents[0].ID)) },
		"agent tokens": func() (int, error) { return rows(c.ClusterAgents.ListAgentTokens(p, project.Agents[0].ID, nil)) },
		"agent token": func() (int, error) {
			return one(c.ClusterAgents.GetAgentToken(p, project.Agents[0].ID, project.Agents[0].Tokens[0].ID))
		},
		"environments":       func() (int, error) { return rows(c.Environments.ListEnvironments(p, nil)) },
		"client keys":        func() (int, error) { return rows(c.ErrorTracking.ListClientKeys(p, nil)) },
		"project variables":  func() (int, error) { return rows(c.ProjectVariables.ListVariables(p, nil)) },
		"group variables":    func() (int, error) { return rows(c.GroupVariables.ListVariables(g, nil)) },
		"instance variables": func() (int, error) { return rows(c.InstanceVariables.ListVariables(nil)) },
		"instance variable":  func() (int, error) { return one(c.InstanceVariables.GetVariable(s.st.w.Variables[0].Key)) },
		"schedules":          func() (int, error) { return rows(c.PipelineSchedules.ListPipelineSchedules(p, nil)) },
		"schedule":           func() (int, error) { return one(c.PipelineSchedules.GetPipelineSchedule(p, project.Schedules[0].ID)) },
		"triggers":           func() (int, error) { return rows(c.PipelineTriggers.ListPipelineTriggers(p, nil)) },
		"trigger":            func() (int, error) { return one(c.PipelineTriggers.GetPipelineTrigger(p, project.Triggers[0].ID)) },
		"secure files":       func() (int, error) { return rows(c.SecureFiles.ListProjectSecureFiles(p, nil)) },
		"push mirrors":       func() (int, error) { return rows(c.ProjectMirrors.ListProjectMirror(p, nil)) },
		"pull mirror":        func() (int, error) { return one(c.Projects.GetProjectPullMirrorDetails(1003)) },
		"project hooks":      func() (int, error) { return rows(c.Projects.ListProjectHooks(p, nil)) },
		"project hook":       func() (int, error) { return one(c.Projects.GetProjectHook(p, project.Hooks[0].ID)) },
		"group hooks":        func() (int, error) { return rows(c.Groups.ListGroupHooks(g, nil)) },
		"group hook":         func() (int, error) { return one(c.Groups.GetGroupHook(g, s.st.groups[g].Hooks[0].ID)) },
		"system hooks":       func() (int, error) { return rows(c.SystemHooks.ListHooks()) },
		"system hook":        func() (int, error) { return one(c.SystemHooks.GetHook(s.st.w.Hooks[0].ID)) },
		"integrations":       func() (int, error) { return rows(c.Services.ListServices(p)) },
		"group integrations": func() (int, error) { return rows(c.Integrations.ListActiveGroupIntegrations(g, nil)) },
		"protected branches": func() (int, error) { return rows(c.ProtectedBranches.ListProtectedBranches(p, nil)) },
		"protected tags":     func() (int, error) { return rows(c.ProtectedTags.ListProtectedTags(p, nil)) },
		"protected envs":     func() (int, error) { return rows(c.ProtectedEnvironments.ListProtectedEnvironments(p, nil)) },
		"allowed projects":   func() (int, error) { return rows(c.JobTokenScope.GetProjectJobTokenInboundAllowList(p, nil)) },
		"allowed groups":     func() (int, error) { return rows(c.JobTokenScope.GetJobTokenAllowlistGroups(p, nil)) },
		"job token scope":    func() (int, error) { return one(c.JobTokenScope.GetProjectJobTokenAccessSettings(p)) },
		"lint":               func() (int, error) { return one(c.Validate.ProjectLint(p, nil)) },
		"runners":            func() (int, error) { return rows(c.Runners.ListAllRunners(nil)) },
		"project runners":    func() (int, error) { return rows(c.Runners.ListProjectRunners(p, nil)) },
		"group runners":      func() (int, error) { return rows(c.Runners.ListGroupsRunners(g, nil)) },
		"runner":             func() (int, error) { return one(c.Runners.GetRunnerDetails(s.st.w.Runners[0].ID)) },
		"runner managers":    func() (int, error) { return rows(c.Runners.ListRunnerManagers(s.st.w.Runners[0].ID)) },
		"ssh keys":           func() (int, error) { return rows(c.Users.ListSSHKeysForUser(u, nil)) },
		"gpg keys":           func() (int, error) { return rows(c.Users.ListGPGKeysForUser(gpgOwner(s))) },
		"impersonation":      func() (int, error) { return rows(c.Users.GetAllImpersonationTokens(u, nil)) },
		"service accounts":   func() (int, error) { return rows(c.Users.ListServiceAccounts(nil)) },
		"group accounts":     func() (int, error) { return rows(c.Groups.ListServiceAccounts(g, nil)) },
		"group account tokens": func() (int, error) {
			return rows(c.Groups.ListServiceAccountPersonalAccessTokens(g, 9, nil))
		},
		"project accounts": func() (int, error) { return rows(c.Projects.ListProjectServiceAccounts(p, nil)) },
		"project account tokens": func() (int, error) {
			return rows(c.Projects.ListProjectServiceAccountPersonalAccessTokens(p, 11, nil))
		},
		"project token": func() (int, error) {
			return one(c.ProjectAccessTokens.GetProjectAccessToken(p, project.AccessTokens[0].ID))
		},
		"group token": func() (int, error) {
			return one(c.GroupAccessTokens.GetGroupAccessToken(g, s.st.groups[g].AccessTokens[0].ID))
		},
		"personal token":    func() (int, error) { return one(c.PersonalAccessTokens.GetSinglePersonalAccessTokenByID(1)) },
		"audit events":      func() (int, error) { return rows(c.AuditEvents.ListInstanceAuditEvents(nil)) },
		"group members":     func() (int, error) { return rows(c.Groups.ListGroupMembers(g, nil)) },
		"all group members": func() (int, error) { return rows(c.Groups.ListAllGroupMembers(g, nil)) },
		"member":            func() (int, error) { return one(c.ProjectMembers.GetInheritedProjectMember(p, u)) },
		"version":           func() (int, error) { return one(c.Version.GetVersion()) },
		"user projects":     func() (int, error) { return rows(c.Projects.ListUserProjects(u, nil)) },
		"user":              func() (int, error) { return one(c.Users.GetUser(u, nil)) },
	}
	maps.Copy(calls, clientReads(s, c))
	return calls
}

// clientReads are the calls for repositories, pipelines and what stands beside them.
func clientReads(s *Server, c *gitlab.Client) map[string]func() (int, error) {
	const p, g, u = 1000, 100, 4
	project := s.st.projects[p]
	main := gitlab.Ptr("main")
	return map[string]func() (int, error){
		"namespaces":       func() (int, error) { return rows(c.Namespaces.ListNamespaces(nil)) },
		"namespace search": func() (int, error) { return rows(c.Namespaces.SearchNamespace("acme")) },
		"namespace":        func() (int, error) { return one(c.Namespaces.GetNamespace("acme/shop")) },
		"namespace exists": func() (int, error) { return one(c.Namespaces.NamespaceExists("acme", nil)) },
		"key":              func() (int, error) { return one(c.Keys.GetKeyWithUser(1)) },
		"key by fingerprint": func() (int, error) {
			_, print := fingerprints(s.st.users[u].SSHKeys[0].Key)
			return one(c.Keys.GetKeyByFingerprint(&gitlab.GetKeyByFingerprintOptions{Fingerprint: print}))
		},
		"ssh key":          func() (int, error) { return one(c.Users.GetSSHKeyForUser(u, s.st.users[u].SSHKeys[0].ID)) },
		"memberships":      func() (int, error) { return rows(c.Users.GetUserMemberships(u, nil)) },
		"branches":         func() (int, error) { return rows(c.Branches.ListBranches(p, nil)) },
		"branch":           func() (int, error) { return one(c.Branches.GetBranch(p, "main")) },
		"tags":             func() (int, error) { return rows(c.Tags.ListTags(p, nil)) },
		"tag":              func() (int, error) { return one(c.Tags.GetTag(p, "v1.0")) },
		"commits":          func() (int, error) { return rows(c.Commits.ListCommits(p, nil)) },
		"commit":           func() (int, error) { return one(c.Commits.GetCommit(p, "main", nil)) },
		"diff":             func() (int, error) { return rows(c.Commits.GetCommitDiff(p, "main", nil)) },
		"refs of a commit": func() (int, error) { return rows(c.Commits.GetCommitRefs(p, "main", nil)) },
		"tree":             func() (int, error) { return rows(c.Repositories.ListTree(p, nil)) },
		"contributors":     func() (int, error) { return rows(c.Repositories.Contributors(p, nil)) },
		"compare": func() (int, error) {
			return one(c.Repositories.Compare(p, &gitlab.CompareOptions{From: gitlab.Ptr("v1.0"), To: main}))
		},
		"file": func() (int, error) {
			return one(c.RepositoryFiles.GetFile(p, "README.md", &gitlab.GetFileOptions{Ref: main}))
		},
		"file's metadata": func() (int, error) {
			return one(c.RepositoryFiles.GetFileMetaData(p, "README.md", &gitlab.GetFileMetaDataOptions{Ref: main}))
		},
		"pipelines":          func() (int, error) { return rows(c.Pipelines.ListProjectPipelines(p, nil)) },
		"pipeline":           func() (int, error) { return one(c.Pipelines.GetPipeline(p, 5000)) },
		"latest pipeline":    func() (int, error) { return one(c.Pipelines.GetLatestPipeline(p, nil)) },
		"pipeline variables": func() (int, error) { return rows(c.Pipelines.GetPipelineVariables(p, 5000)) },
		"pipeline jobs":      func() (int, error) { return rows(c.Jobs.ListPipelineJobs(p, 5000, nil)) },
		"job":                func() (int, error) { return one(c.Jobs.GetJob(p, project.Pipelines[0].Jobs[0].ID)) },
		"schedule's runs": func() (int, error) {
			return rows(c.PipelineSchedules.ListPipelinesTriggeredBySchedule(p, project.Schedules[0].ID, nil))
		},
		"environment":      func() (int, error) { return one(c.Environments.GetEnvironment(p, project.Environments[0].ID)) },
		"protected branch": func() (int, error) { return one(c.ProtectedBranches.GetProtectedBranch(p, "release/*")) },
		"protected tag":    func() (int, error) { return one(c.ProtectedTags.GetProtectedTag(p, "v*")) },
		"protected env":    func() (int, error) { return one(c.ProtectedEnvironments.GetProtectedEnvironment(p, "production")) },
		"push mirror":      func() (int, error) { return one(c.ProjectMirrors.GetProjectMirror(p, project.PushMirrors[0].ID)) },
		"push rule":        func() (int, error) { return one(c.Projects.GetProjectPushRules(p)) },
		"group push rule":  func() (int, error) { return one(c.Groups.GetGroupPushRules(g)) },
		"approvals":        func() (int, error) { return one(c.Projects.GetApprovalConfiguration(p)) },
		"approval rules":   func() (int, error) { return rows(c.Projects.GetProjectApprovalRules(p, nil)) },
		"people":           func() (int, error) { return rows(c.Projects.ListProjectsUsers(p, nil)) },
		"groups above":     func() (int, error) { return rows(c.Projects.ListProjectsGroups(p, nil)) },
		"forks":            func() (int, error) { return rows(c.Projects.ListProjectForks(p, nil)) },
		"freeze periods":   func() (int, error) { return rows(c.FreezePeriods.ListFreezePeriods(p, nil)) },
		"snippets":         func() (int, error) { return rows(c.ProjectSnippets.ListSnippets(p, nil)) },
		"releases":         func() (int, error) { return rows(c.Releases.ListReleases(p, nil)) },
		"wiki":             func() (int, error) { return rows(c.Wikis.ListWikis(p, nil)) },
		"billable members": func() (int, error) { return rows(c.Groups.ListBillableGroupMembers(g, nil)) },
		"saml links":       func() (int, error) { return rows(c.Groups.ListGroupSAMLLinks(g)) },
		"ldap links":       func() (int, error) { return rows(c.Groups.ListGroupLDAPLinks(g)) },
		"license":          func() (int, error) { return one(c.License.GetLicense()) },
		"features":         func() (int, error) { return rows(c.Features.ListFeatures()) },
		"audit event":      func() (int, error) { return one(c.AuditEvents.GetInstanceAuditEvent(1)) },
	}
}

func gpgOwner(s *Server) int64 {
	for _, u := range s.st.w.Users {
		if len(u.GPGKeys) > 0 {
			return u.ID
		}
	}
	return 0
}

// TestClientGoReadsEverything: each list decodes and has rows, each item is found.
func TestClientGoReadsEverything(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	c, err := gitlab.NewClient(s.Token("admin"), gitlab.WithBaseURL(base), gitlab.WithCustomRetryMax(0))
	if err != nil {
		t.Fatal(err)
	}
	// The small world has events of many years, and a query spans 30 days: this makes one of today.
	call(t, s, "POST", "maintainer-write", "projects/1000/hooks", "url=https://today.acme.example")
	calls := clientLists(s, c)
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if n, err := calls[name](); err != nil || n == 0 {
			t.Errorf("%s = %d, %v; want at least one", name, n, err)
		}
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", strings.Join(u, " "))
	}
}

// TestClientGoOffboards revokes and replaces with GitLab's client: what it sends must be what the routes take.
func TestClientGoOffboards(t *testing.T) {
	s := newServer(t, Options{})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	c, err := gitlab.NewClient(s.Token("admin-write"), gitlab.WithBaseURL(base), gitlab.WithCustomRetryMax(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range clientVerbs(s, c) {
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", strings.Join(u, " "))
	}
}

// clientVerb is one state-changing call of GitLab's client.
type clientVerb struct {
	name string
	do   func() error
}

func clientVerbs(s *Server, c *gitlab.Client) []clientVerb {
	const p, g = 1000, 100
	project := s.st.projects[p]
	text := gitlab.Ptr[string]
	return []clientVerb{
		{"create project token", func() error {
			_, _, err := c.ProjectAccessTokens.CreateProjectAccessToken(p, &gitlab.CreateProjectAccessTokenOptions{Name: text("fresh"), Scopes: &[]string{"read_api"}})
			return err
		}},
		{"rotate project token", func() error {
			_, _, err := c.ProjectAccessTokens.RotateProjectAccessToken(p, project.AccessTokens[1].ID, nil)
			return err
		}},
		{"rotate service account token", func() error {
			_, _, err := c.Groups.RotateServiceAccountPersonalAccessToken(g, 9, s.st.users[9].AccessTokens[0].ID, nil)
			return err
		}},
		{"create impersonation token", func() error {
			_, _, err := c.Users.CreateImpersonationToken(5, &gitlab.CreateImpersonationTokenOptions{Name: text("x"), Scopes: &[]string{"api"}})
			return err
		}},
		{"add deploy key", func() error {
			_, _, err := c.DeployKeys.AddDeployKey(p, &gitlab.AddDeployKeyOptions{Title: text("x"), Key: text("ssh-ed25519 AAAANEW")})
			return err
		}},
		{"create deploy token", func() error {
			_, _, err := c.DeployTokens.CreateProjectDeployToken(p, &gitlab.CreateProjectDeployTokenOptions{Name: text("x"), Scopes: &[]string{"read_registry"}})
			return err
		}},
		{"add trigger", func() error {
			_, _, err := c.PipelineTriggers.AddPipelineTrigger(p, &gitlab.AddPipelineTriggerOptions{Description: text("x")})
			return err
		}},
		{"take schedule", func() error {
			_, _, err := c.PipelineSchedules.TakeOwnershipOfPipelineSchedule(p, project.Schedules[0].ID)
			return err
		}},
		{"create agent token", func() error {
			_, _, err := c.ClusterAgents.CreateAgentToken(p, project.Agents[0].ID, &gitlab.CreateAgentTokenOptions{Name: text("x")})
			return err
		}},
		{"add hook", func() error {
			_, _, err := c.Projects.AddProjectHook(p, &gitlab.AddProjectHookOptions{URL: text("https://x.example")})
			return err
		}},
		{"set variable", func() error {
			_, _, err := c.ProjectVariables.CreateVariable(p, &gitlab.CreateProjectVariableOptions{Key: text("FRESH"), Value: text("EXAMPLE")})
			return err
		}},
		{"reset runner token", func() error {
			_, _, err := c.Runners.ResetRunnerAuthenticationToken(s.st.w.Runners[2].ID)
			return err
		}},
		{"create runner", func() error {
			_, _, err := c.Users.CreateUserRunner(&gitlab.CreateUserRunnerOptions{RunnerType: text("instance_type")})
			return err
		}},
		{"allow project", func() error {
			_, _, err := c.JobTokenScope.AddProjectToJobScopeAllowList(p, &gitlab.JobTokenInboundAllowOptions{TargetProjectID: gitlab.Ptr(int64(1003))})
			return err
		}},
		{"close job token gate", func() error {
			_, err := c.JobTokenScope.PatchProjectJobTokenAccessSettings(p, &gitlab.PatchProjectJobTokenAccessSettingsOptions{Enabled: true})
			return err
		}},
		{"renew application secret", func() error { _, _, err := c.Applications.RenewApplicationSecret(1); return err }},
		{"block user", func() error { _, err := c.Users.BlockUser(6); return err }},
		{"unblock user", func() error { _, err := c.Users.UnblockUser(6); return err }},
		{"delete user", func() error { _, err := c.Users.DeleteUser(8); return err }},
	}
}
