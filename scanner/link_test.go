package scanner

import (
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nhiscan/inventory"
)

func at(t time.Time) inventory.When { return inventory.At(t) }

func day(n int) time.Time { return time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func tokenRow(id string, user int64, change func(*inventory.Credential)) inventory.Credential {
	c := inventory.Credential{
		ID: inventory.CredentialID(testInstance, "access-token", id), Kind: "access-token", Identity: inventory.UserID(testInstance, user),
		Name: "deploy", State: inventory.Active, CreatedAt: at(day(0)), Seen: []inventory.Visit{{Source: "personal-access-token", Home: "i"}},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func person(n int64) inventory.User {
	return inventory.User{ID: inventory.UserID(testInstance, n), Number: n, Username: "ada", Kind: "user", Bot: inventory.No}
}

func projectBot(n int64) inventory.User {
	return inventory.User{
		ID: inventory.UserID(testInstance, n), Number: n, Username: "project_42_bot_0f", Kind: "project-bot", Bot: inventory.Yes,
		Creator: inventory.UserID(testInstance, 1),
	}
}

func found(name, fingerprint, detector, route string) inventory.Location {
	home := inventory.HomeID(testInstance, inventory.ProjectHome, 42)
	return inventory.Location{
		ID:   inventory.LocationID(testInstance, home, inventory.SurfaceFile, name, fingerprint, 1),
		Home: home, Surface: inventory.SurfaceFile, Path: name, Fingerprint: fingerprint, Detector: detector, Route: route,
	}
}

func snapshotOf(rows ...inventory.Observation) *inventory.Snapshot {
	s := &inventory.Snapshot{}
	for _, r := range rows {
		s.Add(r)
	}
	s.Sort()
	return s
}

// linksOf returns what links emits for the rows of a snapshot.
func linksOf(s *inventory.Snapshot) []inventory.Observation {
	var out []inventory.Observation
	ours, audited := onlyShownBy(snapshotRows{s}, inventory.CredentialRow, linkID)
	links(inventory.NewIndex(s), ours, audited, testInstance, func(o inventory.Observation) { out = append(out, o) })
	return out
}

func linkLines(s *inventory.Snapshot) []string {
	var lines []string
	for _, o := range linksOf(s) {
		lines = append(lines, rowText(o))
	}
	return lines
}

func TestLinkAccessTokens(t *testing.T) {
	membership := inventory.Grant{
		ID: "g", Kind: "membership", Subject: inventory.UserID(testInstance, 9), Home: inventory.HomeID(testInstance, inventory.ProjectHome, 42), Level: 40,
	}
	tests := []struct {
		name string
		rows []inventory.Observation
		want string // of the patch of token 1; empty is none
	}{
		{"a_persons_token_is_personal_and_lives_in_the_instance", []inventory.Observation{person(5), tokenRow("1", 5, nil)},
			`home="test/home/instance" kind="personal-access-token"`},
		{"a_bots_token_lives_in_the_home_of_its_name_with_its_role", []inventory.Observation{projectBot(9), membership, tokenRow("1", 9, nil)},
			`access_level=40 creator="test/identity/user/1" home="test/home/project:42" kind="project-access-token"`},
		{"an_audit_event_about_the_token_beats_the_maker_of_its_bot", []inventory.Observation{projectBot(9), tokenRow("1", 9, func(c *inventory.Credential) {
			c.Seen = append(c.Seen, inventory.Visit{Source: "audit-event", Home: "i"})
		})}, `home="test/home/project:42" kind="project-access-token"`},
		{"an_unknown_user_tells_nothing", []inventory.Observation{tokenRow("1", 5, nil)}, ""},
		{"an_account_that_may_be_a_bot_tells_nothing",
			[]inventory.Observation{inventory.User{ID: inventory.UserID(testInstance, 5), Username: "deploy"}, tokenRow("1", 5, nil)}, ""},
		{"a_person_with_the_name_of_a_bot_is_a_person", []inventory.Observation{
			inventory.User{ID: inventory.UserID(testInstance, 5), Username: "project_42_bot_me", Kind: "user", Bot: inventory.No}, tokenRow("1", 5, nil),
		}, `home="test/home/instance" kind="personal-access-token"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := ""
			if tt.want != "" {
				want = "credential test/credential/access-token/1 " + tt.want
			}
			got := ""
			for _, l := range linkLines(snapshotOf(tt.rows...)) {
				if strings.HasPrefix(l, "credential ") {
					got = l
				}
			}
			if got != want {
				t.Errorf("patch of token 1 = %s, want %s", got, want)
			}
		})
	}
}

func TestLinkRotations(t *testing.T) {
	revoked := func(created, ended time.Time) func(*inventory.Credential) {
		return func(c *inventory.Credential) {
			c.State, c.CreatedAt, c.RevokedAt = inventory.Revoked, at(created), at(ended)
		}
	}
	fresh := func(c *inventory.Credential) { c.CreatedAt = at(day(30)) }
	tests := []struct {
		name string
		rows []inventory.Observation
		want string // RotatedFrom of token 2
	}{
		{"same_user_and_name_and_moment", []inventory.Observation{person(5), tokenRow("1", 5, revoked(day(0), day(30))), tokenRow("2", 5, fresh)}, "1"},
		{"a_minute_apart", []inventory.Observation{person(5), tokenRow("1", 5, revoked(day(0), day(30).Add(time.Minute))), tokenRow("2", 5, fresh)}, "1"},
		{"an_hour_apart_is_no_rotation", []inventory.Observation{person(5), tokenRow("1", 5, revoked(day(0), day(30).Add(time.Hour))), tokenRow("2", 5, fresh)}, ""},
		{"a_person_without_exact_dates_is_no_proof", []inventory.Observation{person(5), tokenRow("1", 5, revoked(day(0), time.Time{})), tokenRow("2", 5, fresh)}, ""},
		{"a_bot_has_one_family_only", []inventory.Observation{projectBot(9), tokenRow("1", 9, revoked(day(0), time.Time{})), tokenRow("2", 9, fresh)}, "1"},
		{"another_name", []inventory.Observation{person(5), tokenRow("1", 5, func(c *inventory.Credential) {
			revoked(day(0), day(30))(c)
			c.Name = "other"
		}), tokenRow("2", 5, fresh)}, ""},
		{"another_user", []inventory.Observation{person(5), person(6), tokenRow("1", 6, revoked(day(0), day(30))), tokenRow("2", 5, fresh)}, ""},
		{"both_alive", []inventory.Observation{projectBot(9), tokenRow("1", 9, nil), tokenRow("2", 9, fresh)}, ""},
		{"told_once_it_stays_when_the_predecessor_is_deleted", []inventory.Observation{person(5), tokenRow("2", 5, func(c *inventory.Credential) {
			fresh(c)
			c.RotatedFrom = inventory.CredentialID(testInstance, "access-token", "1")
		})}, "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, o := range linksOf(snapshotOf(tt.rows...)) {
				if c, ok := o.(inventory.Credential); ok && c.RotatedFrom != "" {
					got += lastPart(c.RotatedFrom)
				}
			}
			if got != tt.want {
				t.Errorf("rotated from %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLinkValues(t *testing.T) {
	deploy := inventory.Credential{
		ID: inventory.CredentialID(testInstance, "deploy-token", "3"), Kind: "deploy-token", Home: inventory.HomeID(testInstance, inventory.ProjectHome, 42),
	}
	trigger := inventory.Credential{ID: inventory.CredentialID(testInstance, "trigger-token", "4"), Kind: "trigger-token", Fingerprint: "f4"}
	committed := func(l inventory.Location, when time.Time) inventory.Location {
		l.At = at(when)
		return l
	}
	identified := found("b.txt", "f1", "gitlab-access-token", "u=5")
	identified.Credential, identified.LinkReason = inventory.CredentialID(testInstance, "access-token", "2"), identifiedByGitLab
	variable := inventory.Location{ID: "test/variable/project:42/K/%2A", Surface: inventory.SurfaceVariable, Fingerprint: "f4"}
	two := []inventory.Observation{person(5), tokenRow("1", 5, nil), tokenRow("2", 5, nil)}
	const external = "test/credential/external/f1"
	tests := []struct {
		name       string
		rows       []inventory.Observation
		credential string
		reason     string
	}{
		{"one_candidate_decides", []inventory.Observation{person(5), tokenRow("1", 5, nil), found("a.txt", "f1", "gitlab-access-token", "u=5")},
			"test/credential/access-token/1", "the value names user 5, who has one credential of this sort"},
		{"two_candidates_do_not", append(slices.Clone(two), found("a.txt", "f1", "gitlab-access-token", "u=5")),
			external, "the value names user 5: 2 credentials of this sort could be meant"},
		{"a_token_made_after_the_commit_is_none", []inventory.Observation{person(5), tokenRow("1", 5, nil),
			tokenRow("2", 5, func(c *inventory.Credential) { c.CreatedAt = at(day(100)) }),
			committed(found("a.txt", "f1", "gitlab-access-token", "u=5"), day(50))},
			"test/credential/access-token/1", "the value names user 5, who has one credential of this sort"},
		{"no_candidate", []inventory.Observation{found("a.txt", "f1", "gitlab-access-token", "u=77")},
			external, "the value names user 77, and no credential of this sort is known there"},
		{"a_plain_token_names_nobody", append(slices.Clone(two), found("a.txt", "f1", "gitlab-access-token", "")),
			external, "the value names no user, project or group of GitLab"},
		{"a_sort_that_GitLab_does_not_list", []inventory.Observation{found("a.txt", "f1", "gitlab-feed-token", "")},
			external, "GitLab lists no tokens of this sort"},
		{"the_project_in_the_value", []inventory.Observation{deploy, found("a.txt", "f1", "gitlab-deploy-token", "p=42")},
			"test/credential/deploy-token/3", "the value names project:42, who has one credential of this sort"},
		{"identified_in_another_place", append(slices.Clone(two), identified, found("a.txt", "f1", "gitlab-access-token", "u=5")),
			"test/credential/access-token/2", "the same value is known elsewhere as that of this credential"},
		{"a_variable_with_the_value_of_a_shown_token", []inventory.Observation{trigger, variable},
			"test/credential/trigger-token/4", "the same value is known elsewhere as that of this credential"},
		{"what_is_no_GitLab_token_is_left_alone", []inventory.Observation{found("a.txt", "f1", "aws-access-token", "")}, "", ""},
		{"without_a_fingerprint_it_stands_alone", []inventory.Observation{found("a.txt", "", "gitlab-access-token", "")},
			"test/credential/external/location%2Fproject:42%2Ffile%2Fa.txt%2F%2F1", "the value names no user, project or group of GitLab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var credential, reason string
			for _, o := range linksOf(snapshotOf(tt.rows...)) {
				if l, ok := o.(inventory.Location); ok {
					credential, reason = l.Credential, l.LinkReason
				}
			}
			if credential != tt.credential || reason != tt.reason {
				t.Errorf("linked to %q, %q; want %q, %q", credential, reason, tt.credential, tt.reason)
			}
		})
	}
}

// A value in three places is one credential.
func TestLinkSharesAnExternalCredential(t *testing.T) {
	s := snapshotOf(found("a", "f1", "gitlab-access-token", ""), found("b", "f1", "gitlab-access-token", ""), found("c", "f2", "gitlab-access-token", ""))
	var ids []string
	for _, o := range linksOf(s) {
		if c, ok := o.(inventory.Credential); ok {
			if c.Attributes["provider"] != "gitlab" {
				t.Errorf("attributes of %s = %v, want provider gitlab", c.ID, c.Attributes)
			}
			ids = append(ids, c.ID)
		}
	}
	if want := []string{"test/credential/external/f1", "test/credential/external/f2"}; !slices.Equal(ids, want) {
		t.Errorf("external credentials = %v, want %v", ids, want)
	}
}

// links(s) and links(s with links(s) merged in) are equal, and the order of rows does not matter.
func TestLinkIsStable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt)
		first := linksOf(snapshotOf(rows...))
		visits := map[inventory.Visit][]inventory.Observation{
			{Source: "link", Home: "i"}: first, {Source: "other", Home: "i"}: rows,
		}
		merged := mergeVisits(visits, func(inventory.Visit) bool { return true })
		again := linksOf(snapshotOf(merged...))
		if diff := gocmp.Diff(texts(first), texts(again)); diff != "" {
			rt.Errorf("a second scan links otherwise (-first +second):\n%s", diff)
		}
	})
}

func texts(rows []inventory.Observation) []string {
	var lines []string
	for _, o := range rows {
		lines = append(lines, rowText(o))
	}
	return lines
}

func drawRows(rt *rapid.T) []inventory.Observation {
	rows := []inventory.Observation{person(1), person(2), projectBot(9)}
	for i := range rapid.IntRange(0, 6).Draw(rt, "tokens") {
		id := string(rune('1' + i))
		rows = append(rows, tokenRow(id, rapid.SampledFrom([]int64{1, 2, 9, 77}).Draw(rt, "user"), func(c *inventory.Credential) {
			c.CreatedAt = at(day(rapid.IntRange(0, 3).Draw(rt, "made")))
			c.Name = rapid.SampledFrom([]string{"deploy", "ci"}).Draw(rt, "name")
			if rapid.Bool().Draw(rt, "revoked") {
				c.State = inventory.Revoked
				c.RevokedAt = at(day(rapid.IntRange(0, 3).Draw(rt, "ended")))
			}
			if rapid.Bool().Draw(rt, "audited") {
				c.Seen = append(c.Seen, inventory.Visit{Source: "audit-event", Home: "i"})
			}
		}))
	}
	for i := range rapid.IntRange(0, 4).Draw(rt, "places") {
		rows = append(rows, found(string(rune('a'+i)), rapid.SampledFrom([]string{"f1", "f2", ""}).Draw(rt, "value"),
			rapid.SampledFrom([]string{"gitlab-access-token", "gitlab-deploy-token", "aws-access-token"}).Draw(rt, "detector"),
			rapid.SampledFrom([]string{"", "u=1", "u=2", "u=9", "p=42"}).Draw(rt, "route")))
	}
	return rows
}
