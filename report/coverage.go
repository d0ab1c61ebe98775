package report

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// homeTally counts the homes of one kind by what the scan could see in them.
type homeTally struct {
	Listed   int // all known homes of this kind that still exist
	Complete int // every visit that was asked for is complete
	Partly   int // some visit was denied, failed or partial, another showed its rows
	Denied   int // nothing seen
	Failed   int // nothing seen
	Unasked  int // no visit
}

// Seen is the number of homes of which at least one source was seen.
func (t homeTally) Seen() int { return t.Complete + t.Partly }

// sourceTally counts the visits of one source by state.
type sourceTally struct {
	ID, Title string
	States    map[inventory.State]int
	Asked     int // visits that count: all but unsupported and not asked
	Visits    int
	Elsewhere bool   // the list of another source shows its rows
	Note      string // what would show the rest, or why nothing can
}

// unseen is one reason why something was not seen.
type unseen struct {
	State   inventory.State
	Sources []string // titles, sorted
	Homes   map[inventory.HomeKind]int
	Example string // path of one home
	Remedy  string
	Visits  int
}

// HowMuch says "9 groups, 3 projects".
func (u unseen) HowMuch() string {
	var parts []string
	if n := u.Homes[inventory.ProjectHome]; n > 0 {
		parts = append(parts, count(n, "project", "projects"))
	}
	if n := u.Homes[inventory.GroupHome]; n > 0 {
		parts = append(parts, count(n, "group", "groups"))
	}
	if u.Homes[inventory.InstanceHome] > 0 {
		parts = append(parts, "the instance")
	}
	return cmp.Or(strings.Join(parts, ", "), count(u.Visits, "visit", "visits"))
}

// What names the sources, at most three.
func (u unseen) What() string {
	names := u.Sources
	if len(names) > 4 {
		names = append(slices.Clone(names[:3]), "and "+number(len(u.Sources)-3)+" more sources")
	}
	return strings.Join(names, ", ")
}

type coverage struct {
	Projects, Groups homeTally
	Sources          []sourceTally // sorted by title
	Unseen           []unseen      // what a wider token would show first, then failures, then what nothing can show
	Visits           int
	Short            map[string]bool // IDs of the sources that somewhere saw less than asked
}

// coverage reads the list of visits once.
func (v *view) coverage() coverage {
	t := &coverageTally{
		v: v, states: map[string]stateSet{}, sources: map[string]*sourceTally{}, notes: map[string]map[string]int{},
		unseen: map[reasonKey]*unseen{}, last: map[reasonKey]string{}, short: map[string]bool{},
	}
	for _, s := range v.Sources {
		t.sources[s.ID] = &sourceTally{ID: s.ID, Title: s.Title, States: map[inventory.State]int{}}
	}
	for c := range v.lists.Coverage() {
		t.add(c)
	}
	return coverage{
		Projects: t.homes(inventory.ProjectHome), Groups: t.homes(inventory.GroupHome),
		Sources: t.bySource(), Unseen: t.byReason(), Visits: t.visits, Short: t.short,
	}
}

// coverageTally counts visits, which come home by home.
type coverageTally struct {
	v       *view
	visits  int
	states  map[string]stateSet // by home ID
	sources map[string]*sourceTally
	notes   map[string]map[string]int // by source
	unseen  map[reasonKey]*unseen
	last    map[reasonKey]string // the home that was counted last
	short   map[string]bool
}

type reasonKey struct {
	state  inventory.State
	remedy string
}

// stateSet is the set of states that the visits of one home have.
type stateSet struct{ complete, partial, denied, failed bool }

func (t *coverageTally) add(c *inventory.Coverage) {
	t.visits++
	s := t.states[c.Home]
	switch c.State {
	case inventory.Complete:
		s.complete = true
	case inventory.Partial:
		s.partial, t.short[c.Source] = true, true
	case inventory.Denied:
		s.denied, t.short[c.Source] = true, true
	case inventory.Failed:
		s.failed, t.short[c.Source] = true, true
	}
	t.states[c.Home] = s
	t.addSource(c)
	t.addReason(c)
}

func (t *coverageTally) homes(kind inventory.HomeKind) homeTally {
	var n homeTally
	for _, h := range t.v.x.Homes {
		if h.Kind != kind {
			continue
		}
		n.Listed++
		s := t.states[h.ID]
		switch seen := s.complete || s.partial; {
		case seen && !s.denied && !s.failed && !s.partial:
			n.Complete++
		case seen:
			n.Partly++
		case s.failed:
			n.Failed++
		case s.denied:
			n.Denied++
		default:
			n.Unasked++
		}
	}
	return n
}

func (t *coverageTally) addSource(c *inventory.Coverage) {
	if c.Needs.Source != "" && c.Needs.Source == c.Source {
		return // the visit of a home above says it
	}
	n := t.sources[c.Source]
	if n == nil {
		n = &sourceTally{ID: c.Source, Title: t.v.sourceTitle(c.Source), States: map[inventory.State]int{}}
		t.sources[c.Source] = n
	}
	n.States[c.State]++
	n.Elsewhere = n.Elsewhere || c.Needs.Source != ""
	n.Visits++
	if c.State != inventory.Unsupported && c.State != inventory.NotAsked {
		n.Asked++
	}
	if c.State != inventory.Complete {
		if t.notes[c.Source] == nil {
			t.notes[c.Source] = map[string]int{}
		}
		t.notes[c.Source][remedy(c)]++
	}
}

func (t *coverageTally) bySource() []sourceTally {
	out := make([]sourceTally, 0, len(t.sources))
	for id, n := range t.sources {
		n.Note = mostFrequent(t.notes[id])
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b sourceTally) int { return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID)) })
	return out
}

func mostFrequent(m map[string]int) string {
	best := ""
	for text, n := range m {
		if m[best] < n || m[best] == n && (best == "" || text < best) {
			best = text
		}
	}
	return best
}

// remedy says what would show a visit that was not complete.
func remedy(c *inventory.Coverage) string {
	needs, reason := needsText(c.Needs), clean(c.Reason, textMax)
	switch {
	case c.Needs.Source != "":
		return reason
	case needs != "":
		return "needs " + needs
	case c.State == inventory.Failed:
		return cmp.Or(reason, "failed without a reason") + "; the next scan tries again"
	case c.State == inventory.Unsupported:
		return cmp.Or(reason, "GitLab has no API for it here")
	case c.State == inventory.NotAsked:
		return cmp.Or(reason, "switched off")
	}
	return cmp.Or(reason, "no reason given")
}

// stateOrder sorts what can be mended before what cannot.
func stateOrder(s inventory.State) int {
	return slices.Index([]inventory.State{inventory.Failed, inventory.Denied, inventory.Partial, inventory.NotAsked, inventory.Unsupported}, s)
}

func (t *coverageTally) addReason(c *inventory.Coverage) {
	if c.State == inventory.Complete || c.Needs.Source != "" {
		return // seen, here or by another visit that says so itself
	}
	k := reasonKey{c.State, remedy(c)}
	u := t.unseen[k]
	if u == nil {
		u = &unseen{State: c.State, Remedy: k.remedy, Homes: map[inventory.HomeKind]int{}, Example: t.v.homePath(c.Home)}
		t.unseen[k] = u
	}
	u.Visits++
	if title := clean(t.v.sourceTitle(c.Source), nameMax); !slices.Contains(u.Sources, title) {
		u.Sources = append(u.Sources, title)
	}
	if h := t.v.x.Home(c.Home); h != nil && t.last[k] != c.Home {
		t.last[k] = c.Home
		u.Homes[h.Kind]++
	}
}

func (t *coverageTally) byReason() []unseen {
	out := make([]unseen, 0, len(t.unseen))
	for _, u := range t.unseen {
		slices.Sort(u.Sources)
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b unseen) int {
		return cmp.Or(cmp.Compare(stateOrder(a.State), stateOrder(b.State)), -cmp.Compare(a.Visits, b.Visits), cmp.Compare(a.Remedy, b.Remedy))
	})
	return out
}

// Sentence says "412 of 430 projects seen: 380 completely, 32 in part; not seen: 13 denied, 5 failed".
func (t homeTally) Sentence(one, many string) string {
	if t.Listed == 0 {
		return "no " + one + " listed"
	}
	name := many
	if t.Listed == 1 {
		name = one
	}
	s := number(t.Seen()) + " of " + number(t.Listed) + " " + name + " seen"
	if t.Partly > 0 {
		s += ": " + number(t.Complete) + " completely, " + number(t.Partly) + " in part"
	}
	var not []string
	for _, p := range []struct {
		n    int
		what string
	}{{t.Denied, "denied"}, {t.Failed, "failed"}, {t.Unasked, "not visited"}} {
		if p.n > 0 {
			not = append(not, number(p.n)+" "+p.what)
		}
	}
	if len(not) > 0 {
		s += "; not seen: " + strings.Join(not, ", ")
	}
	return s
}

// Examined says over what a number was counted; it stands beside every zero.
func (c coverage) Examined() string {
	if c.Projects.Listed == 0 {
		return "examined " + number(c.Groups.Seen()) + " of " + number(c.Groups.Listed) + " groups, no project listed"
	}
	return "examined " + number(c.Projects.Seen()) + " of " + count(c.Projects.Listed, "project", "projects")
}
