package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Policy holds the thresholds that rules compare with. Days are whole days of 24 hours.
type Policy struct {
	MaxLifetimeDays    int `koanf:"max_lifetime_days" json:"max_lifetime_days"`       // hard limit from creation to expiry
	TargetLifetimeDays int `koanf:"target_lifetime_days" json:"target_lifetime_days"` // what to aim for
	RotationDays       int `koanf:"rotation_days" json:"rotation_days"`               // greatest age of a credential
	StaleDays          int `koanf:"stale_days" json:"stale_days"`                     // unused for longer is stale
	UnusedNewDays      int `koanf:"unused_new_days" json:"unused_new_days"`           // time to be used for the first time
	// ExpiringDays are the windows before expiry for severities info, low, medium and high, falling.
	ExpiringDays    []int    `koanf:"expiring_days" json:"expiring_days"`
	InUseDays       int      `koanf:"in_use_days" json:"in_use_days"`                 // used within so many days is in use
	GraceOffboard   int      `koanf:"grace_offboard_days" json:"grace_offboard_days"` // time to revoke when a project or person goes
	GraceWorkflow   int      `koanf:"grace_workflow_days" json:"grace_workflow_days"` // time to revoke when the last job that used it goes
	ReuseProjects   int      `koanf:"reuse_projects" json:"reuse_projects"`           // so many projects share a value: a gap
	OwnerConfidence float64  `koanf:"owner_confidence" json:"owner_confidence"`       // from here on a credential counts as owned
	Waivers         []Waiver `koanf:"waivers" json:"waivers"`
}

// DefaultPolicy returns the thresholds that hold when nothing is configured.
func DefaultPolicy() Policy {
	return Policy{
		MaxLifetimeDays: 365, TargetLifetimeDays: 90, RotationDays: 90, StaleDays: 90, UnusedNewDays: 30,
		ExpiringDays: []int{30, 14, 7, 1}, InUseDays: 14, GraceOffboard: 1, GraceWorkflow: 7, ReuseProjects: 3, OwnerConfidence: 0.6,
	}
}

// Validate says what is wrong with the policy, all of it, each with its key.
func (p Policy) Validate() error {
	var errs []error
	for _, d := range []struct {
		key  string
		days int
	}{
		{"max_lifetime_days", p.MaxLifetimeDays}, {"target_lifetime_days", p.TargetLifetimeDays}, {"rotation_days", p.RotationDays},
		{"stale_days", p.StaleDays}, {"unused_new_days", p.UnusedNewDays}, {"in_use_days", p.InUseDays},
	} {
		if d.days < 1 {
			errs = append(errs, fmt.Errorf("policy %s: %d: want at least 1 day", d.key, d.days))
		}
	}
	if p.GraceOffboard < 0 {
		errs = append(errs, fmt.Errorf("policy grace_offboard_days: %d: want 0 or more", p.GraceOffboard))
	}
	if p.GraceWorkflow < 0 {
		errs = append(errs, fmt.Errorf("policy grace_workflow_days: %d: want 0 or more", p.GraceWorkflow))
	}
	if p.TargetLifetimeDays > p.MaxLifetimeDays {
		errs = append(errs, fmt.Errorf("policy target_lifetime_days: %d is above max_lifetime_days (%d)", p.TargetLifetimeDays, p.MaxLifetimeDays))
	}
	if p.ReuseProjects < 2 {
		errs = append(errs, fmt.Errorf("policy reuse_projects: %d: want at least 2", p.ReuseProjects))
	}
	if !(p.OwnerConfidence > 0 && p.OwnerConfidence <= 1) {
		errs = append(errs, fmt.Errorf("policy owner_confidence: %v: want more than 0, at most 1", p.OwnerConfidence))
	}
	if !falling(p.ExpiringDays) {
		errs = append(errs, fmt.Errorf("policy expiring_days: %v: want 4 falling numbers of days above 0", p.ExpiringDays))
	}
	for i, w := range p.Waivers {
		if err := w.validate(); err != nil {
			errs = append(errs, fmt.Errorf("waiver %d: %w", i+1, err))
		}
	}
	return errors.Join(errs...)
}

func falling(days []int) bool {
	if len(days) != 4 || days[3] < 1 {
		return false
	}
	return days[0] > days[1] && days[1] > days[2] && days[2] > days[3]
}

// Hash names the policy: two results compare only under the same. 16 hexadecimal digits.
func (p Policy) Hash() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // only an unordered float (NaN) fails, which Validate refuses
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
