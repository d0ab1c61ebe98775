package gitlabtest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// localGroup is the group that holds the projects made from local repositories.
const localGroup = "local"

// maxDepth bounds how deep below a folder repositories are looked for.
const maxDepth = 4

var notInPath = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// AddRepositories adds a project for every git repository at or below dir, with its whole history, and returns how
// many. ci/lint is denied to them, for nobody has merged their configuration. Repositories inside repositories are
// left out.
func (w *World) AddRepositories(dir string) (int, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	var found []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return err
		case err != nil:
			return fs.SkipDir // unreadable: not ours to read
		case !d.IsDir():
			return nil
		case isRepository(path):
			found = append(found, path)
			return fs.SkipDir
		case strings.Count(strings.TrimPrefix(path, root), string(filepath.Separator)) >= maxDepth:
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fmt.Errorf("no git repository at or below %s", dir)
	}
	w.Groups = append(w.Groups, &Group{Path: localGroup, Name: "Local repositories", Visibility: "private", CreatedAt: w.Now})
	taken := map[string]bool{}
	for _, path := range found {
		rel, err := filepath.Rel(root, path)
		if err != nil || rel == "." {
			rel = filepath.Base(path)
		}
		w.Projects = append(w.Projects, localProject(w, path, rel, taken))
	}
	return len(found), nil
}

// localProject is named for where the repository lies below the folder.
func localProject(w *World, path, rel string, taken map[string]bool) *Project {
	name := strings.Trim(notInPath.ReplaceAllString(strings.TrimSuffix(rel, ".git"), "-"), ".-")
	if name == "" {
		name = "repository"
	}
	unique := name
	for n := 2; taken[strings.ToLower(unique)]; n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	taken[strings.ToLower(unique)] = true
	return &Project{
		Path: localGroup + "/" + unique, Name: unique, Visibility: "private", CreatedAt: w.Now, LastActive: w.Now,
		Repository: &Repository{Dir: path, DefaultBranch: headBranch(path)}, CI: &CIConfig{Denied: true},
	}
}

// isRepository reports whether path is a work tree with a .git or a bare repository.
func isRepository(path string) bool {
	if _, err := os.Lstat(filepath.Join(path, ".git")); err == nil {
		return true
	}
	_, head := os.Stat(filepath.Join(path, "HEAD"))
	_, objects := os.Stat(filepath.Join(path, "objects"))
	_, refs := os.Stat(filepath.Join(path, "refs"))
	return head == nil && objects == nil && refs == nil
}

// headBranch reads which branch HEAD names; empty when it names none.
func headBranch(path string) string {
	for _, file := range []string{filepath.Join(path, ".git", "HEAD"), filepath.Join(path, "HEAD")} {
		if text, err := os.ReadFile(file); err == nil {
			if name, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: refs/heads/"); ok {
				return name
			}
		}
	}
	return ""
}
