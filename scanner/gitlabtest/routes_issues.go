package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// issueRoutes are issues with what is said of them.
func issueRoutes() []Route {
	const source, one = "https://docs.gitlab.com/api/issues/", "projects/:id/issues/:issue_iid"
	all := append(issueCollection().routes(), noteCollection(one+"/notes", "Issue").routes()...)
	for _, home := range []string{"projects/:id", "groups/:id"} {
		for _, k := range []collection{issueCollection(), mergeCollection()} {
			all = append(all, Route{Method: "GET", Path: home + "/milestones/:milestone_id/" + lastSegment(k.path), Role: Guest, Auditor: true, Permission: "read_milestone", Paging: Offset,
				Source: "https://docs.gitlab.com/api/milestones/", Handle: k.ofMilestone})
		}
	}
	return append(all,
		Route{Method: "GET", Path: "issues", Permission: "read_issue", Paging: Offset, Source: source, Handle: func(c *Call) Answer { return issueCollection().everywhere(c) }},
		Route{Method: "GET", Path: "groups/:id/issues", Permission: "read_issue", Paging: Offset, Source: source, Handle: func(c *Call) Answer { return issueCollection().everywhere(c) }},
	)
}

// workFields are what issues and merge requests have in common.
func workFields(more Object) Object {
	return Object{
		"title": "", "description": nil, "labels": []string{}, "milestone_id": int64(0), "assignee_ids": []int64{}, "discussion_locked": nil,
	}.Merge(more)
}

func issueCollection() collection {
	return collection{
		path: "projects/:id/issues", source: "https://docs.gitlab.com/api/issues/", name: "Issue", noun: "issue", key: "iid",
		read: Guest, write: Guest, change: Planner, required: []string{"title"},
		fields: workFields(Object{"confidential": false, "due_date": nil, "weight": nil, "issue_type": "issue"}),
		check:  checkWork, shape: issueShape, wanted: wantedWork, detail: func(*Call, *record) Object { return Object{"subscribed": false} },
	}
}

func noteCollection(path, kind string) collection {
	return collection{
		path: path, source: "https://docs.gitlab.com/api/notes/", name: "Note", noun: "note", read: Guest, write: Guest, change: Maintainer, required: []string{"body"},
		fields: Object{"body": "", "internal": false},
		shape: func(c *Call, r *record) Object {
			return r.shown(Object{"id": r.id, "type": noteType(r), "author": userBasic(c, r.author), "created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "system": false,
				"noteable_type": kind, "noteable_iid": workNumber(c), "project_id": c.Project.ID, "resolvable": kind == "MergeRequest" && r.text("thread") != "", "confidential": r.fields["internal"],
				"imported": false, "imported_from": "none", "commands_changes": Object{}}).without("thread")
		},
		check: onWork(kind),
	}
}

// noteType says where a note stands: alone, in a thread, or in one at a line of a change.
func noteType(r *record) any {
	switch {
	case r.fields["position"] != nil:
		return "DiffNote"
	case r.text("thread") != "":
		return "DiscussionNote"
	}
	return nil
}

// workNumber is the number of the issue or merge request that the path names.
func workNumber(c *Call) int64 { return c.PathID("issue_iid") + c.PathID("merge_request_iid") }

// work is the issue or merge request that the path names.
func (c *Call) work() (*record, bool) {
	list := issueCollection().path
	if c.Path("merge_request_iid") != "" {
		list = mergeCollection().path
	}
	for _, r := range c.st.records[c.place(list)] {
		if r.iid == workNumber(c) {
			return r, true
		}
	}
	return nil, false
}

// checkWork opens what is fresh, and closes and opens it again.
func checkWork(c *Call, r *record) *Answer {
	if r.fields["state"] == nil {
		r.fields["state"] = "opened"
	}
	if one, given := c.Int("assignee_id"); given {
		r.fields["assignee_ids"] = keep([]int64{one}, func(id int64) bool { return id != 0 })
	}
	labels, _ := r.fields["labels"].([]string)
	for _, added := range c.Texts("add_labels") {
		if !slices.Contains(labels, added) {
			labels = append(slices.Clone(labels), added)
		}
	}
	r.fields["labels"] = append([]string{}, keep(labels, func(l string) bool { return l != "" && !slices.Contains(c.Texts("remove_labels"), l) })...)
	switch {
	case c.Text("state_event") == "close" && r.text("state") == "opened":
		r.fields["state"], r.fields["closed_at"], r.fields["closed_by"] = "closed", At(c.Now).stamp(), userBasic(c, c.Actor.User)
	case c.Text("state_event") == "reopen" && r.text("state") == "closed":
		r.fields["state"], r.fields["closed_at"], r.fields["closed_by"] = "opened", nil, nil
	}
	return nil
}

// workShape is what answers show of issues and merge requests alike.
func workShape(c *Call, r *record, sign string) Object {
	people := func(field string) []any {
		out := []any{}
		ids, _ := r.fields[field].([]int64)
		for _, id := range ids {
			if u := c.st.users[id]; u != nil {
				out = append(out, userPublic(c, u))
			}
		}
		return out
	}
	o := r.shown(Object{
		"id": r.id, "iid": r.iid, "project_id": c.Project.ID, "author": userBasic(c, r.author), "created_at": r.created.stamp(), "updated_at": r.updated.stamp(),
		"closed_at": r.fields["closed_at"], "closed_by": r.fields["closed_by"], "assignees": people("assignee_ids"), "assignee": nil, "reviewers": people("reviewer_ids"),
		"milestone": nil, "upvotes": 0, "downvotes": 0, "imported": false, "imported_from": "none",
		"references": Object{"short": sign + itoa(r.iid), "relative": sign + itoa(r.iid), "full": c.Project.Path + sign + itoa(r.iid)},
		"time_stats": Object{"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": nil, "human_total_time_spent": nil}, "task_completion_status": Object{"count": 0, "completed_count": 0},
	})
	for _, kept := range []string{"assignee_ids", "reviewer_ids", "milestone_id"} {
		delete(o, kept)
	}
	if all := o["assignees"].([]any); len(all) > 0 {
		o["assignee"] = all[0]
	}
	for _, m := range c.st.records["projects/"+itoa(c.Project.ID)+"/milestones"] {
		if m.id == r.fields["milestone_id"] {
			o["milestone"] = milestoneShape(c, m)
		}
	}
	return o
}

func issueShape(c *Call, r *record) Object {
	at := "/projects/" + itoa(c.Project.ID) + "/issues/" + itoa(r.iid)
	kind := r.text("issue_type")
	return workShape(c, r, "#").Merge(Object{
		"type": strings.ToUpper(kind), "web_url": c.URL("/" + c.Project.Path + "/-/issues/" + itoa(r.iid)), "merge_requests_count": 0, "has_tasks": false, "severity": "UNKNOWN",
		"user_notes_count": len(c.st.records[at[1:]+"/notes"]), "moved_to_id": nil, "blocking_issues_count": 0, "service_desk_reply_to": nil,
		"_links": Object{"self": c.URL("/api/v4" + at), "notes": c.URL("/api/v4" + at + "/notes"), "award_emoji": c.URL("/api/v4" + at + "/award_emoji"), "project": c.URL("/api/v4/projects/" + itoa(c.Project.ID)), "closed_as_duplicate_of": nil},
	})
}

// wantedWork reads the filters that lists of issues and of merge requests share.
func wantedWork(c *Call, r *record) bool {
	state, labels := c.Text("state"), r.fields["labels"].([]string)
	by := func(name string, u *User) bool { return c.Text(name) == "" || u != nil && c.Text(name) == u.Username }
	numbers := c.Texts("iids")
	author, someone := c.Int("author_id")
	kind := c.Text("issue_type")
	return (state == "" || state == "all" || state == r.text("state")) && by("author_username", r.author) &&
		(!someone || r.author != nil && r.author.ID == author) && (len(numbers) == 0 || slices.Contains(numbers, itoa(r.iid))) && (kind == "" || kind == r.text("issue_type")) &&
		!slices.ContainsFunc(c.Texts("labels"), func(want string) bool { return !slices.Contains(labels, want) }) &&
		(c.Text("source_branch") == "" || c.Text("source_branch") == r.text("source_branch")) && (c.Text("target_branch") == "" || c.Text("target_branch") == r.text("target_branch"))
}

// everywhere lists the rows of all projects that the caller sees, below a group or anywhere; without a group only his own,
// unless the scope is all.
func (k collection) everywhere(c *Call) Answer {
	scope := c.Text("scope")
	return k.across(c, func(r *record) bool {
		mine := r.author != nil && r.author == c.Actor.User
		return (mine || scope == "all" || c.Group != nil && scope == "") && (k.wanted == nil || k.wanted(c, r))
	})
}

// ofMilestone lists what is planned for a milestone of a project, or of a group.
func (k collection) ofMilestone(c *Call) Answer {
	id := c.PathID("milestone_id")
	return k.across(c, func(r *record) bool { return r.fields["milestone_id"] == id })
}

// across lists the rows of all projects that the caller sees, in the home of the request or anywhere.
func (k collection) across(c *Call, wanted func(*record) bool) Answer {
	type placed struct {
		at *Project
		r  *record
	}
	var rows []placed
	for _, p := range c.st.w.Projects {
		if c.Project != nil && p != c.Project || !c.below(p.Path) || !c.Sees(p) {
			continue
		}
		for _, r := range c.st.records["projects/"+itoa(p.ID)+"/"+lastSegment(k.path)] {
			if wanted(r) {
				rows = append(rows, placed{p, r})
			}
		}
	}
	slices.SortFunc(rows, func(x, y placed) int { return y.r.created.Compare(x.r.created.Time) })
	return List(c, rows, noID[placed], func(row placed) Object {
		inside := *c
		inside.Project = row.at
		return k.shape(&inside, row.r)
	})
}

// refuseWork is how GitLab answers what is wrong with a merge request.
func refuseWork(status int, text string) *Answer {
	a := Message(status, []string{text})
	if status != http.StatusConflict {
		a = Answer{Status: status, Body: Object{"error": []string{text}}}
	}
	return &a
}
