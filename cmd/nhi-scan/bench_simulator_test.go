package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nhiscan/scanner/gitlabtest"
)

// simulatorWorld says which GitLab the simulator's process is to be. It is handed over in an environment variable.
type simulatorWorld struct {
	Projects, Tokens int
	Latency          time.Duration
}

const simulatorVariable = "NHI_BENCH_SIMULATOR"

// simulatorReady is the process's first line.
type simulatorReady struct {
	URL     string
	Tokens  map[string]string
	Unknown []string // requests that met no route, at the end
}

// TestSimulatorProcess is no test: it is the program that benchmarks start, so that the memory that is measured is
// nhi-scan's own. It serves until its input ends; each line of input is answered with the requests since the last one.
func TestSimulatorProcess(t *testing.T) {
	text := os.Getenv(simulatorVariable)
	if text == "" {
		return
	}
	var w simulatorWorld
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	s, err := gitlabtest.New(gitlabtest.Generate("bench", gitlabtest.Size{Projects: w.Projects, Tokens: w.Tokens}), gitlabtest.Options{Latency: w.Latency})
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ready := simulatorReady{URL: url, Tokens: map[string]string{}}
	for _, label := range []string{"admin", "group-owner", "maintainer"} {
		ready.Tokens[label] = s.Token(label)
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(ready); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		all := s.Requests()
		counts := map[string]int{}
		for _, r := range all[seen:] {
			counts[r.Method+" "+routeOf(r.Path)]++
		}
		seen = len(all)
		if u := s.Unknown(); len(u) > 0 {
			t.Errorf("requests that no route knows: %v", u)
		}
		if err := out.Encode(counts); err != nil {
			t.Fatal(err)
		}
	}
}

// routeOf puts :id for numbers, so that requests of one list fall together.
func routeOf(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v4/"), "/")
	for i, p := range parts {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = ":id"
		}
	}
	return strings.Join(parts, "/")
}

// simulator is the running process.
type simulator struct {
	simulatorReady
	ask  *json.Encoder
	told *bufio.Reader
}

// startSimulator starts the process; it ends with the benchmark.
func startSimulator(b *testing.B, w simulatorWorld) *simulator {
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
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s := &simulator{ask: json.NewEncoder(in), told: bufio.NewReaderSize(out, 1<<20)}
	s.read(b, &s.simulatorReady)
	b.Cleanup(func() {
		_ = in.Close()
		_, _ = s.told.WriteTo(new(strings.Builder)) // "PASS"
		_ = cmd.Wait()
	})
	return s
}

func (s *simulator) read(b *testing.B, into any) {
	line, err := s.told.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, into)
	}
	if err != nil {
		b.Fatalf("simulator: %v", err)
	}
}

// requests returns how often each route was asked since the last call, and the sum.
func (s *simulator) requests(b *testing.B) (byRoute map[string]int, sum int) {
	if err := s.ask.Encode("requests"); err != nil {
		b.Fatal(err)
	}
	s.read(b, &byRoute)
	for _, n := range byRoute {
		sum += n
	}
	return byRoute, sum
}

// program is the measured nhi-scan, built as a release is unless NHI_BENCH_PROGRAM names another.
func program(b *testing.B) string {
	if p := os.Getenv("NHI_BENCH_PROGRAM"); p != "" {
		return p
	}
	path := filepath.Join(b.TempDir(), "nhi-scan")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// usage is what one run of a program took.
type runUsage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of resident memory
	out       string
}

func (u runUsage) String() string {
	return fmt.Sprintf("%.1f s, %.1f s of CPU, %d MB", u.wall.Seconds(), u.cpu.Seconds(), u.peak>>20)
}
