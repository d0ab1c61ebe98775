package scanner

import (
	"context"

	"nhiscan/inventory"
)

// A trigger token starts pipelines with the rights of its owner. GitLab shows the whole value to the owner and its
// first four characters to others: those are dropped.
// Source: https://docs.gitlab.com/api/pipeline_triggers/
var trigger = Source{
	ID:    "trigger",
	Title: "Pipeline trigger tokens",
	Shows: "Pipeline trigger tokens, their owner, expiry and last use.",
	API:   []string{"GET /projects/:id/triggers", "POST /graphql pipelineTriggers"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	Skip:  buildsOff,
	Collect: func(ctx context.Context, v *Visit) error {
		if none, err := v.graphShowsNone(ctx, func(g *projectGraphJSON) *list[idJSON] { return g.Triggers }); err != nil || none {
			return err
		}
		for raw, err := range pages[triggerJSON](ctx, v, "%s/triggers", v.Path()) {
			if err != nil {
				return err
			}
			v.emitTrigger(raw)
		}
		return nil
	},
}

type triggerJSON struct {
	ID          int64      `json:"id"`
	Description string     `json:"description"`
	Token       hiddenText `json:"token"`
	CreatedAt   moment     `json:"created_at"`
	LastUsed    moment     `json:"last_used"`
	ExpiresAt   moment     `json:"expires_at"` // since 17.11; absent before, when no trigger token expired
	Owner       *userRef   `json:"owner"`
}

// shortToken is how much of a foreign token GitLab shows.
const shortToken = 4

func (v *Visit) emitTrigger(raw triggerJSON) {
	id := v.IdentityID("trigger", raw.ID)
	owner, own := "", false
	if raw.Owner != nil {
		owner, own = v.EmitUser(*raw.Owner), raw.Owner.ID == v.Self.UserNumber
	}
	state := inventory.StateOf(v.Now(), inventory.No, inventory.Unknown, raw.ExpiresAt.When())
	v.Emit(inventory.Identity{
		ID: id, Kind: "trigger", Home: v.Home.ID, Name: raw.Description, State: state, ActsAs: owner, CreatedAt: raw.CreatedAt.Known(),
	})
	c := inventory.Credential{
		ID: v.CredentialID("trigger-token", raw.ID), Kind: "trigger-token", Identity: id, Home: v.Home.ID, Name: raw.Description,
		State: state, Creator: owner, CreatedAt: raw.CreatedAt.Known(), ExpiresAt: raw.ExpiresAt.When(),
		Volatile: inventory.Volatile{LastUsedAt: raw.LastUsed.When()},
	}
	if own && raw.Token.value.Len() > shortToken {
		v.EmitShown(c, "triggers/"+lastPart(id), raw.Token.value)
		return
	}
	v.Emit(c)
}

// graphShowsNone reports whether the project's GraphQL answer says, to a role that would see them, that there are no
// rows at all. It saves the request for the list; GraphQL refused or unclear answers false.
func (v *Visit) graphShowsNone(ctx context.Context, pick func(*projectGraphJSON) *list[idJSON]) (bool, error) {
	g, err := v.graph(ctx)
	switch {
	case askedInVain(err):
		return false, nil
	case err != nil:
		return false, err
	}
	l := pick(g)
	return l != nil && len(l.Nodes) == 0 && !l.Page.More && g.role(v) >= v.source.Needs.Role, nil
}
