package scanner

import (
	"context"
	"slices"
)

// impersonationToken tells impersonation tokens apart from personal ones, which the list of all tokens cannot. GitLab
// lists them by user only, so those people are asked about who have a live token at all; a dead impersonation token
// stays among the personal ones.
// Source: https://docs.gitlab.com/api/user_tokens/#list-all-impersonation-tokens-for-a-user
var impersonationToken = Source{
	ID: "impersonation-token", Title: "Impersonation tokens",
	Shows: "Live tokens that administrators made to act as another user, who cannot see them.",
	API:   []string{"GET /users/:id/impersonation_tokens"},
	Needs: Needs{Role: Administrator, Scope: "read_api", Offering: "self-managed"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		users, err := v.tokenUsers(ctx)
		if err != nil {
			return err
		}
		bots, err := v.bots(ctx)
		if err != nil {
			return err
		}
		for _, user := range sortedNumbers(users.live) {
			if _, bot := bots[user]; bot {
				continue
			}
			if err := v.impersonationTokens(ctx, user); err != nil {
				if worthless(err) {
					return err
				}
				v.Incomplete("the impersonation tokens of a user: " + err.Error())
			}
		}
		return nil
	},
}

func (v *Visit) impersonationTokens(ctx context.Context, user int64) error {
	for raw, err := range pages[accessTokenJSON](ctx, v, "users/%d/impersonation_tokens?state=active", user) {
		if err != nil {
			return err
		}
		if raw.UserID == 0 {
			raw.UserID = user
		}
		v.emitToken(raw, "impersonation-token", v.HomeID("instance", 0))
	}
	return nil
}

func sortedNumbers[V any](m map[int64]V) []int64 {
	list := make([]int64, 0, len(m))
	for n := range m {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}
