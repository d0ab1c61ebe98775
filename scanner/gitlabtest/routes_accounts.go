package gitlabtest

import (
	"cmp"
	"slices"
)

// accountRoutes are the credentials of accounts: keys, impersonation tokens, service accounts.
func accountRoutes() []Route {
	readUser := []string{"api", "read_api", "read_user"}
	const keys = "https://docs.gitlab.com/api/user_keys/"
	const impersonation = "https://docs.gitlab.com/api/user_tokens/"
	const accounts = "https://docs.gitlab.com/api/service_accounts/"
	return []Route{
		{Method: "GET", Path: "users/:id/keys", Scopes: readUser, Permission: "read_ssh_key", Paging: Offset, Source: keys, Handle: listSSHKeys},
		{Method: "GET", Path: "users/:id/gpg_keys", Scopes: readUser, Permission: "read_gpg_key", Paging: Offset, Source: keys, Handle: listGPGKeys},
		{Method: "GET", Path: "users/:id/impersonation_tokens", Admin: true, Offering: SelfManaged, Permission: "read_impersonation_token",
			Paging: Offset, Source: impersonation, Handle: listImpersonationTokens},

		{Method: "GET", Path: "service_accounts", Admin: true, Offering: SelfManaged, Tier: Premium, Since: "17.1",
			Permission: "read_service_account", Paging: Offset, Source: accounts, Handle: listServiceAccounts},
		{Method: "GET", Path: "groups/:id/service_accounts", Role: Owner, Tier: Premium, Since: "17.1",
			Permission: "read_service_account", Paging: Offset, Source: accounts, Handle: listServiceAccounts},
		{Method: "GET", Path: "groups/:id/service_accounts/:user_id/personal_access_tokens", Role: Owner, Tier: Premium, Since: "17.11",
			Permission: "read_service_account", Paging: Offset, Source: accounts, Handle: listServiceAccountTokens},
		{Method: "GET", Path: "projects/:id/service_accounts", Role: Maintainer, Tier: Premium, Since: "19.0",
			Permission: "read_service_account", Paging: Offset, Source: accounts, Handle: listServiceAccounts},
		{Method: "GET", Path: "projects/:id/service_accounts/:user_id/personal_access_tokens", Role: Maintainer, Tier: Premium, Since: "19.0",
			Permission: "read_service_account", Paging: Offset, Source: accounts, Handle: listServiceAccountTokens},
	}
}

// listSSHKeys answers any signed-in caller: public keys are public.
func listSSHKeys(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	return List(c, u.SSHKeys, noID[*SSHKey], func(k *SSHKey) Object {
		return sshKeyJSON(c, k)
	})
}

func sshKeyJSON(c *Call, k *SSHKey) Object {
	return Object{
		"id": k.ID, "title": k.Title, "key": k.Key, "created_at": k.CreatedAt.stamp(), "expires_at": k.ExpiresAt.stamp(),
		"usage_type": cmp.Or(k.UsageType, "auth_and_signing"),
	}.Since(c.Profile, "18.0", "last_used_at", k.LastUsedAt.stamp())
}

func listGPGKeys(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	return List(c, u.GPGKeys, noID[*GPGKey], gpgKeyJSON)
}

func gpgKeyJSON(k *GPGKey) Object {
	return Object{"id": k.ID, "key": k.Key, "created_at": k.CreatedAt.stamp()}
}

func listImpersonationTokens(c *Call) Answer {
	u := c.st.users[c.PathID("id")]
	if u == nil {
		return NotFound("User")
	}
	return listTokens(c, slices.DeleteFunc(slices.Clone(u.AccessTokens), func(t *AccessToken) bool { return !t.Impersonation }))
}

// provisioned is what User.ProvisionedBy says of accounts that belong to the call's home.
func (c *Call) provisioned() string {
	if home := c.home(); home != nil {
		return entityName(home)
	}
	return "instance"
}

func serviceAccounts(c *Call) []*User {
	owner := c.provisioned()
	rows := slices.DeleteFunc(slices.Clone(c.st.w.Users), func(u *User) bool {
		return u.Kind != "service_account" || u.ProvisionedBy != owner
	})
	slices.SortFunc(rows, func(a, b *User) int {
		if c.Text("sort") == "asc" {
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Compare(b.ID, a.ID)
	})
	return rows
}

func listServiceAccounts(c *Call) Answer {
	return List(c, serviceAccounts(c), noID[*User], func(u *User) Object { return serviceAccountJSON(c, u) })
}

func listServiceAccountTokens(c *Call) Answer {
	for _, u := range serviceAccounts(c) {
		if u.ID == c.PathID("user_id") {
			return listTokens(c, u.AccessTokens)
		}
	}
	return NotFound("User")
}
