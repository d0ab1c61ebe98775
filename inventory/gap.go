package inventory

// Severity orders gaps. The zero Severity is unset.
type Severity int

// The severities.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"", "info", "low", "medium", "high", "critical"}

// String returns the lower-case name.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return ""
	}
	return severityNames[s]
}

// ParseSeverity reads a lower-case name; ok is false for any other text.
func ParseSeverity(name string) (s Severity, ok bool) {
	for i, n := range severityNames {
		if i > 0 && n == name {
			return Severity(i), true
		}
	}
	return 0, false
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; other text leaves the zero Severity.
func (s *Severity) UnmarshalText(b []byte) error {
	*s, _ = ParseSeverity(string(b))
	return nil
}

// Gap is one governance rule not met by one subject.
type Gap struct {
	Rule       string   `json:"rule"`
	Code       string   `json:"code"`
	Subject    string   `json:"subject"` // ID of the row
	Home       string   `json:"home"`
	Severity   Severity `json:"severity"`
	Arithmetic string   `json:"severity_reason"` // "base medium, +1 public = high"
	Message    string   `json:"message"`         // carries the numbers that decided
	Evidence   []string `json:"evidence"`        // "expires_at = never"; never a value; nil only before JSON
	Owner      string   `json:"owner"`
	FirstSeen  When     `json:"first_seen"` // first finished scan that had the gap
}

// VerdictCount counts one rule's answers over all its subjects.
type VerdictCount struct {
	Rule          string         `json:"rule"`
	Pass          int            `json:"pass"`
	Fail          int            `json:"fail"`
	Unknown       int            `json:"unknown"`
	NotApplicable int            `json:"not_applicable"`
	Reasons       map[string]int `json:"unknown_reasons"` // why unknown, and how often
}

// Measure is one number that answers a question, never without what it was counted over.
type Measure struct {
	Name        string  `json:"name"`
	Scope       string  `json:"scope"` // "instance", or a home ID
	Numerator   int     `json:"numerator"`
	Denominator int     `json:"denominator"`
	Unknown     int     `json:"unknown"`
	Value       float64 `json:"value"` // numerator / denominator; 0 when the denominator is 0
}
