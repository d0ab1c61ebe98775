package store

import (
	"fmt"
	"sync"
	"testing"

	"nhiscan/inventory"
)

// TestRecordTogether: visits that are recorded side by side share transactions, and each is there when Record returns;
// two records of one visit, which cannot share one, are both taken.
func TestRecordTogether(t *testing.T) {
	s := sqliteDatabase(t).open(t, Options{})
	r := mustBegin(t, s, begin())
	const n = 60
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			home := inventory.HomeID(host, inventory.ProjectHome, int64(i/2)) // two of each
			c := complete("project-access-token", home, 1)
			token := inventory.Credential{ID: inventory.CredentialID(host, "access-token", fmt.Sprint(i/2)), Home: home, Name: "deploy"}
			if err := r.Record(t.Context(), c, []inventory.Observation{token}); err != nil {
				t.Errorf("Record(%d) = %v", i, err)
			}
			if _, done := r.Done(c.Visit); !done {
				t.Errorf("visit %d is not done after Record", i)
			}
		})
	}
	all.Wait()
	snap := running(t, r)
	if len(snap.Credentials) != n/2 || len(snap.Coverage) != n/2 {
		t.Errorf("%d credentials, %d visits; want %d of each", len(snap.Credentials), len(snap.Coverage), n/2)
	}
}
