package inventory

import (
	"cmp"
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// Diff lists what happened between two snapshots of the same instance, sorted by subject, then field, then kind.
// A subject missing from next is Removed only where next covered every visit that showed it completely, or where
// its home was removed; elsewhere its absence proves nothing and no event is made. Volatile facts make no events.
// prev may be an empty Snapshot: the first scan discovers everything. Diff is pure; Diff(s, s) is empty.
func Diff(prev, next *Snapshot) []Event {
	d := differ{
		prev: prev, next: next, past: NewIndex(prev), now: NewIndex(next), gone: map[string]bool{},
		at: At(next.Scan.Began), after: At(prev.Scan.Began),
	}
	diffRows(&d, prev.Homes, next.Homes, d.homeChanged, nil)
	diffRows(&d, prev.Users, next.Users, d.userChanged, nil)
	diffRows(&d, prev.Grants, next.Grants, nil, nil)
	diffRows(&d, prev.Identities, next.Identities, nil, nil)
	diffRows(&d, prev.Credentials, next.Credentials, d.credentialChanged, d.credentialAdded)
	diffRows(&d, prev.Locations, next.Locations, d.locationChanged, d.locationAdded)
	diffRows(&d, prev.Usages, next.Usages, nil, nil)
	d.owners()
	slices.SortStableFunc(d.events, compareEvents)
	return d.events
}

func compareEvents(a, b Event) int {
	// A user account is a row of two kinds under one ID.
	return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Row, b.Row))
}

// Discoveries lists the events of an instance's first scan, in no order: what Diff says of an empty snapshot and x.
func Discoveries(x *Index) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		d := differ{next: &Snapshot{Scan: x.Scan}, now: x, at: At(x.Scan.Began)}
		given := func() bool {
			for _, e := range d.events {
				if !yield(e) {
					return false
				}
			}
			d.events = d.events[:0]
			return true
		}
		for c := range x.Credentials.All() {
			if d.credentialAdded(*c); !given() {
				return
			}
		}
		for l := range x.Locations.All() {
			if d.locationAdded(*l); !given() {
				return
			}
		}
	}
}

type differ struct {
	prev, next *Snapshot
	past, now  *Index
	gone       map[string]bool // by home ID, as far as it was asked
	at, after  When
	events     []Event
}

// diffRows walks two lists sorted by ID side by side. changed may take fields over by returning their names.
func diffRows[T Observation](d *differ, prev, next []T, changed func(a, b T) []string, added func(T)) {
	i, j := 0, 0
	for i < len(prev) || j < len(next) {
		switch c := compareNext(prev, next, i, j); {
		case c < 0:
			d.removed(prev[i])
			i++
		case c > 0:
			if added != nil {
				added(next[j])
			}
			j++
		default:
			var taken []string
			if changed != nil {
				taken = changed(prev[i], next[j])
			}
			d.fields(prev[i], next[j], taken)
			i++
			j++
		}
	}
}

func compareNext[T Observation](prev, next []T, i, j int) int {
	switch {
	case i == len(prev):
		return 1
	case j == len(next):
		return -1
	}
	_, a := prev[i].Row()
	_, b := next[j].Row()
	return cmp.Compare(a, b)
}

func (d *differ) event(kind EventKind, o Observation, field, from, to string) *Event {
	row, id := o.Row()
	d.events = append(d.events, Event{
		Kind: kind, Subject: id, Row: row, Home: o.HomeOf(), Name: NameOf(o),
		Field: field, From: from, To: to, At: d.at, After: d.after, Scan: d.next.Scan.Number,
	})
	return &d.events[len(d.events)-1]
}

func (d *differ) removed(o Observation) {
	if d.proven(o) {
		from := ""
		if u, ok := o.(Usage); ok {
			from = u.Credential // a usage has no life of its own: its end is an event of the credential
		}
		d.event(Removed, o, "", from, "")
	}
}

// proven reports whether o's absence from next means that it is gone: its home is, or every visit that showed it was
// complete or can never be made again. What a visit in a home said of that home itself proves nothing, for it ends with
// the home, unless nobody else knew the home.
func (d *differ) proven(o Observation) bool {
	id := idOf(o)
	if o.HomeOf() != id && d.homeGone(o.HomeOf()) {
		return true
	}
	seen := seenOf(o)
	outside := slices.ContainsFunc(seen, func(v Visit) bool { return v.Home != id })
	for _, v := range seen {
		if v.Home == id && outside {
			continue
		}
		if d.now.Covered(v.Source, v.Home).State != Complete && !d.homeGone(v.Home) {
			return false
		}
	}
	return len(seen) > 0
}

// homeGone reports whether a home is missing from next and its absence is proven.
func (d *differ) homeGone(id string) bool {
	gone, known := d.gone[id]
	if known {
		return gone
	}
	h := d.past.Home(id)
	if h == nil || d.now.Home(id) != nil {
		return false
	}
	d.gone[id] = false // two homes that were only seen from each other prove nothing
	d.gone[id] = d.proven(*h)
	return d.gone[id]
}

func (d *differ) homeChanged(a, b Home) []string {
	if a.Archived != Yes && b.Archived == Yes {
		d.datedText(d.event(ProjectArchived, b, "", "", ""), b.Settings["archived_at"])
		return []string{"archived"}
	}
	return nil
}

func (d *differ) userChanged(a, b User) []string {
	if a.State == "active" && b.Inactive() == Yes {
		e := d.event(OwnerLeft, b, "", a.State, b.State)
		if i := d.now.Identity(b.ID); i != nil {
			d.datedText(e, i.Attributes["inactive_since"])
		}
		return []string{"state"}
	}
	return nil
}

func (d *differ) credentialAdded(c Credential) {
	switch {
	case c.RotatedFrom != "":
		d.dated(d.event(Rotated, c, "", c.RotatedFrom, c.ID), c.CreatedAt)
	case d.next.Past[c.ID]:
		d.event(Reappeared, c, "", "", "")
	default:
		d.dated(d.event(Discovered, c, "", "", c.State), c.CreatedAt)
	}
}

// dated makes an event exact when GitLab gave its moment.
func (d *differ) dated(e *Event, at When) {
	if _, ok := at.Time(); ok {
		e.At, e.After = at, When{}
	}
}

// datedText is dated for a moment that an audit event told, which rows keep as text.
func (d *differ) datedText(e *Event, at string) {
	if w, err := ParseWhen(at); err == nil {
		d.dated(e, w)
	}
}

func (d *differ) credentialChanged(a, b Credential) []string {
	var taken []string
	b.Name = cmp.Or(b.Name, a.Name) // what only an audit event still tells has no name
	if a.State != b.State && a.State != "" && b.State != "" {
		taken = append(taken, "state")
		switch {
		case b.State == Revoked:
			d.dated(d.event(RevokedEvent, b, "", a.State, b.State), b.RevokedAt)
		case b.State == Expired:
			d.dated(d.event(ExpiredEvent, b, "", a.State, b.State), b.ExpiresAt)
		case b.State == Active:
			d.event(Reappeared, b, "", a.State, b.State)
		default:
			taken = nil
		}
	}
	if a.RotatedFrom == "" && b.RotatedFrom != "" {
		d.event(Rotated, b, "", b.RotatedFrom, b.ID)
		taken = append(taken, "rotated_from")
	}
	return taken
}

func (d *differ) locationAdded(l Location) {
	kind := Discovered
	switch {
	case l.SecretLike != Yes && l.Fingerprint == "":
		return
	case d.next.Past[l.ID] || l.Exposure() && d.knownDead(l):
		kind = Reappeared
	case l.Exposure():
		kind = Exposed
	}
	d.dated(d.event(kind, l, "", "", ""), l.At)
}

// knownDead reports whether a value was put somewhere after it had ended.
func (d *differ) knownDead(l Location) bool {
	c := d.now.Credential(l.Credential)
	if c == nil || c.Active() {
		return false
	}
	for _, end := range []When{c.RevokedAt, c.ExpiresAt} {
		if t, ok := end.Time(); ok {
			return !l.At.Before(t)
		}
	}
	return true
}

func (d *differ) locationChanged(a, b Location) []string {
	taken := []string{"fingerprint", "fingerprint_key"}
	// Under another key the same value has another fingerprint: that proves no rotation.
	if a.Fingerprint == b.Fingerprint || a.KeyID != b.KeyID {
		return taken
	}
	d.event(Rotated, b, "fingerprint", cut(a.Fingerprint), cut(b.Fingerprint))
	return taken
}

// cut shortens a fingerprint to the eight digits that a report shows.
func cut(fingerprint string) string { return fingerprint[:min(8, len(fingerprint))] }

func (d *differ) owners() {
	var changes []OwnerChange
	for _, o := range d.next.Owners {
		if was := d.past.Owner(o.Subject); was != nil && was.Owner != o.Owner {
			changes = append(changes, OwnerChange{o.Subject, was.Owner, o.Owner})
		}
	}
	d.events = append(d.events, OwnerEvents(d.now, At(d.prev.Scan.Began), changes)...)
}

// OwnerChange is a subject of which another owner was resolved than in the scan before.
type OwnerChange struct{ Subject, From, To string }

// OwnerEvents tells the changes of owners that the scan of x found. A token and the bot that holds it change hands
// together: where both did, the credential's event tells it. after is the begin of the scan before.
func OwnerEvents(x *Index, after When, changes []OwnerChange) []Event {
	told := map[OwnerChange]bool{} // of identities, by what became of their credentials
	var events []Event
	tell := func(c OwnerChange, o Observation) {
		row, _ := o.Row()
		events = append(events, Event{
			Kind: OwnerChanged, Subject: c.Subject, Row: row, Home: o.HomeOf(), Name: NameOf(o),
			From: c.From, To: c.To, At: At(x.Scan.Began), After: after, Scan: x.Scan.Number,
		})
	}
	for _, c := range changes {
		if row := x.Credential(c.Subject); row != nil {
			tell(c, *row)
			told[OwnerChange{row.Identity, c.From, c.To}] = true
		}
	}
	for _, c := range changes {
		if row := x.Identity(c.Subject); row != nil && !told[c] && x.Credential(c.Subject) == nil {
			tell(c, *row)
		}
	}
	return events
}

// fields makes a Changed event for every field that differs, is still shown, and is not taken.
func (d *differ) fields(a, b Observation, taken []string) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	t := x.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" || slices.Contains(taken, name) {
			continue
		}
		if f.Type.Kind() == reflect.Map {
			d.keys(b, name, x.Field(i), y.Field(i))
			continue
		}
		d.changed(b, name, textOf(x.Field(i)), textOf(y.Field(i)))
	}
}

// keys compares two maps of text key by key.
func (d *differ) keys(b Observation, name string, x, y reflect.Value) {
	for _, key := range y.MapKeys() {
		from := ""
		if v := x.MapIndex(key); v.IsValid() {
			from = v.String()
		}
		d.changed(b, name+"."+key.String(), from, y.MapIndex(key).String())
	}
}

// changed makes the event, unless the field is no longer shown: that says nothing about what it is.
func (d *differ) changed(b Observation, field, from, to string) {
	if from != to && to != "" {
		d.event(Changed, b, field, from, to)
	}
}

// textOf renders a field for people: text as it is, unknown and null as nothing, the rest as JSON.
func textOf(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return v.String()
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.Trim(string(b), `"`), "null")
}

// NameOf returns the name under which a row is shown: its name, path or key; its ID when it has none.
func NameOf(o Observation) string {
	var name string
	switch o := o.(type) {
	case Home:
		name = o.Path
	case User:
		name = o.Username
	case Identity:
		name = o.Name
	case Credential:
		name = o.Name
	case Location:
		name = cmp.Or(o.Key, o.Path)
	case Usage:
		name = o.Job
	}
	return cmp.Or(name, idOf(o))
}

func idOf(o Observation) string {
	_, id := o.Row()
	return id
}

func seenOf(o Observation) []Visit {
	return reflect.ValueOf(o).FieldByName("Seen").Interface().([]Visit)
}
