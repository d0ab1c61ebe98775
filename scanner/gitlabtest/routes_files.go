package gitlabtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"path"
)

// fileRoutes read files of a repository without git.
func fileRoutes() []Route {
	return []Route{{
		Method: "GET", Path: "projects/:id/repository/files/:file_path", Role: Reporter, Auditor: true, Permission: "read_code",
		Scopes: []string{"api", "read_api", "read_repository"},
		Source: "https://docs.gitlab.com/api/repository_files/#get-file-from-repository", Handle: repositoryFile,
	}}
}

// repositoryFile knows the head of the default branch, which is all that worlds hold as data.
func repositoryFile(c *Call) Answer {
	r, name := c.Project.Repository, c.Path("file_path")
	switch ref := c.Text("ref"); {
	case ref == "":
		return Message(400, "ref is missing")
	case r == nil, ref != r.branch() && ref != "HEAD":
		return NotFound("Commit")
	}
	text, ok := c.server.fileAtHead(c.Project, name)
	if !ok {
		return NotFound("File")
	}
	sum := sha256.Sum256([]byte(text))
	return OK(Object{
		"file_name": path.Base(name), "file_path": name, "size": len(text), "encoding": "base64", "ref": c.Text("ref"),
		"content": base64.StdEncoding.EncodeToString([]byte(text)), "content_sha256": hex.EncodeToString(sum[:]), "execute_filemode": false,
	})
}

// fileAtHead returns a file of the default branch; false when there is none.
func (s *Server) fileAtHead(p *Project, name string) (string, bool) {
	if p.Repository.Dir != "" && s.opts.RepoDir != "" {
		text, err := git(s.gitDir(p), nil, "cat-file", "blob", "refs/heads/"+p.Repository.branch()+":"+name)
		return string(text), err == nil
	}
	return p.Repository.fileAtHead(name)
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
