package scanner

import (
	"context"

	"nhiscan/inventory"
)

// A deploy key has no home of its own: one key may open many projects, and its grants say which. The instance list,
// which is whole for an administrator only, names the projects of each key; it is read once for all projects.
// Source: https://docs.gitlab.com/api/deploy_keys/
var deployKey = Source{
	ID:    "deploy-key",
	Title: "Deploy keys",
	Shows: "SSH keys that open repositories without being a person, the projects that each opens, and whether it may push there.",
	API:   []string{"GET /deploy_keys", "GET /projects/:id/deploy_keys"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: []inventory.HomeKind{inventory.InstanceHome, inventory.ProjectHome},
	Skip: func(v *Visit) string {
		if v.Home.Kind == inventory.InstanceHome && !v.Admin() {
			return "the instance's list is an administrator's; each project's is read instead"
		}
		return ""
	},
	Collect: func(ctx context.Context, v *Visit) error {
		if !v.Admin() || v.Self.SaaS {
			return collectProjectKeys(ctx, v)
		}
		all, err := shared(v, "deploy keys", func() (*deployKeys, error) { return listDeployKeys(ctx, v) })
		switch {
		case v.Home.Kind == inventory.ProjectHome && (err != nil || !all.readOnlyShown):
			return collectProjectKeys(ctx, v)
		case err != nil:
			return err
		case v.Home.Kind == inventory.ProjectHome:
			for _, k := range all.of[v.Home.Number] {
				v.emitDeployKey(k.deployKeyJSON)
				v.emitKeyGrant(k.deployKeyJSON, k.push)
			}
			return nil
		}
		for _, k := range all.keys { // those of no project too: a public key waits to be enabled
			v.emitDeployKey(k)
		}
		return nil
	},
}

type deployKeyJSON struct {
	ID         int64  `json:"id"`
	Title      string `json:"title"`
	SHA256     string `json:"fingerprint_sha256"`
	CreatedAt  moment `json:"created_at"`
	ExpiresAt  moment `json:"expires_at"`
	LastUsedAt moment `json:"last_used_at"`
	UsageType  string `json:"usage_type"`
	CanPush    flag   `json:"can_push"`
	Public     flag   `json:"-"` // told by a filter of the instance list only

	// Of the instance list. The second is younger than the first: nil says that this version does not tell.
	Write    []numberJSON `json:"projects_with_write_access"`
	ReadOnly []numberJSON `json:"projects_with_readonly_access"`
}

type numberJSON struct {
	ID int64 `json:"id"`
}

// deployKeys is the instance list, and the same by project.
type deployKeys struct {
	keys          []deployKeyJSON
	of            map[int64][]keyOfProject
	readOnlyShown bool
}

type keyOfProject struct {
	deployKeyJSON
	push inventory.Tri
}

func listDeployKeys(ctx context.Context, v *Visit) (*deployKeys, error) {
	all := &deployKeys{of: map[int64][]keyOfProject{}, readOnlyShown: true}
	seen := map[int64]bool{} // a list that moved is read twice
	add := func(k deployKeyJSON, projects []numberJSON, push inventory.Tri) {
		for _, p := range projects {
			all.of[p.ID] = append(all.of[p.ID], keyOfProject{k, push})
		}
	}
	public := map[int64]bool{} // the list does not say which keys are: its filter does
	for k, err := range pages[numberJSON](ctx, v, "deploy_keys?public=true") {
		if err != nil {
			return nil, err
		}
		public[k.ID] = true
	}
	for k, err := range pages[deployKeyJSON](ctx, v, "deploy_keys") {
		if err != nil {
			return nil, err
		}
		if seen[k.ID] {
			continue
		}
		seen[k.ID] = true
		all.readOnlyShown = all.readOnlyShown && k.ReadOnly != nil
		bare := k
		bare.Public = flag{inventory.Is(public[k.ID])}
		bare.Write, bare.ReadOnly = nil, nil
		add(bare, k.Write, inventory.Yes)
		add(bare, k.ReadOnly, inventory.No)
		all.keys = append(all.keys, bare)
	}
	return all, nil
}

func collectProjectKeys(ctx context.Context, v *Visit) error {
	for k, err := range pages[deployKeyJSON](ctx, v, "%s/deploy_keys", v.Path()) {
		if err != nil {
			return err
		}
		v.emitDeployKey(k)
		v.emitKeyGrant(k, k.CanPush.Tri())
	}
	return nil
}

func (v *Visit) emitDeployKey(k deployKeyJSON) {
	id := v.IdentityID("deploy-key", k.ID)
	// GitLab has no switch for a key: it works until it expires or leaves its last project.
	state := inventory.StateOf(v.Now(), inventory.No, inventory.Unknown, k.ExpiresAt.When())
	v.Emit(inventory.Identity{ID: id, Kind: "deploy-key", Name: k.Title, State: state, CreatedAt: k.CreatedAt.Known()})
	v.Emit(inventory.Credential{
		ID: v.CredentialID("deploy-key", k.ID), Kind: "deploy-key", Identity: id, Name: k.Title, State: state,
		CreatedAt: k.CreatedAt.Known(), ExpiresAt: k.ExpiresAt.When(), Volatile: inventory.Volatile{LastUsedAt: k.LastUsedAt.When()},
		// The fingerprint of the public half names the key pair and tells nothing of the private half.
		Attributes: attributes("fingerprint_sha256", k.SHA256, "usage_type", k.UsageType, "public", triText(k.Public.Tri())),
	})
}

func (v *Visit) emitKeyGrant(k deployKeyJSON, push inventory.Tri) {
	id := v.IdentityID("deploy-key", k.ID)
	scope := map[inventory.Tri]string{inventory.Yes: "push", inventory.No: "read"}[push]
	v.Emit(inventory.Grant{
		ID: inventory.GrantID(v.Instance(), "deploy-key", id, v.Home.ID), Kind: "deploy-key", Subject: id, Home: v.Home.ID,
		Scope: scope, ExpiresAt: k.ExpiresAt.When(),
	})
}
