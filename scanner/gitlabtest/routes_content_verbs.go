package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
)

// contentVerbRoutes show, make, change and end one snippet or release.
func contentVerbRoutes() []Route {
	const snippets, releases, s, r = "https://docs.gitlab.com/api/project_snippets/", "https://docs.gitlab.com/api/releases/", "projects/:id/snippets", "projects/:id/releases"
	return []Route{
		{Method: "GET", Path: s + "/:snippet_id", Role: Guest, Auditor: true, Permission: "read_snippet", Source: snippets, Handle: showSnippet},
		{Method: "GET", Path: s + "/:snippet_id/raw", Role: Guest, Auditor: true, Permission: "read_snippet", Source: snippets, Handle: rawSnippet},
		{Method: "POST", Path: s, Role: Reporter, Permission: "create_snippet", Source: snippets, Handle: createSnippet},
		{Method: "PUT", Path: s + "/:snippet_id", Role: Reporter, Permission: "update_snippet", Source: snippets, Handle: changeSnippet},
		{Method: "DELETE", Path: s + "/:snippet_id", Role: Reporter, Permission: "delete_snippet", Source: snippets, Handle: deleteSnippet},
		{Method: "GET", Path: r + "/:tag", Role: Guest, Auditor: true, JobToken: true, Permission: "read_release", Source: releases, Handle: showRelease},
		{Method: "GET", Path: r + "/:tag/assets/links", Role: Guest, Auditor: true, JobToken: true, Permission: "read_release", Paging: Offset, Source: releases, Handle: listReleaseLinks},
		{Method: "GET", Path: "groups/:id/releases", Permission: "read_release", Paging: Offset, Source: "https://docs.gitlab.com/api/group_releases/", Handle: listGroupReleases},
		{Method: "POST", Path: r, Role: Developer, JobToken: true, Permission: "create_release", Source: releases, Handle: createRelease},
		{Method: "PUT", Path: r + "/:tag", Role: Developer, JobToken: true, Permission: "update_release", Source: releases, Handle: changeRelease},
		{Method: "DELETE", Path: r + "/:tag", Role: Developer, JobToken: true, Permission: "delete_release", Source: releases, Handle: deleteRelease},
	}
}

func withSnippet(c *Call, use func(*Snippet) Answer) Answer {
	for _, s := range c.Project.Snippets {
		if s.ID == c.PathID("snippet_id") {
			return use(s)
		}
	}
	return NotFound("Snippet")
}

func showSnippet(c *Call) Answer {
	return withSnippet(c, func(s *Snippet) Answer { return OK(snippetJSON(c, s)) })
}

// rawSnippet is the first file.
func rawSnippet(c *Call) Answer {
	return withSnippet(c, func(s *Snippet) Answer {
		name, _ := snippetJSON(c, s)["file_name"].(string)
		return Plain(http.StatusOK, "text/plain", s.Files[name])
	})
}

func createSnippet(c *Call) Answer {
	files := c.Objects("files")
	switch {
	case c.Text("title") == "":
		return Refuse(http.StatusBadRequest, "title is missing")
	case !c.Has("content") && len(files) == 0:
		return Refuse(http.StatusBadRequest, "files, content are missing, exactly one parameter must be provided")
	case c.Has("content") && c.Text("file_name") == "":
		return Refuse(http.StatusBadRequest, "file_name is missing")
	}
	s := &Snippet{Title: c.Text("title"), Description: c.Text("description"), Visibility: cmp.Or(c.Text("visibility"), "internal"),
		Author: c.Actor.User.Username, CreatedAt: At(c.Now), Files: map[string]string{}}
	if c.Has("content") {
		s.Files[c.Text("file_name")] = c.Text("content")
	}
	for _, f := range files {
		name, _ := f["file_path"].(string)
		text, _ := f["content"].(string)
		if name == "" {
			return Refuse(http.StatusBadRequest, "files[0][file_path] is missing")
		}
		s.Files[name] = text
	}
	s.ID = c.st.next("snippets")
	c.Project.Snippets = append(c.Project.Snippets, s)
	return Created(snippetJSON(c, s))
}

// editsSnippet says that a snippet is the caller's, or that he is a Maintainer.
func (c *Call) editsSnippet(s *Snippet) bool {
	return c.Level(c.Project) >= Maintainer || c.Actor.User != nil && c.Actor.User.Username == s.Author
}

// changeSnippet takes actions on files, or content for the one file that there is.
func changeSnippet(c *Call) Answer {
	return withSnippet(c, func(s *Snippet) Answer {
		if !c.editsSnippet(s) {
			return Forbidden("")
		}
		for name, field := range map[string]*string{"title": &s.Title, "description": &s.Description, "visibility": &s.Visibility} {
			if c.Has(name) {
				*field = c.Text(name)
			}
		}
		if c.Has("content") {
			if len(s.Files) > 1 {
				return Refuse(http.StatusBadRequest, "To update Snippets with multiple files, you must use the `files` parameter")
			}
			name := cmp.Or(c.Text("file_name"), snippetJSON(c, s)["file_name"].(string))
			s.Files = map[string]string{name: c.Text("content")}
		}
		for _, f := range c.Objects("files") {
			text := func(key string) string { v, _ := f[key].(string); return v }
			switch text("action") {
			case "create", "update":
				s.Files[text("file_path")] = text("content")
			case "move":
				s.Files[text("file_path")] = cmp.Or(text("content"), s.Files[text("previous_path")])
				delete(s.Files, text("previous_path"))
			case "delete":
				delete(s.Files, text("file_path"))
			default:
				return Refuse(http.StatusBadRequest, "files[0][action] does not have a valid value")
			}
		}
		return OK(snippetJSON(c, s))
	})
}

func deleteSnippet(c *Call) Answer {
	return withSnippet(c, func(s *Snippet) Answer {
		if !c.editsSnippet(s) {
			return Forbidden("")
		}
		c.Project.Snippets = slices.DeleteFunc(c.Project.Snippets, func(other *Snippet) bool { return other == s })
		return NoContent()
	})
}

func withRelease(c *Call, use func(*Release) Answer) Answer {
	for _, r := range c.Project.Releases {
		if r.Tag == c.Path("tag") {
			return use(r)
		}
	}
	return NotFound("")
}

func showRelease(c *Call) Answer {
	return withRelease(c, func(r *Release) Answer { return OK(releaseJSON(c, r)) })
}

// createRelease makes the tag where there is none yet; ref then says where.
func createRelease(c *Call) Answer {
	name := c.Text("tag_name")
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "tag_name is missing")
	case slices.ContainsFunc(c.Project.Releases, func(r *Release) bool { return r.Tag == name }):
		return Message(http.StatusConflict, "Release already exists")
	case c.server.opts.RepoDir == "":
		return c.withoutGit()
	}
	if _, found := findRef(c.server.repository(c.Project), "refs/tags/", name); !found {
		if c.Text("ref") == "" {
			return Message(http.StatusUnprocessableEntity, "Ref is not specified")
		}
		if a := createTag(c); a.Status != http.StatusCreated {
			return a
		}
	}
	r := &Release{Tag: name, Name: c.Text("name"), Description: c.Text("description"), Author: c.Actor.User.Username, CreatedAt: At(c.Now)}
	if assets, ok := c.Value("assets").(map[string]any); ok {
		links, _ := assets["links"].([]any)
		for _, l := range links {
			o, _ := l.(map[string]any)
			title, _ := o["name"].(string)
			url, _ := o["url"].(string)
			if title == "" || url == "" {
				return Refuse(http.StatusBadRequest, "assets[links][0][name] is missing, assets[links][0][url] is missing")
			}
			r.Links = append(r.Links, &ReleaseLink{ID: c.st.next("release_links"), Name: title, URL: url})
		}
	}
	c.Project.Releases = append(c.Project.Releases, r)
	return Created(releaseJSON(c, r))
}

func changeRelease(c *Call) Answer {
	return withRelease(c, func(r *Release) Answer {
		if c.Has("description") {
			r.Description = c.Text("description")
		}
		r.Name = cmp.Or(c.Text("name"), r.Name)
		return OK(releaseJSON(c, r))
	})
}

// deleteRelease leaves the tag.
func deleteRelease(c *Call) Answer {
	return withRelease(c, func(r *Release) Answer {
		c.Project.Releases = slices.DeleteFunc(c.Project.Releases, func(other *Release) bool { return other == r })
		return OK(releaseJSON(c, r))
	})
}

func listReleaseLinks(c *Call) Answer {
	return withRelease(c, func(r *Release) Answer {
		return List(c, r.Links, noID[*ReleaseLink], func(l *ReleaseLink) Object { return releaseLinkJSON(c, l) })
	})
}

// listGroupReleases are those of all projects below, as far as the caller sees them.
func listGroupReleases(c *Call) Answer {
	type row struct {
		p *Project
		r *Release
	}
	var rows []row
	for _, p := range c.st.w.Projects {
		if within(lowerPath(p.Path), lowerPath(c.Group.Path)) && c.Sees(p) && !p.PendingDelete {
			for _, r := range p.Releases {
				rows = append(rows, row{p, r})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return b.r.CreatedAt.Compare(a.r.CreatedAt.Time) })
	return List(c, rows, noID[row], func(x row) Object {
		inside := *c
		inside.Project = x.p
		return releaseJSON(&inside, x.r)
	})
}
