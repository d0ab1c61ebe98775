package gitlabtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// contractData is where GitLab's own schemas, its OpenAPI description and recorded answers lie.
const contractData = "../../../shared/gitlab"

func needContractData(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(contractData); err != nil {
		t.Skip("../shared/gitlab is not there: answers are not held against GitLab's schemas")
	}
}

// asked is the answer of the small world to one route of the table, in the default profile.
type asked struct {
	route Route
	path  string // concrete, below /api/v4/
	body  any    // decoded; nil where the answer is no JSON
}

// askAll requests every GET route that the default profile has, but for what a runner asks with a job's own token. IDs in the path are taken from the list before them.
func askAll(t *testing.T, s *Server) []asked {
	t.Helper()
	fillWork(t, s)
	var all []asked
	for _, r := range routes() {
		if r.Method != http.MethodGet || strings.HasPrefix(r.Path, "/") || r.Own || !r.offered(Default()) {
			continue
		}
		path := concrete(t, s, r)
		w := askAs(t, s, r, path)
		if w.Code != http.StatusOK {
			t.Errorf("GET %s = %d %s", path, w.Code, w.Body)
			continue
		}
		a := asked{route: r, path: path}
		if w.Header().Get("Content-Type") == "application/json" {
			if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
				t.Errorf("GET %s: %v", path, err)
			}
		}
		all = append(all, a)
	}
	return all
}

// askAs asks as the administrator; what is the caller's own is asked as somebody who has it.
func askAs(t *testing.T, s *Server, r Route, path string) *httptest.ResponseRecorder {
	t.Helper()
	return get(t, s, asker(path), path)
}

func asker(path string) string {
	switch {
	case strings.HasPrefix(path, "job"):
		return "" // the path brings the job's token
	case strings.HasPrefix(path, "user/") && path != "user/activities":
		return "group-owner"
	case strings.Contains(path, "/terraform/"): // wants the scope api
		return "admin-write"
	}
	return "admin"
}

// concrete fills the parameters of a route with things that the small world has.
func concrete(t *testing.T, s *Server, r Route) string {
	t.Helper()
	if path := byHand()[r.Path]; path != "" {
		_, key := fingerprints(s.st.users[3].SSHKeys[0].Key)
		start, err := s.repository(s.st.projects[1000]).git("rev-list", "--max-parents=0", "main")
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer("KEY", url.QueryEscape(key), "START", strings.TrimSpace(start), "BUILD", itoa(s.st.projects[1000].Pipelines[0].Jobs[0].ID), "JOBTOKEN", s.Token("job")).Replace(path)
	}
	first := map[string]string{"projects": "1000", "groups": "100", "users": "4", "namespaces": "100"}
	lists := map[string]string{"runners": "runners/all", "projects/1000/repository/blobs": "projects/1000/repository/tree"}
	var segs []string
	for _, seg := range strings.Split(r.Path, "/") {
		if !strings.HasPrefix(seg, ":") {
			segs = append(segs, seg)
			continue
		}
		list := strings.Join(segs, "/")
		if id := first[list]; id != "" {
			segs = append(segs, id)
			continue
		}
		if other := lists[list]; other != "" {
			list = other
		}
		segs = append(segs, firstID(t, s, list, strings.TrimPrefix(seg, ":")))
	}
	return strings.Join(segs, "/")
}

// byHand are paths that no list leads to, or whose list is empty without a filter.
func byHand() map[string]string {
	const span = "/audit_events?created_after=2025-12-15&created_before=2026-01-10"
	return map[string]string{
		"projects/:id/mirror/pull":                                    "projects/1003/mirror/pull",
		"projects/:id/snippets/:snippet_id/files/:ref/:file_path/raw": "projects/1000/snippets/1/files/main/import.sh/raw",
		"projects/:id/packages/generic/:package/:version/:file_name":  "projects/1000/packages/generic/cart/1.0/settings.env",
		"projects/:id/repository/files/:file_path":                    "projects/1000/repository/files/.gitlab-ci.yml?ref=HEAD",
		"projects/:id/repository/files/:file_path/raw":                "projects/1000/repository/files/README.md/raw",
		"projects/:id/repository/files/:file_path/blame":              "projects/1000/repository/files/README.md/blame?ref=main",
		"projects/:id/repository/commits/:sha/merge_requests":         "projects/1000/repository/commits/topic/merge_requests",
		"projects/:id/jobs/:job_id/artifacts":                         "projects/1000/jobs/BUILD/artifacts",
		"projects/:id/jobs/:job_id/artifacts/*file":                   "projects/1000/jobs/BUILD/artifacts/dist/app.js",
		"projects/:id/jobs/artifacts/:ref/download":                   "projects/1000/jobs/artifacts/main/download?job=build",
		"projects/:id/terraform/state/:name":                          "projects/1000/terraform/state/production",
		"snippets/:snippet_id/files/:ref/:file_path/raw":              "snippets/1/files/main/a.txt/raw",
		"snippets/:snippet_id/raw":                                    "snippets/1/raw",
		"snippets/:snippet_id":                                        "snippets/1",
		"job":                                                         "job?job_token=JOBTOKEN",
		"job/allowed_agents":                                          "job/allowed_agents?job_token=JOBTOKEN",
		"search":                                                      "search?scope=projects&search=cart",
		"groups/:id/search":                                           "groups/100/search?scope=issues&search=first",
		"projects/:id/search":                                         "projects/1000/search?scope=blobs&search=cart",
		"projects/:id/repository/compare":                             "projects/1000/repository/compare?from=START&to=main",
		"projects/:id/repository/merge_base":                          "projects/1000/repository/merge_base?refs[]=START&refs[]=main",
		"projects/:id/remote_mirrors/:mirror_id/public_key":           "projects/1000/remote_mirrors/2/public_key",
		"groups/:id/audit_events/:event_id":                           "groups/100/audit_events/3",
		"users/:id/gpg_keys/:key_id":                                  "users/3/gpg_keys/1",
		"users/:id/emails":                                            "users/3/emails",
		"keys":                                                        "keys?fingerprint=KEY",
		"keys/:key_id":                                                "keys/1",
		"projects/:id/audit_events":                                   "projects/1000" + span,
		"groups/:id/audit_events":                                     "groups/100/audit_events?created_after=2025-05-20&created_before=2025-06-10",
		"audit_events":                                                "audit_events?created_after=2026-06-20&created_before=2026-07-10",
	}
}

// firstID names one row of a list, by the field that the parameter is called after or by its ID. A name that stands
// there twice, as variables of several environments do, is passed over.
func firstID(t *testing.T, s *Server, list, param string) string {
	t.Helper()
	var rows []map[string]any
	w := get(t, s, asker(list), list)
	if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || len(rows) == 0 {
		t.Errorf("GET %s = %d %s: no first row to go on with", list, w.Code, w.Body)
		return "0"
	}
	count := map[string]int{}
	for _, row := range rows {
		count[fmt.Sprint(row[param])]++
	}
	for _, row := range rows {
		if name, ok := row[param].(string); ok && count[name] == 1 {
			return name
		}
	}
	rows = slices.DeleteFunc(rows, func(row map[string]any) bool { return row["type"] == "tree" })
	for _, field := range []string{"id", "name"} {
		switch v := rows[0][field].(type) {
		case float64:
			return itoa(int64(v))
		case string:
			return url.PathEscape(v)
		}
	}
	return "0"
}

// schemaOf names GitLab's schema of a route's answer; a list's schema is that of its rows where rows is true.
func schemaOf() map[string]struct {
	file string
	rows bool
} {
	type entry = struct {
		file string
		rows bool
	}
	const v4 = "public_api/v4/"
	out := map[string]entry{
		"metadata": {v4 + "metadata.json", false}, "users": {v4 + "user/admin.json", true}, "users/:id": {v4 + "user/admin.json", false},
		"projects/:id/members": {v4 + "members.json", false}, "projects/:id/members/all": {v4 + "members.json", false},
		"groups/:id/members": {v4 + "members.json", false}, "groups/:id/members/all": {v4 + "members.json", false},
		"deploy_keys": {v4 + "deploy_keys.json", false}, "deploy_tokens": {v4 + "deploy_token.json", true},
		"projects/:id/hooks": {v4 + "project_hook.json", true}, "projects/:id/hooks/:hook_id": {v4 + "project_hook.json", false},
		"hooks": {v4 + "system_hook.json", true}, "hooks/:hook_id": {v4 + "system_hook.json", false},
		"projects/:id/cluster_agents": {v4 + "agents.json", false}, "projects/:id/cluster_agents/:agent_id": {v4 + "agent.json", false},
		"projects/:id/cluster_agents/:agent_id/tokens":           {v4 + "agent_tokens.json", false},
		"projects/:id/cluster_agents/:agent_id/tokens/:token_id": {v4 + "agent_token.json", false},
		"service_accounts": {v4 + "user/service_accounts.json", false},
	}
	for _, home := range []string{"projects/:id", "groups/:id"} {
		out[home+"/access_tokens"] = entry{v4 + "resource_access_tokens.json", false}
		out[home+"/access_tokens/:token_id"] = entry{v4 + "resource_access_token.json", false}
		out[home+"/deploy_tokens"] = entry{v4 + "deploy_token.json", true}
		out[home+"/deploy_tokens/:token_id"] = entry{v4 + "deploy_token.json", false}
		out[home+"/integrations"] = entry{v4 + "integrations.json", false}
		out[home+"/service_accounts"] = entry{v4 + "user/service_accounts.json", false}
	}
	return out
}

// schemas compiles GitLab's files, whose dialect is nearly draft-04: "type": "date" is a string there.
func schemas(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	root := filepath.Join(contractData, "schemas")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name, _ := filepath.Rel(root, path)
		return c.AddResource("gitlab:///"+filepath.ToSlash(name), standard(doc))
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// standard maps the keywords that no JSON Schema has onto those that mean the same.
func standard(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = standard(v[i])
		}
	case map[string]any:
		delete(v, "optional")
		for k, sub := range v {
			v[k] = standard(sub)
		}
		switch v["type"] {
		case "date", "date-time", "uri":
			v["type"] = "string"
		}
	}
	return v
}

// difference is one field of an answer that a description does not have, or has otherwise.
type difference struct {
	where string // schema file, or OpenAPI path
	field string // behind "=" what differs: null, a JSON type, format, enum
}

// differences splits what a schema complains of: a missing field or a wrong type is a fault, the rest may be excused.
func differences(file string, e *jsonschema.ValidationError) (excusable []difference, faults []string) {
	for _, cause := range e.Causes {
		d, f := differences(file, cause)
		excusable, faults = append(excusable, d...), append(faults, f...)
	}
	if len(e.Causes) > 0 {
		return excusable, faults
	}
	at := fieldPath(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			excusable = append(excusable, difference{file, strings.TrimPrefix(at+"."+name, ".")})
		}
	case *kind.Type:
		if k.Got == "null" {
			return append(excusable, difference{file, at + "=null"}), faults
		}
		faults = append(faults, fmt.Sprintf("%s: %s is %s, want %v", file, at, k.Got, k.Want))
	case *kind.Format:
		return append(excusable, difference{file, at + "=format"}), faults
	case *kind.Enum:
		return append(excusable, difference{file, at + "=enum"}), faults
	default:
		faults = append(faults, fmt.Sprintf("%s: %s: %v", file, at, e))
	}
	return excusable, faults
}

// fieldPath leaves the places in lists out.
func fieldPath(location []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(location), func(s string) bool { return strings.Trim(s, digits) == "" }), ".")
}

// TestAnswersFitGitLabsDescriptions holds every answer against the descriptions that GitLab publishes, and prints which
// route was held against what.
func TestAnswersFitGitLabsDescriptions(t *testing.T) {
	needContractData(t)
	s := newServer(t, Options{RepoDir: t.TempDir()})
	compiler, described, api := schemas(t), schemaOf(), readOpenAPI(t)
	found := map[difference]bool{}
	lists := map[string][]string{}
	for _, a := range askAll(t, s) {
		where := "source only"
		if entry, ok := described[a.route.Path]; ok {
			where = "schema"
			checkSchema(t, compiler, entry.file, entry.rows, a, found)
		}
		if path, def := api.answer(a.route.Path); def != nil && a.body != nil {
			where = map[string]string{"schema": "schema and openapi", "source only": "openapi"}[where]
			checkOpenAPI(t, api, path, def, a.body, found)
		}
		if where == "source only" && a.route.Source == "" {
			t.Errorf("GET %s stands in no description and cites no source", a.route.Path)
		}
		lists[where] = append(lists[where], a.route.Path)
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		t.Logf("%s (%d): %s", name, len(lists[name]), strings.Join(lists[name], " "))
	}
	compareExcuses(t, found)
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

func checkSchema(t *testing.T, c *jsonschema.Compiler, file string, rows bool, a asked, found map[difference]bool) {
	t.Helper()
	schema, err := c.Compile("gitlab:///" + file)
	if err != nil {
		t.Fatal(err)
	}
	values := []any{a.body}
	if rows {
		values = a.body.([]any)
	}
	if list, ok := a.body.([]any); ok && len(list) == 0 {
		t.Errorf("GET %s is empty: nothing to hold against %s", a.path, file)
	}
	for _, v := range values {
		invalid, _ := schema.Validate(v).(*jsonschema.ValidationError)
		if invalid == nil {
			continue
		}
		excusable, faults := differences(file, invalid)
		for _, d := range excusable {
			found[d] = true
		}
		for _, f := range faults {
			t.Errorf("GET %s: %s", a.path, f)
		}
	}
}

// compareExcuses wants each difference excused, and each excuse used.
func compareExcuses(t *testing.T, found map[difference]bool) {
	t.Helper()
	excused := map[difference]bool{}
	for _, e := range excuses() {
		for _, f := range strings.Fields(e.fields) {
			excused[difference{e.where, f}] = true
		}
	}
	report := func(what string, have, not map[difference]bool) {
		byPlace := map[string][]string{}
		for d := range have {
			if !not[d] {
				byPlace[d.where] = append(byPlace[d.where], d.field)
			}
		}
		for _, where := range slices.Sorted(maps.Keys(byPlace)) {
			slices.Sort(byPlace[where])
			t.Errorf("%s: %s: %s", what, where, strings.Join(byPlace[where], " "))
		}
	}
	report("beyond the description and not excused", found, excused)
	report("excused but not so", excused, found)
}
