package store

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"nhiscan/inventory"
)

func TestOneScanAtATime(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s, other := d.open(t, Options{}), d.open(t, Options{})
		r := mustBegin(t, s, begin())
		_, err := other.Begin(t.Context(), begin())
		var leased *LeasedError
		if !errors.Is(err, ErrLeased) || !errors.As(err, &leased) {
			t.Fatalf("second Begin = %v, want ErrLeased", err)
		}
		if leased.Scan != r.Scan().Number || !leased.Taken.Equal(start) || !leased.Expires.Equal(start.Add(leaseTime)) || !strings.Contains(leased.Owner, "process") {
			t.Errorf("LeasedError = %+v", leased)
		}
		elsewhere := begin()
		elsewhere.Instance = "other.example"
		mustFinish(t, mustBegin(t, other, elsewhere), Results{})
		mustFinish(t, r, Results{})
		mustFinish(t, mustBegin(t, other, begin()), Results{})
	})
}

func TestLeaseLapsesAndIsRenewed(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		r := mustBegin(t, s, begin())
		d.wait(50 * time.Second)
		if err := r.Heartbeat(t.Context()); err != nil {
			t.Fatalf("Heartbeat = %v", err)
		}
		d.wait(50 * time.Second)
		mustRecord(t, r, complete("instance", instanceID, 0))
		d.wait(50 * time.Second)
		if _, err := s.Begin(t.Context(), begin()); !errors.Is(err, ErrLeased) {
			t.Fatalf("Begin 50 s after a Record = %v, want ErrLeased", err)
		}
		d.wait(10 * time.Second)
		next := mustBegin(t, s, begin())
		if err := r.Record(t.Context(), complete("x", instanceID, 0), nil); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("Record after the lease was taken over = %v, want ErrLeaseLost", err)
		}
		if _, err := r.Finish(t.Context(), Results{}); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("Finish after the lease was taken over = %v, want ErrLeaseLost", err)
		}
		mustFinish(t, next, Results{})
		if _, err := next.Finish(t.Context(), Results{}); !errors.Is(err, ErrEnded) {
			t.Errorf("second Finish = %v, want ErrEnded", err)
		}
	})
}

func TestResume(t *testing.T) {
	tests := []struct {
		name    string
		after   time.Duration
		abort   string // empty: killed
		change  func(*Begin)
		resumed bool
	}{
		{name: "killed", after: 2 * time.Minute, resumed: true},
		{name: "cancelled", abort: "cancelled", resumed: true},
		{name: "failed", abort: "failed", resumed: true},
		{name: "just_under_12_hours", after: 12*time.Hour - time.Second, resumed: true},
		{name: "after_12_hours", after: 12 * time.Hour},
		{name: "fresh_was_asked", abort: "failed", change: func(b *Begin) { b.Fresh = true }},
		{name: "another_scope", abort: "failed", change: func(b *Begin) { b.Scope = []string{"ops"} }},
		{name: "another_token", abort: "failed", change: func(b *Begin) { b.Token.Credential = "git.example/credential/access-token/2" }},
		{name: "other_detectors", abort: "failed", change: func(b *Begin) { b.Detectors = "d2" }},
		{name: "another_key", abort: "failed", change: func(b *Begin) { b.KeyID = "ffff0000" }},
		{name: "same_scope_in_another_order", abort: "failed", change: func(b *Begin) { b.Scope = []string{"b", "a", "b"} }, resumed: true},
	}
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				b := begin()
				b.Instance = test.name
				if test.name == "same_scope_in_another_order" {
					b.Scope = []string{"a", "b"}
				}
				r := mustBegin(t, s, b)
				first := r.Scan()
				seen := complete("project-access-token", cartID, 1)
				mustRecord(t, r, seen, inventory.Credential{ID: inventory.CredentialID(test.name, "access-token", "1"), Home: cartID})
				if test.abort != "" {
					if err := r.Abort(t.Context(), test.abort); err != nil {
						t.Fatal(err)
					}
				}
				d.wait(test.after)
				if test.change != nil {
					test.change(&b)
				}
				r = mustBegin(t, s, b)
				c, done := r.Done(seen.Visit)
				if r.Resumed() != test.resumed || done != test.resumed || done && c != seen || (r.Scan().Number == first.Number) != test.resumed {
					t.Fatalf("resumed = %t, visit done = %t (%+v), scan %d after %d; want resumed %t", r.Resumed(), done, c, r.Scan().Number, first.Number, test.resumed)
				}
				sc := mustFinish(t, r, Results{})
				wantResumed, wantRows := 0, 0
				if test.resumed {
					wantResumed, wantRows = 1, 1
				}
				if sc.Resumed != wantResumed || test.resumed && !sc.Began.Equal(first.Began) {
					t.Errorf("finished scan = %+v, want resumed %d", sc, wantResumed)
				}
				if got := len(mustSnapshot(t, s, sc.Number).Credentials); got != wantRows {
					t.Errorf("%d credentials, want %d", got, wantRows)
				}
			})
		}
	})
}

func TestOnlyFinishedScansAreRead(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		if _, err := s.Latest(t.Context(), ""); !errors.Is(err, ErrNoScan) {
			t.Errorf("Latest of an empty database = %v, want ErrNoScan", err)
		}
		r := mustBegin(t, s, begin())
		number := r.Scan().Number
		if _, err := s.Latest(t.Context(), host); !errors.Is(err, ErrNoScan) {
			t.Errorf("Latest while the first scan runs = %v, want ErrNoScan", err)
		}
		if _, err := s.Snapshot(t.Context(), number); !errors.Is(err, ErrNoScan) {
			t.Errorf("Snapshot of a running scan = %v, want ErrNoScan", err)
		}
		if _, err := s.Results(t.Context(), 99); !errors.Is(err, ErrNoScan) {
			t.Errorf("Results of no scan = %v, want ErrNoScan", err)
		}
		first := mustFinish(t, r, Results{Policy: "p", Requests: 7, RulePack: "2"})
		if err := mustBegin(t, s, begin()).Abort(t.Context(), "cancelled"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Latest(t.Context(), "")
		if d := diff(first, got); err != nil || d != "" {
			t.Errorf("Latest = %v (-want +got):\n%s", err, d)
		}
		scans, err := s.Scans(t.Context(), host)
		if err != nil || len(scans) != 2 || scans[1].State != "cancelled" || scans[1].Ended == nil {
			t.Errorf("Scans = %+v, %v", scans, err)
		}
		b := begin()
		b.Instance = "other.example"
		mustFinish(t, mustBegin(t, s, b), Results{})
		_, err = s.Latest(t.Context(), "")
		if !errors.Is(err, ErrManyInstances) || !strings.Contains(err.Error(), "git.example, other.example") {
			t.Errorf("Latest without a name = %v, want ErrManyInstances with both", err)
		}
	})
}

func TestForeignKeyIsRefused(t *testing.T) {
	token := func(keyID string) inventory.Credential {
		return inventory.Credential{ID: inventory.CredentialID(host, "trigger-token", keyID), Fingerprint: keyID + "-fingerprint", KeyID: keyID}
	}
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		with := func(keyID string, accept bool) Begin {
			b := begin()
			b.KeyID, b.NewKey = keyID, accept
			return b
		}
		r := mustBegin(t, s, with("aaaa", false))
		mustRecord(t, r, complete("trigger", cartID, 1), token("aaaa"))
		mustFinish(t, r, Results{})
		for _, keyID := range []string{"bbbb", ""} {
			if _, err := s.Begin(t.Context(), with(keyID, false)); !errors.Is(err, ErrForeignKey) || !strings.Contains(err.Error(), "aaaa") {
				t.Fatalf("Begin with key %q = %v, want ErrForeignKey that names aaaa", keyID, err)
			}
		}
		r = mustBegin(t, s, with("bbbb", true))
		mustRecord(t, r, complete("trigger", opsID, 1), token("bbbb"))
		sc := mustFinish(t, r, Results{})
		want := []inventory.Credential{token("aaaa"), token("bbbb")}
		want[0].Seen = []inventory.Visit{{Source: "trigger", Home: cartID}}
		want[1].Seen = []inventory.Visit{{Source: "trigger", Home: opsID}}
		if d := diff(want, mustSnapshot(t, s, sc.Number).Credentials); d != "" {
			t.Errorf("old fingerprints keep their key (-want +got):\n%s", d)
		}
		mustFinish(t, mustBegin(t, s, with("bbbb", false)), Results{}) // accepted once, accepted from now on
		if _, err := s.Begin(t.Context(), with("aaaa", false)); !errors.Is(err, ErrForeignKey) {
			t.Errorf("Begin with the old key = %v, want ErrForeignKey", err)
		}
	})
}

func TestRecordIsSafeForConcurrentUse(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		r := mustBegin(t, s, begin())
		var wg sync.WaitGroup
		errs := make(chan error, 100)
		for c, rows := range world() {
			wg.Go(func() { errs <- r.Record(t.Context(), c, rows) })
			wg.Go(func() { errs <- s.PutContent(t.Context(), map[string][]byte{c.Source: []byte("x")}) })
			wg.Go(func() { errs <- r.Heartbeat(t.Context()) })
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		sc := mustFinish(t, r, Results{})
		if got := len(mustSnapshot(t, s, sc.Number).Coverage); got != len(world()) {
			t.Errorf("%d visits, want %d", got, len(world()))
		}
	})
}
