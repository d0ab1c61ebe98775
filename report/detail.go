package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// detail is all that is known of one identity with its credentials, or of one secret.
type detail struct {
	ID          string // of the identity, credential or location that it is about
	Title       string
	Kind        string
	Home        string // home ID
	Identity    *inventory.Identity
	Credentials []*inventory.Credential
	Places      []*inventory.Location
	Uses        []*inventory.Usage
	Grants      []*inventory.Grant
	Owner       *inventory.Owner
	Gaps        []*inventory.Gap  // worst first
	Events      []inventory.Event // oldest first

	subjects map[string]bool // what gaps and events of it are about
}

// details gathers what IDs stand for. What was judged of all of them is asked for at once.
func (v *view) details(ids []string) []detail {
	details, subjects := make([]detail, len(ids)), map[string]bool{}
	for i, id := range ids {
		details[i] = v.detail(id)
		maps.Copy(subjects, details[i].subjects)
	}
	known := v.about(subjects)
	for i := range details {
		details[i].tell(known)
	}
	return details
}

// detail gathers the rows that an ID stands for: an identity, a credential, a location, or a fingerprint.
func (v *view) detail(id string) detail {
	d := detail{ID: id, Title: id}
	if i := v.x.Identity(id); i != nil {
		d.Title, d.Kind, d.Home, d.Identity = cmp.Or(i.Name, id), i.Kind, i.Home, i
		d.Credentials = v.x.CredentialsOf(id)
		d.Grants = v.x.GrantsOf(id)
	} else if c := v.x.Credential(id); c != nil {
		d.Title, d.Kind, d.Home = cmp.Or(c.Name, id), string(c.Kind), c.Home
		d.Identity = v.x.Identity(c.Identity)
		d.Credentials = []*inventory.Credential{c}
	} else if l := v.x.Location(id); l != nil {
		d.Title, d.Kind, d.Home, d.Places = cmp.Or(l.Key, l.Path, id), "secret", l.Home, []*inventory.Location{l}
	} else if places := v.x.SameValue(id); len(places) > 0 {
		d.Title, d.Kind, d.Home, d.Places = "value "+short(id), "secret", places[0].Home, places
	}
	v.gather(&d)
	return d
}

// workload reports whether it is about a pipeline job.
func (d *detail) workload() bool { return d.Identity != nil && d.Identity.Kind == "workload" }

func (v *view) gather(d *detail) {
	d.subjects = map[string]bool{d.ID: true}
	for _, c := range d.Credentials {
		d.subjects[c.ID] = true
		d.Places = append(d.Places, v.x.LocationsOf(c.ID)...)
		d.Places = append(d.Places, v.x.SameValue(c.Fingerprint)...)
		d.Uses = append(d.Uses, v.x.UsagesOf(c.ID)...)
	}
	for _, l := range d.Places {
		if len(d.Credentials) == 0 {
			d.Places = append(d.Places, v.x.SameValue(l.Fingerprint)...)
			break
		}
	}
	d.Uses = append(d.Uses, v.x.UsagesBy(d.ID)...)
	d.Places = unique(d.Places, func(l *inventory.Location) string { return l.ID })
	d.Uses = unique(d.Uses, func(u *inventory.Usage) string { return u.ID })
	for _, l := range d.Places {
		d.subjects[l.ID] = true
		if l.Fingerprint != "" {
			// Gaps of a value without a credential of its own name the one that its fingerprint stands for.
			d.subjects[inventory.ExternalID(v.Scan.Instance, l.Fingerprint)] = true
		}
	}
}

// tell adds what is known about its rows.
func (d *detail) tell(known about) {
	for id := range d.subjects {
		d.Gaps = append(d.Gaps, known.gaps[id]...)
		d.Events = append(d.Events, known.events[id]...)
	}
	slices.SortFunc(d.Gaps, func(a, b *inventory.Gap) int {
		return cmp.Or(-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Message, b.Message))
	})
	d.Events = sortedEvents(d.Events)
	d.Owner = d.ownerOf(known)
}

// ownerOf prefers the owner of the thing itself, then of the credential in force, then any.
func (d *detail) ownerOf(known about) *inventory.Owner {
	best := known.owners[d.ID]
	for _, c := range d.Credentials {
		if o := known.owners[c.ID]; o != nil && (best == nil || best.Owner == "" && o.Confidence > best.Confidence) {
			best = o
		}
	}
	return best
}

func unique[T any](rows []*T, id func(*T) string) []*T {
	out := slices.Clone(rows)
	slices.SortFunc(out, func(a, b *T) int { return cmp.Compare(id(a), id(b)) })
	return slices.CompactFunc(out, func(a, b *T) bool { return id(a) == id(b) })
}

// fact is one line about a thing.
type fact struct{ Name, Text string }

// facts are what is known of an identity beyond its tables; unknown is said only where it matters.
func (v *view) facts(d *detail) []fact {
	facts := []fact{{"ID", d.ID}, {"Kind", orUnknown(kindWords(d.Kind))}}
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, fact{name, clean(text, textMax)})
		}
	}
	if d.Home != "" {
		add("Home", v.homePath(d.Home))
	}
	if i := d.Identity; i != nil {
		add("State", orUnknown(i.State))
		add("Created", date(i.CreatedAt))
		add("Creator", v.userName(i.Creator))
		add("Acts as", v.userName(i.ActsAs))
		add("Subject", i.Subject)
		add("Environment", i.Environment)
		add("Tags", strings.Join(i.Tags, " "))
		add("Address", i.URL)
		add("Description", i.Description)
	}
	for _, g := range d.Grants {
		add("May act on", v.grantText(g))
	}
	return facts
}

func (v *view) grantText(g *inventory.Grant) string {
	s := v.homePath(g.Home)
	if level := levelName(g.Level); level != "" {
		s += " as " + level
	}
	if g.Scope != "" {
		s += " (" + g.Scope + ")"
	}
	if _, ok := g.ExpiresAt.Time(); ok {
		s += " until " + dated(g.ExpiresAt, v.now)
	}
	return s
}

// userName returns a username, or the ID when the user was not seen; nothing for an unknown user.
func (v *view) userName(id string) string {
	if u := v.x.User(id); u != nil {
		return u.Username
	}
	return id
}

// kindWords writes a kind as words: "project bot".
func kindWords(kind string) string { return strings.ReplaceAll(clean(kind, 60), "-", " ") }

// may says what a credential may do.
func may(c *inventory.Credential) string {
	s := orUnknown(c.Scope)
	if level := levelName(c.Level); level != "" {
		s += ", " + level
	}
	return clean(s, nameMax)
}

// place says where a secret lies: "docs/runbook.md:41", "variable DEPLOY_TOKEN (production)".
func place(l *inventory.Location) string {
	s := cmp.Or(l.Path, l.Key)
	if l.Key != "" {
		s = l.Key
		if l.Environment != "" && l.Environment != "*" {
			s += " (" + l.Environment + ")"
		}
	}
	if l.Line > 0 {
		s += ":" + number(l.Line)
	}
	if l.Commit != "" {
		s += " at " + l.Commit[:min(8, len(l.Commit))]
	}
	return clean(s, nameMax)
}

// protection says how a place is protected, unknown where GitLab did not show it.
func protection(l *inventory.Location) string {
	switch l.Surface {
	case inventory.SurfaceVariable:
		words := []string{triWord(l.Masked, "masked"), triWord(l.Protected, "protected")}
		if l.Hidden == inventory.Yes {
			words = append(words, "hidden")
		}
		return strings.Join(words, ", ")
	case inventory.SurfaceSchedule:
		return "none: schedules cannot mask"
	}
	if l.Exposure() {
		return "none"
	}
	return "unknown"
}

func triWord(t inventory.Tri, word string) string {
	switch t {
	case inventory.Yes:
		return word
	case inventory.No:
		return "not " + word
	}
	return word + " unknown"
}

// short is what reports show of a fingerprint: its first 8 digits.
func short(fingerprint string) string { return clean(fingerprint[:min(8, len(fingerprint))], 8) }
