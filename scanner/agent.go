package scanner

import (
	"context"
	"fmt"

	"nhiscan/inventory"
)

// An agent's tokens have no expiry. REST lists the active ones and shows their last use one by one; GraphQL shows
// all, revoked ones included, in one answer.
// Source: https://docs.gitlab.com/api/cluster_agents/
var agent = Source{
	ID:    "agent",
	Title: "Agents for Kubernetes",
	Shows: "Cluster agents and their tokens, who made them, and their last use.",
	API: []string{"POST /graphql clusterAgents", "GET /projects/:id/cluster_agents", "GET /projects/:id/cluster_agents/:agent_id/tokens",
		"GET /projects/:id/cluster_agents/:agent_id/tokens/:token_id"},
	Needs: Needs{Role: Developer, Scope: "read_api"},
	Homes: atProject,
	Collect: func(ctx context.Context, v *Visit) error {
		nodes, viaREST, err := graphList(ctx, v, "clusterAgents", func(g *projectGraphJSON) *list[graphAgentJSON] { return g.Agents })
		if viaREST {
			return collectAgents(ctx, v)
		}
		for _, a := range nodes {
			id := v.emitAgent(int64(a.ID), a.Name, a.CreatedAt, v.emitGraphUser(a.CreatedBy))
			if a.Tokens == nil {
				v.Incomplete("the tokens of an agent are not shown")
				continue
			}
			for _, t := range a.Tokens.Nodes {
				if t != nil {
					v.emitAgentToken(id, agentTokenJSON{
						ID: int64(t.ID), Name: t.Name, Description: t.Description, Status: t.Status, CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt,
					}, v.emitGraphUser(t.CreatedBy))
				}
			}
		}
		return err
	},
}

type agentJSON struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	CreatedAt moment `json:"created_at"`
	CreatedBy int64  `json:"created_by_user_id"`
}

type agentTokenJSON struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Status      string `json:"status"`
	CreatedAt   moment `json:"created_at"`
	CreatedBy   int64  `json:"created_by_user_id"`
	LastUsedAt  moment `json:"last_used_at"` // of the item only
}

type graphAgentJSON struct {
	ID        gid                        `json:"id"`
	Name      string                     `json:"name"`
	CreatedAt moment                     `json:"createdAt"`
	CreatedBy *graphUserJSON             `json:"createdByUser"`
	Tokens    *list[graphAgentTokenJSON] `json:"tokens"`
}

type graphAgentTokenJSON struct {
	ID          gid            `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Status      string         `json:"status"`
	CreatedAt   moment         `json:"createdAt"`
	LastUsedAt  moment         `json:"lastUsedAt"`
	CreatedBy   *graphUserJSON `json:"createdByUser"`
}

// collectAgents goes by REST: a list of tokens for each agent, and an item for each token.
func collectAgents(ctx context.Context, v *Visit) error {
	for raw, err := range pages[agentJSON](ctx, v, "%s/cluster_agents", v.Path()) {
		if err != nil {
			return err
		}
		id := v.emitAgent(raw.ID, raw.Name, raw.CreatedAt, v.UserID(raw.CreatedBy))
		if err := collectAgentTokens(ctx, v, raw.ID, id); err != nil {
			if statusOf(err) == 0 {
				return err
			}
			v.Incomplete(fmt.Sprintf("the tokens of agent %d are not shown: %v", raw.ID, err))
		}
	}
	return nil
}

func collectAgentTokens(ctx context.Context, v *Visit, agent int64, identity string) error {
	for t, err := range pages[agentTokenJSON](ctx, v, "%s/cluster_agents/%d/tokens", v.Path(), agent) {
		if err != nil {
			return err
		}
		item, err := one[agentTokenJSON](ctx, v, "%s/cluster_agents/%d/tokens/%d", v.Path(), agent, t.ID)
		switch {
		case err == nil:
			t = item
		case statusOf(err) == 0:
			return err
		default:
			v.Incomplete(fmt.Sprintf("the last use of agent token %d is not shown: %v", t.ID, err))
		}
		v.emitAgentToken(identity, t, v.UserID(t.CreatedBy))
	}
	return nil
}

func (v *Visit) emitAgent(number int64, name string, created moment, creator string) string {
	id := v.IdentityID("agent", number)
	v.Emit(inventory.Identity{ID: id, Kind: "agent", Home: v.Home.ID, Name: name, Creator: creator, CreatedAt: created.Known()})
	return id
}

func (v *Visit) emitAgentToken(identity string, t agentTokenJSON, creator string) {
	state := ""
	switch t.Status {
	case "active", "ACTIVE":
		state = inventory.Active
	case "revoked", "REVOKED":
		state = inventory.Revoked
	}
	v.Emit(inventory.Credential{
		ID: v.CredentialID("agent-token", t.ID), Kind: "agent-token", Identity: identity, Home: v.Home.ID, Name: t.Name,
		Description: t.Description, State: state, Creator: creator, CreatedAt: t.CreatedAt.Known(), ExpiresAt: inventory.Never,
		Volatile: inventory.Volatile{LastUsedAt: t.LastUsedAt.When()},
	})
}
