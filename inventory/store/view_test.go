package store

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"nhiscan/inventory"
)

// viewColumns are promised to people who bring their own SQL; docs/database.md lists them.
var viewColumns = map[string]string{
	"inventory": "id kind name home owner owner_confidence scope access_level created_at expires_at last_used_at state locations open_gaps",
	"workflows": "project job system operation identity credential owner scope least_scope expires_at",
}

// view returns the rows of a view as text, sorted; NULL is "-".
func view(t *testing.T, s *Store, name string) []string {
	t.Helper()
	rows, err := s.db.Query(`SELECT * FROM ` + name)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(columns, " "); got != viewColumns[name] {
		t.Errorf("columns of %s = %s, want %s", name, got, viewColumns[name])
	}
	var list []string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, v := range values {
			cells = append(cells, map[bool]string{true: v.String, false: "-"}[v.Valid])
		}
		list = append(list, strings.Join(cells, " | "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestViewsShowTheLatestFinishedScan(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t, Options{})
		if got := view(t, s, "inventory"); got != nil {
			t.Errorf("inventory of an empty database = %v", got)
		}
		r := mustBegin(t, s, begin())
		scanWorld(t, r, world())
		job := inventory.WorkloadID(host, 42, "deploy")
		mustFinish(t, r, Results{
			Owners: []inventory.Owner{
				{Subject: tokenID, Owner: "team-shop", Confidence: 0.75}, {Subject: deployID, Band: inventory.OwnerNone},
				{Subject: job, Owner: "@jo", Confidence: 1}, {Subject: inventory.IdentityID(host, "deploy-token", "3"), Owner: "team-ops", Confidence: 0.5},
			},
			Gaps: []inventory.Gap{gap("a", "A-1", deployID, inventory.Low), gap("b", "B-1", deployID, inventory.High), gap("a", "A-1", job, inventory.Low)},
		})
		r = mustBegin(t, s, begin()) // a running scan shows nothing
		mustRecord(t, r, complete("project-access-token", cartID, 0))

		want := []string{
			"git.example/credential/access-token/5 | project-access-token | ci | ops/cart | team-shop | 0.75 | api | 40 | - | 2026-04-01T08:00:00Z | 2026-03-01T08:00:00Z | active | 0 | 0",
			"git.example/credential/deploy-token/3 | deploy-token | registry-pull | ops/cart | team-ops | 0 | - | - | - | never | - | active | 1 | 2",
			"git.example/identity/workload/42/deploy | workload | deploy | ops/cart | @jo | 1 | - | - | - | - | - | unknown | 0 | 1",
		}
		if d := diff(want, view(t, s, "inventory")); d != "" {
			t.Errorf("inventory (-want +got):\n%s", d)
		}
		want = []string{
			"ops/cart | deploy | registry | push | git.example/identity/workload/42/deploy | git.example/credential/deploy-token/3 | @jo | - | write_registry | never",
		}
		if d := diff(want, view(t, s, "workflows")); d != "" {
			t.Errorf("workflows (-want +got):\n%s", d)
		}
		other := begin()
		other.Instance = "other.example"
		r = mustBegin(t, s, other)
		mustRecord(t, r, complete("x", "h", 1), inventory.Credential{ID: "other.example/credential/trigger-token/1", Name: "second instance"})
		mustFinish(t, r, Results{})
		if got := view(t, s, "inventory"); len(got) != 4 {
			t.Errorf("inventory of two instances = %d rows, want 4", len(got))
		}
	})
}

func TestViewsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/database.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, columns := range viewColumns {
		for _, c := range strings.Fields(columns) {
			if !strings.Contains(string(text), "| `"+c+"` |") {
				t.Errorf("docs/database.md lists no column %s of %s", c, name)
			}
		}
	}
}

// BenchmarkViews reads both views over 1,000 projects with 10,000 credentials.
func BenchmarkViews(b *testing.B) {
	d := sqliteDatabase(b)
	s := d.open(b, Options{})
	r := mustBegin(b, s, begin())
	for p := range int64(1000) {
		recordProject(b, r, p)
	}
	mustFinish(b, r, Results{})
	for name := range viewColumns {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n, err := all[int64](b.Context(), s.read(), `SELECT count(*) FROM (SELECT * FROM `+name+`) v`)
				if err != nil || n[0] == 0 && name == "inventory" {
					b.Fatal(n, err)
				}
			}
		})
	}
}
