package gitlabtest

import (
	"net/http"
	"slices"
)

// protectHead is the old way to protect one branch: Maintainers may push and merge, and Developers where told.
func protectHead(c *Call) Answer {
	name, b := c.Path("branch"), c.server.repository(c.Project)
	if _, found := findRef(b, "refs/heads/", name); !found {
		return NotFound("Branch")
	}
	unprotectName(c.Project, name)
	level := func(parameter string) Role {
		if developers, _ := c.Bool(parameter); developers {
			return Developer
		}
		return Maintainer
	}
	c.Project.ProtectedBranches = append(c.Project.ProtectedBranches, c.newProtection(name, level("developers_can_push"), level("developers_can_merge")))
	return c.branchAnswer(b, http.StatusOK, name)
}

func unprotectHead(c *Call) Answer {
	name, b := c.Path("branch"), c.server.repository(c.Project)
	if _, found := findRef(b, "refs/heads/", name); !found {
		return NotFound("Branch")
	}
	unprotectName(c.Project, name)
	return c.branchAnswer(b, http.StatusOK, name)
}

func unprotectName(p *Project, name string) {
	p.ProtectedBranches = slices.DeleteFunc(p.ProtectedBranches, func(b *ProtectedBranch) bool { return b.Name == name })
}
