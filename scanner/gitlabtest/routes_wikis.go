package gitlabtest

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

// wikiRoutes read and write the pages of a wiki, which is a repository of its own.
func wikiRoutes() []Route {
	const source = "https://docs.gitlab.com/api/wikis/"
	return []Route{
		{Method: "GET", Path: "projects/:id/wikis", Role: Guest, Auditor: true, Permission: "read_wiki", Paging: Offset, Source: source, Handle: listWiki},
		{Method: "POST", Path: "projects/:id/wikis", Role: Developer, Permission: "create_wiki", Source: source, Handle: createWikiPage},
		{Method: "PUT", Path: "projects/:id/wikis/:slug", Role: Developer, Permission: "update_wiki", Source: source, Handle: changeWikiPage},
		{Method: "DELETE", Path: "projects/:id/wikis/:slug", Role: Maintainer, Permission: "delete_wiki", Source: source, Handle: deleteWikiPage},
		{Method: "GET", Path: "projects/:id/wikis/:slug", Role: Guest, Auditor: true, Permission: "read_wiki", Source: source, Handle: showWikiPage},
	}
}

// wikiPages are the pages at the head of a wiki, whose slug is the path without the format's end.
func (c *Call) wikiPages() (*bare, []gitEntry) {
	if c.Project.Wiki == nil {
		return nil, nil
	}
	b := &bare{c.server.wikiDir(c.Project)}
	head, err := b.commit(c.Project.Wiki.branch())
	if err != nil {
		return b, nil
	}
	rows, _ := b.tree(head, "", true) // none with an error
	return b, keep(rows, func(e gitEntry) bool { return wikiFormat(e.path) != "" })
}

func wikiFormat(name string) string {
	return map[string]string{".md": "markdown", ".markdown": "markdown", ".rdoc": "rdoc", ".asciidoc": "asciidoc", ".adoc": "asciidoc", ".org": "org"}[path.Ext(name)]
}

func wikiJSON(b *bare, e gitEntry, whole bool) Object {
	slug := strings.TrimSuffix(e.path, path.Ext(e.path))
	o := Object{"slug": slug, "title": strings.ReplaceAll(path.Base(slug), "-", " "), "format": wikiFormat(e.path), "wiki_page_meta_id": nil, "encoding": "UTF-8"}
	if whole {
		text, _ := git(b.dir, nil, "cat-file", "blob", e.id) // it was listed a moment ago
		o["content"] = string(text)
	}
	return o
}

func listWiki(c *Call) Answer {
	if c.server.opts.RepoDir == "" {
		return c.withoutGit()
	}
	b, rows := c.wikiPages()
	whole, _ := c.Bool("with_content")
	return List(c, rows, noID[gitEntry], func(e gitEntry) Object { return wikiJSON(b, e, whole) })
}

func withWikiPage(c *Call, use func(*bare, gitEntry) Answer) Answer {
	if c.server.opts.RepoDir == "" {
		return c.withoutGit()
	}
	b, rows := c.wikiPages()
	for _, e := range rows {
		if strings.TrimSuffix(e.path, path.Ext(e.path)) == c.Path("slug") {
			return use(b, e)
		}
	}
	return NotFound("Wiki Page")
}

func showWikiPage(c *Call) Answer {
	return withWikiPage(c, func(b *bare, e gitEntry) Answer { return OK(wikiJSON(b, e, true)) })
}

// wikiPath is the file of a page of the request's title and format.
func (c *Call) wikiPath() (string, *Answer) {
	end, known := map[string]string{"": ".md", "markdown": ".md", "rdoc": ".rdoc", "asciidoc": ".asciidoc", "org": ".org"}[c.Text("format")]
	name := strings.ReplaceAll(strings.TrimSpace(c.Text("title")), " ", "-") + end
	refuse := func(a Answer) (string, *Answer) { return "", &a }
	switch {
	case !known:
		return refuse(Refuse(http.StatusBadRequest, "format does not have a valid value"))
	case path.Clean("/"+name) != "/"+name || strings.Contains("/"+name, "/."):
		return refuse(BadRequest("The page title is not valid"))
	}
	return name, nil
}

// writeWiki makes one commit of the wiki, which is made with its first page.
func (c *Call) writeWiki(message string, edits ...gitEdit) error {
	p := c.Project
	dir := c.server.wikiDir(p)
	if p.Wiki == nil {
		p.Wiki = &Repository{}
		if err := c.server.makeRepository(p, p.Wiki, dir); err != nil {
			return err
		}
	}
	b := &bare{dir}
	head, _ := b.commit(p.Wiki.branch()) // "" before the first page
	return c.commit(b, commitWrite{branch: p.Wiki.branch(), parent: head, message: message, edits: edits})
}

func createWikiPage(c *Call) Answer {
	if lacks := c.blank("title", "content"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	if c.server.opts.RepoDir == "" {
		return c.withoutGit()
	}
	name, refused := c.wikiPath()
	if refused != nil {
		return *refused
	}
	_, rows := c.wikiPages()
	if slices.ContainsFunc(rows, func(e gitEntry) bool { return e.path == name }) {
		return BadRequest("Duplicate page: A page with that title already exists")
	}
	if err := c.writeWiki("Create "+name, gitEdit{name, "100644", c.Text("content")}); err != nil {
		return c.withoutGit()
	}
	return c.wikiPage(http.StatusCreated, name)
}

// wikiPage answers with a page that was just written.
func (c *Call) wikiPage(status int, name string) Answer {
	b, rows := c.wikiPages()
	for _, e := range rows {
		if e.path == name {
			return Answer{Status: status, Body: wikiJSON(b, e, true)}
		}
	}
	return c.withoutGit()
}

// changeWikiPage leaves the name alone where the request gives no title.
func changeWikiPage(c *Call) Answer {
	return withWikiPage(c, func(b *bare, e gitEntry) Answer {
		text, err := git(b.dir, nil, "cat-file", "blob", e.id)
		if err != nil {
			return c.withoutGit()
		}
		name, edits := e.path, []gitEdit(nil)
		if c.Text("title") != "" {
			to, refused := c.wikiPath()
			if refused != nil {
				return *refused
			}
			name, edits = to, []gitEdit{{path: e.path}}
		}
		if c.Has("content") {
			text = []byte(c.Text("content"))
		}
		if err := c.writeWiki("Update "+name, append(edits, gitEdit{name, e.mode, string(text)})...); err != nil {
			return c.withoutGit()
		}
		return c.wikiPage(http.StatusOK, name)
	})
}

func deleteWikiPage(c *Call) Answer {
	return withWikiPage(c, func(_ *bare, e gitEntry) Answer {
		if err := c.writeWiki("Delete "+e.path, gitEdit{path: e.path}); err != nil {
			return c.withoutGit()
		}
		return NoContent()
	})
}
