package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"nhiscan/scanner/gitlabtest"
)

// result is what a run of the program came to.
type result struct {
	code           int
	stdout, stderr string
}

// runProgram runs the program in this process, on the simulator's clock.
func runProgram(t *testing.T, g *world, env []string, args ...string) result {
	t.Helper()
	return runContext(t.Context(), g, env, args...)
}

func runContext(ctx context.Context, g *world, env []string, args ...string) result {
	began, base := time.Now(), g.Now()
	return runAt(ctx, func() time.Time { return base.Add(time.Since(began)) }, env, args...)
}

func runAt(ctx context.Context, now func() time.Time, env []string, args ...string) result {
	var out, errs bytes.Buffer
	code := run(ctx, &app{args: args, stdout: &out, stderr: &errs, env: append(env, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME")), now: now})
	return result{code, out.String(), errs.String()}
}

// world is a running simulator.
type world struct {
	*gitlabtest.Server
	url string
}

// startWorld starts a simulator with git repositories; it ends with the test.
func startWorld(t *testing.T, w *gitlabtest.World, o gitlabtest.Options) *world {
	t.Helper()
	o.RepoDir = t.TempDir()
	s, err := gitlabtest.New(w, o)
	if err != nil {
		t.Fatal(err)
	}
	address, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &world{s, address}
}

// env is the environment of a scan with the token of this label, without a limit on requests.
func (w *world) env(label string) []string {
	return []string{"NHI_SCAN_TOKEN=" + w.Token(label), "NHI_SCAN_RATE=0"}
}
