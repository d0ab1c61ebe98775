//go:build unix && !aix && !solaris

package gitrepo

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cancelled command takes along what it started, even what ignores the first signal and holds its output open.
func TestCancelEndsTheGroup(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	g := &Git{path: script(t, `trap '' TERM
sh -c 'trap "" TERM; echo $$ >>`+pids+`; sleep 60 & wait; sleep 60' &
echo $$ >>`+pids+`
echo started
sleep 60; sleep 60`), env: testEnv()}
	ctx, cancel := context.WithCancel(t.Context())
	var start time.Time
	err := g.stream(ctx, call{args: []string{"x"}}, func(r io.Reader) error {
		b := make([]byte, 100)
		if _, err := r.Read(b); err != nil {
			return err
		}
		for data := ""; strings.Count(data, "\n") < 2; time.Sleep(10 * time.Millisecond) {
			raw, err := os.ReadFile(pids)
			if err != nil {
				return err
			}
			data = string(raw)
		}
		start = time.Now()
		cancel()
		_, err := r.Read(b)
		return err
	})
	if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 2*time.Second {
		t.Errorf("stream = %v after %v, want cancelled within 2 s", err, took)
	}
	raw, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(raw)) {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		if alive(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}

// alive gives the system a moment to take a killed process away, and does not count one that only its parent must collect.
func alive(pid int) bool {
	for range 50 {
		if syscall.Kill(pid, 0) != nil {
			return false
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && strings.Contains(string(stat), ") Z ") {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}
