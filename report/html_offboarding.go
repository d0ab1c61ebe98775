package report

import (
	"cmp"
	"fmt"
	"slices"

	"nhiscan/inventory"
)

// offboarding is something that ended, with the credentials that it left behind.
type offboarding struct {
	Kind    string // "Project archived", "Marked for deletion", "Account inactive"
	Name    string
	When    string
	Waiting string
	Live    int // not known to be dead
	Dead    int
	Owner   string // of the first live credential
	Page    string
	subject string
}

// offboardingShown is how many ended things the page lists.
const offboardingShown = 60

// offboarding lists what ended and still has live credentials, most of them first. The line says over what it looked.
func (v *view) offboarding() ([]offboarding, string) {
	if len(v.x.Homes) == 0 && v.x.Users.Len() == 0 {
		return nil, ""
	}
	var out []offboarding
	ended, live, unknown := 0, 0, 0
	add := func(o offboarding, subject string, owned []*inventory.Credential) {
		ended++
		o.subject = subject
		v.outcome(&o, owned)
		live += o.Live
		if o.Live > 0 {
			out = append(out, o)
		}
	}
	for _, h := range v.x.Homes {
		_, doomed := h.DeletionAt.Time()
		switch {
		case h.Kind == inventory.InstanceHome:
		case h.Archived == inventory.Yes:
			add(offboarding{Kind: "Project archived", Name: clean(cmp.Or(h.Path, h.ID), nameMax)}, h.ID, v.x.CredentialsIn(h.ID))
		case doomed:
			add(offboarding{Kind: "Marked for deletion", Name: clean(cmp.Or(h.Path, h.ID), nameMax), When: date(h.DeletionAt), Waiting: v.waiting(h.DeletionAt)}, h.ID, v.x.CredentialsIn(h.ID))
		case h.Archived == inventory.Unknown && h.Kind == inventory.ProjectHome:
			unknown++
		}
	}
	made := v.madeByGone()
	for u := range v.x.Users.All() {
		switch {
		case u.Inactive() == inventory.Yes:
			add(offboarding{Kind: "Account " + orUnknown(clean(u.State, 40)), Name: clean(cmp.Or(u.Username, u.ID), nameMax), Page: u.ID}, u.ID, slices.Concat(v.x.CredentialsOf(u.ID), made[u.ID]))
		case u.Inactive() == inventory.Unknown:
			unknown++
		}
	}
	slices.SortFunc(out, func(a, b offboarding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), -cmp.Compare(a.Live, b.Live), cmp.Compare(a.Name, b.Name))
	})
	line := fmt.Sprintf("%s ended with %s not known to be dead; of %s it is unknown whether they ended.",
		count(ended, "project or account", "projects and accounts"), count(live, "credential", "credentials"), number(unknown))
	if len(out) > offboardingShown {
		line += fmt.Sprintf(" The first %d:", offboardingShown)
		out = out[:offboardingShown]
	}
	v.dateEnds(out)
	return out, line
}

// madeByGone lists the credentials that inactive accounts made for others, by the ID of the account.
func (v *view) madeByGone() map[string][]*inventory.Credential {
	made := map[string][]*inventory.Credential{}
	for u := range v.x.Users.All() {
		if u.Inactive() == inventory.Yes {
			made[u.ID] = nil
		}
	}
	for c := range v.x.Credentials.All() {
		if owned, gone := made[c.Creator]; gone && c.Creator != c.Identity {
			made[c.Creator] = append(owned, c)
		}
	}
	return made
}

// outcome counts what an ended thing left behind.
func (v *view) outcome(o *offboarding, owned []*inventory.Credential) {
	for _, c := range owned {
		if !c.Active() {
			o.Dead++
			continue
		}
		o.Live++
		if o.Owner == "" {
			o.Owner = ownerText(v.credentialRow(c).Owner)
		}
	}
}

// dateEnds dates what ended by the events that scans recorded.
func (v *view) dateEnds(list []offboarding) {
	subjects := map[string]bool{}
	for _, o := range list {
		subjects[o.subject] = true
	}
	events := v.about(subjects).events
	for i := range list {
		o := &list[i]
		o.When = cmp.Or(o.When, "unknown")
		for _, e := range events[o.subject] {
			if e.Kind == inventory.ProjectArchived || e.Kind == inventory.OwnerLeft {
				o.When, o.Waiting = date(e.At), v.waiting(e.At)
			}
		}
	}
}

// waiting is how long something has waited since a moment; nothing when that is not known.
func (v *view) waiting(since inventory.When) string {
	days, ok := since.DaysBefore(v.now)
	if !ok {
		return ""
	}
	return number(max(days, 0)) + " d"
}

// method defines what the page counts. Definitions of measures stand with their numbers.
func method() []fact {
	return []fact{
		{"Credential in force", "One that GitLab reports as active, or whose state it does not tell: what is not known to be dead must be assumed to work."},
		{"Secret, place", "A secret is one distinct value, known by a keyed fingerprint (HMAC-SHA-256, 128 bits, eight digits shown). A place is one variable, file line, address or setting that holds it. Values are never stored or shown."},
		{"Gap, verdict", "A rule answers pass, fail, unknown or not applicable for every subject. A fail is a gap. A pass is only said when all that it needs was seen."},
		{"Unknown", "The source was denied, failed, has no API or was not asked, or GitLab does not publish the fact. Unknown is neither pass nor fail. Above a tenth of the denominator a share is printed as a range."},
		{"Project seen", "At least one source of the project was read. Completely: every source that was asked for. In part: another was denied or failed."},
		{"Severity", "The base of the rule, plus one each for production, public, known to be active and several places; minus one for no use or a compensating control. The sum is printed with each gap."},
		{"Owner", "The team or person who can keep, rotate or revoke. Confirmed: by attestation or owners file. Declared: on the object or in a catalogue. Inferred: evidence of 0.6 or more. Weak: 0.3 to 0.6. Below that none. Orphaned: the best owner is inactive."},
		{"In use", "Used within the last 90 days, by GitLab's own record, which is kept about once a day and not for every sort of credential."},
		{"Percentages", "Never without numerator and denominator; not at all under 20 subjects."},
		{"Times", "All in UTC, counted to the begin of the scan. “By” is when a scan first saw it: the event lies between two scans."},
	}
}
