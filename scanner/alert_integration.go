package scanner

import (
	"context"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
)

// Whoever holds the token of an alert endpoint makes alerts in the project. Only GraphQL lists them.
// Source: https://docs.gitlab.com/api/graphql/reference/#alertmanagementhttpintegration
var alertIntegration = Source{
	ID:    "alert-integration",
	Title: "Alert endpoints",
	Shows: "HTTP endpoints that take alerts; GitLab shows their token.",
	API:   []string{"POST /graphql alertManagementHttpIntegrations"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	Collect: func(ctx context.Context, v *Visit) error {
		nodes, _, err := graphList(ctx, v, "alertManagementHttpIntegrations", func(g *projectGraphJSON) *list[alertJSON] { return g.Alerts })
		for _, a := range nodes {
			id := v.IdentityID("alert-integration", int64(a.ID))
			state := stateOf(a.Active.Tri())
			v.Emit(inventory.Identity{
				ID: id, Kind: "alert-integration", Home: v.Home.ID, Name: a.Name, URL: bareURL(secret.New(a.URL)), State: state,
				Attributes: attributes("type", v.text(a.Type)),
			})
			v.EmitShown(inventory.Credential{
				ID: v.CredentialID("alert-integration-token", int64(a.ID)), Kind: "alert-integration-token", Identity: id, Home: v.Home.ID,
				Name: a.Name, State: state, ExpiresAt: inventory.Never,
			}, "alert_integrations/"+lastPart(id), a.Token.value)
		}
		return err
	},
}

type alertJSON struct {
	ID     gid        `json:"id"`
	Name   string     `json:"name"`
	Active flag       `json:"active"`
	Type   string     `json:"type"`
	URL    string     `json:"url"`
	Token  hiddenText `json:"token"`
}
