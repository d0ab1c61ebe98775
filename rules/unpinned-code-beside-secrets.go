package rules

import (
	"strings"

	"nhiscan/inventory"
)

var unpinnedCodeBesideSecrets = Rule{
	ID:       "unpinned-code-beside-secrets",
	Code:     "PIP-004",
	Title:    "Code that others can change runs beside secrets",
	Severity: inventory.Medium,
	Why:      "Whoever moves the tag or branch runs code of choice in the job, and reads the secrets that it uses.",
	Fix:      "Pin includes to a commit (remote ones with integrity:, components to a version's commit) and images to a digest, and let a bot raise them.",
	Refs: []string{"OWASP NHI3:2025", "OWASP NHI6:2025", "NIST SP 800-53 SR-3", "NIST SP 800-53 SI-7", "CIS Software Supply Chain 2.4.2",
		"CIS Software Supply Chain 3.1.7"},
	Reads: []string{"pipeline", "variable"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		secrets := p.secretUses(job.ID)
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
			v := Fail("uses %s beside code that is not pinned (%s); pin it to a commit or digest", count(len(secrets), "secret"), few(loose)).
				At(base).With("secrets: %s", few(namesOf(secrets)))
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

// imagePinned reports whether a job's image is named by its digest. Without an image the runner chooses.
func imagePinned(job inventory.Identity) inventory.Tri {
	image := job.Attributes["image"]
	switch {
	case job.Attributes["image_pinned"] == "true", strings.Contains(image, "@sha256:"):
		return inventory.Yes
	case image == "", strings.HasPrefix(image, "$") && job.Attributes["image_pinned"] == "":
		return inventory.Unknown
	}
	return inventory.No
}

// namesOf returns the names under which jobs know the credentials of uses.
func namesOf(uses []*inventory.Usage) []string {
	var names []string
	for _, u := range uses {
		names = append(names, u.Name)
	}
	return names
}
