package store

import (
	"cmp"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"nhiscan/inventory"
)

// TestRowsAreTheSnapshotListByList compares both readers on a past scan and on the last one.
func TestRowsAreTheSnapshotListByList(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		for _, w := range []map[inventory.Coverage][]inventory.Observation{world(), with(world(), complete("projects", opsID, 0))} {
			r := mustBegin(t, s, begin())
			scanWorld(t, r, w)
			n := r.Scan().Number
			mustFinish(t, r, Results{
				Owners: []inventory.Owner{
					{Subject: tokenID, Owner: "team-shop", Claims: []inventory.Claim{{Candidate: "team-shop", Weight: 0.5}}, Reason: "r"},
					{Subject: deployID, Claims: []inventory.Claim{}},
				},
				Gaps: []inventory.Gap{
					gap("rule", "EXP-002", tokenID, inventory.Low), gap("rule", "EXP-002", deployID, inventory.High), gap("rule-b", "EXP-001", tokenID, inventory.High),
					{Rule: `quoted"rule`, Code: "EXP-009", Subject: deployID, Severity: inventory.High, Message: "m", Evidence: []string{}},
				},
				Events: []inventory.Event{
					{Kind: inventory.Changed, Subject: deployID, Row: inventory.CredentialRow, Name: "b", At: inventory.At(start), Scan: n},
					{Kind: inventory.Discovered, Subject: tokenID, Row: inventory.CredentialRow, Name: "a", At: inventory.At(start.Add(-time.Hour)), Scan: n},
				},
			})
			d.wait(time.Hour)
		}
		for scan := range int64(2) {
			compareLists(t, s, scan+1)
		}
	})
}

func compareLists(t *testing.T, s *Store, scan int64) {
	t.Helper()
	rows, err := s.Rows(t.Context(), scan)
	if err != nil {
		t.Fatal(err)
	}
	want := mustSnapshot(t, s, scan)
	withoutSeen(want)
	got := &inventory.Snapshot{
		Scan: want.Scan, Homes: copied(rows.Homes()), Users: copied(rows.Users()), Grants: copied(rows.Grants()), Identities: copied(rows.Identities()),
		Credentials: copied(rows.Credentials()), Locations: copied(rows.Locations()), Usages: copied(rows.Usages()),
		Coverage: copied(rows.Coverage()), Owners: copied(rows.Owners(true)),
	}
	if d := diff(want, got); d != "" {
		t.Errorf("lists of scan %d (-snapshot +rows):\n%s", scan, d)
	}
	for o := range rows.Owners(false) {
		if o.Claims != nil {
			t.Errorf("owner of %s with claims that were not asked for", o.Subject)
		}
		break // the rest of a list need not be read
	}
	judged, err := s.Results(t.Context(), scan)
	if err != nil {
		t.Fatal(err)
	}
	gaps := slices.Clone(judged.Gaps)
	slices.SortFunc(gaps, func(a, b inventory.Gap) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
	if d := diff(gaps, copied(rows.Gaps())); d != "" {
		t.Errorf("gaps of scan %d (-want +got):\n%s", scan, d)
	}
	slices.SortFunc(gaps, func(a, b inventory.Gap) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
	if d := diff(gaps, copied(rows.WorstGaps())); d != "" {
		t.Errorf("worst gaps of scan %d (-want +got):\n%s", scan, d)
	}
	events, err := s.Events(t.Context(), EventFilter{Instance: host})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(events, func(a, b inventory.Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Scan, b.Scan)) })
	if d := diff(events, copied(rows.Events())); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	compareAbout(t, rows, judged, events)
	if err := rows.Err(); err != nil {
		t.Errorf("Err = %v", err)
	}
}

// compareAbout asks for what is about one row, another, both and none.
func compareAbout(t *testing.T, rows *Rows, judged Results, events []inventory.Event) {
	t.Helper()
	counts := map[inventory.EventKind]int{}
	for _, e := range events {
		counts[e.Kind]++
	}
	if d := diff(counts, rows.EventCounts()); d != "" {
		t.Errorf("EventCounts (-want +got):\n%s", d)
	}
	for _, ids := range [][]string{{tokenID}, {deployID}, {tokenID, deployID}, {"nobody"}, nil} {
		others := func(id string) bool { return !slices.Contains(ids, id) }
		gaps := slices.DeleteFunc(slices.Clone(judged.Gaps), func(g inventory.Gap) bool { return others(g.Subject) })
		if d := diff(sortedBy(gaps, gapID), sortedBy(copied(rows.GapsOn(ids)), gapID)); d != "" {
			t.Errorf("GapsOn(%v) (-want +got):\n%s", ids, d)
		}
		owners := slices.DeleteFunc(slices.Clone(judged.Owners), func(o inventory.Owner) bool { return others(o.Subject) })
		bySubject := func(o inventory.Owner) string { return o.Subject }
		if d := diff(sortedBy(owners, bySubject), sortedBy(copied(rows.OwnersOf(ids)), bySubject)); d != "" {
			t.Errorf("OwnersOf(%v) (-want +got):\n%s", ids, d)
		}
		of := slices.DeleteFunc(slices.Clone(events), func(e inventory.Event) bool { return others(e.Subject) })
		byText := func(e inventory.Event) string { return fmt.Sprint(e) }
		if d := diff(sortedBy(of, byText), sortedBy(copied(rows.EventsOf(ids)), byText)); d != "" {
			t.Errorf("EventsOf(%v) (-want +got):\n%s", ids, d)
		}
	}
}

// sortedBy sorts rows by a text that is different in each.
func sortedBy[T any](rows []T, text func(T) string) []T {
	slices.SortFunc(rows, func(a, b T) int { return cmp.Compare(text(a), text(b)) })
	return append([]T(nil), rows...) // nil where there are none
}

// withoutSeen takes from rows what lists do not tell.
func withoutSeen(s *inventory.Snapshot) {
	for _, list := range []any{s.Homes, s.Users, s.Grants, s.Identities, s.Credentials, s.Locations, s.Usages} {
		rows := reflect.ValueOf(list)
		for i := range rows.Len() {
			rows.Index(i).FieldByName("Seen").SetZero()
		}
	}
}

func copied[T any](rows iter.Seq[*T]) []T {
	var list []T
	for r := range rows {
		list = append(list, *r)
	}
	return list
}
