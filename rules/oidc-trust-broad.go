package rules

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

var oidcTrustBroad = Rule{
	ID:       "oidc-trust-broad",
	Code:     "PRV-014",
	Title:    "Trust in ID tokens is too broad",
	Severity: inventory.High,
	Why:      "A cloud role that does not ask which project and audience a token is for lets in the jobs of any project of this GitLab.",
	Fix:      "Bind sub to project_path:GROUP/PROJECT:ref_type:branch:ref:main and set the audience; condition on project_id too, for a path can be taken again.",
	Refs:     []string{"OWASP NHI6:2025", "OWASP NHI4:2025", "NIST SP 800-53 AC-6", "NIST SP 800-53 IA-9", "SOC 2 CC6.3", "ISO 27001:2022 A.8.5"},
	Reads:    []string{"repository", "pipeline"},
	counted:  []modifier{modProduction},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind != inventory.ProjectHome {
			return NotApplicable
		}
		trusts := p.trustsIn(h.ID)
		var broad []string
		var untold, live bool
		v := Fail("")
		for _, g := range trusts {
			why, clear := broadTrust(g)
			untold = untold || why == "" && !clear
			if why == "" {
				continue
			}
			broad = append(broad, why+" ("+g.Note+")")
			v = v.With("%s: sub = %q, aud = %q: %s", g.Note, g.Subject, g.Scope, safe(why))
			live = live || productionTrust(g)
		}
		if len(broad) > 0 {
			v.message = Fail("trusts ID tokens %s; bind sub to one project and ref, and set aud", few(broad)).message
			if live {
				return v.At(inventory.Critical).With("grants a production role")
			}
			return v
		}
		if v, hidden := p.unseen(h.ID, "repository", "pipeline"); hidden {
			return v
		}
		switch {
		case len(trusts) == 0:
			return NotApplicable
		case untold:
			return Unknown("a trust names its project by a value that stands elsewhere")
		}
		return Ok
	}),
}

// trustsIn returns the trusts in ID tokens that a project's files declare, sorted by ID.
func (p *Pass) trustsIn(home string) []*inventory.Grant {
	var trusts []*inventory.Grant
	for _, g := range p.X.GrantsOn(home) {
		if g.Kind == "oidc-trust" {
			trusts = append(trusts, g)
		}
	}
	slices.SortFunc(trusts, func(a, b *inventory.Grant) int { return cmp.Compare(a.ID, b.ID) })
	return trusts
}

// broadTrust says in which way a trust is too broad. clear is false when a part of its conditions cannot be read.
func broadTrust(g *inventory.Grant) (why string, clear bool) {
	switch {
	case strings.TrimSpace(g.Subject) == "":
		return "without a condition on sub", true
	case strings.TrimSpace(g.Scope) == "":
		return "without a condition on aud", true
	}
	projects, clear := projectsTrusted(g.Subject)
	for _, project := range projects {
		switch {
		case project == "" || strings.ContainsAny(project, "*?") || strings.HasSuffix(project, "/"):
			return "with a wildcard for the project", true
		case interpolated(project):
			clear = false
		}
	}
	return "", clear
}

// projectInExpression matches where an expression compares a claim with a project, or a subject's beginning.
// Source: https://docs.gitlab.com/ci/cloud_services/google_cloud/ (conditions are Common Expression Language)
var projectInExpression = regexp.MustCompile(`project_(?:path|id)(?::|["'\])]*\s*(?:==|in)\s*\[?\s*["'])([^:"'\s,)\]]*)`)

// projectsTrusted returns the projects that a trust's conditions name, by path or by id, wildcards included; "*" stands for
// all. clear is false when some condition says nothing about projects or groups, or says it elsewhere.
func projectsTrusted(subject string) (projects []string, clear bool) {
	if strings.Contains(subject, "==") || strings.Contains(subject, "(") {
		for _, m := range projectInExpression.FindAllStringSubmatch(subject, -1) {
			projects = append(projects, m[1])
		}
		return projects, len(projects) > 0 || strings.Contains(subject, "namespace_")
	}
	clear = true
	for sub := range strings.FieldsSeq(subject) {
		project := projectOfSubject(sub)
		switch {
		case project != "":
			projects = append(projects, project)
		case !strings.HasPrefix(sub, "namespace_"):
			clear = false
		}
	}
	return projects, clear
}

// projectOfSubject returns the project part of a sub condition, which ends where the ref begins; empty when the
// condition names no project. One that starts with a wildcard names all.
// Source: https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
func projectOfSubject(sub string) string {
	if strings.HasPrefix(sub, "*") || strings.HasPrefix(sub, "project*") {
		return "*"
	}
	for _, component := range []string{"project_path:", "project_id:"} {
		_, rest, found := strings.Cut(sub, component)
		if !found {
			continue
		}
		project, _, _ := strings.Cut(rest, ":")
		return project
	}
	return ""
}

// interpolated reports whether a text holds a value that a tool fills in.
func interpolated(text string) bool {
	return strings.Contains(text, "${") || strings.Contains(text, "{{") || strings.Contains(text, "<")
}

// productionTrust reports whether a trust is for production by what it names.
func productionTrust(g *inventory.Grant) bool {
	return tierByName(g.Note) == production || tierByName(g.Subject) == production
}
