package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nhiscan/inventory"
)

// The laws run on one database, each check on an instance of its own.

// script is what the visits of one scan emit, in the order in which they end.
type script []visited

type visited struct {
	coverage inventory.Coverage
	rows     []inventory.Observation
}

// estate draws scans over a handful of rows that a handful of visits show.
type estate struct{ instance string }

func (e estate) begin() Begin {
	b := begin()
	b.Instance = e.instance
	return b
}

func (e estate) draw(t *rapid.T, label string, states ...inventory.State) script {
	var s script
	uses := e.uses(t, label)
	for _, source := range []string{"admin-list", "project-list", "group-list"} {
		v := visited{coverage: inventory.Coverage{
			Visit: inventory.Visit{Source: source, Home: inventory.HomeID(e.instance, inventory.InstanceHome, 0)},
			State: rapid.SampledFrom(states).Draw(t, label+source+" state"),
		}}
		for i := range rapid.IntRange(0, 5).Draw(t, label+source+" rows") {
			v.rows = append(v.rows, e.row(t, fmt.Sprintf("%s%s %d", label, source, i), uses))
		}
		v.coverage.Seen = len(v.rows)
		s = append(s, v)
	}
	return s
}

// uses draws the volatile facts that rows have during a scan, by number of the row. Visits of one scan may know
// different ones, but do not disagree.
func (e estate) uses(t *rapid.T, label string) map[string]inventory.Volatile {
	uses := map[string]inventory.Volatile{}
	for _, id := range []string{"1", "2", "3"} {
		uses[id] = inventory.Volatile{
			LastUsedAt:   rapid.SampledFrom([]inventory.When{inventory.Never, inventory.At(start), inventory.At(start.Add(time.Hour))}).Draw(t, label+id+" used"),
			OnlineStatus: rapid.SampledFrom([]string{"online", "offline \x00"}).Draw(t, label+id+" online"),
		}
	}
	return uses
}

// row draws one of few IDs with fields that visits know in part and, but for volatile ones, may disagree on.
func (e estate) row(t *rapid.T, label string, uses map[string]inventory.Volatile) inventory.Observation {
	id := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, label+" id")
	text := rapid.SampledFrom([]string{"", "a", "b", "Ü \x00 \\u0000 \xff <&>\u2028"})
	when := rapid.SampledFrom([]inventory.When{{}, inventory.Never, inventory.At(start)})
	tags := rapid.SampledFrom([][]string{nil, {}, {"b", "a"}, {"a", "b"}, {"c"}})
	use := uses[id]
	if rapid.Bool().Draw(t, label+" hides use") {
		use.LastUsedAt = inventory.When{}
	}
	if rapid.Bool().Draw(t, label+" hides online") {
		use.OnlineStatus = ""
	}
	switch rapid.IntRange(0, 3).Draw(t, label+" kind") {
	case 0:
		return inventory.Identity{
			ID: inventory.IdentityID(e.instance, "user", id), Kind: "user", Name: text.Draw(t, label+" name"), Tags: tags.Draw(t, label+" tags"), Volatile: use,
		}
	case 1:
		return inventory.User{ID: inventory.IdentityID(e.instance, "user", id), Username: text.Draw(t, label+" name"), Bot: inventory.Tri(rapid.IntRange(0, 2).Draw(t, label+" bot"))}
	case 2:
		return inventory.Location{
			ID: inventory.VariableID(e.instance, "project:1", "K", id), Surface: inventory.SurfaceVariable,
			Fingerprint: rapid.SampledFrom([]string{"", "f1", "f2"}).Draw(t, label+" fp"), KeyID: "abcd0123",
		}
	}
	return inventory.Credential{
		ID:   inventory.CredentialID(e.instance, "access-token", id),
		Kind: rapid.SampledFrom([]inventory.CredentialKind{"", "access-token", "project-access-token"}).Draw(t, label+" sort"),
		Name: text.Draw(t, label+" name"), ExpiresAt: when.Draw(t, label+" expires"), Level: rapid.IntRange(0, 1).Draw(t, label+" level"),
		Attributes: rapid.SampledFrom([]map[string]string{nil, {}, {"x": "1"}, {"x": "2", "y": ""}}).Draw(t, label+" attributes"), Volatile: use,
	}
}

// play records a scan and finishes it.
func (e estate) play(t testing.TB, s *Store, sc script) inventory.Scan {
	t.Helper()
	r := mustBegin(t, s, e.begin())
	for _, v := range sc {
		mustRecord(t, r, v.coverage, v.rows...)
	}
	return mustFinish(t, r, Results{})
}

func withoutUse(s *inventory.Snapshot) *inventory.Snapshot {
	for i := range s.Users {
		s.Users[i].Volatile = inventory.Volatile{}
	}
	for i := range s.Identities {
		s.Identities[i].Volatile = inventory.Volatile{}
	}
	for i := range s.Credentials {
		s.Credentials[i].Volatile = inventory.Volatile{}
	}
	return s
}

// checkLaw runs a property on each database; every check gets an estate of its own.
func checkLaw(t *testing.T, law func(t *rapid.T, tb testing.TB, d database, s *Store, e estate)) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			law(rt, t, d, s, estate{fmt.Sprintf("law%d", n)})
		})
	})
}

var anyState = []inventory.State{inventory.Complete, inventory.Complete, inventory.Partial, inventory.Failed}

func TestLawSnapshotIsWhatVisitsLastSaw(t *testing.T) {
	checkLaw(t, func(t *rapid.T, tb testing.TB, d database, s *Store, e estate) {
		m, uses := model{}, map[key]inventory.Volatile{}
		type taken struct {
			scan inventory.Scan
			want *inventory.Snapshot
		}
		var past []taken
		for i := range rapid.IntRange(1, 4).Draw(t, "scans") {
			d.wait(time.Hour)
			sc := e.draw(t, fmt.Sprintf("scan %d ", i), anyState...)
			m.play(tb, sc)
			learn(tb, uses, sc)
			scan := e.play(tb, s, sc)
			past = append(past, taken{scan, m.snapshot(scan, sc)})
		}
		want := past[len(past)-1].want
		for i := range want.Users {
			want.Users[i].Volatile = uses[key{inventory.UserRow, want.Users[i].ID}]
		}
		for i := range want.Identities {
			want.Identities[i].Volatile = uses[key{inventory.IdentityRow, want.Identities[i].ID}]
		}
		for i := range want.Credentials {
			want.Credentials[i].Volatile = uses[key{inventory.CredentialRow, want.Credentials[i].ID}]
		}
		if d := diff(want, mustSnapshot(tb, s, want.Scan.Number)); d != "" {
			t.Fatalf("Snapshot of the last scan with volatile facts (-want +got):\n%s", d)
		}
		withoutUse(want)
		for _, p := range past {
			if d := diff(p.want, withoutUse(mustSnapshot(tb, s, p.scan.Number))); d != "" {
				t.Fatalf("Snapshot(%d) after %d scans (-want +got):\n%s", p.scan.Number, len(past), d)
			}
		}
		if err := s.Verify(tb.Context(), e.instance); err != nil {
			t.Fatalf("Verify = %v", err)
		}
	})
}

func TestLawOrderOfVisitsDoesNotMatter(t *testing.T) {
	checkLaw(t, func(t *rapid.T, tb testing.TB, d database, s *Store, e estate) {
		var scripts []script
		for i := range rapid.IntRange(1, 3).Draw(t, "scans") {
			sc := e.draw(t, fmt.Sprintf("scan %d ", i), anyState...)
			scripts = append(scripts, sc)
		}
		var last [2]inventory.Scan
		var history [2][]string
		for round := range 2 {
			for i, sc := range scripts {
				if round == 1 {
					sc = rapid.Permutation(sc).Draw(t, fmt.Sprintf("order %d", i))
				}
				last[round] = e.play(tb, s, sc)
			}
			history[round] = versionsOf(tb, s, e.instance, last[round].Number-int64(len(scripts)))
			if round == 0 {
				wipe(tb, s, e.instance)
			}
		}
		if d := diff(history[0], history[1]); d != "" {
			t.Fatalf("versions (-one order +another):\n%s", d)
		}
		if last[0].Digest != last[1].Digest {
			t.Fatalf("digest = %s in one order, %s in another", last[0].Digest, last[1].Digest)
		}
	})
}

// versionsOf lists versions and last volatile facts, with scans counted from the first of the round.
func versionsOf(t testing.TB, s *Store, instance string, base int64) []string {
	t.Helper()
	list, err := all[string](t.Context(), s.read(), `SELECT kind || ' ' || id || ' ' || (from_scan - $2) || ' ' || coalesce(to_scan - $2, 0) || ' ' || hash
		FROM version WHERE instance = $1 UNION ALL SELECT kind || ' ' || id || ' ' || CAST(body AS text) FROM volatile WHERE instance = $1 AND $2 >= 0
		ORDER BY 1`, instance, base)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wipe makes an instance new.
func wipe(t testing.TB, s *Store, instance string) {
	t.Helper()
	for _, statement := range []string{
		`DELETE FROM sighting WHERE visit IN (SELECT number FROM visit WHERE instance = $1)`,
		`DELETE FROM coverage WHERE visit IN (SELECT number FROM visit WHERE instance = $1)`,
		`DELETE FROM version WHERE instance = $1`, `DELETE FROM volatile WHERE instance = $1`, `DELETE FROM scan WHERE instance = $1`,
	} {
		if _, err := s.read().exec(t.Context(), statement, instance); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLawIdenticalScanWritesNoRow(t *testing.T) {
	checkLaw(t, func(t *rapid.T, tb testing.TB, d database, s *Store, e estate) {
		sc := e.draw(t, "", anyState...)
		e.play(tb, s, sc)
		before := countAll(tb, s)
		second := e.play(tb, s, rapid.Permutation(sc).Draw(t, "order"))
		after := countAll(tb, s)
		if d := diff(before, after); d != "" {
			t.Fatalf("rows (-after one scan +after two):\n%s", d)
		}
		written, err := all[int64](tb.Context(), s.read(), `SELECT count(*) FROM version WHERE from_scan = $1 OR to_scan = $1
			UNION ALL SELECT count(*) FROM sighting WHERE from_scan = $1 OR to_scan = $1 UNION ALL SELECT count(*) FROM volatile WHERE scan = $1`, second.Number)
		if d := diff([]int64{0, 0, 0}, written); err != nil || d != "" {
			t.Fatalf("versions, sightings and volatile rows of the second scan (-want +got): %v\n%s", err, d)
		}
	})
}

func countAll(t testing.TB, s *Store) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, name := range []string{"version", "sighting", "volatile", "coverage", "visit", "result", "event"} {
		n, err := all[int64](t.Context(), s.read(), `SELECT count(*) FROM `+name)
		if err != nil {
			t.Fatal(err)
		}
		counts[name] = n[0]
	}
	return counts
}

func TestLawIncompleteVisitsCloseNothing(t *testing.T) {
	checkLaw(t, func(t *rapid.T, tb testing.TB, d database, s *Store, e estate) {
		e.play(tb, s, e.draw(t, "first ", inventory.Complete))
		second := e.draw(t, "second ", inventory.Partial, inventory.Denied, inventory.Unsupported, inventory.Failed, inventory.NotAsked)
		before := openIDs(tb, s, e.instance)
		e.play(tb, s, second)
		after := openIDs(tb, s, e.instance)
		for id := range before {
			if !after[id] {
				t.Fatalf("%s was closed by incomplete visits", id)
			}
		}
	})
}

func openIDs(t testing.TB, s *Store, instance string) map[string]bool {
	t.Helper()
	ids, err := all[string](t.Context(), s.read(), `SELECT kind || ' ' || id FROM version WHERE instance = $1 AND to_scan IS NULL`, instance)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]bool{}
	for _, id := range ids {
		m[id] = true
	}
	return m
}

func TestLawUndoneScanLeavesNoTrace(t *testing.T) {
	checkLaw(t, func(t *rapid.T, tb testing.TB, d database, s *Store, e estate) {
		first := e.play(tb, s, e.draw(t, "first ", anyState...))
		before := mustSnapshot(tb, s, first.Number)
		dump := contents(tb, s, e.instance)
		r := mustBegin(tb, s, e.begin())
		for _, v := range e.draw(t, "second ", anyState...) {
			mustRecord(tb, r, v.coverage, v.rows...)
		}
		if d := diff(before, mustSnapshot(tb, s, first.Number)); d != "" {
			t.Fatalf("the last finished scan while another runs (-before +during):\n%s", d)
		}
		if err := r.Abort(tb.Context(), "cancelled"); err != nil {
			t.Fatal(err)
		}
		b := e.begin()
		b.Fresh = true
		r = mustBegin(tb, s, b)
		if d := diff(dump, contents(tb, s, e.instance)); d != "" {
			t.Fatalf("rows (-before +after undo):\n%s", d)
		}
		if err := r.Abort(tb.Context(), "failed"); err != nil {
			t.Fatal(err)
		}
	})
}

// contents dumps what undo must restore; sightings may have gained a body of their own.
func contents(t testing.TB, s *Store, instance string) []string {
	t.Helper()
	list, err := all[string](t.Context(), s.read(), `SELECT 'v ' || kind || ' ' || id || ' ' || from_scan || ' ' || coalesce(to_scan, 0) || ' ' || hash FROM version WHERE instance = $1
		UNION ALL SELECT 's ' || s.visit || ' ' || s.kind || ' ' || s.id || ' ' || s.from_scan || ' ' || coalesce(s.to_scan, 0) || ' ' || s.hash FROM sighting s JOIN visit v ON v.number = s.visit WHERE v.instance = $1
		UNION ALL SELECT 'u ' || kind || ' ' || id || ' ' || scan || ' ' || CAST(body AS text) FROM volatile WHERE instance = $1
		UNION ALL SELECT 'c ' || c.visit || ' ' || c.from_scan || ' ' || c.last_scan FROM coverage c JOIN visit v ON v.number = c.visit WHERE v.instance = $1
		ORDER BY 1`, instance)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestLawBodiesAreReadAsJSONReadsThem(t *testing.T) {
	e := estate{host}
	rapid.Check(t, func(t *rapid.T) {
		o := e.row(t, "row", e.uses(t, ""))
		w, err := rowOf(o)
		if err != nil {
			t.Fatal(err)
		}
		want := reflect.New(reflect.TypeOf(o))
		if err := json.Unmarshal([]byte(w.body), want.Interface()); err != nil {
			t.Fatalf("%s: %v", w.body, err)
		}
		got := reflect.New(reflect.TypeOf(o))
		if !readFlat(got.Elem(), []byte(w.body), newInterner()) {
			t.Fatalf("readFlat(%s) = false", w.body)
		}
		if d := diff(want.Interface(), got.Interface()); d != "" {
			t.Fatalf("readFlat(%s) (-json +got):\n%s", w.body, d)
		}
		again, err := rowOf(got.Elem().Interface().(inventory.Observation))
		if err != nil || again.body != w.body || again.hash != w.hash {
			t.Fatalf("encode(decode(%s)) = %s, %v", w.body, again.body, err)
		}
	})
}
