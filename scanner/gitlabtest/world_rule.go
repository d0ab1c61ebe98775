package gitlabtest

// PushRule is what commits and tags must satisfy to get into a repository (Premium). A group's is what its new projects
// begin with.
type PushRule struct {
	ID                  int64  `yaml:"id"`
	CreatedAt           Time   `yaml:"created_at"`
	CommitMessage       string `yaml:"commit_message_regex"`
	CommitMessageNever  string `yaml:"commit_message_negative_regex"`
	BranchName          string `yaml:"branch_name_regex"`
	AuthorEmail         string `yaml:"author_email_regex"`
	FileName            string `yaml:"file_name_regex"`
	MaxFileSize         int64  `yaml:"max_file_size"` // megabytes; zero for no limit
	DenyDeleteTag       bool   `yaml:"deny_delete_tag"`
	MemberCheck         bool   `yaml:"member_check"`
	PreventSecrets      bool   `yaml:"prevent_secrets"`
	CommitterCheck      bool   `yaml:"commit_committer_check"`
	CommitterNameCheck  bool   `yaml:"commit_committer_name_check"`
	RejectUnsigned      bool   `yaml:"reject_unsigned_commits"`
	RejectNonDCOCommits bool   `yaml:"reject_non_dco_commits"`
}

// Approvals says how a project's merge requests are approved (Premium). The zero Approvals is that of a fresh project.
type Approvals struct {
	Before            int  `yaml:"approvals_before_merge"`
	KeepOnPush        bool `yaml:"keep_on_push"` // the opposite of reset_approvals_on_push
	SelectiveRemovals bool `yaml:"selective_code_owner_removals"`
	NoOverride        bool `yaml:"disable_overriding_approvers_per_merge_request"`
	AuthorApproval    bool `yaml:"merge_requests_author_approval"`
	NoCommitters      bool `yaml:"merge_requests_disable_committers_approval"`
	Reauthenticate    bool `yaml:"require_reauthentication_to_approve"`
}

// ApprovalRule asks that some of the named people or groups approve.
type ApprovalRule struct {
	ID       int64    `yaml:"id"`
	Name     string   `yaml:"name"`
	Type     string   `yaml:"rule_type"` // regular (default), any_approver, code_owner, report_approver
	Required int      `yaml:"approvals_required"`
	Users    []string `yaml:"users"`  // usernames
	Groups   []string `yaml:"groups"` // paths
	// Branches are names of protected branches that the rule is for; none means all branches.
	Branches []string `yaml:"protected_branches"`
}

// LoginLink gives the members of a group in an outside directory a role in a group (Premium).
type LoginLink struct {
	Kind     string `yaml:"kind"` // saml, ldap
	Name     string `yaml:"name"` // the SAML group, or the LDAP CN
	Filter   string `yaml:"filter"`
	Provider string `yaml:"provider"`
	Role     Role   `yaml:"role"`
}

// License is what an instance of Premium or Ultimate was sold.
type License struct {
	ID        int64  `yaml:"id"`
	Licensee  string `yaml:"licensee"`
	StartsAt  Time   `yaml:"starts_at"`
	ExpiresAt Time   `yaml:"expires_at"`
	UserLimit int    `yaml:"user_limit"`
}
