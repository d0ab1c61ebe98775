package scanner

import (
	"context"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// GitLab never shows a webhook's secret token, headers or URL variables, only that they exist; but a credential typed
// into the address itself comes back in clear, and is an exposure. Nobody is named as its maker.
// Source: https://docs.gitlab.com/api/project_webhooks/, https://docs.gitlab.com/api/group_webhooks/, https://docs.gitlab.com/api/system_hooks/
var webhook = Source{
	ID:    "webhook",
	Title: "Webhooks",
	Shows: "Webhooks of projects and groups and system hooks: where they send to, and whether a secret goes with it.",
	API:   []string{"GET /projects/:id/hooks", "GET /groups/:id/hooks", "GET /hooks"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atAll,
	Collect: func(ctx context.Context, v *Visit) error {
		path := v.Path() + "/hooks"
		switch v.Home.Kind {
		case inventory.InstanceHome:
			if v.Self.SaaS {
				return unsupported("GitLab.com does not offer it")
			}
			if err := v.require(Administrator, ""); err != nil || !v.Admin() {
				return v.onlyAdmin("")
			}
			path = "hooks"
		case inventory.GroupHome:
			if err := v.require(Owner, "Premium"); err != nil {
				return err
			}
		}
		for raw, err := range pages[hookJSON](ctx, v, "%s", path) {
			if err != nil {
				return err
			}
			v.emitHook(raw)
		}
		return nil
	},
}

type hookJSON struct {
	ID             int64     `json:"id"`
	URL            string    `json:"url"`
	Name           string    `json:"name"`
	Description    string    `json:"description"`
	CreatedAt      moment    `json:"created_at"`
	Verify         flag      `json:"enable_ssl_verification"`
	AlertStatus    string    `json:"alert_status"`
	TokenPresent   flag      `json:"token_present"` // since 19.0, as is the next
	SigningPresent flag      `json:"signing_token_present"`
	URLVariables   []keyJSON `json:"url_variables"`
	Headers        []keyJSON `json:"custom_headers"`
}

type keyJSON struct {
	Key string `json:"key"`
}

func (v *Visit) emitHook(raw hookJSON) {
	id := v.IdentityID("webhook", raw.ID)
	state := inventory.Active
	switch raw.AlertStatus {
	case "":
		state = ""
	case "disabled":
		state = inventory.Inactive
	}
	v.Emit(inventory.Identity{
		ID: id, Kind: "webhook", Home: v.Home.ID, Name: raw.Name, Description: raw.Description, URL: raw.URL, State: state,
		CreatedAt: raw.CreatedAt.Known(),
		Attributes: attributes("enable_ssl_verification", triText(raw.Verify.Tri()), "token_present", triText(raw.TokenPresent.Tri()),
			"signing_token_present", triText(raw.SigningPresent.Tri()), "alert_status", raw.AlertStatus,
			"url_variables", v.keys(raw.URLVariables), "custom_headers", v.keys(raw.Headers)),
	})
	// Where no version of the answer tells of a token, its existence stays unknown, and no row claims it.
	if raw.TokenPresent.Tri() != inventory.Yes && raw.SigningPresent.Tri() != inventory.Yes && len(raw.Headers)+len(raw.URLVariables) == 0 {
		return
	}
	v.Emit(inventory.Credential{
		ID: v.CredentialID("webhook-secret", raw.ID), Kind: "webhook-secret", Identity: id, Home: v.Home.ID, Name: raw.Name,
		State: state, CreatedAt: raw.CreatedAt.Known(), ExpiresAt: inventory.Never,
	})
}

// keys lists names, sorted.
func (v *Visit) keys(list []keyJSON) string {
	names := make([]string, 0, len(list))
	for _, k := range list {
		names = append(names, v.text(k.Key))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
