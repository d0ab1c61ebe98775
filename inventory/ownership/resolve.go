package ownership

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"nhiscan/inventory"
)

// Resolve finds the owner of every credential and every identity of x: one Owner each, sorted by subject. f may be nil.
// The order of rows does not matter.
func Resolve(x *inventory.Index, f *File, now time.Time) []inventory.Owner {
	owners := make([]inventory.Owner, 0, x.Credentials.Len()+x.Identities.Len())
	for o := range Each(x, f, now) {
		owners = append(owners, o)
	}
	slices.SortFunc(owners, func(a, b inventory.Owner) int { return cmp.Compare(a.Subject, b.Subject) })
	return owners
}

// Each is Resolve for owners that nobody need hold: credentials', then identities'.
func Each(x *inventory.Index, f *File, now time.Time) iter.Seq[inventory.Owner] {
	return func(yield func(inventory.Owner) bool) {
		r := newResolver(x, f, now)
		for c := range x.Credentials.All() {
			if !yield(r.credential(c)) {
				return
			}
		}
		for i := range x.Identities.All() {
			if !yield(r.identity(i)) {
				return
			}
		}
	}
}

// resolver holds what all subjects share.
type resolver struct {
	x    *inventory.Index
	file *File
	now  time.Time

	byName  map[string]string   // user IDs by username
	teams   map[string]string   // by user ID: the one team a person is in; empty for several
	states  map[string]standing // by team name
	members map[string][]claim  // by home ID: what membership says
}

func newResolver(x *inventory.Index, f *File, now time.Time) *resolver {
	r := &resolver{x: x, file: f, now: now, byName: map[string]string{}, teams: map[string]string{},
		states: map[string]standing{}, members: map[string][]claim{}}
	for u := range x.Users.All() {
		r.byName[u.Username] = u.ID
	}
	if f != nil {
		for _, t := range f.Teams {
			r.addTeam(t)
		}
	}
	return r
}

// addTeam notes who is in a team: by name in the file, or as a member of its GitLab group.
func (r *resolver) addTeam(t Team) {
	ids := map[string]bool{}
	unseen := 0
	for _, name := range t.Members {
		if id, ok := r.byName[name]; ok {
			ids[id] = true
		} else {
			unseen++
		}
	}
	if home := r.homeByPath(t.Group); home != nil {
		for _, g := range r.x.GrantsOn(home.ID) {
			if g.Kind == "membership" && g.Level >= levelDeveloper && !g.ExpiresAt.Before(r.now) {
				ids[g.Subject] = true
			}
		}
		if r.x.Covered("member", home.ID).State != inventory.Complete {
			unseen++
		}
	} else if t.Group != "" {
		unseen++
	}
	active := len(ids) == 0
	for id := range ids {
		if old, taken := r.teams[id]; taken && old != t.Name {
			r.teams[id] = "" // in several teams: the person stands for neither
		} else if !taken {
			r.teams[id] = t.Name
		}
		u := r.x.User(id)
		active = active || u == nil || u.Inactive() != inventory.Yes
	}
	s := standing{left: !active && unseen == 0}
	if unseen > 0 {
		s.note = "not all members of the team were shown"
	}
	r.states[t.Name] = s
}

func (r *resolver) homeByPath(path string) *inventory.Home {
	if path == "" {
		return nil
	}
	for _, h := range r.x.Homes {
		if h.Path == path && h.Kind == inventory.GroupHome {
			return h
		}
	}
	return nil
}

// GitLab's role numbers.
const (
	levelDeveloper  = 30
	levelMaintainer = 40
	levelOwner      = 50
)

func (r *resolver) credential(c *inventory.Credential) inventory.Owner {
	s := subject{id: c.ID, identity: c.Identity, kind: string(c.Kind), home: c.Home, names: []string{c.Name}, descriptions: []string{c.Description}}
	creator, actsAs := c.Creator, ""
	if i := r.x.Identity(c.Identity); i != nil {
		s.names = append(s.names, i.Name)
		s.descriptions = append(s.descriptions, i.Description)
		creator, actsAs = cmp.Or(creator, i.Creator), i.ActsAs
	}
	for _, l := range r.x.LocationsOf(c.ID) {
		if l.Surface == inventory.SurfaceVariable {
			s.keys = append(s.keys, l.Key)
			s.descriptions = append(s.descriptions, l.Description)
		}
	}
	return r.resolve(s, creator, actsAs, c.CreatedAt)
}

func (r *resolver) identity(i *inventory.Identity) inventory.Owner {
	s := subject{id: i.ID, identity: i.ID, kind: i.Kind, home: i.Home, names: []string{i.Name}, descriptions: []string{i.Description}}
	return r.resolve(s, i.Creator, i.ActsAs, i.CreatedAt)
}

func (r *resolver) resolve(s subject, creator, actsAs string, created inventory.When) inventory.Owner {
	homes, fit := r.homesOf(s)
	e := &collector{resolver: r}
	e.fromFile(s, homes)
	e.declared(s, homes, fit)
	e.created(s, homes, creator, actsAs, created)
	e.membership(homes, fit)
	e.named(s)
	o := combine(e.claims, e.notes)
	o.Subject = s.id
	return o
}

// homesOf returns where a subject lives, sorted: its home, else the homes that its grants open, else those
// that hold its value. fit says how near that is.
func (r *resolver) homesOf(s subject) (homes []*inventory.Home, fit float64) {
	if h := r.x.Home(s.home); h != nil && h.Kind != inventory.InstanceHome {
		return []*inventory.Home{h}, fitDirect
	}
	ids := map[string]bool{}
	for _, g := range r.x.GrantsOf(s.identity) {
		if g.Kind == "deploy-key" || g.Kind == "runner" {
			ids[g.Home] = true
		}
	}
	if len(ids) == 0 {
		for _, l := range r.x.LocationsOf(s.id) {
			ids[l.Home] = true
		}
	}
	for id := range ids {
		if h := r.x.Home(id); h != nil && h.Kind != inventory.InstanceHome {
			homes = append(homes, h)
		}
	}
	slices.SortFunc(homes, func(a, b *inventory.Home) int { return cmp.Compare(a.ID, b.ID) })
	if len(homes) > 1 {
		return homes, fitOther
	}
	return homes, fitProject
}
