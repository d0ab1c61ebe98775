package store

import (
	"testing"
	"time"

	"nhiscan/inventory"
)

var (
	deployID = inventory.CredentialID(host, "deploy-token", "3")
	tokenID  = inventory.CredentialID(host, "access-token", "5")
)

func gap(rule, code, subject string, s inventory.Severity) inventory.Gap {
	return inventory.Gap{Rule: rule, Code: code, Subject: subject, Home: cartID, Severity: s, Message: "m", Evidence: []string{"e"}}
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		r := mustBegin(t, s, begin())
		scanWorld(t, r, world())
		want := Results{
			Owners: []inventory.Owner{
				{Subject: tokenID, Owner: "team-shop", Confidence: 0.75, Band: inventory.OwnerInferred, Claims: []inventory.Claim{{Candidate: "team-shop", Rank: 2, Weight: 0.75, At: inventory.At(start)}}, Reason: "because \x00"},
				{Subject: deployID, Band: inventory.OwnerNone, Claims: []inventory.Claim{}},
			},
			Gaps: []inventory.Gap{gap("secret-in-file", "SEC-001", deployID, inventory.High), gap("credential-never-expires", "EXP-001", deployID, inventory.Critical)},
			Verdicts: []inventory.VerdictCount{
				{Rule: "z-first", Pass: 1, Fail: 2, Unknown: 3, NotApplicable: 4, Reasons: map[string]int{"hidden": 3}}, {Rule: "a-second", Reasons: map[string]int{}},
			},
			Measures: []inventory.Measure{{Name: "owned-share", Scope: "instance", Numerator: 1, Denominator: 3, Unknown: 1, Value: 1.0 / 3}},
			Events: []inventory.Event{
				{Kind: inventory.Discovered, Subject: tokenID, Row: inventory.CredentialRow, Home: cartID, Name: "ci", At: inventory.At(start.Add(-time.Hour)), Scan: r.Scan().Number},
				{Kind: inventory.OwnerChanged, Subject: tokenID, From: "a", To: "b", At: inventory.At(start), Scan: r.Scan().Number},
			},
			Policy: "policy-hash", RulePack: "7", Requests: 12,
		}
		sc := mustFinish(t, r, want)
		got, err := s.Results(t.Context(), sc.Number)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want.Gaps {
			want.Gaps[i].FirstSeen = inventory.At(start)
		}
		want.Owners[0].Reason = "because \ufffd"
		want.Gaps[0], want.Gaps[1] = want.Gaps[1], want.Gaps[0] // the worst first
		reported := func(rule, to string) inventory.Event {
			return inventory.Event{
				Kind: inventory.Reported, Subject: deployID, Row: inventory.CredentialRow, Home: cartID, Name: "registry-pull", Field: rule, To: to,
				At: inventory.At(start), Scan: sc.Number,
			}
		}
		want.Events[1].Row, want.Events[1].Home, want.Events[1].Name = inventory.CredentialRow, cartID, "ci"
		want.Events = append(want.Events, reported("credential-never-expires", "critical"), reported("secret-in-file", "high"))
		if d := diff(want, got); d != "" {
			t.Errorf("Results (-want +got):\n%s", d)
		}
		if d := diff(want.Owners, mustSnapshot(t, s, sc.Number).Owners); d != "" {
			t.Errorf("Snapshot.Owners (-want +got):\n%s", d)
		}
	})
}

func TestGapsKeepTheirFirstScanUntilInterrupted(t *testing.T) {
	scans := []struct {
		gaps     []inventory.Gap
		first    map[string]int // rule: the scan, from 0, that FirstSeen names
		reported []string
	}{
		{
			gaps:  []inventory.Gap{gap("never-expires", "EXP-001", tokenID, inventory.High), gap("no-owner", "OWN-001", tokenID, inventory.Low)},
			first: map[string]int{"never-expires": 0, "no-owner": 0}, reported: []string{"never-expires"},
		},
		{
			gaps:  []inventory.Gap{{Rule: "never-expires", Code: "EXP-001", Subject: tokenID, Severity: inventory.High, Message: "with other numbers"}, gap("in-file", "SEC-001", tokenID, inventory.Low)},
			first: map[string]int{"never-expires": 0, "in-file": 1}, reported: []string{"in-file"},
		},
		{
			gaps:  []inventory.Gap{gap("no-owner", "OWN-001", tokenID, inventory.Low), gap("in-file", "SEC-001", tokenID, inventory.Low)},
			first: map[string]int{"no-owner": 2, "in-file": 1}, // opened again; the subject had another all the time
		},
		{first: map[string]int{}},
		{gaps: []inventory.Gap{gap("never-expires", "EXP-001", tokenID, inventory.High)}, first: map[string]int{"never-expires": 4}, reported: []string{"never-expires"}},
	}
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		var began []time.Time
		for i, sc := range scans {
			d.wait(24 * time.Hour)
			r := mustBegin(t, s, begin())
			began = append(began, r.Scan().Began)
			number := mustFinish(t, r, Results{Gaps: sc.gaps}).Number
			got, err := s.Results(t.Context(), number)
			if err != nil {
				t.Fatal(err)
			}
			first := map[string]int{}
			for _, g := range got.Gaps {
				for at, b := range began {
					if g.FirstSeen == inventory.At(b) {
						first[g.Rule] = at
					}
				}
			}
			if d := diff(sc.first, first); d != "" {
				t.Errorf("scan %d: FirstSeen (-want +got):\n%s", i, d)
			}
			var reported []string
			for _, e := range got.Events {
				reported = append(reported, e.Field)
				if i > 0 && e.After != inventory.At(began[i-1]) {
					t.Errorf("scan %d: %s was reported after %v, want %v", i, e.Field, e.After, began[i-1])
				}
			}
			if d := diff(sc.reported, reported); d != "" {
				t.Errorf("scan %d: reported (-want +got):\n%s", i, d)
			}
		}
	})
}

func TestTwoGapsUnderOneNameLoseNoScan(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		g := gap("r", "R-1", tokenID, inventory.Low)
		sc := mustFinish(t, mustBegin(t, s, begin()), Results{Gaps: []inventory.Gap{g, g}})
		if got, err := s.Results(t.Context(), sc.Number); err != nil || len(got.Gaps) != 2 {
			t.Errorf("Results = %d gaps, %v; want 2", len(got.Gaps), err)
		}
	})
}

func TestChangesAreTheDiffOfSnapshots(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		r := mustBegin(t, s, begin())
		scanWorld(t, r, world())
		prev, next, err := r.Changes(t.Context())
		if err != nil || prev != nil || next != nil {
			t.Fatalf("Changes of the first scan = %v, %v, %v; want none", prev, next, err)
		}
		owners := []inventory.Owner{{Subject: tokenID, Owner: "a"}}
		first := mustFinish(t, r, Results{Owners: owners})

		d.wait(24 * time.Hour)
		second := world()
		second[complete("project-access-token", cartID, 3)] = nil // gone
		leak := inventory.Location{
			ID: inventory.LocationID(host, cartID, "file", ".env", "ff", 1), Home: cartID, Surface: inventory.SurfaceFile, Path: ".env",
			Fingerprint: "ff", KeyID: "abcd0123", Credential: deployID,
		}
		second[complete("files", cartID, 1)] = []inventory.Observation{leak}
		r = mustBegin(t, s, begin())
		scanWorld(t, r, second)
		prev, next, err = r.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		full := running(t, r)
		want := inventory.Diff(mustSnapshot(t, s, first.Number), full)
		got := inventory.Diff(prev, next)
		if d := diff(want, got); d != "" || len(got) != 4 {
			t.Errorf("Diff of Changes (-of snapshots +got):\n%s\n%+v", d, got)
		}
		if len(prev.Credentials)+len(next.Credentials) != 3 {
			t.Errorf("Changes hold %d and %d credentials, want the removed one and in both the one that leaked", len(prev.Credentials), len(next.Credentials))
		}
		mustFinish(t, r, Results{Events: got})

		r = mustBegin(t, s, begin())
		scanWorld(t, r, world())
		prev, next, err = r.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		reappeared := 0
		for _, e := range inventory.Diff(prev, next) {
			if e.Subject == tokenID && e.Kind == inventory.Reappeared {
				reappeared++
			}
		}
		if reappeared != 1 || !next.Past[tokenID] {
			t.Errorf("%d reappeared events for %s, Past = %v", reappeared, tokenID, next.Past)
		}
	})
}

func TestHistoryEndsGone(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		var began []inventory.When
		scan := func(state string, used inventory.When) {
			d.wait(24 * time.Hour)
			r := mustBegin(t, s, begin())
			began = append(began, inventory.At(r.Scan().Began))
			var rows []inventory.Observation
			if state != "" {
				rows = append(rows, inventory.Credential{ID: tokenID, Name: "ci", State: state, Volatile: inventory.Volatile{LastUsedAt: used}})
			}
			mustRecord(t, r, complete("project-access-token", cartID, len(rows)), rows...)
			mustFinish(t, r, Results{})
		}
		scan(inventory.Active, inventory.At(start))
		scan(inventory.Active, inventory.At(start.Add(time.Hour)))
		scan(inventory.Revoked, inventory.At(start.Add(time.Hour)))
		scan("", inventory.When{})
		scan(inventory.Active, inventory.When{})
		scan("", inventory.When{})
		r := mustBegin(t, s, begin()) // a running scan shows nothing
		mustRecord(t, r, complete("project-access-token", cartID, 1), inventory.Credential{ID: tokenID, Name: "back"})

		got, err := s.History(t.Context(), tokenID)
		if err != nil {
			t.Fatal(err)
		}
		token := func(state string) inventory.Credential {
			return inventory.Credential{ID: tokenID, Name: "ci", State: state}
		}
		last := token(inventory.Gone)
		last.LastUsedAt = inventory.At(start.Add(time.Hour))
		want := []Version{
			{From: 1, To: 3, Since: began[0], Until: began[2], Row: token(inventory.Active)},
			{From: 3, To: 4, Since: began[2], Until: began[3], Row: token(inventory.Revoked)},
			{From: 4, To: 5, Since: began[3], Until: began[4], Gone: true, Row: token(inventory.Gone)},
			{From: 5, To: 6, Since: began[4], Until: began[5], Row: token(inventory.Active)},
			{From: 6, Since: began[5], Gone: true, Row: last},
		}
		if d := diff(want, got); d != "" {
			t.Errorf("History (-want +got):\n%s", d)
		}
		if none, err := s.History(t.Context(), "git.example/credential/none"); err != nil || none != nil {
			t.Errorf("History of an unknown ID = %v, %v; want nothing", none, err)
		}
	})
}

func TestEventsAreFiltered(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		event := func(subject string, at time.Time) inventory.Event {
			return inventory.Event{Kind: inventory.Discovered, Subject: subject, Row: inventory.CredentialRow, At: inventory.At(at)}
		}
		first := mustFinish(t, mustBegin(t, s, begin()), Results{Events: []inventory.Event{event("b", start), event("a", start)}})
		d.wait(time.Hour)
		second := mustFinish(t, mustBegin(t, s, begin()), Results{Events: []inventory.Event{event("a", start.Add(time.Hour))}})
		other := begin()
		other.Instance = "other.example"
		mustFinish(t, mustBegin(t, s, other), Results{Events: []inventory.Event{event("c", start)}})
		tests := map[string]struct {
			filter EventFilter
			want   []string
		}{
			"all":          {EventFilter{}, []string{"a", "b", "a", "c"}},
			"instance":     {EventFilter{Instance: host}, []string{"a", "b", "a"}},
			"subject":      {EventFilter{Subject: "a"}, []string{"a", "a"}},
			"scan":         {EventFilter{Scan: first.Number}, []string{"a", "b"}},
			"subject_scan": {EventFilter{Subject: "a", Scan: second.Number}, []string{"a"}},
			"since":        {EventFilter{Since: start.Add(time.Hour)}, []string{"a"}},
			"nothing":      {EventFilter{Subject: "a", Instance: "other.example"}, nil},
		}
		for name, test := range tests {
			events, err := s.Events(t.Context(), test.filter)
			var got []string
			for _, e := range events {
				got = append(got, e.Subject)
			}
			if d := diff(test.want, got); err != nil || d != "" {
				t.Errorf("%s: Events = %v (-want +got):\n%s", name, err, d)
			}
		}
	})
}
