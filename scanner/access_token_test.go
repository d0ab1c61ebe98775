package scanner

import (
	"testing"
)

// accountSources are the sources that show accounts, their tokens and deploy tokens.
func accountSources() []Source {
	return []Source{
		userSource, memberSource, personalAccessToken, impersonationToken, serviceAccount, projectAccessToken, groupAccessToken,
		resourceAccessToken, deployToken,
	}
}

func TestUserGolden(t *testing.T)   { golden(t, "user", userSource) }
func TestMemberGolden(t *testing.T) { golden(t, "member", memberSource) }
func TestPersonalAccessTokenGolden(t *testing.T) {
	golden(t, "personal-access-token", personalAccessToken)
}
func TestOwnTokenGolden(t *testing.T)           { golden(t, "own-token", ownToken) }
func TestImpersonationTokenGolden(t *testing.T) { golden(t, "impersonation-token", impersonationToken) }
func TestProjectAccessTokenGolden(t *testing.T) {
	golden(t, "project-access-token", projectAccessToken)
}
func TestGroupAccessTokenGolden(t *testing.T) { golden(t, "group-access-token", groupAccessToken) }
func TestResourceAccessTokenGolden(t *testing.T) {
	golden(t, "resource-access-token", resourceAccessToken)
}
func TestServiceAccountGolden(t *testing.T)   { golden(t, "service-account", serviceAccount) }
func TestSSHKeyGolden(t *testing.T)           { golden(t, "ssh-key", sshKey) }
func TestGPGKeyGolden(t *testing.T)           { golden(t, "gpg-key", gpgKey) }
func TestOAuthApplicationGolden(t *testing.T) { golden(t, "oauth-application", oauthApplication) }
func TestSettingGolden(t *testing.T)          { golden(t, "setting", settingSource) }
func TestAuditEventGolden(t *testing.T)       { goldenAfter(t, "audit-event", accountSources(), auditEvent) }

func TestLinkGolden(t *testing.T) {
	goldenAfter(t, "link", append(accountSources(), auditEvent), linkSource)
}
