package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzConfig reads configurations that were not meant as such: each is taken, or refused in one line.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{"", "rules: x", "policy: {max_lifetime_days: 3}", "policy: &a [*a]", "a: b", "group: [a, [b]]", "? [x]\n: y", "quiet: !!binary aGk=",
		"policy:\n  critical_paths: 2026-01-01", "quiet: true\nquiet: false", "\xff", "rate: 1e999", "policy: null", "<<: {quiet: true}", "format: &x table\nout: *x"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "config.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte("owners")) {
			return // names a file, which may be any
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), &app{args: []string{"version", "--config", path}, stdout: &out, stderr: &errs, now: time.Now})
		if code == 0 && errs.Len() == 0 {
			return
		}
		if code != exitUsage || !strings.HasPrefix(errs.String(), "nhi-scan: error: ") || strings.Count(errs.String(), "\n") > 2 {
			t.Fatalf("%q: exit status %d, %q", text, code, errs.String())
		}
	})
}
