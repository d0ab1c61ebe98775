package scanner

import (
	"context"

	"nhiscan/inventory"
)

// A state file holds whatever the providers put there, passwords included. It is never downloaded: that it exists,
// and who wrote it last, is what counts. Only GraphQL lists states.
// Source: https://docs.gitlab.com/api/graphql/reference/#terraformstate
var terraformState = Source{
	ID:    "terraform-state",
	Title: "Terraform states",
	Shows: "Terraform states that GitLab keeps, and who wrote them last; never their contents.",
	API:   []string{"POST /graphql terraformStates"},
	Needs: Needs{Role: Developer, Scope: "read_api"},
	Homes: atProject,
	Collect: func(ctx context.Context, v *Visit) error {
		nodes, _, err := graphList(ctx, v, "terraformStates", func(g *projectGraphJSON) *list[terraformStateJSON] { return g.States })
		for _, s := range nodes {
			id := v.IdentityID("terraform-state", int64(s.ID))
			writer := ""
			if s.Latest != nil {
				writer = v.emitGraphUser(s.Latest.CreatedBy)
			}
			use := inventory.Volatile{LastUsedAt: s.UpdatedAt.Known()}
			v.Emit(inventory.Identity{
				ID: id, Kind: "terraform-state", Home: v.Home.ID, Name: s.Name, CreatedAt: s.CreatedAt.Known(), Volatile: use,
				Attributes: attributes("updated_by", writer),
			})
			v.Emit(inventory.Credential{
				ID: v.CredentialID("terraform-state", int64(s.ID)), Kind: "terraform-state", Identity: id, Home: v.Home.ID, Name: s.Name,
				CreatedAt: s.CreatedAt.Known(), Volatile: use,
			})
		}
		return err
	},
}

type terraformStateJSON struct {
	ID        gid    `json:"id"`
	Name      string `json:"name"`
	CreatedAt moment `json:"createdAt"`
	UpdatedAt moment `json:"updatedAt"`
	Latest    *struct {
		CreatedBy *graphUserJSON `json:"createdByUser"`
	} `json:"latestVersion"`
}
