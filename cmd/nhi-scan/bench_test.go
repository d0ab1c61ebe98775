package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/store"
	"nhiscan/scanner"
)

// measured runs a program to its end. Exit status 4 is fine where a token cannot see everything.
func measured(b *testing.B, env []string, name string, args ...string) runUsage {
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	err := cmd.Run()
	u := runUsage{wall: time.Since(began), out: out.String()}
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitIncomplete) {
		b.Fatalf("%s %v: %v\n%s", filepath.Base(name), args, err, errs.String())
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = r.Maxrss << 10 // Linux counts KB
	}
	return u
}

// scanWith runs one scan without repositories and returns what it took.
func scanWith(b *testing.B, s *simulator, role, db string, args ...string) runUsage {
	args = append([]string{"scan", "--quiet", "--gitlab", s.URL, "--instance", "bench", "--db", db, "--history", "none", "--rate", "0"}, args...)
	return measured(b, []string{"NHI_SCAN_TOKEN=" + s.Tokens[role]}, os.Getenv("NHI_BENCH_PROGRAM"), args...)
}
var _ = []any{cmp.Compare[int], context.Background, sql.Open, fmt.Sprint, slices.Sort[[]int], strconv.Itoa, strings.Cut, inventory.Complete, store.Driver, scanner.Sources}

func BenchmarkX(b *testing.B) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	lat, _ := time.ParseDuration(os.Getenv("LAT"))
	s := startSimulator(b, simulatorWorld{Projects: n, Latency: lat})
	s.requests(b)
	for _, role := range strings.Fields(os.Getenv("ROLES")) {
		db := filepath.Join(os.Getenv("OUT"), role+".db")
		os.Remove(db)
		for range 2 {
			u := scanWith(b, s, role, db)
			byRoute, sum := s.requests(b)
			fmt.Printf("%s %s: %d requests, %.2f per project\n", role, u, sum, float64(sum)/float64(n))
			var names []string
			for r := range byRoute {
				names = append(names, r)
			}
			slices.SortFunc(names, func(x, y string) int { return byRoute[y] - byRoute[x] })
			for _, r := range names {
				fmt.Printf("   %6d %s\n", byRoute[r], r)
			}
		}
	}
}
