package scanner

import (
	"bytes"
	"encoding/json"

	"nhiscan/inventory"
)

// moment decodes a date or time of GitLab's, keeping absent, null and set apart. A text that is no time we can read is
// unknown: whoever may set one expiry date, to the year 12345 perhaps, must not hide the rest of the list by it.
type moment struct {
	shown bool
	odd   bool
	when  inventory.When // unknown when null or odd
}

// UnmarshalJSON is called for null too, and not at all when the field is absent.
func (m *moment) UnmarshalJSON(b []byte) error {
	*m = moment{shown: true}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil {
		return nil
	}
	w, err := inventory.ParseWhen(*s)
	m.when, m.odd = w, err != nil || w.IsUnknown()
	return nil
}

// When reads null as "there is no such moment": an expiry that was never set, a token never used.
func (m moment) When() inventory.When {
	if m.shown && !m.odd && m.when.IsUnknown() {
		return inventory.Never
	}
	return m.when
}

// Known reads null as unknown, for moments that must exist, such as a creation.
func (m moment) Known() inventory.When { return m.when }

// flag decodes a boolean, keeping absent and null apart from false.
type flag struct{ tri inventory.Tri }

// UnmarshalJSON reads true, false and null.
func (f *flag) UnmarshalJSON(b []byte) error { return f.tri.UnmarshalJSON(bytes.TrimSpace(b)) }

// Tri returns the answer; absent and null are Unknown.
func (f flag) Tri() inventory.Tri { return f.tri }

func not(t inventory.Tri) inventory.Tri {
	switch t {
	case inventory.Yes:
		return inventory.No
	case inventory.No:
		return inventory.Yes
	}
	return inventory.Unknown
}

// userRef is a user as GitLab embeds one in other objects.
type userRef struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	State    string `json:"state"`
}
