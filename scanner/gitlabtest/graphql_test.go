package gitlabtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask sends one GraphQL question and returns the answer's data and first error.
func ask(t *testing.T, s *Server, label, query string, variables Object) (data map[string]any, fault string) {
	t.Helper()
	body, err := json.Marshal(Object{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	if label != "" {
		r.Header.Set("Private-Token", s.Token(label))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var out struct {
		Data   map[string]any
		Errors []struct{ Message string }
	}
	decode(t, w, &out)
	if len(out.Errors) > 0 {
		fault = out.Errors[0].Message
	}
	return out.Data, fault
}

func inventoryOf(selection string) string {
	return "query projectInventory($path:ID!){project(fullPath:$path){" + selection + "}}"
}

func TestGraphQLRights(t *testing.T) {
	s := newServer(t, Options{})
	tests := map[string]struct{ label, selection, want string }{
		"null below Maintainer":     {"developer", "ciVariables{nodes{key}}", `{"ciVariables":null}`},
		"empty below Maintainer":    {"developer", "branchRules{nodes{name}}", `{"branchRules":{"nodes":[]}}`},
		"role is told":              {"developer", "maxAccessLevel{integerValue}", `{"maxAccessLevel":{"integerValue":30}}`},
		"variables of a schedule":   {"developer", "pipelineSchedules{nodes{cron variables{nodes{key}}}}", `{"pipelineSchedules":{"nodes":[{"cron":"0 2 * * *","variables":null},{"cron":"0 4 * * 0","variables":null}]}}`},
		"foreign trigger is cut":    {"group-owner", "pipelineTriggers{nodes{hasTokenExposed}}", `{"pipelineTriggers":{"nodes":[{"hasTokenExposed":false},{"hasTokenExposed":false}]}}`},
		"hidden value is null":      {"maintainer", "ciVariables(first:3){nodes{key hidden} pageInfo{hasNextPage}}", `{"ciVariables":{"nodes":[{"hidden":false,"key":"STRIPE_KEY"},{"hidden":false,"key":"STRIPE_KEY"},{"hidden":true,"key":"SIGNING_KEY"}],"pageInfo":{"hasNextPage":true}}}`},
		"fragment on a union":       {"maintainer", "ciJobTokenScopeAllowlist{groupsAllowlist{nodes{target{... on CiJobTokenAccessibleGroup{fullPath}}}}}", `{"ciJobTokenScopeAllowlist":{"groupsAllowlist":{"nodes":[{"target":{"fullPath":"acme/shop/tools"}}]}}}`},
		"direct members":            {"developer", "projectMembers(relations:[DIRECT] first:1){nodes{accessLevel{integerValue} user{username}}}", `{"projectMembers":{"nodes":[{"accessLevel":{"integerValue":40},"user":{"username":"lena"}}]}}`},
		"members of all sorts":      {"developer", "projectMembers(search:\"olivia\"){nodes{accessLevel{stringValue} user{username}}}", `{"projectMembers":{"nodes":[{"accessLevel":{"stringValue":"OWNER"},"user":{"username":"olivia"}}]}}`},
		"who protects environments": {"group-owner", "environments{nodes{name protectedEnvironments{nodes{name deployAccessLevels{nodes{user{username}}}}}}}", `{"environments":{"nodes":[{"name":"production","protectedEnvironments":{"nodes":[{"deployAccessLevels":{"nodes":[{"user":null},{"user":{"username":"dana"}}]},"name":"production"},{"deployAccessLevels":{"nodes":[{"user":null}]},"name":"production"}]}},{"name":"staging","protectedEnvironments":{"nodes":[]}}]}}`},
		"project runners by type":   {"maintainer", "runners(type:PROJECT_TYPE){nodes{description}}", `{"runners":{"nodes":[{"description":"under the desk"}]}}`},
		"revoked agent tokens too":  {"developer", "clusterAgents{nodes{tokens{nodes{status}}}}", `{"clusterAgents":{"nodes":[{"tokens":{"nodes":[{"status":"ACTIVE"},{"status":"REVOKED"}]}}]}}`},
	}
	for name, test := range tests {
		data, fault := ask(t, s, test.label, inventoryOf(test.selection), Object{"path": "acme/shop/cart"})
		got, err := json.Marshal(data["project"])
		if err != nil || fault != "" || string(got) != test.want {
			t.Errorf("%s: as %s %s = %s, %q; want %s", name, test.label, test.selection, got, fault, test.want)
		}
	}
	if data, fault := ask(t, s, "outsider", inventoryOf("id"), Object{"path": "acme/shop/cart"}); fault != "" || data["project"] != nil {
		t.Errorf("project for an outsider = %v, %q; want null", data, fault)
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// TestGraphQLForms are questions as clients of all sorts write them.
func TestGraphQLForms(t *testing.T) {
	s := newServer(t, Options{})
	tests := map[string]struct {
		label, query string
		variables    Object
		want         string
	}{
		"shorthand":           {"maintainer", "{ currentUser { username bot groupCount } }", nil, `{"currentUser":{"bot":false,"groupCount":1,"username":"mark"}}`},
		"no name":             {"maintainer", "query { metadata { version enterprise } }", nil, `{"metadata":{"enterprise":true,"version":"19.6.0-ee"}}`},
		"alias and type name": {"maintainer", `{ me: currentUser { __typename login: username } }`, nil, `{"me":{"__typename":"User","login":"mark"}}`},
		"named fragment": {"maintainer", "query one($p: ID!) { project(fullPath: $p) { ...home } } # where\nfragment home on Project { path namespace { fullPath } }", Object{"p": "acme/shop/cart"},
			`{"project":{"namespace":{"fullPath":"acme/shop"},"path":"cart"}}`},
		"default and directives": {"maintainer", `query($p: ID! = "acme/shop/cart", $deep: Boolean = false) { project(fullPath: $p) { name @skip(if: true) path repository @include(if: $deep) { rootRef } } }`, nil,
			`{"project":{"path":"cart"}}`},
		"edges":                 {"maintainer", `{ project(fullPath: "acme/shop/cart") { ciVariables(first: 1) { count edges { cursor node { key } } } } }`, nil, `{"project":{"ciVariables":{"count":5,"edges":[{"cursor":"MQ","node":{"key":"STRIPE_KEY"}}]}}}`},
		"membership":            {"maintainer", `{ projects(membership: true, search: "web") { nodes { fullPath } } }`, nil, `{"projects":{"nodes":[]}}`},
		"group's variables":     {"group-owner", `{ group(fullPath: "acme") { parent { id } ciVariables { nodes { key hidden } } } }`, nil, `{"group":{"ciVariables":{"nodes":[{"hidden":false,"key":"AWS_ACCESS_KEY_ID"},{"hidden":false,"key":"AWS_SECRET_ACCESS_KEY"},{"hidden":false,"key":"REGION"}]},"parent":null}}`},
		"group's members":       {"group-owner", `{ group(fullPath: "acme/shop") { groupMembers(relations: [DIRECT, INHERITED], first: 1) { nodes { user { username } } } } }`, nil, `{"group":{"groupMembers":{"nodes":[{"user":{"username":"mark"}}]}}}`},
		"no one's address":      {"maintainer", `{ user(username: "olivia") { name emails { nodes { email } } } }`, nil, `{"user":{"emails":null,"name":"Olivia Owner"}}`},
		"nobody":                {"", `{ currentUser { id } project(fullPath: "acme/website") { visibility } group(fullPath: "acme") { id } }`, nil, `{"currentUser":null,"group":null,"project":{"visibility":"public"}}`},
		"schema of a type":      {"maintainer", `{ __type(name: "CiProjectVariable") { name kind fields { name type { name kind } } } }`, nil, ""},
		"whole schema, by page": {"maintainer", `query IntrospectionQuery { __schema { queryType { name } mutationType { name } types { kind name fields(includeDeprecated: true) { name args { name } type { kind name ofType { kind name } } isDeprecated } interfaces { name } enumValues { name } possibleTypes { name } inputFields { name } } directives { name locations args { name } } } }`, nil, ""},
	}
	for name, test := range tests {
		data, fault := ask(t, s, test.label, test.query, test.variables)
		got, err := json.Marshal(data)
		if err != nil || fault != "" || test.want != "" && string(got) != test.want {
			t.Errorf("%s: %s = %s, %q; want %s", name, test.query, got, fault, test.want)
		}
		if test.want == "" && (!strings.Contains(string(got), `"environmentScope"`) || !strings.Contains(string(got), `"Boolean"`)) {
			t.Errorf("%s: %s = %.400s", name, test.query, got)
		}
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// TestGraphQLIsBounded: questions that grow without end are refused, and soon: the server's lock is held meanwhile.
func TestGraphQLIsBounded(t *testing.T) {
	s := newServer(t, Options{})
	bomb := "{ project(fullPath: \"acme/shop/cart\") { ...f0 } }"
	for i := range 12 {
		bomb += fmt.Sprintf(" fragment f%d on Project { %s }", i, strings.Repeat(fmt.Sprintf("...f%d ", i+1), 10))
	}
	tests := map[string]struct{ query, want string }{
		"too long":          {"{ currentUser { id } } #" + strings.Repeat("x", maxGraphText), "Query too large"},
		"too deep":          {strings.Repeat("{ currentUser ", 100) + "{ id }" + strings.Repeat("}", 100), "exceeds max depth"},
		"endless fragments": {"{ currentUser { ...a } } fragment a on User { ...b } fragment b on User { ...a }", "exceeds max depth"},
		"doubled fragments": {bomb + " fragment f12 on Project { id }", "has more than"},
		"deep lists":        {"{ users(ids: " + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + ") { nodes { id } } }", ""},
		"wide schema":       {"{ __schema { types { " + strings.Repeat("fields { type { ", 8) + "name" + strings.Repeat("} }", 8) + " } } }", "Request timed out"},
	}
	for name, test := range tests {
		if _, fault := ask(t, s, "admin", test.query, nil); !strings.Contains(fault, test.want) || (fault == "") != (test.want == "") {
			t.Errorf("%s: fault %q, want %q", name, fault, test.want)
		}
	}
}

// TestGraphQLUnknownField: the fault is GitLab's, with the place; and the simulator remembers, for GitLab may have it.
func TestGraphQLUnknownField(t *testing.T) {
	s := newServer(t, Options{})
	r := httptest.NewRequest(http.MethodPost, "/api/graphql", strings.NewReader(`{"query":"query look {\n  project(fullPath: \"acme/shop/cart\") { sauce }\n}"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Private-Token", s.Token("maintainer"))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	want := `{"errors":[{"extensions":{"code":"undefinedField","fieldName":"sauce","typeName":"Project"},"locations":[{"column":41,"line":2}],` +
		`"message":"Field 'sauce' doesn't exist on type 'Project'","path":["query look","project","sauce"]}]}`
	if w.Body.String() != want {
		t.Errorf("answer = %s, want %s", w.Body, want)
	}
	if got := strings.Join(s.Unknown(), " "); got != "GraphQL Project.sauce" {
		t.Errorf("Unknown() = %q", got)
	}
}

func TestGraphQLPaging(t *testing.T) {
	s := newServer(t, Options{})
	page := func(after any) (keys []string, end string, more bool) {
		data, fault := ask(t, s, "maintainer", "query projectPage($path:ID! $after:String){project(fullPath:$path){ciVariables(first:2 after:$after){nodes{key} pageInfo{hasNextPage endCursor}}}}",
			Object{"path": "acme/shop/cart", "after": after})
		if fault != "" {
			t.Fatal(fault)
		}
		list := data["project"].(map[string]any)["ciVariables"].(map[string]any)
		for _, n := range list["nodes"].([]any) {
			keys = append(keys, n.(map[string]any)["key"].(string))
		}
		info := list["pageInfo"].(map[string]any)
		end, _ = info["endCursor"].(string)
		return keys, end, info["hasNextPage"].(bool)
	}
	var all []string
	for after := any(nil); ; {
		keys, end, more := page(after)
		all = append(all, keys...)
		if !more {
			break
		}
		after = end
	}
	if got, want := strings.Join(all, " "), "STRIPE_KEY STRIPE_KEY SIGNING_KEY KUBECONFIG LOG_LEVEL"; got != want {
		t.Errorf("pages = %s, want %s", got, want)
	}
}

func TestGraphQLRefuses(t *testing.T) {
	old, free := Default(), Default()
	old.Version, free.Tier = "17.11", Free
	wide := strings.Repeat("ciVariables(first:100){nodes{key value raw masked}} ", 30)
	tests := map[string]struct {
		profile     Profile
		query, want string
	}{
		"mutation":            {Default(), "mutation projectInventory{project{id}}", "Field 'project' doesn't exist on type 'Mutation'"},
		"object as a scalar":  {Default(), "{project(fullPath:\"a\")}", "Field must have selections (field 'project' returns Project but has no selections"},
		"scalar as an object": {Default(), inventoryOf("name{id}"), "Selections can't be made on scalars (field 'name' returns String"},
		"unknown fragment":    {Default(), inventoryOf("...who"), "fragment who was used, but not defined"},
		"endless fragment":    {Default(), inventoryOf("...a") + " fragment a on Project{...a}", "exceeds max depth"},
		"unknown connection":  {Default(), inventoryOf("ciVariables{rows{key}}"), "Field 'rows' doesn't exist on type 'CiProjectVariableConnection'"},
		"unknown field":       {Default(), inventoryOf("secretSauce"), "Field 'secretSauce' doesn't exist on type 'Project'"},
		"field of later":      {old, inventoryOf("pipelineSchedules{nodes{inputs{nodes{name}}}}"), "Field 'inputs' doesn't exist"},
		"field of enterprise": {free, inventoryOf("branchRules{nodes{branchProtection{pushAccessLevels{nodes{user{id}}}}}}"), "Field 'user' doesn't exist"},
		"too complex":         {Default(), inventoryOf(wide), "exceeds max complexity of 250"},
		"cut off":             {Default(), "query projectInventory{project(", "Parse error"},
		"too deep":            {Default(), inventoryOf(strings.Repeat("a{", 40)), "exceeds max depth"},
	}
	for name, test := range tests {
		s := newServer(t, Options{Profile: test.profile})
		if data, fault := ask(t, s, "maintainer", test.query, Object{"path": "acme/shop/cart"}); data != nil || !strings.Contains(fault, test.want) {
			t.Errorf("%s = %v, %q; want %q", name, data, fault, test.want)
		}
	}
}

// TestGraphQLCost counts as GitLab does: a field is a point, what a resolver pages costs a per cent more for each row.
func TestGraphQLCost(t *testing.T) {
	tests := map[string]int{
		"id":                                1 + 1,
		"ciVariables{nodes{key}}":           1 + 2*(1+1+1),
		"ciVariables(first:50){nodes{key}}": 1 + 3 + 3*50/100,
		"terraformStates(first:1){nodes{latestVersion{serial}}}":            1 + 1 + 1 + 3 + 1,
		"ciJobTokenScopeAllowlist{projectsAllowlist{nodes{createdAt}}}":     1 + 1 + 1 + 1 + 1,
		"ciCdSettings{inboundJobTokenScopeEnabled jobTokenScopeEnabled}":    1 + 1 + 2,
		"clusterAgents(first:20){nodes{tokens(first:100){nodes{id name}}}}": 1 + (2+8)*120/100,
	}
	for selection, want := range tests {
		op, err := parseGraph(inventoryOf(selection))
		if err != nil {
			t.Fatal(err)
		}
		if got, fault := (graphChecker{graphSchema(Default())}).check("Query", op[0].fields, nil); fault != nil || got != want {
			t.Errorf("cost of %s = %d, %v; want %d", selection, got, fault, want)
		}
	}
}

// FuzzGraphQLParse: no question panics the parser.
func FuzzGraphQLParse(f *testing.F) {
	for _, seed := range []string{"", "query", "query a{b}", "query a($x:ID!){b(c:$x d:1 e:\"f\\\"\"){... on G{h}}}", "query a{b(c:}", "{{{", "query a(", "query a{...on", "query a{b(c:\""} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseGraph(text) })
}
