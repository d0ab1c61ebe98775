package gitlabtest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// userVerbRoutes make and change accounts, and give the caller himself a token.
func userVerbRoutes() []Route {
	const source, tokens = "https://docs.gitlab.com/api/users/", "https://docs.gitlab.com/api/user_tokens/"
	return []Route{
		{Method: "POST", Path: "users", Admin: true, Permission: "create_user", Source: source, Handle: createUser},
		{Method: "PUT", Path: "users/:id", Admin: true, Permission: "update_user", Source: source, Handle: changeUser},
		{Method: "POST", Path: "user/personal_access_tokens", Since: "16.5", Permission: "create_personal_access_token", Source: tokens, Handle: createOwnToken},
	}
}

// createUser never keeps a password: nobody signs in here with one.
func createUser(c *Call) Answer {
	if lacks := c.missing("email", "name", "username"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	username := c.Text("username")
	switch {
	case !c.Has("password") && !c.Has("reset_password") && !c.Has("force_random_password"):
		return Refuse(http.StatusBadRequest, "password, reset_password, force_random_password are missing, at least one parameter must be provided")
	case c.Has("password") && len(c.Text("password")) < 8:
		return Message(http.StatusBadRequest, Object{"password": []string{"is too short (minimum is 8 characters)"}})
	case !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`).MatchString(username):
		return Message(http.StatusBadRequest, Object{"username": []string{"can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'."}})
	case !strings.Contains(c.Text("email"), "@"):
		return Message(http.StatusBadRequest, Object{"email": []string{"is invalid"}})
	case c.emailTaken(c.Text("email")):
		return Message(http.StatusConflict, "Email has already been taken")
	}
	if _, taken := c.findNamespace(username); taken {
		return Message(http.StatusConflict, "Username has already been taken")
	}
	u := &User{ID: c.st.next("users"), Username: username, Email: c.Text("email"), Kind: "human", State: "active", CreatedBy: c.Actor.User.Username,
		CreatedAt: At(c.Now), namespaceID: c.st.next("namespaces")}
	c.fillUser(u)
	c.st.w.Users = append(c.st.w.Users, u)
	c.st.users[u.ID], c.st.usernames[u.Username] = u, u
	c.Audit("user_created", u, "User", u.Name, u.ID, nil)
	return Created(userAdmin(c, u))
}

// fillUser takes what the request gives.
func (c *Call) fillUser(u *User) {
	for name, field := range map[string]*string{"name": &u.Name, "note": &u.Note, "public_email": &u.PublicEmail} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	if n, given := c.Int("projects_limit"); given {
		u.limits = Object{}.Merge(u.limits).Merge(Object{"projects_limit": n})
	}
	if on, given := c.Bool("can_create_group"); given {
		u.limits = Object{}.Merge(u.limits).Merge(Object{"can_create_group": on})
	}
	for name, field := range map[string]*bool{"admin": &u.Admin, "auditor": &u.Auditor, "external": &u.External} {
		if on, set := c.Bool(name); set {
			*field = on
		}
	}
	if provider := c.Text("provider"); provider != "" && c.Text("extern_uid") != "" {
		u.Identities = slices.DeleteFunc(u.Identities, func(i *LoginIdentity) bool { return i.Provider == provider })
		u.Identities = append(u.Identities, &LoginIdentity{Provider: provider, ExternUID: c.Text("extern_uid")})
	}
}

// changeUser renames no account: everything in a world refers to it by its username.
func changeUser(c *Call) Answer {
	return withUser(c, func(u *User) Answer {
		email := cmp.Or(c.Text("email"), u.Email)
		switch {
		case c.Has("username") && c.Text("username") != u.Username:
			return Message(http.StatusBadRequest, Object{"username": []string{"cannot be changed on this simulated GitLab"}})
		case !strings.EqualFold(email, u.Email) && c.emailTaken(email):
			return Message(http.StatusConflict, "Email has already been taken")
		}
		was := u.Admin
		u.Email = email
		c.fillUser(u)
		if was != u.Admin {
			event := map[bool]string{true: "user_admin_status_granted", false: "user_admin_status_revoked"}[u.Admin]
			c.Audit(event, u, "User", u.Name, u.ID, nil)
		}
		return OK(userAdmin(c, u))
	})
}

// createOwnToken makes a token that can do next to nothing, and dies at the end of the day unless told otherwise: a
// stolen token must not make itself a better one.
// Source: https://docs.gitlab.com/api/user_tokens/#create-a-personal-access-token
func createOwnToken(c *Call) Answer {
	if lacks := c.missing("name", "scopes"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	if slices.ContainsFunc(c.Texts("scopes"), func(s string) bool { return s != "k8s_proxy" && s != "self_rotate" }) {
		return Refuse(http.StatusBadRequest, "scopes does not have a valid value")
	}
	t, refused := c.tokenOf(c.Actor.User)
	if refused != nil {
		return *refused
	}
	if !c.Has("expires_at") {
		t.ExpiresAt = At(c.Now.Truncate(24 * time.Hour).Add(day))
	}
	c.st.addToken(t)
	c.auditToken(t, "created", "created", "Created")
	return Created(accessTokenJSON(c, t).Merge(Object{"token": t.Value}))
}
