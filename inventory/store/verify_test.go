package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"nhiscan/inventory"
)

// fourScans makes a history in which every scan changes a credential and drops another.
func fourScans(t *testing.T, d database, s *Store) []inventory.Scan {
	t.Helper()
	var scans []inventory.Scan
	for i := range 4 {
		d.wait(24 * time.Hour)
		r := mustBegin(t, s, begin())
		scanWorld(t, r, world())
		mustRecord(t, r, complete("trigger", cartID, 2),
			inventory.Credential{ID: inventory.CredentialID(host, "trigger-token", "1"), Name: fmt.Sprint("name ", i)},
			inventory.Credential{ID: inventory.CredentialID(host, "trigger-token", fmt.Sprint("only ", i)), Volatile: inventory.Volatile{LastUsedAt: inventory.At(start)}})
		scans = append(scans, mustFinish(t, r, Results{
			Gaps:   []inventory.Gap{gap("r", "R-1", fmt.Sprint("s", i), inventory.Low)},
			Events: []inventory.Event{{Kind: inventory.Discovered, Subject: "a", At: inventory.At(start)}},
		}))
	}
	return scans
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	tests := []struct {
		name, statement string
		scan            int // the first that does not fit, from 0
	}{
		{"content", `UPDATE version SET body = '{"id":"x"}' WHERE id = 'git.example/credential/trigger-token/1' AND from_scan = 3`, 2},
		{"content_and_hash", `UPDATE version SET body = '{}', hash = '` + hashOf("{}") + `' WHERE id = 'git.example/credential/trigger-token/1' AND from_scan = 3`, 2},
		{"end", `UPDATE version SET to_scan = 4 WHERE id = 'git.example/credential/trigger-token/1' AND to_scan = 3`, 2},
		{"deleted", `DELETE FROM version WHERE id = 'git.example/credential/trigger-token/only%200'`, 0},
		{"added", `INSERT INTO version (instance, kind, id, home, from_scan, hash, key_id, body) VALUES ('git.example', 'user', 'u', '', 2, '` + hashOf("{}") + `', '', '{}')`, 1},
		{"backdated", `UPDATE version SET from_scan = 1 WHERE id = 'git.example/credential/trigger-token/only%201'`, 0},
		{"digest", `UPDATE scan SET digest = 'x' WHERE number = 2`, 1},
		{"scan", `DELETE FROM scan WHERE number = 3`, 3},
	}
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		scans := fourScans(t, d, s)
		if err := s.Verify(t.Context(), ""); err != nil {
			t.Fatalf("Verify of an untouched history = %v", err)
		}
		for i, sc := range scans[1:] {
			if sc.Previous != scans[i].Digest || len(sc.Digest) != 64 {
				t.Errorf("scan %d follows %q, want %q", sc.Number, sc.Previous, scans[i].Digest)
			}
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				tx, err := s.db.Begin()
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tx.Rollback() }()
				if _, err := tx.Exec(test.statement); err != nil {
					t.Fatal(err)
				}
				err = s.verify(t.Context(), session{tx, s.spell}, host)
				want := s.misfit(scans[test.scan], "").Error()
				if !errors.Is(err, ErrDigest) || err.Error()[:len(want)] != want {
					t.Errorf("Verify = %v, want %s…", err, want)
				}
			})
		}
	})
}

func TestPruneKeepsWhatIsLeftTrue(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		if _, err := s.Prune(t.Context(), host, start); !errors.Is(err, ErrNoScan) {
			t.Errorf("Prune of an empty database = %v, want ErrNoScan", err)
		}
		if err := s.PutContent(t.Context(), map[string][]byte{"old": {1}}); err != nil {
			t.Fatal(err)
		}
		scans := fourScans(t, d, s)
		third, fourth := mustSnapshot(t, s, 3), mustSnapshot(t, s, 4)
		results, err := s.Results(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Prune(t.Context(), "", scans[1].Began.Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		// Versions that ended before the third scan: the first name, the first scan's own trigger. Sightings and
		// results that ended with it are of no more use. The third scan's digest still covers what ended with it.
		want := Pruned{Kept: 3, Scans: 2, Versions: 2, Sightings: 4, Volatile: 1, Coverage: 0, Results: 2, Events: 4, Content: 1}
		if d := diff(want, got); d != "" {
			t.Errorf("Prune (-want +got):\n%s", d)
		}
		if d := diff(third, mustSnapshot(t, s, 3)); d != "" {
			t.Errorf("the oldest scan left (-before +after):\n%s", d)
		}
		if d := diff(fourth, mustSnapshot(t, s, 4)); d != "" {
			t.Errorf("the last scan (-before +after):\n%s", d)
		}
		after, err := s.Results(t.Context(), 3)
		if d := diff(results, after); err != nil || d != "" {
			t.Errorf("results of the oldest scan left: %v (-before +after):\n%s", err, d)
		}
		if err := s.Verify(t.Context(), host); err != nil {
			t.Errorf("Verify after Prune = %v", err)
		}
		if _, err := s.Snapshot(t.Context(), 2); !errors.Is(err, ErrNoScan) {
			t.Errorf("Snapshot of a pruned scan = %v, want ErrNoScan", err)
		}
		records, err := all[string](t.Context(), s.read(), `SELECT instance || ' ' || scan || ' ' || before FROM pruned`)
		if d := diff([]string{"git.example 3 " + stamp(scans[1].Began.Add(time.Second))}, records); err != nil || d != "" {
			t.Errorf("record of the pruning: %v (-want +got):\n%s", err, d)
		}
		if got, err = s.Prune(t.Context(), host, d.clock.AddDate(1, 0, 0)); err != nil || got.Kept != 4 {
			t.Errorf("Prune of everything = %+v, %v; want the last scan kept", got, err)
		}
		if err := s.Verify(t.Context(), host); err != nil {
			t.Errorf("Verify after the second Prune = %v", err)
		}
		r := mustBegin(t, s, begin())
		scanWorld(t, r, world())
		if sc := mustFinish(t, r, Results{}); sc.Number != 5 {
			t.Errorf("scan after Prune has number %d, want 5: numbers are never given twice", sc.Number)
		}
	})
}
