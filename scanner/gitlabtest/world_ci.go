package gitlabtest

// Variable is a CI/CD variable of a project, a group or the instance.
type Variable struct {
	Key         string `yaml:"key"`
	Value       string `yaml:"value"`
	Type        string `yaml:"type"` // env_var (default), file
	Protected   bool   `yaml:"protected"`
	Masked      bool   `yaml:"masked"`
	Hidden      bool   `yaml:"hidden"` // since 17.4: the value is never shown again
	Raw         bool   `yaml:"raw"`
	Scope       string `yaml:"scope"` // environment scope, default *
	Description string `yaml:"description"`
}

// Schedule starts pipelines by the clock, with its owner's rights.
type Schedule struct {
	ID          int64          `yaml:"id"`
	Description string         `yaml:"description"`
	Ref         string         `yaml:"ref"` // branch or tag, default main
	Cron        string         `yaml:"cron"`
	Timezone    string         `yaml:"timezone"` // default UTC
	Inactive    bool           `yaml:"inactive"`
	NextRunAt   Time           `yaml:"next_run_at"`
	CreatedAt   Time           `yaml:"created_at"`
	UpdatedAt   Time           `yaml:"updated_at"`
	Owner       string         `yaml:"owner"` // username
	Variables   []*RunVariable `yaml:"variables"`
	Inputs      []*Input       `yaml:"inputs"`
	// LastPipeline is the ID of the pipeline it started last; zero for none.
	LastPipeline int64 `yaml:"last_pipeline"`
}

// RunVariable is a variable given to one run or one schedule.
type RunVariable struct {
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
	Type  string `yaml:"type"` // env_var (default), file
	Raw   bool   `yaml:"raw"`
}

// Input is a pipeline input given by a schedule.
type Input struct {
	Name  string `yaml:"name"`
	Value any    `yaml:"value"`
}

// Trigger is a pipeline trigger token; it acts as its owner.
type Trigger struct {
	ID          int64  `yaml:"id"`
	Label       string `yaml:"label"`
	Description string `yaml:"description"`
	Owner       string `yaml:"owner"` // username
	CreatedAt   Time   `yaml:"created_at"`
	UpdatedAt   Time   `yaml:"updated_at"`
	LastUsed    Time   `yaml:"last_used"`
	ExpiresAt   Time   `yaml:"expires_at"`
	Value       string `yaml:"-"` // made by New
}

// Runner executes jobs. It belongs to the instance, to one group or to projects.
type Runner struct {
	ID              int64            `yaml:"id"`
	Label           string           `yaml:"label"`
	Description     string           `yaml:"description"`
	Type            string           `yaml:"type"` // instance_type, group_type, project_type
	Paused          bool             `yaml:"paused"`
	Locked          bool             `yaml:"locked"`
	RunUntagged     bool             `yaml:"run_untagged"`
	Tags            []string         `yaml:"tags"`
	AccessLevel     string           `yaml:"access_level"` // not_protected (default), ref_protected
	MaximumTimeout  int              `yaml:"maximum_timeout"`
	MaintenanceNote string           `yaml:"maintenance_note"`
	CreatedBy       string           `yaml:"created_by"`      // username
	CreationMethod  string           `yaml:"creation_method"` // authenticated_user (default), registration_token
	CreatedAt       Time             `yaml:"created_at"`
	ContactedAt     Time             `yaml:"contacted_at"`
	TokenExpiresAt  Time             `yaml:"token_expires_at"`
	Version         string           `yaml:"version"`
	Group           string           `yaml:"group"`    // path, for group_type
	Projects        []string         `yaml:"projects"` // paths, for project_type; the first one owns it
	Managers        []*RunnerManager `yaml:"managers"`
	Value           string           `yaml:"-"` // made by New
}

// RunnerManager is one machine that uses a runner's token.
type RunnerManager struct {
	ID           int64  `yaml:"id"`
	SystemID     string `yaml:"system_id"`
	Version      string `yaml:"version"`
	Revision     string `yaml:"revision"`
	Platform     string `yaml:"platform"`
	Architecture string `yaml:"architecture"`
	CreatedAt    Time   `yaml:"created_at"`
	ContactedAt  Time   `yaml:"contacted_at"`
	IP           string `yaml:"ip"`
}

// RunnerController is the experimental controller of Ultimate (18.9), with its tokens.
type RunnerController struct {
	ID          int64                    `yaml:"id"`
	Description string                   `yaml:"description"`
	State       string                   `yaml:"state"` // disabled (default), enabled, dry_run
	CreatedAt   Time                     `yaml:"created_at"`
	UpdatedAt   Time                     `yaml:"updated_at"`
	Tokens      []*RunnerControllerToken `yaml:"tokens"`
}

// RunnerControllerToken proves a controller.
type RunnerControllerToken struct {
	ID          int64  `yaml:"id"`
	Label       string `yaml:"label"`
	Description string `yaml:"description"`
	CreatedAt   Time   `yaml:"created_at"`
	UpdatedAt   Time   `yaml:"updated_at"`
	LastUsedAt  Time   `yaml:"last_used_at"`
	Value       string `yaml:"-"` // made by New
}

// SecureFile is a file kept for jobs: a keystore, a certificate, a profile.
type SecureFile struct {
	ID        int64           `yaml:"id"`
	Name      string          `yaml:"name"`
	Content   string          `yaml:"content"`
	CreatedAt Time            `yaml:"created_at"`
	ExpiresAt Time            `yaml:"expires_at"`
	Metadata  *SecureFileMeta `yaml:"metadata"`
}

// SecureFileMeta is what GitLab parses out of a certificate or a provisioning profile.
type SecureFileMeta struct {
	ID        string            `yaml:"id"`
	Issuer    map[string]string `yaml:"issuer"`
	Subject   map[string]string `yaml:"subject"`
	ExpiresAt Time              `yaml:"expires_at"`
}

// JobTokenScope says whose job tokens may reach a project.
type JobTokenScope struct {
	// Inbound limits access to the allowlist; nil means true, the default of new projects.
	Inbound  *bool         `yaml:"inbound_enabled"`
	Outbound bool          `yaml:"outbound_enabled"`
	Projects []*AllowEntry `yaml:"projects"`
	Groups   []*AllowEntry `yaml:"groups"`
	AuthLogs []*AuthLog    `yaml:"auth_logs"`
}

// AllowEntry lets job tokens of one project or group in.
type AllowEntry struct {
	Path      string `yaml:"path"`
	AddedBy   string `yaml:"added_by"` // username
	CreatedAt Time   `yaml:"created_at"`
	// Policies are fine-grained job token permissions, in GraphQL's upper case; empty with DefaultPermissions.
	Policies           []string `yaml:"policies"`
	DefaultPermissions *bool    `yaml:"default_permissions"` // nil means true
	Autopopulated      bool     `yaml:"autopopulated"`
}

// AuthLog is the last real use of a job token of Origin in this project.
type AuthLog struct {
	Origin           string `yaml:"origin"` // project path
	LastAuthorizedAt Time   `yaml:"last_authorized_at"`
}

// Pipeline is one run.
type Pipeline struct {
	ID        int64          `yaml:"id"`
	Ref       string         `yaml:"ref"`
	SHA       string         `yaml:"sha"` // default: head of Ref, or made up
	Tag       bool           `yaml:"tag"`
	Source    string         `yaml:"source"` // push (default), schedule, trigger, web, api
	Status    string         `yaml:"status"` // success (default)
	User      string         `yaml:"user"`   // username
	CreatedAt Time           `yaml:"created_at"`
	Variables []*RunVariable `yaml:"variables"`
	Jobs      []*Job         `yaml:"jobs"`
}

// Job is one job of a run. A running job has a job token.
type Job struct {
	ID          int64    `yaml:"id"`
	Label       string   `yaml:"label"`
	Name        string   `yaml:"name"`
	Stage       string   `yaml:"stage"`
	Status      string   `yaml:"status"` // success (default), running, failed
	Runner      string   `yaml:"runner"` // description
	Environment string   `yaml:"environment"`
	Tags        []string `yaml:"tags"`
	CreatedAt   Time     `yaml:"created_at"`
	StartedAt   Time     `yaml:"started_at"`
	FinishedAt  Time     `yaml:"finished_at"`
	Log         string   `yaml:"log"`
	// Artifacts are files by path; served as a zip.
	Artifacts map[string]string `yaml:"artifacts"`
	Value     string            `yaml:"-"` // made by New for a running job

	pipeline *Pipeline
	project  *Project
	work     *jobWork // of a job that was started here
}

// CIConfig is what the server says about a project's pipeline configuration. It is frozen data, never the output of
// this program's own resolver.
type CIConfig struct {
	// Path is the configuration file, default .gitlab-ci.yml.
	Path       string           `yaml:"path"`
	MergedYAML string           `yaml:"merged_yaml"`
	Errors     []string         `yaml:"errors"` // any makes the configuration invalid
	Warnings   []string         `yaml:"warnings"`
	Includes   []map[string]any `yaml:"includes"` // as GitLab's lint answer lists them
	Jobs       []map[string]any `yaml:"jobs"`     // as GitLab's lint answer lists them
	// Denied makes ci/lint answer 403, as for projects made from repositories that nobody resolved.
	Denied bool `yaml:"denied"`
}
