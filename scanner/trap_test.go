package scanner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/gitlabtest"
)

// row returns the merged row with an ID over all visits, or fails.
func (s *scanned) row(t *testing.T, id string) inventory.Observation {
	t.Helper()
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if _, got := o.Row(); got == id {
			return o
		}
	}
	t.Fatalf("no row %s", id)
	return nil
}

func (s *scanned) credential(t *testing.T, name string) inventory.Credential {
	t.Helper()
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if c, ok := o.(inventory.Credential); ok && c.Name == name {
			return c
		}
	}
	t.Fatalf("no credential %q", name)
	return inventory.Credential{}
}

func date(s string) gitlabtest.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return gitlabtest.At(t)
}

func userOf(w *gitlabtest.World, name string) *gitlabtest.User {
	for _, u := range w.Users {
		if u.Username == name {
			return u
		}
	}
	panic("no user " + name)
}

// Trap: a token is dead from 00:00 UTC of its expiry date on, and expired ones have revoked=false, active=false.
func TestTrapExpiryIsADate(t *testing.T) {
	s := setup{Sources: []Source{personalAccessToken}, Change: func(w *gitlabtest.World) {
		u := userOf(w, "mark")
		u.AccessTokens = append(u.AccessTokens,
			&gitlabtest.AccessToken{Name: "dies today", Scopes: []string{"api"}, CreatedAt: date("2026-01-01"), ExpiresAt: date("2026-11-22")},
			&gitlabtest.AccessToken{Name: "dies tomorrow", Scopes: []string{"api"}, CreatedAt: date("2026-01-01"), ExpiresAt: date("2026-11-23")})
	}}.scan(t)
	if got := s.credential(t, "dies today").State; got != inventory.Expired {
		t.Errorf("token that expires today is %q, want expired", got)
	}
	if got := s.credential(t, "dies tomorrow").State; got != inventory.Active {
		t.Errorf("token that expires tomorrow is %q, want active", got)
	}
}

// Trap: last_used_at null is never used, absent fields are unknown; a rotated token starts anew.
func TestTrapLastUsedOfARotatedToken(t *testing.T) {
	s := setup{Sources: []Source{userSource, personalAccessToken, auditEvent, linkSource}}.scan(t)
	if got := s.credential(t, "backup").LastUsedAt; !got.IsNever() {
		t.Errorf("last use of a token never used is %q, want never", got)
	}
	fresh := s.row(t, "test/credential/access-token/25").(inventory.Credential)
	if fresh.RotatedFrom != "test/credential/access-token/24" {
		t.Errorf("rotated from %q, want token 24", fresh.RotatedFrom)
	}
}

// Trap: created_by, is_admin and the like are absent, not null, for all but administrators.
func TestTrapAdminOnlyFieldsAreUnknown(t *testing.T) {
	for role, want := range map[string]inventory.Tri{"admin": inventory.No, "group-owner": inventory.Unknown} {
		u := setup{Role: role, Sources: []Source{userSource}}.scan(t).row(t, inventory.UserID(testInstance, 5)).(inventory.User)
		if u.Admin != want || (u.Creator == "") != (role != "admin") {
			t.Errorf("%s sees administrator %s and creator %q", role, u.Admin, u.Creator)
		}
	}
}

// Trap: access levels between the known ones exist and are kept as numbers.
func TestTrapUnknownAccessLevels(t *testing.T) {
	s := setup{Sources: []Source{memberSource}, Change: func(w *gitlabtest.World) {
		g := w.Groups[0]
		g.Members = append(g.Members, &gitlabtest.Member{User: "otto", Role: gitlabtest.SecurityManager, CustomRole: "pipeline reader"},
			&gitlabtest.Member{User: "rita", Role: gitlabtest.Planner}, &gitlabtest.Member{User: "lena", Role: gitlabtest.Owner, State: "awaiting"})
	}}.scan(t)
	home := inventory.HomeID(testInstance, inventory.GroupHome, 100)
	level := func(user int64) int {
		id := inventory.GrantID(testInstance, "membership", inventory.UserID(testInstance, user), home)
		for v, rows := range s.visits {
			for _, o := range rows {
				if g, ok := o.(inventory.Grant); ok && v.Home == home && g.ID == id {
					return g.Level
				}
			}
		}
		return 0
	}
	if got := [3]int{level(8), level(6), level(7)}; got != [3]int{25, 15, 0} {
		t.Errorf("levels of otto, rita and lena (awaiting) = %v, want 25, 15 and none", got)
	}
}

// Trap: a personal project belongs to its user and to no group; its members are read all the same.
func TestTrapPersonalProject(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{memberSource}}.scan(t)
	home := s.row(t, inventory.HomeID(testInstance, inventory.ProjectHome, 1006)).(inventory.Home)
	if home.PersonalOf != inventory.UserID(testInstance, 4) || home.Parent != inventory.HomeID(testInstance, inventory.InstanceHome, 0) {
		t.Errorf("personal project of %q below %q", home.PersonalOf, home.Parent)
	}
	if got := states(s.list(), "member")["project:1006"]; got != inventory.Complete {
		t.Errorf("its members are %s, want complete", got)
	}
}

// Trap: a group that takes fine-grained tokens only answers 404 to a classic one: never an empty list.
func TestTrapEnforcedFineGrainedTokens(t *testing.T) {
	_, coverage := scanWorld(t, "small", "group-owner", gitlabtest.Default(), memberSource)
	if got := states(coverage, "member")["group:103"]; got != inventory.Denied {
		t.Errorf("the enforcing group is %s, want denied", got)
	}
}

// Trap: a fine-grained token's scopes say nothing; its grants do where the version shows them, else they are unknown.
func TestTrapFineGrainedScopes(t *testing.T) {
	for version, want := range map[string]bool{"19.6": true, "19.2": false} {
		profile := gitlabtest.Default()
		profile.Version = version
		s := setup{Sources: []Source{personalAccessToken}, Options: gitlabtest.Options{Profile: profile}}.scan(t)
		c := s.credential(t, "fine-grained reader")
		if c.Granular != inventory.Yes || strings.Contains(c.Scope, "selected_memberships:read_variable") != want {
			t.Errorf("%s: granular %s, scope %q", version, c.Granular, c.Scope)
		}
	}
}

// Trap: the administrator's list calls impersonation tokens personal; link and list agree whatever came first.
func TestTrapImpersonationTokenInTheList(t *testing.T) {
	s := setup{Sources: []Source{userSource, personalAccessToken, impersonationToken, linkSource}}.scan(t)
	if got := s.credential(t, "support session").Kind; got != "impersonation-token" {
		t.Errorf("kind = %s, want impersonation-token", got)
	}
}

// Names are foreign text: control characters and secrets in them are harmless.
func TestHostileNames(t *testing.T) {
	const value = `{{token "maintainer"}}` // the simulator puts a token's value there
	s := setup{Sources: append(accountSources(), sshKey), Change: func(w *gitlabtest.World) {
		u := userOf(w, "service_account_group_acme_deployer")
		u.Name = "a\x00b\x1b[31m\u202e" + strings.Repeat("x", 10_000)
		u.AccessTokens[0].Name = value
		u.AccessTokens[0].Description = "use " + value
		u.SSHKeys[0].Title, u.SSHKeys[0].Key = "\n\n", "not a key"
	}}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	noValue(t, s, s.Server.Token("maintainer"))
	exposed := false
	for _, rows := range s.visits {
		for _, o := range rows {
			if l, ok := o.(inventory.Location); ok && l.Surface == inventory.SurfaceDescription {
				exposed = true
			}
		}
	}
	if !exposed {
		t.Error("the token in a description is no exposure")
	}
}

// noValue fails if any row or coverage holds one of the values.
func noValue(t *testing.T, s *scanned, values ...string) {
	t.Helper()
	var all strings.Builder
	for _, rows := range s.visits {
		for _, o := range rows {
			fmt.Fprintf(&all, "%s\n%+v\n", rowText(o), o)
		}
	}
	for _, c := range s.list() {
		fmt.Fprintf(&all, "%+v\n", c)
	}
	for _, v := range values {
		if v != "" && strings.Contains(all.String(), v) {
			t.Error("a secret value is in a row or in the coverage")
		}
	}
}

// No value that the instance shows, and no value of the tokens themselves, is in any row.
func TestNoValueIsKept(t *testing.T) {
	s := setup{Sources: append(accountSources(), ownToken, settingSource, oauthApplication, sshKey, gpgKey, auditEvent, linkSource)}.scan(t)
	var values []string
	for _, p := range s.Server.Planted() {
		if p.Kind != "ssh-public-key" {
			values = append(values, p.Value)
		}
	}
	for _, label := range []string{"admin", "group-owner", "maintainer", "project-bot", "service-account", "impersonation", "revoked"} {
		values = append(values, s.Server.Token(label))
	}
	noValue(t, s, values...)
}

// Facts that audit events told stay when the events leave the window.
func TestAuditFactsOutliveTheirWindow(t *testing.T) {
	sources := append(accountSources(), auditEvent, linkSource)
	first := setup{Sources: sources}.scan(t)
	later := newMemory()
	later.visits = first.visits
	second := setup{Sources: sources, Recorder: later, Change: func(w *gitlabtest.World) { w.AuditEvents = nil }}.scan(t)
	of := func(v inventory.Visit) bool { return v.Source == "audit-event" }
	lines := func(m map[inventory.Visit][]inventory.Observation) (all []string) {
		for _, o := range mergeVisits(m, of) {
			if c, ok := o.(inventory.Credential); ok {
				c.CreatedAt = inventory.When{} // told by the lists as well
				o = c
			}
			all = append(all, rowText(o))
		}
		return all
	}
	if first.Err != nil || second.Err != nil {
		t.Fatal(first.Err, second.Err)
	}
	want, got := lines(first.visits), lines(second.visits)
	if len(want) == 0 {
		t.Fatal("the first scan tells nothing")
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("the second scan tells otherwise (-first +second):\n%s", diff)
	}
}

// One query covers at most 30 days, and the windows leave no gap.
func TestAuditWindows(t *testing.T) {
	s := setup{Sources: []Source{auditEvent}}.scan(t)
	var queries []string
	for _, r := range s.Server.Requests() {
		if r.Path == "/api/v4/audit_events" {
			if r.Status != 200 {
				t.Errorf("%s answers %d", r.Query, r.Status)
			}
			queries = append(queries, r.Query)
		}
	}
	if len(queries) != auditWindows {
		t.Fatalf("%d requests, want %d", len(queries), auditWindows)
	}
	end := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for i, q := range queries {
		before := end.Add(-time.Duration(i) * auditWindow)
		for _, part := range []string{"created_before=" + before.Format("2006-01-02T15"), "created_after=" + before.Add(-auditWindow).Format("2006-01-02T15"), "pagination=keyset"} {
			if !strings.Contains(q, part) {
				t.Errorf("query %d is %s, want %s in it", i, q, part)
			}
		}
	}
}

// On GitLab.com the list of the top-level group takes the place of a walk; where it is refused, homes are walked.
func TestManagedListTakesThePlaceOfTheWalk(t *testing.T) {
	profile := gitlabtest.Default()
	profile.Offering = gitlabtest.SaaS
	sources := []Source{resourceAccessToken, groupAccessToken, projectAccessToken}
	scan := func(faults ...gitlabtest.Fault) *scanned {
		return setup{Role: "group-owner", Sources: sources, Options: gitlabtest.Options{Profile: profile, Faults: faults},
			Run: func(o *Options) { o.Self.SaaS = true }}.scan(t)
	}
	ids := func(s *scanned) (all []string) {
		for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
			if c, ok := o.(inventory.Credential); ok {
				all = append(all, c.ID)
			}
		}
		return all
	}
	listed := scan()
	walked := scan(gitlabtest.Fault{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/v4/groups/*/manage/resource_access_tokens"})
	if diff := gocmp.Diff(ids(listed), ids(walked)); diff != "" || len(ids(walked)) == 0 {
		t.Errorf("list and walk differ (-list +walk):\n%s", diff)
	}
	if got := states(listed.list(), "project-access-token")["project:1000"]; got != inventory.NotAsked {
		t.Errorf("with the list the project is %s, want not-asked", got)
	}
	if got := states(walked.list(), "project-access-token")["project:1000"]; got != inventory.Complete {
		t.Errorf("without the list the project is %s, want complete", got)
	}
}

// A refusal for one service account leaves the others, and says so.
func TestOneServiceAccountRefused(t *testing.T) {
	s := setup{Role: "group-owner", Sources: []Source{serviceAccount}, Options: gitlabtest.Options{Faults: []gitlabtest.Fault{
		{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/v4/groups/100/service_accounts/9/personal_access_tokens"},
	}}}.scan(t)
	for _, c := range s.list() {
		if c.Source == "service-account" && inventory.RefOf(c.Home) == "group:100" {
			if c.State != inventory.Partial || !strings.Contains(c.Reason, "service_account_group_acme_deployer") {
				t.Errorf("coverage = %s, %q; want partial with the account's name", c.State, c.Reason)
			}
		}
	}
	if u := s.row(t, inventory.UserID(testInstance, 9)); u == nil {
		t.Error("the account is gone with its tokens")
	}
}

// After an interruption the memory of finished visits is gone: what others need of them is asked again.
func TestImpersonationAfterAnInterruption(t *testing.T) {
	recorder := newMemory()
	first := setup{Sources: []Source{userSource, personalAccessToken}, Recorder: recorder}.scan(t)
	second := setup{Sources: []Source{userSource, personalAccessToken, impersonationToken, sshKey}, Recorder: recorder}.scan(t)
	if first.Err != nil || second.Err != nil {
		t.Fatal(first.Err, second.Err)
	}
	if got := second.credential(t, "support session").Kind; got != "impersonation-token" {
		t.Errorf("kind = %s, want impersonation-token", got)
	}
	if got := second.credential(t, "deployer on build host").Kind; got != "ssh-key" {
		t.Errorf("kind = %s, want ssh-key", got)
	}
}

// --identify asks GitLab whose a found value is, once for each value; nothing authenticates with it.
func TestIdentifyFoundTokens(t *testing.T) {
	var value, identifier secret.Value
	places := Source{ID: "repository", Homes: atProject, Collect: func(_ context.Context, v *Visit) error {
		for _, f := range v.Engine().Scan("deploy.sh", []byte("export T="+value.Reveal()+"\n")) {
			v.EmitFinding(inventory.Location{Home: v.Home.ID, Surface: inventory.SurfaceFile, Path: "deploy.sh"}, f)
		}
		return nil
	}}
	s := setup{Sources: []Source{userSource, personalAccessToken, places, linkSource}, Before: func(server *gitlabtest.Server) {
		value, identifier = secret.New(server.Token("maintainer")), secret.New(server.Token("admin-write"))
	}, Run: func(o *Options) { o.Identify = testClient(t, o.Client.URL(), identifier.Reveal(), nil) }}.scan(t)
	asked := 0
	for _, r := range s.Server.Requests() {
		if r.Path == "/api/v4/admin/token" {
			asked++
		}
		if r.User != "root" {
			t.Errorf("%s was sent as %q", r.Path, r.User)
		}
	}
	if asked != 1 {
		t.Errorf("GitLab was asked %d times about one value, want once", asked)
	}
	linked := 0
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if l, ok := o.(inventory.Location); ok && l.Surface == inventory.SurfaceFile {
			if l.Credential != "test/credential/access-token/8" || l.LinkReason != identifiedByGitLab {
				t.Errorf("place %s is linked to %q, %q", l.ID, l.Credential, l.LinkReason)
			}
			linked++
		}
	}
	if linked == 0 {
		t.Error("no place was found")
	}
	noValue(t, s, value.Reveal())
}

// TestBudget holds what one more project costs: these sources together.
func TestBudget(t *testing.T) {
	sources := append(accountSources(), ownToken, settingSource, oauthApplication, sshKey, gpgKey, auditEvent, linkSource)
	cost := func(role string) float64 {
		const more = 30
		count := func(projects int) int {
			s := setup{Role: role, Sources: slices.DeleteFunc(slices.Clone(sources), func(s Source) bool { return s.ID == "deploy-token" }),
				Change: func(w *gitlabtest.World) {
					for i := range projects {
						w.Projects = append(w.Projects, &gitlabtest.Project{Path: fmt.Sprintf("acme/shop/more-%d", i), CreatedAt: date("2026-01-01")})
					}
				}}.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			return s.Summary.Requests
		}
		return float64(count(more)-count(0)) / more
	}
	for role, most := range map[string]float64{"admin": 1, "group-owner": 3} {
		if got := cost(role); got > most {
			t.Errorf("%s: one more project costs %.1f requests, want at most %.0f", role, got, most)
		}
	}
}
