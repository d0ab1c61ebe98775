package rules

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// wideAllowlist is how many entries a job token allowlist may have.
const wideAllowlist = 20

var jobTokenAllowlistWide = Rule{
	ID:       "job-token-allowlist-wide",
	Code:     "PRV-009",
	Title:    "Job token allowlist lets in too many",
	Severity: inventory.Medium,
	Why:      "Each entry lets every job of a project or group act here as the person who started it; entries that nobody uses only serve whoever breaks in there.",
	Fix:      "Take off the entries that are not used, name projects in place of a top-level group, and give each entry the permissions it needs.",
	Refs:     []string{"OWASP NHI5:2025", "NIST SP 800-53 AC-6", "SOC 2 CC6.3", "ISO 27001:2022 A.8.3"},
	Reads:    []string{"job-token-scope", "group"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind != inventory.ProjectHome || h.Setting("inbound_enabled") == inventory.No {
			return NotApplicable // without a limit the list says nothing
		}
		var entries []*inventory.Grant
		for _, g := range p.X.GrantsOn(h.ID) {
			if g.Kind == "job-token" {
				entries = append(entries, g)
			}
		}
		slices.SortFunc(entries, func(a, b *inventory.Grant) int { return cmp.Compare(a.ID, b.ID) })
		return p.judgeAllowlist(h, entries)
	}),
}

func (p *Pass) judgeAllowlist(h inventory.Home, entries []*inventory.Grant) Verdict {
	var top, idle []string
	untold := ""
	for _, g := range entries {
		name := p.entryName(g.Subject)
		switch topLevel(p.X.Home(g.Subject), g.Subject) {
		case inventory.Yes:
			top = append(top, name)
		case inventory.Unknown:
			untold = "whether a group on its allowlist is a top-level one was not shown"
		}
		switch p.entryIdle(g) {
		case inventory.Yes:
			idle = append(idle, name)
		case inventory.Unknown:
			untold = "GitLab did not show when the entries of its allowlist were last used"
		}
	}
	if len(entries) > wideAllowlist || len(top)+len(idle) > 0 {
		var why []string
		if len(entries) > wideAllowlist {
			why = append(why, "holds "+string(count(len(entries), "entry"))+" (policy: at most "+string(count(wideAllowlist, "entry"))+")")
		}
		if len(top) > 0 {
			why = append(why, "lets in the top-level group "+string(few(top)))
		}
		if len(idle) > 0 {
			why = append(why, "holds "+string(count(len(idle), "entry"))+" without use in "+string(count(p.Policy.StaleDays, "day"))+" ("+string(few(idle))+")")
		}
		return Fail("has a job token allowlist that %s; prune it", safe(strings.Join(why, ", and "))).
			With("entries = %d", len(entries)).With("unused = %d", len(idle))
	}
	if v, hidden := p.unseen(h.ID, "job-token-scope"); hidden {
		return v
	}
	if untold != "" {
		return Unknown("%s", safe(untold))
	}
	return Ok
}

// entryName names the project or group that an entry lets in.
func (p *Pass) entryName(home string) string {
	if h := p.X.Home(home); h != nil {
		return h.Path
	}
	return inventory.RefOf(home)
}

// topLevel reports whether the target of an entry is a group without a group above it.
func topLevel(h *inventory.Home, id string) inventory.Tri {
	switch {
	case h == nil && strings.HasPrefix(inventory.RefOf(id), string(inventory.GroupHome)+":"):
		return inventory.Unknown
	case h == nil:
		return inventory.No
	}
	return inventory.Is(h.Kind == inventory.GroupHome && !strings.Contains(h.Path, "/"))
}

// entryIdle reports whether an entry was not used for the whole window. A young one had no time yet.
func (p *Pass) entryIdle(g *inventory.Grant) inventory.Tri {
	if last, used := p.age(g.LastUsedAt); used {
		return inventory.Is(last > p.Policy.StaleDays)
	}
	born, dated := p.age(g.CreatedAt)
	switch {
	case dated && born <= p.Policy.StaleDays:
		return inventory.No
	case g.LastUsedAt.IsNever() && dated:
		return inventory.Yes
	}
	return inventory.Unknown
}
