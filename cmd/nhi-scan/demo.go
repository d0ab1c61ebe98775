package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nhiscan/inventory/secret"
	"nhiscan/inventory/store"
	"nhiscan/report"
	"nhiscan/scanner/gitlabtest"
	"nhiscan/scanner/gitrepo"
)

// demoInstance is the made-up company's name in IDs.
const demoInstance = "demo"

type demoFlags struct {
	out, repos, role string
	serve            bool
}

func newDemo(a *app) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Scan an embedded GitLab, twice, a month apart",
		Long: `demo starts a simulated GitLab of a made-up company on loopback, with real git repositories behind it, and scans
it. Then a month passes there: tokens are rotated and forgotten, a project is archived, an owner leaves, a secret
leaks and is revoked. It scans again and leaves inventory.db, report.html and report.json in the folder.
Nothing leaves this machine. The clock is the company's own, so every run finds the same.

--serve leaves the GitLab running and prints its address and a demo token per role, for any GitLab client; the one of
operations may change things, and pushes by git.
--repos adds a project for every git repository found below a folder, with its history and .gitlab-ci.yml.`,
		Example: `  nhi-scan demo
  nhi-scan demo --out /tmp/demo --role maintainer
  nhi-scan demo --repos ~/src
  nhi-scan demo --serve`,
		Args: wants(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.out, "out", "nhi-demo", "`DIR` to write to")
	fs.StringVar(&f.repos, "repos", "", "`DIR` whose git repositories become projects")
	fs.StringVar(&f.role, "role", "admin", "`ROLE` whose token scans: "+joinRoles())
	fs.BoolVar(&f.serve, "serve", false, "leave the GitLab running until interrupted")
	completes(cmd, "role", demoRoles()...)
	return cmd
}

// demoRoles are the labels of the demo tokens.
func demoRoles() []string {
	return []string{"admin", "admin-no-mode", "auditor", "group-owner", "maintainer", "developer", "project-bot"}
}

func joinRoles() string {
	return strings.Join(demoRoles(), ", ")
}

func (a *app) demo(ctx context.Context, f demoFlags) error {
	if err := os.MkdirAll(f.out, 0o700); err != nil {
		return cannotRun(err, "")
	}
	if _, err := gitrepo.Find(ctx, gitrepo.Options{Env: a.env}); err != nil {
		return cannotRun(err, "the demo has real git repositories behind it")
	}
	gitlab, url, stop, err := a.startDemo(ctx, f)
	if err != nil {
		return err
	}
	defer stop()
	if err := a.demoScans(ctx, f, gitlab, url); err != nil {
		return err
	}
	if f.serve {
		return a.serveDemo(ctx, gitlab, url)
	}
	return nil
}

// startDemo starts the simulator with the demo company, and the repositories of --repos.
func (a *app) startDemo(ctx context.Context, f demoFlags) (server *gitlabtest.Server, url string, stop func(), err error) {
	world, err := gitlabtest.Embedded("demo")
	if err != nil {
		return nil, "", nil, cannotRun(err, "")
	}
	if f.repos != "" {
		n, err := world.AddRepositories(f.repos)
		if err != nil {
			return nil, "", nil, usage(fmt.Errorf("--repos: %w", err), "")
		}
		noun := "repositories"
		if n == 1 {
			noun = "repository"
		}
		a.say("added %d %s from %s", n, noun, f.repos)
	}
	dir, err := os.MkdirTemp("", "nhi-scan-demo-")
	if err != nil {
		return nil, "", nil, cannotRun(err, "")
	}
	server, err = gitlabtest.New(world, gitlabtest.Options{RepoDir: dir})
	if err == nil {
		url, err = server.Start()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, "", nil, cannotRun(err, "")
	}
	if server.Token(f.role) == "" {
		err = usage(fmt.Errorf("--role %q: want one of %s", f.role, joinRoles()), "")
	}
	stop = func() { server.Close(); _ = os.RemoveAll(dir) }
	if err != nil {
		stop()
		return nil, "", nil, err
	}
	return server, url, stop, nil
}

// demoScans scans, lets the month pass, scans again and writes the reports.
func (a *app) demoScans(ctx context.Context, f demoFlags, gitlab *gitlabtest.Server, url string) error {
	db := filepath.Join(f.out, "inventory.db")
	if err := a.clearDemo(ctx, db); err != nil {
		return err
	}
	if f.repos == "" {
		if err := os.WriteFile(db+".key", []byte(demoKey+"\n"), 0o600); err != nil {
			return cannotRun(err, "")
		}
	}
	flags := scanFlags{gitlab: url, instance: demoInstance, db: db, history: "full", cache: filepath.Join(f.out, "cache"), cacheMax: "1G", workers: 8}
	token := secret.New(gitlab.Token(f.role))
	for month := range 2 {
		if month == 1 {
			if err := gitlab.Later(ctx); err != nil {
				return cannotRun(fmt.Errorf("let a month pass: %w", err), "")
			}
		}
		a.say("scan %d of 2: %s, as %s", month+1, gitlab.Now().Format("Monday 2 January 2006"), f.role)
		flags.began = gitlab.Now()
		if err := a.demoScan(ctx, flags, token); err != nil {
			return err
		}
	}
	return a.demoReports(ctx, f, db)
}

// demoKey is the fingerprint key of the made-up company, no secret, so that every run shows the same fingerprints.
// Real repositories get a key that nobody knows.
var demoKey = strings.Repeat("de", 32)

// clearDemo removes what an earlier demo left, and refuses to remove an inventory of anything else.
func (a *app) clearDemo(ctx context.Context, db string) error {
	if info, err := os.Stat(db); err == nil && info.Size() > 0 {
		old, err := store.Open(ctx, db, store.Options{Clock: a.now, ReadOnly: true})
		if err != nil {
			return usage(err, "the demo writes there: remove it, or name another folder with --out")
		}
		names, err := old.Instances(ctx)
		if err := errors.Join(err, old.Close()); err != nil {
			return cannotRun(err, "")
		}
		if slices.ContainsFunc(names, func(n string) bool { return n != demoInstance }) {
			return usage(fmt.Errorf("%s is the inventory of %s", db, strings.Join(names, ", ")), "the demo would overwrite it: name another folder with --out")
		}
	}
	for _, old := range []string{db, db + "-wal", db + "-shm", db + ".key"} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return cannotRun(err, "")
		}
	}
	return nil
}

func (a *app) demoScan(ctx context.Context, flags scanFlags, token secret.Value) error {
	s, err := a.prepare(ctx, flags, token)
	if err != nil {
		return err
	}
	defer s.close()
	if _, _, err = s.run(ctx); err != nil && ctx.Err() != nil {
		return cannotRun(errInterrupted, "the demo starts anew each time")
	}
	return err
}

func (a *app) demoReports(ctx context.Context, f demoFlags, db string) error {
	s, doc, err := a.open(ctx, db, "", 0)
	if err != nil {
		return err
	}
	defer s.Close()
	for name, format := range map[string]report.Format{"report.html": report.HTML, "report.json": report.JSON} {
		if err := a.write(ctx, format, filepath.Join(f.out, name), doc); err != nil {
			return cannotRun(fmt.Errorf("write report: %w", err), "")
		}
	}
	if err := a.write(ctx, report.Table, "", doc); err != nil {
		return cannotRun(err, "")
	}
	a.say("\nOpen %s, or try:\n  nhi-scan show --db %s %s\n  sqlite3 %s 'select kind, owner, scope, expires_at from inventory'",
		filepath.Join(f.out, "report.html"), db, exampleID(doc.Lists()), db)
	return nil
}

// exampleID is the end of the ID of the credential with the worst gap, which the command show takes.
func exampleID(lists report.Lists) string {
	for g := range lists.WorstGaps() {
		if _, id, ok := strings.Cut(g.Subject, "/credential/"); ok {
			return id
		}
	}
	return "ID"
}

// serveDemo leaves the GitLab running until the context ends.
func (a *app) serveDemo(ctx context.Context, gitlab *gitlabtest.Server, url string) error {
	fmt.Fprintf(a.stdout, "GitLab at %s\n", url)
	for _, role := range append(demoRoles(), "operations") { // the last one has the scope api, and is no role to scan with
		fmt.Fprintf(a.stdout, "  %-14s %s\n", role, gitlab.Token(role))
	}
	fmt.Fprintf(a.stdout, "Try: curl -H 'PRIVATE-TOKEN: …' %s/api/v4/projects\nCtrl-C ends it.\n", url)
	<-ctx.Done()
	return nil
}
