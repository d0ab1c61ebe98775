package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process runs scans of the demo world in processes of their own.
type process struct {
	g              *world
	db, cache      string
	workers        int
	now            time.Time
	kills, resumed int
}

func (p *process) command() (*exec.Cmd, *bytes.Buffer) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	args := append(demoScanArgs(p.g, p.db), "--quiet=false", "--workers", fmt.Sprint(p.workers), "--cache", p.cache)
	cmd := exec.Command(self)
	cmd.Args = append([]string{"nhi-scan"}, args...)
	cmd.Env = append(p.g.keyedEnv("admin"), "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), clockVariable+"="+p.now.Format(time.RFC3339))
	errs := &bytes.Buffer{}
	cmd.Stderr = errs
	return cmd, errs
}

// killed starts a scan and kills it a moment after so many requests. It reports whether the scan was done before that.
func (p *process) killed(t *testing.T, requests int, moment time.Duration) bool {
	t.Helper()
	cmd, errs := p.command()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, from := make(chan error, 1), len(p.g.Requests())
	go func() { ended <- cmd.Wait() }()
	var err error
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-time.After(2 * time.Millisecond):
			if len(p.g.Requests()) < from+requests {
				continue
			}
			time.Sleep(moment)
			_ = cmd.Process.Kill() // an error says that it has ended
			err, running = <-ended, false
		}
	}
	p.count(errs.String())
	if err == nil {
		return true
	}
	if cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("scan before it was killed: %v\n%s", err, errs)
	}
	p.kills++
	return false
}

func (p *process) run(t *testing.T) result {
	t.Helper()
	cmd, errs := p.command()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	p.count(errs.String())
	return result{code: cmd.ProcessState.ExitCode(), stderr: errs.String()}
}

func (p *process) count(stderr string) {
	if strings.Contains(stderr, "going on with scan") {
		p.resumed++
	}
}
