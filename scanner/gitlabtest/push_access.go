package gitlabtest

import (
	"path"
	"slices"
	"strings"
)

// fits says that a protection's name, which may hold "*", is about a branch or tag.
func fits(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}

// branchRules are the protections of a branch: the project's, and those of the top-level group.
func (p *Project) branchRules(branch string) []*ProtectedBranch {
	about := func(b *ProtectedBranch) bool { return fits(b.Name, branch) }
	rules := keep(p.ProtectedBranches, about)
	for g := p.group; g != nil; g = g.parent {
		if g.parent == nil {
			rules = append(rules, keep(g.ProtectedBranches, about)...)
		}
	}
	return rules
}

// opens says that one line of a protection lets the caller through.
func (c *Call) opens(p *Project, r *AccessRule) bool {
	switch {
	case c.Actor.User == nil, r.DeployKey != "":
		return false
	case r.User != "":
		return r.User == c.Actor.User.Username
	case r.Group != "":
		g := c.FindGroup(r.Group)
		return g != nil && c.st.groupRole(c.Actor.User, g, c.Now) >= Developer
	}
	return r.Role != NoRole && c.Level(p) >= r.Role
}

// mayPushCode says that the caller may change the repository at all.
func (c *Call) mayPushCode(p *Project) bool {
	return c.Actor.User != nil && !p.Archived && c.Level(p) >= Developer
}

// mayPush says that the caller may push to a branch. Of several protections that fit, one that opens is enough.
// Source: https://docs.gitlab.com/user/project/repository/branches/protected/
func (c *Call) mayPush(p *Project, branch string) bool {
	return c.mayPushCode(p) && c.openBranch(p, branch, func(b *ProtectedBranch) []*AccessRule { return b.Push })
}

// mayMerge says that the caller may merge into a branch.
func (c *Call) mayMerge(p *Project, branch string) bool {
	return c.mayPushCode(p) && c.openBranch(p, branch, func(b *ProtectedBranch) []*AccessRule { return b.Merge })
}

func (c *Call) openBranch(p *Project, branch string, side func(*ProtectedBranch) []*AccessRule) bool {
	rules := p.branchRules(branch)
	if len(rules) == 0 {
		return true
	}
	return slices.ContainsFunc(rules, func(b *ProtectedBranch) bool {
		return slices.ContainsFunc(side(b), func(r *AccessRule) bool { return c.opens(p, r) })
	})
}

// mayCreateTag says that the caller may make a tag.
func (c *Call) mayCreateTag(p *Project, tag string) bool {
	rules := keep(p.ProtectedTags, func(t *ProtectedTag) bool { return fits(t.Name, tag) })
	return c.mayPushCode(p) && (len(rules) == 0 || slices.ContainsFunc(rules, func(t *ProtectedTag) bool {
		return slices.ContainsFunc(t.Create, func(r *AccessRule) bool { return c.opens(p, r) })
	}))
}

// refName says that git takes a name for a branch or a tag, and GitLab too: it takes none that looks like a hash.
// Source: https://git-scm.com/docs/git-check-ref-format, https://docs.gitlab.com/user/project/repository/branches/#name-your-branch
func refName(name string) bool {
	if name == "" || name == "HEAD" || name == "@" || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, ".") ||
		strings.ContainsAny(name, " ~^:?*[\\\x7f") || strings.Contains(name, "..") || strings.Contains(name, "@{") || path.Clean(name) != name || name[0] == '/' {
		return false
	}
	for _, r := range name {
		if r < ' ' {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return (len(name) != 40 && len(name) != 64) || strings.Trim(name, lowerHex) != ""
}
