package main

import (
	"encoding/base64"
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v4"
)

// repoCommand makes a repository, and lets git know who commits: repo DIR.
func repoCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: repo DIR")
	}
	for name, value := range map[string]string{
		"HOME": ts.Getenv("WORK"), "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@shop.example", "GIT_AUTHOR_DATE": "1700000000 +0000",
		"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@shop.example", "GIT_COMMITTER_DATE": "1700000000 +0000",
	} {
		ts.Setenv(name, value)
	}
	ts.Check(ts.Exec("git", "init", "-q", "-b", "main", args[0]))
}

// planted are the secrets of one script by name.
func planted(ts *testscript.TestScript) map[string]string {
	return ts.Value("planted").(map[string]string)
}

// plantCommand appends a line with a secret to a file, the same secret for the same name: plant NAME FILE [TEXT].
// In the text, VALUE stands for it; without one the line is an assignment.
func plantCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: plant NAME FILE [TEXT]")
	}
	value, ok := planted(ts)[args[0]]
	if !ok {
		value = tokenNamed(args[0])
		planted(ts)[args[0]] = value
	}
	line := `token = "VALUE"`
	if len(args) > 2 {
		line = strings.Join(args[2:], " ")
	}
	path := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(strings.ReplaceAll(line, "VALUE", value) + "\n")
	ts.Check(err)
	ts.Check(f.Close())
}

// tokenNamed makes the form of an access token; the name decides its digits.
func tokenNamed(name string) string {
	sum := fnv.New64a()
	sum.Write([]byte(name))
	source := rand.New(rand.NewPCG(sum.Sum64(), 1))
	const digits = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := []byte("glpat-")
	for range 20 {
		b = append(b, digits[source.IntN(len(digits))])
	}
	return string(b)
}

// setenvFileCommand sets a variable to a file's text: setenv-file NAME FILE.
func setenvFileCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenv-file NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// unseenCommand wants none of the planted secrets in files, in no common encoding: unseen stdout stderr report.json.
func unseenCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(planted(ts)) == 0 {
		ts.Fatalf("unseen: nothing is planted")
	}
	for _, file := range args {
		text := ts.ReadFile(file)
		for name, value := range planted(ts) {
			for _, form := range []string{value, value[6:], hex.EncodeToString([]byte(value)), base64.RawStdEncoding.EncodeToString([]byte(value))} {
				if strings.Contains(text, form) {
					ts.Fatalf("%s holds the secret %s", file, name)
				}
			}
		}
	}
}

// idlessCommand writes FILE to OUT with ids of objects put in plain words: idless stdout out.txt.
func idlessCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: idless FILE OUT")
	}
	text := regexp.MustCompile(`\b[0-9a-f]{12,64}\b`).ReplaceAllString(ts.ReadFile(args[0]), "(id)")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// readyMadeCommand takes a ready-made file of the project to where a user would have it:
//
//	readymade hook FILE DIR   copies docs/ci/FILE to DIR as an executable
//	readymade job OUT         writes the script of the GitLab job to OUT, and wants its artifacts to be what it writes
//	readymade entry ID OUT    writes the command of a pre-commit hook to OUT
func readyMadeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: readymade hook|job|entry …")
	}
	out, script := ts.MkAbs(args[len(args)-1]), ""
	switch args[0] {
	case "hook":
		text, err := os.ReadFile(filepath.Join(repositoryRoot, "docs", "ci", args[1]))
		ts.Check(err)
		script, out = string(text), filepath.Join(out, args[1])
		ts.Check(os.MkdirAll(filepath.Dir(out), 0o700))
	case "job":
		script = jobScript(ts)
	case "entry":
		var hooks []struct{ ID, Entry string }
		readYAML(ts, ".pre-commit-hooks.yaml", &hooks)
		for _, h := range hooks {
			if h.ID == args[1] {
				script = "#!/bin/sh\nexec " + h.Entry + "\n"
			}
		}
	}
	if script == "" {
		ts.Fatalf("readymade %v: nothing there", args)
	}
	ts.Check(os.WriteFile(out, []byte(script), 0o700))
}

func jobScript(ts *testscript.TestScript) string {
	var file struct {
		Job struct {
			Variables map[string]string
			Before    []string `yaml:"before_script"`
			Script    []string
			Artifacts struct{ Reports map[string]string }
		} `yaml:"nhi-scan-gate"`
	}
	readYAML(ts, "docs/ci/nhi-scan-gate.gitlab-ci.yml", &file)
	script := strings.Join(file.Job.Script, "\n")
	for kind, path := range file.Job.Artifacts.Reports {
		if !strings.Contains(script, "="+path) {
			ts.Fatalf("the job does not write its artifact %s: %s", kind, path)
		}
	}
	if len(file.Job.Artifacts.Reports) != 2 || file.Job.Variables["GIT_DEPTH"] != "0" {
		ts.Fatalf("the job's artifacts are %v, variables %v", file.Job.Artifacts.Reports, file.Job.Variables)
	}
	return "#!/bin/sh\nset -eu\n" + strings.Join(file.Job.Before, "\n") + "\n" + script + "\n"
}

func readYAML(ts *testscript.TestScript, path string, into any) {
	text, err := os.ReadFile(filepath.Join(repositoryRoot, path))
	ts.Check(err)
	ts.Check(yaml.Unmarshal(text, into))
}
