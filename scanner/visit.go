package scanner

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"nhiscan/inventory"
	"nhiscan/scanner/detect"
)

// Visit is one source in one home while it is read. A Collect uses it from one goroutine.
type Visit struct {
	Home  inventory.Home
	Level Role // of the token in this home; Anyone when it is not known
	Self  Self

	source Source
	run    *run
	unit   *unit
	rows   []inventory.Observation
	counts map[string]int // equal values per path, for ordinals
	note   string         // makes a complete visit partial
	aside  string         // beside a complete visit's coverage
}

// unit is one home and what its visits share.
type unit struct {
	home    inventory.Home
	level   Role
	custom  bool // a custom role: Level does not say all
	project *projectJSON
	sizes   *sizesJSON // nil where they were not shown
	group   *groupJSON
	memo    map[string]memo
}

type memo struct {
	value any
	err   error
}

// Path returns the API path of the home, "projects/42" or "groups/7"; empty for the instance.
func (v *Visit) Path() string {
	switch v.Home.Kind {
	case inventory.ProjectHome:
		return "projects/" + strconv.FormatInt(v.Home.Number, 10)
	case inventory.GroupHome:
		return "groups/" + strconv.FormatInt(v.Home.Number, 10)
	}
	return ""
}

// Now returns the moment the scan began: one clock for all rows, so that a scan is a moment.
func (v *Visit) Now() time.Time { return v.run.o.Began }

// Instance returns the name of the instance in IDs.
func (v *Visit) Instance() string { return v.Self.Instance }

// IdentityID returns the ID of an identity that GitLab numbers; empty for 0, which GitLab does not use.
func (v *Visit) IdentityID(kind string, number int64) string {
	if number == 0 {
		return ""
	}
	return inventory.IdentityID(v.Self.Instance, kind, strconv.FormatInt(number, 10))
}

// CredentialID returns the ID of a credential that GitLab numbers; empty for 0, as IdentityID.
func (v *Visit) CredentialID(kind string, number int64) string {
	if number == 0 {
		return ""
	}
	return inventory.CredentialID(v.Self.Instance, kind, strconv.FormatInt(number, 10))
}

// UserID returns the ID of a user account; empty for 0, which GitLab does not use.
func (v *Visit) UserID(number int64) string {
	if number == 0 {
		return ""
	}
	return inventory.UserID(v.Self.Instance, number)
}

// HomeID returns the ID of a project or group.
func (v *Visit) HomeID(kind inventory.HomeKind, number int64) string {
	if kind != inventory.InstanceHome && number == 0 {
		return ""
	}
	return inventory.HomeID(v.Self.Instance, kind, number)
}

// Admin reports whether the token acts as an administrator.
func (v *Visit) Admin() bool { return v.Self.Admin == inventory.Yes }

// Engine returns the secret detector.
func (v *Visit) Engine() *detect.Engine { return v.run.o.Engine }

// Incomplete makes the visit partial although Collect returns nil: rows are missing that it can live without.
func (v *Visit) Incomplete(reason string) {
	if v.note == "" {
		v.note = reason
	}
}

// remark says something about a complete visit that takes nothing from it.
func (v *Visit) remark(text string) {
	if v.aside == "" {
		v.aside = text
	}
}

// once returns what f gave for this key in this home, calling it at the first use: several sources read one answer.
func once[T any](v *Visit, key string, f func() (T, error)) (T, error) {
	if m, ok := v.unit.memo[key]; ok {
		value, _ := m.value.(T)
		return value, m.err
	}
	value, err := f()
	v.unit.memo[key] = memo{value, err}
	return value, err
}

// EmitUser emits an account that another object names, as far as it is told there.
func (v *Visit) EmitUser(u userRef) string {
	id := v.UserID(u.ID)
	if id != "" {
		v.Emit(inventory.User{ID: id, Number: u.ID, Username: u.Username, Name: u.Name, State: u.State, Kind: botKind(u.Username)})
	}
	return id
}

func escape(s string) string { return url.PathEscape(s) }

// project returns the project's own answer, from the listing when it is at hand.
func (v *Visit) project(ctx context.Context) (*projectJSON, error) {
	if v.unit.project != nil {
		return v.unit.project, nil
	}
	p, err := one[projectJSON](ctx, v, "%s", v.Path())
	if err == nil {
		v.unit.project = &p
	}
	return v.unit.project, err
}
