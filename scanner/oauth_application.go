package scanner

import (
	"context"
	"strings"

	"nhiscan/inventory"
)

// oauthApplication reads the instance-wide OAuth applications. Those of users and groups, and what users granted to
// applications, have no API. Neither times nor an expiry are shown.
// Source: https://docs.gitlab.com/api/applications/
var oauthApplication = Source{
	ID: "oauth-application", Title: "OAuth applications",
	Shows: "Instance-wide OAuth applications with their scopes.",
	API:   []string{"GET /applications"},
	Needs: Needs{Role: Administrator, Scope: "read_api", Offering: "self-managed"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		for raw, err := range pages[applicationJSON](ctx, v, "applications") {
			if err != nil {
				return err
			}
			id := v.IdentityID("oauth-application", raw.ID)
			callback, _, _ := strings.Cut(raw.CallbackURL, "\n") // one address a line
			v.Emit(inventory.Identity{
				ID: id, Kind: "oauth-application", Home: v.Home.ID, Name: raw.Name, URL: strings.TrimSpace(callback),
			})
			v.Emit(inventory.Credential{
				ID: v.CredentialID("oauth-application-secret", raw.ID), Kind: "oauth-application-secret", Identity: id, Home: v.Home.ID,
				Name: raw.Name, Scope: inventory.JoinScopes(raw.Scopes),
				Attributes: attributes("confidential", triText(raw.Confidential.Tri())),
			})
		}
		return nil
	},
}

type applicationJSON struct {
	ID           int64    `json:"id"`
	Name         string   `json:"application_name"`
	CallbackURL  string   `json:"callback_url"`
	Confidential flag     `json:"confidential"`
	Scopes       []string `json:"scopes"` // newer versions only
}
