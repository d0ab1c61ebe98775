package gitlabtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

func runnerRoutes() []Route {
	const read, docs = "read_runner", "https://docs.gitlab.com/api/runners/"
	return []Route{
		{Method: "GET", Path: "runners", Permission: read, Paging: Offset, Source: docs, Handle: listOwnRunners},
		{Method: "GET", Path: "runners/all", Admin: true, Permission: read, Paging: Offset, Source: docs, Handle: listAllRunners},
		{Method: "GET", Path: "runners/:runner_id", Permission: read, Source: docs, Handle: showRunner},
		{Method: "GET", Path: "runners/:runner_id/managers", Permission: read, Paging: Offset, Source: docs, Handle: listRunnerManagers},
		{Method: "GET", Path: "runners/:runner_id/jobs", Permission: "read_job", Paging: Offset, Source: docs, Handle: listRunnerJobs},
		{Method: "DELETE", Path: "runners/:runner_id", Permission: "delete_runner", Source: docs, Handle: deleteRunner},
		{Method: "PUT", Path: "runners/:runner_id", Permission: "update_runner", Source: docs, Handle: changeRunner},
		{Method: "GET", Path: "projects/:id/runners", Role: Maintainer, Permission: read, Paging: Offset, Source: docs, Handle: listProjectRunners},
		{Method: "GET", Path: "groups/:id/runners", Role: Maintainer, Permission: read, Paging: Offset, Source: docs, Handle: listGroupRunners},
	}
}

// runnerStatus is derived from the last contact, as GitLab does.
func (r *Runner) runnerStatus(now time.Time) string {
	switch {
	case r.ContactedAt.IsZero() && now.Sub(r.CreatedAt.Time) > 7*day, !r.ContactedAt.IsZero() && now.Sub(r.ContactedAt.Time) > 7*day:
		return "stale"
	case r.ContactedAt.IsZero():
		return "never_contacted"
	case now.Sub(r.ContactedAt.Time) > 2*time.Hour:
		return "offline"
	}
	return "online"
}

// runnerJSON is the form of lists: last contact, tags and projects are the item's.
func runnerJSON(c *Call, r *Runner) Object {
	status := r.runnerStatus(c.Now)
	o := Object{
		"id": r.ID, "description": r.Description, "ip_address": nil, "active": !r.Paused, "paused": r.Paused, "is_shared": r.Type == "instance_type",
		"runner_type": r.Type, "name": nil, "online": status == "online", "status": status,
	}
	return o.Since(c.Profile, "17.0", "created_at", r.CreatedAt.stamp()).Since(c.Profile, "17.0", "created_by", userBasic(c, c.st.userByName(r.CreatedBy))).
		Since(c.Profile, "18.0", "job_execution_status", "idle")
}

func runnerDetail(c *Call, r *Runner) Object {
	projects, groups := []Object{}, []Object{}
	for _, path := range r.Projects {
		if p := c.FindProject(path); p != nil && c.Sees(p) {
			projects = append(projects, projectIdentity(c, p))
		}
	}
	if g := c.FindGroup(r.Group); r.Group != "" && g != nil {
		groups = append(groups, Object{"id": g.ID, "web_url": c.URL("/groups/" + g.Path), "name": g.Name})
	}
	var timeout any
	if r.MaximumTimeout > 0 {
		timeout = r.MaximumTimeout
	}
	access := r.AccessLevel
	if access == "" {
		access = "not_protected"
	}
	o := runnerJSON(c, r).Merge(Object{
		"tag_list": append([]string{}, r.Tags...), "run_untagged": r.RunUntagged, "locked": r.Locked, "maximum_timeout": timeout,
		"access_level": access, "version": emptyNull(r.Version), "revision": nil, "platform": nil, "architecture": nil,
		"contacted_at": r.ContactedAt.stamp(), "maintenance_note": emptyNull(r.MaintenanceNote),
	})
	switch r.Type {
	case "project_type":
		o["projects"] = projects
	case "group_type":
		o["groups"] = groups
	}
	return o
}

// manages says whether the caller may see a runner whole: its group's Owner, a Maintainer of one of its projects.
func (c *Call) manages(r *Runner) bool {
	if c.Actor.Admin {
		return true
	}
	if g := c.FindGroup(r.Group); r.Group != "" && g != nil && c.Level(g) >= Owner {
		return true
	}
	return slices.ContainsFunc(r.Projects, func(path string) bool {
		p := c.FindProject(path)
		return p != nil && c.Level(p) >= Maintainer
	})
}

func pageRunners(c *Call, wants func(*Runner) bool) Answer {
	rows := slices.DeleteFunc(slices.Clone(c.st.w.Runners), func(r *Runner) bool {
		paused, set := c.Bool("paused")
		return !wants(r) || c.Has("type") && c.Text("type") != r.Type || c.Has("status") && c.Text("status") != r.runnerStatus(c.Now) || set && paused != r.Paused
	})
	return List(c, rows, noID[*Runner], func(r *Runner) Object { return runnerJSON(c, r) })
}

func listAllRunners(c *Call) Answer { return pageRunners(c, func(*Runner) bool { return true }) }

func listOwnRunners(c *Call) Answer {
	return pageRunners(c, func(r *Runner) bool { return r.Type != "instance_type" && c.manages(r) })
}

// serves says whether a project may use a runner: its own, those of the groups above it, the instance's.
func (r *Runner) serves(p *Project) bool {
	switch r.Type {
	case "group_type":
		return within(lowerPath(p.Path), lowerPath(r.Group))
	case "project_type":
		return slices.ContainsFunc(r.Projects, func(path string) bool { return strings.EqualFold(path, p.Path) })
	}
	return true
}

// listProjectRunners shows shared and group runners too: they are not the project's.
func listProjectRunners(c *Call) Answer {
	return pageRunners(c, func(r *Runner) bool { return r.serves(c.Project) })
}

func listGroupRunners(c *Call) Answer {
	return pageRunners(c, func(r *Runner) bool {
		return r.Type == "instance_type" || r.Type == "group_type" && within(lowerPath(c.Group.Path), lowerPath(r.Group))
	})
}

// withRunner answers 404 for no runner and 403 for one that is not the caller's.
func withRunner(c *Call, use func(*Runner) Answer) Answer {
	for _, r := range c.st.w.Runners {
		if r.ID != c.PathID("runner_id") {
			continue
		}
		if !c.manages(r) {
			return Forbidden("No access granted")
		}
		return use(r)
	}
	return NotFound("Runner")
}

func showRunner(c *Call) Answer {
	return withRunner(c, func(r *Runner) Answer { return OK(runnerDetail(c, r)) })
}

func listRunnerManagers(c *Call) Answer {
	return withRunner(c, func(r *Runner) Answer {
		return List(c, r.Managers, noID[*RunnerManager], func(m *RunnerManager) Object {
			return Object{
				"id": m.ID, "system_id": m.SystemID, "version": m.Version, "revision": emptyNull(m.Revision), "platform": m.Platform,
				"architecture": m.Architecture, "created_at": m.CreatedAt.stamp(), "contacted_at": m.ContactedAt.stamp(), "ip_address": m.IP,
				"status": "online", "job_execution_status": "idle",
			}
		})
	})
}

func changeRunner(c *Call) Answer {
	return withRunner(c, func(r *Runner) Answer {
		if paused, set := c.Bool("paused"); set {
			r.Paused = paused
		}
		if c.Has("description") {
			r.Description = c.Text("description")
		}
		return OK(runnerDetail(c, r))
	})
}

func deleteRunner(c *Call) Answer {
	return withRunner(c, func(r *Runner) Answer {
		c.st.w.Runners = slices.DeleteFunc(c.st.w.Runners, func(other *Runner) bool { return other == r })
		delete(c.st.owners, r.Value)
		c.Audit("ci_runner_unregistered", c.runnerEntity(r), "Ci::Runner", r.Description, r.ID, nil)
		return NoContent()
	})
}

// listRunnerJobs are those that the runner ran in projects that the caller sees, the latest first.
func listRunnerJobs(c *Call) Answer {
	return withRunner(c, func(r *Runner) Answer {
		var rows []*Job
		for _, p := range c.st.w.Projects {
			if !c.Sees(p) || p.PendingDelete {
				continue
			}
			for _, j := range p.jobs() {
				if (j.work != nil && j.work.runner == r || j.work == nil && j.Runner != "" && j.Runner == r.Description) && (c.Text("status") == "" || c.Text("status") == cmp.Or(j.Status, "success")) {
					rows = append(rows, j)
				}
			}
		}
		slices.SortFunc(rows, func(a, b *Job) int { return cmp.Compare(b.ID, a.ID) })
		return List(c, rows, noID[*Job], func(j *Job) Object {
			inside := *c
			inside.Project = j.project
			o := jobItem(&inside, j).Merge(Object{"project": projectIdentity(c, j.project)})
			for _, field := range []string{"archived", "artifacts", "artifacts_expire_at", "runner", "tag_list"} {
				delete(o, field) // of the job's own answer
			}
			return o
		})
	})
}
