package rules

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory"
)

var idTokenSubjectDefault = Rule{
	ID:       "id-token-subject-default",
	Code:     "PRV-016",
	Title:    "ID tokens for production with the default subject",
	Severity: inventory.Medium,
	Why:      "The subject does not say for which environment a job runs, so a production role cannot tell a deployment from any other job on the same ref.",
	Fix:      "Add ref, environment_protected and deployment_tier to the subject's components, then have the production role ask for them, and for project_id.",
	Refs:     []string{"OWASP NHI6:2025", "OWASP NHI8:2025", "NIST SP 800-53 IA-9", "ISO 27001:2022 A.8.5"},
	Reads:    []string{"project", "pipeline", "environment", "repository"},
	counted:  []modifier{modProduction},
	Check: pipelineProjects(func(p *Pass, h inventory.Home) Verdict {
		trust := p.productionTokens(h)
		if trust == "" {
			if v, hidden := p.unseen(h.ID, "pipeline"); hidden {
				return v
			}
			return NotApplicable
		}
		const setting = "ci_id_token_sub_claim_components"
		text, shown := h.Settings[setting]
		if !shown {
			// Source: https://docs.gitlab.com/ci/secrets/id_token_authentication/ (the subject is fixed before 17.11).
			if atLeast(p.X.Scan.Version, 17, 11) == inventory.No {
				return NotApplicable
			}
			return Unknown("GitLab did not show of what the subject of its ID tokens is made")
		}
		components := subjectComponents(text)
		ref := slices.Contains(components, "ref") || slices.Contains(components, "ref_protected")
		environment := slices.ContainsFunc(components, func(c string) bool {
			return c == "deployment_tier" || strings.HasPrefix(c, "environment")
		})
		if ref && environment {
			return Ok
		}
		lacks := "its environment"
		if !ref && !environment {
			lacks = "its ref and its environment"
		} else if !ref {
			lacks = "its ref"
		}
		return Fail("gives ID tokens to production (%s), but their subject lacks %s; add it to the subject's components", trust, safe(lacks)).
			With(setting+" = %s", strings.Join(components, " "))
	}),
}

// subjectComponents reads the setting; null and nothing stand for GitLab's default.
func subjectComponents(text string) []string {
	var components []string
	if json.Unmarshal([]byte(text), &components) != nil || len(components) == 0 {
		return []string{"project_path", "ref_type", "ref"}
	}
	return components
}

// productionTokens names what is trusted for production: a job of the project with an ID token, or a role in the files of
// this or another project.
func (p *Pass) productionTokens(h inventory.Home) string {
	for _, job := range p.jobsIn(h.ID) {
		if p.deploysToProduction(job) && len(p.idTokens(job.ID)) > 0 {
			return "job " + job.Name
		}
	}
	if p.liveTrusts == nil {
		p.liveTrusts = []*inventory.Grant{}
		for g := range p.X.Grants.All() {
			if g.Kind == "oidc-trust" && productionTrust(g) {
				p.liveTrusts = append(p.liveTrusts, g)
			}
		}
	}
	for _, g := range p.liveTrusts {
		if !trustsProject(g, h) {
			continue
		}
		if g.Home == h.ID {
			return g.Note
		}
		return g.Note + " of " + p.path(g.Home)
	}
	return ""
}

// trustsProject reports whether a trust names this very project. One that takes any project of a group, or all, is too
// broad, which is another rule's matter.
func trustsProject(g *inventory.Grant, h inventory.Home) bool {
	projects, _ := projectsTrusted(g.Subject)
	return slices.ContainsFunc(projects, func(project string) bool {
		return strings.EqualFold(project, h.Path) || h.Number > 0 && project == strconv.FormatInt(h.Number, 10)
	})
}
