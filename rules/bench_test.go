package rules

import (
	"fmt"
	"testing"

	"nhiscan/inventory"
)

// BenchmarkEvaluate judges 1,000 projects with 10 tokens and 10 variables each.
func BenchmarkEvaluate(b *testing.B) {
	s := &inventory.Snapshot{Scan: inventory.Scan{Instance: "demo", Version: "18.2.0"}}
	s.Homes = append(s.Homes, inventory.Home{ID: "i", Kind: inventory.InstanceHome, Path: "git.example"})
	for i := range 1000 {
		home := fmt.Sprintf("demo/home/project:%d", i)
		s.Homes = append(s.Homes, inventory.Home{ID: home, Kind: inventory.ProjectHome, Parent: "i", Path: fmt.Sprintf("shop/p%d", i), Branches: []inventory.ProtectedRef{}})
		for j := range 10 {
			id := fmt.Sprintf("%d-%d", i, j)
			s.Credentials = append(s.Credentials, inventory.Credential{ID: "c" + id, Kind: "project-access-token", Identity: "u" + id, Home: home, Name: "deploy",
				State: inventory.Active, Scope: "api", Level: 40, ExpiresAt: inventory.Never, CreatedAt: inventory.At(testNow.AddDate(-1, 0, 0))})
			s.Locations = append(s.Locations, inventory.Location{ID: "l" + id, Home: home, Surface: inventory.SurfaceVariable, Key: "PROD_KEY", Environment: "*",
				SecretLike: inventory.Yes, Masked: inventory.No, Protected: inventory.No, Hidden: inventory.No, Fingerprint: "f" + id})
		}
	}
	x := inventory.NewIndex(s)
	for b.Loop() {
		Evaluate(x, History{}, DefaultPolicy(), testNow)
	}
}
