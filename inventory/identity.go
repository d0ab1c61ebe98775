package inventory

// Identity is who can act: a bot user, service account, deploy key, runner, trigger, pipeline job; a person
// only as far as machines use that person's tokens.
//
// Kinds: user, project-bot, group-bot, service-account, deploy-token, deploy-key, runner, trigger, schedule,
// agent, oauth-application, webhook, integration, mirror, workload, error-tracking-key, alert-integration,
// pages-domain, terraform-state, registration-token, external.
type Identity struct {
	ID          string            `json:"id"`
	Kind        string            `json:"kind"`
	Home        string            `json:"home"` // home ID where it was made; empty is unknown
	Name        string            `json:"name"`
	Description string            `json:"description"`
	URL         string            `json:"url"` // without user info and query values
	State       string            `json:"state"`
	Creator     string            `json:"creator"` // user ID; empty is unknown
	ActsAs      string            `json:"acts_as"` // user ID whose rights it has: a trigger's, schedule's or mirror's owner
	CreatedAt   When              `json:"created_at"`
	Level       int               `json:"access_level"`
	Subject     string            `json:"subject"`     // of a workload: the ID token's sub claim
	Environment string            `json:"environment"` // of a workload
	Tags        []string          `json:"tags"`        // of a runner or workload; nil is unknown
	Attributes  map[string]string `json:"attributes"`  // further facts under GitLab's own names; never a value of a secret
	Seen        []Visit           `json:"-"`
	Volatile
}
