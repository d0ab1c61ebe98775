package inventory

import "time"

// Scan is one run over an instance.
type Scan struct {
	Number    int64      `json:"number"`   // grows by one in a database
	Instance  string     `json:"instance"` // the name in IDs
	URL       string     `json:"url"`
	Version   string     `json:"gitlab_version"`
	Edition   string     `json:"gitlab_edition"` // "enterprise", "community", or empty
	Scope     []string   `json:"scope"`          // groups and projects asked for, sorted; empty is everything
	State     string     `json:"state"`          // running, finished, cancelled, failed
	Began     time.Time  `json:"began"`
	Ended     *time.Time `json:"ended"`
	Token     TokenFacts `json:"token"`
	Detectors string     `json:"detectors"` // version of the detector set
	KeyID     string     `json:"fingerprint_key"`
	Resumed   int        `json:"resumed"`  // how often it was taken up again
	Requests  int        `json:"requests"` // sent in all
	RulePack  string     `json:"rule_pack"`
	Policy    string     `json:"policy"`   // hash
	Digest    string     `json:"digest"`   // over what it opened and closed, chained to Previous
	Previous  string     `json:"previous"` // digest of the scan before
}

// TokenFacts is who scans: the own token, without its value.
type TokenFacts struct {
	Credential string `json:"credential"` // credential ID
	User       string `json:"user"`       // user ID
	Username   string `json:"username"`
	Scope      string `json:"scope"`
	ExpiresAt  When   `json:"expires_at"`
	Admin      Tri    `json:"admin"` // effectively: an administrator without Admin Mode is none
	Role       string `json:"role"`  // "administrator", "auditor", "user"
}
