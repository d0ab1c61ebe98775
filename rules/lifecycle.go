package rules

import (
	"slices"
	"strings"
	"time"

	"nhiscan/inventory"
)

// History is what a store knows of earlier scans.
type History struct {
	Reported []Reported        // in any order; of closed gaps too
	Events   []inventory.Event // in any order
	Earlier  bool              // a scan before the one that is judged has told of itself
}

// Add takes an event in for the judgement of a scan, as far as a rule or a measure asks for it: most events of a large
// estate tell that a row was found. Events of earlier scans come first, unless Earlier is set.
func (h *History) Add(e inventory.Event, scan int64) {
	h.Earlier = h.Earlier || e.Scan < scan
	found := e.Kind == inventory.Discovered || e.Kind == inventory.Exposed || e.Kind == inventory.Reappeared
	switch {
	case e.Kind == inventory.Reported:
		h.Reported = append(h.Reported, Reported{Rule: e.Field, Subject: e.Subject, At: e.At})
	case e.Kind == inventory.OwnerChanged:
	case e.Kind == inventory.Changed && e.Field != readField:
	case found && (e.Row != inventory.LocationRow || e.Scan != scan || !h.Earlier):
	default:
		h.Events = append(h.Events, e)
	}
}

// Reported says when a gap stood in a finished scan for the first time.
type Reported struct {
	Rule    string // rule ID
	Subject string // ID of the row
	At      inventory.When
}

// validDays is how long after its report a secret should be dead at the latest.
const validDays = 5

// Lifecycle measures how fast credentials end, which one snapshot cannot tell. x needs resolved owners. It returns valid-after-5-days and
// offboarding-completeness, sorted as Result.Measures.
//
// An end counts from the moment GitLab dates, else from the scan that first saw it: the late side, so that no team
// looks faster than it was. What is too recent to be judged is in no denominator.
func Lifecycle(x *inventory.Index, h History, policy Policy, now time.Time) []inventory.Measure {
	c := &clock{Pass: newPass(x, h, policy, now), ended: map[string]inventory.When{}, gone: map[string]inventory.Event{}}
	for _, e := range h.Events {
		c.end(e)
	}
	l := newLedger(c.Pass, measureValid, measureOffboarded)
	c.validAfter(l, h.Reported)
	c.offboarded(l, h.Events)
	return l.list()
}

type clock struct {
	*Pass
	ended map[string]inventory.When  // by credential ID: its first end
	gone  map[string]inventory.Event // by credential ID: that end, of credentials the snapshot lacks
}

func (c *clock) end(e inventory.Event) {
	id := e.Subject
	switch e.Kind {
	case inventory.RevokedEvent, inventory.ExpiredEvent, inventory.Removed:
		if e.Row != inventory.CredentialRow {
			return
		}
	case inventory.Rotated:
		id = e.From // GitLab revokes the predecessor of a token in the same moment
		if e.Row != inventory.CredentialRow || e.Field != "" {
			return
		}
	default:
		return
	}
	if first, known := c.ended[id]; known && first.Compare(e.At) <= 0 {
		return
	}
	c.ended[id] = e.At
	if c.X.Credential(id) == nil && id == e.Subject {
		c.gone[id] = e
	}
}

// endOf returns when a credential ended. dead is unknown when nothing tells whether it has.
func (c *clock) endOf(id string) (at time.Time, dead inventory.Tri) {
	if t, ok := c.ended[id].Time(); ok {
		return t, inventory.Yes
	}
	row := c.X.Credential(id)
	if row == nil || row.State == "" || row.Kind == "external" {
		return time.Time{}, inventory.Unknown
	}
	if row.State == inventory.Active {
		return time.Time{}, inventory.No
	}
	for _, w := range []inventory.When{row.RevokedAt, row.ExpiresAt} {
		if t, ok := w.Time(); ok && !t.After(c.Now) {
			return t, inventory.Yes
		}
	}
	return time.Time{}, inventory.Unknown // dead, but since when?
}

// validAfter counts each reported secret once, from its first report on.
func (c *clock) validAfter(l *ledger, reported []Reported) {
	exposureRules := map[string]bool{}
	for _, r := range All() {
		exposureRules[r.ID] = strings.HasPrefix(r.Code, "SEC-")
	}
	first := map[string]time.Time{} // by credential ID
	for _, r := range reported {
		at, ok := r.At.Time()
		if !ok || !exposureRules[r.Rule] {
			continue
		}
		secret := c.secretOf(r.Subject)
		if t, known := first[secret]; !known || at.Before(t) {
			first[secret] = at
		}
	}
	for id, at := range first {
		limit := at.AddDate(0, 0, validDays)
		if limit.After(c.Now) {
			continue
		}
		l.count(measureValid, l.scopesOf(c.homeOf(id)), c.validAt(id, limit))
	}
}

func (c *clock) validAt(id string, limit time.Time) inventory.Tri {
	end, dead := c.endOf(id)
	switch {
	case dead == inventory.Yes:
		return inventory.Is(end.After(limit))
	case dead == inventory.No:
		return inventory.Yes
	}
	// A value that no GitLab row stands for counts as valid as long as a variable hands it to jobs.
	if row := c.X.Credential(id); row == nil || row.Active() {
		for _, place := range c.placesOf(id) {
			if place.Surface == inventory.SurfaceVariable {
				return inventory.Yes
			}
		}
	}
	return inventory.Unknown
}

// placesOf returns the places of a credential's value, or of the value that an external ID stands for.
func (c *clock) placesOf(id string) []*inventory.Location {
	if places := c.X.LocationsOf(id); len(places) > 0 {
		return places
	}
	return c.X.SameValue(id[strings.LastIndexByte(id, '/')+1:])
}

// secretOf returns the credential that a gap's subject is about: the subject itself, or the one whose value lies there.
func (c *clock) secretOf(subject string) string {
	switch l := c.X.Location(subject); {
	case l != nil && l.Credential != "":
		return l.Credential
	case l != nil && l.Fingerprint != "":
		return inventory.ExternalID(c.X.Scan.Instance, l.Fingerprint)
	}
	return subject
}

func (c *clock) homeOf(id string) string {
	if row := c.X.Credential(id); row != nil && row.Home != "" {
		return row.Home
	}
	if places := c.placesOf(id); len(places) > 0 {
		return places[0].Home
	}
	return c.gone[id].Home
}

// offboarded counts what was live when a project was archived or a person left, and what of it ended in time.
func (c *clock) offboarded(l *ledger, events []inventory.Event) {
	left := map[string][]time.Time{} // by user ID
	for _, e := range events {
		at, ok := e.At.Time()
		switch {
		case !ok:
		case e.Kind == inventory.OwnerLeft:
			left[e.Subject] = append(left[e.Subject], at)
		case e.Kind == inventory.ProjectArchived:
			c.archived(l, e.Subject, at)
		}
	}
	if len(left) == 0 {
		return
	}
	for row := range c.X.Credentials.All() {
		people := []string{row.Identity, row.Creator}
		if o := c.ownerOf(*row); o != nil {
			people = append(people, o.User)
		}
		slices.Sort(people)
		for _, person := range slices.Compact(people) {
			for _, at := range left[person] {
				c.liveAt(l, row, at)
			}
		}
	}
}

// archived counts the credentials of bots in a project that was archived, and those that are gone since.
func (c *clock) archived(l *ledger, project string, at time.Time) {
	for _, row := range c.X.CredentialsIn(project) {
		if ofBot(*row) {
			c.liveAt(l, row, at)
		}
	}
	for id, end := range c.gone {
		if end.Home == project {
			c.inTime(l, id, end.Home, at)
		}
	}
}

func (c *clock) liveAt(l *ledger, row *inventory.Credential, at time.Time) {
	born, dated := row.CreatedAt.Time()
	if !dated || born.Before(at) {
		c.inTime(l, row.ID, row.Home, at)
	}
}

func (c *clock) inTime(l *ledger, id, home string, at time.Time) {
	limit := at.AddDate(0, 0, c.Policy.GraceOffboard)
	end, dead := c.endOf(id)
	scopes := l.scopesOf(home)
	switch {
	case dead == inventory.Yes && end.Before(at):
		return // was not live
	case dead == inventory.Yes:
		l.count(measureOffboarded, scopes, inventory.Is(!end.After(limit)))
	case limit.After(c.Now):
		return // there is still time
	default:
		l.count(measureOffboarded, scopes, dead)
	}
}
