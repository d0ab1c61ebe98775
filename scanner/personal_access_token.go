package scanner

import (
	"context"
	"slices"

	"nhiscan/inventory"
)

// personalAccessToken reads the list of access tokens. An administrator's list holds every sort: impersonation tokens
// and those of bots and service accounts too, and names no sort; source link tells them apart by their user.
// Without Admin Mode the same request answers 200 with the caller's own tokens only.
// Source: https://docs.gitlab.com/api/personal_access_tokens/
var personalAccessToken = Source{
	ID: "personal-access-token", Title: "Personal access tokens",
	Shows: "Access tokens of all users, bots and service accounts for an administrator; for anyone else the own ones.",
	API:   []string{"GET /personal_access_tokens"},
	Needs: Needs{Role: Anyone, Scope: "read_api"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		users := newTokenUsers()
		for raw, err := range pages[accessTokenJSON](ctx, v, "personal_access_tokens") {
			if err != nil {
				return err
			}
			v.emitToken(raw, v.listedKind(), "")
			users.add(raw)
		}
		if v.wholeTokenList() {
			_, _ = once(v, "token users", func() (tokenUsers, error) { return users, nil })
			return nil
		}
		if v.Self.SaaS {
			return denied("GitLab.com shows own tokens only; those that a group manages come from source resource-access-token")
		}
		return v.onlyAdmin("GitLab shows own tokens only")
	},
}

// wholeTokenList reports whether the list of access tokens holds those of the whole instance.
func (v *Visit) wholeTokenList() bool { return v.Admin() && !v.Self.SaaS }

// listedKind is what a listed token is known to be: the own tokens of a person are personal.
func (v *Visit) listedKind() inventory.CredentialKind {
	if v.wholeTokenList() {
		return "access-token"
	}
	return v.ownKind()
}

// ownKind is the sort of the own token.
func (v *Visit) ownKind() inventory.CredentialKind {
	if !v.Self.Bot {
		return "personal-access-token"
	}
	if kind := tokenKind(botKind(v.Self.Username)); kind != "" {
		return kind
	}
	return "access-token"
}

// tokenUsers are users by number.
type tokenUsers struct {
	live map[int64]bool // have an access token that is not known to be dead
	api  map[int64]bool // have such a token that may change their account
}

func newTokenUsers() tokenUsers { return tokenUsers{live: map[int64]bool{}, api: map[int64]bool{}} }

func (u tokenUsers) add(raw accessTokenJSON) {
	if raw.Active.Tri() == inventory.No {
		return
	}
	u.live[raw.UserID] = true
	// What a fine-grained token may do stands elsewhere, so it may.
	if slices.Contains(raw.Scopes, "api") || raw.Granular.Tri() == inventory.Yes || len(raw.Grants) > 0 {
		u.api[raw.UserID] = true
	}
}

// tokenUsers returns the users that have live access tokens. The source personal-access-token has read them already,
// unless an interrupted scan did.
func (v *Visit) tokenUsers(ctx context.Context) (tokenUsers, error) {
	return once(v, "token users", func() (tokenUsers, error) {
		users := newTokenUsers()
		for raw, err := range pages[accessTokenJSON](ctx, v, "personal_access_tokens?state=active") {
			if err != nil {
				return users, err
			}
			users.add(raw)
		}
		return users, nil
	})
}
