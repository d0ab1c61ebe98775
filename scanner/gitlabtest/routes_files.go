package gitlabtest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// fileRoutes read and change files of a repository without git.
func fileRoutes() []Route {
	const source, at = "https://docs.gitlab.com/api/repository_files/", "projects/:id/repository/files/:file_path"
	read := readsCode(Route{Path: at}, source, nil)
	read.Handle = repositoryFile
	return []Route{
		read,
		{Method: "POST", Path: at, Role: Developer, Permission: "create_repository_file", Source: source, Handle: writeFile("create")},
		{Method: "PUT", Path: at, Role: Developer, Permission: "update_repository_file", Source: source, Handle: writeFile("update")},
		{Method: "DELETE", Path: at, Role: Developer, Permission: "delete_repository_file", Source: source, Handle: writeFile("delete")},
	}
}

// file is one file of a repository at a commit.
type file struct {
	path, ref, commit, last, blob, mode string
	text                                []byte
}

// header is the same as the body without the content, for HEAD and for the raw form.
func (f file) header() http.Header {
	sum := sha256.Sum256(f.text)
	h := http.Header{}
	for name, value := range map[string]string{
		"Blob-Id": f.blob, "Commit-Id": f.commit, "Last-Commit-Id": f.last, "Content-Sha256": hex.EncodeToString(sum[:]), "Encoding": "base64",
		"File-Name": path.Base(f.path), "File-Path": f.path, "Ref": f.ref, "Size": strconv.Itoa(len(f.text)),
		"Execute-Filemode": strconv.FormatBool(f.mode == "100755"),
	} {
		h.Set("X-Gitlab-"+name, value)
	}
	return h
}

// fileOf finds the file that the path and the parameter ref name.
func (c *Call) fileOf(b *bare) (file, *Answer) {
	refuse := func(what string) (file, *Answer) { a := NotFound(what); return file{}, &a }
	commit := c.at(b)
	if commit == "" {
		return refuse("Commit")
	}
	e, found := b.entry(commit, c.Path("file_path"))
	if !found {
		return refuse("File")
	}
	text, err := git(b.dir, nil, "cat-file", "blob", e.id)
	if err != nil {
		return refuse("File")
	}
	last, err := b.git("log", "-1", "--format=%H", commit, "--", e.path)
	if err != nil {
		return refuse("File")
	}
	return file{path: e.path, ref: cmp.Or(c.Text("ref"), "HEAD"), commit: commit, last: strings.TrimSpace(last), blob: e.id, mode: e.mode, text: text}, nil
}

// repositoryFile reads through git; a server without repositories on disk knows the head of the default branch, which is
// all that worlds hold as data.
func repositoryFile(c *Call) Answer {
	if !c.mayClone(c.Project) {
		if c.Actor.Anonymous() {
			return Unauthorized()
		}
		return Forbidden("")
	}
	if c.server.opts.RepoDir != "" {
		f, refused := c.fileOf(c.server.repository(c.Project))
		if refused != nil {
			return *refused
		}
		o := fileJSON(f.path, f.ref, f.text).Merge(Object{"blob_id": f.blob, "commit_id": f.commit, "last_commit_id": f.last, "execute_filemode": f.mode == "100755"})
		return Answer{Status: http.StatusOK, Body: o, Header: f.header()}
	}
	r, ref := c.Project.Repository, cmp.Or(c.Text("ref"), "HEAD")
	if r == nil || ref != r.branch() && ref != "HEAD" {
		return NotFound("Commit")
	}
	text, ok := r.fileAtHead(c.Path("file_path"))
	if !ok {
		return NotFound("File")
	}
	return OK(fileJSON(c.Path("file_path"), ref, []byte(text)))
}

func fileJSON(name, ref string, text []byte) Object {
	sum := sha256.Sum256(text)
	return Object{
		"file_name": path.Base(name), "file_path": name, "size": len(text), "encoding": "base64", "ref": ref,
		"content": base64.StdEncoding.EncodeToString(text), "content_sha256": hex.EncodeToString(sum[:]), "execute_filemode": false,
	}
}

func (r *Repository) fileAtHead(name string) (text string, ok bool) {
	for _, commit := range r.Commits {
		if commit.Branch != "" && commit.Branch != r.branch() {
			continue
		}
		for _, gone := range commit.Delete {
			if gone == name {
				text, ok = "", false
			}
		}
		if content, written := commit.Files[name]; written {
			text, ok = content, true
		}
	}
	return text, ok
}

// writeFile is a commit with one action.
func writeFile(action string) Handler {
	return func(c *Call) Answer {
		needs := []string{"branch", "commit_message"}
		if action != "delete" {
			needs = append(needs, "content")
		}
		if lacks := c.missing(needs...); lacks != "" {
			return Refuse(http.StatusBadRequest, lacks)
		}
		_, refused := c.commitActions([]map[string]any{{"action": action, "file_path": c.Path("file_path"), "content": c.Text("content"),
			"encoding": c.Text("encoding"), "last_commit_id": c.Text("last_commit_id"), "execute_filemode": c.Value("execute_filemode")}})
		if refused != nil {
			return *refused
		}
		o := Object{"file_path": c.Path("file_path"), "branch": c.Text("branch")}
		switch action {
		case "create":
			return Created(o)
		case "update":
			return OK(o)
		}
		return NoContent()
	}
}
