package gitlabtest

// excuse names fields that GitLab sends and one of its descriptions lacks, or has otherwise: "field=null" is a null that
// the description forbids, "=format" and "=enum" a text of another form, "=string" and the like another type.
type excuse struct {
	where, fields, source string
}

// excuses is the one list of what may differ from GitLab's schemas and OpenAPI description. The contract test fails on a
// difference that is not here, and on an entry that is no difference.
func excuses() []excuse {
	const (
		hookTokens = "client-go v2.64.0, ProjectHook.TokenPresent and ResourceDeployTokenEvents: newer than the schemas"
		granular   = "https://docs.gitlab.com/api/personal_access_tokens/ (19.6): granular 18.10, granular_scopes 19.6"
		resource   = "app/serializers of GitLab: resource_type and resource_id 18.3; last_used_ips 19.4, granular 18.10"
		v4         = "public_api/v4/"
	)
	return []excuse{
		{"/api/v4/applications", "scopes", "https://docs.gitlab.com/api/applications/ (17.8)"},
		{"/api/v4/groups/{id}", "disable_personal_access_tokens enforce_granular_tokens granular_tokens_enforced_after resource_access_token_creation_allowed", "https://docs.gitlab.com/api/groups/#update-group-attributes (Enterprise Edition, which the description leaves out)"},
		{"/api/v4/hooks", "signing_token_present token_present", hookTokens},
		{"/api/v4/hooks/{hook_id}", "signing_token_present token_present", hookTokens},
		{"/api/v4/projects/{id}/hooks", "signing_token_present token_present resource_deploy_token_events", hookTokens},
		{"/api/v4/projects/{id}/hooks/{hook_id}", "signing_token_present token_present resource_deploy_token_events", hookTokens},
		{"/api/v4/personal_access_tokens", "granular granular_scopes impersonation", granular + "; impersonation: lib/api/entities/impersonation_token.rb"},
		{"/api/v4/personal_access_tokens/self", "granular", granular},
		{"/api/v4/personal_access_tokens/{id}", "granular", granular},
		{v4 + "deploy_keys.json", "last_used_at", "openapi: API_Entities_DeployKey.last_used_at (18.x)"},
		{v4 + "deploy_token.json", "expires_at=null", "https://docs.gitlab.com/api/deploy_tokens/: null for a token that never expires"},
		{v4 + "members.json", "expires_at=format", "https://docs.gitlab.com/api/members/: a date, such as 2012-10-22"},
		{v4 + "project_hook.json", "signing_token_present token_present resource_deploy_token_events", hookTokens},
		{v4 + "system_hook.json", "signing_token_present token_present", hookTokens},
		{v4 + "resource_access_token.json", "granular last_used_ips resource_id resource_type", resource},
		{v4 + "resource_access_tokens.json", "granular last_used_ips resource_id resource_type", resource},
		{v4 + "user/admin.json", "identities.provider=enum", "https://docs.gitlab.com/integration/omniauth/: providers are the administrator's choice"},
	}
}
