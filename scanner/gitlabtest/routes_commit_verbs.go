package gitlabtest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// commitVerbRoutes change a repository without git.
func commitVerbRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "projects/:id/repository/commits", Role: Developer, Permission: "create_commit",
			Source: "https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions", Handle: createCommit},
	}
}

func createCommit(c *Call) Answer {
	if lacks := c.missing("branch", "commit_message", "actions"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	id, refused := c.commitActions(c.Objects("actions"))
	if refused != nil {
		return *refused
	}
	return c.commitAnswer(c.server.repository(c.Project), http.StatusCreated, id)
}

// commitActions makes one commit on the branch of the request and returns its hash.
func (c *Call) commitActions(actions []map[string]any) (string, *Answer) {
	refuse := func(a Answer) (string, *Answer) { return "", &a }
	if c.server.opts.RepoDir == "" {
		return refuse(c.withoutGit())
	}
	branch := c.Text("branch")
	switch {
	case c.Project.Archived:
		return refuse(Forbidden(""))
	case !refName(branch):
		return refuse(Message(http.StatusBadRequest, "You can only create or edit files when you are on a branch"))
	case !c.mayPush(c.Project, branch):
		return refuse(Message(http.StatusBadRequest, "You are not allowed to push into this branch"))
	}
	b, err := c.ownRepository()
	if err != nil {
		return refuse(c.withoutGit())
	}
	parent, refused := c.parentOf(b, branch)
	if refused != nil {
		return "", refused
	}
	staged := staging{b: b, parent: parent}
	for _, a := range actions {
		if wrong := staged.take(a); wrong != "" {
			return refuse(Message(http.StatusBadRequest, wrong))
		}
	}
	if len(staged.edits) == 0 {
		return refuse(Message(http.StatusBadRequest, "No changes were made"))
	}
	force, _ := c.Bool("force")
	id, err := c.write(b, commitWrite{branch: branch, parent: parent, author: c.Text("author_name"), mail: c.Text("author_email"), message: c.Text("commit_message"),
		edits: staged.edits, force: force})
	if err != nil {
		return refuse(Message(http.StatusBadRequest, "Could not update refs/heads/"+branch+". Please refresh and try again."))
	}
	return id, nil
}

// parentOf is the commit that the new one stands on: the head of the branch, or where the request wants a fresh branch to
// begin; "" in an empty repository.
func (c *Call) parentOf(b *bare, branch string) (string, *Answer) {
	refuse := func(text string) (string, *Answer) { a := Message(http.StatusBadRequest, text); return "", &a }
	head, err := b.revision("refs/heads/"+branch, "commit")
	force, _ := c.Bool("force")
	start := cmp.Or(c.Text("start_branch"), c.Text("start_sha"))
	switch {
	case err == nil && start != "" && start != branch && !force:
		return refuse(fmt.Sprintf("A branch called '%s' already exists. Switch to that branch in order to make changes", branch))
	case err == nil && (start == "" || start == branch):
		return head, nil
	case start != "":
		id, err := b.commit(start)
		if err != nil {
			return refuse("Cannot find start_branch '" + start + "'")
		}
		return id, nil
	}
	heads, err := b.refs("refs/heads/")
	if err != nil || len(heads) > 0 {
		return refuse("You can only create or edit files when you are on a branch")
	}
	return "", nil
}

// staging collects the actions of one commit over its parent.
type staging struct {
	b      *bare
	parent string
	edits  []gitEdit
}

// now is a file as it is before the next action.
func (s *staging) now(name string) (mode, text string, found bool) {
	for i := len(s.edits) - 1; i >= 0; i-- {
		if e := s.edits[i]; e.path == name {
			return e.mode, e.text, e.mode != ""
		}
	}
	if s.parent == "" {
		return "", "", false
	}
	e, found := s.b.entry(s.parent, name)
	if !found {
		return "", "", false
	}
	raw, err := git(s.b.dir, nil, "cat-file", "blob", e.id)
	return e.mode, string(raw), err == nil
}

// take stages one action and returns what is wrong with it, "" for nothing.
func (s *staging) take(a map[string]any) string {
	text := func(key string) string { v, _ := a[key].(string); return v }
	name := path.Clean(text("file_path"))
	if name == "." || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || strings.HasPrefix(name+"/", ".git/") {
		return "Invalid path"
	}
	content := text("content")
	if text("encoding") == "base64" {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(content), ""))
		if err != nil {
			return "The content is no base64"
		}
		content = string(raw)
	}
	mode, old, found := s.now(name)
	if wrong := s.stale(name, text("last_commit_id"), found); wrong != "" {
		return wrong
	}
	switch text("action") {
	case "create":
		if found {
			return "A file with this name already exists"
		}
		mode = "100644"
	case "update", "chmod":
		if !found {
			return "A file with this name doesn't exist"
		}
		if text("action") == "chmod" {
			content = old
		}
	case "delete":
		if !found {
			return "A file with this name doesn't exist"
		}
		s.edits = append(s.edits, gitEdit{path: name})
		return ""
	case "move":
		from := path.Clean(text("previous_path"))
		fromMode, fromText, there := s.now(from)
		if !there {
			return "A file with this name doesn't exist"
		}
		if found {
			return "A file with this name already exists"
		}
		if _, given := a["content"].(string); !given {
			content = fromText
		}
		mode, s.edits = fromMode, append(s.edits, gitEdit{path: from})
	default:
		return "actions[action] does not have a valid value"
	}
	if on, given := asBool(a["execute_filemode"]); given {
		mode = map[bool]string{true: "100755", false: "100644"}[on]
	}
	s.edits = append(s.edits, gitEdit{name, mode, content})
	return ""
}

// stale says that somebody changed the file since the commit that the client knows.
func (s *staging) stale(name, known string, found bool) string {
	if known == "" || !found {
		return ""
	}
	last, err := s.b.git("log", "-1", "--format=%H", s.parent, "--", name)
	if err != nil || strings.TrimSpace(last) != known {
		return "You are attempting to update a file that has changed since you started editing it."
	}
	return ""
}

// asBool reads a flag of JSON or of a form.
func asBool(v any) (on, given bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return v == "true" || v == "1", v != ""
	case json.Number:
		return v == "1", true
	}
	return false, false
}
