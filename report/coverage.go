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
}

func (v *view) coverage() coverage {
	return coverage{
		Projects: v.tallyHomes(inventory.ProjectHome), Groups: v.tallyHomes(inventory.GroupHome),
		Sources: v.tallySources(), Unseen: v.unseen(),
	}
}

func (v *view) tallyHomes(kind inventory.HomeKind) homeTally {
	states := map[string]map[inventory.State]int{}
	for _, c := range v.x.Coverage {
		if states[c.Home] == nil {
			states[c.Home] = map[inventory.State]int{}
		}
		states[c.Home][c.State]++
	}
	var t homeTally
	for _, h := range v.x.Homes {
		if h.Kind != kind {
			continue
		}
		t.Listed++
		s := states[h.ID]
		missing := s[inventory.Denied] + s[inventory.Failed] + s[inventory.Partial]
		switch seen := s[inventory.Complete] + s[inventory.Partial]; {
		case seen > 0 && missing == 0:
			t.Complete++
		case seen > 0:
			t.Partly++
		case s[inventory.Failed] > 0:
			t.Failed++
		case s[inventory.Denied] > 0:
			t.Denied++
		default:
			t.Unasked++
		}
	}
	return t
}

func (v *view) tallySources() []sourceTally {
	by := map[string]*sourceTally{}
	notes := map[string]map[string]int{}
	for _, s := range v.Sources {
		by[s.ID] = &sourceTally{ID: s.ID, Title: s.Title, States: map[inventory.State]int{}}
	}
	for _, c := range v.x.Coverage {
		if c.Needs.Source != "" && c.Needs.Source == c.Source {
			continue // the visit of a home above says it
		}
		t := by[c.Source]
		if t == nil {
			t = &sourceTally{ID: c.Source, Title: v.sourceTitle(c.Source), States: map[inventory.State]int{}}
			by[c.Source] = t
		}
		t.States[c.State]++
		t.Elsewhere = t.Elsewhere || c.Needs.Source != ""
		t.Visits++
		if c.State != inventory.Unsupported && c.State != inventory.NotAsked {
			t.Asked++
		}
		if c.State != inventory.Complete {
			if notes[c.Source] == nil {
				notes[c.Source] = map[string]int{}
			}
			notes[c.Source][remedy(c)]++
		}
	}
	out := make([]sourceTally, 0, len(by))
	for id, t := range by {
		t.Note = mostFrequent(notes[id])
		out = append(out, *t)
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
func remedy(c inventory.Coverage) string {
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

func (v *view) unseen() []unseen {
	type key struct {
		state  inventory.State
		remedy string
	}
	by := map[key]*unseen{}
	homes := map[key]map[string]bool{}
	for _, c := range v.x.Coverage {
		if c.State == inventory.Complete || c.Needs.Source != "" {
			continue // seen, here or by another visit that says so itself
		}
		k := key{c.State, remedy(c)}
		u := by[k]
		if u == nil {
			u = &unseen{State: c.State, Remedy: k.remedy, Homes: map[inventory.HomeKind]int{}, Example: v.homePath(c.Home)}
			by[k], homes[k] = u, map[string]bool{}
		}
		u.Visits++
		if title := clean(v.sourceTitle(c.Source), nameMax); !slices.Contains(u.Sources, title) {
			u.Sources = append(u.Sources, title)
		}
		if h := v.x.Home(c.Home); h != nil && !homes[k][c.Home] {
			homes[k][c.Home] = true
			u.Homes[h.Kind]++
		}
	}
	out := make([]unseen, 0, len(by))
	for _, u := range by {
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
