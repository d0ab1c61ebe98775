package gitlabtest

// DeployToken lets machines pull and push code and packages of a project or a group. It never reaches the API.
type DeployToken struct {
	ID        int64    `yaml:"id"`
	Label     string   `yaml:"label"`
	Name      string   `yaml:"name"`
	Username  string   `yaml:"username"` // default gitlab+deploy-token-<id>
	ExpiresAt Time     `yaml:"expires_at"`
	Scopes    []string `yaml:"scopes"`
	Revoked   bool     `yaml:"revoked"`
	Value     string   `yaml:"-"` // made by New

	project *Project
	group   *Group
}

// DeployKey is an SSH key that opens repositories without being a person; one key may open many.
type DeployKey struct {
	ID         int64               `yaml:"id"`
	Title      string              `yaml:"title"`
	Key        string              `yaml:"key"`
	User       string              `yaml:"user"` // username of who added it
	CreatedAt  Time                `yaml:"created_at"`
	ExpiresAt  Time                `yaml:"expires_at"`
	LastUsedAt Time                `yaml:"last_used_at"`
	Public     bool                `yaml:"public"`
	Projects   []*DeployKeyProject `yaml:"projects"`
}

// DeployKeyProject is one project a deploy key opens.
type DeployKeyProject struct {
	Path    string `yaml:"path"`
	CanPush bool   `yaml:"can_push"`
}

// Agent is a GitLab agent for Kubernetes.
type Agent struct {
	ID        int64         `yaml:"id"`
	Name      string        `yaml:"name"`
	CreatedBy string        `yaml:"created_by"` // username
	CreatedAt Time          `yaml:"created_at"`
	Receptive bool          `yaml:"receptive"`
	Tokens    []*AgentToken `yaml:"tokens"`
}

// AgentToken proves an agent; at most two live at a time.
type AgentToken struct {
	ID          int64  `yaml:"id"`
	Label       string `yaml:"label"`
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Revoked     bool   `yaml:"revoked"`
	CreatedBy   string `yaml:"created_by"` // username
	CreatedAt   Time   `yaml:"created_at"`
	LastUsedAt  Time   `yaml:"last_used_at"`
	Value       string `yaml:"-"` // made by New
}

// PushMirror copies a repository to another host. Passwords in URL are shown scrubbed.
type PushMirror struct {
	ID            int64    `yaml:"id"`
	URL           string   `yaml:"url"`
	Disabled      bool     `yaml:"disabled"`
	Auth          string   `yaml:"auth_method"`   // password (default), ssh_public_key
	Status        string   `yaml:"update_status"` // finished (default), failed, to_retry
	LastUpdateAt  Time     `yaml:"last_update_at"`
	LastSuccessAt Time     `yaml:"last_successful_update_at"`
	LastError     string   `yaml:"last_error"`
	OnlyProtected bool     `yaml:"only_protected_branches"`
	KeepDivergent bool     `yaml:"keep_divergent_refs"`
	BranchRegex   string   `yaml:"mirror_branch_regex"`
	HostKeys      []string `yaml:"host_keys"` // SHA-256 fingerprints
	PublicKey     string   `yaml:"public_key"`
}

// PullMirror copies another host's repository into this project (Premium).
type PullMirror struct {
	ID            int64  `yaml:"id"`
	URL           string `yaml:"url"`
	Disabled      bool   `yaml:"disabled"`
	Status        string `yaml:"update_status"`
	User          string `yaml:"user"` // username: mirror_user_id
	TriggerBuilds bool   `yaml:"trigger_builds"`
	LastUpdateAt  Time   `yaml:"last_update_at"`
	LastSuccessAt Time   `yaml:"last_successful_update_at"`
	LastError     string `yaml:"last_error"`
}

// PagesDomain is a custom domain with its certificate.
type PagesDomain struct {
	Domain       string `yaml:"domain"`
	AutoSSL      bool   `yaml:"auto_ssl"`
	Verified     bool   `yaml:"verified"`
	Code         string `yaml:"verification_code"`
	EnabledUntil Time   `yaml:"enabled_until"`
	// CertificateExpires is zero where there is no certificate.
	CertificateExpires Time   `yaml:"certificate_expires"`
	CertificateSubject string `yaml:"certificate_subject"`
}

// TerraformState is a state kept by GitLab's HTTP backend; only GraphQL lists them.
type TerraformState struct {
	ID        int64  `yaml:"id"`
	Name      string `yaml:"name"`
	CreatedAt Time   `yaml:"created_at"`
	UpdatedAt Time   `yaml:"updated_at"`
	LockedAt  Time   `yaml:"locked_at"`
	LockedBy  string `yaml:"locked_by"`  // username
	UpdatedBy string `yaml:"updated_by"` // username of the last version's author
	Serial    int    `yaml:"serial"`
	Content   string `yaml:"content"`

	lock string // its ID while somebody holds it
}

// ManagedSecret is an entry of GitLab Secrets Manager: metadata only, the value lives in OpenBao.
type ManagedSecret struct {
	Name         string `yaml:"name"`
	Description  string `yaml:"description"`
	Environment  string `yaml:"environment"`
	Branch       string `yaml:"branch"`
	RotationDays int    `yaml:"rotation_days"`
	NextReminder Time   `yaml:"next_reminder"`
	Version      int    `yaml:"version"`
}

// SSHCertificate is a group's certificate authority: whoever it signs may clone (Premium, top-level groups).
type SSHCertificate struct {
	ID        int64  `yaml:"id"`
	Title     string `yaml:"title"`
	Key       string `yaml:"key"`
	CreatedAt Time   `yaml:"created_at"`
}
