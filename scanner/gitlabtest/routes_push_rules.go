package gitlabtest

import "net/http"

// pushRuleRoutes are one rule per project or group, or none: a project then answers null, a group 404.
// Source: https://github.com/python-gitlab/python-gitlab/issues/2368
func pushRuleRoutes() []Route {
	const project, group = "https://docs.gitlab.com/api/project_push_rules/", "https://docs.gitlab.com/api/group_push_rules/"
	var all []Route
	for _, at := range []struct {
		path, source string
		role         Role
	}{{"projects/:id/push_rule", project, Maintainer}, {"groups/:id/push_rule", group, Owner}} {
		all = append(all,
			Route{Method: "GET", Path: at.path, Role: at.role, Tier: Premium, Permission: "read_push_rule", Source: at.source, Handle: showPushRule},
			Route{Method: "POST", Path: at.path, Role: at.role, Tier: Premium, Permission: "create_push_rule", Source: at.source, Handle: createPushRule},
			Route{Method: "PUT", Path: at.path, Role: at.role, Tier: Premium, Permission: "update_push_rule", Source: at.source, Handle: changePushRule},
			Route{Method: "DELETE", Path: at.path, Role: at.role, Tier: Premium, Permission: "delete_push_rule", Source: at.source, Handle: deletePushRule},
		)
	}
	return all
}

// pushRule is the place of the home's rule.
func (c *Call) pushRule() **PushRule {
	if c.Project != nil {
		return &c.Project.PushRule
	}
	return &c.Group.PushRule
}

func pushRuleJSON(c *Call, r *PushRule) Object {
	o := Object{
		"id": r.ID, "created_at": r.CreatedAt.stamp(), "commit_message_regex": r.CommitMessage, "commit_message_negative_regex": r.CommitMessageNever,
		"branch_name_regex": r.BranchName, "author_email_regex": r.AuthorEmail, "file_name_regex": r.FileName, "max_file_size": r.MaxFileSize,
		"deny_delete_tag": r.DenyDeleteTag, "member_check": r.MemberCheck, "prevent_secrets": r.PreventSecrets, "commit_committer_check": r.CommitterCheck,
		"commit_committer_name_check": r.CommitterNameCheck, "reject_unsigned_commits": r.RejectUnsigned, "reject_non_dco_commits": r.RejectNonDCOCommits,
	}
	if c.Project != nil {
		o["project_id"] = c.Project.ID
	}
	return o
}

func showPushRule(c *Call) Answer {
	r := *c.pushRule()
	switch {
	case r != nil:
		return OK(pushRuleJSON(c, r))
	case c.Project != nil:
		return Plain(http.StatusOK, "application/json", "null")
	}
	return NotFound("")
}

// fillPushRule takes what the request gives and reports whether it gave anything.
func (c *Call) fillPushRule(r *PushRule) (given bool) {
	for name, field := range map[string]*string{
		"commit_message_regex": &r.CommitMessage, "commit_message_negative_regex": &r.CommitMessageNever, "branch_name_regex": &r.BranchName,
		"author_email_regex": &r.AuthorEmail, "file_name_regex": &r.FileName,
	} {
		if c.Has(name) {
			*field, given = c.Text(name), true
		}
	}
	for name, field := range map[string]*bool{
		"deny_delete_tag": &r.DenyDeleteTag, "member_check": &r.MemberCheck, "prevent_secrets": &r.PreventSecrets, "commit_committer_check": &r.CommitterCheck,
		"commit_committer_name_check": &r.CommitterNameCheck, "reject_unsigned_commits": &r.RejectUnsigned, "reject_non_dco_commits": &r.RejectNonDCOCommits,
	} {
		if on, set := c.Bool(name); set {
			*field, given = on, true
		}
	}
	if n, ok := c.Int("max_file_size"); ok {
		r.MaxFileSize, given = n, true
	}
	return given
}

const noPushRuleGiven = "deny_delete_tag, member_check, prevent_secrets, commit_message_regex, commit_message_negative_regex, branch_name_regex, " +
	"author_email_regex, file_name_regex, max_file_size, commit_committer_check, commit_committer_name_check, reject_unsigned_commits, " +
	"reject_non_dco_commits are missing, at least one parameter must be provided"

func createPushRule(c *Call) Answer {
	r := &PushRule{CreatedAt: At(c.Now)}
	switch {
	case !c.fillPushRule(r):
		return Refuse(http.StatusBadRequest, noPushRuleGiven)
	case *c.pushRule() != nil && c.Project != nil:
		return Refuse(http.StatusUnprocessableEntity, "Project push rule exists")
	case *c.pushRule() != nil:
		return Refuse(http.StatusUnprocessableEntity, "Group push rule exists, try updating")
	}
	r.ID = c.st.next("push_rules")
	*c.pushRule() = r
	return Created(pushRuleJSON(c, r))
}

func changePushRule(c *Call) Answer {
	r := *c.pushRule()
	switch {
	case r == nil:
		return NotFound("Push Rule")
	case !c.fillPushRule(r):
		return Refuse(http.StatusBadRequest, noPushRuleGiven)
	}
	return OK(pushRuleJSON(c, r))
}

func deletePushRule(c *Call) Answer {
	if *c.pushRule() == nil {
		return NotFound("Push Rule")
	}
	*c.pushRule() = nil
	return NoContent()
}
