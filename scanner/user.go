package scanner

import (
	"context"

	"nhiscan/inventory"
)

// userSource reads the accounts. Only administrators learn who made one and whether it is an administrator; on
// GitLab.com nobody lists the accounts of others, and members are where they come from.
// Source: https://docs.gitlab.com/api/users/
var userSource = Source{
	ID: "user", Title: "Accounts",
	Shows: "User accounts, bots and service accounts with their state; for an administrator also who made them.",
	API:   []string{"GET /users"},
	Needs: Needs{Role: Anyone, Scope: "read_api"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		if v.Self.SaaS {
			v.emitSelf()
			return denied("GitLab.com lists no accounts; those that are members come from source member")
		}
		if !v.Admin() {
			if err := v.emitListed(ctx); err != nil {
				return err
			}
			return v.onlyAdmin("who made an account, and which are administrators, stays unknown")
		}
		bots := map[int64]userRef{}
		for raw, err := range pages[userJSON](ctx, v, "users?pagination=keyset&order_by=id&sort=asc") {
			if err != nil {
				return err
			}
			v.emitAccount(raw)
			if raw.Bot.Tri() == inventory.Yes {
				bots[raw.ID] = raw.userRef
			}
		}
		_, _ = once(v, "bots", func() (map[int64]userRef, error) { return bots, nil })
		return nil
	},
}

type userJSON struct {
	userRef
	Bot          flag     `json:"bot"`
	Admin        flag     `json:"is_admin"`
	Auditor      flag     `json:"is_auditor"`
	External     flag     `json:"external"`
	CreatedBy    *userRef `json:"created_by"` // absent, not null, for all but administrators
	CreatedAt    moment   `json:"created_at"`
	LastActivity moment   `json:"last_activity_on"`
}

func (v *Visit) emitAccount(raw userJSON) {
	u := inventory.User{
		ID: v.UserID(raw.ID), Number: raw.ID, Username: raw.Username, Name: raw.Name, State: raw.State,
		Kind: botKind(raw.Username), Bot: raw.Bot.Tri(), Admin: raw.Admin.Tri(), Auditor: raw.Auditor.Tri(),
		External: raw.External.Tri(), CreatedAt: raw.CreatedAt.Known(),
	}
	if u.Bot == inventory.No {
		u.Kind = "user" // a person may take a name that looks like a bot's
	}
	if raw.CreatedBy != nil {
		u.Creator = v.UserID(raw.CreatedBy.ID)
	}
	u.LastUsedAt = raw.LastActivity.When()
	v.Emit(u)
	if u.Kind != "" && u.Kind != "user" {
		v.emitBot(u, botHome(v.Instance(), u.Username))
	}
}

// emitBot emits the identity of a bot or service account; home is empty where its name does not tell it.
func (v *Visit) emitBot(u inventory.User, home string) {
	v.Emit(inventory.Identity{
		ID: u.ID, Kind: u.Kind, Home: home, Name: u.Username, State: u.State, Creator: u.Creator, CreatedAt: u.CreatedAt,
	})
}

// emitSelf emits the account of the token.
func (v *Visit) emitSelf() {
	u := inventory.User{
		ID: v.Self.Token.User, Number: v.Self.UserNumber, Username: v.Self.Username, State: "active",
		Kind: botKind(v.Self.Username), Bot: inventory.Is(v.Self.Bot),
	}
	if !v.Self.Bot {
		u.Kind = "user"
	}
	v.Emit(u)
}

// bots returns the bots and service accounts of the instance by number. The source user has read them already, unless
// an interrupted scan did.
func (v *Visit) bots(ctx context.Context) (map[int64]userRef, error) {
	return once(v, "bots", func() (map[int64]userRef, error) {
		bots := map[int64]userRef{}
		for raw, err := range pages[userJSON](ctx, v, "users?pagination=keyset&order_by=id&sort=asc&exclude_humans=true") {
			if err != nil {
				return nil, err
			}
			bots[raw.ID] = raw.userRef
		}
		return bots, nil
	})
}
