package scanner

import (
	"context"

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

// knownRows reads the snapshot once for all visits.
func (v *Visit) knownRows(ctx context.Context) (*knownRows, error) {
	return shared(v, "known rows", func() (*knownRows, error) {
		s, err := v.run.o.Recorder.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		k := &knownRows{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string][]inventory.Observation{}}
		k.read(s)
		return k, nil
	})
}

func (k *knownRows) read(s *inventory.Snapshot) {
	inactive := map[string]bool{}
	for _, u := range s.Users {
		k.machines[u.ID] = u.Human() == inventory.No
		inactive[u.ID] = u.Inactive() == inventory.Yes
	}
	for i := range s.Credentials {
		c := &s.Credentials[i]
		k.credentials[c.ID] = shownByOther(c.Seen, "audit-event", "link")
		k.tell(c.Seen, *c)
	}
	for _, i := range s.Identities {
		k.inactive[i.ID] = inactive[i.ID] && shownByOther(i.Seen, "audit-event", "link")
		if since := i.Attributes["inactive_since"]; since != "" && k.inactive[i.ID] {
			k.tell(i.Seen, inventory.Identity{ID: i.ID, Attributes: map[string]string{"inactive_since": since}})
		}
	}
	for _, h := range s.Homes {
		k.archived[h.ID] = h.Archived == inventory.Yes
		if at := h.Settings["archived_at"]; at != "" && k.archived[h.ID] {
			k.tell(h.Seen, inventory.Home{ID: h.ID, Settings: map[string]string{"archived_at": at}})
		}
	}
}

func (k *knownRows) tell(seen []inventory.Visit, o inventory.Observation) {
	for _, v := range seen {
		if v.Source == "audit-event" {
			k.told[v.Home] = append(k.told[v.Home], o)
		}
	}
}

// shownByOther reports whether a visit of another source showed the row. A row without visits counts as shown.
func shownByOther(seen []inventory.Visit, sources ...string) bool {
	for _, v := range seen {
		other := true
		for _, s := range sources {
			other = other && v.Source != s
		}
		if other {
			return true
		}
	}
	return len(seen) == 0
}
