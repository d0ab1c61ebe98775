package inventory

import (
	"iter"
	"slices"
)

// Index holds the rows of one scan packed, and finds them by what joins them. Rows that it returns are shared and must
// not be changed; lists of them are in the order of the snapshot. Where several rows have one ID, the last is found by it.
// An Index is for one goroutine.
type Index struct {
	Scan  Scan
	Homes []*Home

	Users       *Table[User]
	Grants      *Table[Grant]
	Identities  *Table[Identity]
	Credentials *Table[Credential]
	Locations   *Table[Location]
	Usages      *Table[Usage]
	Owners      *Table[Owner]
	Coverage    *Table[Coverage]

	texts    *texts
	homes    map[string]*Home
	children map[string][]*Home

	userIDs                                                                  *group[User]
	grantHomes, grantSubjects                                                *group[Grant]
	identityIDs, identityHomes                                               *group[Identity]
	credentialIDs, credentialIdentities, credentialHomes                     *group[Credential]
	locationIDs, locationHomes, locationCredentials, variables, fingerprints *group[Location]
	usageNames, usageCredentials, usageWorkloads                             *group[Usage]
	subjects                                                                 *group[Owner]
	covered                                                                  *group[Coverage]
}

// Rows lists the rows of one scan. What a loop gets is valid until its next turn. A list that cannot be read ends early,
// and Err says why after the last.
type Rows interface {
	Homes() iter.Seq[*Home]
	Users() iter.Seq[*User]
	Grants() iter.Seq[*Grant]
	Identities() iter.Seq[*Identity]
	Credentials() iter.Seq[*Credential]
	Locations() iter.Seq[*Location]
	Usages() iter.Seq[*Usage]
	Coverage() iter.Seq[*Coverage]
	Err() error
}

// SeenRows are Rows that tell which visits show them.
type SeenRows interface {
	Rows
	// Sightings lists the IDs of rows of one sort, each with the visits that show it.
	Sightings(kind RowKind) iter.Seq2[string, []Visit]
}

// ReadIndex indexes rows, without owners: AddOwner adds these. Errors: that of the rows.
func ReadIndex(scan Scan, rows Rows) (*Index, error) {
	x := emptyIndex(scan)
	for h := range rows.Homes() {
		x.addHome(*h)
	}
	fill(x.Users, rows.Users())
	fill(x.Grants, rows.Grants())
	fill(x.Identities, rows.Identities())
	fill(x.Credentials, rows.Credentials())
	fill(x.Locations, rows.Locations())
	fill(x.Usages, rows.Usages())
	fill(x.Coverage, rows.Coverage())
	x.texts.forget()
	return x, rows.Err()
}

// NewIndex indexes a snapshot.
func NewIndex(s *Snapshot) *Index {
	x := emptyIndex(s.Scan)
	for _, h := range s.Homes {
		x.addHome(h)
	}
	fill(x.Users, each(s.Users))
	fill(x.Grants, each(s.Grants))
	fill(x.Identities, each(s.Identities))
	fill(x.Credentials, each(s.Credentials))
	fill(x.Locations, each(s.Locations))
	fill(x.Usages, each(s.Usages))
	fill(x.Owners, each(s.Owners))
	fill(x.Coverage, each(s.Coverage))
	x.texts.forget()
	return x
}

func emptyIndex(scan Scan) *Index {
	shared := newTexts()
	x := &Index{
		Scan: scan, texts: shared, homes: map[string]*Home{}, children: map[string][]*Home{},
		Users: newTable[User](shared), Grants: newTable[Grant](shared), Identities: newTable[Identity](shared),
		Credentials: newTable[Credential](shared), Locations: newTable[Location](shared), Usages: newTable[Usage](shared),
		Owners: newTable[Owner](shared), Coverage: newTable[Coverage](shared),
	}
	x.userIDs = x.Users.by(func(u *User) string { return u.ID })
	x.grantHomes = x.Grants.by(func(g *Grant) string { return g.Home })
	x.grantSubjects = x.Grants.by(func(g *Grant) string { return g.Subject })
	x.identityIDs = x.Identities.by(func(i *Identity) string { return i.ID })
	x.identityHomes = x.Identities.by(func(i *Identity) string { return i.Home })
	x.credentialIDs = x.Credentials.by(func(c *Credential) string { return c.ID })
	x.credentialIdentities = x.Credentials.by(func(c *Credential) string { return c.Identity })
	x.credentialHomes = x.Credentials.by(func(c *Credential) string { return c.Home })
	x.locationIDs = x.Locations.by(func(l *Location) string { return l.ID })
	x.locationHomes = x.Locations.by(func(l *Location) string { return l.Home })
	x.locationCredentials = x.Locations.by(func(l *Location) string { return l.Credential })
	x.fingerprints = x.Locations.by(func(l *Location) string { return l.Fingerprint })
	x.variables = x.Locations.by(func(l *Location) string {
		if l.Surface != SurfaceVariable && l.Surface != SurfaceSchedule {
			return ""
		}
		return l.Home + " " + l.Key
	})
	x.usageNames = x.Usages.by(func(u *Usage) string { return u.Home + " " + u.Name })
	x.usageCredentials = x.Usages.by(func(u *Usage) string { return u.Credential })
	x.usageWorkloads = x.Usages.by(func(u *Usage) string { return u.Workload })
	x.subjects = x.Owners.by(func(o *Owner) string { return o.Subject })
	x.covered = x.Coverage.by(func(c *Coverage) string { return c.Home })
	return x
}

func (x *Index) addHome(h Home) {
	x.Homes = append(x.Homes, &h)
	x.homes[h.ID] = &h
	if h.Parent != "" {
		x.children[h.Parent] = append(x.children[h.Parent], &h)
	}
}

func fill[T any](t *Table[T], rows iter.Seq[*T]) {
	for r := range rows {
		t.add(r)
	}
}

func each[T any](rows []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}

// AddOwner adds an owner, of a credential or identity that has none.
func (x *Index) AddOwner(o *Owner) {
	// The subject's text is there already, as the ID of its row.
	if e := x.credentialIDs.find(o.Subject); len(e) > 0 {
		x.texts.known[o.Subject] = e[0].text
	} else if e := x.identityIDs.find(o.Subject); len(e) > 0 {
		x.texts.known[o.Subject] = e[0].text
	}
	x.Owners.add(o)
	delete(x.texts.known, o.Subject)
}

// Home returns the home with this ID, or nil.
func (x *Index) Home(id string) *Home { return x.homes[id] }

// Children returns the homes right below a home.
func (x *Index) Children(home string) []*Home { return x.children[home] }

// User returns the user with this ID, or nil.
func (x *Index) User(id string) *User { return x.userIDs.last(id) }

// Identity returns the identity with this ID, or nil.
func (x *Index) Identity(id string) *Identity { return x.identityIDs.last(id) }

// Credential returns the credential with this ID, or nil.
func (x *Index) Credential(id string) *Credential { return x.credentialIDs.last(id) }

// Location returns the location with this ID, or nil.
func (x *Index) Location(id string) *Location { return x.locationIDs.last(id) }

// Owner returns the owner of a subject, or nil when none was resolved.
func (x *Index) Owner(subject string) *Owner { return x.subjects.last(subject) }

// GrantsOn returns the grants on a home.
func (x *Index) GrantsOn(home string) []*Grant { return x.grantHomes.of(home) }

// GrantsOf returns the grants of a subject.
func (x *Index) GrantsOf(subject string) []*Grant { return x.grantSubjects.of(subject) }

// IdentitiesIn returns the identities of a home.
func (x *Index) IdentitiesIn(home string) []*Identity { return x.identityHomes.of(home) }

// CredentialsIn returns the credentials of a home.
func (x *Index) CredentialsIn(home string) []*Credential { return x.credentialHomes.of(home) }

// Holders lists the IDs of identities that have credentials, sorted.
func (x *Index) Holders() iter.Seq[string] { return x.credentialIdentities.texts() }

// CredentialsOf returns the credentials of an identity.
func (x *Index) CredentialsOf(identity string) []*Credential {
	return x.credentialIdentities.of(identity)
}

// LocationsIn returns the locations in a home.
func (x *Index) LocationsIn(home string) []*Location { return x.locationHomes.of(home) }

// LocationsOf returns the locations where a credential's value lies.
func (x *Index) LocationsOf(credential string) []*Location {
	return x.locationCredentials.of(credential)
}

// Variables returns the variables of a home with a key, those of schedules too.
func (x *Index) Variables(home, key string) []*Location { return x.variables.of(home + " " + key) }

// SameValue returns the locations of a fingerprint.
func (x *Index) SameValue(fingerprint string) []*Location { return x.fingerprints.of(fingerprint) }

// Fingerprints lists the fingerprints that locations have, sorted.
func (x *Index) Fingerprints() iter.Seq[string] { return x.fingerprints.texts() }

// UsagesOf returns the usages of a credential.
func (x *Index) UsagesOf(credential string) []*Usage { return x.usageCredentials.of(credential) }

// UsagesNamed returns the usages in a home that name a variable, token or secret so.
func (x *Index) UsagesNamed(home, name string) []*Usage { return x.usageNames.of(home + " " + name) }

// UsagesBy returns the usages of a workload.
func (x *Index) UsagesBy(workload string) []*Usage { return x.usageWorkloads.of(workload) }

// Workloads lists the IDs of workloads that have usages, sorted.
func (x *Index) Workloads() iter.Seq[string] { return x.usageWorkloads.texts() }

// Covered returns what the scan could see of a source in a home. A visit that the scan did not plan is not-asked.
func (x *Index) Covered(source, home string) Coverage {
	for _, c := range slices.Backward(x.covered.of(home)) { // of two that say different things the last counts
		if c.Source == source {
			return *c
		}
	}
	return Coverage{Visit: Visit{source, home}, State: NotAsked, Reason: "not visited"}
}

// Chain returns the home and its ancestors, innermost first, the instance last. It ends at a home that the
// snapshot lacks, and at a cycle, which only a faulty database can hold.
func (x *Index) Chain(home string) []*Home {
	var chain []*Home
	for h := x.homes[home]; h != nil && !slices.Contains(chain, h); h = x.homes[h.Parent] {
		chain = append(chain, h)
	}
	return chain
}
