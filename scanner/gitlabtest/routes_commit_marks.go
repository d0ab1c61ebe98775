package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// commitMarkRoutes are what stands beside commits: statuses of other systems and comments; and commits made of others.
func commitMarkRoutes() []Route {
	const source, one = "https://docs.gitlab.com/api/commits/", "projects/:id/repository/commits/:sha"
	return []Route{
		{Method: "GET", Path: one + "/statuses", Role: Reporter, Auditor: true, JobToken: true, Permission: "read_commit_status", Paging: Offset, Source: source, Handle: listStatuses},
		{Method: "POST", Path: "projects/:id/statuses/:sha", Role: Developer, Permission: "create_commit_status", Source: source, Handle: setStatus},
		{Method: "GET", Path: one + "/comments", Role: Reporter, Permission: "read_commit_comment", Paging: Offset, Source: source, Handle: listComments},
		{Method: "POST", Path: one + "/comments", Role: Reporter, Permission: "create_commit_comment", Source: source, Handle: createComment},
		{Method: "POST", Path: one + "/cherry_pick", Role: Developer, Permission: "create_commit", Source: source, Handle: pickCommit(false)},
		{Method: "POST", Path: one + "/revert", Role: Developer, Permission: "create_commit", Source: source, Handle: pickCommit(true)},
	}
}

func (c *Call) statuses(id string) string {
	return "projects/" + itoa(c.Project.ID) + "/statuses/" + id
}

func statusJSON(c *Call, r *record) Object {
	return Object{"id": r.id, "author": userBasic(c, r.author), "created_at": r.created.stamp(), "started_at": nil, "finished_at": r.updated.stamp(), "allow_failure": false, "pipeline_id": nil}.Merge(r.fields)
}

func listStatuses(c *Call) Answer {
	return withCommit(c, c.server.repository(c.Project), func(id string) Answer {
		rows := keep(slices.Clone(c.st.records[c.statuses(id)]), func(r *record) bool {
			return (c.Text("name") == "" || c.Text("name") == r.text("name")) && (c.Text("ref") == "" || c.Text("ref") == r.text("ref"))
		})
		return List(c, rows, noID[*record], func(r *record) Object { return statusJSON(c, r) })
	})
}

// setStatus makes a status, or moves on the one of the same name.
func setStatus(c *Call) Answer {
	if lacks := c.blank("state"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	if !slices.Contains([]string{"pending", "running", "success", "failed", "canceled", "skipped"}, c.Text("state")) {
		return Refuse(http.StatusBadRequest, "state does not have a valid value")
	}
	return withCommit(c, c.server.repository(c.Project), func(id string) Answer {
		name := cmp.Or(c.Text("name"), c.Text("context"), "default")
		fields := Object{"sha": id, "ref": cmp.Or(c.Text("ref"), c.Project.Repository.branch()), "status": c.Text("state"), "name": name, "target_url": emptyNull(c.Text("target_url")),
			"description": emptyNull(c.Text("description")), "coverage": nil}
		for _, r := range c.st.records[c.statuses(id)] {
			if r.text("name") == name && r.fields["ref"] == fields["ref"] {
				r.fields, r.updated = fields, At(c.Now)
				return Created(statusJSON(c, r))
			}
		}
		r := &record{author: c.Actor.User, created: At(c.Now), updated: At(c.Now), fields: fields}
		return Created(statusJSON(c, c.st.keepRecord(c.statuses(id), "jobs", r))) // GitLab numbers them as jobs
	})
}

func (c *Call) comments(id string) string {
	return "projects/" + itoa(c.Project.ID) + "/repository/commits/" + id + "/comments"
}

func commentJSON(c *Call, r *record) Object {
	return Object{"author": userBasic(c, r.author), "created_at": r.created.stamp()}.Merge(r.fields)
}

func listComments(c *Call) Answer {
	return withCommit(c, c.server.repository(c.Project), func(id string) Answer {
		return List(c, c.st.records[c.comments(id)], noID[*record], func(r *record) Object { return commentJSON(c, r) })
	})
}

func createComment(c *Call) Answer {
	if lacks := c.blank("note"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	return withCommit(c, c.server.repository(c.Project), func(id string) Answer {
		fields := Object{"note": c.Text("note"), "path": emptyNull(c.Text("path")), "line": nil, "line_type": emptyNull(c.Text("line_type"))}
		if line, ok := c.Int("line"); ok {
			fields["line"] = line
		}
		r := &record{author: c.Actor.User, created: At(c.Now), updated: At(c.Now), fields: fields}
		return Created(commentJSON(c, c.st.keepRecord(c.comments(id), "note", r)))
	})
}

// pickCommit puts the change of a commit onto a branch, or takes it back there.
func pickCommit(back bool) Handler {
	return func(c *Call) Answer {
		branch := c.Text("branch")
		if branch == "" {
			return Refuse(http.StatusBadRequest, "branch is missing")
		}
		b := c.server.repository(c.Project)
		return withCommit(c, b, func(id string) Answer {
			head, err := b.revision("refs/heads/"+branch, "commit")
			switch {
			case err != nil:
				return NotFound("Branch")
			case !c.mayPush(c.Project, branch):
				return Message(http.StatusBadRequest, "You are not allowed to push into this branch")
			}
			list, err := b.commits([]string{id})
			if err != nil || len(list[0].parents) == 0 {
				return c.withoutGit()
			}
			base, theirs := list[0].parents[0], id
			text, verb := list[0].message+"\n\n(cherry picked from commit "+id+")", "cherry-pick"
			if back {
				base, theirs = id, list[0].parents[0]
				title, _, _ := strings.Cut(strings.TrimSpace(list[0].message), "\n")
				text, verb = "Revert \""+title+"\"\n\nThis reverts commit "+id, "revert"
			}
			tree, clean := b.joined(base, head, theirs)
			if same, err := b.revision(head, "tree"); !clean || err != nil || same == tree {
				return Answer{Status: http.StatusBadRequest, Body: Object{"error_code": map[bool]string{true: "empty", false: "conflict"}[clean],
					"message": "Sorry, we cannot " + verb + " this commit automatically. This commit may already have been " + verb + "ed, or a more recent commit may have updated some of its content."}}
			}
			if dry, _ := c.Bool("dry_run"); dry {
				return OK(Object{"dry_run": "success"})
			}
			made, err := c.write(b, commitWrite{branch: branch, parent: head, tree: tree, message: cmp.Or(c.Text("message"), text)})
			if err != nil {
				return c.withoutGit()
			}
			return c.commitAnswer(b, http.StatusCreated, made)
		})
	}
}
