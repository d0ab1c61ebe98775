package rules

import "nhiscan/inventory"

// fewConsumers is how many projects below a group or instance do not make a secret common to it.
const fewConsumers = 2

var variableTooHigh = Rule{
	ID:       "variable-too-high",
	Code:     "VAR-006",
	Title:    "Secret variable higher in the tree than its use",
	Severity: inventory.Medium,
	Why:      "Every job of every project below receives the secret, though one or two need it.",
	Fix:      "Store it in the projects that use it, run their jobs once, then remove it above.",
	Refs: []string{"OWASP NHI5:2025", "OWASP NHI9:2025", "NIST SP 800-53 AC-6", "SOC 2 CC6.3", "ISO 27001:2022 A.8.3",
		"PCI DSS 4.0.1 7.2.5"},
	Reads: []string{"variable", "pipeline", "project", "group"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		h := p.X.Home(l.Home)
		switch {
		case h == nil:
			return Unknown("its home was not shown")
		case h.Kind == inventory.ProjectHome:
			return NotApplicable
		}
		consumers := p.projectsOf(p.usesOf(l))
		if len(consumers) > fewConsumers {
			return Ok
		}
		if v, hidden := p.unread(h.ID); hidden {
			return v
		}
		below := p.pipelinesBelow(h.ID)
		switch {
		case len(consumers) == 0:
			return NotApplicable // whether it is of any use is another rule
		case len(consumers) >= below:
			return Ok
		}
		v := Fail("is used in %s of %d below (%s); store it there", count(len(consumers), "project"), below, few(consumers)).
			With("consuming projects = %d", len(consumers)).With("projects below = %d", below)
		if h.Kind == inventory.InstanceHome {
			v = v.At(inventory.High)
		}
		return v
	}),
}

// pipelinesBelow counts the projects in a home and below it that run pipelines.
func (p *Pass) pipelinesBelow(home string) int {
	n := 0
	for _, h := range p.projectsBelow(home) {
		if !runsNothing(*h) {
			n++
		}
	}
	return n
}
