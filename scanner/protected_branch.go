package scanner

import (
	"context"
	"fmt"

	"nhiscan/inventory"
)

// Protected branches decide who can reach protected variables, and whether a deploy key may change code.
// Source: https://docs.gitlab.com/api/protected_branches/
var protectedBranch = Source{
	ID:    "protected-branch",
	Title: "Protected branches",
	Shows: "Which branches are protected, and who may push and merge there.",
	API:   []string{"POST /graphql branchRules", "GET /projects/:id/protected_branches"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	None:  emptyRepository,
	Collect: func(ctx context.Context, v *Visit) error {
		nodes, viaREST, err := graphList(ctx, v, "branchRules", func(g *projectGraphJSON) *list[graphBranchRuleJSON] { return g.BranchRules })
		if viaREST {
			return collectProtectedBranches(ctx, v)
		}
		if err != nil {
			return err // a part of the list is no list: what is missing would count as not protected
		}
		refs := []inventory.ProtectedRef{}
		for _, n := range nodes {
			if n.Protection == nil {
				continue // a rule about merge requests only
			}
			push, all := n.Protection.Push.accesses(v)
			merge, both := n.Protection.Merge.accesses(v)
			if !all || !both {
				v.Incomplete(fmt.Sprintf("the access list of branch %s is not shown whole", v.text(n.Name)))
			}
			refs = append(refs, inventory.ProtectedRef{Pattern: v.text(n.Name), Push: push, Merge: merge, ForcePush: n.Protection.Force.Tri()})
		}
		v.Emit(inventory.Home{ID: v.Home.ID, Kind: v.Home.Kind, Branches: refs})
		return nil
	},
}

type graphBranchRuleJSON struct {
	Name       string `json:"name"`
	Protection *struct {
		Force flag             `json:"allowForcePush"`
		Push  *graphAccessList `json:"pushAccessLevels"`
		Merge *graphAccessList `json:"mergeAccessLevels"`
	} `json:"branchProtection"`
}

type graphAccessList struct {
	Nodes []*struct {
		Level     *int    `json:"accessLevel"`
		User      *idJSON `json:"user"`
		Group     *idJSON `json:"group"`
		DeployKey *idJSON `json:"deployKey"`
	} `json:"nodes"`
}

// accesses returns the entries; nil when they were not shown. whole is false when some are missing.
func (l *graphAccessList) accesses(v *Visit) (list []inventory.Access, whole bool) {
	if l == nil {
		return nil, false
	}
	list, whole = []inventory.Access{}, len(l.Nodes) < perPage
	for _, n := range l.Nodes {
		if n == nil {
			return nil, false
		}
		a := accessJSONOf{Level: n.Level}
		for _, ref := range []struct {
			from *idJSON
			to   *int64
		}{{n.User, &a.UserID}, {n.Group, &a.GroupID}, {n.DeployKey, &a.DeployKeyID}} {
			if ref.from != nil {
				*ref.to = int64(ref.from.ID)
			}
		}
		list = append(list, v.access(a))
	}
	return list, whole
}

// accessJSONOf is one entry of an access list. A user, group or key is named beside a level, which then says nothing.
type accessJSONOf struct {
	Level       *int  `json:"access_level"`
	UserID      int64 `json:"user_id"`
	GroupID     int64 `json:"group_id"`
	DeployKeyID int64 `json:"deploy_key_id"`
}

func (v *Visit) access(a accessJSONOf) inventory.Access {
	switch {
	case a.UserID != 0:
		return inventory.Access{User: v.UserID(a.UserID)}
	case a.GroupID != 0:
		return inventory.Access{Group: v.HomeID(inventory.GroupHome, a.GroupID)}
	case a.DeployKeyID != 0:
		return inventory.Access{DeployKey: v.CredentialID("deploy-key", a.DeployKeyID)}
	case a.Level != nil:
		return inventory.Access{Level: *a.Level}
	}
	return inventory.Access{}
}

// accesses reads the entries of a REST answer; nil stays nil, for it was not shown.
func (v *Visit) accesses(entries []accessJSONOf) []inventory.Access {
	if entries == nil {
		return nil
	}
	list := make([]inventory.Access, 0, len(entries))
	for _, e := range entries {
		list = append(list, v.access(e))
	}
	return list
}

type protectedBranchJSON struct {
	Name  string         `json:"name"`
	Push  []accessJSONOf `json:"push_access_levels"`
	Merge []accessJSONOf `json:"merge_access_levels"`
	Force flag           `json:"allow_force_push"`
}

func collectProtectedBranches(ctx context.Context, v *Visit) error {
	refs := []inventory.ProtectedRef{}
	for raw, err := range pages[protectedBranchJSON](ctx, v, "%s/protected_branches", v.Path()) {
		if err != nil {
			return err
		}
		refs = append(refs, inventory.ProtectedRef{
			Pattern: v.text(raw.Name), Push: v.accesses(raw.Push), Merge: v.accesses(raw.Merge), ForcePush: raw.Force.Tri(),
		})
	}
	v.Emit(inventory.Home{ID: v.Home.ID, Kind: v.Home.Kind, Branches: refs})
	return nil
}

// protectedTag reads who may create protected tags: a tag that a Developer may create reaches protected variables.
// Source: https://docs.gitlab.com/api/protected_tags/
var protectedTag = Source{
	ID:    "protected-tag",
	Title: "Protected tags",
	Shows: "Which tags are protected, and who may create them.",
	API:   []string{"GET /projects/:id/protected_tags"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	None:  emptyRepository,
	Collect: func(ctx context.Context, v *Visit) error {
		type protectedTagJSON struct {
			Name   string         `json:"name"`
			Create []accessJSONOf `json:"create_access_levels"`
		}
		refs := []inventory.ProtectedRef{}
		for raw, err := range pages[protectedTagJSON](ctx, v, "%s/protected_tags", v.Path()) {
			if err != nil {
				return err
			}
			refs = append(refs, inventory.ProtectedRef{Pattern: v.text(raw.Name), Create: v.accesses(raw.Create)})
		}
		v.Emit(inventory.Home{ID: v.Home.ID, Kind: v.Home.Kind, Tags: refs})
		return nil
	},
}
