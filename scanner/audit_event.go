package scanner

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"nhiscan/inventory"
)

// auditEvent reads who made and who ended credentials, which no other answer tells, and when. It is visited after the
// other sources: an event about a credential that no list shows any more adds a row only where the event says that it
// was ended, or a token long gone would look alive.
// An administrator or auditor reads the instance's events of the last 13 months; anyone else those of groups and
// projects of the last 30 days, one request each: what older ones told is in the inventory since an earlier scan.
// Source: https://docs.gitlab.com/api/audit_events/
var auditEvent = Source{
	ID: auditEventID, Title: "Audit events",
	Shows: "Who made and revoked tokens and keys, and when; when projects were archived and accounts blocked.",
	API:   []string{"GET /audit_events", "GET /groups/:id/audit_events", "GET /projects/:id/audit_events"},
	Needs: Needs{Role: Maintainer, Scope: "read_api", Tier: "Premium"}, Homes: atAll,
	Skip: func(v *Visit) string {
		if v.Home.Kind == inventory.InstanceHome && !v.Admin() && !v.Self.Auditor {
			return "without administrator rights the events of groups and projects are read"
		}
		return ""
	},
	Collect: collectAudit,
}

const auditEventID = "audit-event"

// One request covers at most 30 days. Source: https://docs.gitlab.com/api/audit_events/#instance-audit-events
const (
	auditWindow  = 30 * 24 * time.Hour
	auditWindows = 13
	auditMost    = 50_000 // events of one visit
)

func collectAudit(ctx context.Context, v *Visit) error {
	if v.Home.Kind != inventory.InstanceHome && (v.Admin() || v.Self.Auditor) {
		return shownBy("audit-event", "the instance's list shows them")
	}
	known, err := v.knownRows(ctx)
	if err != nil {
		return err
	}
	a := &auditReader{v: v, known: known, credentials: map[string]*inventory.Credential{}, latest: map[string]bool{}}
	path, windows := "audit_events", auditWindows
	if v.Home.Kind != inventory.InstanceHome {
		path, windows = v.Path()+"/audit_events", 1
	}
	err = a.read(ctx, path, windows)
	a.keep()
	a.emit()
	if err == nil && v.Home.Kind == inventory.GroupHome {
		return v.ownActsOnly(ctx)
	}
	return err
}

// ownActsOnly says that a group shows only the token's own acts, as it does below Owner, with 200 all the same.
func (v *Visit) ownActsOnly(ctx context.Context) error {
	reach, err := v.reach(ctx)
	if err == nil && reach[v.Home.ID] >= int(Owner) {
		return nil
	}
	if err := v.require(Owner, "Premium"); err != nil {
		return err
	}
	return denied("below the role Owner a group shows only the token's own acts")
}

// auditReader gathers what events tell about rows. Events come newest first.
type auditReader struct {
	v           *Visit
	known       *knownRows
	credentials map[string]*inventory.Credential
	rows        []inventory.Observation
	latest      map[string]bool // homes whose last archiving or unarchiving was met
	count       int
}

func (a *auditReader) read(ctx context.Context, path string, windows int) error {
	for i := range windows {
		before := a.v.Now().UTC().Add(-time.Duration(i) * auditWindow)
		query := url.Values{
			"pagination": {"keyset"}, "order_by": {"id"}, "sort": {"desc"},
			"created_after": {before.Add(-auditWindow).Format(time.RFC3339)}, "created_before": {before.Format(time.RFC3339)},
		}
		for raw, err := range pages[auditJSON](ctx, a.v, "%s", path+"?"+query.Encode()) {
			if err != nil {
				return err
			}
			a.event(raw)
			if a.count++; a.count >= auditMost {
				return partial(fmt.Sprintf("of more than %d audit events those before %s were not read", auditMost, raw.CreatedAt.Known()))
			}
		}
	}
	return nil
}

type auditJSON struct {
	AuthorID   int64  `json:"author_id"` // 0 and below for GitLab itself and for deleted users
	EntityID   int64  `json:"entity_id"`
	EntityType string `json:"entity_type"`
	EventName  string `json:"event_name"`
	TargetID   number `json:"target_id"`
	CreatedAt  moment `json:"created_at"`
	Details    struct {
		EventName  string `json:"event_name"`
		Message    string `json:"custom_message"`
		TargetID   number `json:"target_id"`
		TargetType string `json:"target_type"`
		TargetName string `json:"target_details"`
	} `json:"details"` // addresses and e-mails are not decoded
}

// number decodes an id that may also be text, such as a path: that is 0.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	var v int64
	_ = json.Unmarshal(b, &v)
	*n = number(v)
	return nil
}

// auditMeaning says what an event tells about a credential.
type auditMeaning struct {
	event string
	row   string                   // kind in the credential's ID
	kind  inventory.CredentialKind // of a row that no list shows
	ended bool
}

var auditMeanings = []auditMeaning{
	{"personal_access_token_created", "access-token", "access-token", false},
	{"personal_access_token_revoked", "access-token", "access-token", true},
	{"project_access_token_created", "access-token", "project-access-token", false},
	{"project_access_token_deleted", "access-token", "project-access-token", true},
	{"group_access_token_created", "access-token", "group-access-token", false},
	{"group_access_token_deleted", "access-token", "group-access-token", true},
	{"deploy_token_created", "deploy-token", "deploy-token", false},
	{"deploy_token_revoked", "deploy-token", "deploy-token", true},
	{"deploy_token_destroyed", "deploy-token", "deploy-token", true},
	{"group_deploy_token_created", "deploy-token", "deploy-token", false},
	{"group_deploy_token_revoked", "deploy-token", "deploy-token", true},
	{"group_deploy_token_destroyed", "deploy-token", "deploy-token", true},
	{"deploy_key_added", "deploy-key", "deploy-key", false}, // _removed takes it from one project only
	{"cluster_agent_token_created", "agent-token", "agent-token", false},
	{"cluster_agent_token_revoked", "agent-token", "agent-token", true},
	{"oauth_application_created", "oauth-application-secret", "oauth-application-secret", false},
	{"add_ssh_key", "ssh-key", "ssh-key", false},
	{"remove_ssh_key", "ssh-key", "ssh-key", true},
	{"add_gpg_key", "gpg-key", "gpg-key", false},
	{"remove_gpg_key", "gpg-key", "gpg-key", true},
}

// proseID finds the id of a token in an event's text, its only place: "Created personal access token with id 12",
// "Created project access token with token_id: 12 with scopes: …".
var proseID = regexp.MustCompile(`(?:token_id:?|\bwith id:?) (\d+)`)

func (a *auditReader) event(raw auditJSON) {
	name := firstOf(raw.EventName, raw.Details.EventName)
	switch name {
	case "project_archived", "project_unarchived", "group_archived", "group_unarchived":
		a.archived(raw, name)
	case "user_blocked", "user_deactivate", "user_banned":
		a.inactive(raw)
	}
	for _, m := range auditMeanings {
		if m.event == name {
			a.credential(raw, m)
		}
	}
}

// credential notes what an event tells. The id stands in prose for tokens; the target is the user there, the thing
// itself for keys and deploy tokens.
func (a *auditReader) credential(raw auditJSON, m auditMeaning) {
	id, target := int64(0), int64(max(raw.TargetID, raw.Details.TargetID))
	if prose := proseID.FindStringSubmatch(raw.Details.Message); prose != nil {
		id, _ = strconv.ParseInt(prose[1], 10, 64)
	} else if m.row != "access-token" && m.row != "agent-token" {
		id = target
	}
	if id == 0 {
		return
	}
	key := a.v.CredentialID(m.row, id)
	c := a.credentials[key]
	if c == nil {
		c = &inventory.Credential{ID: key}
		a.credentials[key] = c
	}
	if m.ended {
		c.State = inventory.Revoked
		c.RevokedAt = raw.CreatedAt.Known() // the oldest event holds: a second attempt ends nothing
	} else {
		c.Creator = a.human(raw.AuthorID)
		c.CreatedAt = raw.CreatedAt.Known()
	}
	if a.known.credentials[key] {
		return
	}
	c.Kind, c.Home = m.kind, a.home(raw)
	switch {
	case m.row == "access-token":
		c.Identity = a.v.UserID(target)
	case raw.Details.TargetType != "User": // then the target is the thing itself
		c.Name = firstOf(c.Name, raw.Details.TargetName)
	}
}

// human returns the user ID of an author who is a person, as far as that is known.
func (a *auditReader) human(author int64) string {
	if author <= 0 {
		return ""
	}
	id := a.v.UserID(author)
	if a.known.machines[id] {
		return ""
	}
	return id
}

func (a *auditReader) home(raw auditJSON) string {
	switch raw.EntityType {
	case "Project":
		return a.v.HomeID(inventory.ProjectHome, raw.EntityID)
	case "Group":
		return a.v.HomeID(inventory.GroupHome, raw.EntityID)
	}
	return a.v.HomeID(inventory.InstanceHome, 0)
}

// archived dates an archiving that still holds: events come newest first, so only the first one about a home counts.
func (a *auditReader) archived(raw auditJSON, name string) {
	home := a.home(raw)
	if a.latest[home] {
		return
	}
	a.latest[home] = true
	if a.known.archived[home] && (name == "project_archived" || name == "group_archived") {
		a.rows = append(a.rows, inventory.Home{ID: home, Settings: map[string]string{"archived_at": raw.CreatedAt.Known().String()}})
	}
}

// inactive dates the end of an account on its identity, where machines use it.
func (a *auditReader) inactive(raw auditJSON) {
	id := a.v.UserID(int64(max(raw.TargetID, raw.Details.TargetID)))
	if id == "" || a.latest[id] || !a.known.inactive[id] {
		return
	}
	a.latest[id] = true
	a.rows = append(a.rows, inventory.Identity{ID: id, Attributes: map[string]string{"inactive_since": raw.CreatedAt.Known().String()}})
}

// keep repeats what earlier scans read from events that have left the window: what happened does not cease to be true.
func (a *auditReader) keep() {
	for _, old := range a.known.told[a.v.Home.ID] {
		switch old := old.(type) {
		case inventory.Credential:
			c := a.credentials[old.ID]
			if c == nil {
				c = &inventory.Credential{ID: old.ID}
				a.credentials[old.ID] = c
			}
			*c = inventory.Merge(*c, a.facts(old)).(inventory.Credential)
		default:
			if _, id := old.Row(); !a.latest[id] {
				a.rows = append(a.rows, old)
			}
		}
	}
}

// facts are the fields of a row that only events tell; all of them where no other source shows it.
func (a *auditReader) facts(old inventory.Credential) inventory.Credential {
	c := inventory.Credential{ID: old.ID, Creator: old.Creator, RevokedAt: old.RevokedAt}
	if !old.RevokedAt.IsUnknown() {
		c.State = inventory.Revoked
	}
	if !a.known.credentials[old.ID] {
		c.Kind, c.Home, c.Name, c.Identity, c.CreatedAt = old.Kind, old.Home, old.Name, old.Identity, old.CreatedAt
	}
	return c
}

func (a *auditReader) emit() {
	for _, id := range sortedKeys(a.credentials) {
		c := *a.credentials[id]
		if !a.known.credentials[id] && c.State != inventory.Revoked {
			continue
		}
		a.v.Emit(c)
	}
	for _, r := range a.rows {
		a.v.Emit(r)
	}
}
