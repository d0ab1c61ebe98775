package report

import (
	"fmt"
	"math"

	"nhiscan/inventory"
)

// answerText puts a measure into words.
type answerText struct {
	name       string
	question   string // the heading under which it stands
	title      string
	of         string // what the denominator counts, many
	says       string // the sentence that follows "691 of 743"
	none       string // the sentence when the denominator is 0
	published  string // a published figure beside ours; Method says why they are not like for like
	target     float64
	definition string
}

const (
	questionAll  = "Governed"
	questionHere = "Where are the secrets?"
	questionWho  = "Who answers for them?"
	questionFast = "How fast are they revoked?"
)

// answerTexts is in the order in which a report answers. The published figures (96 %, 91.6 %, 20 %) are landmarks
// beside ours, never like for like; the definitions say why.
var answerTexts = []answerText{
	{name: "governed-share", question: questionAll, title: "Governed", of: "active credentials",
		says:       "active credentials are governed: owned, expiring within policy, in use, and without a gap of level high or critical.",
		none:       "No active credential was seen, so none can be governed.",
		definition: "Owned, expiring within policy, used lately, and without an open gap of level high or critical."},
	{name: "outside-secrets-manager", question: questionHere, title: "Outside a secrets manager", of: "distinct secrets",
		says: "distinct secrets stand outside a secrets manager.", none: "No secret value was seen, in the places that could be read.",
		published: "96 % of organisations keep secrets outside secrets managers", target: 0.96,
		definition: "A secret is one distinct value, known by a keyed fingerprint. It is outside when at least one of its places is not a secrets manager; CI/CD variables count as outside. The published figure is a share of organisations, ours a share of secrets: a landmark, not a like-for-like comparison."},
	{name: "sprawl", question: questionHere, title: "Places per secret", of: "distinct secrets",
		says: "places for each distinct secret.", none: "No secret value was seen, in the places that could be read.",
		definition: "Places that hold a secret, divided by distinct values."},
	{name: "owned-share", question: questionWho, title: "Owned", of: "active credentials",
		says: "active credentials have an active owner with a confidence of at least 0.6.", none: "No active credential was seen, so none can have an owner.",
		definition: "An active owner with a confidence of 0.6 or more. Confidence is 1 − Π(1 − evidence) over independent sources; without a declaration it is at most 0.75. Below 0.3 the owner is none."},
	{name: "valid-after-5-days", question: questionFast, title: "Still valid after 5 days", of: "reported secrets",
		says: "reported secrets were still valid five days after the report.", none: "No secret has been reported for five days yet: how fast they are revoked is unknown.",
		published: "91.6 % are still valid five days after notification", target: 0.916,
		definition: "Counted from the first finished scan with the gap. Secrets that are valid today stay in the count. The published figure counts from a notification to the owner."},
	{name: "offboarding-completeness", question: questionFast, title: "Offboarded in time", of: "credentials live when a project or person went",
		says:      "credentials that were live when a project was archived, an owner left or a runner retired were revoked in time.",
		none:      "No project was archived and no owner left while scans watched: offboarding is unknown.",
		published: "20 % of organisations formally offboard API keys", target: 0.2,
		definition: "Credentials revoked within their grace time, of those that were live when a project was archived, an owner left, a workflow changed or a runner retired."},
	{name: "expiry-discipline", question: questionAll, title: "With an expiry date", of: "active credentials that can have one",
		says: "active credentials have an expiry date.", none: "No active credential was seen.",
		definition: "Active credentials with an expiry date set."},
	{name: "rotation-compliance", question: questionAll, title: "Rotated in time", of: "active credentials that rotate",
		says: "active credentials are younger than the rotation period of the policy.", none: "No credential has a rotation period.",
		definition: "Active credentials younger than their rotation period, of those that have one."},
	{name: "idle-share", question: questionAll, title: "Idle", of: "active credentials with a last use",
		says: "active credentials have not been used lately.", none: "No active credential was seen.",
		definition: "Active credentials that were not used within the days that the policy allows."},
	{name: "coverage", question: questionAll, title: "Seen completely", of: "groups and projects",
		says: "groups and projects were seen completely.", none: "No group or project was listed.",
		definition: "Groups and projects in which no visit came back short, of those listed."},
}

// rangeFrom is the share of unknowns from which a share is printed as a range.
const rangeFrom = 0.1

// measureShare writes "691 of 743 (93 %), 19 unknown", and with many unknowns "(68 % to 82 %)".
func measureShare(m inventory.Measure) string {
	if n, of := m.Numerator+m.Unknown, m.Denominator; of >= percentFrom && n <= of && float64(m.Unknown) > rangeFrom*float64(of) {
		return fmt.Sprintf("%s of %s (%s to %s), %s unknown", number(m.Numerator), number(of), percent(m.Numerator, of), percent(n, of), number(m.Unknown))
	}
	return share(m.Numerator, m.Denominator, m.Unknown)
}

// ratio reports whether a measure is a number of things for each other thing and not a share of them.
func (a answerText) ratio() bool { return a.name == "sprawl" }

// value is what stands where a share would: "691 of 743 (93 %), 19 unknown", or "3.1" for a ratio.
func (a answerText) value(m inventory.Measure) string {
	switch {
	case m.Denominator == 0 && m.Unknown > 0:
		return number(m.Unknown) + " unknown"
	case m.Denominator == 0:
		return "0 of 0"
	case a.ratio():
		return fmt.Sprintf("%.1f (%s for %s)", round1(float64(m.Numerator)/float64(m.Denominator)), number(m.Numerator), number(m.Denominator))
	}
	return measureShare(m)
}

func round1(f float64) float64 { return math.Round(f*10) / 10 }
