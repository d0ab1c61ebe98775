package inventory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// When is a moment as GitLab reported it, in UTC to the second.
// The zero When is unknown: GitLab does not publish the field, or this token may not read it.
// Never is different: GitLab says there is no such moment (no expiry date, not used yet).
// Values are comparable with ==.
type When struct{ n int64 } // a snapshot holds a million of them, so it is one word: the order of n is that of Compare

const (
	whenUnknown int64 = iota
	whenNever
	whenYearZero // stands for the first second of year 0, the earliest that RFC 3339 can write
)

// yearZero is 0000-01-01T00:00:00Z in seconds since 1970.
const yearZero = -62_167_219_200

// never is what JSON and SQL hold for Never.
const never = "never"

// Never says that there is no such moment.
var Never = When{whenNever}

// At returns the moment t, cut to the second. The zero time is unknown, and so is one that RFC 3339 cannot write:
// in UTC its year is not 0 to 9999.
func At(t time.Time) When {
	if t.IsZero() || !writable(t) {
		return When{}
	}
	return When{t.Unix() - yearZero + whenYearZero}
}

func writable(t time.Time) bool { y := t.UTC().Year(); return y >= 0 && y <= 9999 }

// ParseWhen reads what String wrote, an RFC 3339 time, or a date (00:00 UTC of that day).
// The empty string is unknown.
func ParseWhen(s string) (When, error) {
	switch s {
	case "":
		return When{}, nil
	case never:
		return Never, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"} {
		// 9999-12-31T23:59:59-23:59 is RFC 3339, but not what it would be written as in UTC.
		if t, err := time.Parse(layout, s); err == nil && writable(t) {
			return At(t), nil
		}
	}
	return When{}, fmt.Errorf("time %.40q: want RFC 3339, a date, %q or nothing", s, never)
}

// IsUnknown reports whether GitLab did not show the moment.
func (w When) IsUnknown() bool { return w.n == whenUnknown }

// IsNever reports whether GitLab says that there is no such moment.
func (w When) IsNever() bool { return w.n == whenNever }

// Time returns the moment in UTC; ok is false for unknown and never.
func (w When) Time() (t time.Time, ok bool) {
	if w.n < whenYearZero {
		return time.Time{}, false
	}
	return time.Unix(w.n-whenYearZero+yearZero, 0).UTC(), true
}

// Before reports whether w is a moment before t. Unknown and never are before nothing.
func (w When) Before(t time.Time) bool {
	m, ok := w.Time()
	return ok && m.Before(t)
}

// DaysBefore returns the whole days from w to t, rounded down and negative when w is later;
// ok is false for unknown and never.
func (w When) DaysBefore(t time.Time) (days int, ok bool) {
	m, ok := w.Time()
	if !ok {
		return 0, false
	}
	d := t.Sub(m)
	days = int(d / (24 * time.Hour))
	if d < 0 && d%(24*time.Hour) != 0 {
		days--
	}
	return days, true
}

// Compare orders unknown before never before moments, and moments by time.
func (w When) Compare(o When) int { return cmp.Compare(w.n, o.n) }

// String returns "", "never", or RFC 3339 in UTC.
func (w When) String() string {
	if t, ok := w.Time(); ok {
		return t.Format(time.RFC3339)
	}
	if w.n == whenNever {
		return never
	}
	return ""
}

// MarshalJSON writes null, "never", or RFC 3339 text.
func (w When) MarshalJSON() ([]byte, error) {
	if w.IsUnknown() {
		return []byte("null"), nil
	}
	return []byte(`"` + w.String() + `"`), nil // nothing in it needs an escape
}

// UnmarshalJSON reads what MarshalJSON wrote. Null leaves unknown.
func (w *When) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*w = When{}
	if s == nil {
		return nil
	}
	v, err := ParseWhen(*s)
	*w = v
	return err
}
