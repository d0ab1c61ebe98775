package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
)

// personalSnippetRoutes are texts that belong to a person and to no project.
func personalSnippetRoutes() []Route {
	const source, one = "https://docs.gitlab.com/api/snippets/", "snippets/:snippet_id"
	k := personalSnippets()
	read := Route{Method: "GET", Permission: "read_snippet", Source: source}
	with := func(r Route, method, path string, handle Handler) Route {
		r.Method, r.Path, r.Handle = method, path, handle
		return r
	}
	list := read
	list.Paging = Offset
	open := read
	open.Anonymous = true
	return []Route{
		with(list, "GET", "snippets", k.those(func(c *Call, r *record) bool { return r.author == c.Actor.User })),
		with(list, "GET", "snippets/public", k.those(func(_ *Call, r *record) bool { return r.text("visibility") == "public" })),
		with(list, "GET", "snippets/all", k.those(mayReadSnippet)),
		with(open, "GET", one, k.seen(k.show)), with(open, "GET", one+"/raw", k.seen(k.raw)), with(open, "GET", one+"/files/:ref/:file_path/raw", k.seen(k.raw)),
		with(read, "POST", "snippets", k.create), with(read, "PUT", one, k.seen(k.update)), with(read, "DELETE", one, k.seen(k.remove)),
	}
}

// mayReadSnippet: a private one is its author's and the administrators', an internal one is for whoever is signed in.
func mayReadSnippet(c *Call, r *record) bool {
	return r.text("visibility") == "public" || c.Actor.User != nil && (r.text("visibility") == "internal" || r.author == c.Actor.User || c.Actor.Admin)
}

func personalSnippets() collection {
	return collection{
		path: "snippets", name: "Snippet", noun: "personal_snippets", change: Owner, required: []string{"title"},
		fields: Object{"title": "", "description": nil, "visibility": "internal", "file_name": "", "content": ""},
		check: func(c *Call, r *record) *Answer {
			refuse := func(text string) *Answer { a := Refuse(http.StatusBadRequest, text); return &a }
			for _, f := range c.Objects("files") {
				r.fields["file_name"], r.fields["content"] = cmp.Or(plainText(f["file_path"]), r.text("file_name")), plainText(f["content"])
			}
			switch {
			case !slices.Contains(levels(), r.text("visibility")):
				return refuse("visibility does not have a valid value")
			case r.text("content") == "":
				return refuse("files, content are missing, exactly one parameter must be provided")
			case r.text("file_name") == "":
				return refuse("file_name is missing")
			}
			return nil
		},
		shape: func(c *Call, r *record) Object {
			at := c.URL("/-/snippets/" + itoa(r.id))
			return r.shown(Object{"id": r.id, "author": userBasic(c, r.author), "created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "project_id": nil, "web_url": at, "raw_url": at + "/raw",
				"files": []Object{{"path": r.text("file_name"), "raw_url": at + "/raw/main/" + r.text("file_name")}}, "imported": false, "imported_from": "none", "repository_storage": "default"}).without("content")
		},
	}
}

// those lists the rows that pass, the newest first.
func (k collection) those(wanted func(*Call, *record) bool) Handler {
	k.wanted = wanted
	return k.list
}

// seen finds the row of the path for those who may read it.
func (k collection) seen(handle Handler) Handler {
	return func(c *Call) Answer {
		c.path["row"] = c.Path("snippet_id")
		return k.with(c, func(r *record) Answer {
			if !mayReadSnippet(c, r) {
				return NotFound(k.name)
			}
			return handle(c)
		})
	}
}

func (k collection) raw(c *Call) Answer {
	return k.with(c, func(r *record) Answer {
		if file := c.Path("file_path"); file != "" && file != r.text("file_name") {
			return NotFound(k.name)
		}
		return Plain(http.StatusOK, "text/plain", r.text("content"))
	})
}
