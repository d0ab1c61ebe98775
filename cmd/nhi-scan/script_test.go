package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"nhiscan/scanner/gitlabtest"
)

// repositoryRoot is where go.mod lies, seen from this package; absolute, for scripts run elsewhere.
var repositoryRoot, _ = filepath.Abs("../..")

var update = flag.Bool("update", false, "rewrite what the scripts and the demo expect")

// TestScripts runs the real program against the simulator, one script at a time beside others.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gitlab": gitlabCommand, "exits": exitsCommand, "plain": plainCommand, "schema": schemaCommand, "mode": modeCommand,
			"canary": canaryCommand, "sqlite": sqliteCommand,
			"repo": repoCommand, "plant": plantCommand, "unseen": unseenCommand, "idless": idlessCommand, "readymade": readyMadeCommand, "setenv-file": setenvFileCommand,
			"plantfiles": plantFilesCommand, "unshown": unshownCommand, "pack": packCommand, "commit": commitCommand,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
	})
}

// setup gives every script a clean environment: where the program is, and no limit on requests.
func setup(env *testscript.Env) error {
	program, _, _ := strings.Cut(os.Getenv("PATH"), string(filepath.ListSeparator))
	env.Setenv("PROGRAM_DIR", program)
	env.Setenv("NHI_SCAN_RATE", "0")
	env.Values["instance"] = &instance{}
	env.Values["planted"] = map[string]string{}
	return nil
}

// instance is the GitLab of one script.
type instance struct {
	server *gitlabtest.Server
	url    string
	unlock func() error // of the database that the command sqlite locked
}

func theInstance(ts *testscript.TestScript) *instance { return ts.Value("instance").(*instance) }

// gitlabCommand is the script command gitlab:
//
//	gitlab start WORLD           starts it; sets GITLAB_URL, and TOKEN_<LABEL> for every token that scripts use
//	gitlab later                 lets the world's month pass
//	gitlab fault KIND key=value… switches a fault on: path, after, count, status, target
//	gitlab heal                  switches all faults off
//	gitlab known                 fails when a request met no route
//	gitlab stop                  ends it
func gitlabCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: gitlab start|later|fault|heal|known|stop")
	}
	g := theInstance(ts)
	switch args[0] {
	case "start":
		ts.Check(g.start(ts, args[1]))
	case "later":
		ts.Check(g.server.Later(context.Background()))
		ts.Setenv(clockVariable, g.server.Now().Format(time.RFC3339))
	case "fault":
		f, err := parseFault(args[1:])
		ts.Check(err)
		ts.Check(g.server.Inject(f))
	case "heal":
		g.server.Heal()
	case "known":
		if u := g.server.Unknown(); len(u) > 0 {
			ts.Fatalf("requests that no route knows: %v", u)
		}
	case "stop":
		g.server.Close()
	default:
		ts.Fatalf("gitlab %s: no such command", args[0])
	}
}

func (g *instance) start(ts *testscript.TestScript, name string) error {
	world, err := gitlabtest.Embedded(name)
	if err != nil {
		return err
	}
	repos := ts.MkAbs("gitlab-repositories")
	if err := os.MkdirAll(repos, 0o700); err != nil {
		return err
	}
	if g.server, err = gitlabtest.New(world, gitlabtest.Options{RepoDir: repos}); err != nil {
		return err
	}
	if g.url, err = g.server.Start(); err != nil {
		return err
	}
	ts.Defer(g.server.Close)
	ts.Setenv("GITLAB_URL", g.url)
	ts.Setenv(clockVariable, g.server.Now().Format(time.RFC3339))
	for _, label := range append(demoRoles(), "expired", "revoked", "read-user", "operations", "blocked") {
		ts.Setenv("TOKEN_"+strings.ToUpper(strings.ReplaceAll(label, "-", "_")), g.server.Token(label))
	}
	return nil
}

func parseFault(args []string) (gitlabtest.Fault, error) {
	kinds := map[string]gitlabtest.FaultKind{
		"too-many": gitlabtest.TooMany, "too-many-bare": gitlabtest.TooManyBare, "server-error": gitlabtest.ServerError,
		"truncated": gitlabtest.Truncated, "html": gitlabtest.HTML, "elsewhere": gitlabtest.Elsewhere,
		"expire-token": gitlabtest.ExpireToken, "delete-project": gitlabtest.DeleteProject, "slow": gitlabtest.Slow,
	}
	f := gitlabtest.Fault{Kind: kinds[args[0]]}
	for _, a := range args[1:] {
		key, value, _ := strings.Cut(a, "=")
		var err error
		switch key {
		case "path":
			f.Path = value
		case "target":
			f.Target = value
		case "after":
			f.After, err = strconv.Atoi(value)
		case "count":
			f.Count, err = strconv.Atoi(value)
		case "status":
			f.Status, err = strconv.Atoi(value)
		case "delay":
			f.Delay, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("fault: no key %q", key)
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// exitsCommand runs a program and wants one exit status: exits 2 nhi-scan scan. testscript itself only tells 0 from others.
func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM [ARGUMENT…]")
	}
	status := 0
	err := ts.Exec(args[1], args[2:]...)
	if err != nil {
		coder, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
		}
		status = coder.ExitCode()
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("%s: exit status %d, want %s", strings.Join(args[1:], " "), status, args[0])
	}
	if errs := ts.ReadFile("stderr"); strings.Contains(errs, "panic:") || strings.Contains(errs, "goroutine ") {
		ts.Fatalf("%s: panic", strings.Join(args[1:], " "))
	}
}

var loopback = regexp.MustCompile(`127\.0\.0\.1:[0-9]{4,}`)

// plainCommand writes FILE to OUT with what differs from run to run put in plain words: plain stdout out.txt.
func plainCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: plain FILE OUT")
	}
	text := loopback.ReplaceAllString(ts.ReadFile(args[0]), "gitlab.example")
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "$$WORK")
	text = regexp.MustCompile(`process [0-9]+ \([0-9a-f]+\)`).ReplaceAllString(text, "process N (…)")
	// A slow machine takes the ten seconds after which progress is told.
	text = regexp.MustCompile(`(?m)^scanned [0-9]+ of [0-9]+ groups and projects: .*\n`).ReplaceAllString(text, "")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// schemaCommand holds JSON against a schema that docs publish, report's where none is named: schema stdout findings.
func schemaCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: schema FILE [NAME]")
	}
	name := append(args, "report")[1]
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(repositoryRoot, "docs", name+".schema.json"))
	ts.Check(err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(schema.Validate(doc))
}

// modeCommand wants files to have exactly these rights: mode 0600 report.html.
func modeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode 0600 FILE…")
	}
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if have := fmt.Sprintf("%04o", info.Mode().Perm()); have != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, have, args[0])
		}
	}
}

// canaryCommand wants none of the instance's own secrets in files: canary stdout stderr inventory.db.
func canaryCommand(ts *testscript.TestScript, neg bool, args []string) {
	var values []string
	for _, p := range theInstance(ts).server.Planted() {
		values = append(values, p.Value)
	}
	for _, label := range demoRoles() {
		values = append(values, theInstance(ts).server.Token(label))
	}
	values = slices.DeleteFunc(values, func(v string) bool { return len(v) < 8 })
	for _, name := range args {
		text := []byte(ts.ReadFile(name))
		for _, v := range values {
			if bytes.Contains(text, []byte(v)) {
				ts.Fatalf("%s holds a secret that begins with %.6s", name, v)
			}
		}
	}
}
