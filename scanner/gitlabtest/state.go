package gitlabtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// state is the world as it stands, with its indexes. The entities themselves are the state: a handler changes a field
// and it is changed. What is indexed (users, homes, tokens, memberships) goes through the methods below.
type state struct {
	w    *World
	seed string

	users     map[int64]*User
	usernames map[string]*User
	groups    map[int64]*Group
	groupPath map[string]*Group
	projects  map[int64]*Project
	projPath  map[string]*Project
	moved     map[string]string // old full path -> current one, of groups and projects

	tokens  []*AccessToken // all access tokens, by ascending ID
	tokenID map[int64]*AccessToken
	owners  map[string]any // credential value -> *AccessToken, *DeployToken, *Job, *Runner, *Trigger, *AgentToken, …
	labels  map[string]string
	planted map[string]Planted
	grants  map[int64][]grant    // user ID -> direct memberships
	last    map[string]int64     // table -> highest ID given out
	records map[string][]*record // path of a list -> its rows, see collection
	// grantsOf are what applications were let do: "code …", "device …" and "refresh …" -> the grant.
	grantsOf map[string]*oauthGrant
	memo     map[string]any // see remember
}

// newState makes the mutable copy of a checked world. The world itself is not touched.
func newState(src *World, seed string) *state {
	st := &state{w: clone(src), seed: seed, records: map[string][]*record{}, grantsOf: map[string]*oauthGrant{}}
	makeBots(st.w)
	st.last = assignIDs(st.w)
	st.index()
	st.link()
	st.fillDefaults()
	st.labels, st.owners = makeValues(st.w, seed)
	st.planted = expand(st.w, seed, st.labels)
	st.reindexMembers()
	return st
}

// makeBots adds the bot user of every project and group access token; a rotated token keeps its predecessor's bot.
func makeBots(w *World) {
	byLabel := map[string]*AccessToken{}
	add := func(tokens []*AccessToken) {
		for _, t := range tokens {
			if t.Label != "" {
				byLabel[t.Label] = t
			}
			if t.Previous != "" && byLabel[t.Previous] != nil {
				t.user = byLabel[t.Previous].user
				continue
			}
			t.user = &User{Username: t.Bot, Name: t.Name, Kind: "project_bot", CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt}
			w.Users = append(w.Users, t.user)
		}
	}
	for _, g := range w.Groups {
		add(g.AccessTokens)
	}
	for _, p := range w.Projects {
		add(p.AccessTokens)
	}
}

func (st *state) index() {
	w := st.w
	st.users, st.usernames = map[int64]*User{}, map[string]*User{}
	st.groups, st.groupPath = map[int64]*Group{}, map[string]*Group{}
	st.projects, st.projPath = map[int64]*Project{}, map[string]*Project{}
	st.moved = map[string]string{}
	for _, u := range w.Users {
		st.users[u.ID] = u
		if u.Username != "" {
			st.usernames[u.Username] = u
		}
	}
	for _, g := range w.Groups {
		st.groups[g.ID], st.groupPath[lowerPath(g.Path)] = g, g
		for _, old := range g.MovedFrom {
			st.moved[lowerPath(old)] = g.Path
		}
	}
	for _, p := range w.Projects {
		st.projects[p.ID], st.projPath[lowerPath(p.Path)] = p, p
		for _, old := range p.MovedFrom {
			st.moved[lowerPath(old)] = p.Path
		}
	}
}

// lowerPath makes paths comparable: GitLab ignores their case.
func lowerPath(path string) string { return strings.ToLower(path) }

// parentPath is the path without its last segment, "" at the top.
func parentPath(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return ""
	}
	return path[:i]
}

// lastSegment is what GitLab calls "path" where the whole is "full_path".
func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// link sets the unexported pointers between entities.
func (st *state) link() {
	byLabel := map[string]*AccessToken{}
	for _, u := range st.w.Users {
		for _, t := range u.AccessTokens {
			t.user = u
		}
	}
	for _, g := range st.w.Groups {
		g.parent = st.groupPath[lowerPath(parentPath(g.Path))]
		for _, t := range g.AccessTokens {
			t.group = g
			st.nameBot(t.user, "group_"+strconv.FormatInt(g.ID, 10))
			g.Members = addBot(g.Members, t)
		}
		for _, t := range g.DeployTokens {
			t.group = g
		}
	}
	for _, p := range st.w.Projects {
		ns := lowerPath(parentPath(p.Path))
		if p.group = st.groupPath[ns]; p.group == nil {
			p.owner = st.usernames[parentPath(p.Path)]
		}
		for _, t := range p.AccessTokens {
			t.project = p
			st.nameBot(t.user, "project_"+strconv.FormatInt(p.ID, 10))
			p.Members = addBot(p.Members, t)
		}
		for _, t := range p.DeployTokens {
			t.project = p
		}
		for _, l := range p.Pipelines {
			for _, j := range l.Jobs {
				j.pipeline, j.project = l, p
			}
		}
	}
	st.tokens, st.tokenID = allAccessTokens(st.w), map[int64]*AccessToken{}
	slices.SortFunc(st.tokens, func(a, b *AccessToken) int { return cmp.Compare(a.ID, b.ID) })
	for _, t := range st.tokens {
		st.tokenID[t.ID] = t
		if t.Label != "" {
			byLabel[t.Label] = t
		}
	}
	for _, t := range st.tokens {
		t.previous = byLabel[t.Previous]
	}
}

func (st *state) nameBot(u *User, home string) {
	if u.Username == "" {
		u.Username = home + "_bot_" + newEntropy(st.seed, "bot\x00"+strconv.FormatInt(u.ID, 10)).pick(lowerHex, 32)
		st.usernames[u.Username] = u
	}
	u.Email = u.Username + "@noreply.gitlab.example"
}

// addBot makes a token's bot a member until the token expires; a rotated token moves the end. GitLab removes the
// member some time after its last token died; here it stays.
func addBot(members []*Member, t *AccessToken) []*Member {
	for _, m := range members {
		if m.User == t.user.Username {
			m.ExpiresAt = t.ExpiresAt
			return members
		}
	}
	return append(members, &Member{User: t.user.Username, Role: t.AccessLevel, CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy,
		ExpiresAt: t.ExpiresAt})
}

func (st *state) fillDefaults() {
	or := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	for _, u := range st.w.Users {
		or(&u.State, "active")
		or(&u.Kind, "human")
		or(&u.Name, u.Username)
		or(&u.Email, u.Username+"@acme.example")
	}
	for _, g := range st.w.Groups {
		or(&g.Visibility, "private")
		or(&g.Name, lastSegment(g.Path))
		nameDeployTokens(g.DeployTokens)
		defaultVariables(g.Variables)
	}
	for _, p := range st.w.Projects {
		or(&p.Visibility, "private")
		or(&p.Name, lastSegment(p.Path))
		nameDeployTokens(p.DeployTokens)
		defaultVariables(p.Variables)
	}
	defaultVariables(st.w.Variables)
}

func nameDeployTokens(tokens []*DeployToken) {
	for _, t := range tokens {
		if t.Username == "" {
			t.Username = "gitlab+deploy-token-" + strconv.FormatInt(t.ID, 10)
		}
	}
}

func defaultVariables(vars []*Variable) {
	for _, v := range vars {
		if v.Type == "" {
			v.Type = "env_var"
		}
		if v.Scope == "" {
			v.Scope = "*"
		}
	}
}

// next gives out a fresh ID of a table; the tables are those of eachID.
func (st *state) next(table string) int64 {
	st.last[table]++
	return st.last[table]
}

// userByName returns nil for an unknown or empty name.
func (st *state) userByName(name string) *User { return st.usernames[name] }

// addToken registers a fresh access token, whose user must be set, and makes its value.
func (st *state) addToken(t *AccessToken) {
	t.ID = st.next("access_tokens")
	t.Value = t.makeValue(newEntropy(st.seed, "value\x00access_tokens\x00"+strconv.FormatInt(t.ID, 10)), prefixesOf(st.w.Settings))
	st.tokens = append(st.tokens, t)
	st.tokenID[t.ID] = t
	st.owners[t.Value] = t
	switch {
	case t.project != nil:
		t.project.AccessTokens = append(t.project.AccessTokens, t)
		t.project.Members = addBot(t.project.Members, t)
	case t.group != nil:
		t.group.AccessTokens = append(t.group.AccessTokens, t)
		t.group.Members = addBot(t.group.Members, t)
	default:
		t.user.AccessTokens = append(t.user.AccessTokens, t)
		return
	}
	st.reindexMembers()
}

// newValue replaces the value of any credential, as a reset or a rotation does; the old value is dead at once.
func (st *state) newValue(old, fresh string) {
	st.owners[fresh] = st.owners[old]
	delete(st.owners, old)
}

// active says whether a token works: neither revoked nor expired.
func (t *AccessToken) active(now time.Time) bool { return !t.Revoked && !t.ExpiresAt.past(now) }

// removeProject deletes a project for good, with everything in it; nil is left alone.
func (st *state) removeProject(p *Project) {
	if p == nil {
		return
	}
	delete(st.projects, p.ID)
	delete(st.projPath, lowerPath(p.Path))
	st.w.Projects = slices.DeleteFunc(st.w.Projects, func(other *Project) bool { return other == p })
	gone := map[*AccessToken]bool{}
	for _, t := range p.AccessTokens {
		gone[t] = true
		delete(st.owners, t.Value)
		delete(st.tokenID, t.ID)
	}
	st.tokens = slices.DeleteFunc(st.tokens, func(t *AccessToken) bool { return gone[t] })
	for _, t := range p.DeployTokens {
		delete(st.owners, t.Value)
	}
	for _, t := range p.Triggers {
		delete(st.owners, t.Value)
	}
	st.reindexMembers()
}

const day = 24 * time.Hour

// addBotUser makes the bot of a fresh project or group token; addToken then makes it a member.
func (st *state) addBotUser(t *AccessToken) {
	u := &User{ID: st.next("users"), Name: t.Name, Kind: "project_bot", State: "active", CreatedBy: t.CreatedBy,
		CreatedAt: t.CreatedAt, namespaceID: st.next("namespaces")}
	t.user = u
	st.w.Users = append(st.w.Users, u)
	st.users[u.ID] = u
	if t.project != nil {
		st.nameBot(u, "project_"+strconv.FormatInt(t.project.ID, 10))
	} else {
		st.nameBot(u, "group_"+strconv.FormatInt(t.group.ID, 10))
	}
}
