package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nhiscan/scanner/gitlabtest"
)

// simulatorVariable is the environment variable that makes the test binary the simulator.
const simulatorVariable = "NHI_BENCH_SIMULATOR"

// simulatorWorld says which GitLab the simulator is to be.
type simulatorWorld struct {
	Projects int
	Latency  time.Duration // of every answer
	Repos    bool          // with git repositories behind it
}

// simulatorReady is the simulator's first line.
type simulatorReady struct {
	URL    string
	Tokens map[string]string // by role
}

// benchRoles are the labels of the tokens that benchmarks scan with.
func benchRoles() []string { return []string{"admin", "group-owner", "maintainer"} }

// TestSimulatorProcess is no test of its own: it is the program that benchmarks start, so that the memory and the
// processor time that they measure are nhi-scan's alone. It serves until its input ends; each line of input is answered
// with the number of API requests since the line before.
func TestSimulatorProcess(t *testing.T) {
	text := os.Getenv(simulatorVariable)
	if text == "" {
		return
	}
	var w simulatorWorld
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	o := gitlabtest.Options{Latency: w.Latency}
	if w.Repos {
		o.RepoDir = t.TempDir()
	}
	s, err := gitlabtest.New(gitlabtest.Generate("bench", gitlabtest.Size{Projects: w.Projects}), o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ready := simulatorReady{URL: url, Tokens: map[string]string{}}
	for _, role := range benchRoles() {
		ready.Tokens[role] = s.Token(role)
	}
	out := json.NewEncoder(os.Stdout)
	err = out.Encode(ready)
	seen := 0
	for in := bufio.NewScanner(os.Stdin); err == nil && in.Scan(); {
		all, n := s.Requests(), 0
		for _, r := range all[seen:] {
			if strings.HasPrefix(r.Path, "/api/") {
				n++
			}
		}
		seen = len(all)
		if u := s.Unknown(); len(u) > 0 {
			t.Errorf("requests that no route knows: %v", u)
		}
		err = out.Encode(n)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// simulator is the running process.
type simulator struct {
	simulatorReady
	in   io.WriteCloser
	told *bufio.Reader
}

// startSimulator starts the process; it ends with the benchmark.
func startSimulator(b *testing.B, w simulatorWorld) *simulator {
	b.Helper()
	text, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestSimulatorProcess$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), simulatorVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		b.Fatal(err)
	}
	s := &simulator{in: in, told: bufio.NewReader(out)}
	b.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, s.told)
		if err := cmd.Wait(); err != nil {
			b.Errorf("simulator: %v", err)
		}
	})
	s.read(b, &s.simulatorReady)
	return s
}

func (s *simulator) read(b *testing.B, into any) {
	b.Helper()
	line, err := s.told.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, into)
	}
	if err != nil {
		b.Fatalf("simulator: %v", err)
	}
}

// requests returns how many requests the API got since the last call; git's are not among them.
func (s *simulator) requests(b *testing.B) (n int) {
	b.Helper()
	if _, err := io.WriteString(s.in, "requests\n"); err != nil {
		b.Fatal(err)
	}
	s.read(b, &n)
	return n
}
