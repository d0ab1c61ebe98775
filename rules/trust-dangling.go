package rules

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// The targets of mirrors and webhooks are hosts, of which the inventory does not know whether they still exist.
var trustDangling = Rule{
	ID:       "trust-dangling",
	Code:     "OFF-008",
	Title:    "Trust in a project or group that is gone",
	Severity: inventory.Medium,
	Why:      "Nobody looks after what was left behind; and whoever makes a project at a path that was given up is trusted in its place.",
	Fix:      "Take the entry off, and bind trust to the project's id where a path can be taken again. Do not override GitLab's block of ID tokens on a reused path.",
	Refs:     []string{"OWASP NHI1:2025", "OWASP NHI6:2025", "NIST SP 800-53 AC-3", "NIST SP 800-53 AC-4", "SOC 2 CC6.3", "ISO 27001:2022 A.8.3"},
	Reads:    []string{"job-token-scope", "member", "pipeline", "repository", "project", "group"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind == inventory.InstanceHome {
			return NotApplicable
		}
		edges := p.trustOf(h)
		var gone []string
		v := Fail("")
		untold := Verdict{answer: pass}
		for _, e := range edges {
			state, why := p.targetGone(e)
			switch state {
			case inventory.Yes:
				gone = append(gone, e.what+" ("+why+")")
				v = v.With("%s: %s", e.what, why)
				if e.path != "" && e.home == "" {
					v.base = inventory.High
				}
			case inventory.Unknown:
				untold = Unknown("%s", safe(why))
			}
		}
		if len(gone) > 0 {
			v.message = Fail("trusts what is gone: %s; take it off", few(gone)).message
			if v.base == inventory.High {
				v = v.With("the path can be registered again")
			}
			return v
		}
		sources := []string{"job-token-scope", "pipeline"}
		if h.Kind == inventory.GroupHome {
			sources = []string{"member"}
		} else if runsNothing(h) {
			sources = sources[:1]
		}
		if v, hidden := p.unseen(h.ID, sources...); hidden {
			return v
		}
		switch {
		case len(edges) == 0:
			return NotApplicable
		case untold.answer == unknown:
			return untold
		}
		return Ok
	}),
}

// trustEdge is something that a home trusts: another home, by its ID or by a path.
type trustEdge struct {
	what string // for people
	home string // home ID; empty where a path names it
	path string
}

// trustOf lists what a home trusts, sorted by what.
func (p *Pass) trustOf(h inventory.Home) []trustEdge {
	var edges []trustEdge
	for _, g := range p.X.GrantsOn[h.ID] {
		switch g.Kind {
		case "job-token":
			edges = append(edges, trustEdge{what: "job token allowlist entry " + p.entryName(g.Subject), home: g.Subject})
		case "group-share":
			edges = append(edges, trustEdge{what: "share with group " + p.entryName(g.Subject), home: g.Subject})
		case "oidc-trust":
			for sub := range strings.FieldsSeq(g.Subject) {
				_, project, found := strings.Cut(sub, "project_path:")
				project, _, _ = strings.Cut(project, ":")
				if found && !interpolated(project) && !strings.ContainsAny(project, "*?") {
					edges = append(edges, trustEdge{what: "OIDC subject of " + project + " in " + g.Note, path: project})
				}
			}
		}
	}
	for _, job := range p.jobsIn(h.ID) {
		for include := range strings.FieldsSeq(job.Attributes["includes_mutable"]) {
			if target, ok := strings.CutPrefix(include, "project:"); ok {
				path, _, _ := strings.Cut(target, "@")
				edges = append(edges, trustEdge{what: "include of project " + path, path: path})
			}
		}
	}
	slices.SortFunc(edges, func(a, b trustEdge) int { return cmp.Compare(a.what, b.what) })
	return slices.Compact(edges)
}

// targetGone reports whether the target of a trust has ended, with how or with what hides it.
func (p *Pass) targetGone(e trustEdge) (gone inventory.Tri, why string) {
	target := p.X.Home(e.home)
	if e.home == "" {
		target = p.homeAt(e.path)
	}
	switch {
	case target != nil && target.Archived == inventory.Yes:
		return inventory.Yes, "archived"
	case target != nil && !target.DeletionAt.IsUnknown() && !target.DeletionAt.IsNever():
		return inventory.Yes, "marked for deletion"
	case target != nil:
		return inventory.No, ""
	case interpolated(e.path) || strings.Contains(e.path, "$"):
		return inventory.Unknown, "what it trusts is named by a variable"
	}
	// A token that sees less than all cannot tell what is gone from what is hidden from it.
	if len(p.X.Scan.Scope) > 0 || p.X.Scan.Token.Admin != inventory.Yes {
		return inventory.Unknown, "whether a project or group that it trusts still exists was not shown to this token"
	}
	if _, hidden := p.unseen(p.instance, "project", "group"); hidden {
		return inventory.Unknown, "whether a project or group that it trusts still exists was not shown: the lists are not whole"
	}
	return inventory.Yes, "no project or group is there"
}

// homeAt returns the group or project at a path, or nil. GitLab compares paths without regard to case.
func (p *Pass) homeAt(path string) *inventory.Home {
	if p.byPath == nil {
		p.byPath = map[string]*inventory.Home{}
		for _, h := range p.homes {
			p.byPath[strings.ToLower(h.Path)] = h
		}
	}
	return p.byPath[strings.ToLower(strings.Trim(path, "/"))]
}
