package rules

import (
	"strings"

	"nhiscan/inventory"
)

var environmentGone = Rule{
	ID:       "environment-gone",
	Code:     "OFF-007",
	Title:    "Secret of an environment that is gone",
	Severity: inventory.Medium,
	Why:      "What the secret opens may live on, and whoever makes an environment of that name again is given it.",
	Fix:      "Revoke the credential where it was made, then remove the variable.",
	Refs:     []string{"OWASP NHI1:2025", "OWASP NHI8:2025", "NIST SP 800-53 AC-2(3)", "NIST SP 800-53 CM-7", "SOC 2 CC6.2"},
	Reads:    []string{"variable", "environment", "pipeline", "project"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		switch {
		case l.Environment == "":
			return Unknown("GitLab did not show its environment scope")
		case everything(l.Environment):
			return NotApplicable
		}
		stopped := 0
		v, hidden := Verdict{}, false
		for _, h := range p.projectsBelow(l.Home) {
			live, ended, untold := p.environmentsFor(*h, l.Environment)
			if live {
				return Ok
			}
			stopped += ended
			if untold.answer == unknown && !hidden {
				v, hidden = untold, true
			}
		}
		if h := p.X.Home(l.Home); h != nil && h.Kind != inventory.ProjectHome && !hidden {
			v, hidden = p.unseen(l.Home, "project")
		}
		if hidden {
			return v
		}
		matches := safe("no environment")
		if stopped > 0 {
			matches = "only stopped environments"
		}
		return Fail("has a scope that matches %s; revoke what it holds, then remove it", matches).
			With("environment_scope = %s", l.Environment).With("stopped environments = %d, live = 0", stopped)
	}),
}

// environmentsFor looks for environments of a project that a scope matches. live is true also for one that a job would
// make again: review environments come and go. untold is unknown where some may not have been shown, else not applicable.
func (p *Pass) environmentsFor(h inventory.Home, scope string) (live bool, stopped int, untold Verdict) {
	untold = NotApplicable
	named := false
	for _, e := range h.Environments {
		if !inventory.Wildcard(scope, e.Name) {
			continue
		}
		named = named || e.Name == scope
		switch e.State {
		case "stopped":
			stopped++
		case "":
			untold = Unknown("GitLab did not show whether an environment is stopped")
		default:
			return true, 0, NotApplicable
		}
	}
	if h.Environments == nil {
		untold = Verdict{reason: p.notShown(&h, "environment")}
	}
	if runsNothing(h) {
		return false, stopped, untold
	}
	if !named {
		for _, job := range p.jobsIn(h.ID) {
			if environmentMeets(scope, job.Environment) {
				return true, stopped, NotApplicable
			}
		}
		if v, hidden := p.unseen(h.ID, "pipeline"); hidden && untold.answer != unknown {
			untold = v
		}
	}
	return false, stopped, untold
}

// environmentMeets reports whether a job's environment may be one that a scope matches. Of a name with variables in it
// only the start is known.
func environmentMeets(scope, environment string) bool {
	fixed, _, open := strings.Cut(environment, "$")
	switch {
	case environment == "":
		return false
	case !open:
		return inventory.Wildcard(scope, environment)
	}
	start, _, _ := strings.Cut(scope, "*")
	n := min(len(fixed), len(start))
	return fixed[:n] == start[:n]
}
