package gitlabtest

import "fmt"

// eachID visits the ID of everything that has one, with its table, in a fixed order. Tables are those of GitLab:
// SSH keys and deploy keys share one, and so do all webhooks and all access tokens.
func eachID(w *World, visit func(table string, id *int64)) {
	for _, g := range w.Groups {
		visit("namespaces", &g.ID)
	}
	for _, u := range w.Users {
		visit("users", &u.ID)
		visit("namespaces", &u.namespaceID)
		for _, k := range u.SSHKeys {
			visit("keys", &k.ID)
		}
		for _, k := range u.GPGKeys {
			visit("gpg_keys", &k.ID)
		}
		for _, e := range u.Emails {
			visit("emails", &e.ID)
		}
	}
	for _, t := range allAccessTokens(w) {
		visit("access_tokens", &t.ID)
	}
	for _, k := range w.DeployKeys {
		visit("keys", &k.ID)
	}
	for _, r := range w.Runners {
		visit("runners", &r.ID)
		for _, m := range r.Managers {
			visit("runner_managers", &m.ID)
		}
	}
	for _, r := range w.RunnerControllers {
		visit("runner_controllers", &r.ID)
		for _, t := range r.Tokens {
			visit("runner_controller_tokens", &t.ID)
		}
	}
	for _, a := range w.Applications {
		visit("applications", &a.ID)
	}
	eachHookID(w.Hooks, visit)
	for _, g := range w.Groups {
		groupIDs(g, visit)
	}
	for _, p := range w.Projects {
		visit("projects", &p.ID)
		projectIDs(p, visit)
		deploymentIDs(p, visit)
	}
	for _, e := range w.AuditEvents {
		visit("audit_events", &e.ID)
	}
}

func eachHookID(hooks []*Hook, visit func(string, *int64)) {
	for _, h := range hooks {
		visit("hooks", &h.ID)
		for _, d := range h.Deliveries {
			visit("hook_deliveries", &d.ID)
		}
	}
}

func groupIDs(g *Group, visit func(string, *int64)) {
	for _, t := range g.DeployTokens {
		visit("deploy_tokens", &t.ID)
	}
	for _, i := range g.Integrations {
		visit("integrations", &i.ID)
	}
	for _, s := range g.SSHCertificates {
		visit("ssh_certificates", &s.ID)
	}
	if g.PushRule != nil {
		visit("push_rules", &g.PushRule.ID)
	}
	eachHookID(g.Hooks, visit)
	protectionIDs(g.ProtectedBranches, nil, g.ProtectedEnvs, visit)
}

func projectIDs(p *Project, visit func(string, *int64)) {
	for _, t := range p.DeployTokens {
		visit("deploy_tokens", &t.ID)
	}
	for _, i := range p.Integrations {
		visit("integrations", &i.ID)
	}
	for _, s := range p.Schedules {
		visit("schedules", &s.ID)
	}
	for _, t := range p.Triggers {
		visit("triggers", &t.ID)
	}
	for _, f := range p.SecureFiles {
		visit("secure_files", &f.ID)
	}
	for _, l := range p.Pipelines {
		visit("pipelines", &l.ID)
		for _, j := range l.Jobs {
			visit("jobs", &j.ID)
		}
	}
	for _, s := range p.Snippets {
		visit("snippets", &s.ID)
	}
	for _, r := range p.Releases {
		for _, l := range r.Links {
			visit("release_links", &l.ID)
		}
	}
	for _, k := range p.ErrorTrackingKeys {
		visit("error_tracking_keys", &k.ID)
	}
	for _, a := range p.AlertIntegrations {
		visit("alert_integrations", &a.ID)
	}
	if p.PushRule != nil {
		visit("push_rules", &p.PushRule.ID)
	}
	for _, r := range p.ApprovalRules {
		visit("approval_rules", &r.ID)
	}
	eachHookID(p.Hooks, visit)
	protectionIDs(p.ProtectedBranches, p.ProtectedTags, p.ProtectedEnvs, visit)
}

func deploymentIDs(p *Project, visit func(string, *int64)) {
	for _, e := range p.Environments {
		visit("environments", &e.ID)
	}
	for _, a := range p.Agents {
		visit("agents", &a.ID)
		for _, t := range a.Tokens {
			visit("agent_tokens", &t.ID)
		}
	}
	for _, m := range p.PushMirrors {
		visit("push_mirrors", &m.ID)
	}
	if p.PullMirror != nil {
		visit("pull_mirrors", &p.PullMirror.ID)
	}
	for _, s := range p.TerraformStates {
		visit("terraform_states", &s.ID)
	}
	for _, f := range p.FreezePeriods {
		visit("freeze_periods", &f.ID)
	}
}

func protectionIDs(branches []*ProtectedBranch, tags []*ProtectedTag, envs []*ProtectedEnv, visit func(string, *int64)) {
	rules := func(list []*AccessRule) {
		for _, r := range list {
			visit("access_rules", &r.ID)
		}
	}
	for _, b := range branches {
		visit("protected_branches", &b.ID)
		rules(b.Push)
		rules(b.Merge)
	}
	for _, t := range tags {
		rules(t.Create)
	}
	for _, e := range envs {
		rules(e.Deploy)
	}
}

// allAccessTokens lists the tokens of users, groups and projects, in this order.
func allAccessTokens(w *World) []*AccessToken {
	var all []*AccessToken
	for _, u := range w.Users {
		all = append(all, u.AccessTokens...)
	}
	for _, g := range w.Groups {
		all = append(all, g.AccessTokens...)
	}
	for _, p := range w.Projects {
		all = append(all, p.AccessTokens...)
	}
	return all
}

// doubleIDs reports explicit IDs that are given twice.
func doubleIDs(w *World) []error {
	type key struct {
		table string
		id    int64
	}
	seen := map[key]bool{}
	var errs []error
	eachID(w, func(table string, id *int64) {
		k := key{table, *id}
		if *id != 0 && seen[k] {
			errs = append(errs, fmt.Errorf("%s: id %d is given twice", table, *id))
		}
		seen[k] = true
	})
	return errs
}

// assignIDs fills the IDs that are zero and returns the highest of each table.
func assignIDs(w *World) map[string]int64 {
	last := map[string]int64{}
	eachID(w, func(table string, id *int64) { last[table] = max(last[table], *id) })
	eachID(w, func(table string, id *int64) {
		if *id == 0 {
			last[table]++
			*id = last[table]
		}
	})
	return last
}
