package gitlabtest

import (
	"net/http"
	"path"
	"strings"
)

// wikiRoutes read the pages of a wiki, which is a repository of its own.
func wikiRoutes() []Route {
	const source = "https://docs.gitlab.com/api/wikis/"
	return []Route{
		{Method: "GET", Path: "projects/:id/wikis", Role: Guest, Auditor: true, Permission: "read_wiki", Paging: Offset, Source: source, Handle: listWiki},
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

func showWikiPage(c *Call) Answer {
	if c.server.opts.RepoDir == "" {
		return c.withoutGit()
	}
	b, rows := c.wikiPages()
	for _, e := range rows {
		if strings.TrimSuffix(e.path, path.Ext(e.path)) == c.Path("slug") {
			return Answer{Status: http.StatusOK, Body: wikiJSON(b, e, true)}
		}
	}
	return NotFound("Wiki Page")
}
