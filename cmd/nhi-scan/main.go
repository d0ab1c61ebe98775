// Command nhi-scan keeps the inventory of every non-human identity of a GitLab estate: where each pipeline secret
// lies, who owns the identity behind it, and how fast it is revoked when something changes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the command in good order; a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, &app{
		args: os.Args[1:], stdout: os.Stdout, stderr: os.Stderr, env: os.Environ(), now: time.Now,
	})
	stop()
	os.Exit(code)
}
