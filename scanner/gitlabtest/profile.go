package gitlabtest

import (
	"fmt"
	"strconv"
	"strings"
)

// Tier is a licence; each one holds all of the tier below.
type Tier int

// Tiers in ascending order; the zero Tier is Free.
const (
	Free Tier = iota
	Premium
	Ultimate
)

// Offering is where GitLab runs. In a Route the zero Offering means both.
type Offering int

// Offerings.
const (
	SelfManaged Offering = 1
	SaaS        Offering = 2
)

// Profile is the GitLab that a Server plays.
type Profile struct {
	Version  string // "17.11", "18.11", "19.6"
	Tier     Tier
	Offering Offering
	// AdminMode makes an administrator's token a plain user's unless it has the scope admin_mode.
	AdminMode bool
	// EnforceGranular refuses classic personal tokens with 404 in the whole instance; a group does the same for itself
	// with the setting enforce_granular_tokens.
	EnforceGranular bool
}

// Default is self-managed GitLab 19.6 Ultimate with Admin Mode on.
func Default() Profile {
	return Profile{Version: "19.6", Tier: Ultimate, Offering: SelfManaged, AdminMode: true}
}

// Has says whether the profile's version is at least version, written "18.11".
func (p Profile) Has(version string) bool {
	return version == "" || versionNumber(p.Version) >= versionNumber(version)
}

// versionNumber makes versions comparable; text that is no version counts as 0.
func versionNumber(v string) int {
	major, minor, _ := strings.Cut(v, ".")
	minor, _, _ = strings.Cut(minor, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil {
		return 0
	}
	return a*1000 + b
}

func (p Profile) check() error {
	if versionNumber(p.Version) == 0 {
		return fmt.Errorf("profile version %q is not like 19.6", p.Version)
	}
	if p.Offering != SelfManaged && p.Offering != SaaS {
		return fmt.Errorf("profile offering %d is neither SelfManaged nor SaaS", p.Offering)
	}
	return nil
}

// full is the version as /version writes it.
func (p Profile) full() string {
	if p.Tier == Free && p.Offering == SelfManaged {
		return p.Version + ".0"
	}
	return p.Version + ".0-ee"
}
