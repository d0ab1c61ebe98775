package scanner

import (
	"context"
	"encoding/json"
	"strings"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
)

// settingSource reads the instance's settings: the policy that rules compare with, and the secrets that GitLab reads
// back to an administrator. Of those only a fingerprint is kept.
// Source: https://docs.gitlab.com/api/settings/
var settingSource = Source{
	ID: "setting", Title: "Instance settings",
	Shows: "The instance's policy for tokens and keys, and which outside credentials its settings hold.",
	API:   []string{"GET /application/settings"},
	Needs: Needs{Role: Administrator, Scope: "read_api", Offering: "self-managed"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		all, err := one[map[string]json.RawMessage](ctx, v, "application/settings")
		if err != nil {
			return err
		}
		policy := map[string]string{}
		for _, name := range policySettings {
			if raw, ok := all[name]; ok {
				policy[name] = settingText(raw)
			}
		}
		v.Emit(inventory.Home{ID: v.Home.ID, Kind: inventory.InstanceHome, Settings: policy})
		for _, name := range secretSettings {
			v.emitSecretSetting(name, all[name])
		}
		return nil
	},
}

// emitSecretSetting emits a setting that holds a secret; null and empty say that there is none.
func (v *Visit) emitSecretSetting(name string, raw json.RawMessage) {
	var text string
	if json.Unmarshal(raw, &text) != nil || text == "" {
		return
	}
	c := inventory.Credential{
		ID: inventory.CredentialID(v.Instance(), "instance-setting", name), Kind: "instance-setting", Home: v.Home.ID, Name: name,
	}
	if strings.Trim(text, "*•") == "" { // present, but not shown
		v.Emit(c)
		return
	}
	v.emitShownOn(c, inventory.SurfaceSetting, "application/settings "+name, secret.New(text))
}

// policySettings are the settings that rules read, under GitLab's names.
var policySettings = []string{
	"require_personal_access_token_expiry", "max_personal_access_token_lifetime", "enforce_pat_expiration",
	"service_access_tokens_expiration_enforced", "disable_personal_access_tokens", "inactive_resource_access_tokens_delete_after_days",
	"max_ssh_key_lifetime", "enforce_ssh_key_expiration", "rsa_key_restriction", "dsa_key_restriction", "ecdsa_key_restriction",
	"ed25519_key_restriction", "ecdsa_sk_key_restriction", "ed25519_sk_key_restriction", "personal_access_token_prefix",
	"instance_token_prefix", "disable_feed_token", "disable_admin_oauth_scopes", "user_oauth_applications",
	"runner_token_expiration_interval", "group_runner_token_expiration_interval", "project_runner_token_expiration_interval",
	"allow_runner_registration_token", "valid_runner_registrars", "enforce_ci_inbound_job_token_scope_enabled",
	"password_authentication_enabled_for_git", "enforce_granular_tokens", "granular_tokens_enforced_after", "admin_mode",
	"deactivate_dormant_users", "deactivate_dormant_users_period", "secret_push_protection_available",
}

// secretSettings are the settings whose value is a secret. Some are write-only in newer versions.
// Source: https://docs.gitlab.com/api/settings/#available-settings
var secretSettings = []string{
	"akismet_api_key", "arkose_labs_private_api_key", "asset_proxy_secret_key", "cube_api_key", "eks_secret_access_key",
	"elasticsearch_aws_secret_access_key", "elasticsearch_password", "external_auth_client_key", "external_auth_client_key_pass",
	"external_pipeline_validation_service_token", "health_check_access_token", "jira_connect_application_key", "mailgun_signing_key",
	"recaptcha_private_key", "secret_detection_token_revocation_token", "sentry_dsn", "slack_app_secret", "slack_app_signing_secret",
	"slack_app_verification_token", "spam_check_api_key", "static_objects_external_storage_auth_token", "telesign_api_key",
}
