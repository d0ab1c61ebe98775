package scanner

import (
	"context"
	"fmt"

	"nhiscan/inventory"
)

// serviceAccount reads service accounts where they were made, with their tokens. Names alone do not tell them: they
// may be chosen freely. Groups below the top have none of their own.
// Source: https://docs.gitlab.com/api/service_accounts/
var serviceAccount = Source{
	ID: "service-account", Title: "Service accounts",
	Shows: "Service accounts of the instance, of top-level groups and of projects, and their access tokens.",
	API: []string{
		"GET /service_accounts", "GET /groups/:id/service_accounts", "GET /groups/:id/service_accounts/:user_id/personal_access_tokens",
		"GET /projects/:id/service_accounts", "GET /projects/:id/service_accounts/:user_id/personal_access_tokens",
	},
	Needs: Needs{Role: Maintainer, Scope: "read_api", Tier: "Premium", Since: "17.1"}, Homes: atAll,
	Collect: func(ctx context.Context, v *Visit) error {
		list := v.Path() + "/service_accounts"
		switch v.Home.Kind {
		case inventory.InstanceHome:
			if v.Self.SaaS {
				return unsupported("GitLab.com has service accounts of groups and projects only")
			}
			if err := v.require(Administrator, "Premium"); err != nil {
				return err
			}
			if !v.Admin() {
				return v.onlyAdmin("")
			}
			list = "service_accounts?order_by=id&sort=asc"
		case inventory.GroupHome:
			if err := v.require(Owner, "Premium"); err != nil {
				return err
			}
			if !v.topLevel() {
				return shownBy("service-account", "service accounts belong to the top-level group")
			}
			return v.groupServiceAccounts(ctx)
		case inventory.ProjectHome:
			if !v.Self.atLeast("19.0") {
				return unsupported(fmt.Sprintf("GitLab %s has no service accounts of projects", v.Self.Version))
			}
			if v.Admin() {
				return shownBy("user", "the lists of all accounts and of all access tokens show them")
			}
			if v.serviceless(ctx) {
				return nil
			}
		}
		accounts, err := v.serviceAccounts(ctx, list)
		if err != nil {
			return err
		}
		return v.emitServiceAccounts(ctx, accounts)
	},
}

func (v *Visit) serviceAccounts(ctx context.Context, list string) ([]userRef, error) {
	var accounts []userRef
	for raw, err := range pages[userRef](ctx, v, "%s", list) {
		if err != nil {
			return accounts, err
		}
		accounts = append(accounts, raw)
	}
	return accounts, nil
}

func (v *Visit) groupServiceAccounts(ctx context.Context) error {
	accounts, err := v.serviceAccountsOf(ctx, v.Home)
	if err != nil {
		return err
	}
	return v.emitServiceAccounts(ctx, accounts)
}

// serviceAccountsOf lists the service accounts of a top-level group, once in a scan: ssh-key and gpg-key need them too.
func (v *Visit) serviceAccountsOf(ctx context.Context, group inventory.Home) ([]userRef, error) {
	return shared(v, "service accounts "+group.ID, func() ([]userRef, error) {
		return v.serviceAccounts(ctx, fmt.Sprintf("groups/%d/service_accounts", group.Number))
	})
}

func (v *Visit) emitServiceAccounts(ctx context.Context, accounts []userRef) error {
	for _, a := range accounts {
		u := inventory.User{
			ID: v.UserID(a.ID), Number: a.ID, Username: a.Username, Name: a.Name, State: a.State,
			Kind: "service-account", Bot: inventory.Yes,
		}
		v.Emit(u)
		v.emitBot(u, v.Home.ID)
		if v.wholeTokenList() {
			continue // source personal-access-token shows them
		}
		err := v.serviceAccountTokens(ctx, a.ID)
		if worthless(err) {
			return err
		}
		if err != nil {
			v.Incomplete(fmt.Sprintf("the tokens of service account %s: %v", a.Username, err))
		}
	}
	return nil
}

func (v *Visit) serviceAccountTokens(ctx context.Context, account int64) error {
	if !v.Self.atLeast("17.11") {
		return fmt.Errorf("GitLab %s does not list them: since 17.11", v.Self.Version)
	}
	for raw, err := range pages[accessTokenJSON](ctx, v, "%s/service_accounts/%d/personal_access_tokens", v.Path(), account) {
		if err != nil {
			return err
		}
		v.emitToken(raw, "service-account-token", v.Home.ID)
	}
	return nil
}
