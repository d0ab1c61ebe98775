package rules

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// GitLab's role numbers. Others exist (5 Minimal, 15 Planner, 25 Security Manager): compare, do not list.
const (
	levelDeveloper  = 30
	levelMaintainer = 40
	levelOwner      = 50
)

// reach says whether a Developer can start a pipeline on some ref of a home.
type reach struct {
	ok  inventory.Tri
	ref string // which refs, printable; with Yes
	why reason // with Unknown
}

// developerRef finds a ref of a project that Developers can push or create: a protected one whose rule lets them,
// or, unless protectedOnly, any ref that no rule covers. A project that runs no pipeline has none.
func (p *Pass) developerRef(h *inventory.Home, protectedOnly bool) reach {
	if runsNothing(*h) {
		return reach{ok: inventory.No}
	}
	branches := p.openRule(h, h.Branches, protectedOnly, branchRule)
	if branches.ok == inventory.Yes {
		return branches
	}
	tags := p.openRule(h, h.Tags, protectedOnly, tagRule)
	if tags.ok == inventory.Yes || branches.ok == inventory.No {
		return tags
	}
	return branches
}

// refRule says how to read the rules of branches or of tags.
type refRule struct{ noun, source string }

var (
	branchRule = refRule{"branch", "protected-branch"}
	tagRule    = refRule{"tag", "protected-tag"}
)

func (p *Pass) openRule(h *inventory.Home, refs []inventory.ProtectedRef, protectedOnly bool, kind refRule) reach {
	if refs == nil {
		return reach{why: p.notShown(h, kind.source)}
	}
	covered := false
	result := reach{ok: inventory.No}
	refs = slices.SortedFunc(slices.Values(refs), func(a, b inventory.ProtectedRef) int { return cmp.Compare(a.Pattern, b.Pattern) })
	for _, r := range refs {
		covered = covered || everything(r.Pattern)
		switch p.developersMay(h, r, kind) {
		case inventory.Yes:
			return reach{ok: inventory.Yes, ref: "protected " + kind.noun + " " + inventory.Printable(r.Pattern, nameLength)}
		case inventory.Unknown:
			result = reach{why: reason{before: "who may push protected " + kind.noun + "es of ", place: p.path(h.ID), after: " was not shown in full"}}
			if kind == tagRule {
				result.why.before = "who may create protected tags of "
			}
		}
	}
	if !covered && !protectedOnly {
		return reach{ok: inventory.Yes, ref: "any unprotected " + kind.noun}
	}
	return result
}

// notShown is the reason for a list of a home that is missing.
func (p *Pass) notShown(h *inventory.Home, source string) reason {
	c := p.coverage(source, h.ID)
	if c.State == inventory.Complete {
		c.State = inventory.Denied
	}
	return hiddenReason(c, p.path(h.ID))
}

// developersMay reports whether a Developer can push or create a ref of this rule. Who may merge into a wildcard
// can create a matching branch.
// Source: https://docs.gitlab.com/user/project/repository/branches/protected/
func (p *Pass) developersMay(h *inventory.Home, r inventory.ProtectedRef, kind refRule) inventory.Tri {
	if kind == tagRule {
		return p.lowest(h, r.Create)
	}
	push := p.lowest(h, r.Push)
	if push == inventory.Yes || !strings.Contains(r.Pattern, "*") {
		return push
	}
	switch merge := p.lowest(h, r.Merge); {
	case merge == inventory.Yes:
		return merge
	case merge == inventory.Unknown:
		return merge
	}
	return push
}

// lowest reports whether a list lets anyone in who is a Developer or less.
func (p *Pass) lowest(h *inventory.Home, list []inventory.Access) inventory.Tri {
	if list == nil {
		return inventory.Unknown
	}
	result := inventory.No
	for _, a := range list {
		switch {
		case a.DeployKey != "":
		case a.Group != "":
			result = inventory.Unknown // its members may hold any role here
		case a.User != "":
			switch level := p.levelOf(a.User, h.ID); {
			case level == 0:
				result = inventory.Unknown
			case level <= levelDeveloper:
				return inventory.Yes
			}
		case a.Level > 0 && a.Level <= levelDeveloper:
			return inventory.Yes
		}
	}
	return result
}

// levelOf returns a user's highest role in a home or above it; 0 is unknown.
func (p *Pass) levelOf(user, home string) int {
	level := 0
	for _, h := range p.X.Chain(home) {
		for _, g := range p.X.GrantsOf(user) {
			if g.Kind == "membership" && g.Home == h.ID && !g.ExpiresAt.Before(p.Now) {
				level = max(level, g.Level)
			}
		}
	}
	return level
}

// developerRefBelow is developerRef over a home and all projects in it: a group's variables reach every one of them.
func (p *Pass) developerRefBelow(home string, protectedOnly bool) reach {
	key := home
	if protectedOnly {
		key += "\x00protected"
	}
	if r, ok := p.refs[key]; ok {
		return r
	}
	p.refs[key] = reach{ok: inventory.No} // ends a cycle, which only a faulty database can hold
	r := p.searchRef(home, protectedOnly)
	p.refs[key] = r
	return r
}

func (p *Pass) searchRef(home string, protectedOnly bool) reach {
	h := p.X.Home(home)
	if h == nil {
		return reach{why: reason{before: "its home was not shown"}}
	}
	if h.Kind == inventory.ProjectHome {
		r := p.developerRef(h, protectedOnly)
		if r.ok == inventory.Yes {
			r.ref += " of " + p.path(home)
		}
		return r
	}
	result := reach{ok: inventory.No}
	if v, hidden := p.unseen(home, "project"); hidden {
		result = reach{why: v.reason}
	}
	children := slices.SortedFunc(slices.Values(p.X.Children(home)), func(a, b *inventory.Home) int { return cmp.Compare(a.ID, b.ID) })
	for _, child := range children {
		switch r := p.developerRefBelow(child.ID, protectedOnly); r.ok {
		case inventory.Yes:
			return r
		case inventory.Unknown:
			result = r
		}
	}
	return result
}

// pushesDefault reports whether a deploy key is known to be able to push to the default branch of a home.
func (p *Pass) pushesDefault(c inventory.Credential) bool {
	for _, g := range p.X.GrantsOf(c.Identity) {
		h := p.X.Home(g.Home)
		if g.Kind != "deploy-key" || !mayPush(g) || h == nil || h.Default == "" || h.Branches == nil {
			continue
		}
		protected := false
		for _, b := range h.Branches {
			if !inventory.Wildcard(b.Pattern, h.Default) {
				continue
			}
			protected = true
			for _, a := range b.Push {
				if a.DeployKey != "" && isKey(c, a.DeployKey) {
					return true
				}
			}
		}
		if !protected {
			return true
		}
	}
	return false
}

// isKey reports whether an access entry names this key: by an ID, or by GitLab's number, with which each ID ends.
func isKey(c inventory.Credential, entry string) bool {
	return entry == c.ID || entry == c.Identity || strings.HasSuffix(c.ID, "/"+entry)
}

// mayPush reports whether a deploy key's grant includes writing.
func mayPush(g *inventory.Grant) bool { return slices.Contains(strings.Fields(g.Scope), "push") }
