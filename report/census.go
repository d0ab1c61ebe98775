package report

import (
	"fmt"
	"net/url"
	"strings"

	"nhiscan/inventory"
)

// census counts what is in the inventory.
type census struct{ credentials, active, identities, secrets, uses int }

// String says "743 credentials (691 not known to be dead) of 402 identities, …".
func (n census) String() string {
	return fmt.Sprintf("%s (%s not known to be dead) of %s, %s that hold secrets, %s in pipeline jobs",
		count(n.credentials, "credential", "credentials"), number(n.active), count(n.identities, "identity", "identities"),
		count(n.secrets, "place", "places"), count(n.uses, "use", "uses"))
}

// takeCensus reads each list of rows once. Beside the count it returns all homes, and the rows that name the subjects of
// events: those rows themselves, the credentials of places and the identities of credentials.
func takeCensus(d *Document, events map[inventory.EventKind]*recent) (*inventory.Snapshot, census) {
	var n census
	wanted := namedIn(events)
	lists, s := d.Lists(), &inventory.Snapshot{Scan: d.Scan}
	external := inventory.ExternalID(d.Scan.Instance, "")
	for h := range lists.Homes() {
		s.Homes = append(s.Homes, *h)
	}
	for l := range lists.Locations() {
		if l.SecretLike == inventory.Yes || l.Fingerprint != "" {
			n.secrets++
		}
		if wanted[l.ID] || l.Fingerprint != "" && wanted[external+l.Fingerprint] {
			s.Locations = append(s.Locations, *l)
			wanted[l.Credential] = true
		}
	}
	for c := range lists.Credentials() {
		n.credentials++
		if c.Active() {
			n.active++
		}
		if wanted[c.ID] {
			s.Credentials = append(s.Credentials, *c)
			wanted[c.Identity] = true
		}
	}
	for i := range lists.Identities() {
		n.identities++
		if wanted[i.ID] {
			s.Identities = append(s.Identities, *i)
		}
	}
	for range lists.Usages() {
		n.uses++
	}
	if len(wanted) > 0 {
		for u := range lists.Users() {
			if wanted[u.ID] {
				s.Users = append(s.Users, *u)
			}
		}
	}
	return s, n
}

// namedIn returns the IDs of the rows that name events: their subjects, and the holders of grants.
func namedIn(events map[inventory.EventKind]*recent) map[string]bool {
	ids := map[string]bool{}
	for _, r := range events {
		for _, e := range r.last {
			ids[e.Subject] = true
			if holder, _, ok := grantOf(e); ok {
				ids[holder] = true
			}
		}
	}
	return ids
}

// grantOf returns the holder of the grant that an event is about, and the kind of grant in words.
func grantOf(e inventory.Event) (holder, kind string, ok bool) {
	parts := strings.Split(e.Subject, "/") // INSTANCE/grant/kind/subject/REF, see inventory.GrantID
	if e.Row != inventory.GrantRow || len(parts) != 5 {
		return "", "", false
	}
	holder, err := url.PathUnescape(parts[3])
	if err != nil {
		holder = parts[3]
	}
	return parts[0] + "/" + holder, strings.ReplaceAll(parts[2], "-", " "), true
}
