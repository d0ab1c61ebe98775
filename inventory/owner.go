package inventory

// Claim is one piece of evidence that a person or team answers for a subject.
type Claim struct {
	Candidate string  `json:"candidate"` // "team-payments", or a username with "@" in front
	User      string  `json:"user"`      // user ID where the candidate is a person
	Rank      int     `json:"rank"`      // of governance evidence, 1 strongest … 11
	Evidence  string  `json:"evidence"`  // "created it", "declared in description", …
	Weight    float64 `json:"weight"`    // after decay, state and fit, 0..1
	At        When    `json:"at"`
	Note      string  `json:"note"` // why it counts less, or not at all
}

// The bands of an owner's confidence.
const (
	OwnerConfirmed = "confirmed" // attested, or in the owners file
	OwnerDeclared  = "declared"  // on the object itself, or in a catalogue
	OwnerInferred  = "inferred"  // at least 0.6
	OwnerWeak      = "weak"      // 0.3 to 0.6
	OwnerNone      = "none"      // below 0.3
	OwnerOrphaned  = "orphaned"  // the best owner is inactive
)

// Owner is who answers for an identity or credential, with the evidence.
type Owner struct {
	Subject    string  `json:"subject"`
	Owner      string  `json:"owner"` // empty when Band is none
	User       string  `json:"user"`  // user ID where the owner is a person
	Confidence float64 `json:"confidence"`
	Band       string  `json:"band"`
	Disputed   bool    `json:"disputed"`
	Claims     []Claim `json:"claims"` // sorted by weight, strongest first
	Reason     string  `json:"reason"` // one sentence with its arithmetic
}
