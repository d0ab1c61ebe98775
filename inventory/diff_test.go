package inventory

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	firstScan  = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	secondScan = firstScan.AddDate(0, 1, 0)
	tokens     = Visit{"project-access-token", "i/home/project:42"}
	projects   = Visit{"projects", "i/home/group:7"}
	inside     = Visit{"project", "i/home/project:42"}
)

func covered(state State, visits ...Visit) []Coverage {
	var list []Coverage
	for _, v := range visits {
		list = append(list, Coverage{Visit: v, State: state})
	}
	return list
}

// snapshots fills two snapshots a month apart.
func snapshots(before, after []Observation, coverage []Coverage) (prev, next *Snapshot) {
	prev, next = &Snapshot{Scan: Scan{Number: 1, Began: firstScan}}, &Snapshot{Scan: Scan{Number: 2, Began: secondScan}, Coverage: coverage}
	for _, o := range before {
		prev.Add(o)
	}
	for _, o := range after {
		next.Add(o)
	}
	prev.Sort()
	next.Sort()
	return prev, next
}

func TestDiff(t *testing.T) {
	token := Credential{ID: "i/credential/access-token/5", Kind: "project-access-token", Home: tokens.Home, Name: "ci", State: Active, Seen: []Visit{tokens}}
	project := Home{ID: tokens.Home, Kind: ProjectHome, Path: "ops/cart", Archived: No, Seen: []Visit{projects, inside}}
	user := User{ID: "i/identity/user/1", Username: "jo", State: "active", Seen: []Visit{{"users", "i/home/instance"}}}
	variable := Location{ID: "i/variable/project:42/K/*", Home: tokens.Home, Surface: SurfaceVariable, Key: "K", SecretLike: Yes, Fingerprint: "aaaabbbbcccc", KeyID: "k1"}
	leak := Location{ID: "i/location/project:42/file/.env/ff/1", Home: tokens.Home, Surface: SurfaceFile, Path: ".env", Fingerprint: "ff", Credential: token.ID}
	change := func(c Credential, f func(*Credential)) Credential {
		f(&c)
		return c
	}
	at := func(days int) When { return At(firstScan.AddDate(0, 0, days)) }
	renamed := project
	renamed.Path = "ops/basket"
	archived := project
	archived.Archived = Yes
	blocked := user
	blocked.State = "blocked"
	rotated, otherKey := variable, variable
	rotated.Fingerprint = "ddddeeeeffff"
	otherKey.Fingerprint, otherKey.KeyID = "ddddeeeeffff", "k2"
	harmless := Location{ID: "i/variable/project:42/DEBUG/*", Surface: SurfaceVariable, Key: "DEBUG", SecretLike: No}
	revoked := change(token, func(c *Credential) { c.State = Revoked })

	tests := []struct {
		name          string
		before, after []Observation
		coverage      []Coverage
		past          []string
		want          []string
	}{
		{name: "new_credential", after: []Observation{token}, want: []string{"discovered ci <-active"}},
		{
			name: "new_credential_with_its_date", after: []Observation{change(token, func(c *Credential) { c.CreatedAt = at(3) })},
			want: []string{"discovered ci <-active on day 3"},
		},
		{name: "new_credential_was_rotated", after: []Observation{change(token, func(c *Credential) { c.RotatedFrom = "i/credential/access-token/4" })}, want: []string{"rotated ci i/credential/access-token/4<-i/credential/access-token/5"}},
		{name: "known_from_before_the_last_scan", after: []Observation{token}, past: []string{token.ID}, want: []string{"reappeared ci"}},
		{name: "gone_from_a_complete_visit", before: []Observation{token}, coverage: covered(Complete, tokens), want: []string{"removed ci"}},
		{name: "absent_but_not_covered", before: []Observation{token}},
		{name: "absent_but_partially_covered", before: []Observation{token}, coverage: covered(Partial, tokens)},
		{name: "absent_but_denied", before: []Observation{token}, coverage: covered(Denied, tokens)},
		{
			name:     "absent_from_one_of_two_visits",
			before:   []Observation{change(token, func(c *Credential) { c.Seen = []Visit{tokens, {"admin-tokens", "i/home/instance"}} })},
			coverage: covered(Complete, tokens),
		},
		{name: "absent_and_never_seen", before: []Observation{change(token, func(c *Credential) { c.Seen = nil })}, coverage: covered(Complete, tokens)},
		{name: "gone_with_its_project", before: []Observation{token, project}, coverage: covered(Complete, projects), want: []string{"removed ci", "removed ops/cart"}},
		{name: "project_absent_but_its_group_not_covered", before: []Observation{token, project}, coverage: covered(Complete, inside)},
		{
			name:     "gone_with_its_group",
			before:   []Observation{token, project, Home{ID: projects.Home, Path: "ops", Seen: []Visit{{"groups", "i/home/instance"}}}},
			coverage: covered(Complete, Visit{"groups", "i/home/instance"}), want: []string{"removed ci", "removed ops", "removed ops/cart"},
		},
		{
			name:   "homes_known_only_from_each_other",
			before: []Observation{Home{ID: "a", Seen: []Visit{{"s", "b"}}}, Home{ID: "b", Seen: []Visit{{"s", "a"}}}},
		},
		{name: "revoked", before: []Observation{token}, after: []Observation{revoked}, want: []string{"revoked ci active<-revoked"}},
		{
			name: "revoked_on_a_day", before: []Observation{token}, after: []Observation{change(revoked, func(c *Credential) { c.RevokedAt = at(5) })},
			want: []string{"changed ci revoked_at <-2026-03-06T08:00:00Z", "revoked ci active<-revoked on day 5"},
		},
		{
			name: "expired", before: []Observation{change(token, func(c *Credential) { c.ExpiresAt = at(9) })},
			after: []Observation{change(token, func(c *Credential) { c.ExpiresAt, c.State = at(9), Expired })}, want: []string{"expired ci active<-expired on day 9"},
		},
		{name: "active_again", before: []Observation{revoked}, after: []Observation{token}, want: []string{"reappeared ci revoked<-active"}},
		{name: "state_no_longer_shown", before: []Observation{token}, after: []Observation{change(token, func(c *Credential) { c.State = "" })}},
		{name: "scope_changed", before: []Observation{token}, after: []Observation{change(token, func(c *Credential) { c.Scope = "api" })}, want: []string{"changed ci scope <-api"}},
		{
			name: "setting_changed", before: []Observation{change(token, func(c *Credential) { c.Attributes = map[string]string{"a": "1", "b": "1"} })},
			after: []Observation{change(token, func(c *Credential) { c.Attributes = map[string]string{"a": "2", "c": "3"} })},
			want:  []string{"changed ci attributes.a 1<-2", "changed ci attributes.c <-3"},
		},
		{name: "use_is_no_event", before: []Observation{token}, after: []Observation{change(token, func(c *Credential) { c.LastUsedAt = at(1); c.Seen = nil })}},
		{name: "project_renamed", before: []Observation{project}, after: []Observation{renamed}, want: []string{"changed ops/basket path ops/cart<-ops/basket"}},
		{name: "project_archived", before: []Observation{project}, after: []Observation{archived}, want: []string{"project-archived ops/cart"}},
		{name: "user_blocked", before: []Observation{user}, after: []Observation{blocked}, want: []string{"owner-left jo active<-blocked"}},
		{name: "secret_variable", after: []Observation{variable}, want: []string{"discovered K"}},
		{name: "harmless_variable", after: []Observation{harmless}},
		{name: "value_rotated", before: []Observation{variable}, after: []Observation{rotated}, want: []string{"rotated K fingerprint aaaabbbb<-ddddeeee"}},
		{name: "value_under_another_key", before: []Observation{variable}, after: []Observation{otherKey}},
		{name: "leaked", before: []Observation{token}, after: []Observation{token, leak}, want: []string{"exposed .env"}},
		{name: "dead_secret_leaked", before: []Observation{revoked}, after: []Observation{revoked, leak}, want: []string{"reappeared .env"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			prev, next := snapshots(test.before, test.after, test.coverage)
			next.Past = map[string]bool{}
			for _, id := range test.past {
				next.Past[id] = true
			}
			var got []string
			for _, e := range Diff(prev, next) {
				got = append(got, say(e))
			}
			slices.Sort(got)
			if d := diff(test.want, got); d != "" {
				t.Errorf("Diff (-want +got):\n%s", d)
			}
		})
	}
}

// say writes an event as "kind name field from<-to on day n", the day where GitLab dated it.
func say(e Event) string {
	text := fmt.Sprintf("%s %s", e.Kind, e.Name)
	if e.Field != "" {
		text += " " + e.Field
	}
	if e.From != "" || e.To != "" {
		text += " " + e.From + "<-" + e.To
	}
	switch {
	case e.Scan != 2:
		text += " in another scan"
	case e.At == At(secondScan) && e.After == At(firstScan):
	case e.After.IsUnknown():
		days, _ := At(firstScan).DaysBefore(must(e.At.Time()))
		text += fmt.Sprintf(" on day %d", days)
	default:
		text += fmt.Sprintf(" at %s after %s", e.At, e.After)
	}
	return text
}

func must(t time.Time, ok bool) time.Time {
	if !ok {
		panic("no moment")
	}
	return t
}

func TestDiffOfOwners(t *testing.T) {
	token := Credential{ID: "t", Home: "h", Name: "ci"}
	prev, next := snapshots([]Observation{token}, []Observation{token}, nil)
	prev.Owners = []Owner{{Subject: "same", Owner: "a"}, {Subject: "t", Owner: "a"}}
	next.Owners = []Owner{{Subject: "new", Owner: "b"}, {Subject: "same", Owner: "a", Confidence: 1}, {Subject: "t", Owner: "b"}}
	want := []Event{{
		Kind: OwnerChanged, Subject: "t", Row: CredentialRow, Home: "h", Name: "ci", From: "a", To: "b",
		At: At(secondScan), After: At(firstScan), Scan: 2,
	}}
	if d := diff(want, Diff(prev, next)); d != "" {
		t.Errorf("Diff (-want +got):\n%s", d)
	}
}

// drawSnapshot draws up to three rows of every kind.
func drawSnapshot(t *rapid.T, label string) *Snapshot {
	s := &Snapshot{Scan: Scan{Number: 1, Began: firstScan}}
	for _, kind := range kinds() {
		name, _ := kind.Row()
		for _, id := range []string{"1", "2", "3"}[:rapid.IntRange(0, 3).Draw(t, label+string(name))] {
			s.Add(drawRow(t, label+string(name)+id, kind, id))
		}
	}
	s.Sort()
	return s
}

func TestDiffOfASnapshotWithItselfIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, "s ")
		if events := Diff(s, s); len(events) > 0 {
			t.Fatalf("Diff(s, s) = %+v, want nothing", events)
		}
	})
}

func TestDiffWithoutCoverageRemovesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prev, next := drawSnapshot(t, "prev "), drawSnapshot(t, "next ")
		next.Coverage = covered(rapid.SampledFrom([]State{Partial, Denied, Unsupported, Failed, NotAsked}).Draw(t, "state"), Visit{"a", "a"}, Visit{"a", "b"}, Visit{"", ""})
		for _, e := range Diff(prev, next) {
			if e.Kind == Removed {
				t.Fatalf("Diff = %+v: absence proves nothing", e)
			}
		}
	})
}

func TestDiffIsSortedAndPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prev, next := drawSnapshot(t, "prev "), drawSnapshot(t, "next ")
		events := Diff(prev, next)
		sorted := slices.IsSortedFunc(events, func(a, b Event) int {
			if a.Subject != b.Subject {
				return compare(a.Subject, b.Subject)
			}
			if a.Field != b.Field {
				return compare(a.Field, b.Field)
			}
			return compare(string(a.Kind), string(b.Kind))
		})
		if again := Diff(prev, next); !sorted || diff(events, again) != "" {
			t.Fatalf("Diff = %+v, then %+v", events, again)
		}
	})
}
