package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
)

// The list holds active integrations only, and those inherited from a group or the instance again in every project
// below: they count once, where they are made. Password fields are never shown; the item's other properties are,
// and whoever typed a credential into one of them has exposed it.
// Source: https://docs.gitlab.com/api/project_integrations/, https://docs.gitlab.com/api/group_integrations/
var integration = Source{
	ID:    "integration",
	Title: "Integrations",
	Shows: "Active integrations of projects and groups, the system each connects to, and secrets typed into their open fields.",
	API:   []string{"GET /projects/:id/integrations", "GET /groups/:id/integrations", "GET /projects/:id/integrations/:slug"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atGroups,
	Collect: func(ctx context.Context, v *Visit) error {
		if v.Home.Kind == inventory.GroupHome {
			if err := v.require(Owner, ""); err != nil {
				return err
			}
		}
		for raw, err := range pages[integrationJSON](ctx, v, "%s/integrations", v.Path()) {
			if err != nil {
				return err
			}
			if raw.Inherited.Tri() == inventory.Yes {
				continue
			}
			item, err := one[integrationJSON](ctx, v, "%s/integrations/%s", v.Path(), escape(raw.Slug))
			switch {
			case err == nil:
				raw.Properties = item.Properties
			case statusOf(err) == 0:
				return err
			default:
				v.Incomplete(fmt.Sprintf("the settings of integration %s are not shown: %v", v.text(raw.Slug), err))
			}
			v.emitIntegration(raw)
		}
		return nil
	},
}

type integrationJSON struct {
	ID         int64                 `json:"id"`
	Title      string                `json:"title"`
	Slug       string                `json:"slug"`
	CreatedAt  moment                `json:"created_at"`
	UpdatedAt  moment                `json:"updated_at"`
	Active     flag                  `json:"active"`
	Inherited  flag                  `json:"inherited"`
	Properties map[string]hiddenText `json:"properties"` // of the item; a value may be a secret typed into the wrong field
}

// withoutSecret are the integrations that hold none: they are addresses of other systems, or send mail.
// Source: the fields listed at https://docs.gitlab.com/api/project_integrations/
var withoutSecret = []string{
	"bugzilla", "clickup", "confluence", "custom-issue-tracker", "emails-on-push", "ewm", "external-wiki", "phorge", "pipelines-email",
	"redmine", "youtrack",
}

func (v *Visit) emitIntegration(raw integrationJSON) {
	id := v.IdentityID("integration", raw.ID)
	state := stateOf(raw.Active.Tri())
	slug := v.text(raw.Slug)
	v.Emit(inventory.Identity{
		ID: id, Kind: "integration", Home: v.Home.ID, Name: cmp.Or(raw.Title, raw.Slug), URL: v.targetOf(raw.Properties), State: state,
		CreatedAt: raw.CreatedAt.Known(), Attributes: attributes("slug", slug, "updated_at", raw.UpdatedAt.Known().String()),
	})
	if !slices.Contains(withoutSecret, raw.Slug) {
		v.Emit(inventory.Credential{
			ID: v.CredentialID("integration-secret", raw.ID), Kind: "integration-secret", Identity: id, Home: v.Home.ID,
			Name: cmp.Or(raw.Title, raw.Slug), State: state, CreatedAt: raw.CreatedAt.Known(),
			Attributes: attributes("slug", slug),
		})
	}
	v.emitProperties("integrations/"+slug, raw.Properties)
}

// targetOf returns the address of the system that an integration connects to, without user info and query. It is
// cleaned here, not by Emit: what it holds is reported under the name of its field.
func (v *Visit) targetOf(properties map[string]hiddenText) string {
	for _, name := range []string{"url", "api_url", "server", "project_url", "drone_url", "jenkins_url", "bamboo_url", "teamcity_url", "hostname"} {
		if p, ok := properties[name]; ok && p.shown {
			return v.text(bareURL(p.value))
		}
	}
	return ""
}

// emitProperties reports the secrets in fields that are no password fields.
func (v *Visit) emitProperties(path string, properties map[string]hiddenText) {
	for _, name := range sortedKeys(properties) {
		p := properties[name]
		if !p.shown {
			continue
		}
		for _, f := range v.Engine().Value(name, p.value.Reveal()) {
			v.EmitFinding(inventory.Location{Home: v.Home.ID, Surface: inventory.SurfaceSetting, Path: path + " " + v.text(name)}, f)
		}
	}
}

// bareURL cuts user info, query and fragment off an address that may hold a secret there.
func bareURL(value secret.Value) string {
	s, _, _ := strings.Cut(value.Reveal(), "?")
	s, _, _ = strings.Cut(s, "#")
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	host, path, slash := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if slash {
		path = "/" + path
	}
	return scheme + "://" + host + path
}
