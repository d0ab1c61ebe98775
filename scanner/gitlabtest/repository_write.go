package gitlabtest

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// gitEdit is one file that a commit of the API leaves behind; without mode it goes.
type gitEdit struct{ path, mode, text string }

// commitWrite is one commit as the API makes it.
type commitWrite struct {
	branch, parent        string // parent is a hash, "" for the first commit
	author, mail, message string
	edits                 []gitEdit
	merge                 string // hash of a second parent
	tree                  string // hash of what all files come to, where edits do not say it
	force                 bool   // the branch may lose commits
}

// ownRepository is a project's repository on disk, made where there is none; the project is empty until something is
// pushed.
func (c *Call) ownRepository() (*bare, error) {
	p := c.Project
	dir := c.server.gitDir(p)
	if _, err := os.Stat(dir); err == nil {
		return &bare{dir}, nil
	}
	if err := c.server.makeRepository(p, &Repository{}, dir); err != nil {
		return nil, err
	}
	return &bare{dir}, nil
}

// write makes a commit of the project and returns its hash. The caller has asked for the rights.
func (c *Call) write(b *bare, w commitWrite) (string, error) {
	before := c.configBlob(b)
	if err := c.commit(b, w); err != nil {
		return "", err
	}
	c.pushed(b, before)
	return b.commit(w.branch)
}

// commit makes a commit in any repository, a wiki's too.
func (c *Call) commit(b *bare, w commitWrite) error {
	clean := strings.NewReplacer("<", "", ">", "", "\n", " ")
	who := func(name, mail string) string {
		return fmt.Sprintf("%s <%s> %d +0000", clean.Replace(name), clean.Replace(mail), c.Now.Unix())
	}
	u := c.Actor.User
	var out strings.Builder
	fmt.Fprintf(&out, "commit refs/heads/%s\nauthor %s\ncommitter %s\ndata %d\n%s\n", w.branch, who(cmp.Or(w.author, u.Name), cmp.Or(w.mail, u.Email)),
		who(u.Name, u.Email), len(w.message), w.message)
	if w.parent != "" {
		fmt.Fprintf(&out, "from %s\n", w.parent)
	}
	if w.merge != "" {
		fmt.Fprintf(&out, "merge %s\n", w.merge)
	}
	if w.tree != "" {
		fmt.Fprintf(&out, "M 040000 %s \"\"\n", w.tree)
	}
	for _, e := range w.edits {
		if e.mode == "" {
			fmt.Fprintf(&out, "D %s\n", quotePath(e.path))
			continue
		}
		fmt.Fprintf(&out, "M %s inline %s\ndata %d\n%s\n", e.mode, quotePath(e.path), len(e.text), e.text)
	}
	args := []string{"fast-import", "--quiet"}
	if w.force {
		args = append(args, "--force")
	}
	_, err := git(b.dir, []byte(out.String()), args...)
	return err
}

// configBlob is the hash of the pipeline configuration at the head of the default branch; "" for none.
func (c *Call) configBlob(b *bare) string {
	p := c.Project
	if p.Repository == nil {
		return ""
	}
	path := ".gitlab-ci.yml"
	if p.CI != nil {
		path = cmp.Or(p.CI.Path, path)
	}
	e, _ := b.entry("refs/heads/"+p.Repository.branch(), path) // zero where there is none
	return e.id
}

// pushed follows what changed in a repository: the first branch becomes the default one and is protected, the project
// is active, and the world's frozen merged configuration is no longer that of the project, so that ci/lint is denied.
func (c *Call) pushed(b *bare, configBefore string) {
	p := c.Project
	p.LastActive = At(c.Now)
	c.adoptBranch(b)
	if p.Repository == nil {
		return
	}
	if after := c.configBlob(b); after != configBefore {
		path := ""
		if p.CI != nil {
			path = p.CI.Path
		}
		p.CI = &CIConfig{Path: path, Denied: true}
	}
	c.st.changed()
}

// adoptBranch makes one of the branches the default where the default one is not there.
func (c *Call) adoptBranch(b *bare) {
	heads, err := b.refs("refs/heads/")
	if err != nil || len(heads) == 0 {
		return
	}
	if c.Project.Repository == nil {
		c.Project.Repository = &Repository{}
	}
	r := c.Project.Repository
	if !slices.ContainsFunc(heads, func(h gitRef) bool { return h.name == r.branch() }) {
		if _, err := b.git("symbolic-ref", "HEAD", "refs/heads/"+heads[0].name); err != nil {
			return
		}
		r.DefaultBranch = heads[0].name
	}
	c.protectDefault(r.branch())
}

// protectDefault protects a fresh project's default branch against all but Maintainers, once; somebody may take the
// protection away later. Source: https://docs.gitlab.com/user/project/repository/branches/default/
func (c *Call) protectDefault(branch string) {
	p := c.Project
	if p.protected || !p.fresh {
		return
	}
	p.protected = true
	if len(p.branchRules(branch)) == 0 {
		p.ProtectedBranches = append(p.ProtectedBranches, c.newProtection(branch, Maintainer, Maintainer))
	}
}

func (c *Call) newProtection(name string, push, merge Role) *ProtectedBranch {
	rule := func(r Role) []*AccessRule { return []*AccessRule{{ID: c.st.next("access_rules"), Role: r}} }
	return &ProtectedBranch{ID: c.st.next("protected_branches"), Name: name, Push: rule(push), Merge: rule(merge)}
}

// dropRepository removes what a deleted project leaves on disk.
func (s *Server) dropRepository(p *Project) {
	if s.opts.RepoDir == "" {
		return
	}
	_ = os.RemoveAll(s.gitDir(p)) // an ID is never given out again: what stays is out of reach
	_ = os.RemoveAll(s.wikiDir(p))
}
