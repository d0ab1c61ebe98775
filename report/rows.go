package report

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// row is one line of the inventory: a credential, or an identity without one.
type row struct {
	ID         string
	Page       string // ID of the page that shows it: its identity's, else its own
	Kind       string
	Name       string
	Home       string // home ID
	Owner      *inventory.Owner
	Scope      string
	Level      int
	Created    inventory.When
	Expires    inventory.When
	Used       inventory.When
	State      string
	Places     int
	Gaps       int
	Worst      inventory.Severity
	Credential *inventory.Credential // nil for an identity without one
	Identity   *inventory.Identity   // nil when unknown
}

// rows returns the inventory sorted by ID: one row per credential, and one for each identity without one.
func (v *view) rows() []row {
	out := make([]row, 0, v.x.Credentials.Len())
	for c := range v.x.Credentials.All() {
		out = append(out, v.credentialRow(c))
	}
	for id := range v.x.Identities.All() {
		if len(v.x.CredentialsOf(id.ID)) == 0 {
			out = append(out, v.identityRow(id))
		}
	}
	slices.SortFunc(out, func(a, b row) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (v *view) credentialRow(c *inventory.Credential) row {
	r := row{
		ID: c.ID, Page: c.ID, Kind: string(c.Kind), Name: c.Name, Home: c.Home, Owner: v.x.Owner(c.ID), Scope: c.Scope, Level: c.Level,
		Created: c.CreatedAt, Expires: c.ExpiresAt, Used: c.LastUsedAt, State: c.State, Places: len(v.x.LocationsOf(c.ID)),
		Credential: c, Identity: v.x.Identity(c.Identity),
	}
	if r.Identity != nil {
		r.Page = r.Identity.ID
		r.Name = cmp.Or(r.Name, r.Identity.Name)
		if r.Owner == nil {
			r.Owner = v.x.Owner(r.Identity.ID)
		}
	}
	v.countGaps(&r)
	return r
}

func (v *view) identityRow(i *inventory.Identity) row {
	r := row{
		ID: i.ID, Page: i.ID, Kind: i.Kind, Name: i.Name, Home: i.Home, Owner: v.x.Owner(i.ID), Level: i.Level,
		Created: i.CreatedAt, Used: i.LastUsedAt, State: i.State, Identity: i,
	}
	v.countGaps(&r)
	return r
}

func (v *view) countGaps(r *row) {
	gaps := v.gapsOf[r.ID]
	r.Gaps = len(gaps)
	for _, g := range gaps {
		r.Worst = max(r.Worst, g.Severity)
	}
}

// worstFirst orders rows for people: by severity, number of gaps, places, then name.
func worstFirst(a, b row) int {
	return cmp.Or(-cmp.Compare(a.Worst, b.Worst), -cmp.Compare(a.Gaps, b.Gaps), -cmp.Compare(a.Places, b.Places),
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// subject says what a gap is about, in words: name, kind and home.
type subject struct {
	Name, Kind, Home string // Home is a home ID
	Page             string // of the identity or credential; empty when it has none
}

// subject finds the row that an ID names. An ID of no known row is its own name.
func (v *view) subject(id string) subject {
	if c := v.x.Credential(id); c != nil {
		r := v.credentialRow(c)
		return subject{cmp.Or(r.Name, id), r.Kind, r.Home, r.Page}
	}
	if i := v.x.Identity(id); i != nil {
		return subject{cmp.Or(i.Name, id), i.Kind, i.Home, i.ID}
	}
	if u := v.x.User(id); u != nil {
		return subject{cmp.Or(u.Username, id), "user", "", ""}
	}
	if h := v.x.Home(id); h != nil {
		return subject{cmp.Or(h.Path, id), string(h.Kind), h.ID, ""}
	}
	if l := v.x.Location(id); l != nil {
		s := subject{cmp.Or(l.Key, l.Path, id), l.Surface, l.Home, ""}
		if c := v.x.Credential(l.Credential); c != nil {
			s.Page = v.credentialRow(c).Page
		}
		return s
	}
	if print, ok := strings.CutPrefix(id, inventory.ExternalID(v.Scan.Instance, "")); ok && len(v.x.SameValue(print)) > 0 {
		l := v.x.SameValue(print)[0]
		return subject{cmp.Or(l.Key, l.Path, id), "secret", l.Home, ""}
	}
	return subject{Name: id}
}
