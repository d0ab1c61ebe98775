package gitlabtest

import (
	"strings"
	"testing"
)

// talkVerbs are what people say and note of work, homes and each other.
func talkVerbs() []verb {
	const p, issue, merge = "projects/1000", "projects/1000/issues/1", "projects/1000/merge_requests/1"
	return []verb{
		{"thread", "maintainer-write", "POST " + merge + "/discussions", "body=why&position[new_path]=topic.txt&position[new_line]=1&position[position_type]=text", 201, "", merge + "/discussions", `"type":"DiffNote"`},
		{"thread_without_body", "maintainer-write", "POST " + merge + "/discussions", "", 400, "", "", ""},
		{"thread_of_nothing", "maintainer-write", "POST projects/1000/merge_requests/99/discussions", "body=x", 404, "", "", ""},
		{"reply_to_nothing", "maintainer-write", "POST " + merge + "/discussions/none/notes", "body=x", 404, "", "", ""},
		{"resolve_nothing", "maintainer-write", "PUT " + merge + "/discussions/none", "resolved=true", 404, "", "", ""},
		{"participants", "maintainer-write", "POST " + issue + "/notes", "body=me", 201, "", issue + "/participants", `"username":"mark"`},
		{"emoji", "maintainer-write", "POST " + issue + "/award_emoji", "name=thumbsup", 201, "", issue + "/award_emoji", `"awardable_type":"Issue"`},
		{"emoji_again", "maintainer-write", "POST " + issue + "/award_emoji", "name=thumbsup", 404, "", "", ""},
		{"emoji_on_a_request", "maintainer-write", "POST " + merge + "/award_emoji", "name=heart", 201, "", merge + "/award_emoji", `"name":"heart"`},
		{"emoji_of_another", "developer", "DELETE " + issue + "/award_emoji/3", "", 403, "", "", ""},
		{"emoji_ends", "maintainer-write", "DELETE " + issue + "/award_emoji/3", "", 204, "", issue + "/award_emoji", "!thumbsup"},
		{"second_issue", "maintainer-write", "POST " + p + "/issues", "title=second", 201, "", p + "/issues", `"second"`},
		{"link", "maintainer-write", "POST " + issue + "/links", "target_project_id=1000&target_issue_iid=2&link_type=blocks", 201, "", issue + "/links", `"link_type":"blocks"`},
		{"link_to_nothing", "maintainer-write", "POST " + issue + "/links", "target_project_id=1000&target_issue_iid=99", 404, "", "", ""},
		{"link_ends", "maintainer-write", "DELETE " + issue + "/links/2", "", 200, "", issue + "/links", "!blocks"},
		{"label_renamed_by_its_name", "maintainer-write", "PUT " + p + "/labels", "name=bug&new_name=defect", 200, "", p + "/labels", `"name":"defect"`},
		{"label_without_a_name", "maintainer-write", "DELETE " + p + "/labels", "", 400, "", "", ""},
		{"label_ends_by_its_name", "maintainer-write", "DELETE " + p + "/labels", "name=defect", 204, "", p + "/labels", "!defect"},
		{"board", "maintainer-write", "POST " + p + "/boards", "name=Plan", 201, "", p + "/boards", `"name":"Plan"`},

		{"attribute", "admin-write", "PUT users/4/custom_attributes/floor", "value=3", 200, "", "users/4/custom_attributes", `{"key":"floor","value":"3"}`},
		{"attribute_changes", "admin-write", "PUT users/4/custom_attributes/floor", "value=4", 200, "", "users/4/custom_attributes/floor", `"value":"4"`},
		{"attribute_of_a_project", "admin-write", "PUT " + p + "/custom_attributes/cost", "value=7", 200, "", p + "/custom_attributes", `"cost"`},
		{"attribute_by_a_maintainer", "maintainer-write", "PUT " + p + "/custom_attributes/cost", "value=8", 403, "", "", ""},
		{"attribute_of_nobody", "admin-write", "PUT users/999/custom_attributes/floor", "value=3", 404, "", "", ""},
		{"attribute_ends", "admin-write", "DELETE users/4/custom_attributes/floor", "", 204, "", "users/4/custom_attributes", "!floor"},
		{"saml_link", "group-owner-write", "POST groups/101/saml_group_links", "saml_group_name=ops&access_level=30", 201, "", "groups/101/saml_group_links", `"name":"ops"`},
		{"saml_link_shown", "group-owner-write", "POST groups/101/saml_group_links", "saml_group_name=dev&access_level=30", 201, "", "groups/101/saml_group_links/dev", `"access_level":30`},
		{"saml_link_again", "group-owner-write", "POST groups/101/saml_group_links", "saml_group_name=ops&access_level=30", 400, "", "", ""},
		{"saml_link_level", "group-owner-write", "POST groups/101/saml_group_links", "saml_group_name=x&access_level=31", 400, "", "", ""},
		{"saml_link_ends", "group-owner-write", "DELETE groups/101/saml_group_links/ops", "", 204, "", "groups/101/saml_group_links", "!ops"},
		{"ldap_link", "group-owner-write", "POST groups/101/ldap_group_links", "cn=ops&group_access=30&provider=ldapmain", 201, "", "groups/101/ldap_group_links", `"cn":"ops"`},
		{"ldap_link_of_another_server", "group-owner-write", "DELETE groups/101/ldap_group_links/other/ops", "", 404, "", "", ""},
		{"ldap_link_ends", "group-owner-write", "DELETE groups/101/ldap_group_links", "cn=ops&provider=ldapmain", 204, "", "groups/101/ldap_group_links", "!ops"},

		{"asks_for_access", "developer", "POST projects/1006/access_requests", "", 403, "", "", ""},
		{"asks_for_access", "maintainer-write", "POST projects/acme%2Fwebsite/access_requests", "", 201, "", "projects/acme%2Fwebsite/access_requests", `"username":"mark"`},
		{"asks_again", "maintainer-write", "POST projects/acme%2Fwebsite/access_requests", "", 403, "", "", ""},
		{"access_given", "admin-write", "PUT projects/acme%2Fwebsite/access_requests/4/approve", "access_level=20", 201, "member_created", "projects/acme%2Fwebsite/members", `"username":"mark"`},
		{"access_given_to_nobody", "admin-write", "PUT projects/acme%2Fwebsite/access_requests/4/approve", "", 404, "", "", ""},

		{"snippet", "maintainer-write", "POST snippets", "title=mine&file_name=a.sh&content=EXAMPLE&visibility=private", 201, "", "snippets/2/raw", "EXAMPLE"},
		{"snippet_of_files", "maintainer-write", "POST snippets", "title=ours&visibility=public&files[][file_path]=b.sh&files[][content]=EXAMPLE", 201, "", "snippets/public", `"file_name":"b.sh"`},
		{"snippet_without_content", "maintainer-write", "POST snippets", "title=none", 400, "", "", ""},
		{"snippet_of_another", "group-owner-write", "PUT snippets/2", "title=stolen", 404, "", "", ""},
		{"snippet_changes", "maintainer-write", "PUT snippets/2", "title=better", 200, "", "snippets/2", `"title":"better"`},
		{"public_snippet_of_another", "group-owner-write", "DELETE snippets/3", "", 403, "", "", ""},
		{"snippet_ends", "maintainer-write", "DELETE snippets/2", "", 204, "", "snippets/all", "!better"},

		{"integration_by_its_old_name", "maintainer-write", "PUT " + p + "/services/slack", "webhook=https://hooks.example/EXAMPLE&push_events=true", 200, "", p + "/services/slack", `"slug":"slack"`},
		{"integration_ends_by_its_old_name", "maintainer-write", "DELETE " + p + "/services/slack", "", 204, "", p + "/integrations", "!slack"},
	}
}

func TestTalkVerbs(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	fillWork(t, s)
	runVerbs(t, s, talkVerbs())
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// A thread is one discussion of all its notes; a note alone becomes one by an answer.
func TestThreads(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	fillWork(t, s)
	const path = "projects/1000/merge_requests/1/discussions"
	rows := func() []map[string]any { return list(t, get(t, s, "admin", path)) }
	alone := rows()[0]
	if alone["individual_note"] != true {
		t.Fatalf("a note alone is %v", alone)
	}
	id, _ := alone["id"].(string)
	if w := call(t, s, "POST", "maintainer-write", path+"/"+id+"/notes", "body=because"); w.Code != 201 || !strings.Contains(w.Body.String(), `"type":"DiscussionNote"`) {
		t.Fatalf("reply = %d %s", w.Code, w.Body)
	}
	thread := rows()[0]
	if notes, _ := thread["notes"].([]any); len(notes) != 2 || thread["id"] != id || thread["individual_note"] != false || len(rows()) != 1 {
		t.Errorf("after the reply the thread is %v", thread)
	}
	if w := call(t, s, "PUT", "outsider", path+"/"+id, "resolved=true"); w.Code != 404 {
		t.Errorf("an outsider resolves: %d", w.Code)
	}
	if w := call(t, s, "PUT", "maintainer-write", path+"/"+id, "resolved=true"); w.Code != 200 || strings.Count(w.Body.String(), `"resolved":true`) != 2 {
		t.Errorf("resolve = %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "maintainer", path+"/"+id); w.Code != 200 || strings.Contains(w.Body.String(), `"thread"`) {
		t.Errorf("one thread = %d %s", w.Code, w.Body)
	}
}
