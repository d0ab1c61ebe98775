package rules

import "nhiscan/inventory"

// Rule is one gap rule: a value to read, print and run.
type Rule struct {
	ID       string             // kebab-case slug, for life
	Code     string             // number in the catalogue, "EXP-001", never reused
	Title    string             // names the gap, not the wish
	Severity inventory.Severity // base, before modifiers
	Why      string             // one or two sentences: what goes wrong when it is left
	Fix      string             // what to do, in order
	// Refs lists what the rule is evidence for ("OWASP NHI7:2025", "NIST SP 800-53 IA-5"). A gap is evidence
	// relevant to a reference, never a statement that it is violated.
	Refs  []string
	Reads []string // IDs of the sources whose rows decide
	Check Check

	// counted names the modifiers that the condition states itself, so that they do not weigh twice.
	counted []modifier
}

// Check runs a rule over the subjects of its sort. The types below are the sorts: a rule wraps its function in one.
type Check interface {
	judge(p *Pass, at place, emit func(subject, Verdict))
}

// place is a batch of subjects: those of one home, those without a known home, or those of the whole estate.
type place struct {
	home        *inventory.Home // nil outside a home
	credentials []*inventory.Credential
	identities  []*inventory.Identity
	locations   []*inventory.Location
	whole       bool
}

type (
	credentials func(*Pass, inventory.Credential) Verdict
	identities  func(*Pass, inventory.Identity) Verdict
	locations   func(*Pass, inventory.Location) Verdict
	homes       func(*Pass, inventory.Home) Verdict
	// values judges all places of one value, sorted by ID; never empty.
	values func(*Pass, []*inventory.Location) Verdict
	// once judges the scan itself.
	once func(*Pass) Verdict
)

func (f credentials) judge(p *Pass, at place, emit func(subject, Verdict)) {
	for _, c := range at.credentials {
		emit(subject{id: c.ID, home: c.Home, credential: c}, f(p, *c))
	}
}

func (f identities) judge(p *Pass, at place, emit func(subject, Verdict)) {
	for _, i := range at.identities {
		emit(subject{id: i.ID, home: i.Home, identity: i}, f(p, *i))
	}
}

func (f locations) judge(p *Pass, at place, emit func(subject, Verdict)) {
	for _, l := range at.locations {
		emit(subject{id: l.ID, home: l.Home, location: l}, f(p, *l))
	}
}

func (f homes) judge(p *Pass, at place, emit func(subject, Verdict)) {
	if at.home != nil {
		emit(subject{id: at.home.ID, home: at.home.ID, homeRow: at.home}, f(p, *at.home))
	}
}

func (f values) judge(p *Pass, at place, emit func(subject, Verdict)) {
	if !at.whole {
		return
	}
	for fingerprint := range p.X.Fingerprints() {
		places := p.sameValue(fingerprint)
		emit(subjectOfValue(p, places), f(p, places))
	}
}

func (f once) judge(p *Pass, at place, emit func(subject, Verdict)) {
	if at.whole {
		emit(subjectOfScan(p), f(p))
	}
}

// exposures is the Check of a rule that no secret lies on a surface. Each secret found there is a fail; a home
// without one passes if the source that would show it was complete, and is unknown if not, also beside fails:
// there may be more.
type exposures struct {
	surface, source string
	verdict         func(*Pass, inventory.Location) Verdict
}

func (e exposures) judge(p *Pass, at place, emit func(subject, Verdict)) {
	found := false
	for _, l := range at.locations {
		if l.Surface == e.surface {
			found = true
			emit(subject{id: l.ID, home: l.Home, location: l}, e.verdict(p, *l))
		}
	}
	if at.home == nil {
		return
	}
	s := subject{id: at.home.ID, home: at.home.ID, homeRow: at.home}
	if at.home.Kind != inventory.ProjectHome {
		emit(s, NotApplicable)
	} else if v, hidden := p.unseen(at.home.ID, e.source); hidden {
		emit(s, v)
	} else if !found {
		emit(s, Ok)
	}
}
