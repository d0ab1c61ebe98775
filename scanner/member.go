package scanner

import (
	"context"
	"slices"
	"strconv"

	"nhiscan/inventory"
)

// memberSource reads who belongs to a group or project: people and bots, with their role. Direct members are read;
// what is inherited follows from the groups above. All members are asked for where that is not enough: the groups
// above are outside the scan, or a group was invited, whose members nobody else would name.
// Source: https://docs.gitlab.com/api/members/
var memberSource = Source{
	ID: "member", Title: "Members",
	Shows: "Members of groups and projects with their role and its end, and the groups that were invited.",
	API: []string{"POST /graphql projectMembers", "GET /groups/:id/members", "GET /projects/:id/members", "GET /groups/:id/members/all",
		"GET /projects/:id/members/all", "GET /member_roles"},
	Needs: Needs{Role: Anyone, Scope: "read_api"}, Homes: atGroups,
	Collect: func(ctx context.Context, v *Visit) error {
		shares, err := v.shares(ctx)
		if err != nil {
			return err
		}
		for _, s := range shares {
			group := v.HomeID(inventory.GroupHome, s.ID)
			v.Emit(inventory.Grant{
				ID: inventory.GrantID(v.Instance(), "group-share", group, v.Home.ID), Kind: "group-share",
				Subject: group, Home: v.Home.ID, Level: s.Level, ExpiresAt: s.ExpiresAt.When(),
			})
		}
		all := len(shares) > 0 || v.Home.Parent != "" && !v.inScope(v.Home.Parent)
		if !all && v.Home.Kind == inventory.ProjectHome && v.membersByGraph(ctx) {
			nodes, viaREST, err := graphList(ctx, v, "projectMembers", func(g *projectGraphJSON) *list[graphMemberJSON] { return g.Members })
			if !viaREST {
				for _, n := range nodes {
					v.emitMember(n.row(), false)
				}
				return err
			}
		}
		list := "/members"
		if all {
			list = "/members/all"
		}
		for raw, err := range pages[memberJSON](ctx, v, "%s", v.Path()+list) {
			if err != nil {
				return err
			}
			v.emitMember(raw, all)
		}
		return nil
	},
}

// shares returns the groups invited here. A project's listing shows them; a group's only its own answer.
func (v *Visit) shares(ctx context.Context) ([]shareJSON, error) {
	if v.Home.Kind == inventory.ProjectHome {
		p, err := v.project(ctx)
		if err != nil {
			return nil, err
		}
		return p.SharedWith, nil
	}
	g, err := v.group(ctx)
	if err != nil {
		return nil, err
	}
	return g.SharedWith, nil
}

type memberJSON struct {
	userRef
	AccessLevel int      `json:"access_level"`
	ExpiresAt   moment   `json:"expires_at"`
	CreatedAt   moment   `json:"created_at"`
	CreatedBy   *userRef `json:"created_by"`
	State       string   `json:"membership_state"` // awaiting: has no rights yet
	Role        *struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"member_role"`
}

// graphMemberJSON is a direct member as GraphQL shows one: without a custom role, and without the state of those who
// wait for a seat, which only GitLab.com has. Source: Types::MemberInterface of GitLab
type graphMemberJSON struct {
	Level *struct {
		Value int `json:"integerValue"`
	} `json:"accessLevel"`
	CreatedAt moment         `json:"createdAt"`
	ExpiresAt moment         `json:"expiresAt"`
	CreatedBy *graphUserJSON `json:"createdBy"`
	User      *graphUserJSON `json:"user"`
}

func (n graphMemberJSON) row() memberJSON {
	m := memberJSON{ExpiresAt: n.ExpiresAt, CreatedAt: n.CreatedAt}
	if n.User != nil {
		m.userRef = n.User.ref()
	}
	if n.Level != nil {
		m.AccessLevel = n.Level.Value
	}
	if n.CreatedBy != nil {
		by := n.CreatedBy.ref()
		m.CreatedBy = &by
	}
	return m
}

// membersByGraph reports whether GraphQL tells of this instance's members all that REST does: there is no custom role,
// which an administrator learns with one request. Source: https://docs.gitlab.com/api/member_roles/
func (v *Visit) membersByGraph(ctx context.Context) bool {
	asked := slices.ContainsFunc(v.run.o.Sources, func(s Source) bool { return s.ID == "member" })
	if !asked || !v.Admin() || v.Self.SaaS {
		return false
	}
	if v.Self.Enterprise == inventory.No {
		return true // custom roles are a feature of Ultimate
	}
	none, err := shared(v, "custom roles", func() (bool, error) {
		roles, err := one[[]numberJSON](ctx, v, "member_roles")
		if notFound(err) {
			return true, nil // no licence for them
		}
		return len(roles) == 0, err
	})
	return err == nil && none
}

// emitMember emits a membership. Of all members GitLab does not say which are inherited, save in a group at the top,
// where nothing can be.
func (v *Visit) emitMember(raw memberJSON, all bool) {
	user := v.EmitUser(raw.userRef)
	if user == "" || raw.State == "awaiting" {
		return
	}
	inherited := inventory.No
	if all && !v.topLevel() {
		inherited = inventory.Unknown
	}
	g := inventory.Grant{
		ID: inventory.GrantID(v.Instance(), "membership", user, v.Home.ID), Kind: "membership", Subject: user, Home: v.Home.ID,
		Level: raw.AccessLevel, ExpiresAt: raw.ExpiresAt.When(), CreatedAt: raw.CreatedAt.Known(), Inherited: inherited,
	}
	if raw.Role != nil { // a custom role stands on a level and adds to it
		g.Scope = "member_role:" + strconv.FormatInt(raw.Role.ID, 10)
	}
	if raw.CreatedBy != nil {
		g.Creator = v.EmitUser(*raw.CreatedBy)
	}
	v.Emit(g)
	if kind := botKind(raw.Username); kind != "" {
		v.emitBot(inventory.User{ID: user, Kind: kind, Username: raw.Username, State: raw.userRef.State}, botHome(v.Instance(), raw.Username))
	}
}
