package gitlabtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestGraphQLChanges: each change is there for the REST API, and what is refused there is refused here.
func TestGraphQLChanges(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	fillWork(t, s)
	const p = `projectPath: "acme/shop/cart"`
	tests := []struct{ name, as, query, answer, look, shows string }{
		{"issue", "maintainer-write", `createIssue(input: {` + p + `, title: "by graph", labels: ["bug"], clientMutationId: "7"}) { clientMutationId errors issue { iid title state author { username } labels { nodes { title } } } }`,
			`{"clientMutationId":"7","errors":[],"issue":{"author":{"username":"mark"},"iid":"2","labels":{"nodes":[{"title":"bug"}]},"state":"opened","title":"by graph"}}`, "projects/1000/issues/2", `"by graph"`},
		{"issue_closes", "maintainer-write", `updateIssue(input: {` + p + `, iid: "2", stateEvent: CLOSE}) { issue { state } }`, `{"issue":{"state":"closed"}}`, "projects/1000/issues/2", `"state":"closed"`},
		{"issue_without_title", "maintainer-write", `createIssue(input: {` + p + `, title: ""}) { errors issue { iid } }`, `{"errors":["title is empty"],"issue":null}`, "projects/1000/issues", "!\"iid\":3"},
		{"note", "maintainer-write", `createNote(input: {noteableId: "gid://gitlab/Issue/2", body: "said by graph"}) { note { body author { username } } }`,
			`{"note":{"author":{"username":"mark"},"body":"said by graph"}}`, "projects/1000/issues/2/notes", "said by graph"},
		{"merge_request", "maintainer-write", `mergeRequestCreate(input: {` + p + `, title: "later", sourceBranch: "later", targetBranch: "main"}) { mergeRequest { iid sourceBranch draft } }`,
			`{"mergeRequest":{"draft":false,"iid":"2","sourceBranch":"later"}}`, "projects/1000/merge_requests/2", `"later"`},
		{"merge_request_again", "maintainer-write", `mergeRequestCreate(input: {` + p + `, title: "later", sourceBranch: "later", targetBranch: "main"}) { errors mergeRequest { iid } }`,
			`{"errors":["Another open merge request already exists for this source branch: !2"],"mergeRequest":null}`, "projects/1000/merge_requests", "!\"iid\":3"},
		{"merge_request_closes", "maintainer-write", `mergeRequestUpdate(input: {` + p + `, iid: "2", state: CLOSED}) { mergeRequest { state } }`, `{"mergeRequest":{"state":"closed"}}`, "projects/1000/merge_requests/2", `"state":"closed"`},
		{"runner_by_a_maintainer", "maintainer-write", `runnerCreate(input: {runnerType: INSTANCE_TYPE}) { errors }`, unseen, "runners/all", "!by graph"},
		{"runner", "admin-write", `runnerCreate(input: {runnerType: GROUP_TYPE, groupId: "gid://gitlab/Group/100", description: "by graph", tagList: ["a"]}) { errors runner { runnerType tagList } }`,
			`{"errors":[],"runner":{"runnerType":"GROUP_TYPE","tagList":["a"]}}`, "runners/all", "by graph"},
		{"runner_pauses", "admin-write", `runnerUpdate(input: {id: "gid://gitlab/Ci::Runner/4", paused: true}) { runner { paused } }`, `{"runner":{"paused":true}}`, "runners/4", `"paused":true`},
		{"runner_ends", "admin-write", `runnerDelete(input: {id: "gid://gitlab/Ci::Runner/4"}) { errors }`, `{"errors":[]}`, "runners/all", "!by graph"},
		{"gate_opens", "maintainer-write", `projectCiCdSettingsUpdate(input: {fullPath: "acme/shop/cart", inboundJobTokenScopeEnabled: false}) { errors }`, `{"errors":[]}`, "projects/1000/job_token_scope", `"inbound_enabled":false`},
		{"project_let_in", "maintainer-write", `ciJobTokenScopeAddProject(input: {` + p + `, targetProjectPath: "acme/website"}) { errors }`, `{"errors":[]}`, "projects/1000/job_token_scope/allowlist", "acme/website"},
		{"project_shut_out", "maintainer-write", `ciJobTokenScopeRemoveProject(input: {` + p + `, targetProjectPath: "acme/website"}) { errors }`, `{"errors":[]}`, "projects/1000/job_token_scope/allowlist", "!acme/website"},
		{"agent", "maintainer-write", `createClusterAgent(input: {` + p + `, name: "graph"}) { clusterAgent { name } }`, `{"clusterAgent":{"name":"graph"}}`, "projects/1000/cluster_agents", `"name":"graph"`},
		{"agent_again", "maintainer-write", `createClusterAgent(input: {` + p + `, name: "graph"}) { errors }`, `{"errors":["name has already been taken"]}`, "", ""},
		{"schedule_ends", "maintainer-write", `pipelineScheduleDelete(input: {id: "gid://gitlab/Ci::PipelineSchedule/2"}) { errors }`, `{"errors":[]}`, "projects/1000/pipeline_schedules", `!"id":2,`},

		{"by_an_outsider", "outsider", `createIssue(input: {` + p + `, title: "no"}) { errors }`, unseen, "projects/1000/issues", "!\"no\""},
		{"by_nobody", "", `createIssue(input: {` + p + `, title: "no"}) { errors }`, unseen, "projects/1000/issues", "!\"no\""},
		{"with_a_scope_to_read", "maintainer", `createClusterAgent(input: {` + p + `, name: "no"}) { errors }`, unseen, "projects/1000/cluster_agents", "!\"no\""},
		{"of_nothing", "admin-write", `jobRetry(input: {id: "gid://gitlab/Ci::Build/999999"}) { errors }`, unseen, "", ""},
		{"without_input", "admin-write", `jobRetry { errors }`, "missing required arguments: input", "", ""},
		{"of_a_field_too_many", "admin-write", `createIssue(input: {` + p + `, title: "x", sauce: 1}) { errors }`, "InputObject 'CreateIssueInput' doesn't accept argument 'sauce'", "projects/1000/issues", `!"x"`},
		{"that_is_not_there", "admin-write", `destroyEverything(input: {id: 1}) { errors }`, "Field 'destroyEverything' doesn't exist on type 'Mutation'", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, fault := ask(t, s, tt.as, "mutation { "+tt.query+" }", nil)
			name, _, _ := strings.Cut(tt.query, "(")
			got, _ := json.Marshal(data[name]) // decoded JSON
			if text := string(got); text != tt.answer && (fault == "" || !strings.Contains(fault, tt.answer)) {
				t.Errorf("answer %s, fault %q; want %s", text, fault, tt.answer)
			}
			if tt.look == "" {
				return
			}
			text, absent := strings.CutPrefix(tt.shows, "!")
			if body := get(t, s, "admin", tt.look).Body.String(); strings.Contains(body, text) == absent {
				t.Errorf("after it %s = %s; want %q: %v", tt.look, body, text, !absent)
			}
		})
	}
	if u := strings.Join(s.Unknown(), " "); u != "GraphQL Mutation.destroyEverything" {
		t.Errorf("Unknown() = %q", u)
	}
}

// Work is read as the REST API shows it, by those who see it there; a pipeline and its jobs are changed by their IDs.
func TestGraphQLWork(t *testing.T) {
	c := newCI(t, runnersConfig)
	const query = `{ project(fullPath: "acme/ci") { issues { nodes { iid } } pipelines(first: 1) { nodes { status ref jobs { nodes { id name status } } } } } }`
	data, fault := ask(t, c.s, "group-owner", query, nil)
	nodes := data["project"].(map[string]any)["pipelines"].(map[string]any)["nodes"].([]any)
	pipeline := nodes[0].(map[string]any)
	if fault != "" || pipeline["status"] != "PENDING" || pipeline["ref"] != "main" {
		t.Fatalf("pipeline is %v, %q", pipeline, fault)
	}
	job := pipeline["jobs"].(map[string]any)["nodes"].([]any)[0].(map[string]any)
	cancel := fmt.Sprintf(`mutation { jobCancel(input: {id: %q}) { errors job { status } } }`, job["id"])
	if data, fault := ask(t, c.s, "outsider", cancel, nil); fault != unseen || data["jobCancel"] != nil {
		t.Errorf("an outsider cancels: %v, %q", data, fault)
	}
	data, fault = ask(t, c.s, "group-owner-write", cancel, nil)
	if got := fmt.Sprint(data["jobCancel"]); fault != "" || got != "map[errors:[] job:map[status:CANCELED]]" {
		t.Errorf("cancel = %s, %q", got, fault)
	}
	if data, _ := ask(t, c.s, "outsider", query, nil); data["project"] != nil {
		t.Errorf("an outsider sees %v", data)
	}
	fillWork(t, c.s)
	data, _ = ask(t, c.s, "developer", `{ project(fullPath: "acme/shop/cart") { issue(iid: "1") { title state } issues(state: closed) { count } mergeRequest(iid: "1") { sourceBranch author { username } } mergeRequests(iids: ["1"]) { nodes { iid } } } }`, nil)
	got, _ := json.Marshal(data["project"]) // decoded JSON
	want := `{"issue":{"state":"opened","title":"first"},"issues":{"count":0},"mergeRequest":{"author":{"username":"root"},"sourceBranch":"topic"},"mergeRequests":{"nodes":[{"iid":"1"}]}}`
	if string(got) != want {
		t.Errorf("work = %s, want %s", got, want)
	}
}
