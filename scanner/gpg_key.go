package scanner

import (
	"context"

	"nhiscan/inventory"
)

// gpgKey reads the GPG keys of service accounts. Such a key signs commits and opens nothing, so the bots of access
// tokens, which are many, are not asked about.
// Source: https://docs.gitlab.com/api/user_keys/#list-all-gpg-keys-for-a-user
var gpgKey = Source{
	ID: "gpg-key", Title: "GPG keys of service accounts",
	Shows: "GPG keys with which service accounts sign commits.",
	API:   []string{"GET /users/:id/gpg_keys"},
	Needs: Needs{Scope: "read_api"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		return v.eachMachine(ctx, false, v.gpgKeys)
	},
}

// GitLab keeps the expiry inside the key and shows it nowhere: it stays unknown.
func (v *Visit) gpgKeys(ctx context.Context, account userRef) error {
	for raw, err := range pages[sshKeyJSON](ctx, v, "users/%d/gpg_keys", account.ID) {
		if err != nil {
			return err
		}
		v.Emit(inventory.Credential{
			ID: v.CredentialID("gpg-key", raw.ID), Kind: "gpg-key", Identity: v.UserID(account.ID), Home: v.machineHome(account),
			CreatedAt: raw.CreatedAt.Known(),
		})
	}
	return nil
}
