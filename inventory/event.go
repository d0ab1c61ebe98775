package inventory

// EventKind names a step in a lifecycle.
type EventKind string

// The kinds of event.
const (
	Discovered      EventKind = "discovered"       // a credential, or a place that holds a secret, seen for the first time
	Exposed         EventKind = "exposed"          // a secret seen for the first time where none should be
	Reported        EventKind = "reported"         // a gap in a finished scan for the first time
	Rotated         EventKind = "rotated"          // a new credential took over, or a stored value changed
	ExpiredEvent    EventKind = "expired"          // its expiry date passed
	RevokedEvent    EventKind = "revoked"          // GitLab says revoked
	Removed         EventKind = "removed"          // gone from a home that was covered completely
	Reappeared      EventKind = "reappeared"       // back after it was removed, expired or revoked
	Changed         EventKind = "changed"          // any other field
	OwnerChanged    EventKind = "owner-changed"    // another owner was resolved
	OwnerLeft       EventKind = "owner-left"       // a user account became inactive
	ProjectArchived EventKind = "project-archived" // a group or project was archived
)

// Event is one step in the lifecycle of a subject.
type Event struct {
	Kind    EventKind `json:"kind"`
	Subject string    `json:"subject"` // ID of the row
	Row     RowKind   `json:"row"`
	Home    string    `json:"home"`
	Name    string    `json:"name"`  // the subject's name when it happened
	Field   string    `json:"field"` // empty where the kind says it all
	From    string    `json:"from"`  // of a removed usage: the credential that was used, where known
	To      string    `json:"to"`
	// At is when it happened: exact where GitLab dates it, else the begin of the scan that first saw it.
	At When `json:"at"`
	// After is the begin of the last scan that still saw the state before; unknown when At is exact.
	After When  `json:"after"`
	Scan  int64 `json:"scan"` // number of the scan that saw it
}
