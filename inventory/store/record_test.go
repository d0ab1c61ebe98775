package store

import (
	"fmt"
	"testing"
	"time"

	"nhiscan/inventory"
)

// TestLongListsAreRecordedInBatches emits more rows than one batch takes, of two sorts and some of them twice, then fewer.
func TestLongListsAreRecordedInBatches(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		const n = 2*batch + 3
		id := func(i int) string { return inventory.CredentialID(host, "access-token", fmt.Sprintf("%05d", i)) }
		user := func(i int) string { return inventory.UserID(host, int64(i+1)) }
		emit := func(step int) (rows []inventory.Observation) {
			for i := n - 1; i >= 0; i -= step { // not in their order
				rows = append(rows,
					inventory.Credential{ID: id(i), Home: instanceID, Name: "a", Volatile: inventory.Volatile{LastUsedIPs: i%3 + 1}},
					inventory.User{ID: user(i), Username: "u"},
					inventory.Credential{ID: id(i), Scope: "api"})
			}
			return rows
		}
		for scan, step := range []int{1, 2, 1} {
			r := mustBegin(t, s, begin())
			mustRecord(t, r, complete("instance", instanceID, 1), inventory.Home{ID: instanceID, Kind: inventory.InstanceHome})
			mustRecord(t, r, complete("tokens", instanceID, n), emit(step)...)
			mustFinish(t, r, Results{})
			d.wait(time.Hour)
			snap := mustSnapshot(t, s, int64(scan+1))
			want := n/step + n%step
			if len(snap.Credentials) != want || len(snap.Users) != want {
				t.Fatalf("scan %d holds %d credentials and %d users, want %d of each", scan+1, len(snap.Credentials), len(snap.Users), want)
			}
			for i, c := range snap.Credentials {
				at := (n-1)%step + i*step
				if c.ID != id(at) || c.Name != "a" || c.Scope != "api" || c.LastUsedIPs != at%3+1 || len(c.Seen) != 1 {
					t.Fatalf("scan %d: credential %d = %+v", scan+1, at, c)
				}
			}
		}
	})
}
