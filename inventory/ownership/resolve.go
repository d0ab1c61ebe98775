package ownership

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"nhiscan/inventory"
)

// Resolver finds owners one by one. It holds what all subjects share, and is for one goroutine.
type Resolver struct {
	x    *inventory.Index
	file *File
	now  time.Time

	byName  map[string]string   // user IDs by username
	teams   map[string]string   // by user ID: the one team a person is in; empty for several
	states  map[string]standing // by team name
	members map[string][]claim  // by home ID: what membership says
}

// NewResolver returns the resolver of what x holds. f may be nil.
func NewResolver(x *inventory.Index, f *File, now time.Time) *Resolver {
	r := &Resolver{x: x, file: f, now: now, byName: map[string]string{}, teams: map[string]string{},
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
func (r *Resolver) addTeam(t Team) {
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

func (r *Resolver) homeByPath(path string) *inventory.Home {
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

// Each lists the owner of every credential, then of every identity: one each, in the order of the rows, on which nothing
// else depends.
func (r *Resolver) Each() iter.Seq[inventory.Owner] {
	return func(yield func(inventory.Owner) bool) {
		for c := range r.x.Credentials.All() {
			if !yield(r.credential(c)) {
				return
			}
		}
		for i := range r.x.Identities.All() {
			if !yield(r.identity(i)) {
				return
			}
		}
	}
}

// Owner returns the owner of a credential or identity; false when x holds none with this ID.
func (r *Resolver) Owner(subject string) (inventory.Owner, bool) {
	if c := r.x.Credential(subject); c != nil {
		return r.credential(c), true
	}
	if i := r.x.Identity(subject); i != nil {
		return r.identity(i), true
	}
	return inventory.Owner{}, false
}

func (r *Resolver) credential(c *inventory.Credential) inventory.Owner {
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

func (r *Resolver) identity(i *inventory.Identity) inventory.Owner {
	s := subject{id: i.ID, identity: i.ID, kind: i.Kind, home: i.Home, names: []string{i.Name}, descriptions: []string{i.Description}}
	return r.resolve(s, i.Creator, i.ActsAs, i.CreatedAt)
}

func (r *Resolver) resolve(s subject, creator, actsAs string, created inventory.When) inventory.Owner {
	homes, fit := r.homesOf(s)
	e := &collector{Resolver: r}
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
func (r *Resolver) homesOf(s subject) (homes []*inventory.Home, fit float64) {
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
