package scanner

import (
	"context"

	"nhiscan/inventory"
)

// The API tells neither who made a deploy token nor when it was last used: both stay unknown.
// The instance list names no home, so each home is asked.
// Source: https://docs.gitlab.com/api/deploy_tokens/
var deployToken = Source{
	ID:    "deploy-token",
	Title: "Deploy tokens",
	Shows: "Deploy tokens of projects and groups, with scopes and expiry.",
	API:   []string{"GET /projects/:id/deploy_tokens", "GET /groups/:id/deploy_tokens"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atGroups,
	Collect: func(ctx context.Context, v *Visit) error {
		for raw, err := range pages[deployTokenJSON](ctx, v, "%s/deploy_tokens", v.Path()) {
			if err != nil {
				return err
			}
			id := v.IdentityID("deploy-token", raw.ID)
			state := inventory.StateOf(v.Now(), raw.Revoked.Tri(), not(raw.Expired.Tri()), raw.ExpiresAt.When())
			v.Emit(inventory.Identity{ID: id, Kind: "deploy-token", Home: v.Home.ID, Name: raw.Username, State: state})
			v.Emit(inventory.Credential{
				ID: v.CredentialID("deploy-token", raw.ID), Kind: "deploy-token", Identity: id, Home: v.Home.ID, Name: raw.Name,
				State: state, Scope: inventory.JoinScopes(raw.Scopes), ExpiresAt: raw.ExpiresAt.When(),
			})
		}
		return nil
	},
}

type deployTokenJSON struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	Username  string   `json:"username"`
	ExpiresAt moment   `json:"expires_at"`
	Revoked   flag     `json:"revoked"`
	Expired   flag     `json:"expired"`
	Scopes    []string `json:"scopes"`
}
