package gitlabtest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// gitEnv keeps the machine's git configuration and prompts out. Repositories of other owners may be read: that is
// what projects made from local repositories are.
var gitEnv = []string{
	"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
	"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
}

// git runs one short git command on this machine's disk; input may be nil.
func git(dir string, input []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(input)
	cmd.Env = append([]string{"PATH=" + lookPath(), "HOME=" + dir}, gitEnv...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// lookPath is the folder of the git binary with the usual ones behind it, for the programs that git itself calls.
func lookPath() string {
	const usual = "/usr/local/bin:/usr/bin:/bin"
	if p, err := exec.LookPath("git"); err == nil {
		return filepath.Dir(p) + ":" + usual
	}
	return usual
}

// gitDir is where a project's bare repository lies.
func (s *Server) gitDir(p *Project) string {
	return filepath.Join(s.opts.RepoDir, strconv.FormatInt(p.ID, 10)+".git")
}

// wikiDir is where the bare repository of a project's wiki lies.
func (s *Server) wikiDir(p *Project) string {
	return filepath.Join(s.opts.RepoDir, strconv.FormatInt(p.ID, 10)+".wiki.git")
}

// makeRepository builds or copies the bare repository of a project or its wiki, if it has one.
func (s *Server) makeRepository(p *Project, r *Repository, dir string) error {
	if r == nil {
		return nil
	}
	if r.Dir != "" {
		// --no-hardlinks: a later push here must not reach into the original.
		_, err := git(s.opts.RepoDir, nil, "clone", "--quiet", "--mirror", "--no-hardlinks", "--", r.Dir, dir)
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := git(dir, nil, "init", "--quiet", "--bare", "--initial-branch", r.branch()); err != nil {
		return err
	}
	return s.addCommits(p.Path, r, dir, r.Commits)
}

func (r *Repository) branch() string { return cmp.Or(r.DefaultBranch, "main") }

// addCommits appends commits to a repository by one fast-import.
func (s *Server) addCommits(name string, r *Repository, dir string, commits []*Commit) error {
	if len(commits) == 0 {
		return nil
	}
	have, err := git(dir, nil, "for-each-ref", "--format=%(refname)")
	if err != nil {
		return err
	}
	stream := importStream{s: s, r: r, marks: map[string]string{}}
	for ref := range strings.Lines(string(have)) {
		ref = strings.TrimSpace(ref)
		stream.marks[ref] = ref + "^0"
	}
	for i, c := range commits {
		if err := stream.commit(i+1, c); err != nil {
			return fmt.Errorf("repository of %s, commit %q: %w", name, c.Message, err)
		}
	}
	if _, err := git(dir, stream.out.Bytes(), "fast-import", "--quiet", "--force"); err != nil {
		return fmt.Errorf("repository of %s: %w", name, err)
	}
	for _, ref := range stream.drop {
		if _, err := git(dir, nil, "update-ref", "-d", ref); err != nil {
			return err
		}
	}
	return nil
}

// importStream writes commits in fast-import's format.
// Source: https://git-scm.com/docs/git-fast-import
type importStream struct {
	s     *Server
	r     *Repository
	out   bytes.Buffer
	marks map[string]string // ref -> what "from" calls it
	drop  []string          // refs to delete afterwards
}

func (w *importStream) commit(n int, c *Commit) error {
	ref := "refs/heads/" + cmp.Or(c.Branch, w.r.branch())
	mark := ":" + strconv.Itoa(n)
	who := w.person(c)
	fmt.Fprintf(&w.out, "commit %s\nmark %s\nauthor %s %d +0000\ncommitter %s %d +0000\n", ref, mark, who, c.Date.Unix(), who, c.Date.Unix())
	w.data(c.Message)
	parent, known := w.marks[ref], w.marks[ref] != ""
	if !known && c.From != "" {
		if parent = cmp.Or(w.marks["refs/heads/"+c.From], w.marks["refs/tags/"+c.From]); parent == "" {
			return fmt.Errorf("starts at %q, which does not exist yet", c.From)
		}
	}
	if parent != "" {
		fmt.Fprintf(&w.out, "from %s\n", parent)
	}
	for _, m := range c.Merge {
		if w.marks["refs/heads/"+m] == "" {
			return fmt.Errorf("merges %q, which does not exist yet", m)
		}
		fmt.Fprintf(&w.out, "merge %s\n", w.marks["refs/heads/"+m])
	}
	w.files(c)
	w.marks[ref] = mark
	w.refs(c, ref, mark)
	return nil
}

func (w *importStream) files(c *Commit) {
	for _, path := range c.Delete {
		fmt.Fprintf(&w.out, "D %s\n", quotePath(path))
	}
	paths := make([]string, 0, len(c.Files))
	for path := range c.Files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		fmt.Fprintf(&w.out, "M 100644 inline %s\n", quotePath(path))
		w.data(c.Files[path])
	}
}

func (w *importStream) refs(c *Commit, ref, mark string) {
	if c.Tag != "" {
		fmt.Fprintf(&w.out, "reset refs/tags/%s\nfrom %s\n\n", c.Tag, mark)
		w.marks["refs/tags/"+c.Tag] = mark
	}
	if c.MergeRequest != 0 {
		fmt.Fprintf(&w.out, "reset refs/merge-requests/%d/head\nfrom %s\n\n", c.MergeRequest, mark)
	}
	if c.DeleteBranch {
		w.drop = append(w.drop, ref)
	}
}

func (w *importStream) data(text string) {
	fmt.Fprintf(&w.out, "data %d\n%s\n", len(text), text)
}

// person names a commit's author: a user of the world by username, or a free name.
func (w *importStream) person(c *Commit) string {
	name, mail := c.Author, c.Email
	if u := w.s.st.userByName(c.Author); u != nil {
		name, mail = cmp.Or(u.Name, u.Username), cmp.Or(mail, u.Username+"@noreply.example")
	}
	clean := strings.NewReplacer("<", "", ">", "", "\n", " ")
	return clean.Replace(cmp.Or(name, "nobody")) + " <" + clean.Replace(cmp.Or(mail, "nobody@noreply.example")) + ">"
}

func quotePath(path string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(path) {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			fmt.Fprintf(&b, `\%03o`, c)
			continue
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}

// prepare builds what a world needs outside memory, before the first request.
func (s *Server) prepare() error {
	if s.opts.RepoDir == "" {
		return nil
	}
	if _, err := exec.LookPath("git"); err != nil {
		return errors.New("make repositories: git is not installed")
	}
	for _, p := range s.st.w.Projects {
		if err := s.makeRepository(p, p.Repository, s.gitDir(p)); err != nil {
			return err
		}
		if err := s.makeRepository(p, p.Wiki, s.wikiDir(p)); err != nil {
			return err
		}
	}
	return nil
}
