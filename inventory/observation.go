package inventory

// RowKind names a sort of row.
type RowKind string

// The sorts of rows, in the order in which reports list them.
const (
	HomeRow       RowKind = "home"
	UserRow       RowKind = "user"
	GrantRow      RowKind = "grant"
	IdentityRow   RowKind = "identity"
	CredentialRow RowKind = "credential"
	LocationRow   RowKind = "location"
	UsageRow      RowKind = "usage"
)

// RowKinds lists all sorts of rows in that order.
func RowKinds() []RowKind {
	return []RowKind{HomeRow, UserRow, GrantRow, IdentityRow, CredentialRow, LocationRow, UsageRow}
}

// Observation is one row that a visit emits: a Home, User, Grant, Identity, Credential, Location or Usage.
type Observation interface {
	Row() (kind RowKind, id string)
	// HomeOf returns the home ID in which the row lives; empty is unknown. A home lives in itself.
	HomeOf() string
}

// Row implements Observation.
func (h Home) Row() (RowKind, string) { return HomeRow, h.ID }

// Row implements Observation.
func (u User) Row() (RowKind, string) { return UserRow, u.ID }

// Row implements Observation.
func (g Grant) Row() (RowKind, string) { return GrantRow, g.ID }

// Row implements Observation.
func (i Identity) Row() (RowKind, string) { return IdentityRow, i.ID }

// Row implements Observation.
func (c Credential) Row() (RowKind, string) { return CredentialRow, c.ID }

// Row implements Observation.
func (l Location) Row() (RowKind, string) { return LocationRow, l.ID }

// Row implements Observation.
func (u Usage) Row() (RowKind, string) { return UsageRow, u.ID }

// HomeOf implements Observation.
func (h Home) HomeOf() string { return h.ID }

// HomeOf implements Observation. Users belong to the instance, so it is empty.
func (u User) HomeOf() string { return "" }

// HomeOf implements Observation.
func (g Grant) HomeOf() string { return g.Home }

// HomeOf implements Observation.
func (i Identity) HomeOf() string { return i.Home }

// HomeOf implements Observation.
func (c Credential) HomeOf() string { return c.Home }

// HomeOf implements Observation.
func (l Location) HomeOf() string { return l.Home }

// HomeOf implements Observation.
func (u Usage) HomeOf() string { return u.Home }
