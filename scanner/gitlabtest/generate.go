package gitlabtest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Size says how big a generated world is. Zero fields take the default that stands beside them.
type Size struct {
	Projects int // 10
	Groups   int // one for every ten projects, at least two
	Users    int // people: one for every four projects, at least eight; bots come on top
	// Tokens is how many credentials a project holds on average (10): access tokens, deploy tokens, deploy keys, trigger
	// tokens and agents' tokens. Personal tokens and those of groups come on top, variables are not counted.
	Tokens int
}

func (n Size) orDefault() Size {
	or := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	or(&n.Projects, 10)
	or(&n.Groups, max(2, n.Projects/10))
	or(&n.Users, max(8, n.Projects/4))
	or(&n.Tokens, 10)
	return n
}

// Generate makes a believable world of any size: teams and subteams, leavers whose tokens live on, archived projects,
// keys that many projects share, variables and files that hold made-up secrets. The same seed and size give the same
// world. Its token labels are admin, admin-write, auditor, group-owner, maintainer and developer.
func Generate(seed string, n Size) *World {
	n = n.orDefault()
	sum := sha256.Sum256([]byte("nhi-scan world\x00" + seed))
	g := &generator{
		size: n, rng: rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]))),
		now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), taken: map[string]bool{},
	}
	g.w = &World{Name: "generated " + strconv.Itoa(n.Projects), Now: At(g.now)}
	g.users()
	g.groups()
	g.projects()
	g.runners()
	g.w.Variables = g.variables(3)
	g.w.Hooks = []*Hook{{URL: "https://siem.acme.example/system", Token: g.secret("hex"), Events: []string{"push_events"}, CreatedAt: g.ago(900)}}
	g.w.Applications = []*Application{{Name: "Deploy portal", CallbackURL: "https://portal.acme.example/callback", Confidential: true, Scopes: []string{"read_api", "openid"}}}
	return g.w
}

// generator holds what one world is made with; it draws everything from rng, in a fixed order.
type generator struct {
	w       *World
	size    Size
	rng     *rand.Rand
	now     time.Time
	taken   map[string]bool // names and paths, lower case
	secrets int             // how many secrets were named
	shared  []string        // placeholders that stand in several places
}

// chance is true in percent of all draws.
func (g *generator) chance(percent int) bool { return g.rng.IntN(100) < percent }

// pick draws one of a list that is not empty.
func pick[T any](g *generator, list []T) T { return list[g.rng.IntN(len(list))] }

// ago is a moment at most that many days back, and at least one.
func (g *generator) ago(days int) Time {
	return At(g.now.Add(-day - time.Duration(g.rng.Int64N(int64(days)*int64(day/time.Second)))*time.Second))
}

// ahead is a day at most that many days in the future.
func (g *generator) ahead(days int) Time {
	return At(g.now.Truncate(day).AddDate(0, 0, 1+g.rng.IntN(days)))
}

// unique makes a name free by a number behind it.
func (g *generator) unique(name string) string {
	free := name
	for n := 2; g.taken[lowerPath(free)]; n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	g.taken[lowerPath(free)] = true
	return free
}

// secret is the placeholder of a fresh secret; one in twelve is a secret that stands elsewhere already.
func (g *generator) secret(kind string) string {
	if len(g.shared) > 0 && g.chance(8) {
		return pick(g, g.shared)
	}
	g.secrets++
	text := fmt.Sprintf(`{{secret %q "g%d"}}`, kind, g.secrets)
	if g.chance(2) {
		g.shared = append(g.shared, text)
	}
	return text
}

func (g *generator) person() *User { return g.w.Users[1+g.rng.IntN(g.size.Users)] }

// users makes an administrator and people; one in fourteen has left, and their tokens live on.
func (g *generator) users() {
	root := &User{Username: "root", Name: "Administrator", Admin: true, CreatedAt: At(g.now.AddDate(-6, 0, 0))}
	root.AccessTokens = []*AccessToken{
		g.labelled("admin", "read_api", "read_repository", "admin_mode"), g.labelled("admin-write", "api", "admin_mode"),
	}
	g.w.Users = append(g.w.Users, root)
	g.taken["root"] = true
	for i := range g.size.Users {
		u := &User{Username: g.unique(pick(g, firstNames()) + "." + pick(g, lastNames())), CreatedBy: "root", CreatedAt: g.ago(2000),
			LastActivityOn: g.ago(20), TwoFactor: g.chance(80)}
		u.Name = strings.ReplaceAll(u.Username, ".", " ")
		labels := [][]string{{"auditor"}, {"group-owner"}, {"maintainer"}, {"developer"}}
		if i < len(labels) {
			u.Auditor = i == 0
			u.AccessTokens = append(u.AccessTokens, g.labelled(labels[i][0], "read_api", "read_repository"))
		} else if g.chance(7) {
			u.State, u.LastActivityOn = "blocked", g.ago(700)
		}
		for range g.rng.IntN(4) {
			u.AccessTokens = append(u.AccessTokens, g.token(false, g.chance(10)))
		}
		if g.chance(40) {
			u.SSHKeys = append(u.SSHKeys, &SSHKey{Title: "laptop", Key: g.publicKey(), CreatedAt: g.ago(1200)})
		}
		g.w.Users = append(g.w.Users, u)
	}
}

func (g *generator) labelled(label string, scopes ...string) *AccessToken {
	return &AccessToken{Label: label, Name: label, Scopes: scopes, CreatedAt: At(g.now.AddDate(0, -1, 0)), ExpiresAt: At(g.now.Truncate(day).AddDate(0, 6, 0))}
}

// token is an access token: active, or expired or revoked by now; some were never used, old ones never expire.
func (g *generator) token(bot, endless bool) *AccessToken {
	t := &AccessToken{Name: pick(g, tokenNames()), CreatedAt: g.ago(360), Scopes: pick(g, scopeSets())}
	t.ExpiresAt = At(t.CreatedAt.AddDate(0, 0, pick(g, []int{30, 90, 180, 365, 365})).Truncate(day))
	if endless {
		t.CreatedAt, t.ExpiresAt = g.ago(1500), Time{}
	}
	t.Revoked = g.chance(6)
	if g.chance(70) {
		t.LastUsedAt = At(t.CreatedAt.Add(time.Duration(g.rng.Int64N(int64(g.now.Sub(t.CreatedAt.Time))))))
	}
	if g.chance(30) {
		t.Description = "owner:team-" + pick(g, teamNames())
	}
	if bot {
		t.AccessLevel, t.CreatedBy = pick(g, []Role{Reporter, Developer, Maintainer, Maintainer}), g.person().Username
	}
	return t
}

// publicKey is not on any curve: making 10,000 real ones would take longer than all the rest.
func (g *generator) publicKey() string {
	g.secrets++
	return fmt.Sprintf("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLEEXAMPLEEXAMPLEEXAMPLE%08d0000", g.secrets)
}
