package scanner

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// Environments say where a variable's scope leads; a protected one says who may deploy there.
// Source: https://docs.gitlab.com/api/environments/, https://docs.gitlab.com/api/protected_environments/
var environment = Source{
	ID:    "environment",
	Title: "Environments",
	Shows: "Deployment targets, their tier, and who may deploy to protected ones.",
	API:   []string{"POST /graphql environments", "GET /projects/:id/environments", "GET /projects/:id/protected_environments"},
	Needs: Needs{Role: Reporter, Scope: "read_api"},
	Homes: atProject,
	Skip:  buildsOff,
	Collect: func(ctx context.Context, v *Visit) error {
		nodes, viaREST, err := graphList(ctx, v, "environments", func(g *projectGraphJSON) *list[graphEnvironment] { return g.Environments })
		if viaREST {
			nodes, err = listEnvironments(ctx, v)
		}
		if err != nil {
			return err // a part of the list would make scopes look as if they led nowhere
		}
		of, err := v.protectionOf(ctx, nodes)
		environments := []inventory.Environment{}
		for _, n := range nodes {
			e := inventory.Environment{Name: v.text(n.Name), Tier: strings.ToLower(n.Tier), State: strings.ToLower(n.State)}
			e.Protected, e.Deploy = of(n)
			environments = append(environments, e)
		}
		v.Emit(inventory.Home{ID: v.Home.ID, Kind: v.Home.Kind, Environments: environments})
		return err
	},
}

// graphEnvironment has the same names in REST and in GraphQL.
type graphEnvironment struct {
	Name  string `json:"name"`
	Tier  string `json:"tier"` // GraphQL writes it in upper case
	State string `json:"state"`

	Protectors *list[struct {
		Deploy *list[struct {
			Level *struct {
				Value *int `json:"integerValue"`
			} `json:"accessLevel"`
			User  *idJSON `json:"user"`
			Group *idJSON `json:"group"`
		}] `json:"deployAccessLevels"`
	}] `json:"protectedEnvironments"` // of GraphQL in the Enterprise Edition
}

// protectionOf says how to learn who may deploy to an environment. GraphQL tells with the environment, those of groups
// included; but an entry that names a group which the token may not see looks there like one for a role, so it is
// believed to an Owner, who sees the project's groups. REST, one request for each project and group, names all.
func (v *Visit) protectionOf(ctx context.Context, nodes []graphEnvironment) (func(graphEnvironment) (inventory.Tri, []inventory.Access), error) {
	shown := len(nodes) > 0 && !slices.ContainsFunc(nodes, func(n graphEnvironment) bool { return n.Protectors == nil })
	if g, err := v.graph(ctx); shown && err == nil && g.role(v) >= Owner {
		return v.graphProtection, nil
	}
	p, err := v.environmentProtection(ctx, len(nodes) > 0)
	return func(n graphEnvironment) (inventory.Tri, []inventory.Access) {
		return p.of(n.Name, strings.ToLower(n.Tier))
	}, err
}

func (v *Visit) graphProtection(e graphEnvironment) (inventory.Tri, []inventory.Access) {
	var deploy []inventory.Access
	whole := !e.Protectors.Page.More
	for _, p := range e.Protectors.Nodes {
		if p == nil || p.Deploy == nil {
			whole = false
			continue
		}
		for _, n := range p.Deploy.Nodes {
			a := accessJSONOf{}
			switch {
			case n == nil:
			case n.User != nil:
				a.UserID = int64(n.User.ID)
			case n.Group != nil:
				a.GroupID = int64(n.Group.ID)
			case n.Level != nil:
				a.Level = n.Level.Value
			}
			if a == (accessJSONOf{}) {
				whole = false
				continue
			}
			deploy = append(deploy, v.access(a))
		}
	}
	if !whole {
		v.Incomplete("who may deploy to environment " + v.text(e.Name) + " is not shown whole")
	}
	return inventory.Is(len(e.Protectors.Nodes) > 0), deploy
}

func listEnvironments(ctx context.Context, v *Visit) ([]graphEnvironment, error) {
	var all []graphEnvironment
	for raw, err := range pages[graphEnvironment](ctx, v, "%s/environments", v.Path()) {
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
	return all, nil
}

// environmentProtection says who may deploy where. A project protects environments by name; a group protects a tier
// in all projects below it.
type environmentProtection struct {
	byName, byTier protectedPlaces
	all            bool // both were shown whole: what they do not name is not protected
}

type protectedPlaces map[string][]inventory.Access

func (p environmentProtection) of(name, tier string) (inventory.Tri, []inventory.Access) {
	deploy, named := p.byName[name]
	more, tiered := p.byTier[tier]
	switch {
	case named || tiered:
		return inventory.Yes, append(deploy, more...)
	case p.all:
		return inventory.No, nil
	}
	return inventory.Unknown, nil
}

// environmentProtection asks for the project's and its groups' lists, unless there is nothing to protect.
func (v *Visit) environmentProtection(ctx context.Context, any bool) (environmentProtection, error) {
	p := environmentProtection{byTier: protectedPlaces{}, all: true}
	if !any || v.Self.Enterprise == inventory.No { // the Community Edition protects none
		return p, nil
	}
	var err error
	if p.byName, p.all, err = protectedPlacesOf(ctx, v, v.Path(), v.Level); err != nil {
		return environmentProtection{}, err
	}
	above, whole := v.groupsAbove()
	p.all = p.all && whole
	for _, g := range above {
		type answer struct {
			places protectedPlaces
			whole  bool
		}
		path := fmt.Sprintf("groups/%d", g.Number)
		a, err := shared(v, path+" protected environments", func() (answer, error) {
			places, whole, err := protectedPlacesOf(ctx, v, path, Anyone)
			return answer{places, whole}, err
		})
		if err != nil {
			return environmentProtection{}, err
		}
		for tier, deploy := range a.places {
			p.byTier[tier] = append(p.byTier[tier], deploy...)
		}
		p.all = p.all && a.whole
	}
	return p, nil
}

// protectedPlacesOf reads one list. whole is false when the role is too low to read it. Where the role would do, 404
// says that this GitLab has no licence for it: then nothing is protected.
func protectedPlacesOf(ctx context.Context, v *Visit, path string, level Role) (places protectedPlaces, whole bool, err error) {
	if level > Anyone && level < Maintainer && !v.unit.custom {
		return nil, false, nil
	}
	type protectedJSON struct {
		Name   string         `json:"name"`
		Deploy []accessJSONOf `json:"deploy_access_levels"`
	}
	places = protectedPlaces{}
	for raw, err := range pages[protectedJSON](ctx, v, "%s/protected_environments", path) {
		switch {
		case notFound(err):
			return nil, v.Admin() || level >= Maintainer, nil
		case statusOf(err) == http.StatusForbidden:
			return nil, false, nil
		case err != nil:
			return nil, false, err
		}
		places[raw.Name] = v.accesses(raw.Deploy)
	}
	return places, true, nil
}
