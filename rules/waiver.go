package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"nhiscan/inventory"
)

// Waiver accepts a gap for a time: somebody approved it, with a reason, until a day.
type Waiver struct {
	Rule     string `koanf:"rule" json:"rule"`         // rule ID or code
	Subject  string `koanf:"subject" json:"subject"`   // an ID or "home path/name"; "*" stands for any characters
	Reason   string `koanf:"reason" json:"reason"`     // why it is accepted
	Approver string `koanf:"approver" json:"approver"` // who answers for that
	Until    string `koanf:"until" json:"until"`       // last day on which it counts, "2027-01-31", UTC
}

// Waived is a gap that a waiver accepts. It is counted and reported beside the open ones.
type Waived struct {
	inventory.Gap
	Reason   string `json:"reason"`
	Approver string `json:"approver"`
	Until    string `json:"until"`
}

func (w Waiver) validate() error {
	var errs []error
	known := func(r Rule) bool { return r.ID == w.Rule || r.Code == w.Rule }
	if !slices.ContainsFunc(All(), known) {
		errs = append(errs, fmt.Errorf("rule %.80q: no such rule", w.Rule))
	}
	for _, f := range []struct{ key, value string }{{"subject", w.Subject}, {"reason", w.Reason}, {"approver", w.Approver}} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", f.key))
		}
	}
	if _, err := time.Parse(time.DateOnly, w.Until); err != nil {
		errs = append(errs, fmt.Errorf("until %.40q: want a date such as 2027-01-31", w.Until))
	}
	return errors.Join(errs...)
}

// holds reports whether the waiver has not ended. One whose date cannot be read has.
func (w Waiver) holds(now time.Time) bool {
	last, err := time.Parse(time.DateOnly, w.Until)
	return err == nil && now.Before(last.AddDate(0, 0, 1))
}

// waiver returns the first waiver that accepts a gap, or nil. label is the other name of its subject.
func (p Policy) waiver(g inventory.Gap, label string, now time.Time) *Waiver {
	for i, w := range p.Waivers {
		if (w.Rule == g.Rule || w.Rule == g.Code) && w.Reason != "" && w.Approver != "" && w.holds(now) &&
			(inventory.Wildcard(w.Subject, g.Subject) || inventory.Wildcard(w.Subject, label)) {
			return &p.Waivers[i]
		}
	}
	return nil
}
