package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// collectionRoutes are what people plan and talk with, and lists that are empty here.
func collectionRoutes() []Route {
	var all []Route
	for _, k := range collections() {
		all = append(all, k.routes()...)
		if k.noun == "label" {
			all = append(all, k.byParameter()...)
		}
	}
	return append(all, emptyRoutes()...)
}

// byParameter are the older verbs of labels, which name one by a parameter of the request.
// Source: https://docs.gitlab.com/api/labels/, and GitLab's lib/api/labels.rb
func (k collection) byParameter() []Route {
	verb := func(method string, handle Handler) Route {
		return Route{Method: method, Path: k.path, Role: k.write, Permission: "update_" + k.noun, Source: k.source, Handle: func(c *Call) Answer {
			if c.path["row"] = cmp.Or(c.Text("label_id"), c.Text("name")); c.path["row"] == "" {
				return Refuse(http.StatusBadRequest, "label_id, name are missing, exactly one parameter must be provided")
			}
			delete(c.body, "name") // the new one is new_name
			return handle(c)
		}}
	}
	return []Route{verb("PUT", k.update), verb("DELETE", k.remove)}
}

// collections are those of which every verb is the usual one. Issues and merge requests stand beside their verbs.
func collections() []collection {
	const labels, milestones, badges = "https://docs.gitlab.com/api/labels/", "https://docs.gitlab.com/api/milestones/", "https://docs.gitlab.com/api/project_badges/"
	label := collection{
		name: "Label", noun: "label", key: "name", read: Guest, write: Planner, change: Planner, required: []string{"name", "color"},
		fields: Object{"name": "", "color": "", "description": nil, "priority": nil, "archived": false}, shape: labelShape,
		taken: Message(http.StatusConflict, "Label already exists"),
	}
	milestone := collection{
		name: "Milestone", noun: "milestone", read: Guest, write: Planner, change: Planner, required: []string{"title"},
		fields: Object{"title": "", "description": "", "due_date": nil, "start_date": nil}, check: milestoneState, shape: milestoneShape, wanted: milestoneWanted,
	}
	badge := collection{
		name: "Badge", noun: "badge", write: Maintainer, change: Maintainer, required: []string{"link_url", "image_url"},
		fields: Object{"name": nil, "link_url": "", "image_url": ""}, shape: badgeShape,
	}
	board := collection{
		name: "Board", noun: "issue_board", read: Guest, write: Planner, change: Planner, required: []string{"name"}, fields: Object{"name": ""},
		shape: func(c *Call, r *record) Object {
			o := r.shown(Object{"id": r.id, "lists": []any{}, "hide_backlog_list": false, "hide_closed_list": false, "milestone": nil, "assignee": nil, "labels": []any{}, "weight": nil, "iteration": nil})
			if c.Group != nil {
				return o.Merge(Object{"group": Object{"id": c.Group.ID, "name": c.Group.Name, "web_url": c.URL("/groups/" + c.Group.Path)}, "project": nil})
			}
			return o.Merge(Object{"project": projectIdentity(c, c.Project), "group": nil})
		},
	}
	at := func(k collection, path, source string) collection { k.path, k.source = path, source; return k }
	group := func(k collection, path, source string) collection {
		if k.path, k.source = path, source; k.noun == "badge" {
			k.write, k.change = Owner, Owner
		}
		return k
	}
	return []collection{
		at(label, "projects/:id/labels", labels), group(label, "groups/:id/labels", "https://docs.gitlab.com/api/group_labels/"),
		at(milestone, "projects/:id/milestones", milestones), group(milestone, "groups/:id/milestones", "https://docs.gitlab.com/api/group_milestones/"),
		at(badge, "projects/:id/badges", badges), group(badge, "groups/:id/badges", "https://docs.gitlab.com/api/group_badges/"),
		at(board, "projects/:id/boards", "https://docs.gitlab.com/api/boards/"), at(board, "groups/:id/boards", "https://docs.gitlab.com/api/group_boards/"),
		{
			path: "topics", source: "https://docs.gitlab.com/api/topics/", name: "Topic", noun: "topic", admin: true, required: []string{"name", "title"},
			fields: Object{"name": "", "title": "", "description": nil}, key: "name", taken: Message(http.StatusBadRequest, Object{"name": []string{"has already been taken"}}),
			shape: func(c *Call, r *record) Object {
				return r.shown(Object{"id": r.id, "total_projects_count": 0, "organization_id": 1, "avatar_url": nil})
			},
		},
		{
			path: "broadcast_messages", source: "https://docs.gitlab.com/api/broadcast_messages/", name: "Broadcast Message", noun: "broadcast_message", admin: true, required: []string{"message"},
			fields: Object{"message": "", "starts_at": nil, "ends_at": nil, "font": nil, "target_path": nil, "broadcast_type": "banner", "dismissable": false, "theme": "indigo", "target_access_levels": []int64{}},
			shape:  func(c *Call, r *record) Object { return r.shown(Object{"id": r.id, "active": true}) },
		},
		{
			path: "projects/:id/feature_flags", source: "https://docs.gitlab.com/api/feature_flags/", name: "Feature Flag", noun: "feature_flag", key: "name",
			read: Developer, write: Developer, change: Developer, required: []string{"name", "version"}, taken: Message(http.StatusBadRequest, "Name has already been taken"),
			fields: Object{"name": "", "description": nil, "active": true, "version": "new_version_flag"},
			shape: func(c *Call, r *record) Object {
				return r.shown(Object{"created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "scopes": []any{}, "strategies": []any{}})
			},
		},
	}
}

// emptyRoutes are lists of things that nobody can make here, so that they are empty for everybody who may look.
func emptyRoutes() []Route {
	const events, todos = "https://docs.gitlab.com/api/events/", "https://docs.gitlab.com/api/todos/"
	var all []Route
	for path, source := range map[string]string{
		"projects/:id/registry/repositories": "https://docs.gitlab.com/api/container_registry/", "groups/:id/registry/repositories": "https://docs.gitlab.com/api/container_registry/",
		"groups/:id/packages":     "https://docs.gitlab.com/api/packages/",
		"projects/:id/iterations": "https://docs.gitlab.com/api/iterations/", "groups/:id/iterations": "https://docs.gitlab.com/api/iterations/", "groups/:id/epics": "https://docs.gitlab.com/api/epics/",
		"projects/:id/merge_requests/:merge_request_iid/closes_issues": "https://docs.gitlab.com/api/merge_requests/", "projects/:id/issues/:issue_iid/closed_by": "https://docs.gitlab.com/api/issues/",
		"projects/:id/issues/:issue_iid/related_merge_requests": "https://docs.gitlab.com/api/issues/",
		"projects/:id/issues/:issue_iid/resource_label_events":  "https://docs.gitlab.com/api/resource_label_events/", "projects/:id/merge_requests/:merge_request_iid/resource_label_events": "https://docs.gitlab.com/api/resource_label_events/",
		"projects/:id/issues/:issue_iid/resource_state_events": "https://docs.gitlab.com/api/resource_state_events/", "projects/:id/merge_requests/:merge_request_iid/resource_state_events": "https://docs.gitlab.com/api/resource_state_events/",
		"projects/:id/invitations": "https://docs.gitlab.com/api/invitations/", "groups/:id/invitations": "https://docs.gitlab.com/api/invitations/",
		"projects/:id/resource_groups": "https://docs.gitlab.com/api/resource_groups/", "projects/:id/vulnerability_findings": "https://docs.gitlab.com/api/vulnerability_findings/",
		"projects/:id/events": events, "events": events, "users/:id/events": events, "todos": todos,
	} {
		r := Route{Method: "GET", Path: path, Paging: Offset, Permission: "read_" + strings.TrimSuffix(lastSegment(path), "s"), Source: source, Handle: emptyList}
		if strings.HasPrefix(path, "projects/") || strings.HasPrefix(path, "groups/") {
			r.Role, r.Auditor = Reporter, true
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(x, y Route) int { return strings.Compare(x.Path, y.Path) })
	return all
}

func emptyList(c *Call) Answer {
	return List(c, []Object{}, noID[Object], func(o Object) Object { return o })
}

func labelShape(c *Call, r *record) Object {
	o := Object{"id": r.id, "description_html": r.text("description"), "text_color": "#FFFFFF", "subscribed": false}
	if c.Project != nil {
		o["is_project_label"] = true
	}
	if counts, _ := c.Bool("with_counts"); counts {
		open, closed := c.labelled(issueCollection().path, r.text("name"))
		merge, _ := c.labelled(mergeCollection().path, r.text("name"))
		o.Merge(Object{"open_issues_count": open, "closed_issues_count": closed, "open_merge_requests_count": merge})
	}
	return r.shown(o)
}

// labelled counts the open rows and the others that bear a label.
func (c *Call) labelled(list, label string) (open, other int) {
	for _, r := range c.st.records[c.place(list)] {
		if names, _ := r.fields["labels"].([]string); slices.Contains(names, label) {
			if r.text("state") == "opened" {
				open++
			} else {
				other++
			}
		}
	}
	return open, other
}

func milestoneState(c *Call, r *record) *Answer {
	if r.fields["state"] == nil {
		r.fields["state"] = "active"
	}
	if next := map[string]string{"close": "closed", "activate": "active"}[c.Text("state_event")]; next != "" {
		r.fields["state"] = next
	}
	return nil
}

func milestoneWanted(c *Call, r *record) bool {
	return (c.Text("state") == "" || c.Text("state") == r.text("state")) && (c.Text("title") == "" || c.Text("title") == r.text("title"))
}

func milestoneShape(c *Call, r *record) Object {
	o := Object{"id": r.id, "iid": r.iid, "created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "expired": r.text("due_date") != "" && r.text("due_date") < At(c.Now).date().(string)}
	if c.Group != nil {
		return r.shown(o).Merge(Object{"group_id": c.Group.ID, "web_url": c.URL("/groups/" + c.Group.Path + "/-/milestones/" + itoa(r.iid))})
	}
	return r.shown(o).Merge(Object{"project_id": c.Project.ID, "web_url": c.URL("/" + c.Project.Path + "/-/milestones/" + itoa(r.iid))})
}

func badgeShape(c *Call, r *record) Object {
	kind := "project"
	if c.Group != nil {
		kind = "group"
	}
	return r.shown(Object{"id": r.id, "kind": kind, "rendered_link_url": r.text("link_url"), "rendered_image_url": r.text("image_url")})
}
