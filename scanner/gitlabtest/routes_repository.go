package gitlabtest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// readsCode is a route that reads a repository: whoever may clone may read it.
func readsCode(route Route, source string, read func(c *Call, b *bare) Answer) Route {
	route.Method, route.Anonymous, route.JobToken, route.Permission, route.Source = http.MethodGet, true, true, "read_code", source
	route.Scopes = []string{"api", "read_api", "read_repository"}
	route.Handle = func(c *Call) Answer {
		if !c.mayClone(c.Project) {
			if c.Actor.Anonymous() {
				return Unauthorized()
			}
			return Forbidden("")
		}
		if c.server.opts.RepoDir == "" {
			return c.withoutGit()
		}
		return read(c, c.server.repository(c.Project))
	}
	return route
}

// withoutGit answers for a server that was given no place for repositories, as GitLab does when its storage is away.
func (c *Call) withoutGit() Answer {
	return Message(http.StatusServiceUnavailable, "503 Service Unavailable")
}

// repositoryRoutes read files, folders and blobs. b is nil where the repository is empty.
func repositoryRoutes() []Route {
	const source, at = "https://docs.gitlab.com/api/repositories/", "projects/:id/repository"
	return []Route{
		readsCode(Route{Path: at + "/tree", Paging: Offset}, source, listTree),
		readsCode(Route{Path: at + "/blobs/:sha"}, source, showBlob),
		readsCode(Route{Path: at + "/blobs/:sha/raw"}, source, rawBlob),
		readsCode(Route{Path: at + "/contributors", Paging: Offset}, source, listContributors),
		readsCode(Route{Path: at + "/compare"}, source, compareCommits),
		readsCode(Route{Path: at + "/merge_base"}, source, mergeBase),
		readsCode(Route{Path: at + "/files/:file_path/raw"}, "https://docs.gitlab.com/api/repository_files/", rawFile),
		readsCode(Route{Path: "projects/:id/languages"}, "https://docs.gitlab.com/api/projects/", listLanguages),
	}
}

// at is the commit that ref names, or the head of the default branch; "" where there is none.
func (c *Call) at(b *bare) string {
	if b == nil {
		return ""
	}
	ref := c.Text("ref")
	if ref == "" || ref == "HEAD" {
		ref = c.Project.Repository.branch()
	}
	id, _ := b.commit(ref) // "" with an error
	return id
}

func listTree(c *Call, b *bare) Answer {
	commit, folder := c.at(b), c.Text("path")
	if commit == "" {
		return NotFound("Tree")
	}
	deep, _ := c.Bool("recursive")
	rows, err := b.tree(commit, folder, deep)
	if err != nil || len(rows) == 0 && folder != "" {
		return NotFound("invalid revision or path")
	}
	rank := map[string]int{"tree": 0, "blob": 1, "commit": 2}
	slices.SortStableFunc(rows, func(x, y gitEntry) int { return cmp.Compare(rank[x.kind], rank[y.kind]) })
	show := func(e gitEntry) Object {
		return Object{"id": e.id, "name": path.Base(e.path), "type": e.kind, "path": e.path, "mode": e.mode}
	}
	if c.Text("pagination") == "keyset" {
		return treePage(c, rows, show)
	}
	return List(c, rows, noID[gitEntry], show)
}

// treePage goes on behind the row that page_token names.
// Source: https://docs.gitlab.com/api/repositories/#list-repository-tree
func treePage(c *Call, rows []gitEntry, show func(gitEntry) Object) Answer {
	per, bad := c.perPage()
	if bad != nil {
		return *bad
	}
	if token := c.Text("page_token"); token != "" {
		name, err := base64.RawURLEncoding.DecodeString(token)
		at := slices.IndexFunc(rows, func(e gitEntry) bool { return e.path == string(name) })
		if err != nil || at < 0 {
			return Message(http.StatusUnprocessableEntity, "422 Unprocessable Entity - invalid page token")
		}
		rows = rows[at+1:]
	}
	h := http.Header{}
	if len(rows) > per {
		rows = rows[:per]
		h.Set("Link", c.link("next", func(q url.Values) {
			q.Set("page_token", base64.RawURLEncoding.EncodeToString([]byte(rows[per-1].path)))
		}))
	}
	return Answer{Status: http.StatusOK, Header: h, Body: renderAll(rows, show)}
}

// blob is the object of that name; ok is false where it is none.
func (c *Call) blob(b *bare) (id string, text []byte, ok bool) {
	if b == nil || len(c.Path("sha")) < 7 || strings.Trim(c.Path("sha"), lowerHex) != "" {
		return "", nil, false
	}
	id, err := b.revision(c.Path("sha"), "blob")
	if err != nil {
		return "", nil, false
	}
	text, err = git(b.dir, nil, "cat-file", "blob", id)
	return id, text, err == nil
}

func showBlob(c *Call, b *bare) Answer {
	id, text, ok := c.blob(b)
	if !ok {
		return NotFound("Blob")
	}
	return OK(Object{"size": len(text), "encoding": "base64", "content": base64.StdEncoding.EncodeToString(text), "sha": id})
}

func rawBlob(c *Call, b *bare) Answer {
	_, text, ok := c.blob(b)
	if !ok {
		return NotFound("Blob")
	}
	return Answer{Status: http.StatusOK, Text: text, ContentType: "text/plain; charset=utf-8"}
}

func rawFile(c *Call, b *bare) Answer {
	f, refused := c.fileOf(b)
	if refused != nil {
		return *refused
	}
	return Answer{Status: http.StatusOK, Text: f.text, ContentType: "text/plain; charset=utf-8", Header: f.header()}
}

// listContributors counts commits of the default branch by address. GitLab counts no lines any more.
func listContributors(c *Call, b *bare) Answer {
	type person struct {
		name, email string
		commits     int
	}
	var rows []person
	if commit := c.at(b); commit != "" {
		out, err := b.git("log", "--format=%aE%x00%aN", commit)
		if err != nil {
			return c.withoutGit()
		}
		for line := range strings.Lines(out) {
			email, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
			i := slices.IndexFunc(rows, func(p person) bool { return p.email == email })
			if i < 0 {
				rows, i = append(rows, person{name, email, 0}), len(rows)
			}
			rows[i].commits++
		}
	}
	slices.SortStableFunc(rows, func(x, y person) int { return cmp.Compare(x.commits, y.commits) })
	if c.Text("sort") == "desc" {
		slices.Reverse(rows)
	}
	return List(c, rows, noID[person], func(p person) Object {
		return Object{"name": p.name, "email": p.email, "commits": p.commits, "additions": 0, "deletions": 0}
	})
}

// listLanguages goes by the ends of file names, where GitLab looks into the files as well.
func listLanguages(c *Call, b *bare) Answer {
	byEnd := map[string]string{
		".go": "Go", ".py": "Python", ".rb": "Ruby", ".js": "JavaScript", ".ts": "TypeScript", ".java": "Java", ".kt": "Kotlin", ".rs": "Rust", ".c": "C",
		".cpp": "C++", ".cs": "C#", ".php": "PHP", ".sh": "Shell", ".tf": "HCL", ".html": "HTML", ".css": "CSS", ".pl": "Perl", ".swift": "Swift",
	}
	sizes, whole := map[string]int{}, 0
	if commit := c.at(b); commit != "" {
		rows, err := b.tree(commit, "", true)
		if err != nil {
			return c.withoutGit()
		}
		for _, e := range rows {
			language, known := byEnd[strings.ToLower(path.Ext(e.path))]
			if e.kind != "blob" || !known {
				continue
			}
			if text, err := git(b.dir, nil, "cat-file", "blob", e.id); err == nil {
				sizes[language], whole = sizes[language]+len(text), whole+len(text)
			}
		}
	}
	o := Object{}
	for language, n := range sizes {
		if n > 0 {
			o[language] = float64(n*10000/whole) / 100
		}
	}
	return OK(o)
}
