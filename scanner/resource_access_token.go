package scanner

import (
	"context"
	"errors"
	"net/http"

	"nhiscan/inventory"
)

// resourceAccessToken reads all project and group access tokens below a top-level group in one list, and the personal
// ones of the users whom the group owns (enterprise users). GitLab.com only.
// Source: https://docs.gitlab.com/api/group_access_tokens/ and https://docs.gitlab.com/api/groups/#credentials-inventory
var resourceAccessToken = Source{
	ID: "resource-access-token", Title: "Access tokens managed by a top-level group",
	Shows: "All project and group access tokens below a top-level group, and personal access tokens of its enterprise users.",
	API:   []string{"GET /groups/:id/manage/resource_access_tokens", "GET /groups/:id/manage/personal_access_tokens"},
	Needs: Needs{Role: Owner, Scope: "read_api", Tier: "Premium", Since: "18.6", Offering: "GitLab.com"}, Homes: atGroup,
	Collect: func(ctx context.Context, v *Visit) error {
		if !v.topLevel() {
			return shownBy("resource-access-token", "the list of the top-level group shows them")
		}
		for raw, err := range pages[accessTokenJSON](ctx, v, "%s/manage/resource_access_tokens", v.Path()) {
			if err != nil {
				return err
			}
			v.emitToken(raw, "access-token", "")
		}
		for raw, err := range pages[accessTokenJSON](ctx, v, "%s/manage/personal_access_tokens", v.Path()) {
			if missing(err) {
				v.Incomplete("the personal access tokens of enterprise users were not shown: " + err.Error())
				return nil
			}
			if err != nil {
				return err
			}
			v.emitToken(raw, "personal-access-token", v.HomeID(inventory.InstanceHome, 0))
		}
		return nil
	},
}

// managedAbove reports whether the top-level group's list shows the tokens of this home. It is tried once per
// top-level group; a refusal means that each home is walked.
func (v *Visit) managedAbove(ctx context.Context) bool {
	if !v.Self.SaaS || !v.Self.atLeast(resourceAccessToken.Needs.Since) {
		return false
	}
	top, ok := v.topGroup()
	if !ok || v.Home.Kind == inventory.ProjectHome && v.Home.Parent == v.HomeID(inventory.InstanceHome, 0) {
		return false
	}
	shown, err := shared(v, "managed tokens "+top.ID, func() (bool, error) {
		_, err := one[[]accessTokenJSON](ctx, v, "groups/%d/manage/resource_access_tokens?per_page=1", top.Number)
		return err == nil, nil
	})
	return err == nil && shown
}

// missing reports whether GitLab refuses or does not have what was asked, so that the rest is still worth asking.
func missing(err error) bool {
	return statusOf(err) == http.StatusForbidden || notFound(err)
}

// worthless reports whether an error ends the whole scan, so that a list of single requests must not go on.
func worthless(err error) bool {
	return errors.Is(err, ErrToken) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
