package rules

import "nhiscan/inventory"

// tokenLike reports whether a credential is an access token or a deploy token: what the lifetime rules judge.
func tokenLike(c inventory.Credential) bool { return c.AccessToken() || c.Kind == "deploy-token" }

// dated reports whether GitLab lets a credential of this kind carry an expiry date that its holder chooses.
// Certificates and files have dates of their own making.
func dated(c inventory.Credential) bool {
	switch c.Kind {
	case "deploy-key", "ssh-key", "trigger-token":
		return true
	}
	return tokenLike(c)
}

// rotated reports whether a credential of this kind is replaced to rotate it, so that its age is that of its value.
// A runner's token or a webhook's secret may be reset in place: their age says nothing.
func rotated(c inventory.Credential) bool {
	switch c.Kind {
	case "deploy-key", "trigger-token", "agent-token":
		return true
	}
	return tokenLike(c)
}

// tracked reports whether the rules ask a credential of this kind for its last use. Trigger tokens have a rule
// of their own.
func tracked(c inventory.Credential) bool {
	switch c.Kind {
	case "deploy-key", "ssh-key", "agent-token":
		return true
	}
	return tokenLike(c)
}

// ofBot reports whether a credential of this kind belongs to no person.
func ofBot(c inventory.Credential) bool {
	switch c.Kind {
	case "project-access-token", "group-access-token", "service-account-token", "deploy-token", "deploy-key",
		"trigger-token", "runner-token", "agent-token":
		return true
	}
	return false
}

// liveSources are the sources whose rows a project must be rid of when it ends.
func liveSources() []string {
	return []string{"project-access-token", "deploy-token", "deploy-key", "trigger", "agent", "variable"}
}

// administers reports whether a credential carries a scope with which it acts as an administrator.
func administers(c inventory.Credential) bool { return c.HasScope("sudo", "admin_mode") }
