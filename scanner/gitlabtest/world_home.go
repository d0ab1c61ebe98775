package gitlabtest

// Group is a namespace; its parent is the group whose path is one segment shorter and must exist.
type Group struct {
	ID          int64  `yaml:"id"`
	Path        string `yaml:"path"` // full path
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Visibility  string `yaml:"visibility"` // private (default), internal, public
	CreatedAt   Time   `yaml:"created_at"`
	// MarkedForDeletion is the day of a soft deletion.
	MarkedForDeletion Time     `yaml:"marked_for_deletion_on"`
	Archived          bool     `yaml:"archived"`
	MovedFrom         []string `yaml:"moved_from"` // old full paths, answered 301
	// Settings override fields of GET /groups/:id under GitLab's names, enforce_granular_tokens among them.
	Settings map[string]any `yaml:"settings"`

	Members           []*Member          `yaml:"members"`
	SharedWith        []*Share           `yaml:"shared_with"`
	AccessTokens      []*AccessToken     `yaml:"access_tokens"`
	DeployTokens      []*DeployToken     `yaml:"deploy_tokens"`
	Variables         []*Variable        `yaml:"variables"`
	Hooks             []*Hook            `yaml:"hooks"`
	Integrations      []*Integration     `yaml:"integrations"`
	SSHCertificates   []*SSHCertificate  `yaml:"ssh_certificates"`
	RegistrationToken string             `yaml:"registration_token"`
	DependencyProxy   string             `yaml:"dependency_proxy_identity"`
	ProtectedEnvs     []*ProtectedEnv    `yaml:"protected_environments"`
	ManagedSecrets    []*ManagedSecret   `yaml:"managed_secrets"`
	ProtectedBranches []*ProtectedBranch `yaml:"protected_branches"`
	PushRule          *PushRule          `yaml:"push_rule"`
	LoginLinks        []*LoginLink       `yaml:"login_links"`

	parent *Group
}

// Project is a repository with everything around it. The namespace is the path without its last segment: a group or
// a username.
type Project struct {
	ID          int64    `yaml:"id"`
	Path        string   `yaml:"path"` // full path
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Visibility  string   `yaml:"visibility"` // private (default), internal, public
	Creator     string   `yaml:"creator"`    // username
	CreatedAt   Time     `yaml:"created_at"`
	LastActive  Time     `yaml:"last_activity_at"`
	Archived    bool     `yaml:"archived"`
	Topics      []string `yaml:"topics"`
	// MarkedForDeletion is the day of a soft deletion; PendingDelete is a deletion that runs: still listed for admins,
	// 404 on every child.
	MarkedForDeletion Time     `yaml:"marked_for_deletion_on"`
	PendingDelete     bool     `yaml:"pending_delete"`
	ForkedFrom        string   `yaml:"forked_from"` // path
	MovedFrom         []string `yaml:"moved_from"`  // old full paths, answered 301
	ImportURL         string   `yaml:"import_url"`
	// Settings override fields of GET /projects/:id under GitLab's names, the ci_* ones among them.
	Settings map[string]any `yaml:"settings"`

	Repository        *Repository         `yaml:"repository"`
	Wiki              *Repository         `yaml:"wiki"`
	Snippets          []*Snippet          `yaml:"snippets"`
	Releases          []*Release          `yaml:"releases"`
	CI                *CIConfig           `yaml:"ci"`
	Members           []*Member           `yaml:"members"`
	SharedWith        []*Share            `yaml:"shared_with"`
	AccessTokens      []*AccessToken      `yaml:"access_tokens"`
	DeployTokens      []*DeployToken      `yaml:"deploy_tokens"`
	Variables         []*Variable         `yaml:"variables"`
	Schedules         []*Schedule         `yaml:"schedules"`
	Triggers          []*Trigger          `yaml:"triggers"`
	SecureFiles       []*SecureFile       `yaml:"secure_files"`
	JobTokenScope     *JobTokenScope      `yaml:"job_token_scope"`
	Pipelines         []*Pipeline         `yaml:"pipelines"`
	Environments      []*Environment      `yaml:"environments"`
	ProtectedEnvs     []*ProtectedEnv     `yaml:"protected_environments"`
	ProtectedBranches []*ProtectedBranch  `yaml:"protected_branches"`
	ProtectedTags     []*ProtectedTag     `yaml:"protected_tags"`
	Agents            []*Agent            `yaml:"agents"`
	Hooks             []*Hook             `yaml:"hooks"`
	Integrations      []*Integration      `yaml:"integrations"`
	PushMirrors       []*PushMirror       `yaml:"push_mirrors"`
	PullMirror        *PullMirror         `yaml:"pull_mirror"`
	ErrorTrackingKeys []*ErrorTrackingKey `yaml:"error_tracking_keys"`
	AlertIntegrations []*AlertIntegration `yaml:"alert_integrations"`
	PagesDomains      []*PagesDomain      `yaml:"pages_domains"`
	TerraformStates   []*TerraformState   `yaml:"terraform_states"`
	FreezePeriods     []*FreezePeriod     `yaml:"freeze_periods"`
	ManagedSecrets    []*ManagedSecret    `yaml:"managed_secrets"`
	RegistrationToken string              `yaml:"registration_token"`
	PushRule          *PushRule           `yaml:"push_rule"`
	Approvals         Approvals           `yaml:"approvals"`
	ApprovalRules     []*ApprovalRule     `yaml:"approval_rules"`

	group *Group // of the namespace; nil for a personal project
	owner *User  // of the personal namespace; nil for a group's project
	// fresh is a project that a client made, and protected says that its default branch was protected once.
	fresh, protected bool
	starrers         []*User
}

// Member is a direct membership.
type Member struct {
	User      string `yaml:"user"` // username
	Role      Role   `yaml:"role"`
	ExpiresAt Time   `yaml:"expires_at"`
	CreatedAt Time   `yaml:"created_at"`
	CreatedBy string `yaml:"created_by"` // username
	// CustomRole is the name of a custom role on top of Role (Ultimate).
	CustomRole string `yaml:"custom_role"`
	// State is active (default) or awaiting.
	State string `yaml:"state"`
}

// Share invites a group: its members get at most Role here.
type Share struct {
	Group     string `yaml:"group"` // path
	Role      Role   `yaml:"role"`
	ExpiresAt Time   `yaml:"expires_at"`
}

// AccessRule is one line of a protection: a role, or a named user, group or deploy key.
type AccessRule struct {
	ID        int64  `yaml:"id"`
	Role      Role   `yaml:"role"`
	User      string `yaml:"user"`
	Group     string `yaml:"group"`
	DeployKey string `yaml:"deploy_key"` // title
}

// ProtectedBranch protects the branches that match Name, which may hold wildcards.
type ProtectedBranch struct {
	ID             int64         `yaml:"id"`
	Name           string        `yaml:"name"`
	Push           []*AccessRule `yaml:"push"`
	Merge          []*AccessRule `yaml:"merge"`
	AllowForcePush bool          `yaml:"allow_force_push"`
	CodeOwners     bool          `yaml:"code_owner_approval_required"`
}

// ProtectedTag protects the tags that match Name.
type ProtectedTag struct {
	Name   string        `yaml:"name"`
	Create []*AccessRule `yaml:"create"`
}

// ProtectedEnv protects an environment (a project's, by name) or a tier (a group's).
type ProtectedEnv struct {
	Name              string        `yaml:"name"`
	Deploy            []*AccessRule `yaml:"deploy"`
	RequiredApprovals int           `yaml:"required_approvals"`
}

// Environment is a deployment target.
type Environment struct {
	ID          int64  `yaml:"id"`
	Name        string `yaml:"name"`
	Tier        string `yaml:"tier"`  // production, staging, testing, development, other (default)
	State       string `yaml:"state"` // available (default), stopping, stopped
	ExternalURL string `yaml:"external_url"`
	Description string `yaml:"description"`
	CreatedAt   Time   `yaml:"created_at"`
	UpdatedAt   Time   `yaml:"updated_at"`
	AutoStopAt  Time   `yaml:"auto_stop_at"`
	Agent       string `yaml:"agent"` // name of the cluster agent
}

// FreezePeriod forbids deployments for a while; both ends are cron lines.
type FreezePeriod struct {
	ID        int64  `yaml:"id"`
	Start     string `yaml:"start"`
	End       string `yaml:"end"`
	Timezone  string `yaml:"timezone"`
	CreatedAt Time   `yaml:"created_at"`
}
