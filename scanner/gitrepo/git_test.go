package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script makes a fake git.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "git")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil { //nolint:gosec // it must run
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	old := script(t, "echo git version 2.20.1")
	tests := []struct {
		name    string
		options Options
		want    error
		text    string
	}{
		{"on_path", Options{Env: testEnv()}, nil, ""},
		{"vendor_suffix", Options{Path: script(t, "echo 'git version 2.39.5 (Apple Git-154)'")}, nil, ""},
		{"major_is_newer", Options{Path: script(t, "echo git version 3.0")}, nil, ""},
		{"own_minimum", Options{Path: old, MinVersion: "2.20"}, nil, ""},
		{"too_old", Options{Path: old}, ErrOldGit, "2.20.1"},
		{"minor_compared_as_number", Options{Path: script(t, "echo git version 2.4.11")}, ErrOldGit, "install 2.39"},
		{"no_version", Options{Path: script(t, "echo hello")}, ErrOldGit, "hello"},
		{"fails", Options{Path: script(t, "exit 1")}, ErrNoGit, "install git"},
		{"not_there", Options{Path: "/nonexistent/git"}, ErrNoGit, "install git"},
		{"not_on_path", Options{Env: []string{"PATH=/nonexistent:."}}, ErrNoGit, "install git"},
		{"no_path", Options{}, ErrNoGit, "install git"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := Find(t.Context(), tt.options)
			if !errors.Is(err, tt.want) || tt.want == nil && (err != nil || g.Version() == "") {
				t.Fatalf("Find = %v, want %v", err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("Find = %v, want it to say %q", err, tt.text)
			}
		})
	}
}

func TestEnvironmentIsOurs(t *testing.T) {
	g := &Git{path: script(t, "env"), env: environment([]string{"PATH=/bin:/usr/bin", "https_proxy=http://proxy.example", "HOME=/home/x",
		"GIT_TRACE=/tmp/x", "GIT_DIR=/x", "git_ssl_no_verify=1", "LC_MESSAGES=de_DE", "SSH_ASKPASS=x", "XDG_CONFIG_HOME=/x"}), config: settings(false)}
	out, err := g.output(t.Context(), call{args: []string{"x"}, config: []setting{{"a.b", "c"}}}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + string(out)
	for _, want := range []string{"https_proxy=http://proxy.example", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "HOME=" + os.DevNull} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("environment lacks %s", want)
		}
	}
	for _, bad := range []string{"GIT_TRACE=", "GIT_DIR=", "git_ssl", "LC_MESSAGES", "SSH_ASKPASS", "XDG_", "/home/x", "protocol.file.allow"} {
		if strings.Contains(all, bad) {
			t.Errorf("environment has %s", bad)
		}
	}
}

func TestErrorsAreClean(t *testing.T) {
	hidden := token(t)
	tests := []struct{ name, stderr, want string }{
		{"user_info", "fatal: unable to access 'https://u:EXAMPLE@gitlab.example/a.git/'", "fatal: unable to access 'https://gitlab.example/a.git/'"},
		{"query", "fatal: https://gitlab.example/a?private_token=EXAMPLE gone", "fatal: https://gitlab.example/a gone"},
		{"hidden", "fatal: got " + hidden + ".", "fatal: got [secret]."},
		{"control", "remote: \x1b[31mred\r\nfatal: \xff", "remote: \uFFFD[31mred; fatal: \uFFFD"},
		{"hints_left_out", "hint: do this\nwarning: that\nfatal: why", "fatal: why"},
		{"last_lines", "a\nb\nc\nd\ne\nf", "c; d; e; f"},
		{"long", strings.Repeat("é", 1000), strings.Repeat("é", saidSize/2) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := clean([]byte(tt.stderr), []string{hidden, ""}); got != tt.want {
				t.Errorf("clean = %q, want %q", got, tt.want)
			}
		})
	}
}

// Of a flood only whole last lines stay, so that no half of a hidden value does.
func TestTail(t *testing.T) {
	var small, one, many tail
	for _, w := range []struct {
		t    *tail
		text string
		n    int
	}{{&small, "fatal: x\n", 1}, {&one, strings.Repeat("s", 3*tailSize), 1}, {&many, "0123456789\n", 5000}} {
		for range w.n {
			if n, err := w.t.Write([]byte(w.text)); n != len(w.text) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
	}
	if got := string(small.lines()); got != "fatal: x\n" {
		t.Errorf("lines of a short text = %q", got)
	}
	if got := string(one.lines()); got != "" {
		t.Errorf("lines of one endless line = %d bytes", len(got))
	}
	if got := string(many.lines()); !strings.HasPrefix(got, "0123456789\n") || len(got) > tailSize || len(got) < tailSize/2 {
		t.Errorf("lines of many = %d bytes, starting %.20q", len(got), got)
	}
}
