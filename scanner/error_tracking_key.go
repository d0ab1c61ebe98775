package scanner

import (
	"context"

	"nhiscan/inventory"
)

// The key of GitLab's own error tracking stands in its DSN (https://KEY@host/…) and is shown whole. Copies in code
// hold the DSN too, and are found by the key in it.
// Source: https://docs.gitlab.com/api/error_tracking/
var errorTrackingKey = Source{
	ID:    "error-tracking-key",
	Title: "Error tracking keys",
	Shows: "Client keys of the integrated error tracking; GitLab shows their value.",
	API:   []string{"GET /projects/:id/error_tracking/client_keys"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	Skip: func(v *Visit) string {
		if v.Home.Settings["monitor_access_level"] == "disabled" {
			return "monitoring is switched off in this project"
		}
		return ""
	},
	Collect: func(ctx context.Context, v *Visit) error {
		for raw, err := range pages[errorTrackingKeyJSON](ctx, v, "%s/error_tracking/client_keys", v.Path()) {
			if err != nil {
				return err
			}
			id := v.IdentityID("error-tracking-key", raw.ID)
			state := stateOf(raw.Active.Tri())
			v.Emit(inventory.Identity{ID: id, Kind: "error-tracking-key", Home: v.Home.ID, Name: "error tracking client", State: state})
			v.EmitShown(inventory.Credential{
				ID: v.CredentialID("error-tracking-key", raw.ID), Kind: "error-tracking-key", Identity: id, Home: v.Home.ID,
				Name: "error tracking client", State: state, ExpiresAt: inventory.Never,
			}, "error_tracking/client_keys/"+lastPart(id), raw.PublicKey.value)
		}
		return nil
	},
}

type errorTrackingKeyJSON struct {
	ID        int64      `json:"id"`
	Active    flag       `json:"active"`
	PublicKey hiddenText `json:"public_key"`
}
