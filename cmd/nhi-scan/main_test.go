package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// clockVariable gives a program under test the moment at which it believes to have started, in RFC 3339.
const clockVariable = "NHI_TEST_NOW"

// TestMain makes the test binary nhi-scan itself when it is called by that name, so that tests start real processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nhi-scan": nhiScan})
}

// nhiScan is main with another clock.
func nhiScan() {
	now := time.Now
	if text := os.Getenv(clockVariable); text != "" {
		base, err := time.Parse(time.RFC3339, text)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
		began := time.Now()
		now = func() time.Time { return base.Add(time.Since(began)) }
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, &app{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Environ(), now: now})
	stop()
	os.Exit(code)
}
