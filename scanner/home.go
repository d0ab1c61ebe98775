package scanner

import (
	"context"
	"encoding/json"

	"nhiscan/inventory"
)

// The three listings come first: what they emit is what the rest of the scan visits.

// groupSource lists the groups: all for an administrator, else those one is a member of, or those asked for.
// Source: https://docs.gitlab.com/api/groups/
var groupSource = Source{
	ID: "group", Title: "Groups", Shows: "The groups in the scan's scope, with the settings that rules read.",
	API:   []string{"GET /groups", "GET /groups/:id", "GET /groups/:id/descendant_groups"},
	Needs: Needs{Scope: "read_api"}, Homes: []inventory.HomeKind{inventory.InstanceHome, inventory.GroupHome},
	Collect: func(ctx context.Context, v *Visit) error {
		list := "groups?order_by=id&sort=asc&min_access_level=10"
		if v.Admin() || v.Self.Auditor {
			list = "groups?order_by=id&sort=asc"
		}
		if v.Home.Kind == inventory.GroupHome {
			list = v.Path() + "/descendant_groups?order_by=id&sort=asc"
			v.emitGroup(*v.unit.group)
		}
		for raw, err := range pages[groupJSON](ctx, v, "%s", list) {
			if err != nil {
				return err
			}
			v.emitGroup(raw)
		}
		return nil
	},
}

// projectSource lists the projects, archived ones included: their tokens live on.
// with_shared=false: a project shared with a group belongs to another one.
// Source: https://docs.gitlab.com/api/projects/
var projectSource = Source{
	ID: "project", Title: "Projects", Shows: "The projects in the scan's scope, archived ones included, with the settings that rules read.",
	API:   []string{"GET /projects", "GET /projects/:id", "GET /groups/:id/projects"},
	Needs: Needs{Scope: "read_api"}, Homes: atAll,
	Collect: func(ctx context.Context, v *Visit) error {
		list := "projects?order_by=id&sort=asc&pagination=keyset&membership=true&statistics=true"
		switch {
		case v.Home.Kind == inventory.ProjectHome:
			v.emitProject(*v.unit.project)
			return nil
		case v.Home.Kind == inventory.GroupHome:
			list = v.Path() + "/projects?include_subgroups=true&with_shared=false&order_by=id&sort=asc&statistics=true"
		case v.Admin() || v.Self.Auditor: // an auditor may read every project
			list = "projects?order_by=id&sort=asc&pagination=keyset&statistics=true"
		}
		for raw, err := range pages[projectJSON](ctx, v, "%s", list) {
			if err != nil {
				return err
			}
			v.emitProject(raw)
		}
		return nil
	},
}

type accessJSON struct {
	AccessLevel int `json:"access_level"`
}

type permissionsJSON struct {
	Project *accessJSON `json:"project_access"`
	Group   *accessJSON `json:"group_access"`
}

type projectJSON struct {
	ID             int64    `json:"id"`
	Path           string   `json:"path_with_namespace"`
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	WebURL         string   `json:"web_url"`
	HTTPURL        string   `json:"http_url_to_repo"`
	Visibility     string   `json:"visibility"`
	Archived       flag     `json:"archived"`
	DeletionOn     moment   `json:"marked_for_deletion_on"`
	CreatedAt      moment   `json:"created_at"`
	LastActivityAt moment   `json:"last_activity_at"`
	CreatorID      int64    `json:"creator_id"`
	DefaultBranch  string   `json:"default_branch"`
	EmptyRepo      flag     `json:"empty_repo"`
	Topics         []string `json:"topics"`
	Mirror         flag     `json:"mirror"`
	MirrorUserID   int64    `json:"mirror_user_id"`
	RunnersToken   string   `json:"runners_token"` // a value: dropped once registration-token has read it
	Namespace      struct {
		ID   int64  `json:"id"`
		Kind string `json:"kind"`
	} `json:"namespace"`
	Owner       *userRef         `json:"owner"`
	Permissions *permissionsJSON `json:"permissions"`
	SharedWith  []shareJSON      `json:"shared_with_groups"`
	ForkedFrom  *struct {
		ID int64 `json:"id"`
	} `json:"forked_from_project"`
	// Statistics are shown to Reporters and above, where they were asked for: absent otherwise.
	Statistics *sizesJSON `json:"statistics"`

	settings map[string]string
}

// sizesJSON are bytes. They are kept by the unit of the project and are no row: they change with every push.
type sizesJSON struct {
	Wiki     int64 `json:"wiki_size"`
	Snippets int64 `json:"snippets_size"`
}

type groupJSON struct {
	ID          int64  `json:"id"`
	Path        string `json:"full_path"`
	Name        string `json:"name"`
	Description string `json:"description"`
	WebURL      string `json:"web_url"`
	Visibility  string `json:"visibility"`
	Archived    flag   `json:"archived"`
	DeletionOn  moment `json:"marked_for_deletion_on"`
	CreatedAt   moment `json:"created_at"`
	ParentID    int64  `json:"parent_id"`
	// RunnersToken is a value, as in projectJSON; the group's own answer shows it to its Owners, as null where such tokens
	// are switched off.
	RunnersToken runnersToken `json:"runners_token"`
	// SharedWith is shown by the item only, not by lists.
	SharedWith []shareJSON `json:"shared_with_groups"`

	settings map[string]string
}

// shareJSON is a group invited into a project or another group.
type shareJSON struct {
	ID        int64  `json:"group_id"`
	Level     int    `json:"group_access_level"`
	ExpiresAt moment `json:"expires_at"`
}

// projectSettings and groupSettings are the settings that rules read, under GitLab's names.
var (
	projectSettings = []string{
		"ci_job_token_scope_enabled", "ci_push_repository_for_job_token_allowed", "ci_allow_fork_pipelines_to_run_in_parent_project",
		"ci_pipeline_variables_minimum_override_role", "restrict_user_defined_variables", "public_jobs", "ci_id_token_sub_claim_components",
		"shared_runners_enabled", "group_runners_enabled", "builds_access_level", "monitor_access_level", "pages_access_level", "empty_repo", "mirror", "ci_forward_deployment_enabled",
		"pre_receive_secret_detection_enabled", "secret_push_protection_enabled", "ci_config_path", "build_timeout", "auto_devops_enabled",
	}
	groupSettings = []string{
		"service_access_tokens_expiration_enforced", "disable_personal_access_tokens", "enforce_granular_tokens", "granular_tokens_enforced_after",
		"ip_restriction_ranges", "allow_runner_registration_token", "shared_runners_setting", "prevent_sharing_groups_outside_hierarchy",
	}
)

// UnmarshalJSON keeps the settings besides the fields.
func (p *projectJSON) UnmarshalJSON(b []byte) error {
	type plain projectJSON
	if err := json.Unmarshal(b, (*plain)(p)); err != nil {
		return err
	}
	return pickSettings(b, projectSettings, &p.settings)
}

// UnmarshalJSON keeps the settings besides the fields.
func (g *groupJSON) UnmarshalJSON(b []byte) error {
	type plain groupJSON
	if err := json.Unmarshal(b, (*plain)(g)); err != nil {
		return err
	}
	return pickSettings(b, groupSettings, &g.settings)
}

func pickSettings(b []byte, names []string, into *map[string]string) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*into = map[string]string{}
	for _, name := range names {
		if raw, ok := all[name]; ok {
			(*into)[name] = settingText(raw)
		}
	}
	return nil
}

// settingText is the JSON text of a setting; a JSON string loses its quotes.
func settingText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
		return s
	}
	return string(raw)
}

func (v *Visit) emitGroup(g groupJSON) {
	parent := v.HomeID(inventory.InstanceHome, 0)
	if g.ParentID != 0 {
		parent = v.HomeID(inventory.GroupHome, g.ParentID)
	}
	h := inventory.Home{
		ID: v.HomeID(inventory.GroupHome, g.ID), Kind: inventory.GroupHome, Number: g.ID, Parent: parent,
		Path: g.Path, Name: g.Name, Description: g.Description, URL: g.WebURL, Visibility: g.Visibility,
		Archived: g.Archived.Tri(), DeletionAt: g.DeletionOn.When(), CreatedAt: g.CreatedAt.Known(), Settings: g.settings,
	}
	v.Emit(h)
	v.run.list(unit{home: h, level: v.levelOf(nil), group: &g})
}

func (v *Visit) emitProject(p projectJSON) {
	h := inventory.Home{
		ID: v.HomeID(inventory.ProjectHome, p.ID), Kind: inventory.ProjectHome, Number: p.ID,
		Parent: v.HomeID(inventory.InstanceHome, 0), Path: p.Path, Name: p.Name, Description: p.Description, URL: p.WebURL,
		Visibility: p.Visibility, Archived: p.Archived.Tri(), DeletionAt: p.DeletionOn.When(), CreatedAt: p.CreatedAt.Known(),
		Creator: v.UserID(p.CreatorID), Default: p.DefaultBranch, Topics: p.Topics, Settings: p.settings,
	}
	if p.Namespace.Kind == "group" {
		h.Parent = v.HomeID(inventory.GroupHome, p.Namespace.ID)
	} else if p.Owner != nil {
		h.PersonalOf = v.EmitUser(*p.Owner)
	}
	if p.ForkedFrom != nil {
		h.ForkedFrom = v.HomeID(inventory.ProjectHome, p.ForkedFrom.ID)
	}
	v.Emit(h)
	level := v.levelOf(p.Permissions)
	if level > Anyone && level < Administrator {
		v.Emit(inventory.Grant{
			ID: inventory.GrantID(v.Self.Instance, "own-access", v.Self.Token.User, h.ID), Kind: "own-access",
			Subject: v.Self.Token.User, Home: h.ID, Level: int(level),
		})
	}
	v.run.list(unit{home: h, level: level, project: &p, sizes: p.Statistics})
}

// levelOf reads the token's role from a project's permissions, the higher of the two ways to it.
func (v *Visit) levelOf(p *permissionsJSON) Role {
	if v.Admin() {
		return Administrator
	}
	level := Anyone
	if p != nil && p.Project != nil {
		level = Role(p.Project.AccessLevel)
	}
	if p != nil && p.Group != nil {
		level = max(level, Role(p.Group.AccessLevel))
	}
	return level
}
