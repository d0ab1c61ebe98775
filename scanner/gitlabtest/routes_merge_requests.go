package gitlabtest

import (
	"crypto/sha1" //nolint:gosec // the form of a patch's name
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// mergeRoutes are merge requests; what they would change is read from the repository, and merging them writes there.
func mergeRoutes() []Route {
	const source, list, one = "https://docs.gitlab.com/api/merge_requests/", "projects/:id/merge_requests", "projects/:id/merge_requests/:merge_request_iid"
	const approvals = "https://docs.gitlab.com/api/merge_request_approvals/"
	read := func(path string, handle Handler) Route {
		return Route{Method: "GET", Path: path, Role: Reporter, Auditor: true, Anonymous: true, Visible: true, Permission: "read_merge_request", Source: source, Handle: handle}
	}
	paged := func(r Route) Route { r.Paging = Offset; return r }
	verb := func(method, path, source string, handle Handler) Route {
		return Route{Method: method, Path: path, Role: Developer, Permission: "update_merge_request", Source: source, Handle: handle}
	}
	all := append(mergeCollection().routes(), noteCollection(one+"/notes", "MergeRequest").routes()...)
	return append(all,
		paged(Route{Method: "GET", Path: "merge_requests", Permission: "read_merge_request", Source: source, Handle: func(c *Call) Answer { return mergeCollection().everywhere(c) }}),
		paged(Route{Method: "GET", Path: "groups/:id/merge_requests", Permission: "read_merge_request", Source: source, Handle: func(c *Call) Answer { return mergeCollection().everywhere(c) }}),
		paged(read(one+"/diffs", listMergeDiffs)),
		paged(read(one+"/draft_notes", emptyList)),
		read(one+"/changes", showMergeChanges),
		read(one+"/raw_diffs", rawMergeDiffs),
		paged(read(one+"/versions", listMergeVersions)),
		read(one+"/versions/:version_id", showMergeVersion),
		paged(read(one+"/commits", listMergeCommits)),
		paged(read(one+"/pipelines", listMergePipelines)),
		read(one+"/approvals", showMergeApprovals),
		read(one+"/approval_state", showApprovalState),
		verb("PUT", one+"/merge", source, mergeMerge),
		verb("POST", one+"/approve", approvals, approveMerge),
		verb("POST", one+"/unapprove", approvals, unapproveMerge),
		paged(Route{Method: "GET", Path: "projects/:id/repository/commits/:sha/merge_requests", Role: Reporter, Permission: "read_merge_request", Source: "https://docs.gitlab.com/api/commits/", Handle: listCommitMerges}),
	)
}

func mergeCollection() collection {
	return collection{
		path: "projects/:id/merge_requests", source: "https://docs.gitlab.com/api/merge_requests/", name: "Merge Request", noun: "merge_request", key: "iid",
		read: Reporter, write: Developer, change: Developer, required: []string{"source_branch", "target_branch", "title"},
		fields: workFields(Object{"source_branch": "", "target_branch": "", "reviewer_ids": []int64{}, "squash": false, "remove_source_branch": false}),
		check:  checkMerge, shape: mergeShape, detail: mergeDetail, wanted: wantedWork,
	}
}

// checkMerge refuses a second open request for the same branch, and one of a branch into itself.
func checkMerge(c *Call, r *record) *Answer {
	if r.text("source_branch") == r.text("target_branch") {
		return refuseWork(http.StatusUnprocessableEntity, "You can't use same project/branch for source and target")
	}
	for _, other := range c.st.records[c.place(mergeCollection().path)] {
		if other.id != r.id && other.text("state") == "opened" && other.text("source_branch") == r.text("source_branch") && other.text("target_branch") == r.text("target_branch") && r.id == 0 {
			return refuseWork(http.StatusConflict, "Another open merge request already exists for this source branch: !"+itoa(other.iid))
		}
	}
	return checkWork(c, r)
}

// ends are the commits that a request joins: the heads of its branches and where they parted. What was merged keeps its
// own. ok is false where a branch is not there.
func (c *Call) ends(r *record) (base, source, target string, ok bool) {
	if merged, is := r.fields["merged_ends"].([3]string); is {
		return merged[0], merged[1], merged[2], true
	}
	b := c.server.repository(c.Project)
	if b == nil {
		return "", "", "", false
	}
	source, err1 := b.revision("refs/heads/"+r.text("source_branch"), "commit")
	target, err2 := b.revision("refs/heads/"+r.text("target_branch"), "commit")
	out, err3 := b.git("merge-base", target, source)
	return strings.TrimSpace(out), source, target, err1 == nil && err2 == nil && err3 == nil
}

func (r *record) draft() bool {
	title := strings.ToLower(r.text("title"))
	return strings.HasPrefix(title, "draft:") || strings.HasPrefix(title, "[draft]") || strings.HasPrefix(title, "(draft)")
}

// mergeDetail is what only the answer about one request tells.
func mergeDetail(c *Call, r *record) Object {
	o := Object{"subscribed": false, "changes_count": nil, "diff_refs": nil, "merge_error": nil, "first_contribution": false, "head_pipeline": nil, "pipeline": nil,
		"user": Object{"can_merge": c.mayMerge(c.Project, r.text("target_branch"))}, "latest_build_started_at": nil, "latest_build_finished_at": nil, "first_deployed_to_production_at": nil}
	base, source, target, ok := c.ends(r)
	if !ok {
		return o
	}
	b := c.server.repository(c.Project)
	o["diff_refs"], o["changes_count"] = Object{"base_sha": base, "head_sha": source, "start_sha": base}, strconv.Itoa(len(mergeChanges(b, base, source)))
	if _, clean := b.joined(base, target, source); r.text("state") == "opened" && !clean {
		o.Merge(Object{"has_conflicts": true, "merge_status": "cannot_be_merged", "detailed_merge_status": "conflict"})
	}
	if asked, _ := c.Bool("include_rebase_in_progress"); asked {
		o["rebase_in_progress"] = false
	}
	if asked, _ := c.Bool("include_diverged_commits_count"); asked {
		out, _ := b.git("rev-list", "--count", target, "^"+source, "--") // 0 with an error
		o["diverged_commits_count"], _ = strconv.Atoi(strings.TrimSpace(out))
	}
	for _, l := range c.Project.pipelines() {
		if c.sha(c.Project, l) == source {
			o["head_pipeline"], o["pipeline"] = pipelineDetail(c, l), pipelineJSON(c, l)
			break
		}
	}
	return o
}

// mergeShape leaves the fields out by which the simulator remembers.
func mergeShape(c *Call, r *record) Object {
	_, source, _, ok := c.ends(r)
	o := workShape(c, r, "!").Merge(Object{
		"source_project_id": c.Project.ID, "target_project_id": c.Project.ID, "draft": r.draft(), "work_in_progress": r.draft(), "sha": nil,
		"merge_when_pipeline_succeeds": false, "merge_status": "can_be_merged", "detailed_merge_status": "mergeable", "has_conflicts": false, "blocking_discussions_resolved": true,
		"merge_commit_sha": r.fields["merge_commit_sha"], "squash_commit_sha": r.fields["squash_commit_sha"], "merged_at": r.fields["merged_at"], "merged_by": r.fields["merged_by"], "merge_user": r.fields["merged_by"],
		"should_remove_source_branch": nil, "force_remove_source_branch": r.fields["remove_source_branch"], "prepared_at": r.created.stamp(), "reference": "!" + itoa(r.iid),
		"web_url": c.URL("/" + c.Project.Path + "/-/merge_requests/" + itoa(r.iid)), "squash_on_merge": r.fields["squash"],
		"user_notes_count":    len(c.st.records["projects/"+itoa(c.Project.ID)+"/merge_requests/"+itoa(r.iid)+"/notes"]),
		"allow_collaboration": false, "allow_maintainer_to_push": false, "approvals_before_merge": nil, "merge_after": nil,
	})
	for _, kept := range []string{"merged_ends", "approved_by", "remove_source_branch"} {
		delete(o, kept)
	}
	if !ok {
		return o.Merge(Object{"merge_status": "cannot_be_merged", "detailed_merge_status": "broken_status"})
	}
	o["sha"] = source
	switch {
	case r.text("state") != "opened":
		o["detailed_merge_status"] = "not_open"
	case r.draft():
		o["detailed_merge_status"] = "draft_status"
	}
	return o
}

// withMerge finds the request, and the commits that it joins.
func withMerge(c *Call, use func(r *record, b *bare, base, source string) Answer) Answer {
	r, found := c.work()
	if !found {
		return NotFound("Merge Request")
	}
	base, source, _, ok := c.ends(r)
	if !ok {
		return use(r, nil, "", "")
	}
	return use(r, c.server.repository(c.Project), base, source)
}

// mergeChanges are the files that a request would change; none where a branch is gone.
func mergeChanges(b *bare, base, source string) []gitChange {
	if b == nil {
		return nil
	}
	changes, _ := b.changes(base, source) // nil with an error
	return changes
}

func listMergeDiffs(c *Call) Answer {
	return withMerge(c, func(_ *record, b *bare, base, source string) Answer {
		return List(c, mergeChanges(b, base, source), noID[gitChange], diffJSON)
	})
}

func showMergeChanges(c *Call) Answer {
	return withMerge(c, func(r *record, b *bare, base, source string) Answer {
		return OK(mergeCollection().full(c, r).Merge(Object{"changes": renderAll(mergeChanges(b, base, source), diffJSON), "overflow": false}))
	})
}

func rawMergeDiffs(c *Call) Answer {
	return withMerge(c, func(_ *record, b *bare, base, source string) Answer {
		if b == nil {
			return Plain(http.StatusOK, "text/plain", "")
		}
		text, err := b.git("diff-tree", "-r", "-M", "-p", base, source)
		if err != nil {
			return c.withoutGit()
		}
		return Plain(http.StatusOK, "text/plain", text)
	})
}

// mergeVersion is the only one: what the branches hold at this moment.
func mergeVersion(r *record, b *bare, base, source string) Object {
	changes := mergeChanges(b, base, source)
	sum := sha1.New() //nolint:gosec // the form of a patch's name
	for _, g := range changes {
		_, _ = sum.Write([]byte(g.newPath + "\x00" + g.text)) // a hash takes everything
	}
	return Object{"id": r.id, "head_commit_sha": source, "base_commit_sha": base, "start_commit_sha": base, "created_at": r.created.stamp(), "merge_request_id": r.id, "state": "collected",
		"real_size": strconv.Itoa(len(changes)), "patch_id_sha": hex.EncodeToString(sum.Sum(nil))}
}

func listMergeVersions(c *Call) Answer {
	return withMerge(c, func(r *record, b *bare, base, source string) Answer {
		return List(c, []Object{mergeVersion(r, b, base, source)}, noID[Object], func(o Object) Object { return o })
	})
}

func showMergeVersion(c *Call) Answer {
	return withMerge(c, func(r *record, b *bare, base, source string) Answer {
		if r.id != c.PathID("version_id") {
			return NotFound("")
		}
		commits, err := mergeCommits(c, b, base, source)
		if err != nil {
			return c.withoutGit()
		}
		return OK(mergeVersion(r, b, base, source).Merge(Object{"commits": append([]Object{}, commits...), "diffs": renderAll(mergeChanges(b, base, source), diffJSON)}))
	})
}

// mergeCommits are those that a request would bring, the newest first; none where a branch is gone.
func mergeCommits(c *Call, b *bare, base, source string) ([]Object, error) {
	if b == nil {
		return nil, nil
	}
	out, err := b.git("rev-list", source, "^"+base, "--")
	if err != nil {
		return nil, err
	}
	return c.commitsJSON(b, strings.Fields(out))
}

func listMergeCommits(c *Call) Answer {
	return withMerge(c, func(_ *record, b *bare, base, source string) Answer {
		full, err := mergeCommits(c, b, base, source)
		if err != nil {
			return c.withoutGit()
		}
		return List(c, full, noID[Object], func(o Object) Object { return o })
	})
}

func listMergePipelines(c *Call) Answer {
	return withMerge(c, func(r *record, _ *bare, _, source string) Answer {
		rows := keep(c.Project.pipelines(), func(l *Pipeline) bool { return source != "" && c.sha(c.Project, l) == source })
		return List(c, rows, noID[*Pipeline], func(l *Pipeline) Object { return pipelineJSON(c, l) })
	})
}

// listCommitMerges names the requests that bring, or have brought, a commit.
func listCommitMerges(c *Call) Answer {
	b := c.server.repository(c.Project)
	return withCommit(c, b, func(id string) Answer {
		rows := keep(c.st.records[c.place(mergeCollection().path)], func(r *record) bool {
			base, source, _, ok := c.ends(r)
			if !ok {
				return false
			}
			out, err := b.git("rev-list", source, "^"+base, "--")
			return err == nil && slices.Contains(strings.Fields(out), id)
		})
		return List(c, rows, noID[*record], func(r *record) Object { return mergeShape(c, r) })
	})
}
