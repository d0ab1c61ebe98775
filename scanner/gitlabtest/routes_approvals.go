package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// approvalRoutes say who must approve a project's merge requests.
func approvalRoutes() []Route {
	const source, rules = "https://docs.gitlab.com/api/merge_request_approvals/", "projects/:id/approval_rules"
	return []Route{
		{Method: "GET", Path: "projects/:id/approvals", Role: Guest, Auditor: true, Tier: Premium, Permission: "read_approval_configuration", Source: source, Handle: showApprovals},
		{Method: "POST", Path: "projects/:id/approvals", Role: Maintainer, Tier: Premium, Permission: "update_approval_configuration", Source: source, Handle: changeApprovals},
		{Method: "GET", Path: rules, Role: Guest, Auditor: true, Tier: Premium, Permission: "read_approval_rule", Paging: Offset, Source: source, Handle: listApprovalRules},
		{Method: "GET", Path: rules + "/:rule_id", Role: Guest, Auditor: true, Tier: Premium, Permission: "read_approval_rule", Source: source, Handle: showApprovalRule},
		{Method: "POST", Path: rules, Role: Maintainer, Tier: Premium, Permission: "create_approval_rule", Source: source, Handle: createApprovalRule},
		{Method: "PUT", Path: rules + "/:rule_id", Role: Maintainer, Tier: Premium, Permission: "update_approval_rule", Source: source, Handle: changeApprovalRule},
		{Method: "DELETE", Path: rules + "/:rule_id", Role: Maintainer, Tier: Premium, Permission: "delete_approval_rule", Source: source, Handle: deleteApprovalRule},
	}
}

// approvalsJSON keeps the two lists of approvers that rules have replaced: they are always empty.
func approvalsJSON(p *Project) Object {
	a := p.Approvals
	return Object{
		"approvers": []any{}, "approver_groups": []any{}, "approvals_before_merge": a.Before, "reset_approvals_on_push": !a.KeepOnPush,
		"selective_code_owner_removals": a.SelectiveRemovals, "disable_overriding_approvers_per_merge_request": a.NoOverride,
		"merge_requests_author_approval": a.AuthorApproval, "merge_requests_disable_committers_approval": a.NoCommitters,
		"require_password_to_approve": a.Reauthenticate, "require_reauthentication_to_approve": a.Reauthenticate,
	}
}

func showApprovals(c *Call) Answer { return OK(approvalsJSON(c.Project)) }

func changeApprovals(c *Call) Answer {
	a := &c.Project.Approvals
	if n, ok := c.Int("approvals_before_merge"); ok {
		a.Before = int(n)
	}
	if reset, set := c.Bool("reset_approvals_on_push"); set {
		a.KeepOnPush = !reset
	}
	for name, field := range map[string]*bool{
		"selective_code_owner_removals": &a.SelectiveRemovals, "disable_overriding_approvers_per_merge_request": &a.NoOverride,
		"merge_requests_author_approval": &a.AuthorApproval, "merge_requests_disable_committers_approval": &a.NoCommitters,
		"require_password_to_approve": &a.Reauthenticate, "require_reauthentication_to_approve": &a.Reauthenticate,
	} {
		if on, set := c.Bool(name); set {
			*field = on
		}
	}
	return Created(approvalsJSON(c.Project))
}

func (c *Call) approvalRuleJSON(r *ApprovalRule) Object {
	users, eligible, groups, branches := []any{}, []any{}, []Object{}, []Object{}
	seen := map[string]bool{}
	add := func(name string) {
		if u := c.st.userByName(name); u != nil && !seen[name] {
			seen[name] = true
			eligible = append(eligible, userPublic(c, u))
		}
	}
	for _, name := range r.Users {
		if u := c.st.userByName(name); u != nil {
			users = append(users, userPublic(c, u))
		}
		add(name)
	}
	hidden := false
	for _, path := range r.Groups {
		g := c.FindGroup(path)
		switch {
		case g == nil:
			continue
		case !c.Sees(g):
			hidden = true
		default:
			groups = append(groups, groupJSON(c, g))
		}
		for _, m := range g.Members {
			add(m.User)
		}
	}
	for _, b := range c.Project.ProtectedBranches {
		if slices.Contains(r.Branches, b.Name) {
			branches = append(branches, protectedBranchJSON(c, b))
		}
	}
	return Object{
		"id": r.ID, "name": r.Name, "rule_type": cmp.Or(r.Type, "regular"), "report_type": nil, "approvals_required": r.Required, "users": users,
		"groups": groups, "eligible_approvers": eligible, "contains_hidden_groups": hidden, "protected_branches": branches,
		"applies_to_all_protected_branches": false,
	}
}

func listApprovalRules(c *Call) Answer {
	return List(c, c.Project.ApprovalRules, noID[*ApprovalRule], c.approvalRuleJSON)
}

func withApprovalRule(c *Call, use func(*ApprovalRule) Answer) Answer {
	for _, r := range c.Project.ApprovalRules {
		if r.ID == c.PathID("rule_id") {
			return use(r)
		}
	}
	return NotFound("")
}

func showApprovalRule(c *Call) Answer {
	return withApprovalRule(c, func(r *ApprovalRule) Answer { return OK(c.approvalRuleJSON(r)) })
}

// fillApprovalRule takes what the request gives; unknown users, groups and branches are passed over, as in GitLab.
func (c *Call) fillApprovalRule(r *ApprovalRule) {
	r.Name = cmp.Or(c.Text("name"), r.Name)
	r.Type = cmp.Or(c.Text("rule_type"), r.Type)
	if n, ok := c.Int("approvals_required"); ok {
		r.Required = int(n)
	}
	each := func(name string, list *[]string, find func(id int64) string) {
		if !c.Has(name) {
			return
		}
		*list = nil
		for _, text := range c.Texts(name) {
			n, _ := strconv.ParseInt(text, 10, 64)
			if found := find(n); found != "" {
				*list = append(*list, found)
			}
		}
	}
	each("user_ids", &r.Users, func(id int64) string {
		if u := c.st.users[id]; u != nil {
			return u.Username
		}
		return ""
	})
	each("group_ids", &r.Groups, func(id int64) string {
		if g := c.st.groups[id]; g != nil {
			return g.Path
		}
		return ""
	})
	each("protected_branch_ids", &r.Branches, func(id int64) string {
		for _, b := range c.Project.ProtectedBranches {
			if b.ID == id {
				return b.Name
			}
		}
		return ""
	})
}

func createApprovalRule(c *Call) Answer {
	if lacks := c.missing("name", "approvals_required"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	r := &ApprovalRule{}
	c.fillApprovalRule(r)
	if slices.ContainsFunc(c.Project.ApprovalRules, func(other *ApprovalRule) bool { return other.Name == r.Name }) {
		return Message(http.StatusBadRequest, Object{"name": []string{"has already been taken"}})
	}
	r.ID = c.st.next("approval_rules")
	c.Project.ApprovalRules = append(c.Project.ApprovalRules, r)
	return Created(c.approvalRuleJSON(r))
}

func changeApprovalRule(c *Call) Answer {
	return withApprovalRule(c, func(r *ApprovalRule) Answer {
		c.fillApprovalRule(r)
		return OK(c.approvalRuleJSON(r))
	})
}

func deleteApprovalRule(c *Call) Answer {
	return withApprovalRule(c, func(r *ApprovalRule) Answer {
		c.Project.ApprovalRules = slices.DeleteFunc(c.Project.ApprovalRules, func(other *ApprovalRule) bool { return other == r })
		return NoContent()
	})
}
