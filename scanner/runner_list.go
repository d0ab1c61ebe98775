package scanner

import (
	"context"
	"fmt"
	"strings"

	"nhiscan/inventory"
)

type graphRunnerJSON struct {
	ID          gid            `json:"id"`
	Description string         `json:"description"`
	Type        string         `json:"runnerType"`
	Paused      flag           `json:"paused"`
	Locked      flag           `json:"locked"`
	RunUntagged flag           `json:"runUntagged"`
	Tags        []string       `json:"tagList"`
	Access      string         `json:"accessLevel"`
	Status      string         `json:"status"`
	ContactedAt moment         `json:"contactedAt"`
	CreatedAt   moment         `json:"createdAt"`
	CreatedBy   *graphUserJSON `json:"createdBy"`
	Method      string         `json:"creationMethod"`
	ExpiresAt   moment         `json:"tokenExpiresAt"`
	Timeout     int64          `json:"maximumTimeout"`
	Managers    *list[struct {
		Version string `json:"version"`
	}] `json:"managers"`
	Groups   *list[idJSON] `json:"groups"`
	Owner    *idJSON       `json:"ownerProject"`
	Projects *list[idJSON] `json:"projects"`
}

func (j graphRunnerJSON) row() runnerRow {
	r := runnerRow{
		ID: int64(j.ID), Description: j.Description, Type: strings.ToLower(j.Type), Paused: j.Paused.Tri(), Locked: j.Locked.Tri(),
		RunUntagged: j.RunUntagged.Tri(), Tags: j.Tags, Access: strings.ToLower(j.Access), Status: strings.ToLower(j.Status),
		ContactedAt: j.ContactedAt.When(), CreatedAt: j.CreatedAt.Known(), Method: strings.ToLower(j.Method), ExpiresAt: j.ExpiresAt,
		MaximumTimeout: j.Timeout, Managers: -1,
	}
	if u := j.CreatedBy; u != nil {
		r.CreatedBy = userRef{ID: int64(u.ID), Username: u.Username, Name: u.Name, State: u.State}
	}
	if j.Managers != nil && !j.Managers.Page.More {
		r.Managers = len(j.Managers.Nodes)
	}
	if j.Managers != nil {
		for _, m := range j.Managers.Nodes {
			if m != nil {
				r.Versions = append(r.Versions, m.Version)
			}
		}
	}
	if j.Groups != nil && len(j.Groups.Nodes) > 0 && j.Groups.Nodes[0] != nil {
		r.Group = int64(j.Groups.Nodes[0].ID)
	}
	if j.Owner != nil {
		r.Owner = int64(j.Owner.ID)
	}
	r.ProjectsUnknown = r.Type == "project_type" && (j.Projects == nil || j.Projects.Page.More)
	if j.Projects != nil {
		for _, p := range j.Projects.Nodes {
			if p == nil {
				r.ProjectsUnknown = true
				continue
			}
			r.Projects = append(r.Projects, int64(p.ID))
		}
	}
	return r
}

// graphRunners reads all pages of one of the runner queries. Rows come with an error too: those read before it.
func graphRunners(ctx context.Context, v *Visit, query string) ([]runnerRow, error) {
	type runners struct {
		Runners *list[graphRunnerJSON] `json:"runners"`
	}
	type answer struct {
		runners
		Group   *runners `json:"group"`
		Project *runners `json:"project"`
	}
	var rows []runnerRow
	after := any(nil)
	for range maxGraphPages {
		a, err := graphQL[answer](ctx, v, query, map[string]any{"path": v.Home.Path, "after": after})
		if err != nil {
			return rows, err
		}
		page := a.Runners
		for _, in := range []*runners{a.Group, a.Project} {
			if in != nil {
				page = in.Runners
			}
		}
		if page == nil {
			return rows, denied("GitLab shows the runners to Maintainers of a project and Owners of a group only")
		}
		for _, n := range page.Nodes {
			if n != nil {
				rows = append(rows, n.row())
			}
		}
		if !page.Page.More {
			return rows, nil
		}
		if page.Page.End == "" || page.Page.End == after {
			return rows, partial(fmt.Sprintf("the list broke off after %d rows", len(rows)))
		}
		after = page.Page.End
	}
	return rows, partial(fmt.Sprintf("the list has more than %d pages", maxGraphPages))
}

type runnerJSON struct {
	ID          int64        `json:"id"`
	Description string       `json:"description"`
	Paused      flag         `json:"paused"`
	Type        string       `json:"runner_type"`
	Status      string       `json:"status"`
	CreatedAt   moment       `json:"created_at"`
	CreatedBy   *userRef     `json:"created_by"`
	ContactedAt moment       `json:"contacted_at"` // of the item, as all below
	Tags        []string     `json:"tag_list"`
	RunUntagged flag         `json:"run_untagged"`
	Locked      flag         `json:"locked"`
	Access      string       `json:"access_level"`
	Timeout     int64        `json:"maximum_timeout"`
	Projects    []numberJSON `json:"projects"`
	Groups      []numberJSON `json:"groups"`
}

func (j runnerJSON) row() runnerRow {
	r := runnerRow{
		ID: j.ID, Description: j.Description, Type: j.Type, Paused: j.Paused.Tri(), Locked: j.Locked.Tri(), RunUntagged: j.RunUntagged.Tri(),
		Tags: j.Tags, Access: j.Access, ContactedAt: j.ContactedAt.When(), CreatedAt: j.CreatedAt.Known(), MaximumTimeout: j.Timeout, Managers: -1,
		ProjectsUnknown: j.Type == "project_type",
	}
	switch j.Status { // older versions also say "paused" and "active", which is no contact
	case "online", "offline", "stale", "never_contacted":
		r.Status = j.Status
	}
	if j.CreatedBy != nil {
		r.CreatedBy = *j.CreatedBy
	}
	r.fillProjects(j)
	return r
}

func (r *runnerRow) fillProjects(j runnerJSON) {
	if j.Projects != nil {
		r.Projects, r.ProjectsUnknown = nil, false
		for _, p := range j.Projects {
			r.Projects = append(r.Projects, p.ID)
		}
	}
	if len(j.Groups) > 0 {
		r.Group = j.Groups[0].ID
	}
}

// restRunners reads a REST list, and for each runner its item and its machines.
func restRunners(ctx context.Context, v *Visit, path string) ([]runnerRow, error) {
	var rows []runnerRow
	var missing error
	seen := map[int64]bool{}
	for raw, err := range pages[runnerJSON](ctx, v, "%s", path) {
		if err != nil {
			return rows, err
		}
		if seen[raw.ID] || !belongs(v, raw) {
			continue
		}
		seen[raw.ID] = true
		row, err := shared(v, fmt.Sprintf("runner %d", raw.ID), func() (runnerRow, error) { return restRunner(ctx, v, raw) })
		switch {
		case err != nil && statusOf(err) == 0:
			return rows, err
		case err != nil:
			missing = partial(fmt.Sprintf("runner %d is not shown whole: %v", raw.ID, err))
		}
		rows = append(rows, row)
	}
	return rows, missing
}

// belongs leaves out the instance's and groups' runners that a project or group may use: they are not its own.
func belongs(v *Visit, raw runnerJSON) bool {
	switch v.Home.Kind {
	case inventory.ProjectHome:
		return raw.Type == "project_type"
	case inventory.GroupHome:
		return raw.Type == "group_type"
	}
	return true
}

// restRunner reads one runner. With an error comes the row as the list has it.
func restRunner(ctx context.Context, v *Visit, raw runnerJSON) (runnerRow, error) {
	row := raw.row()
	item, err := one[runnerJSON](ctx, v, "runners/%d", raw.ID)
	if err != nil {
		return row, err
	}
	whole := item.row()
	if whole.Status == "" {
		whole.Status = row.Status
	}
	type manager struct {
		Version string `json:"version"`
	}
	whole.Managers = 0
	for m, err := range pages[manager](ctx, v, "runners/%d/managers", raw.ID) {
		if err != nil {
			whole.Managers = -1
			return whole, err
		}
		whole.Managers++
		whole.Versions = append(whole.Versions, m.Version)
	}
	return whole, nil
}
