package rules

import (
	"slices"

	"nhiscan/inventory"
)

var ghostReference = Rule{
	ID:       "ghost-reference",
	Code:     "VAR-013",
	Title:    "Job names a secret that is defined nowhere",
	Severity: inventory.Info,
	Why:      "The job runs without the credential or fails, and whoever may define a variable of that name decides what it uses.",
	Fix:      "Define the variable as masked and protected where the job needs it, or take the name out of the job.",
	Refs:     []string{"NIST SP 800-53 CM-6"},
	Reads:    []string{"pipeline", "variable", "pipeline-schedule"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		var ghosts []string
		named := 0
		for _, u := range p.X.UsagesBy(job.ID) {
			if u.Kind != inventory.UseVariable || !secretName(u.Name) {
				continue
			}
			named++
			// Low confidence: the configuration sets the name itself.
			if u.Credential == "" && u.Confidence != "low" && len(p.variablesFor(u.Name, u.Home)) == 0 {
				ghosts = append(ghosts, u.Name)
			}
		}
		if named == 0 {
			return NotApplicable
		}
		if len(ghosts) == 0 {
			return Ok
		}
		for _, h := range p.X.Chain(job.Home) {
			sources := []string{"variable"}
			if h.ID == job.Home {
				sources = append(sources, "pipeline-schedule")
			}
			if v, hidden := p.unseen(h.ID, sources...); hidden {
				return v
			}
		}
		slices.Sort(ghosts)
		ghosts = slices.Compact(ghosts)
		return Fail("names %s, which no project, group, instance or schedule defines; define it or remove the name", few(ghosts)).
			With("undefined names = %d", len(ghosts))
	}),
}
