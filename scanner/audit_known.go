package scanner

import (
	"context"
	"slices"

	"nhiscan/inventory"
)

// knownRows is what the other sources of this scan showed, by ID.
type knownRows struct {
	credentials map[string]bool
	machines    map[string]bool                    // bots and service accounts
	inactive    map[string]bool                    // identities whose account can no longer act
	archived    map[string]bool                    // homes
	told        map[string][]inventory.Observation // by the home of the visit of audit-event that told it
}

// knownRows reads the rows once for all visits.
func (v *Visit) knownRows(ctx context.Context) (*knownRows, error) {
	return shared(v, "known rows", func() (*knownRows, error) {
		rows, err := v.run.o.Recorder.Rows(ctx)
		if err != nil {
			return nil, err
		}
		return readKnown(rows)
	})
}

func readKnown(rows inventory.SeenRows) (*knownRows, error) {
	k := &knownRows{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string][]inventory.Observation{}}
	inactive := map[string]bool{}
	for u := range rows.Users() {
		if u.Human() == inventory.No {
			k.machines[u.ID] = true
		}
		if u.Inactive() == inventory.Yes {
			inactive[u.ID] = true
		}
	}
	derived, told := onlyShownBy(rows, inventory.CredentialRow, auditEventID, linkID)
	for c := range rows.Credentials() {
		k.credentials[c.ID] = !derived[c.ID]
		k.tell(told[c.ID], *c)
	}
	derived, told = onlyShownBy(rows, inventory.IdentityRow, auditEventID, linkID)
	for i := range rows.Identities() {
		if !inactive[i.ID] || derived[i.ID] {
			continue
		}
		k.inactive[i.ID] = true
		if since := i.Attributes["inactive_since"]; since != "" {
			k.tell(told[i.ID], inventory.Identity{ID: i.ID, Attributes: map[string]string{"inactive_since": since}})
		}
	}
	_, told = onlyShownBy(rows, inventory.HomeRow)
	for h := range rows.Homes() {
		if h.Archived != inventory.Yes {
			continue
		}
		k.archived[h.ID] = true
		if at := h.Settings["archived_at"]; at != "" {
			k.tell(told[h.ID], inventory.Home{ID: h.ID, Settings: map[string]string{"archived_at": at}})
		}
	}
	return k, rows.Err()
}

func (k *knownRows) tell(homes []string, o inventory.Observation) {
	for _, home := range homes {
		k.told[home] = append(k.told[home], o)
	}
}

// onlyShownBy returns the rows of one sort that no source but these shows, and for the rows that audit events told of
// the homes of the visits that read these.
func onlyShownBy(rows inventory.SeenRows, kind inventory.RowKind, sources ...string) (only map[string]bool, told map[string][]string) {
	only, told = map[string]bool{}, map[string][]string{}
	for id, seen := range rows.Sightings(kind) {
		if !slices.ContainsFunc(seen, func(v inventory.Visit) bool { return !slices.Contains(sources, v.Source) }) {
			only[id] = true
		}
		for _, v := range seen {
			if v.Source == auditEventID {
				told[id] = append(told[id], v.Home)
			}
		}
	}
	return only, told
}
