package gitlabtest

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// searchRoutes find things by text: anywhere, below a group or in a project.
func searchRoutes() []Route {
	const source = "https://docs.gitlab.com/api/search/"
	find := func(path string, r Route) Route {
		r.Method, r.Path, r.Permission, r.Paging, r.Source, r.Handle = "GET", path, "read_search", Offset, source, search
		return r
	}
	return []Route{find("search", Route{}), find("groups/:id/search", Route{}), find("projects/:id/search", Route{Role: Guest, Auditor: true})}
}

func search(c *Call) Answer {
	if lacks := c.blank("scope", "search"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	text := strings.ToLower(c.Text("search"))
	switch scope := c.Text("scope"); {
	case scope == "projects" && c.Project == nil:
		rows := keep(c.st.w.Projects, func(p *Project) bool {
			return c.Sees(p) && !p.PendingDelete && c.below(p.Path) && strings.Contains(strings.ToLower(p.Path+" "+p.Name+" "+p.Description), text)
		})
		return List(c, rows, noID[*Project], func(p *Project) Object { return projectBasic(c, p) })
	case scope == "users":
		rows := keep(c.st.w.Users, func(u *User) bool { return strings.Contains(strings.ToLower(u.Username+" "+u.Name), text) })
		return List(c, rows, noID[*User], func(u *User) Object { return userPublic(c, u) })
	case scope == "issues" || scope == "merge_requests":
		k := map[string]collection{"issues": issueCollection(), "merge_requests": mergeCollection()}[scope]
		if c.Project != nil {
			return k.list(c)
		}
		c.query.Set("scope", "all")
		return k.everywhere(c)
	case scope == "milestones" && c.Project != nil:
		for _, k := range collections() {
			if k.path == "projects/:id/milestones" {
				return k.list(c)
			}
		}
	case scope == "blobs" && c.Project != nil:
		return c.searchCode()
	case scope == "commits" && c.Project != nil:
		return c.searchCommits()
	case slices.Contains(strings.Fields("projects blobs commits milestones notes wiki_blobs snippet_titles"), scope):
		return List(c, []Object{}, noID[Object], func(o Object) Object { return o }) // code of many projects at once is Elasticsearch's
	}
	return Refuse(http.StatusBadRequest, "scope does not have a valid value")
}

// below says that a path lies in the group of the request, or that there is none.
func (c *Call) below(path string) bool {
	return c.Group == nil || within(lowerPath(path), lowerPath(c.Group.Path))
}

// searchCode shows each line with those around it.
func (c *Call) searchCode() Answer {
	rows := []Object{}
	b := c.server.repository(c.Project)
	if !c.mayClone(c.Project) {
		return Forbidden("")
	}
	if commit := c.at(b); commit != "" {
		out, _ := b.git("grep", "-n", "-I", "-i", "-z", "-F", "-e", c.Text("search"), commit, "--") // an error is "nothing found"
		for line := range strings.Lines(out) {
			parts := strings.SplitN(strings.TrimPrefix(line, commit+":"), "\x00", 3)
			if len(parts) < 3 {
				continue
			}
			n, _ := strconv.Atoi(parts[1]) // git writes a number there
			name := parts[0]
			rows = append(rows, Object{"basename": strings.TrimSuffix(name, path.Ext(name)), "data": parts[2], "path": name, "filename": name, "id": nil, "ref": commit, "startline": n, "project_id": c.Project.ID})
		}
	}
	return List(c, rows, noID[Object], func(o Object) Object { return o })
}

func (c *Call) searchCommits() Answer {
	b := c.server.repository(c.Project)
	if !c.mayClone(c.Project) {
		return Forbidden("")
	}
	commit := c.at(b)
	if commit == "" {
		return List(c, []Object{}, noID[Object], func(o Object) Object { return o })
	}
	out, err := b.git("rev-list", "-i", "-F", "--grep="+c.Text("search"), commit, "--")
	if err != nil {
		return c.withoutGit()
	}
	full, err := c.commitsJSON(b, strings.Fields(out))
	if err != nil {
		return c.withoutGit()
	}
	return List(c, full, noID[Object], func(o Object) Object { return o.Merge(Object{"project_id": c.Project.ID}) })
}
