package scanner

import (
	"strconv"
	"strings"

	"nhiscan/inventory"
)

// accessTokenJSON is the one shape in which GitLab shows access tokens of every sort. Which sort it is follows from
// the list that shows it, or from its user.
// Source: https://docs.gitlab.com/api/personal_access_tokens/ (19.6)
type accessTokenJSON struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Revoked     flag         `json:"revoked"`
	Active      flag         `json:"active"`
	CreatedAt   moment       `json:"created_at"`
	ExpiresAt   moment       `json:"expires_at"` // a date: dead from 00:00 UTC of it on
	LastUsedAt  moment       `json:"last_used_at"`
	LastUsedIPs []string     `json:"last_used_ips"` // since 19.4; counted, never kept
	Scopes      []string     `json:"scopes"`
	UserID      int64        `json:"user_id"`
	AccessLevel int          `json:"access_level"`    // of project and group access tokens
	Granular    flag         `json:"granular"`        // since 19.2
	Grants      []granular   `json:"granular_scopes"` // since 19.6
	Resource    resourceKind `json:"resource_type"`   // since 18.7: where a project or group access token belongs
	ResourceID  int64        `json:"resource_id"`
}

// granular is one grant of a fine-grained token: permissions inside a boundary.
type granular struct {
	Access      string   `json:"access"`
	Permissions []string `json:"permissions"`
	ProjectID   int64    `json:"project_id"`
	GroupID     int64    `json:"group_id"`
}

// resourceKind is "project" or "group"; other text is unknown.
type resourceKind string

func (k resourceKind) home() inventory.HomeKind {
	switch strings.ToLower(string(k)) {
	case "project":
		return inventory.ProjectHome
	case "group":
		return inventory.GroupHome
	}
	return ""
}

// tokenKind is the sort of the access tokens that an account of this kind has; empty for an unknown kind.
func tokenKind(account string) inventory.CredentialKind {
	switch account {
	case "project-bot":
		return "project-access-token"
	case "group-bot":
		return "group-access-token"
	case "service-account":
		return "service-account-token"
	case "user":
		return "personal-access-token"
	}
	return ""
}

// botOf is the kind of the bot that has access tokens of this sort; empty where a person may have them.
func botOf(kind inventory.CredentialKind) string {
	for _, account := range []string{"project-bot", "group-bot", "service-account"} {
		if tokenKind(account) == kind {
			return account
		}
	}
	return ""
}

// emitToken emits an access token and the identity it proves. kind is access-token where the list cannot tell and home
// empty where it does not say: then the row itself may (newer versions), else source link fills in both from its user.
func (v *Visit) emitToken(raw accessTokenJSON, kind inventory.CredentialKind, home string) {
	if k := raw.Resource.home(); k != "" && kind == "access-token" {
		kind, home = tokenKind(string(k)+"-bot"), v.HomeID(k, raw.ResourceID)
	}
	user := v.UserID(raw.UserID)
	v.Emit(v.accessToken(raw, kind, home))
	if user == "" {
		return
	}
	bot := botOf(kind)
	if bot != "" {
		v.Emit(inventory.User{ID: user, Number: raw.UserID, Kind: bot, Bot: inventory.Yes})
	} else {
		home = "" // a person's token lives in the instance, the person nowhere
	}
	v.Emit(inventory.Identity{ID: user, Kind: bot, Home: home})
}

func (v *Visit) accessToken(raw accessTokenJSON, kind inventory.CredentialKind, home string) inventory.Credential {
	c := inventory.Credential{
		ID: v.CredentialID("access-token", raw.ID), Kind: kind, Identity: v.UserID(raw.UserID), Home: home,
		Name: raw.Name, Description: raw.Description,
		State: inventory.StateOf(v.Now(), raw.Revoked.Tri(), raw.Active.Tri(), raw.ExpiresAt.When()),
		Scope: inventory.JoinScopes(raw.Scopes), Level: raw.AccessLevel, Granular: raw.Granular.Tri(),
		CreatedAt: raw.CreatedAt.Known(), ExpiresAt: raw.ExpiresAt.When(),
	}
	c.LastUsedAt, c.LastUsedIPs = raw.LastUsedAt.When(), len(raw.LastUsedIPs)
	if raw.Granular.Tri() == inventory.Yes {
		c.Scope = "" // scopes hold no useful list then, and grants are shown since 19.6 only
	}
	if len(raw.Grants) > 0 {
		c.Granular, c.Scope = inventory.Yes, grantScope(raw.Grants)
		if b := grantBoundaries(raw.Grants); b != "" {
			c.Attributes = map[string]string{"granular_boundaries": b}
		}
	}
	return c
}

// grantScope lists access:permission pairs.
func grantScope(grants []granular) string {
	var pairs []string
	for _, g := range grants {
		for _, p := range g.Permissions {
			pairs = append(pairs, g.Access+":"+p)
		}
	}
	return inventory.JoinScopes(pairs)
}

// grantBoundaries lists the projects and groups to which grants are limited, as "group:7 project:42".
func grantBoundaries(grants []granular) string {
	var refs []string
	for _, g := range grants {
		if g.ProjectID != 0 {
			refs = append(refs, "project:"+strconv.FormatInt(g.ProjectID, 10))
		}
		if g.GroupID != 0 {
			refs = append(refs, "group:"+strconv.FormatInt(g.GroupID, 10))
		}
	}
	return inventory.JoinScopes(refs)
}
