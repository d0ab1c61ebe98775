package inventory

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unpacked[T any](rows iter.Seq[*T]) []T {
	var list []T
	for r := range rows {
		list = append(list, *r)
	}
	return list
}

// What an index returns is what the snapshot held, whatever fields are open.
func TestIndexReturnsWhatItPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, "s ")
		s.Owners = []Owner{{Subject: "1", Owner: "a", Confidence: 0.25, Disputed: true, Claims: []Claim{{Candidate: "a"}}}, {Subject: "2", Band: OwnerNone}}
		s.Coverage = []Coverage{
			{Visit: Visit{"variable", "1"}, State: Denied, Status: 403, Reason: "no", Needs: Needs{Role: "Owner", Source: "group"}, Requests: 2},
			{Visit: Visit{"variable", "2"}, State: Complete, Seen: -1},
		}
		x := NewIndex(s)
		got := &Snapshot{
			Scan: x.Scan, Users: unpacked(x.Users.All()), Grants: unpacked(x.Grants.All()), Identities: unpacked(x.Identities.All()),
			Credentials: unpacked(x.Credentials.All()), Locations: unpacked(x.Locations.All()), Usages: unpacked(x.Usages.All()),
			Owners: unpacked(x.Owners.All()), Coverage: unpacked(x.Coverage.All()),
		}
		for _, h := range x.Homes {
			got.Homes = append(got.Homes, *h)
		}
		if d := diff(s, got); d != "" {
			t.Fatalf("NewIndex (-snapshot +index):\n%s", d)
		}
	})
}

// Rows are found by every text in the order in which they were added, also where there are more than a table keeps at
// hand, and texts longer than a piece.
func TestIndexFindsRows(t *testing.T) {
	const n = 2*recentRows + 3
	s := &Snapshot{}
	for i := range n {
		s.Locations = append(s.Locations, Location{ID: fmt.Sprintf("%05d", i), Home: fmt.Sprint("h", i%7), Fingerprint: fmt.Sprint("f", i%(n-1))})
	}
	s.Locations[5].Description = strings.Repeat("long", pieceSize)
	s.Locations[n-1].ID = s.Locations[0].ID
	x := NewIndex(s)
	if got := x.Location("00005"); got == nil || got.Description != s.Locations[5].Description {
		t.Error("a long text is not what it was")
	}
	if got := x.Location("00000"); got == nil || got.Fingerprint != s.Locations[n-1].Fingerprint {
		t.Errorf("Location of two = %+v, want the last", got)
	}
	for _, home := range []string{"h0", "h6", "h7", ""} {
		var want, got []string
		for _, l := range s.Locations {
			if home != "" && l.Home == home {
				want = append(want, l.ID)
			}
		}
		for _, l := range x.LocationsIn(home) {
			got = append(got, l.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("LocationsIn(%q) = %d rows, want %d in their order", home, len(got), len(want))
		}
	}
	if prints := slices.Collect(x.Fingerprints()); len(prints) != n-1 || !slices.IsSorted(prints) {
		t.Errorf("Fingerprints = %d, want %d, sorted", len(prints), n-1)
	}
}

func TestIndexTakesOwnersLater(t *testing.T) {
	x := NewIndex(&Snapshot{Credentials: []Credential{{ID: "c"}}, Identities: []Identity{{ID: "i"}}})
	before := len(x.texts.places)
	for _, o := range []Owner{{Subject: "i", Owner: "a"}, {Subject: "c", Owner: "b"}, {Subject: "other", Owner: "c"}} {
		x.AddOwner(&o)
		if got := x.Owner(o.Subject); got == nil || diff(o, *got) != "" {
			t.Errorf("Owner(%q) = %+v, want %+v", o.Subject, got, o)
		}
	}
	if added := len(x.texts.places) - before; added != 4 {
		t.Errorf("%d texts were added, want the owners and the one subject that is no row", added)
	}
}

// The events of a first scan are those of Diff with nothing before.
func TestDiscoveriesAreTheDiffOfNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, "s ")
		got := slices.SortedFunc(Discoveries(NewIndex(s)), compareEvents)
		if d := diff(Diff(&Snapshot{}, s), got); len(got)+len(d) > 0 && d != "" {
			t.Fatalf("Discoveries (-Diff +got):\n%s", d)
		}
	})
}

// A token that changes hands together with its bot is told once; each is told where only one of them did.
func TestOwnerEventsTellAToken(t *testing.T) {
	x := NewIndex(&Snapshot{
		Scan:        Scan{Number: 2, Began: secondScan},
		Identities:  []Identity{{ID: "bot", Home: "h", Name: "deploy bot"}, {ID: "other", Home: "h", Name: "other bot"}},
		Credentials: []Credential{{ID: "token", Identity: "bot", Home: "h", Name: "ci"}, {ID: "second", Identity: "other", Home: "h"}},
	})
	got := OwnerEvents(x, At(firstScan), []OwnerChange{
		{"bot", "a", "b"}, {"other", "a", "b"}, {"token", "a", "b"}, {"second", "", "c"}, {"gone", "a", "b"},
	})
	event := func(subject string, row RowKind, name, from, to string) Event {
		return Event{Kind: OwnerChanged, Subject: subject, Row: row, Home: "h", Name: name, From: from, To: to, At: At(secondScan), After: At(firstScan), Scan: 2}
	}
	want := []Event{
		event("token", CredentialRow, "ci", "a", "b"), event("second", CredentialRow, "second", "", "c"),
		event("other", IdentityRow, "other bot", "a", "b"),
	}
	if d := diff(want, got); d != "" {
		t.Errorf("OwnerEvents (-want +got):\n%s", d)
	}
}
