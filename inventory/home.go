package inventory

import "strconv"

// HomeKind is where something lives: the instance, a group or a project.
type HomeKind string

// The kinds of home.
const (
	InstanceHome HomeKind = "instance"
	GroupHome    HomeKind = "group"
	ProjectHome  HomeKind = "project"
)

// Home is the instance, a group or a project.
type Home struct {
	ID     string   `json:"id"`
	Kind   HomeKind `json:"kind"`
	Number int64    `json:"number"` // GitLab's id; 0 for the instance
	Parent string   `json:"parent"` // home ID; empty for the instance; a personal project's parent is the instance
	Path   string   `json:"path"`   // full path, "platform/ops"; the host for the instance
	Name   string   `json:"name"`
	URL    string   `json:"url"` // without user info and query

	Visibility string `json:"visibility"` // private, internal or public; empty is unknown
	Archived   Tri    `json:"archived"`
	DeletionAt When   `json:"deletion_at"` // Never: not marked for deletion
	CreatedAt  When   `json:"created_at"`
	Creator    string `json:"creator"`        // user ID; empty is unknown
	PersonalOf string `json:"personal_of"`    // user ID, where the project lies in a personal namespace
	ForkedFrom string `json:"forked_from"`    // home ID; empty is unknown or not a fork
	Default    string `json:"default_branch"` // empty: unknown or no commits

	Description string   `json:"description"`
	Topics      []string `json:"topics"` // nil is unknown

	// Settings holds, under GitLab's own names, those settings that rules read, as JSON text
	// ("true", "365", "null"). A name that is absent was not shown.
	Settings map[string]string `json:"settings"`

	Branches     []ProtectedRef `json:"protected_branches"` // nil is unknown; empty says that none is protected
	Tags         []ProtectedRef `json:"protected_tags"`     // as Branches
	Environments []Environment  `json:"environments"`       // as Branches

	Seen []Visit `json:"-"`
}

// ProtectedRef is a protected branch or tag, by name or wildcard.
type ProtectedRef struct {
	Pattern   string   `json:"pattern"`
	Push      []Access `json:"push"`  // who may push (branch); nil is unknown
	Merge     []Access `json:"merge"` // who may merge (branch); nil is unknown
	Create    []Access `json:"create"`
	ForcePush Tri      `json:"force_push"`
}

// Access is one entry of an access list: a role, or one user, group or deploy key.
type Access struct {
	Level     int    `json:"level"` // 0 is "no one", 30 Developer, 40 Maintainer, 60 administrator
	User      string `json:"user,omitempty"`
	Group     string `json:"group,omitempty"`
	DeployKey string `json:"deploy_key,omitempty"`
}

// Environment is a deployment target of a project.
type Environment struct {
	Name      string   `json:"name"`
	Tier      string   `json:"tier"`  // production, staging, testing, development, other; empty is unknown
	State     string   `json:"state"` // available, stopping, stopped; empty is unknown
	Protected Tri      `json:"protected"`
	Deploy    []Access `json:"deploy"`
}

// Setting returns a setting that is a yes or no. Null and absent are Unknown.
func (h Home) Setting(name string) Tri {
	switch h.Settings[name] {
	case "true":
		return Yes
	case "false":
		return No
	}
	return Unknown
}

// SettingNumber returns a setting that is a number. shown is false when GitLab did not show it;
// set is false when GitLab says null, which for a limit means that there is none.
func (h Home) SettingNumber(name string) (n int, set, shown bool) {
	text, shown := h.Settings[name]
	n, err := strconv.Atoi(text)
	return n, err == nil, shown
}
