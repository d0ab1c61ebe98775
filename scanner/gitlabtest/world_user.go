package gitlabtest

// User is an account: a person, a service account or a bot.
type User struct {
	ID       int64  `yaml:"id"`
	Username string `yaml:"username"`
	Name     string `yaml:"name"`
	Email    string `yaml:"email"`
	// State is active (default), blocked, deactivated, banned or ldap_blocked.
	State string `yaml:"state"`
	// Kind is human (default), service_account, project_bot or internal (GitLab's own bots: alert-bot, ghost).
	// Bots of project and group access tokens need no entry: New makes them.
	Kind     string `yaml:"kind"`
	Admin    bool   `yaml:"admin"`
	Auditor  bool   `yaml:"auditor"`
	External bool   `yaml:"external"`
	// CreatedBy is the username of who made the account; empty for self-registration.
	CreatedBy      string `yaml:"created_by"`
	CreatedAt      Time   `yaml:"created_at"`
	LastActivityOn Time   `yaml:"last_activity_on"`
	LastSignInAt   Time   `yaml:"last_sign_in_at"`
	TwoFactor      bool   `yaml:"two_factor"`
	Note           string `yaml:"note"`
	PublicEmail    string `yaml:"public_email"`
	// ProvisionedBy says where a service account belongs: "instance", "group:PATH" or "project:PATH".
	ProvisionedBy string `yaml:"provisioned_by"`
	// EnterpriseOf is the path of the top-level group that owns this account (GitLab.com).
	EnterpriseOf string           `yaml:"enterprise_of"`
	Identities   []*LoginIdentity `yaml:"identities"`
	AccessTokens []*AccessToken   `yaml:"access_tokens"`
	SSHKeys      []*SSHKey        `yaml:"ssh_keys"`
	GPGKeys      []*GPGKey        `yaml:"gpg_keys"`
	// Emails are further addresses; the one in Email is not among them.
	Emails []*Email `yaml:"emails"`

	status      struct{ emoji, message, availability string } // what he is doing
	limits      Object                                        // what he was allowed otherwise than others, by GitLab's names
	namespaceID int64                                         // the personal namespace; shares the ID space of groups
}

// LoginIdentity is a link to an outside login: SAML, LDAP, OmniAuth or SCIM.
type LoginIdentity struct {
	Provider  string `yaml:"provider"`
	ExternUID string `yaml:"extern_uid"`
	// Group is the path of the group whose SAML or SCIM provider it is; empty for the instance's.
	Group  string `yaml:"group"`
	Active *bool  `yaml:"active"`
}

// AccessToken is a personal, impersonation, project, group or service-account access token: one table in GitLab.
// Which one it is follows from where it stands: below a user, a project or a group.
type AccessToken struct {
	ID int64 `yaml:"id"`
	// Label is the name of the value in this world, unique over all credentials: Server.Token(label), {{token "label"}}.
	Label         string          `yaml:"label"`
	Name          string          `yaml:"name"`
	Description   string          `yaml:"description"`
	Impersonation bool            `yaml:"impersonation"`
	Scopes        []string        `yaml:"scopes"`
	Granular      []GranularScope `yaml:"granular_scopes"`
	CreatedAt     Time            `yaml:"created_at"`
	ExpiresAt     Time            `yaml:"expires_at"`
	LastUsedAt    Time            `yaml:"last_used_at"`
	LastUsedIPs   []string        `yaml:"last_used_ips"`
	Revoked       bool            `yaml:"revoked"`
	// Previous is the label of the token this one was rotated from; they form a family and share the bot.
	Previous string `yaml:"previous"`
	// AccessLevel, CreatedBy and Bot matter to project and group tokens: the bot's role, the username of the human
	// who made it, and the bot's username (default project_<id>_bot_<hex>).
	AccessLevel Role   `yaml:"access_level"`
	CreatedBy   string `yaml:"created_by"`
	Bot         string `yaml:"bot"`
	// Value is made by New. Classic asks for the 20-character form that older versions made.
	Classic bool   `yaml:"classic"`
	Value   string `yaml:"-"`

	user     *User
	project  *Project // of a project access token
	group    *Group   // of a group access token
	previous *AccessToken
}

// GranularScope is one grant of a fine-grained token.
// Source: https://docs.gitlab.com/auth/tokens/fine_grained_access_tokens/ (19.6).
type GranularScope struct {
	// Access is user, instance, all_memberships, personal_projects or selected_memberships.
	Access string `yaml:"access"`
	// Permissions are named like Route.Permission: "read_variable".
	Permissions []string `yaml:"permissions"`
	// Project and Group are paths, for selected_memberships.
	Project string `yaml:"project"`
	Group   string `yaml:"group"`
}

// SSHKey is a user's public key.
type SSHKey struct {
	ID         int64  `yaml:"id"`
	Title      string `yaml:"title"`
	Key        string `yaml:"key"`
	CreatedAt  Time   `yaml:"created_at"`
	ExpiresAt  Time   `yaml:"expires_at"`
	LastUsedAt Time   `yaml:"last_used_at"`
	// UsageType is auth_and_signing (default), auth or signing.
	UsageType string `yaml:"usage_type"`
}

// GPGKey is a user's armoured public key.
type GPGKey struct {
	ID        int64  `yaml:"id"`
	Key       string `yaml:"key"`
	CreatedAt Time   `yaml:"created_at"`
}

// Email is an address of an account; the zero ConfirmedAt waits for its owner to confirm it.
type Email struct {
	ID          int64  `yaml:"id"`
	Email       string `yaml:"email"`
	ConfirmedAt Time   `yaml:"confirmed_at"`
}
