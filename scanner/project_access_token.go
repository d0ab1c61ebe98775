package scanner

import (
	"context"

	"nhiscan/inventory"
)

// projectAccessToken walks the projects, unless one list shows the same tokens: the administrator's, or the one of
// the top-level group on GitLab.com. Source: https://docs.gitlab.com/api/project_access_tokens/
var projectAccessToken = Source{
	ID: "project-access-token", Title: "Project access tokens",
	Shows: "Access tokens of a project's bots, with role, scopes, expiry and last use.",
	API:   []string{"GET /projects/:id/access_tokens"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"}, Homes: atProject,
	Collect: collectHomeTokens,
}

// groupAccessToken is projectAccessToken for groups. Source: https://docs.gitlab.com/api/group_access_tokens/
var groupAccessToken = Source{
	ID: "group-access-token", Title: "Group access tokens",
	Shows: "Access tokens of a group's bots, with role, scopes, expiry and last use.",
	API:   []string{"GET /groups/:id/access_tokens"},
	Needs: Needs{Role: Owner, Scope: "read_api"}, Homes: atGroup,
	Collect: collectHomeTokens,
}

func collectHomeTokens(ctx context.Context, v *Visit) error {
	if v.wholeTokenList() {
		return shownBy("personal-access-token", "the list of all access tokens shows them")
	}
	if v.managedAbove(ctx) {
		return shownBy("resource-access-token", "the list of the top-level group shows them")
	}
	if v.botless(ctx) {
		return nil
	}
	kind := inventory.CredentialKind("project-access-token")
	if v.Home.Kind == inventory.GroupHome {
		kind = "group-access-token"
	}
	for raw, err := range pages[accessTokenJSON](ctx, v, "%s/access_tokens", v.Path()) {
		if err != nil {
			return err
		}
		v.emitToken(raw, kind, v.Home.ID)
	}
	return nil
}
