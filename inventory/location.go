package inventory

// The surfaces on which a secret may lie.
const (
	SurfaceVariable    = "variable"    // CI/CD variable of project, group or instance
	SurfaceSchedule    = "schedule"    // variable or input of a pipeline schedule
	SurfaceFile        = "file"        // at the head of the default branch
	SurfaceHistory     = "history"     // in a reachable commit, not at that head
	SurfaceCI          = "ci"          // pipeline configuration
	SurfaceURL         = "url"         // webhook or mirror address
	SurfaceDescription = "description" // free text on a GitLab object
	SurfaceSetting     = "setting"     // instance or integration setting that GitLab reads back
	SurfaceSnippet     = "snippet"     // file of a project snippet
	SurfaceWiki        = "wiki"        // page of a wiki, in any version
	SurfaceRelease     = "release"     // notes of a release, or a file that it gives away
	SurfaceLog         = "log"         // output of a job
	SurfaceToken       = "token"       // GitLab shows the token itself: trigger, registration, error-tracking, alert
)

// Location is where a secret lies or leaks. Many locations share one fingerprint.
type Location struct {
	ID      string `json:"id"`
	Home    string `json:"home"`
	Surface string `json:"surface"`
	Path    string `json:"path"`   // file path, or the GitLab object: "hooks/3 url", "pipeline_schedules/4"
	Line    int    `json:"line"`   // 1-based; 0 is none
	Column  int    `json:"column"` // 1-based, in bytes; 0 is none
	Commit  string `json:"commit"` // first commit that holds it
	Author  string `json:"author"` // of that commit, the name only
	At      When   `json:"at"`     // of that commit

	Key         string `json:"key"` // variable key
	Environment string `json:"environment_scope"`
	Masked      Tri    `json:"masked"`
	Hidden      Tri    `json:"hidden"`
	Protected   Tri    `json:"protected"`
	Raw         Tri    `json:"raw"`
	FileType    Tri    `json:"file_type"`
	Description string `json:"description"`
	SecretLike  Tri    `json:"secret_like"` // a detector hits its value, its key says so, or it is masked or hidden

	Fingerprint string `json:"fingerprint"` // empty: the value was not shown, or is too short
	KeyID       string `json:"fingerprint_key"`
	Hint        string `json:"hint"`
	Detector    string `json:"detector"`                         // ID of the detector that hit; empty is none
	Credential  string `json:"credential" merge:"external-last"` // credential ID whose value lies here; empty is unknown
	LinkReason  string `json:"link_reason"`
	Linked      string `json:"linked_fingerprint"` // the fingerprint that Credential was inferred for; empty: it was not inferred
	Route       string `json:"route"`              // GitLab ids that a routable token names, "u=12 p=5"; empty is none

	Seen []Visit `json:"-"`
}

// Exposure reports whether the location is one where no secret should lie: anything but a variable, schedule,
// setting, or a token that GitLab itself shows.
func (l Location) Exposure() bool {
	switch l.Surface {
	case SurfaceFile, SurfaceHistory, SurfaceCI, SurfaceURL, SurfaceDescription, SurfaceSnippet, SurfaceWiki, SurfaceRelease, SurfaceLog:
		return true
	}
	return false
}

// The kinds of usages: where the job has the credential from.
const (
	UseVariable   = "ci-variable"     // of project, group, instance or schedule
	UsePredefined = "predefined"      // GitLab makes it for the job
	UseIDToken    = "id-token"        // OpenID Connect token of the job
	UseExternal   = "external-secret" // the runner fetches it from a secrets manager
	UseFetched    = "fetched-secret"  // the job reads it with another credential
	UseImplicit   = "implicit"        // a tool's default, which the configuration does not name
	UseAmbient    = "ambient"         // of the runner or its machine
	UseArtifact   = "artifact"        // of an earlier job
	UseTrigger    = "trigger"         // of who runs the pipeline
	UseLiteral    = "literal"         // it stands in the configuration
	UseNone       = "none"
	UseUnknown    = "unknown" // it cannot be told
)

// Usage is where a workload uses a credential, on which system, for what.
type Usage struct {
	ID         string  `json:"id"`
	Home       string  `json:"home"`
	Workload   string  `json:"workload"`   // identity ID of the job
	Job        string  `json:"job"`        // its name
	Name       string  `json:"name"`       // variable, id token or secret as the job names it
	Kind       string  `json:"kind"`       // one of the Use constants
	Credential string  `json:"credential"` // credential ID; empty is unknown
	System     string  `json:"system"`     // empty is unknown
	Operation  string  `json:"operation"`  // for HTTP the method and path; several are joined by "; "
	Style      string  `json:"auth_style"` // how it is presented; "forwarded": handed to a remote host
	Scope      string  `json:"scope"`
	LeastScope string  `json:"least_scope"` // empty is unknown
	Path       string  `json:"path"`
	Line       int     `json:"line"` // 1-based; 0 when only the merged configuration names it
	Confidence string  `json:"confidence"`
	Seen       []Visit `json:"-"`
}
