package inventory

// State says how much of a visit succeeded.
type State string

// The states of a visit.
const (
	Complete    State = "complete"
	Partial     State = "partial"     // some rows are missing; the reason says which
	Denied      State = "denied"      // Needs says which role or scope would help
	Unsupported State = "unsupported" // this version or tier of GitLab has it not, or has no API for it
	Failed      State = "failed"
	NotAsked    State = "not-asked" // switched off, or pointless after another answer
)

// Visit is one source in one home.
type Visit struct {
	Source string `json:"source"`
	Home   string `json:"home"` // home ID
}

// Needs says what would show the rest: a role in the home, a token scope, a tier, a version. Empty is none.
type Needs struct {
	Role    string `json:"role,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Tier    string `json:"tier,omitempty"`
	Version string `json:"version,omitempty"`
	// Source is the source whose list shows these rows in place of this visit, for a visit that is not-asked for that reason.
	Source string `json:"source,omitempty"`
}

// Coverage is what one visit could and could not see.
type Coverage struct {
	Visit
	State    State  `json:"state"`
	Seen     int    `json:"seen"`   // rows shown
	Status   int    `json:"status"` // HTTP status that decided; 0 is none
	Reason   string `json:"reason"` // empty when complete
	Needs    Needs  `json:"needs"`
	Requests int    `json:"requests"` // sent for this visit
}
