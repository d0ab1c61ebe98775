package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nhiscan/scanner/gitlabtest"
)

// TestCanary scans a world with a marked secret in everything that can hold one, and looks for the marks in every
// output and every byte that is left on disk.
func TestCanary(t *testing.T) {
	t.Parallel()
	world, err := gitlabtest.Embedded("small")
	if err != nil {
		t.Fatal(err)
	}
	m := &marks{places: map[string]string{}}
	m.plant(world)
	g := startWorld(t, world, gitlabtest.Options{Seed: rand.Text()})
	for _, p := range g.Planted() {
		m.addPlanted(p)
	}
	for _, label := range labels(world) {
		m.add("credential "+label, g.Token(label))
	}
	h := newHunt(t, m)

	dir := t.TempDir()
	db := filepath.Join(dir, "inventory.db")
	env := g.env("admin")
	scan := []string{"scan", "--gitlab", g.url, "--instance", "canary", "--db", db, "--logs", "20", "-v"}
	h.output("first scan", runProgram(t, g, env, scan...))
	if err := g.Later(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.output("second scan", runProgram(t, g, env, scan...))
	for _, format := range []string{"table", "json", "csv", "html"} {
		h.output("report as "+format, runProgram(t, g, env, "report", "--db", db, "--format", format))
	}
	runProgram(t, g, env, "report", "--db", db, "--format", "csv", "--out", filepath.Join(dir, "csv"))
	h.output("prune", runProgram(t, g, env, "prune", "--db", db, "--keep", "1d"))
	for _, id := range identities(t, g, db) {
		h.output("show "+id, runProgram(t, g, env, "show", "--db", db, id))
	}
	h.errors(t, g, dir)
	h.files(dir)
	if h.looked < 1<<20 {
		t.Errorf("looked at %d bytes only: the world was not scanned", h.looked)
	}
}

// marks are the secrets that must not appear, each with the place where it was put.
type marks struct {
	places map[string]string
	sum    int
}

// add makes a value a mark. A value that several places share keeps the first.
func (m *marks) add(place, value string) {
	if m.places[value] == "" && len(value) >= windowSize {
		m.places[value] = place
	}
}

// token makes a mark in the form of a GitLab token, which the detector knows wherever it stands.
func (m *marks) token(place string) string {
	return m.made(place, "glpat-"+strings.ToLower(rand.Text())[:20])
}

// opaque makes a mark that only its place tells to be a secret.
func (m *marks) opaque(place string) string { return m.made(place, rand.Text()) }

func (m *marks) made(place, value string) string {
	m.sum++
	m.add(place, value)
	return value
}

// addPlanted takes the secret part of what a world plants: of a URL its password, of a key file its body.
func (m *marks) addPlanted(p gitlabtest.Planted) {
	place := "planted " + p.String()
	switch p.Kind {
	case "ssh-public-key", "uuid":
	case "gcp-service-account", "private-key", "ssh-private-key", "docker-config":
		for _, body := range regexp.MustCompile(`[A-Za-z0-9+/=]{50,}`).FindAllString(strings.ReplaceAll(p.Value, `\n`, " "), -1) {
			m.add(place, body[26:]) // what stands before is the same in every key
		}
	case "basic-auth-url", "database-url", "sentry-dsn":
		u, err := url.Parse(p.Value)
		if err != nil {
			panic(err)
		}
		password, _ := u.User.Password()
		m.add(place, password)
	case "slack-webhook":
		m.add(place, p.Value[strings.LastIndex(p.Value, "/")+1:])
	default:
		m.add(place, p.Value)
	}
}

// plant puts a mark into every text of the world that people write freely, and into the secret parts of its URLs.
func (m *marks) plant(w *gitlabtest.World) {
	free := map[string]bool{
		"Description": true, "MaintenanceNote": true, "Message": true, "Log": true, "ImportURL": true, "CallbackURL": true, "URL": true,
	}
	names := []any{gitlabtest.User{}, gitlabtest.Group{}, gitlabtest.Project{}, gitlabtest.Hook{}, gitlabtest.AccessToken{}, gitlabtest.DeployToken{},
		gitlabtest.Environment{}, gitlabtest.Job{}, gitlabtest.Application{}, gitlabtest.SecureFile{}, gitlabtest.AlertIntegration{}}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[gitlabtest.Time]() || v.Type() == reflect.TypeFor[gitlabtest.Step]() {
				return
			}
			named := slices.ContainsFunc(names, func(n any) bool { return reflect.TypeOf(n) == v.Type() })
			for i := range v.NumField() {
				f, name := v.Field(i), v.Type().Field(i).Name
				if !v.Type().Field(i).IsExported() {
					continue
				}
				if f.Kind() == reflect.String && (free[name] || name == "Name" && named) {
					m.write(f, v.Type().Name(), name)
				}
				walk(f)
			}
		}
	}
	walk(reflect.ValueOf(w))
	m.plantMaps(w)
}

// write adds a mark to one text.
func (m *marks) write(f reflect.Value, kind, name string) {
	place := fmt.Sprintf("%s of a %s (%s)", strings.ToLower(name), strings.ToLower(kind), f.String())
	switch {
	case kind == "PullMirror" || kind == "PushMirror" || strings.HasSuffix(name, "URL") && f.String() != "":
		u, err := url.Parse(f.String())
		if err != nil || strings.Contains(f.String(), "{{") {
			return
		}
		if kind != "Application" {
			u.User = url.UserPassword("robot", m.opaque(place+", user info"))
		}
		u.RawQuery = "access=" + m.opaque(place+", query") + "&key=" + m.token(place+", query")
		f.SetString(u.String())
	case !strings.HasSuffix(name, "URL"):
		f.SetString(strings.TrimSpace(f.String() + " " + m.token(place)))
	}
}

// plantMaps puts marks where a walk over texts does not come: names of files, keys, maps, merged configuration.
func (m *marks) plantMaps(w *gitlabtest.World) {
	for _, p := range w.Projects {
		at := " of " + p.Path
		p.Variables = append(p.Variables,
			&gitlabtest.Variable{Key: "CANARY_PASSWORD", Value: m.opaque("variable" + at), Description: "was " + m.token("variable description"+at)},
			&gitlabtest.Variable{Key: "CANARY_HIDDEN", Value: m.opaque("hidden variable" + at), Hidden: true, Masked: true},
			&gitlabtest.Variable{Key: "CANARY_FILE", Type: "file", Value: "password = " + m.opaque("file variable"+at) + "\n"},
			&gitlabtest.Variable{Key: "CANARY_SCOPE", Value: m.opaque("scoped variable" + at), Scope: "review/" + m.token("environment scope"+at)})
		p.Topics = append(p.Topics, m.token("topic"+at))
		for _, s := range p.Schedules {
			s.Variables = append(s.Variables, &gitlabtest.RunVariable{Key: "CANARY_PASSWORD", Value: m.opaque("schedule variable" + at)})
		}
		for _, i := range p.Integrations {
			if i.Properties == nil {
				i.Properties = map[string]any{}
			}
			i.Properties["api_url"] = "https://robot:" + m.opaque("integration"+at) + "@chat.example/?token=" + m.opaque("integration query"+at)
		}
		if p.Repository != nil && p.Repository.Dir == "" && len(p.Repository.Commits) > 0 {
			p.Repository.Commits = append(p.Repository.Commits, m.commits(at, w.Now)...)
		}
	}
	for _, g := range w.Groups {
		g.Variables = append(g.Variables, &gitlabtest.Variable{Key: "CANARY_PASSWORD", Value: m.opaque("variable of " + g.Path)})
	}
	for _, e := range w.AuditEvents {
		if e.Details == nil {
			e.Details = map[string]any{}
		}
		e.Details["custom_message"] = "changed to " + m.token("audit event")
	}
}

// commits hold marks at the head and in the history, in contents, names, authors and configuration.
func (m *marks) commits(at string, now gitlabtest.Time) []*gitlabtest.Commit {
	config := fmt.Sprintf(`"deploy %s":
  image: https://robot:%s@registry.example/image
  variables: {CANARY_TOKEN: %s, DB_PASSWORD: "%s"}
  environment: {name: "review/%s"}
  script:
    - curl -u robot:%s https://robot:%s@api.example/?token=%s
    - mysql -p%s
`, m.token("job name"+at), m.opaque("image"+at), m.token("configuration variable"+at), m.opaque("configuration password"+at), m.token("environment name"+at),
		m.opaque("curl"+at), m.opaque("script URL"+at), m.token("script query"+at), m.opaque("mysql"+at))
	return []*gitlabtest.Commit{
		{
			Message: "leak " + m.token("commit message"+at), Author: "Robot " + m.token("commit author"+at), Email: m.token("commit email"+at) + "@acme.example", Date: now,
			Files: map[string]string{
				"leaks/" + m.token("file name"+at) + ".txt": "nothing here\n",
				"leaks/head.env":    "API_TOKEN=" + m.token("file at the head"+at) + "\nDB_PASSWORD='" + m.opaque("password at the head"+at) + "'\n",
				"leaks/old.env":     "API_TOKEN=" + m.token("file in the history"+at) + "\nDB_PASSWORD='" + m.opaque("password in the history"+at) + "'\n",
				"leaks/base64.yaml": "data:\n  password: " + base64.StdEncoding.EncodeToString([]byte(m.opaque("encoded"+at))) + "\n",
				".gitlab-ci.yml":    config,
			},
		},
		{Message: "clean up", Author: "Robot", Email: "robot@acme.example", Date: now, Delete: []string{"leaks/old.env"}},
	}
}

// labels lists every label of the world, by which the simulator tells values.
func labels(w *gitlabtest.World) []string {
	var all []string
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).Name == "Label" && v.Field(i).String() != "" {
					all = append(all, v.Field(i).String())
				}
				if v.Type().Field(i).IsExported() && v.Type() != reflect.TypeFor[gitlabtest.Time]() {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(w))
	return all
}

// errors provokes messages that could carry the token: every request fails in one of several ways.
func (h *hunt) errors(t *testing.T, g *world, dir string) {
	for i, f := range []gitlabtest.Fault{
		{Kind: gitlabtest.HTML}, {Kind: gitlabtest.Elsewhere, Target: "https://sso.example/?next=1"}, {Kind: gitlabtest.ServerError, Status: 501, Path: "/api/v4/user"},
		{Kind: gitlabtest.ExpireToken, After: 60},
	} {
		if err := g.Inject(f); err != nil {
			t.Fatal(err)
		}
		db := filepath.Join(dir, fmt.Sprintf("fault%d.db", i))
		r := runProgram(t, g, g.env("admin"), "scan", "--gitlab", g.url, "--db", db, "--history", "none", "-v")
		if r.code != exitCannotRun {
			t.Errorf("fault %d: exit status %d, want %d\n%s", f.Kind, r.code, exitCannotRun, r.stderr)
		}
		h.look(fmt.Sprintf("fault %d, stderr", f.Kind), []byte(r.stderr+r.stdout))
		g.Heal()
	}
}

// files looks through every file below dir but git's own objects, and through the names of all files.
func (h *hunt) files(dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		h.look("the name of a file below "+filepath.Dir(rel), []byte(filepath.Base(rel)))
		if d.IsDir() {
			if d.Name() == "objects" {
				return fs.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(path)
		h.look(rel, data)
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// identities lists the IDs of all identities; show tells their credentials with them.
func identities(t *testing.T, g *world, db string) []string {
	t.Helper()
	var doc struct {
		Identities []struct {
			ID string `json:"id"`
		}
	}
	r := runProgram(t, g, nil, "report", "--db", db, "--format", "json")
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range doc.Identities {
		ids = append(ids, row.ID)
	}
	return ids
}
