package rules

import (
	"maps"
	"slices"
	"strings"

	"nhiscan/inventory"
)

var idTokenAudienceShared = Rule{
	ID:       "id-token-audience-shared",
	Code:     "PRV-015",
	Title:    "ID token whose audience is shared",
	Severity: inventory.Low,
	Why:      "Each party that is given the token can present it to the others that take the same audience.",
	Fix:      "Give each relying party an audience of its own, with an ID token of its own in the job.",
	Refs:     []string{"OWASP NHI4:2025", "OWASP NHI9:2025", "NIST SP 800-53 IA-9", "ISO 27001:2022 A.8.5"},
	Reads:    []string{"pipeline"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		tokens := p.idTokens(job.ID)
		if len(tokens) == 0 {
			return NotApplicable
		}
		untold := false
		for _, t := range tokens {
			for _, aud := range t.audiences {
				if own := strings.TrimSuffix(p.X.Scan.URL, "/"); own != "" && strings.TrimSuffix(aud, "/") == own {
					return Fail("has ID token %q for the audience %s, which is GitLab itself; set one for each relying party", t.name, aud).
						With("aud = %s", aud)
				}
				shared := p.audiences()[aud]
				parties := slices.Sorted(maps.Keys(shared.parties))
				if len(parties) > 1 {
					return Fail("has ID token %q for the audience %s, which %s take (%s); set one for each", t.name, aud, count(len(parties), "relying party"), few(parties)).
						With("aud = %s", aud).With("relying parties = %d", len(parties))
				}
				untold = untold || shared.untold
			}
			untold = untold || len(t.audiences) == 0
		}
		// Another job may give a token for the same audience to another party.
		if v, hidden := p.unseenAnywhere("pipeline"); hidden {
			return v
		}
		if untold {
			return Unknown("what jobs give an ID token for its audience to was not read to the end")
		}
		return Ok
	}),
}

// idToken is one of a job's ID tokens.
type idToken struct {
	name      string
	audiences []string
	parties   []string // what it is presented to, as far as the script tells
}

// idTokens returns the ID tokens of a job, sorted by name. The row of the declaration names the audiences as its
// system; the rows of uses name the system and what is done there, or that the token is for an audience.
func (p *Pass) idTokens(job string) []idToken {
	byName := map[string]*idToken{}
	for _, u := range p.X.UsagesBy(job) {
		if u.Kind != inventory.UseIDToken {
			continue
		}
		t := byName[u.Name]
		if t == nil {
			t = &idToken{name: u.Name}
			byName[u.Name] = t
		}
		for operation := range strings.SplitSeq(u.Operation, "; ") {
			if audiences, ok := strings.CutPrefix(operation, "ID token for "); ok {
				t.audiences = append(t.audiences, strings.Fields(strings.ReplaceAll(audiences, ",", " "))...)
			}
		}
		switch {
		case u.Operation == "":
			t.audiences = append(t.audiences, strings.Fields(u.System)...)
		case u.System != "":
			family := provider(u.System)
			if family == "" {
				family = u.System
			}
			t.parties = append(t.parties, family)
		}
	}
	var tokens []idToken
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		t := byName[name]
		slices.Sort(t.audiences)
		t.audiences = slices.Compact(t.audiences)
		tokens = append(tokens, *t)
	}
	return tokens
}

// audience is who takes ID tokens of one audience, from any job.
type audience struct {
	parties map[string]bool
	untold  bool // a job that has such a token was not read to its end, or shows no use of it
}

// audiences says of each audience who takes it, sorted out once.
func (p *Pass) audiences() map[string]*audience {
	if p.takers != nil {
		return p.takers
	}
	p.takers = map[string]*audience{}
	for id := range p.X.Workloads() {
		unread := true
		if job := p.X.Identity(id); job != nil {
			_, unread = p.jobUnread(*job)
			unread = unread || job.Attributes["programs"] != ""
		}
		for _, t := range p.idTokens(id) {
			for _, name := range t.audiences {
				if p.takers[name] == nil {
					p.takers[name] = &audience{parties: map[string]bool{}}
				}
				a := p.takers[name]
				a.untold = a.untold || unread || len(t.parties) == 0
				for _, party := range t.parties {
					a.parties[party] = true
				}
			}
		}
	}
	return p.takers
}
