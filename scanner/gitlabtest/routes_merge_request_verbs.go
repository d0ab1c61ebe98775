package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// joined is the tree of two commits over the base where they parted, as git merges it; false where they are at odds.
// git 2.39 takes no base from outside, so the three are made into commits of their own.
// Source: https://git-scm.com/docs/git-merge-tree
func (b *bare) joined(base, ours, theirs string) (tree string, ok bool) {
	bare := func(of string, parents ...string) string {
		args := []string{"-c", "user.name=GitLab", "-c", "user.email=noreply@gitlab.example", "commit-tree", "-m", "merge", of + "^{tree}"}
		for _, p := range parents {
			args = append(args, "-p", p)
		}
		out, err := b.git(args...)
		ok = ok && err == nil
		return strings.TrimSpace(out)
	}
	ok = true
	root := bare(base)
	left, right := bare(ours, root), bare(theirs, root)
	if !ok {
		return "", false
	}
	out, err := b.git("merge-tree", "--write-tree", left, right)
	tree, _, _ = strings.Cut(out, "\n")
	return tree, err == nil
}

// mergeMerge merges as GitLab does by default, with a merge commit, or with the commits squashed into one before.
func mergeMerge(c *Call) Answer {
	r, found := c.work()
	if !found {
		return NotFound("Merge Request")
	}
	base, source, target, ok := c.ends(r)
	switch {
	case c.Text("sha") != "" && c.Text("sha") != source:
		return Message(http.StatusConflict, "SHA does not match HEAD of source branch: "+source)
	case r.text("state") != "opened" || r.draft() || !ok:
		return Message(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	case !c.mayMerge(c.Project, r.text("target_branch")):
		return Unauthorized()
	}
	b := c.server.repository(c.Project)
	tree, clean := b.joined(base, target, source)
	if !clean {
		return Message(http.StatusUnprocessableEntity, "Branch cannot be merged")
	}
	if err := c.mergeInto(b, r, commitWrite{branch: r.text("target_branch"), parent: target, tree: tree}, source); err != nil {
		return c.withoutGit()
	}
	r.fields["state"], r.fields["merged_at"], r.fields["merged_by"] = "merged", At(c.Now).stamp(), userBasic(c, c.Actor.User)
	r.fields["merged_ends"], r.updated = [3]string{base, source, target}, At(c.Now)
	return OK(mergeCollection().full(c, r))
}

// wantsTo reads a flag of the request, and of the merge request where this one does not say.
func (c *Call) wantsTo(r *record, asked, kept string) bool {
	if on, set := c.Bool(asked); set {
		return on
	}
	on, _ := r.fields[kept].(bool)
	return on
}

// mergeInto writes the commit, and removes the source branch where that is wanted and nothing protects it.
func (c *Call) mergeInto(b *bare, r *record, w commitWrite, source string) error {
	from := r.text("source_branch")
	field := "squash_commit_sha"
	w.message = cmp.Or(c.Text("squash_commit_message"), r.text("title"))
	if !c.wantsTo(r, "squash", "squash") {
		field, w.merge = "merge_commit_sha", source
		w.message = cmp.Or(c.Text("merge_commit_message"), "Merge branch '"+from+"' into '"+w.branch+"'\n\n"+r.text("title")+"\n\nSee merge request "+c.Project.Path+"!"+itoa(r.iid))
	}
	id, err := c.write(b, w)
	if err != nil {
		return err
	}
	r.fields[field] = id
	if c.wantsTo(r, "should_remove_source_branch", "remove_source_branch") && len(c.Project.branchRules(from)) == 0 && from != c.Project.Repository.branch() {
		_, err = b.git("update-ref", "-d", "refs/heads/"+from)
	}
	return err
}

// approvers are the accounts that approved a request, by ID.
func (r *record) approvers() []int64 { ids, _ := r.fields["approved_by"].([]int64); return ids }

func mergeApprovals(c *Call, r *record) Object {
	by := []Object{}
	for _, id := range r.approvers() {
		by = append(by, Object{"user": userBasic(c, c.st.users[id]), "approved_at": r.updated.stamp()})
	}
	mine := c.Actor.User != nil && slices.Contains(r.approvers(), c.Actor.User.ID)
	return Object{
		"id": r.id, "iid": r.iid, "project_id": c.Project.ID, "title": r.text("title"), "description": r.fields["description"], "state": r.text("state"),
		"created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "merge_status": "can_be_merged", "approved": true, "approvals_required": 0, "approvals_left": 0,
		"approved_by": by, "suggested_approvers": []any{}, "approvers": []any{}, "approver_groups": []any{}, "user_has_approved": mine, "user_can_approve": !mine,
		"approval_rules_left": []any{}, "has_approval_rules": len(c.Project.ApprovalRules) > 0,
	}
}

func showMergeApprovals(c *Call) Answer {
	return withMerge(c, func(r *record, _ *bare, _, _ string) Answer { return OK(mergeApprovals(c, r)) })
}

func showApprovalState(c *Call) Answer {
	return withMerge(c, func(*record, *bare, string, string) Answer {
		return OK(Object{"approval_rules_overwritten": false, "rules": []any{}})
	})
}

func approveMerge(c *Call) Answer {
	return withMerge(c, func(r *record, _ *bare, _, source string) Answer {
		switch {
		case slices.Contains(r.approvers(), c.Actor.User.ID):
			return Unauthorized()
		case c.Text("sha") != "" && c.Text("sha") != source:
			return Message(http.StatusConflict, "SHA does not match HEAD of source branch: "+source)
		}
		r.fields["approved_by"], r.updated = append(slices.Clone(r.approvers()), c.Actor.User.ID), At(c.Now)
		return Created(mergeApprovals(c, r))
	})
}

func unapproveMerge(c *Call) Answer {
	return withMerge(c, func(r *record, _ *bare, _, _ string) Answer {
		if !slices.Contains(r.approvers(), c.Actor.User.ID) {
			return NotFound("")
		}
		r.fields["approved_by"] = slices.DeleteFunc(slices.Clone(r.approvers()), func(id int64) bool { return id == c.Actor.User.ID })
		return Created(mergeApprovals(c, r))
	})
}
