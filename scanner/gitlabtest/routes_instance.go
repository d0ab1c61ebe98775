package gitlabtest

func instanceRoutes() []Route {
	readUser := []string{"api", "read_api", "read_user"}
	return []Route{
		{Method: "GET", Path: "metadata", Scopes: readUser, Permission: "read_metadata", Since: "15.2", Handle: showMetadata},
		{Method: "GET", Path: "version", Scopes: readUser, Permission: "read_metadata", Handle: showVersion},
		{Method: "GET", Path: "application/settings", Admin: true, Offering: SelfManaged, Permission: "read_application_setting",
			Source: "https://docs.gitlab.com/api/settings/", Handle: showSettings},
		{Method: "PUT", Path: "application/settings", Admin: true, Offering: SelfManaged, Permission: "update_application_setting",
			Source: "https://docs.gitlab.com/api/settings/", Handle: changeSettings},
		{Method: "GET", Path: "/-/health", Anonymous: true, Handle: func(*Call) Answer {
			return Plain(200, "text/plain", "GitLab OK")
		}},
	}
}

func showMetadata(c *Call) Answer {
	kas := c.Profile.full()
	return OK(Object{
		"version": c.Profile.full(), "revision": "5b8c0f4e2d1", "enterprise": c.Profile.enterprise(),
		"kas": Object{"enabled": true, "version": kas, "externalUrl": "wss://kas.acme.example"}.
			Since(c.Profile, "17.6", "externalK8sProxyUrl", "https://kas.acme.example/k8s-proxy"),
	})
}

// enterprise says which binary runs; a licence is another matter, so it is true on an unlicensed .com group too.
func (p Profile) enterprise() bool { return p.Tier > Free || p.Offering == SaaS }

func showVersion(c *Call) Answer {
	return OK(Object{"version": c.Profile.full(), "revision": "5b8c0f4e2d1"})
}

func showSettings(c *Call) Answer {
	o := settingDefaults().Merge(c.st.w.Settings)
	for field, since := range settingSince() {
		if !c.Profile.Has(since) {
			delete(o, field)
		}
	}
	if c.Profile.Tier < Ultimate {
		delete(o, "max_personal_access_token_lifetime")
		delete(o, "max_ssh_key_lifetime")
	}
	return OK(o)
}

func changeSettings(c *Call) Answer {
	if c.st.w.Settings == nil {
		c.st.w.Settings = map[string]any{}
	}
	known := settingDefaults()
	for name := range known {
		if !c.Has(name) {
			continue
		}
		if b, isBool := c.Bool(name); isBool {
			if _, wasBool := known[name].(bool); wasBool {
				c.st.w.Settings[name] = b
				continue
			}
		}
		c.st.w.Settings[name] = c.Value(name)
	}
	c.Audit("application_setting_updated", nil, "ApplicationSetting", "ApplicationSetting", 1, nil)
	return showSettings(c)
}

// settingSince names settings that older versions do not have.
func settingSince() map[string]string {
	return map[string]string{
		"require_personal_access_token_expiry": "17.3", "instance_token_prefix": "17.10", "disable_personal_access_tokens": "15.7",
		"inactive_resource_access_tokens_delete_after_days": "18.5", "enforce_granular_tokens": "19.0",
		"granular_tokens_enforced_after": "19.0", "enforce_ci_inbound_job_token_scope_enabled": "18.0",
	}
}

// settingDefaults are the instance settings of a fresh installation, as far as they touch credentials.
// Source: https://docs.gitlab.com/api/settings/
func settingDefaults() Object {
	return Object{
		"id": 1, "signup_enabled": false, "default_project_visibility": "private", "default_group_visibility": "private",
		"restricted_visibility_levels": []any{}, "home_page_url": nil, "admin_mode": true,
		"require_personal_access_token_expiry": true, "max_personal_access_token_lifetime": nil,
		"enforce_pat_expiration": true, "service_access_tokens_expiration_enforced": true,
		"disable_personal_access_tokens": false, "inactive_resource_access_tokens_delete_after_days": 30,
		"max_ssh_key_lifetime": nil, "enforce_ssh_key_expiration": true,
		"rsa_key_restriction": 0, "dsa_key_restriction": -1, "ecdsa_key_restriction": 0, "ed25519_key_restriction": 0,
		"ecdsa_sk_key_restriction": 0, "ed25519_sk_key_restriction": 0,
		"personal_access_token_prefix": "glpat-", "instance_token_prefix": nil, "disable_feed_token": false,
		"disable_admin_oauth_scopes": false, "user_oauth_applications": true,
		"runner_token_expiration_interval": nil, "group_runner_token_expiration_interval": nil,
		"project_runner_token_expiration_interval": nil, "allow_runner_registration_token": false,
		"valid_runner_registrars": []any{"project", "group"}, "enforce_ci_inbound_job_token_scope_enabled": false,
		"password_authentication_enabled_for_git": true, "password_authentication_enabled_for_web": true,
		"enforce_granular_tokens": false, "granular_tokens_enforced_after": nil, "require_two_factor_authentication": false,
		"throttle_authenticated_api_enabled": false, "throttle_authenticated_api_requests_per_period": 7200,
		"throttle_authenticated_api_period_in_seconds": 3600, "throttle_unauthenticated_api_enabled": false,
		"projects_api_limit": 2000, "group_api_limit": 400, "groups_api_limit": 200, "project_api_limit": 400,
		"akismet_enabled": false, "akismet_api_key": nil, "asset_proxy_enabled": false, "asset_proxy_secret_key": nil,
		"eks_integration_enabled": false, "eks_access_key_id": nil, "eks_secret_access_key": nil,
		"elasticsearch_indexing": false, "elasticsearch_username": nil, "elasticsearch_password": nil,
		"external_auth_client_key": nil, "external_auth_client_key_pass": nil,
		"external_pipeline_validation_service_token": nil, "external_pipeline_validation_service_url": nil,
		"health_check_access_token": nil, "mailgun_events_enabled": false, "mailgun_signing_key": nil,
		"recaptcha_enabled": false, "recaptcha_private_key": nil, "secret_detection_token_revocation_enabled": false,
		"secret_detection_token_revocation_token": nil, "slack_app_enabled": false, "slack_app_id": nil, "slack_app_secret": nil,
		"slack_app_signing_secret": nil, "slack_app_verification_token": nil, "spam_check_endpoint_enabled": false,
		"spam_check_api_key": nil, "static_objects_external_storage_auth_token": nil, "sentry_enabled": false, "sentry_dsn": nil,
		"secret_push_protection_available": false, "shared_runners_enabled": true, "hide_third_party_offers": false,
		"deletion_adjourned_period": 30, "ci_delete_pipelines_in_seconds_limit_human_readable": "1 year",
	}
}
