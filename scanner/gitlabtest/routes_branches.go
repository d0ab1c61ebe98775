package gitlabtest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// branchRoutes are branches and tags of a repository.
func branchRoutes() []Route {
	const branches, tags, b, t = "https://docs.gitlab.com/api/branches/", "https://docs.gitlab.com/api/tags/", "projects/:id/repository/branches", "projects/:id/repository/tags"
	return []Route{
		readsCode(Route{Path: b, Paging: Offset}, branches, listBranches),
		readsCode(Route{Path: b + "/:branch"}, branches, showBranch),
		{Method: "POST", Path: b, Role: Developer, Permission: "create_branch", Source: branches, Handle: createBranch},
		{Method: "DELETE", Path: b + "/:branch", Role: Developer, Permission: "delete_branch", Source: branches, Handle: deleteBranch},
		{Method: "PUT", Path: b + "/:branch/protect", Role: Maintainer, Permission: "create_protected_branch", Source: branches, Handle: protectHead},
		{Method: "PUT", Path: b + "/:branch/unprotect", Role: Maintainer, Permission: "delete_protected_branch", Source: branches, Handle: unprotectHead},
		readsCode(Route{Path: t, Paging: Offset}, tags, listTags),
		readsCode(Route{Path: t + "/:tag"}, tags, showTag),
		{Method: "POST", Path: t, Role: Developer, Permission: "create_tag", Source: tags, Handle: createTag},
		{Method: "DELETE", Path: t + "/:tag", Role: Developer, Permission: "delete_tag", Source: tags, Handle: deleteTag},
	}
}

// branchesJSON shows branches with their commits, which are read at once.
func (c *Call) branchesJSON(b *bare, heads []gitRef) ([]Object, error) {
	p := c.Project
	var ids []string
	for _, h := range heads {
		ids = append(ids, h.commit)
	}
	commits, err := c.commitsJSON(b, ids)
	if err != nil {
		return nil, err
	}
	merged := map[string]bool{}
	if done, err := b.refs("refs/heads/", "--merged=refs/heads/"+p.Repository.branch()); err == nil {
		for _, h := range done {
			merged[h.name] = h.name != p.Repository.branch()
		}
	}
	var rows []Object
	for i, h := range heads {
		rules := p.branchRules(h.name)
		developers := func(side func(*ProtectedBranch) []*AccessRule) bool {
			return slices.ContainsFunc(rules, func(b *ProtectedBranch) bool {
				return slices.ContainsFunc(side(b), func(r *AccessRule) bool { return r.Role == Developer && r.User+r.Group+r.DeployKey == "" })
			})
		}
		rows = append(rows, Object{
			"name": h.name, "commit": commits[i], "merged": merged[h.name], "protected": len(rules) > 0, "default": h.name == p.Repository.branch(),
			"developers_can_push":  developers(func(b *ProtectedBranch) []*AccessRule { return b.Push }),
			"developers_can_merge": developers(func(b *ProtectedBranch) []*AccessRule { return b.Merge }),
			"can_push":             c.mayPush(p, h.name), "web_url": c.URL("/" + p.Path + "/-/tree/" + h.name),
		})
	}
	return rows, nil
}

// refFilter reads the parameters search, whose ^ and $ bind it to the ends, and regex.
func (c *Call) refFilter() (func(gitRef) bool, bool) {
	text, pattern := strings.ToLower(c.Text("search")), c.Text("regex")
	wanted, err := regexp.Compile(pattern)
	head, front := strings.CutPrefix(text, "^")
	tail, back := strings.CutSuffix(head, "$")
	return func(r gitRef) bool {
		name := strings.ToLower(r.name)
		return (!front || strings.HasPrefix(name, tail)) && (!back || strings.HasSuffix(name, tail)) && strings.Contains(name, tail) && wanted.MatchString(r.name)
	}, err == nil
}

func listBranches(c *Call, b *bare) Answer {
	wanted, ok := c.refFilter()
	if !ok {
		return Refuse(http.StatusBadRequest, "regex is invalid")
	}
	var rows []gitRef
	if b != nil {
		heads, err := b.refs("refs/heads/")
		if err != nil {
			return c.withoutGit()
		}
		rows = keep(heads, wanted)
	}
	var shown []gitRef
	var page []Object
	a := List(c, rows, noID[gitRef], func(h gitRef) Object {
		shown, page = append(shown, h), append(page, Object{})
		return page[len(page)-1]
	})
	if len(shown) > 0 {
		full, err := c.branchesJSON(b, shown)
		if err != nil {
			return c.withoutGit()
		}
		for i, o := range full {
			page[i].Merge(o)
		}
	}
	return a
}

// findRef finds one branch or tag by its exact name.
func findRef(b *bare, below, name string) (gitRef, bool) {
	if b == nil || !refName(name) {
		return gitRef{}, false
	}
	refs, err := b.refs(below)
	if err != nil {
		return gitRef{}, false
	}
	i := slices.IndexFunc(refs, func(r gitRef) bool { return r.name == name })
	if i < 0 {
		return gitRef{}, false
	}
	return refs[i], true
}

func showBranch(c *Call, b *bare) Answer { return c.branchAnswer(b, http.StatusOK, c.Path("branch")) }

func (c *Call) branchAnswer(b *bare, status int, name string) Answer {
	h, found := findRef(b, "refs/heads/", name)
	if !found {
		return NotFound("Branch")
	}
	rows, err := c.branchesJSON(b, []gitRef{h})
	if err != nil {
		return c.withoutGit()
	}
	return Answer{Status: status, Body: rows[0]}
}

// changesRepository is what every change without git asks first.
func (c *Call) changesRepository() (*bare, *Answer) {
	a := Forbidden("")
	switch {
	case c.Project.Archived:
		return nil, &a
	case c.server.opts.RepoDir == "":
		a = c.withoutGit()
		return nil, &a
	}
	return c.server.repository(c.Project), nil
}

func createBranch(c *Call) Answer {
	name := c.Text("branch")
	b, refused := c.changesRepository()
	switch {
	case c.missing("branch", "ref") != "":
		return Refuse(http.StatusBadRequest, c.missing("branch", "ref"))
	case refused != nil:
		return *refused
	case !refName(name):
		return Message(http.StatusBadRequest, "Branch name is invalid")
	case !c.mayPush(c.Project, name) && !c.mayMerge(c.Project, name):
		return Message(http.StatusBadRequest, "You are not allowed to create protected branches on this project.")
	}
	if _, found := findRef(b, "refs/heads/", name); found {
		return Message(http.StatusBadRequest, "Branch already exists")
	}
	from, err := "", errNoRevision
	if b != nil {
		from, err = b.commit(c.Text("ref"))
	}
	if err != nil {
		return Message(http.StatusBadRequest, "Invalid reference name: "+c.Text("ref"))
	}
	if _, err := b.git("update-ref", "refs/heads/"+name, from, strings.Repeat("0", 40)); err != nil {
		return Message(http.StatusBadRequest, "Failed to create branch '"+name+"': invalid reference name '"+c.Text("ref")+"'")
	}
	c.Project.LastActive = At(c.Now)
	return c.branchAnswer(b, http.StatusCreated, name)
}

// deleteBranch spares the default branch; a protected one goes with a Maintainer only.
func deleteBranch(c *Call) Answer {
	name := c.Path("branch")
	b, refused := c.changesRepository()
	if refused != nil {
		return *refused
	}
	h, found := findRef(b, "refs/heads/", name)
	switch {
	case !found:
		return NotFound("Branch")
	case name == c.Project.Repository.branch():
		return Message(http.StatusBadRequest, "The default branch of a project cannot be deleted.")
	case len(c.Project.branchRules(name)) > 0 && c.Level(c.Project) < Maintainer:
		return Message(http.StatusBadRequest, "You are not allowed to delete protected branches from this project. Only a project maintainer or owner can delete a protected branch.")
	}
	if _, err := b.git("update-ref", "-d", "refs/heads/"+name, h.object); err != nil {
		return Message(http.StatusBadRequest, "Failed to remove branch")
	}
	return NoContent()
}
