package scanner

import (
	"context"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// Role is GitLab's access level. Levels between the named ones exist, and custom roles build on them.
type Role int

// The roles that sources need. Administrator means: effectively, with Admin Mode where the instance asks for it.
const (
	Anyone        Role = 0
	Guest         Role = 10
	Reporter      Role = 20
	Developer     Role = 30
	Maintainer    Role = 40
	Owner         Role = 50
	Administrator Role = 100
)

// String returns GitLab's name of the role; empty for Anyone.
func (r Role) String() string {
	switch {
	case r >= Administrator:
		return "Administrator"
	case r >= Owner:
		return "Owner"
	case r >= Maintainer:
		return "Maintainer"
	case r >= Developer:
		return "Developer"
	case r >= Reporter:
		return "Reporter"
	case r >= Guest:
		return "Guest"
	}
	return ""
}

// Needs is the least that shows a source whole.
type Needs struct {
	Role     Role
	Scope    string // of a classic token; a fine-grained one needs the matching read permission
	Tier     string // "Premium" or "Ultimate"; empty is Free
	Since    string // version, "17.11"; empty is every version that is supported
	Offering string // "self-managed" or "GitLab.com" where only one has it
}

// Source is one kind of credential, or of fact about credentials, and how it is read.
// Collect returns its error; Run alone turns it into coverage.
type Source struct {
	ID    string // kebab-case, for life
	Title string
	Shows string // one sentence for the documentation
	API   []string
	Needs Needs
	Homes []inventory.HomeKind // where it is visited

	// None reports that the home holds no such thing, as its listing tells: the visit is complete without asking.
	// Nil never does.
	None func(v *Visit) bool
	// Skip says why a visit would be pointless; empty is visit. Nil never skips.
	Skip func(v *Visit) string
	// Collect emits rows. Nil says that GitLab has no API for it: the visit is unsupported, with Shows as reason.
	Collect func(ctx context.Context, v *Visit) error
}

// Visited reports whether the source is read in homes of this kind.
func (s Source) Visited(kind inventory.HomeKind) bool { return slices.Contains(s.Homes, kind) }

var (
	atInstance = []inventory.HomeKind{inventory.InstanceHome}
	atGroup    = []inventory.HomeKind{inventory.GroupHome}
	atProject  = []inventory.HomeKind{inventory.ProjectHome}
	atGroups   = []inventory.HomeKind{inventory.GroupHome, inventory.ProjectHome}
	atAll      = []inventory.HomeKind{inventory.InstanceHome, inventory.GroupHome, inventory.ProjectHome}
)

// stateError is how a source says that a visit ended in another state than complete, without a failed request.
type stateError struct {
	state  inventory.State
	reason string
	shown  string // by the source with this ID
	cause  error  // nil where nothing lies behind it
}

func (e *stateError) Error() string { return e.reason }

func (e *stateError) Unwrap() error { return e.cause }

// partial says that rows are missing, and which.
func partial(reason string) error { return &stateError{state: inventory.Partial, reason: reason} }

// unsupported says that this version, tier or offering of GitLab does not show it.
func unsupported(reason string) error {
	return &stateError{state: inventory.Unsupported, reason: reason}
}

// notAsked says why a request would be pointless.
func notAsked(reason string) error { return &stateError{state: inventory.NotAsked, reason: reason} }

// shownBy says that the list of another source shows these rows, so that asking again would be pointless.
func shownBy(source, reason string) error {
	return &stateError{state: inventory.NotAsked, reason: reason, shown: source}
}

// denied says that the token may not see it, where GitLab answers with less rather than with a refusal.
func denied(reason string) error { return &stateError{state: inventory.Denied, reason: reason} }

// Text words the needs for people: "Maintainer, read_api; Premium; since 17.11".
func (n Needs) Text() string {
	text := n.Role.String()
	for _, part := range []struct{ sep, s string }{
		{", ", n.Scope}, {"; ", n.Tier}, {"; since ", n.Since}, {"; only ", n.Offering},
	} {
		switch {
		case part.s == "":
		case text == "":
			text = strings.TrimLeft(part.sep, ",; ") + part.s
		default:
			text += part.sep + part.s
		}
	}
	return text
}

// Least returns the needs as coverage entries word them.
func (n Needs) Least() inventory.Needs {
	return inventory.Needs{Role: n.Role.String(), Scope: n.Scope, Tier: n.Tier, Version: n.Since}
}
