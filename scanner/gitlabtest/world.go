package gitlabtest

import (
	"embed"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

//go:embed worlds/*.yaml
var embedded embed.FS

// World is a whole GitLab instance as data. Things refer to each other by path, username, title or label;
// an ID of zero is assigned by New, in the order of appearance and after the highest explicit ID of its table.
//
// Any text in a world may hold {{secret "kind" "name"}}, a made-up value of a kind listed by SecretKinds, and
// {{token "label"}}, the value of the credential with this label. New replaces both, so a world file holds no secret.
type World struct {
	Name string `yaml:"name"`
	// Now is the world's own clock, used where Options.Clock is nil. Required.
	Now Time `yaml:"now"`
	// Settings override instance settings under GitLab's names, see GET /application/settings.
	Settings map[string]any `yaml:"settings"`
	// RegistrationToken is the instance's runner registration token; empty makes one.
	RegistrationToken string `yaml:"registration_token"`

	Users             []*User             `yaml:"users"`
	Groups            []*Group            `yaml:"groups"`
	Projects          []*Project          `yaml:"projects"`
	DeployKeys        []*DeployKey        `yaml:"deploy_keys"`
	Runners           []*Runner           `yaml:"runners"`
	RunnerControllers []*RunnerController `yaml:"runner_controllers"`
	Variables         []*Variable         `yaml:"variables"`
	Hooks             []*Hook             `yaml:"hooks"`
	Applications      []*Application      `yaml:"applications"`
	// Features are feature flags that an administrator has switched, by name.
	Features    map[string]bool `yaml:"features"`
	License     *License        `yaml:"license"`
	AuditEvents []*AuditEvent   `yaml:"audit_events"`

	// Later happens after Now, when Server.Later is called; by ascending time.
	Later []*Step `yaml:"later"`
}

// Load reads a world from YAML and checks it whole: unknown keys, relations that lead nowhere, double paths, labels
// and IDs, unknown scopes and kinds. All faults are reported together.
func Load(data []byte) (*World, error) {
	var w World
	if err := yaml.Load(data, &w, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	if err := validate(&w); err != nil {
		return nil, fmt.Errorf("check world %q: %w", w.Name, err)
	}
	return &w, nil
}

// Embedded loads worlds/<name>.yaml. The error for an unknown name lists the known ones.
func Embedded(name string) (*World, error) {
	data, err := embedded.ReadFile("worlds/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no world %q, there are: %s", name, strings.Join(EmbeddedNames(), ", "))
	}
	return Load(data)
}

// EmbeddedNames lists the worlds that Embedded knows, sorted.
func EmbeddedNames() []string {
	entries, err := embedded.ReadDir("worlds")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	sort.Strings(names)
	return names
}

// Time is a moment of a world in UTC, written as a date or as RFC 3339. The zero Time is "none": null in JSON.
type Time struct{ time.Time }

// At makes a Time, cut to milliseconds as GitLab stores it.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// UnmarshalYAML reads 2026-11-22 or 2026-11-22T10:00:00Z; a date means 00:00 UTC of that day.
func (t *Time) UnmarshalYAML(n *yaml.Node) error {
	if n.Tag == "!!null" || n.Value == "" {
		*t = Time{}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, n.Value); err == nil {
			*t = At(at)
			return nil
		}
	}
	return fmt.Errorf("line %d: %q is neither a date nor RFC 3339", n.Line, n.Value)
}

// MarshalYAML writes what UnmarshalYAML reads; the zero Time is null.
func (t Time) MarshalYAML() (any, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UTC().Format(time.RFC3339), nil
}

// stamp is GitLab's JSON for a moment: RFC 3339 with milliseconds, or null.
func (t Time) stamp() any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// date is GitLab's JSON for a day, or null. Access tokens and memberships expire by date.
func (t Time) date() any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.DateOnly)
}

// past says that the moment is there and not after now: a token is dead from 00:00 UTC of its expiry date on.
func (t Time) past(now time.Time) bool { return !t.IsZero() && !t.After(now) }

// Role is an access level; the numbers are GitLab's and are open: new ones appear between the old.
type Role int

// Access levels. Source: https://docs.gitlab.com/api/access_requests/
const (
	NoRole          Role = 0
	Minimal         Role = 5
	Guest           Role = 10
	Planner         Role = 15
	Reporter        Role = 20
	SecurityManager Role = 25
	Developer       Role = 30
	Maintainer      Role = 40
	Owner           Role = 50
)

func roleNames() map[string]Role {
	return map[string]Role{
		"none": NoRole, "minimal": Minimal, "guest": Guest, "planner": Planner, "reporter": Reporter,
		"security-manager": SecurityManager, "developer": Developer, "maintainer": Maintainer, "owner": Owner, "admin": 60,
	}
}

// UnmarshalText reads a role by name, as in "maintainer".
func (r *Role) UnmarshalText(b []byte) error {
	role, ok := roleNames()[string(b)]
	if !ok {
		return errors.New("unknown role " + fmt.Sprintf("%q", b))
	}
	*r = role
	return nil
}

// MarshalText writes the role's name, or "none" for a level without one.
func (r Role) MarshalText() ([]byte, error) {
	for name, role := range roleNames() {
		if role == r {
			return []byte(name), nil
		}
	}
	return []byte("none"), nil
}
