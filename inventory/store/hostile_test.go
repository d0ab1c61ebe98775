package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nhiscan/inventory"
)

func TestHostileTextIsKept(t *testing.T) {
	nasty := []string{
		"nul \x00 byte", "not utf-8 \xff\xfe", "quote ' \" ` ; DROP TABLE version; --", `back \ slash \u0000 \\u0000 \ud800`, "tab\tnewline\r\n",
		"<script>&amp;</script>", "bidi \u202e\u2028\u2029", "$1 ?1 %s {{.}}", strings.Repeat("ü", 100_000), `{"id":"x"}`, "null", "\U0001f512",
	}
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		r := mustBegin(t, s, begin())
		var rows []inventory.Observation
		for i, text := range nasty {
			short := text[:min(len(text), 40)]
			home := inventory.HomeID(short, inventory.ProjectHome, int64(i))
			rows = append(rows,
				inventory.Credential{ID: "raw " + short, Name: text, Home: short, Attributes: map[string]string{text: text}, Volatile: inventory.Volatile{OnlineStatus: text}},
				inventory.Home{ID: home, Path: text, Topics: []string{text}})
		}
		c := complete("source \x00 '", "home \xff \"", len(rows))
		c.Reason, c.Needs.Role = nasty[0], nasty[1]
		mustRecord(t, r, c, rows...)
		sc := mustFinish(t, r, Results{
			Owners: []inventory.Owner{{Subject: "raw " + nasty[0], Owner: nasty[1]}},
			Gaps:   []inventory.Gap{{Rule: "r", Subject: "raw " + nasty[0], Message: nasty[2], Evidence: nasty}},
			Events: []inventory.Event{{Kind: inventory.Changed, Subject: nasty[0], From: nasty[1], To: nasty[8]}},
		})
		snap := mustSnapshot(t, s, sc.Number)
		got := map[string]inventory.Credential{}
		for _, c := range snap.Credentials {
			got[c.ID] = c
		}
		for _, text := range nasty {
			short := clean(text[:min(len(text), 40)])
			c, want := got["raw "+short], clean(text)
			if c.Name != want || c.Home != short || c.Attributes[want] != want || c.OnlineStatus != want || len(c.Seen) != 1 {
				t.Errorf("credential named %.40q came back as %.300q", text, fmt.Sprint(c))
			}
		}
		if len(snap.Homes) != len(nasty) || snap.Coverage[0].Reason != clean(nasty[0]) || snap.Coverage[0].Needs.Role != clean(nasty[1]) {
			t.Errorf("%d homes, coverage %+v", len(snap.Homes), snap.Coverage)
		}
		if err := s.Verify(t.Context(), host); err != nil {
			t.Errorf("Verify = %v", err)
		}
		res, err := s.Results(t.Context(), sc.Number)
		if err != nil || len(res.Events) != 2 || res.Gaps[0].Evidence[0] != clean(nasty[0]) {
			t.Errorf("Results = %.200v, %v", res, err)
		}
		for _, view := range []string{"inventory", "workflows"} {
			if _, err := all[int64](t.Context(), s.read(), `SELECT count(*) FROM `+view); err != nil {
				t.Errorf("view %s: %v", view, err)
			}
		}
		before := countAll(t, s)
		r = mustBegin(t, s, begin())
		mustRecord(t, r, c, rows...)
		mustFinish(t, r, Results{})
		after := countAll(t, s)
		if d := diff(before["version"]+before["sighting"]+before["volatile"], after["version"]+after["sighting"]+after["volatile"]); d != "" {
			t.Errorf("the same hostile rows again made rows (-before +after):\n%s", d)
		}
	})
}

func TestRowsWithoutUsableIDAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		r := mustBegin(t, d.open(t, Options{}), begin())
		for _, id := range []string{"", strings.Repeat("x", longestID+1)} {
			if err := r.Record(t.Context(), complete("users", instanceID, 1), []inventory.Observation{inventory.User{ID: id}}); err == nil {
				t.Errorf("Record of an ID of %d bytes = nil, want an error", len(id))
			}
		}
		longest := []inventory.Observation{inventory.User{ID: strings.Repeat("x", longestID)}}
		if err := r.Record(t.Context(), complete("users", instanceID, 1), longest); err != nil {
			t.Errorf("Record of the longest ID = %v", err)
		}
	})
}

func TestContentIsReplayed(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		want := map[string][]byte{"a": {0, 255, '\''}, "b": {}, "c \" \\ ü": []byte("x")}
		for i := range 600 { // more than one batch
			want[fmt.Sprint("key ", i)] = []byte{byte(i)}
		}
		if err := s.PutContent(t.Context(), map[string][]byte{"a": []byte("old"), "b": nil}); err != nil {
			t.Fatal(err)
		}
		if err := s.PutContent(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		keys := []string{"missing"}
		for k := range want {
			keys = append(keys, k)
		}
		got, err := s.Content(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		if got["b"] == nil {
			got["b"] = []byte{}
		}
		if d := diff(want, got); d != "" {
			t.Errorf("Content (-want +got):\n%s", d)
		}
		if got, err := s.Content(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("Content of no keys = %v, %v", got, err)
		}
	})
}

// recorderEnv makes the test binary record visits into the database that it names until it is killed.
const recorderEnv = "NHI_TEST_STORE_RECORDER"

// rowsPerVisit is more than one batch, so that a kill can fall between two statements of one visit.
const rowsPerVisit = 1200

func TestMain(m *testing.M) {
	if dsn := os.Getenv(recorderEnv); dsn != "" {
		recordUntilKilled(dsn)
	}
	os.Exit(m.Run())
}

func recordUntilKilled(dsn string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	s, err := Open(ctx, dsn, Options{Clock: func() time.Time { return start }})
	fail(err)
	r, err := s.Begin(ctx, begin())
	fail(err)
	for n := 0; ; n++ {
		fmt.Println("visit", n) // it may end at any moment from here
		fail(r.Record(ctx, complete("users", fmt.Sprint("home ", n), rowsPerVisit), users(n)))
	}
}

func users(visit int) []inventory.Observation {
	var rows []inventory.Observation
	for i := range rowsPerVisit {
		rows = append(rows, inventory.User{ID: inventory.UserID(host, int64(visit*rowsPerVisit+i)), Username: strings.Repeat("u", 200)})
	}
	return rows
}

// TestKillInTheMiddleOfRecord kills a recording process at different moments; every visit is there whole or not at all.
func TestKillInTheMiddleOfRecord(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		for round, delay := range []time.Duration{0, 3 * time.Millisecond, 20 * time.Millisecond, 45 * time.Millisecond} {
			killRecorder(t, d.dsn, round+1, delay)
			d.wait(2 * time.Minute) // the lease of the killed process lapses
			r := mustBegin(t, s, begin())
			if round > 0 && !r.Resumed() {
				t.Fatal("the killed scan was not resumed")
			}
			snap := running(t, r)
			if want := rowsPerVisit * len(snap.Coverage); len(snap.Users) != want || want == 0 {
				t.Fatalf("%d rows of %d recorded visits, want %d", len(snap.Users), len(snap.Coverage), want)
			}
			for _, c := range snap.Coverage {
				if got, ok := r.Done(c.Visit); !ok || got != c {
					t.Fatalf("Done(%v) = %v, %t", c.Visit, got, ok)
				}
			}
			if err := r.Abort(t.Context(), "failed"); err != nil {
				t.Fatal(err)
			}
			*d.clock = start
		}
		sc := mustFinish(t, mustBegin(t, s, begin()), Results{})
		if sc.State != "finished" || sc.Resumed < 4 {
			t.Errorf("finished scan = %+v", sc)
		}
		if err := s.Verify(t.Context(), host); err != nil {
			t.Error(err)
		}
	})
}

// killRecorder starts a recorder and kills it a moment after it began its nth visit.
func killRecorder(t *testing.T, dsn string, n int, delay time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), recorderEnv+"="+dsn)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range n + 1 {
		if !lines.Scan() {
			t.Fatalf("recorder ended: %v", cmd.Wait())
		}
	}
	time.Sleep(delay)
	if err := cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = cmd.Wait()
}
