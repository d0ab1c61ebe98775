package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// accountVerbRoutes make and end the credentials of accounts.
func accountVerbRoutes() []Route {
	const tokens, keys = "https://docs.gitlab.com/api/user_tokens/", "https://docs.gitlab.com/api/user_keys/"
	all := []Route{
		{Method: "POST", Path: "users/:id/personal_access_tokens", Admin: true, Offering: SelfManaged, Permission: "create_personal_access_token", Source: tokens, Handle: createUserToken(false)},
		{Method: "POST", Path: "users/:id/impersonation_tokens", Admin: true, Offering: SelfManaged, Permission: "create_impersonation_token", Source: tokens, Handle: createUserToken(true)},
		{Method: "DELETE", Path: "users/:id/impersonation_tokens/:token_id", Admin: true, Offering: SelfManaged, Permission: "delete_impersonation_token", Source: tokens, Handle: revokeImpersonationToken},
		{Method: "POST", Path: "users/:id/keys", Admin: true, Permission: "create_ssh_key", Source: keys, Handle: addSSHKey},
		{Method: "DELETE", Path: "users/:id/keys/:key_id", Admin: true, Permission: "delete_ssh_key", Source: keys, Handle: removeSSHKey},
		{Method: "POST", Path: "user/keys", Permission: "create_ssh_key", Source: keys, Handle: addSSHKey},
		{Method: "DELETE", Path: "user/keys/:key_id", Permission: "delete_ssh_key", Source: keys, Handle: removeSSHKey},
		{Method: "DELETE", Path: "users/:id/gpg_keys/:key_id", Admin: true, Permission: "delete_gpg_key", Source: keys, Handle: removeGPGKey},
	}
	return append(all, serviceAccountVerbs()...)
}

// serviceAccountVerbs are the same three times: of the instance, of groups and of projects. The instance's accounts
// have no token routes of their own; an administrator uses those of users.
func serviceAccountVerbs() []Route {
	const source = "https://docs.gitlab.com/api/service_accounts/"
	all := []Route{
		{Method: "POST", Path: "service_accounts", Admin: true, Offering: SelfManaged, Tier: Premium, Since: "16.7", Permission: "create_service_account", Source: source, Handle: createServiceAccount},
		{Method: "PATCH", Path: "service_accounts/:user_id", Admin: true, Offering: SelfManaged, Tier: Premium, Since: "18.2", Permission: "update_service_account", Source: source, Handle: changeServiceAccount},
	}
	for _, at := range []struct {
		path  string
		role  Role
		since string
	}{{"groups/:id/service_accounts", Owner, "17.1"}, {"projects/:id/service_accounts", Maintainer, "19.0"}} {
		one, tokens := at.path+"/:user_id", at.path+"/:user_id/personal_access_tokens"
		all = append(all,
			Route{Method: "POST", Path: at.path, Role: at.role, Tier: Premium, Since: at.since, Permission: "create_service_account", Source: source, Handle: createServiceAccount},
			Route{Method: "PATCH", Path: one, Role: at.role, Tier: Premium, Since: "17.10", Permission: "update_service_account", Source: source, Handle: changeServiceAccount},
			Route{Method: "DELETE", Path: one, Role: at.role, Tier: Premium, Since: at.since, Permission: "delete_service_account", Source: source, Handle: deleteServiceAccount},
			Route{Method: "POST", Path: tokens, Role: at.role, Tier: Premium, Since: at.since, Permission: "create_service_account_token", Source: source, Handle: createServiceAccountToken},
			Route{Method: "DELETE", Path: tokens + "/:token_id", Role: at.role, Tier: Premium, Since: "17.11", Permission: "revoke_service_account_token", Source: source, Handle: revokeServiceAccountToken},
			Route{Method: "POST", Path: tokens + "/:token_id/rotate", Role: at.role, Tier: Premium, Since: at.since, Permission: "rotate_service_account_token", Source: source, Handle: rotateServiceAccountToken},
		)
	}
	return all
}

// tokenOf reads the parameters of a token that an account shall get; without a date it lives a year.
func (c *Call) tokenOf(u *User) (*AccessToken, *Answer) {
	refuse := func(a Answer) (*AccessToken, *Answer) { return nil, &a }
	name, scopes := c.Text("name"), c.Texts("scopes")
	expires, dated := c.When("expires_at")
	switch {
	case name == "" || len(scopes) == 0:
		return refuse(Refuse(http.StatusBadRequest, c.blank("name", "scopes")))
	case dated && c.wrongExpiry(expires) != "":
		return refuse(BadRequest(c.wrongExpiry(expires)))
	case !dated:
		expires = At(c.Now.AddDate(1, 0, 0).Truncate(day))
	}
	for _, s := range scopes {
		if !slices.Contains(tokenScopes(), s) {
			return refuse(Refuse(http.StatusBadRequest, "scopes does not have a valid value"))
		}
	}
	return &AccessToken{Name: name, Description: c.Text("description"), Scopes: scopes, CreatedAt: At(c.Now), ExpiresAt: expires,
		CreatedBy: c.Actor.User.Username, user: u}, nil
}

// createUserToken makes a token for somebody else. Only a personal one is in the audit log.
func createUserToken(impersonation bool) Handler {
	return func(c *Call) Answer {
		u := c.st.users[c.PathID("id")]
		if u == nil {
			return NotFound("User")
		}
		t, refused := c.tokenOf(u)
		if refused != nil {
			return *refused
		}
		t.Impersonation = impersonation
		c.st.addToken(t)
		if !impersonation {
			c.auditToken(t, "created", "created", "Created")
		}
		return Created(accessTokenJSON(c, t).Merge(Object{"token": t.Value}))
	}
}

func revokeImpersonationToken(c *Call) Answer {
	u, t := c.st.users[c.PathID("id")], c.st.tokenID[c.PathID("token_id")]
	switch {
	case u == nil:
		return NotFound("User")
	case t == nil || t.user != u || !t.Impersonation:
		return NotFound("Impersonation Token")
	}
	t.Revoked = true
	return NoContent()
}

// keyOwner is the user of users/:id, or the caller where the route names nobody.
func (c *Call) keyOwner() *User {
	if c.Path("id") == "" {
		return c.Actor.User
	}
	return c.st.users[c.PathID("id")]
}

func addSSHKey(c *Call) Answer {
	u := c.keyOwner()
	k := &SSHKey{Title: c.Text("title"), Key: c.Text("key"), CreatedAt: At(c.Now), UsageType: c.Text("usage_type")}
	switch {
	case u == nil:
		return NotFound("User")
	case k.Title == "" || k.Key == "":
		return Refuse(http.StatusBadRequest, c.blank("title", "key"))
	case !strings.Contains(k.Key, " "):
		return Message(http.StatusBadRequest, Object{"fingerprint": []string{"cannot be generated"}, "key": []string{"is invalid"}})
	case c.keyTaken(k.Key):
		return Message(http.StatusBadRequest, Object{"fingerprint_sha256": []string{"has already been taken"}, "key": []string{"has already been taken"}})
	}
	k.ExpiresAt, _ = c.When("expires_at")
	k.ID = c.st.next("keys")
	u.SSHKeys = append(u.SSHKeys, k)
	c.Audit("add_ssh_key", u, "Key", k.Title, k.ID, nil)
	return Created(sshKeyJSON(c, k))
}

func removeSSHKey(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	for i, k := range u.SSHKeys {
		if k.ID == c.PathID("key_id") {
			u.SSHKeys = slices.Delete(u.SSHKeys, i, i+1)
			c.Audit("remove_ssh_key", u, "Key", k.Title, k.ID, nil)
			return NoContent()
		}
	}
	return NotFound("Key")
}

func removeGPGKey(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	for i, k := range u.GPGKeys {
		if k.ID == c.PathID("key_id") {
			u.GPGKeys = slices.Delete(u.GPGKeys, i, i+1)
			c.Audit("remove_gpg_key", u, "GpgKey", strconv.FormatInt(k.ID, 10), k.ID, nil)
			return NoContent()
		}
	}
	return NotFound("GPG Key")
}

func serviceAccountJSON(c *Call, u *User) Object {
	return Object{"id": u.ID, "username": u.Username, "name": u.Name}.Since(c.Profile, "17.10", "email", u.Email).
		Since(c.Profile, "18.2", "unconfirmed_email", nil)
}

// createServiceAccount makes an account that has no password and no person behind it.
func createServiceAccount(c *Call) Answer {
	u := &User{ID: c.st.next("users"), Username: c.Text("username"), Name: c.Text("name"), Email: c.Text("email"), State: "active",
		Kind: "service_account", ProvisionedBy: c.provisioned(), CreatedBy: c.Actor.User.Username, CreatedAt: At(c.Now),
		namespaceID: c.st.next("namespaces")}
	if u.Username == "" {
		u.Username = "service_account_" + c.homeWord() + newEntropy(c.st.seed, "service account\x00"+itoa(u.ID)).pick(lowerHex, 32)
	}
	if c.st.usernames[u.Username] != nil {
		return Message(http.StatusBadRequest, "Username has already been taken")
	}
	if u.Name == "" {
		u.Name = "Service account user"
	}
	if u.Email == "" {
		u.Email = u.Username + "@noreply.gitlab.example"
	}
	c.st.w.Users = append(c.st.w.Users, u)
	c.st.users[u.ID], c.st.usernames[u.Username] = u, u
	c.Audit("user_created", u, "User", u.Name, u.ID, nil)
	return Created(serviceAccountJSON(c, u))
}

// homeWord is what the default username of a service account says about its home.
func (c *Call) homeWord() string {
	switch {
	case c.Project != nil:
		return "project_" + itoa(c.Project.ID) + "_"
	case c.Group != nil:
		return "group_" + itoa(c.Group.ID) + "_"
	}
	return ""
}

func withServiceAccount(c *Call, use func(*User) Answer) Answer {
	u := c.st.users[c.PathID("user_id")]
	if u == nil || u.Kind != "service_account" || u.ProvisionedBy != c.provisioned() {
		return NotFound("User")
	}
	return use(u)
}

func changeServiceAccount(c *Call) Answer {
	return withServiceAccount(c, func(u *User) Answer {
		if name := c.Text("name"); name != "" {
			u.Name = name
		}
		return OK(serviceAccountJSON(c, u))
	})
}

func deleteServiceAccount(c *Call) Answer {
	return withServiceAccount(c, func(u *User) Answer {
		c.Audit("user_destroyed", u, "User", u.Name, u.ID, nil)
		c.stopPipelines(u)
		c.st.removeUser(u)
		return NoContent()
	})
}

func createServiceAccountToken(c *Call) Answer {
	return withServiceAccount(c, func(u *User) Answer {
		t, refused := c.tokenOf(u)
		if refused != nil {
			return *refused
		}
		c.st.addToken(t)
		c.auditToken(t, "created", "created", "Created")
		return Created(accessTokenJSON(c, t).Merge(Object{"token": t.Value}))
	})
}

func withServiceAccountToken(c *Call, use func(*AccessToken) Answer) Answer {
	return withServiceAccount(c, func(u *User) Answer {
		t := c.st.tokenID[c.PathID("token_id")]
		if t == nil || t.user != u {
			return NotFound("Personal Access Token")
		}
		return use(t)
	})
}

func revokeServiceAccountToken(c *Call) Answer {
	return withServiceAccountToken(c, func(t *AccessToken) Answer {
		if t.Revoked {
			return BadRequest("Token already revoked")
		}
		c.revokeToken(t)
		return NoContent()
	})
}

func rotateServiceAccountToken(c *Call) Answer {
	return withServiceAccountToken(c, c.rotateToken)
}
