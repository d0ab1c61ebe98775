// Command nhi-scan keeps the inventory of every non-human identity of a GitLab estate: where each pipeline secret
// lies, who owns the identity behind it, and how fast it is revoked when something changes.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	// What a command holds at its end, the whole inventory with its index, lives until it exits: collecting at half
	// growth costs some processor time and saves a quarter of the memory. GOGC overrules it.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the command in good order; a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, &app{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Environ(), now: time.Now,
	})
	stop()
	os.Exit(code)
}
