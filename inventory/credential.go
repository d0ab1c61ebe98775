package inventory

import (
	"slices"
	"strings"
	"time"
)

// The states of a credential. Gone is given by a store to a row that a complete visit no longer showed.
const (
	Active   = "active"
	Inactive = "inactive"
	Expired  = "expired"
	Revoked  = "revoked"
	Gone     = "gone"
)

// Credential is what proves an identity: token, key, password.
//
// Kinds: access-token (of a sort not known), personal-access-token, impersonation-token, project-access-token,
// group-access-token, service-account-token, deploy-token, deploy-key, ssh-key, gpg-key, runner-token,
// registration-token, trigger-token, agent-token, oauth-application-secret, webhook-secret, integration-secret,
// mirror-password, error-tracking-key, alert-integration-token, pages-certificate, terraform-state, secure-file,
// instance-setting, external.
type Credential struct {
	ID          string         `json:"id"`
	Kind        CredentialKind `json:"kind"`
	Identity    string         `json:"identity"` // identity ID; empty is unknown
	Home        string         `json:"home"`     // home ID; empty is unknown
	Name        string         `json:"name"`
	Description string         `json:"description"`
	State       string         `json:"state"`        // active, inactive, expired, revoked, gone; empty is unknown
	Scope       string         `json:"scope"`        // sorted, space-separated; empty is unknown or none
	Level       int            `json:"access_level"` // 10 Guest … 50 Owner; 0 is unknown
	Granular    Tri            `json:"granular"`     // a fine-grained token; Scope then lists access:permission pairs
	CreatedAt   When           `json:"created_at"`
	ExpiresAt   When           `json:"expires_at"` // dead from 00:00 UTC of an access token's expiry date on
	RevokedAt   When           `json:"revoked_at"` // exact only where an audit event tells
	Creator     string         `json:"creator"`    // user ID of the human who made it; empty is unknown
	RotatedFrom string         `json:"rotated_from"`
	Fingerprint string         `json:"fingerprint"`     // of the value, where it was seen
	KeyID       string         `json:"fingerprint_key"` // of the key that made the fingerprint
	Hint        string         `json:"hint"`            // public prefix at most, "glpat-…"

	Attributes map[string]string `json:"attributes"` // further facts under GitLab's own names; never a secret
	Seen       []Visit           `json:"-"`
	Volatile
}

// CredentialKind names a sort of credential. Where two visits disagree the more specific kind holds.
type CredentialKind string

// Outranks reports whether k says more than o: a list that cannot tell tokens apart calls them access-token,
// an administrator's list calls an impersonation token personal.
func (k CredentialKind) Outranks(o CredentialKind) bool {
	if a, b := k.rank(), o.rank(); a != b {
		return a > b
	}
	return k > o
}

func (k CredentialKind) rank() int {
	switch k {
	case "":
		return 0
	case "access-token":
		return 1
	case "personal-access-token":
		return 2
	}
	return 3
}

// Active reports whether the credential is not known to be dead. A credential whose state GitLab does not
// tell counts as active: it must be assumed to work.
func (c Credential) Active() bool { return c.State == Active || c.State == "" }

// AccessToken reports whether the credential is an access token of any sort.
func (c Credential) AccessToken() bool {
	switch c.Kind {
	case "access-token", "personal-access-token", "impersonation-token", "project-access-token", "group-access-token", "service-account-token":
		return true
	}
	return false
}

// HasScope reports whether Scope lists any of the given scopes.
func (c Credential) HasScope(scopes ...string) bool {
	for s := range strings.FieldsSeq(c.Scope) {
		if slices.Contains(scopes, s) {
			return true
		}
	}
	return false
}

// StateOf derives a credential's state at now from what GitLab says. revoked and active may be Unknown.
// Source: https://docs.gitlab.com/api/personal_access_tokens/ (active = neither revoked nor expired).
func StateOf(now time.Time, revoked, active Tri, expires When) string {
	switch {
	case revoked == Yes:
		return Revoked
	case expires.Before(now.Add(time.Second)):
		return Expired
	case active == No:
		return Inactive
	case active == Yes, revoked == No:
		return Active
	}
	return ""
}

// JoinScopes returns scopes sorted, without duplicates, space-separated.
func JoinScopes(scopes []string) string {
	s := slices.Clone(scopes)
	slices.Sort(s)
	return strings.Join(slices.Compact(s), " ")
}
