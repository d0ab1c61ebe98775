package gitlabtest

import "testing"

// TestDemoWorldPlays runs the month of the demo company: every step must be one that GitLab allows.
func TestDemoWorldPlays(t *testing.T) {
	w, err := Embedded("demo")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(w, Options{RepoDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Later(t.Context()); err != nil {
		t.Fatal(err)
	}
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("the world calls what the simulator lacks: %v", unknown)
	}
	if got := s.Now().Format("2006-01-02"); got != "2026-11-22" {
		t.Errorf("after the month it is %s, want 2026-11-22", got)
	}
}
