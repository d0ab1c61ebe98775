package scanner

import (
	"context"
	"encoding/json"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
)

// A registration token makes any machine a runner. The lists leave it out, the item shows it, so it is asked for
// only where the instance or a group has not switched such tokens off.
// Source: https://docs.gitlab.com/ci/runners/new_creation_workflow/ (deprecated since 15.6, off by default since 18.0)
var registrationToken = Source{
	ID:    "registration-token",
	Title: "Runner registration tokens",
	Shows: "The deprecated tokens of projects and groups with which runners register; GitLab shows their value.",
	API:   []string{"GET /projects/:id", "GET /groups/:id", "GET /application/settings"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atGroups,
	Skip: func(v *Visit) string {
		if v.registrationOffAbove() {
			return "" // that there is none is an answer
		}
		return buildsOff(v)
	},
	Collect: func(ctx context.Context, v *Visit) error {
		off, err := v.registrationOff(ctx)
		if err != nil || off {
			return err
		}
		token, err := v.registrationToken(ctx)
		if err != nil || token == "" {
			return err
		}
		ref := inventory.HomeRef(v.Home.Kind, v.Home.Number)
		id := inventory.IdentityID(v.Instance(), "registration-token", ref)
		v.Emit(inventory.Identity{ID: id, Kind: "registration-token", Home: v.Home.ID, Name: "runner registration", State: inventory.Active})
		v.EmitShown(inventory.Credential{
			ID: inventory.CredentialID(v.Instance(), "registration-token", ref), Kind: "registration-token", Identity: id,
			Home: v.Home.ID, Name: "runner registration", State: inventory.Active, ExpiresAt: inventory.Never,
		}, "runners_token", secret.New(token))
		return nil
	},
}

// registrationOffAbove reports whether the home or a group above it has switched registration tokens off.
func (v *Visit) registrationOffAbove() bool {
	groups, _ := v.groupsAbove()
	for _, h := range append(groups, v.Home) {
		if h.Setting("allow_runner_registration_token") == inventory.No {
			return true
		}
	}
	return false
}

// registrationOff reports whether registration tokens are known to be switched off here.
func (v *Visit) registrationOff(ctx context.Context) (bool, error) {
	if v.registrationOffAbove() {
		return true, nil
	}
	if !v.Admin() || v.Self.SaaS {
		return v.registrationOffAtTop(ctx), nil
	}
	return shared(v, "registration off", func() (bool, error) {
		type settings struct {
			Allowed flag `json:"allow_runner_registration_token"`
		}
		s, err := one[settings](ctx, v, "application/settings")
		return s.Allowed.Tri() == inventory.No, notRefused(err)
	})
}

// registrationOffAtTop reports whether the top-level group's own answer says that there is no token: the switches are the
// instance's and the top-level group's, so that there is none below it either. It is asked once; false is unknown.
// Source: Namespace#allow_runner_registration_token? of GitLab
func (v *Visit) registrationOffAtTop(ctx context.Context) bool {
	top, ok := v.topGroup()
	if !ok || v.Home.Kind != inventory.ProjectHome { // a group's own answer is needed anyway
		return false
	}
	off, err := shared(v, "registration off in "+top.ID, func() (bool, error) {
		g, err := one[groupJSON](ctx, v, "groups/%d?with_projects=false", top.Number)
		return g.RunnersToken.shown && g.RunnersToken.value == "", err
	})
	return err == nil && off
}

// registrationToken asks the item, unless the listing has shown the token. An empty text says that there is none:
// the item shows the field to every Maintainer.
func (v *Visit) registrationToken(ctx context.Context) (string, error) {
	if v.Home.Kind == inventory.GroupHome {
		g, err := v.group(ctx)
		if err != nil {
			return "", err
		}
		return g.RunnersToken.value, nil
	}
	if p := v.unit.project; p != nil && p.RunnersToken != "" {
		return p.RunnersToken, nil
	}
	type item struct {
		Token runnersToken `json:"runners_token"`
	}
	p, err := one[item](ctx, v, "%s", v.Path())
	if err != nil {
		return "", err
	}
	if !p.Token.shown {
		return "", denied("GitLab shows the token to Maintainers only")
	}
	return p.Token.value, nil
}

// runnersToken keeps apart that there is no token (null) and that it is not shown (absent).
type runnersToken struct {
	value string
	shown bool
}

// UnmarshalJSON is called for null too, and not at all when the field is absent.
func (r *runnersToken) UnmarshalJSON(b []byte) error {
	r.shown = true
	return json.Unmarshal(b, &r.value)
}
