package inventory

import "fmt"

// Tri is yes, no or unknown. The zero Tri is unknown: GitLab did not show it.
type Tri uint8

// The three answers, ordered so that a known answer is greater than unknown.
const (
	Unknown Tri = iota
	No
	Yes
)

// Is turns a bool that GitLab did show into Yes or No.
func Is(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// String returns "yes", "no" or "unknown".
func (t Tri) String() string {
	switch t {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "unknown"
}

// MarshalJSON writes true, false or null.
func (t Tri) MarshalJSON() ([]byte, error) {
	switch t {
	case Yes:
		return []byte("true"), nil
	case No:
		return []byte("false"), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Tri) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*t = Yes
	case "false":
		*t = No
	case "null":
		*t = Unknown
	default:
		return fmt.Errorf("tri: %.20q: want true, false or null", b)
	}
	return nil
}
