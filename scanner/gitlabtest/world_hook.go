package gitlabtest

// Hook is a webhook of a project, a group or the instance (a system hook). Its token, headers and URL variables are
// written only; a credential typed into the URL itself is shown in clear, as in GitLab.
type Hook struct {
	ID            int64             `yaml:"id"`
	URL           string            `yaml:"url"`
	Name          string            `yaml:"name"`
	Description   string            `yaml:"description"`
	CreatedAt     Time              `yaml:"created_at"`
	NoSSLVerify   bool              `yaml:"no_ssl_verification"`
	Token         string            `yaml:"token"`
	SigningToken  string            `yaml:"signing_token"`
	URLVariables  map[string]string `yaml:"url_variables"`
	CustomHeaders map[string]string `yaml:"custom_headers"`
	Template      string            `yaml:"custom_webhook_template"`
	Events        []string          `yaml:"events"` // GitLab's field names: push_events, job_events
	BranchFilter  string            `yaml:"push_events_branch_filter"`
	AlertStatus   string            `yaml:"alert_status"` // executable (default), disabled, temporarily_disabled
	DisabledUntil Time              `yaml:"disabled_until"`
	Deliveries    []*HookDelivery   `yaml:"deliveries"`
}

// HookDelivery is one call of a webhook; GitLab keeps seven days of them.
type HookDelivery struct {
	ID       int64  `yaml:"id"`
	Trigger  string `yaml:"trigger"` // push_hooks
	Status   string `yaml:"response_status"`
	At       Time   `yaml:"at"`
	Response string `yaml:"response_body"`
}

// Integration connects a project or a group to another product.
type Integration struct {
	ID        int64    `yaml:"id"`
	Slug      string   `yaml:"slug"`
	Title     string   `yaml:"title"`
	Inactive  bool     `yaml:"inactive"`
	Inherited bool     `yaml:"inherited"`
	CreatedAt Time     `yaml:"created_at"`
	UpdatedAt Time     `yaml:"updated_at"`
	Events    []string `yaml:"events"` // GitLab's field names
	// Properties are shown; Secrets are the password fields, which GitLab drops from every answer.
	Properties map[string]any    `yaml:"properties"`
	Secrets    map[string]string `yaml:"secrets"`
}

// ErrorTrackingKey is a client key of the built-in error tracking; its DSN is shown.
type ErrorTrackingKey struct {
	ID       int64  `yaml:"id"`
	Label    string `yaml:"label"`
	Inactive bool   `yaml:"inactive"`
	Value    string `yaml:"-"` // the public key, made by New
}

// AlertIntegration is an HTTP endpoint for alerts; GraphQL shows its token.
type AlertIntegration struct {
	ID       int64  `yaml:"id"`
	Label    string `yaml:"label"`
	Name     string `yaml:"name"`
	Type     string `yaml:"type"` // HTTP (default), PROMETHEUS
	Inactive bool   `yaml:"inactive"`
	Value    string `yaml:"-"` // made by New
}

// Application is an OAuth application. GET /applications lists only those without an owner.
type Application struct {
	ID           int64    `yaml:"id"`
	Label        string   `yaml:"label"`
	Name         string   `yaml:"name"`
	CallbackURL  string   `yaml:"callback_url"`
	Confidential bool     `yaml:"confidential"`
	Trusted      bool     `yaml:"trusted"`
	Scopes       []string `yaml:"scopes"`
	Owner        string   `yaml:"owner"` // "", "group:PATH" or "user:USERNAME"
	ClientID     string   `yaml:"-"`     // made by New
	Value        string   `yaml:"-"`     // the secret, made by New
}

// AuditEvent is one line of the audit log (Premium).
type AuditEvent struct {
	ID     int64  `yaml:"id"`
	Event  string `yaml:"event"`  // event_name
	Author string `yaml:"author"` // username
	// Entity is "instance", "group:PATH", "project:PATH" or "user:USERNAME".
	Entity     string `yaml:"entity"`
	TargetType string `yaml:"target_type"`
	Target     string `yaml:"target"`
	TargetID   int64  `yaml:"target_id"`
	IP         string `yaml:"ip"`
	CreatedAt  Time   `yaml:"created_at"`
	// Details are added to GitLab's details object, custom_message among them.
	Details map[string]any `yaml:"details"`
}
