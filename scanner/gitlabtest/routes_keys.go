package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// keyRoutes read the keys and addresses of one account, of the caller or of somebody named, and find a key's holder.
func keyRoutes() []Route {
	readUser := []string{"api", "read_api", "read_user"}
	const keys, emails, find = "https://docs.gitlab.com/api/user_keys/", "https://docs.gitlab.com/api/user_email_addresses/", "https://docs.gitlab.com/api/keys/"
	all := []Route{
		{Method: "GET", Path: "keys", Admin: true, Permission: "read_ssh_key", Source: find, Handle: findKey},
		{Method: "GET", Path: "keys/:key_id", Admin: true, Permission: "read_ssh_key", Source: find, Handle: showAnyKey},
		{Method: "GET", Path: "users/:id/project_deploy_keys", Permission: "read_deploy_key", Paging: Offset, Source: "https://docs.gitlab.com/api/deploy_keys/", Handle: listUserDeployKeys},
		{Method: "POST", Path: "user/gpg_keys", Permission: "create_gpg_key", Source: keys, Handle: addGPGKey},
		{Method: "POST", Path: "users/:id/gpg_keys", Admin: true, Permission: "create_gpg_key", Source: keys, Handle: addGPGKey},
		{Method: "DELETE", Path: "user/gpg_keys/:key_id", Permission: "delete_gpg_key", Source: keys, Handle: removeGPGKey},
	}
	for _, at := range []struct {
		path  string
		admin bool
	}{{"user", false}, {"users/:id", true}} {
		all = append(all,
			Route{Method: "GET", Path: at.path + "/keys/:key_id", Scopes: readUser, Permission: "read_ssh_key", Source: keys, Handle: showSSHKey},
			Route{Method: "GET", Path: at.path + "/gpg_keys/:key_id", Scopes: readUser, Permission: "read_gpg_key", Source: keys, Handle: showGPGKey},
			Route{Method: "GET", Path: at.path + "/emails", Admin: at.admin, Scopes: readUser, Permission: "read_email", Paging: Offset, Source: emails, Handle: listEmails},
			Route{Method: "POST", Path: at.path + "/emails", Admin: at.admin, Permission: "create_email", Source: emails, Handle: addEmail},
			Route{Method: "DELETE", Path: at.path + "/emails/:email_id", Admin: at.admin, Permission: "delete_email", Source: emails, Handle: removeEmail},
		)
	}
	return append(all,
		Route{Method: "GET", Path: "user/keys", Scopes: readUser, Permission: "read_ssh_key", Paging: Offset, Source: keys, Handle: listSSHKeys},
		Route{Method: "GET", Path: "user/gpg_keys", Scopes: readUser, Permission: "read_gpg_key", Paging: Offset, Source: keys, Handle: listGPGKeys},
		Route{Method: "GET", Path: "user/emails/:email_id", Scopes: readUser, Permission: "read_email", Source: emails, Handle: showEmail},
	)
}

func showSSHKey(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	for _, k := range u.SSHKeys {
		if k.ID == c.PathID("key_id") {
			return OK(sshKeyJSON(c, k))
		}
	}
	return NotFound("Key")
}

func showGPGKey(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	for _, k := range u.GPGKeys {
		if k.ID == c.PathID("key_id") {
			return OK(gpgKeyJSON(k))
		}
	}
	return NotFound("GPG Key")
}

func addGPGKey(c *Call) Answer {
	u, key := c.keyOwner(), c.Text("key")
	switch {
	case u == nil:
		return NotFound("User")
	case key == "":
		return Refuse(http.StatusBadRequest, c.missing("key"))
	case !strings.HasPrefix(strings.TrimSpace(key), "-----BEGIN PGP PUBLIC KEY BLOCK-----"):
		return Message(http.StatusBadRequest, Object{"key": []string{
			"is invalid. A valid public GPG key begins with '-----BEGIN PGP PUBLIC KEY BLOCK-----' and ends with '-----END PGP PUBLIC KEY BLOCK-----'"}})
	}
	k := &GPGKey{ID: c.st.next("gpg_keys"), Key: key, CreatedAt: At(c.Now)}
	u.GPGKeys = append(u.GPGKeys, k)
	c.Audit("add_gpg_key", u, "GpgKey", itoa(k.ID), k.ID, nil)
	return Created(gpgKeyJSON(k))
}

// keyTaken says that the material of a public key is somebody's already, as a personal or a deploy key.
func (c *Call) keyTaken(key string) bool {
	_, want := fingerprints(key)
	_, k, d := c.keyBy(func(other string) bool { _, have := fingerprints(other); return have == want }, 0)
	return k != nil || d != nil
}

// keyBy finds a key by its material or by its ID, with its holder; personal and deploy keys share one table.
func (c *Call) keyBy(same func(key string) bool, id int64) (*User, *SSHKey, *DeployKey) {
	for _, u := range c.st.w.Users {
		for _, k := range u.SSHKeys {
			if k.ID == id || same != nil && same(k.Key) {
				return u, k, nil
			}
		}
	}
	for _, k := range c.st.w.DeployKeys {
		if k.ID == id || same != nil && same(k.Key) {
			return c.st.userByName(k.User), nil, k
		}
	}
	return nil, nil, nil
}

func (c *Call) keyWithUser(u *User, k *SSHKey, d *DeployKey) Answer {
	if k == nil && d == nil {
		return NotFound("Key")
	}
	var user any
	if u != nil {
		user = userAdmin(c, u)
	}
	if k != nil {
		return OK(sshKeyJSON(c, k).Merge(Object{"user": user}))
	}
	projects := []Object{}
	for _, in := range d.Projects {
		if p := c.FindProject(in.Path); p != nil {
			projects = append(projects, Object{"deploy_key_id": d.ID, "project_id": p.ID, "can_push": in.CanPush})
		}
	}
	return OK(deployKeyJSON(c, d).Merge(Object{"user": user, "deploy_keys_projects": projects}))
}

func showAnyKey(c *Call) Answer { return c.keyWithUser(c.keyBy(nil, c.PathID("key_id"))) }

// findKey takes both forms of a fingerprint, with the word in front or without.
func findKey(c *Call) Answer {
	if !c.Has("fingerprint") {
		return Refuse(http.StatusBadRequest, c.missing("fingerprint"))
	}
	want := strings.TrimPrefix(strings.TrimPrefix(c.Text("fingerprint"), "MD5:"), "SHA256:")
	return c.keyWithUser(c.keyBy(func(key string) bool {
		weak, strong := fingerprints(key)
		return want == weak || want == strings.TrimPrefix(strong, "SHA256:")
	}, 0))
}

// listUserDeployKeys holds the deploy keys of those projects that both the user and the caller are in.
func listUserDeployKeys(c *Call) Answer {
	u := c.st.users[c.PathID("id")]
	if u == nil {
		u = c.st.userByName(c.Path("id"))
	}
	if u == nil {
		return NotFound("User")
	}
	both := func(in *DeployKeyProject) bool {
		p := c.FindProject(in.Path)
		return p != nil && c.st.projectRole(u, p, c.Now) > NoRole && (c.Actor.Admin || c.Level(p) > NoRole)
	}
	rows := keep(c.st.w.DeployKeys, func(k *DeployKey) bool { return slices.ContainsFunc(k.Projects, both) })
	return List(c, rows, noID[*DeployKey], func(k *DeployKey) Object { return deployKeyJSON(c, k) })
}

func emailJSON(e *Email) Object {
	return Object{"id": e.ID, "email": e.Email, "confirmed_at": e.ConfirmedAt.stamp()}
}

func listEmails(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	return List(c, u.Emails, noID[*Email], emailJSON)
}

func showEmail(c *Call) Answer {
	for _, e := range c.keyOwner().Emails {
		if e.ID == c.PathID("email_id") {
			return OK(emailJSON(e))
		}
	}
	return NotFound("Email")
}

func addEmail(c *Call) Answer {
	u, address := c.keyOwner(), c.Text("email")
	switch {
	case u == nil:
		return NotFound("User")
	case address == "":
		return Refuse(http.StatusBadRequest, c.missing("email"))
	case !strings.Contains(address, "@"):
		return Message(http.StatusBadRequest, Object{"email": []string{"is invalid"}})
	case c.emailTaken(address):
		return Message(http.StatusBadRequest, Object{"email": []string{"has already been taken"}})
	}
	e := &Email{ID: c.st.next("emails"), Email: address}
	if skip, _ := c.Bool("skip_confirmation"); skip && c.Actor.Admin {
		e.ConfirmedAt = At(c.Now)
	}
	u.Emails = append(u.Emails, e)
	return Created(emailJSON(e))
}

func (c *Call) emailTaken(address string) bool {
	return slices.ContainsFunc(c.st.w.Users, func(u *User) bool {
		return strings.EqualFold(u.Email, address) || slices.ContainsFunc(u.Emails, func(e *Email) bool { return strings.EqualFold(e.Email, address) })
	})
}

func removeEmail(c *Call) Answer {
	u := c.keyOwner()
	if u == nil {
		return NotFound("User")
	}
	for i, e := range u.Emails {
		if e.ID == c.PathID("email_id") {
			u.Emails = slices.Delete(u.Emails, i, i+1)
			return NoContent()
		}
	}
	return NotFound("Email")
}
