package gitlabtest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// workVerbs are what people plan, discuss and merge, and what starts pipelines and runners. They stand on a branch with
// one commit more than main, and on a pipeline configuration that fillWork has made.
func workVerbs(s *Server) []verb {
	const p, g = "projects/1000", "groups/100"
	runner := "token=" + s.st.projects[1000].RegistrationToken
	return []verb{
		{"label", "maintainer-write", "POST " + p + "/labels", "name=flaky&color=%23ff0000", 201, "", p + "/labels?search=flak", `"is_project_label":true`},
		{"label_taken", "maintainer-write", "POST " + p + "/labels", "name=Flaky&color=red", 409, "", "", ""},
		{"label_renamed", "maintainer-write", "PUT " + p + "/labels/flaky", "new_name=odd", 200, "", p + "/labels/odd", `"name":"odd"`},
		{"label_without_color", "maintainer-write", "POST " + p + "/labels", "name=x", 400, "", "", ""},
		{"label_of_a_group_ends", "group-owner-write", "DELETE " + g + "/labels/bug", "", 204, "", g + "/labels", "[]"},
		{"milestone_closes", "maintainer-write", "PUT " + p + "/milestones/1", "state_event=close", 200, "", p + "/milestones?state=active", "[]"},
		{"issue", "maintainer-write", "POST " + p + "/issues", "title=two&labels=odd,late&assignee_ids[]=5", 201, "", p + "/issues?labels=late", `"assignee":{`},
		{"issue_planned", "maintainer-write", "PUT " + p + "/issues/1", "milestone_id=1&labels=", 200, "", p + "/milestones/1/issues", `"labels":[],`},
		{"issue_closes", "maintainer-write", "PUT " + p + "/issues/2", "state_event=close&add_labels=done", 200, "", p + "/issues/2", `"state":"closed"`},
		{"issue_of_somebody_else", "outsider", "PUT " + p + "/issues/1", "title=x", 404, "", "", ""},
		{"issue_that_is_not_there", "maintainer-write", "PUT " + p + "/issues/99", "title=x", 404, "", "", ""},
		{"note", "maintainer-write", "POST " + p + "/issues/2/notes", "body=EXAMPLE", 201, "", p + "/issues/2/discussions", `"body":"EXAMPLE"`},
		{"note_on_nothing", "maintainer-write", "POST " + p + "/issues/99/notes", "body=EXAMPLE", 404, "", "", ""},
		{"feature_flag_ends", "maintainer-write", "DELETE " + p + "/feature_flags/fast", "", 204, "", p + "/feature_flags", "[]"},
		{"topic_by_a_maintainer", "maintainer-write", "POST topics", "name=a&title=a", 403, "", "", ""},
		{"star", "group-owner-write", "POST " + p + "/star", "", 201, "", p + "/starrers", `"username":"olivia"`},
		{"star_again", "group-owner-write", "POST " + p + "/star", "", 304, "", "", ""},
		{"star_ends", "group-owner-write", "POST " + p + "/unstar", "", 201, "", p, `"star_count":1`},
		{"status_of_a_person", "maintainer-write", "PUT user/status", "message=away", 200, "", "users/4/status", `"message":"away"`},

		{"conflict", "maintainer-write", "POST " + p + "/merge_requests", "title=x&source_branch=clash&target_branch=topic", 201, "", p + "/merge_requests/2", `"has_conflicts":true`},
		{"conflict_is_not_merged", "maintainer-write", "PUT " + p + "/merge_requests/2/merge", "", 422, "", "", ""},
		{"merge_request_ends", "group-owner-write", "DELETE " + p + "/merge_requests/2", "", 204, "", p + "/merge_requests", `!"iid":2`},
		{"number_is_not_given_again", "maintainer-write", "POST " + p + "/merge_requests", "title=x&source_branch=clash&target_branch=main", 201, "", p + "/merge_requests", `"iid":3`},
		{"merge_request_again", "maintainer-write", "POST " + p + "/merge_requests", "title=x&source_branch=topic&target_branch=main", 409, "", "", ""},
		{"merge_request_into_itself", "maintainer-write", "POST " + p + "/merge_requests", "title=x&source_branch=main&target_branch=main", 422, "", "", ""},
		{"merge_request_without_title", "maintainer-write", "POST " + p + "/merge_requests", "source_branch=topic&target_branch=main", 400, "", "", ""},
		{"approval", "maintainer-write", "POST " + p + "/merge_requests/1/approve", "", 201, "", p + "/merge_requests/1/approvals", `"username":"mark"`},
		{"approval_again", "maintainer-write", "POST " + p + "/merge_requests/1/approve", "", 401, "", "", ""},
		{"approval_taken_back", "maintainer-write", "POST " + p + "/merge_requests/1/unapprove", "", 201, "", p + "/merge_requests/1/approvals", `"approved_by":[]`},
		{"merge_of_another_commit", "maintainer-write", "PUT " + p + "/merge_requests/1/merge", "sha=0123", 409, "", "", ""},
		{"merge_of_a_draft", "maintainer-write", "PUT " + p + "/merge_requests/1", "title=Draft: later", 200, "", p + "/merge_requests/1", `"detailed_merge_status":"draft_status"`},
		{"merge_of_a_draft_refused", "maintainer-write", "PUT " + p + "/merge_requests/1/merge", "", 405, "", "", ""},
		{"merge_request_changes", "maintainer-write", "PUT " + p + "/merge_requests/1", "title=ready", 200, "", p + "/merge_requests/1/changes", `"new_path":"topic.txt"`},
		{"merge", "maintainer-write", "PUT " + p + "/merge_requests/1/merge", "should_remove_source_branch=true", 200, "", p + "/repository/files/topic.txt/raw?ref=main", "EXAMPLE"},
		{"merge_again", "maintainer-write", "PUT " + p + "/merge_requests/1/merge", "", 405, "", p + "/repository/branches", `!"name":"topic"`},
		{"merged_keeps_its_diff", "maintainer-write", "PUT " + p + "/merge_requests/1", "description=done", 200, "", p + "/merge_requests/1/diffs", `"new_path":"topic.txt"`},
		{"revert", "maintainer-write", "POST " + p + "/repository/commits/later/revert", "branch=later", 201, "", p + "/repository/tree?ref=later", `!later.txt`},
		{"revert_again", "maintainer-write", "POST " + p + "/repository/commits/later~1/revert", "branch=later", 404, "", "", ""},
		{"cherry_pick", "maintainer-write", "POST " + p + "/repository/commits/other/cherry_pick", "branch=later", 201, "", p + "/repository/tree?ref=later", `other.txt`},
		{"cherry_pick_again", "maintainer-write", "POST " + p + "/repository/commits/other/cherry_pick", "branch=later", 400, "", "", ""},
		{"commit_status", "maintainer-write", "POST " + p + "/statuses/main", "state=success&name=ext", 201, "", p + "/repository/commits/main/statuses", `"status":"success"`},
		{"commit_status_moves", "maintainer-write", "POST " + p + "/statuses/main", "state=failed&name=ext", 201, "", p + "/repository/commits/main/statuses", `!"status":"success"`},
		{"commit_status_of_no_kind", "maintainer-write", "POST " + p + "/statuses/main", "state=fine", 400, "", "", ""},
		{"commit_comment", "maintainer-write", "POST " + p + "/repository/commits/main/comments", "note=EXAMPLE", 201, "", p + "/repository/commits/main/comments", `"note":"EXAMPLE"`},

		{"pipeline", "maintainer-write", "POST " + p + "/pipeline", "ref=later&variables[][key]=A&variables[][value]=EXAMPLE", 201, "", p + "/pipelines?source=api", `"status":"pending"`},
		{"pipeline_of_no_branch", "maintainer-write", "POST " + p + "/pipeline", "ref=none", 400, "", "", ""},
		{"pipeline_of_a_schedule", "maintainer-write", "POST " + p + "/pipeline_schedules/1/play", "", 201, "", p + "/pipelines?source=schedule", `"source":"schedule"`},
		{"trigger", "", "POST " + p + "/trigger/pipeline", "ref=later&variables[A]=EXAMPLE&token=" + s.Token("trigger-mark"), 201, "", p + "/pipelines?source=trigger", `"source":"trigger"`},
		{"trigger_of_a_leaver", "", "POST " + p + "/trigger/pipeline", "ref=later&token=" + s.Token("trigger-lena"), 404, "", "", ""},
		{"trigger_without_token", "", "POST " + p + "/trigger/pipeline", "ref=later&token=glptt-EXAMPLE", 404, "", "", ""},
		{"trigger_of_another_project", "", "POST projects/1003/trigger/pipeline", "ref=main&token=" + s.Token("trigger-mark"), 404, "", "", ""},
		{"trigger_by_a_job", "", "POST " + p + "/ref/later/trigger/pipeline", "token=" + s.Token("job"), 201, "", p + "/pipelines?source=pipeline", `"source":"pipeline"`},
		{"job_that_is_not_manual", "maintainer-write", "POST " + p + "/jobs/" + itoa(s.st.projects[1000].Pipelines[0].Jobs[0].ID) + "/play", "", 403, "", "", ""},
		{"pipeline_text", "maintainer-write", "POST " + p + "/ci/lint", "content=a:%0A++script:+x&include_jobs=true", 200, "", "", ""},

		{"release_link", "maintainer-write", "POST " + p + "/releases/v1.0/assets/links", "name=extra&url=https://x.example/a", 201, "", p + "/releases/v1.0/assets/links", `"name":"extra"`},
		{"release_link_taken", "maintainer-write", "POST " + p + "/releases/v1.0/assets/links", "name=extra&url=https://x.example/b", 400, "", "", ""},
		{"release_link_of_no_scheme", "maintainer-write", "POST " + p + "/releases/v1.0/assets/links", "name=odd&url=file:///etc/passwd", 400, "", "", ""},
		{"wiki_page", "maintainer-write", "POST " + p + "/wikis", "title=How to&content=EXAMPLE", 201, "", p + "/wikis/How-to", `"content":"EXAMPLE"`},
		{"wiki_page_again", "maintainer-write", "POST " + p + "/wikis", "title=How to&content=EXAMPLE", 400, "", "", ""},
		{"wiki_page_outside", "maintainer-write", "POST " + p + "/wikis", "title=../x&content=EXAMPLE", 400, "", "", ""},
		{"wiki_page_changes", "maintainer-write", "PUT " + p + "/wikis/How-to", "content=OTHER&title=Why", 200, "", p + "/wikis?with_content=true", `"OTHER"`},
		{"wiki_page_ends", "maintainer-write", "DELETE " + p + "/wikis/Why", "", 204, "", p + "/wikis", "!Why"},
		{"wiki_of_a_fresh_project", "group-owner-write", "POST projects/1003/wikis", "title=home&content=EXAMPLE", 201, "", "projects/1003/wikis", `"slug":"home"`},
		{"deployment", "maintainer-write", "POST " + p + "/deployments", "environment=edge&sha=main&ref=main&tag=false&status=running", 201, "", p + "/environments?name=edge", `"name":"edge"`},
		{"deployment_ends_well", "maintainer-write", "PUT " + p + "/deployments/1", "status=success", 200, "", p + "/deployments?status=success", `"status":"success"`},
		{"deployment_of_no_kind", "maintainer-write", "PUT " + p + "/deployments/1", "status=fine", 400, "", "", ""},

		{"members", "group-owner-write", "POST projects/1003/members", "user_id=5,8&access_level=20", 201, "member_createdmember_created", "projects/1003/members", `"username":"otto"`},
		{"webhook_with_a_header", "maintainer-write", "POST " + p + "/hooks", "url=https://x.example&custom_headers[][key]=X-Made&custom_headers[][value]=EXAMPLE", 201, "webhook_created", p + "/hooks", "X-Made"},
		{"webhook_changes", "maintainer-write", "PUT " + p + "/hooks/" + itoa(s.st.last["hooks"]+1), "push_events=false&tag_push_events=true", 200, "", p + "/hooks/" + itoa(s.st.last["hooks"]+1), `"tag_push_events":true`},
		{"webhook_without_an_address", "maintainer-write", "PUT " + p + "/hooks/" + itoa(s.st.last["hooks"]+1), "url=", 400, "", "", ""},
		{"ssh_key_of_no_form", "maintainer-write", "POST user/keys", "title=a&key=EXAMPLE", 400, "", "", ""},
		{"token_for_too_long", "maintainer-write", "POST " + p + "/access_tokens", "name=x&scopes[]=read_api&expires_at=2036-01-01", 400, "", "", ""},

		{"runner_registers", "", "POST runners", runner + "&description=old+way&tag_list=a,b", 201, "ci_runner_registered", p + "/runners", `"description":"old way"`},
		{"runner_with_a_wrong_token", "", "POST runners", "token=GR1348941EXAMPLE", 403, "", "", ""},
		{"runner_proves_itself", "", "POST runners/verify", "token=" + s.Token("runner-project") + "&system_id=s_EXAMPLE&info[version]=18.2.0", 200, "", "runners/3/managers", `"version":"18.2.0"`},
		{"runner_asks_for_jobs", "", "POST jobs/request", "token=" + s.Token("runner-project"), 204, "", "", ""},
		{"stranger_asks_for_jobs", "", "POST jobs/request", "token=glrt-EXAMPLE", 403, "", "", ""},
		{"runner_machine_goes", "", "DELETE runners/managers", "system_id=s_EXAMPLE&token=" + s.Token("runner-project"), 204, "", "runners/3/managers", "!s_EXAMPLE"},
		{"runner_goes", "", "DELETE runners", "token=" + s.Token("runner-project"), 204, "ci_runner_unregistered", "runners/all", "!under the desk"},
	}
}

// fillWork makes what workVerbs stand on, and one row of each collection.
func fillWork(t *testing.T, s *Server) {
	t.Helper()
	const p = "projects/1000"
	file := func(branch, name, text string) string {
		return "POST " + p + "/repository/commits branch=" + branch + "&start_branch=main&commit_message=" + branch + "&actions[][action]=create&actions[][file_path]=" + name + "&actions[][content]=" + text
	}
	calls := []string{file("topic", "topic.txt", "EXAMPLE"), file("later", "later.txt", "EXAMPLE"), file("other", "other.txt", "EXAMPLE"), file("clash", "topic.txt", "OTHER"),
		"POST " + p + "/statuses/main state=success", "POST " + p + "/repository/commits/main/comments note=EXAMPLE",
		"POST " + p + "/merge_requests title=first&source_branch=topic&target_branch=main", "POST " + p + "/merge_requests/1/notes body=EXAMPLE",
		"POST " + p + "/issues title=first", "POST " + p + "/issues/1/notes body=EXAMPLE", "POST topics name=a&title=a", "POST broadcast_messages message=EXAMPLE",
		"POST " + p + "/feature_flags name=fast&version=new_version_flag", "POST " + p + "/badges link_url=https://a.example&image_url=https://a.example", "POST groups/100/badges link_url=https://a.example&image_url=https://a.example"}
	calls = append(calls, "POST "+p+"/deployments environment=staging&sha=main&ref=main&tag=false&status=created")
	calls = append(calls, "POST "+p+"/issues/1/award_emoji name=eyes", "POST "+p+"/merge_requests/1/award_emoji name=eyes", "POST "+p+"/issues/1/links target_project_id=1000&target_issue_iid=1",
		"POST snippets title=first&file_name=a.txt&content=EXAMPLE")
	for _, home := range []string{p, "groups/100"} {
		calls = append(calls, "POST "+home+"/labels name=bug&color=red", "POST "+home+"/milestones title=one", "POST "+home+"/boards name=one")
	}
	for _, home := range []string{p, "groups/100", "users/4"} {
		call(t, s, http.MethodPut, "admin-write", home+"/custom_attributes/note", "value=EXAMPLE")
	}
	call(t, s, http.MethodPost, "maintainer-write", p+"/star", "")
	for _, one := range calls {
		parts := strings.SplitN(one, " ", 3)
		if w := call(t, s, parts[0], "admin-write", parts[1], parts[2]); w.Code != http.StatusCreated {
			t.Fatalf("%s = %d %s", one, w.Code, w.Body)
		}
	}
}

func TestWorkVerbs(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	fillWork(t, s)
	runVerbs(t, s, workVerbs(s))
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// TestOpenProjectsShowTheirWork: whoever sees a public project reads its issues, and nobody else's.
func TestOpenProjectsShowTheirWork(t *testing.T) {
	s := newServer(t, Options{})
	public := s.st.projPath["acme/website"].ID
	for _, id := range []int64{public, 1000} {
		call(t, s, http.MethodPost, "admin-write", "projects/"+itoa(id)+"/issues", "title=one")
	}
	for path, want := range map[string]int{"projects/" + itoa(public) + "/issues/1": 200, "projects/1000/issues/1": 404, "projects/1000/merge_requests": 404} {
		for _, label := range []string{"outsider", ""} {
			if w := get(t, s, label, path); w.Code != want {
				t.Errorf("GET %s as %q = %d, want %d", path, label, w.Code, want)
			}
		}
	}
	if w := call(t, s, http.MethodPost, "", "projects/"+itoa(public)+"/issues", "title=two"); w.Code != 401 {
		t.Errorf("an issue of nobody = %d, want 401", w.Code)
	}
}

// TestJobTokenKnowsItsJob: a job's token, and nothing else, tells the job and the agents that it may use.
func TestJobTokenKnowsItsJob(t *testing.T) {
	s := newServer(t, Options{})
	if got := object(t, get(t, s, "", "job?job_token="+s.Token("job")))["status"]; got != "running" {
		t.Errorf("job = %v, want the running one", got)
	}
	agents := object(t, get(t, s, "", "job/allowed_agents?job_token="+s.Token("job")))["allowed_agents"].([]any)
	if len(agents) != len(s.st.projects[1000].Agents) {
		t.Errorf("%d agents, want those of the project", len(agents))
	}
	if w := get(t, s, "admin", "job"); w.Code != http.StatusUnauthorized {
		t.Errorf("job of an administrator = %d, want 401", w.Code)
	}
}

// TestSearch finds by each scope what is there.
func TestSearch(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	fillWork(t, s)
	for path, want := range map[string]string{
		"search?scope=projects&search=cart": `"path_with_namespace":"acme/shop/cart"`, "search?scope=users&search=olivia": `"username":"olivia"`,
		"search?scope=issues&search=first": `"title":"first"`, "groups/100/search?scope=merge_requests&search=first": `"source_branch":"topic"`,
		"projects/1000/search?scope=blobs&search=example&ref=topic": `"path":"topic.txt"`, "projects/1000/search?scope=commits&search=later&ref=later": `"title":"later"`,
		"projects/1000/search?scope=milestones&search=one": `"title":"one"`, "projects/1000/search?scope=blobs&search=--open-files-in-pager": "[]",
	} {
		if w := get(t, s, "admin", path); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET %s = %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
	for path, want := range map[string]int{"search?scope=projects": 400, "search?scope=colours&search=x": 400, "projects/1000/search?scope=blobs&search=x": 404} {
		if w := get(t, s, "outsider", path); w.Code != want {
			t.Errorf("GET %s = %d, want %d", path, w.Code, want)
		}
	}
}

// TestTerraformBackend is a state's life as Terraform writes it: locked, written, read, unlocked.
func TestTerraformBackend(t *testing.T) {
	s := newServer(t, Options{})
	steps := []struct {
		method, path, body, label string
		want                      int
		shows                     string
	}{
		{"GET", "", "", "maintainer-write", 404, ""},
		{"POST", "/lock", `{"ID":"one","Who":"EXAMPLE"}`, "maintainer-write", 200, ""},
		{"GET", "", "", "maintainer-write", 204, ""},
		{"POST", "/lock", `{"ID":"two"}`, "admin-write", 409, `"ID":"one"`},
		{"POST", "?ID=two", `{"version":4,"serial":7}`, "admin-write", 409, `"ID":"one"`},
		{"POST", "?ID=one", `{"version":4,"serial":7}`, "maintainer-write", 200, ""},
		{"POST", "?ID=one", `no json`, "maintainer-write", 400, ""},
		{"DELETE", "/lock", `{"ID":"two"}`, "maintainer-write", 409, ""},
		{"DELETE", "/lock", `{"ID":"one"}`, "maintainer-write", 200, ""},
		{"GET", "", "", "maintainer", 403, "insufficient_scope"},
		{"GET", "", "", "maintainer-write", 200, `"serial":7`},
		{"GET", "", "", "", 401, "Access denied"},
		{"DELETE", "", "", "maintainer-write", 200, ""},
		{"GET", "", "", "maintainer-write", 404, ""},
	}
	for i, step := range steps {
		r := httptest.NewRequest(step.method, "/api/v4/projects/1000/terraform/state/live"+step.path, strings.NewReader(step.body))
		if step.label != "" {
			r.SetBasicAuth("mark", s.Token(step.label))
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != step.want || !strings.Contains(w.Body.String(), step.shows) {
			t.Errorf("step %d: %s%s = %d %s, want %d %s", i, step.method, step.path, w.Code, w.Body, step.want, step.shows)
		}
	}
}

// TestFilesComeBack: what a client puts among packages and attachments is there afterwards, byte by byte.
func TestFilesComeBack(t *testing.T) {
	s := newServer(t, Options{})
	const file = "projects/1000/packages/generic/tool/1.2/tool.bin"
	if w := askWith(s, "PUT", file, "EXAMPLE\x00\xff", "Content-Type", "application/x-www-form-urlencoded"); w.Code != 201 {
		t.Fatalf("put = %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "maintainer", file); w.Code != 200 || w.Body.String() != "EXAMPLE\x00\xff" {
		t.Errorf("package = %d %q", w.Code, w.Body)
	}
	if w := askWith(s, "PUT", file+"?select=package_file", "EXAMPLE"); object(t, w)["file_name"] != "tool.bin" {
		t.Errorf("package file = %s", w.Body)
	}
	if rows := list(t, get(t, s, "maintainer", "projects/1000/packages")); len(rows) != 1 || rows[0]["version"] != "1.2" {
		t.Errorf("packages = %v", rows)
	}
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nEXAMPLE\r\n--x--\r\n"
	if w := askWith(s, "POST", "projects/1000/uploads", body, "Content-Type", "multipart/form-data; boundary=x"); w.Code != 201 || !strings.Contains(w.Body.String(), `[a.txt](/uploads/`) {
		t.Errorf("upload = %d %s", w.Code, w.Body)
	}
	if rows := list(t, get(t, s, "admin-write", "projects/1000/uploads")); len(rows) != 1 || rows[0]["size"] != float64(7) {
		t.Errorf("uploads = %v", rows)
	}
}

// TestOAuthDoor: without a grant there is no token, and each refusal says what is wrong.
func TestOAuthDoor(t *testing.T) {
	s := newServer(t, Options{})
	app := s.st.w.Applications[0]
	client := "&client_id=" + app.ClientID + "&client_secret=" + app.Value
	for _, test := range []struct {
		path, form string
		want       int
		shows      string
	}{
		{"/oauth/token", "", 400, "invalid_request"},
		{"/oauth/token", "grant_type=magic" + client, 400, "unsupported_grant_type"},
		{"/oauth/token", "grant_type=refresh_token&refresh_token=EXAMPLE", 401, "invalid_client"},
		{"/oauth/token", "grant_type=refresh_token&refresh_token=EXAMPLE" + client, 400, "invalid_grant"},
		{"/oauth/introspect", "token=EXAMPLE" + client, 200, `"active":false`},
		{"/oauth/revoke", "token=EXAMPLE" + client + "x", 401, "invalid_client"},
	} {
		w := call(t, s, http.MethodPost, "", test.path, test.form)
		if w.Code != test.want || !strings.Contains(w.Body.String(), test.shows) || w.Code >= 400 && !strings.Contains(w.Header().Get("Www-Authenticate"), test.shows) {
			t.Errorf("POST %s %s = %d %s, want %d with %s", test.path, test.form, w.Code, w.Body, test.want, test.shows)
		}
	}
	if got := object(t, get(t, s, "", "/.well-known/openid-configuration"))["token_endpoint"]; got != "http://example.com/oauth/token" {
		t.Errorf("token endpoint = %v", got)
	}
}

// TestTreeByToken reads a tree page by page, as clients do that follow Link alone.
func TestTreeByToken(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	const tree = "projects/1000/repository/tree?recursive=true"
	var whole, paged []string
	for _, row := range list(t, get(t, s, "admin", tree+"&per_page=100")) {
		whole = append(whole, row["path"].(string))
	}
	for path := tree + "&pagination=keyset&per_page=1"; path != ""; {
		w := get(t, s, "admin", path)
		for _, row := range list(t, w) {
			paged = append(paged, row["path"].(string))
		}
		path = linkTo(w, "next")
	}
	if len(whole) < 2 || !slices.Equal(whole, paged) {
		t.Errorf("by token %q, in one %q", paged, whole)
	}
	if w := get(t, s, "admin", tree+"&pagination=keyset&page_token=bm9uZQ"); w.Code != 422 {
		t.Errorf("an unknown token = %d, want 422", w.Code)
	}
}
