package inventory

// User is an account, human or bot. Its ID is that of the identity it is.
type User struct {
	ID        string  `json:"id"`
	Number    int64   `json:"number"`
	Username  string  `json:"username"`
	Name      string  `json:"name"`
	State     string  `json:"state"` // GitLab's: active, blocked, ldap_blocked, banned, deactivated, …; empty is unknown
	Kind      string  `json:"kind"`  // an identity kind: user, project-bot, group-bot, service-account; empty is unknown
	Bot       Tri     `json:"bot"`
	Admin     Tri     `json:"admin"`
	Auditor   Tri     `json:"auditor"`
	External  Tri     `json:"external"`
	Creator   string  `json:"creator"` // user ID; shown to administrators only
	CreatedAt When    `json:"created_at"`
	Seen      []Visit `json:"-"`
	Volatile
}

// Inactive reports whether the account can no longer act.
func (u User) Inactive() Tri {
	switch u.State {
	case "":
		return Unknown
	case "active":
		return No
	}
	return Yes
}

// Human reports whether a person stands behind the account.
func (u User) Human() Tri {
	switch {
	case u.Bot == Yes, u.Kind != "" && u.Kind != "user":
		return No
	case u.Bot == No, u.Kind == "user":
		return Yes
	}
	return Unknown
}

// Grant is who or what may act on a home, with which role and scopes, until when.
type Grant struct {
	ID        string  `json:"id"`
	Kind      string  `json:"kind"`         // membership, job-token, deploy-key, runner, group-share, oidc-trust, agent-access
	Subject   string  `json:"subject"`      // identity ID; the home ID of the project or group that a job-token allowlist names; the sub condition of an oidc-trust; the path that an agent-access lets in
	Home      string  `json:"home"`         // home ID
	Level     int     `json:"access_level"` // 10 Guest … 50 Owner, GitLab's numbers; 0 is unknown
	Scope     string  `json:"scope"`        // sorted, space-separated; "push" or "read" for a deploy key
	ExpiresAt When    `json:"expires_at"`
	CreatedAt When    `json:"created_at"`
	Creator   string  `json:"creator"`
	Inherited Tri     `json:"inherited"` // from an ancestor home
	Note      string  `json:"note"`      // of an oidc-trust or agent-access: provider and place, "aws infra/oidc.tf:12"
	Seen      []Visit `json:"-"`
	Volatile
}

// Volatile holds the facts that change by mere use. A store keeps the last value with the scan that saw it,
// never as a new version of the row.
type Volatile struct {
	LastUsedAt   When   `json:"last_used_at"`
	ContactedAt  When   `json:"contacted_at"`
	LastUsedIPs  int    `json:"last_used_ips"` // how many addresses GitLab lists (at most 5), never which; 0 is unknown
	NextRunAt    When   `json:"next_run_at"`   // of a schedule
	OnlineStatus string `json:"online_status"` // of a runner: online, offline, stale, never_contacted; of a mirror: its update status
}
