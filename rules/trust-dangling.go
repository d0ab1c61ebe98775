package rules

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory"
)

// Mirrors and webhooks that lead to another host name no project of this GitLab. Whether what they reach still exists is
// told only as far as GitLab says that it can no longer reach it.
var trustDangling = Rule{
	ID:       "trust-dangling",
	Code:     "OFF-008",
	Title:    "Trust in a project or group that is gone",
	Severity: inventory.Medium,
	Why:      "Nobody looks after what was left behind; and whoever makes a project at a path that was given up is trusted in its place.",
	Fix:      "Take the entry off, and bind trust to the project's id where a path can be taken again. Do not override GitLab's block of ID tokens on a reused path.",
	Refs:     []string{"OWASP NHI1:2025", "OWASP NHI6:2025", "NIST SP 800-53 AC-3", "NIST SP 800-53 AC-4", "SOC 2 CC6.3", "ISO 27001:2022 A.8.3"},
	Reads:    []string{"job-token-scope", "member", "pipeline", "repository", "mirror", "webhook", "project", "group"},
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
				if e.path != "" && p.homeAt(e.path) == nil {
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
		if v, hidden := p.trustUnseen(h); hidden {
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

// trustUnseen reports whether a home may trust more than its rows say.
func (p *Pass) trustUnseen(h inventory.Home) (v Verdict, hidden bool) {
	sources := []string{"job-token-scope", "member", "mirror", "webhook", "repository"}
	switch {
	case h.Kind == inventory.GroupHome:
		sources = []string{"member", "webhook"}
	case !runsNothing(h):
		sources = append(sources, "pipeline")
	}
	for _, source := range sources {
		if p.coverage(source, h.ID).State == inventory.Unsupported {
			continue // this GitLab has none
		}
		if v, hidden := p.unseen(h.ID, source); hidden {
			return v, true
		}
	}
	return Verdict{}, false
}

// trustEdge is something that a home trusts: another home, by its ID or by a path, or a host of which nothing is known.
type trustEdge struct {
	what   string // for people
	home   string // home ID; empty where a path names it
	path   string
	untold string // why it cannot be told whether it is there; empty: it can
	page   bool   // path is one that browsers and git use
}

// trustOf lists what a home trusts, sorted by what.
func (p *Pass) trustOf(h inventory.Home) []trustEdge {
	var edges []trustEdge
	for _, g := range p.X.GrantsOn(h.ID) {
		switch g.Kind {
		case "job-token":
			edges = append(edges, trustEdge{what: "job token allowlist entry " + p.entryName(g.Subject), home: g.Subject})
		case "group-share":
			edges = append(edges, trustEdge{what: "share with group " + p.entryName(g.Subject), home: g.Subject})
		case "agent-access":
			edges = append(edges, trustEdge{what: g.Scope + " of " + g.Subject + " in " + g.Note, path: g.Subject})
		case "oidc-trust":
			edges = append(edges, p.subjectEdges(g)...)
		}
	}
	for _, i := range p.X.IdentitiesIn(h.ID) {
		switch i.Kind {
		case "workload":
			for path := range strings.FieldsSeq(i.Attributes["includes_projects"]) {
				if path != "…" {
					edges = append(edges, trustEdge{what: "include of project " + path, path: path})
				}
			}
		case "mirror", "webhook":
			edges = append(edges, p.addressEdges(i)...)
		}
	}
	slices.SortFunc(edges, func(a, b trustEdge) int { return cmp.Compare(a.what, b.what) })
	return slices.Compact(edges)
}

// subjectEdges are the projects that a trust in ID tokens names, and the groups in which any project is trusted.
func (p *Pass) subjectEdges(g *inventory.Grant) []trustEdge {
	var edges []trustEdge
	projects, _ := projectsTrusted(g.Subject)
	for _, path := range projects {
		if at := strings.IndexAny(path, "*?"); at >= 0 {
			path = path[:max(strings.LastIndexByte(path[:at], '/'), 0)] // the group above
		}
		switch path = strings.Trim(path, "/"); {
		case path == "" || interpolated(path):
		case strings.Trim(path, "0123456789") == "":
			edges = append(edges, trustEdge{what: "OIDC subject of project " + path + " in " + g.Note, home: inventory.HomeID(p.X.Scan.Instance, inventory.ProjectHome, number(path))})
		default:
			edges = append(edges, trustEdge{what: "OIDC subject of " + path + " in " + g.Note, path: path})
		}
	}
	return edges
}

// addressEdges are what a mirror or webhook leads to: a project of this GitLab, or a host that GitLab says it cannot reach.
func (p *Pass) addressEdges(i *inventory.Identity) []trustEdge {
	what := identityNoun(i.Kind) + " " + quoted(inventory.NameOf(*i))
	to, err := url.Parse(i.URL)
	if err != nil || to.Host == "" || i.State == inventory.Inactive && i.Kind == "mirror" {
		return nil
	}
	if own, err := url.Parse(p.X.Scan.URL); err == nil && strings.EqualFold(own.Hostname(), to.Hostname()) {
		edge, ok := p.pathEdge(strings.TrimPrefix(to.EscapedPath(), strings.TrimSuffix(own.EscapedPath(), "/")))
		edge.what = what
		if !ok || i.Kind == "webhook" && edge.page { // who takes a webhook is an API, or no part of a project
			return nil
		}
		edge.page = false
		return []trustEdge{edge}
	}
	switch failing := i.Attributes["alert_status"]; {
	case i.Kind == "mirror" && i.OnlineStatus == "failed":
		return []trustEdge{{what: what, untold: "whether what a mirror leads to still exists was not shown: its last update failed"}}
	case failing != "" && failing != "executable":
		return []trustEdge{{what: what, untold: "whether what a webhook sends to still exists was not shown: GitLab could not reach it"}}
	}
	return nil
}

// pathEdge reads the path of an address of this GitLab: a project's own, or one of the API, in which the project stands by
// its number or its path.
func (p *Pass) pathEdge(path string) (trustEdge, bool) {
	path = strings.Trim(path, "/")
	if rest, ok := strings.CutPrefix(path, "api/v4/projects/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		if strings.Trim(name, "0123456789") == "" {
			return trustEdge{home: inventory.HomeID(p.X.Scan.Instance, inventory.ProjectHome, number(name))}, name != ""
		}
		name, err := url.PathUnescape(name)
		return trustEdge{path: name}, err == nil && name != ""
	}
	path, _, _ = strings.Cut(path, "/-/")
	path = strings.TrimSuffix(strings.TrimSuffix(path, ".git"), ".wiki")
	return trustEdge{path: path, page: true}, strings.Contains(path, "/") && !strings.HasPrefix(path, "api/")
}

func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64) // digits
	return n
}

// targetGone reports whether the target of a trust has ended, with how or with what hides it.
func (p *Pass) targetGone(e trustEdge) (gone inventory.Tri, why string) {
	target := p.X.Home(e.home)
	if e.home == "" {
		target = p.homeAt(e.path)
	}
	switch {
	case e.untold != "":
		return inventory.Unknown, e.untold
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
