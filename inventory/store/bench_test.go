package store

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"nhiscan/inventory"
)

const benchProjects = 10_000

// BenchmarkSnapshot loads 10,000 projects, each with ten credentials and as many bots, identities and grants, from
// SQLite, and from PostgreSQL when NHI_TEST_POSTGRES is set. heap-MB is what the loaded snapshot keeps alive, sys-MB
// what the process took from the system for it, bytes-on-disk the size of the SQLite file.
func BenchmarkSnapshot(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		d := sqliteDatabase(b)
		benchmarkSnapshot(b, d)
		if info, err := os.Stat(d.dsn); err == nil {
			b.ReportMetric(float64(info.Size())/1e6, "disk-MB")
		}
	})
	if os.Getenv("NHI_TEST_POSTGRES") != "" {
		b.Run("postgres", func(b *testing.B) { benchmarkSnapshot(b, postgresDatabase(b)) })
	}
}

func benchmarkSnapshot(b *testing.B, d database) {
	s := d.open(b, Options{})
	r := mustBegin(b, s, begin())
	for p := range int64(benchProjects) {
		recordProject(b, r, p)
	}
	sc := mustFinish(b, r, Results{})
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var snap *inventory.Snapshot
	for b.Loop() {
		snap = mustSnapshot(b, s, sc.Number)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Sys)/1e6, "sys-MB")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "heap-MB")
	if len(snap.Credentials) != 10*benchProjects || len(snap.Coverage) != 3*benchProjects {
		b.Fatalf("%d credentials, %d visits", len(snap.Credentials), len(snap.Coverage))
	}
}

// recordProject records three visits to one project.
func recordProject(b *testing.B, r *Recorder, p int64) {
	home := inventory.HomeID(host, inventory.ProjectHome, p)
	h := inventory.Home{ID: home, Kind: inventory.ProjectHome, Number: p, Parent: opsID, Path: fmt.Sprintf("ops/project-%d", p), Archived: inventory.No}
	mustRecord(b, r, complete("projects", home, 1), h)
	var rows, members []inventory.Observation
	for i := range int64(10) {
		n := p*10 + i
		bot := inventory.UserID(host, n)
		name := fmt.Sprintf("project_%d_bot_%d", p, n)
		use := inventory.Volatile{LastUsedAt: inventory.At(start)}
		rows = append(rows,
			inventory.User{ID: bot, Number: n, Username: name, Kind: "project-bot", State: "active", Bot: inventory.Yes},
			inventory.Identity{ID: bot, Kind: "user", Home: home, Name: name, State: "active", CreatedAt: inventory.At(start)},
			inventory.Credential{
				ID: inventory.CredentialID(host, "access-token", strconv.FormatInt(n, 10)), Kind: "project-access-token", Identity: bot, Home: home, Name: "deploy",
				State: inventory.Active, Scope: "api read_repository", Level: 40, CreatedAt: inventory.At(start), ExpiresAt: inventory.At(start.AddDate(1, 0, 0)),
				Volatile: use,
			})
		members = append(members, inventory.Grant{
			ID: inventory.GrantID(host, "membership", bot, home), Kind: "membership", Subject: bot, Home: home, Level: 40,
		})
	}
	mustRecord(b, r, complete("project-access-token", home, 30), rows...)
	mustRecord(b, r, complete("members", home, 10), members...)
}
