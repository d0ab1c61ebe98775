package rules

import (
	"slices"
	"strings"

	"nhiscan/inventory"
)

var unpinnedCodeBesideSecrets = Rule{
	ID:       "unpinned-code-beside-secrets",
	Code:     "PIP-004",
	Title:    "Code that others can change runs beside secrets",
	Severity: inventory.Medium,
	Why:      "Whoever moves the tag or branch runs code of choice in the job, and reads every secret that the job gets, also those that it does not need.",
	Fix:      "Pin includes to a commit (remote ones with integrity:, components to a version's commit) and images to a digest, and let a bot raise them.",
	Refs: []string{"OWASP NHI3:2025", "OWASP NHI6:2025", "NIST SP 800-53 SR-3", "NIST SP 800-53 SI-7", "CIS Software Supply Chain 2.4.2",
		"CIS Software Supply Chain 3.1.7"},
	Reads: []string{"pipeline", "variable"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		secrets, untold, hidden := p.secretsReceived(job)
		if len(secrets) == 0 && hidden {
			return untold
		}
		if len(secrets) == 0 {
			if v, hidden := p.jobUnread(job); hidden {
				return v
			}
			return NotApplicable
		}
		includes := strings.Fields(job.Attributes["includes_mutable"])
		var loose []string
		base := inventory.Medium
		for _, i := range includes {
			loose = append(loose, "include "+i)
			if strings.HasPrefix(i, "remote:http:") {
				base = inventory.High
			}
		}
		pinned := imagePinned(job)
		if pinned == inventory.No {
			loose = append(loose, "image "+job.Attributes["image"])
		}
		if len(loose) > 0 {
			v := Fail("gets %s beside code that is not pinned (%s); pin it to a commit or digest", count(len(secrets), "secret"), few(loose)).
				At(base).With("secrets: %s", few(secrets))
			for _, l := range loose[:min(len(loose), 5)] {
				v = v.With("not pinned: %s", l)
			}
			return v
		}
		if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
			return v
		}
		if pinned == inventory.Unknown {
			return Unknown("which image the job runs in is not told by the configuration")
		}
		return Ok
	}),
}

// secretsReceived names the secrets that a job gets, sorted: its ID tokens, external and literal ones, and every secret
// variable of its project, the groups above, the instance or a schedule whose scope takes in its environment, whether it
// names it or not. A protected one counts: the job may run on a protected ref. hidden when some may be missing.
// Source: https://docs.gitlab.com/ci/variables/#for-a-project (all jobs of the pipeline get them)
func (p *Pass) secretsReceived(job inventory.Identity) (names []string, v Verdict, hidden bool) {
	for _, u := range p.secretUses(job.ID) {
		names = append(names, u.Name)
	}
	for _, h := range p.X.Chain(job.Home) {
		for _, l := range p.variablesIn(h.ID) {
			switch {
			case l.Environment != "" && !everything(l.Environment) && !environmentMeets(l.Environment, job.Environment):
			case l.SecretLike == inventory.Yes:
				names = append(names, inventory.NameOf(*l))
			case l.SecretLike == inventory.Unknown && !hidden:
				v, hidden = Unknown("whether a variable holds a secret was not shown"), true
			}
		}
		if unseen, more := p.unseen(h.ID, "variable"); more && !hidden && (h.Kind != inventory.InstanceHome || len(p.X.Scan.Scope) == 0) {
			v, hidden = unseen, true
		}
	}
	slices.Sort(names)
	return slices.Compact(names), v, hidden
}

// variablesIn returns the variables of a home and of its schedules that hold a secret, or may.
func (p *Pass) variablesIn(home string) []*inventory.Location {
	if found, known := p.held[home]; known {
		return found
	}
	var found []*inventory.Location
	for _, l := range p.X.LocationsIn(home) {
		if (l.Surface == inventory.SurfaceVariable || l.Surface == inventory.SurfaceSchedule) && l.SecretLike != inventory.No {
			found = append(found, l)
		}
	}
	if h := p.X.Home(home); h != nil && h.Kind != inventory.ProjectHome { // every project below asks for them again
		p.held[home] = found
	}
	return found
}

// imagePinned reports whether a job's image is named by its digest. Without an image the runner chooses; a job that starts
// another pipeline runs in none.
func imagePinned(job inventory.Identity) inventory.Tri {
	image := job.Attributes["image"]
	switch {
	case job.Attributes["image_pinned"] == "true", strings.Contains(image, "@sha256:"), job.Attributes["trigger"] == "true":
		return inventory.Yes
	case image != "" && job.Attributes["image_pinned"] == "false":
		return inventory.No
	}
	return inventory.Unknown
}
