package ownership

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// The ranks of evidence that are read, strongest first. Attestation (1), catalogues (4), CODEOWNERS (6), blame (7)
// and activity (8) have their numbers kept free.
const (
	rankFile     = 2
	rankDeclared = 3
	rankCreator  = 5
	rankMember   = 9
	rankGroup    = 10
	rankNaming   = 11
)

// How near the evidence is to the subject.
const (
	fitDirect  = 1.0
	fitProject = 0.8
	fitGroup   = 0.6
	fitOther   = 0.5 // another of several projects that use the same value
)

// leftFactor is what remains of evidence for somebody inactive: enough to show the orphan.
const leftFactor = 0.2

// maxMembers is how many of a home's maintainers are listed for a subject that nothing else speaks for. The others
// weigh no more than these.
const maxMembers = 5

// claim is a Claim with what combining needs beside it.
type claim struct {
	inventory.Claim
	left  bool // the candidate can no longer act
	faded bool // the candidate can, the person whose evidence it is cannot
	bot   bool // bots own nothing
}

// standing is what is known of a candidate.
type standing struct {
	left bool
	note string
}

// collector gathers the claims for one subject.
type collector struct {
	*Resolver
	claims []claim
	notes  []string
}

// add weighs a claim for a team or a person and keeps it.
func (e *collector) add(c claim, weight, halfLife, fit float64) {
	c.Weight = weight * decay(c.At, e.now.Unix(), halfLife) * fit
	switch {
	case c.bot:
		c.Weight = 0
	case c.left || c.faded:
		c.Weight *= leftFactor
	}
	same := func(o claim) bool { return o.Candidate == c.Candidate && o.Rank == c.Rank && o.Evidence == c.Evidence }
	if slices.ContainsFunc(e.claims, same) {
		return // a token and its identity often carry the same text
	}
	e.claims = append(e.claims, c)
}

// decay halves the weight of evidence in every half-life, in days. Evidence without a date does not decay. Its age counts
// in whole weeks: with the seconds since, no owner would be as the scan before left it, and each be stored anew.
func decay(at inventory.When, now int64, halfLife float64) float64 {
	t, ok := at.Time()
	if !ok || halfLife == 0 {
		return 1
	}
	weeks := max(now-t.Unix(), 0) / (7 * 86400)
	return math.Pow(0.5, float64(7*weeks)/halfLife)
}

// fromFile takes the most specific rule of the owners file.
func (e *collector) fromFile(s subject, homes []*inventory.Home) {
	paths := make([]string, len(homes))
	for i, h := range homes {
		paths[i] = h.Path
	}
	if rule := e.file.rule(s, paths); rule != nil {
		c := e.candidate(rule.Owner)
		c.Rank, c.Evidence = rankFile, fmt.Sprintf("owners file line %d", rule.Line)
		e.add(c, 0.90, 0, fitDirect)
	}
}

// candidate makes a claim for an owner as a file or description names it: a team, or "@username".
func (e *collector) candidate(owner string) claim {
	name, isUser := strings.CutPrefix(owner, "@")
	if !isUser {
		s := e.states[owner]
		return claim{Claim: inventory.Claim{Candidate: owner, Note: s.note}, left: s.left}
	}
	c := claim{Claim: inventory.Claim{Candidate: owner}}
	u := e.x.User(e.byName[name])
	if u == nil {
		c.Note = "the account was not shown"
		return c
	}
	c.User = u.ID
	if machine(u) {
		c.bot, c.Note = true, "a bot owns nothing"
		return c
	}
	switch u.Inactive() {
	case inventory.Yes:
		c.left, c.Note = true, "account is "+printable(u.State)
	case inventory.Unknown:
		c.Note = "the state of the account was not shown"
	}
	return c
}

// person makes a claim for a person, in the name of the one team that the person is in.
func (e *collector) person(u *inventory.User, evidence string) claim {
	c := e.candidate("@" + u.Username)
	c.User, c.Evidence = u.ID, evidence
	if team := e.teams[u.ID]; team != "" {
		c.Candidate, c.User = team, ""
		c.Evidence += " @" + printable(u.Username)
		// The team goes on without the person: only its own state makes it an orphan.
		c.faded, c.left = c.left, e.states[team].left
	}
	return c
}

// ownerMark finds "owner:team-x" and "owner=@user" in free text. It must stand alone: "co-owner:x" is none.
// The pattern never changes.
var ownerMark = regexp.MustCompile(`(?i)(?:^|[\s,;(\[])owner[:=](@?[a-z0-9][a-z0-9._/-]{0,99})`)

// declared takes what the objects say of themselves. Who may edit a description may write anything into it: a team or
// account that is not known counts for less.
func (e *collector) declared(s subject, homes []*inventory.Home, fit float64) {
	for _, text := range s.descriptions {
		for _, m := range ownerMark.FindAllStringSubmatch(text, 5) {
			e.declare(strings.TrimRight(m[1], "./-"), "declared in description", fitDirect)
		}
	}
	for _, h := range homes {
		for _, topic := range h.Topics {
			if len(topic) < 7 || !strings.EqualFold(topic[:6], "owner:") {
				continue
			}
			if name := topic[6:]; isTeam(strings.TrimPrefix(name, "@")) {
				e.declare(name, "declared in project topic "+printable(topic), min(fit, fitProject))
			}
		}
	}
}

func (e *collector) declare(owner, evidence string, fit float64) {
	c := e.candidate(owner)
	c.Rank, c.Evidence = rankDeclared, evidence
	weight := 0.80
	isUser := strings.HasPrefix(owner, "@")
	if !isUser && e.file != nil && e.file.team(owner) == nil {
		c.Note, weight = "no team of the owners file", 0.60
	}
	if isUser && c.User == "" {
		weight = 0.60
	}
	e.add(c, weight, 365, fit)
}

// created takes who made the subject, or whose rights it runs with.
func (e *collector) created(s subject, homes []*inventory.Home, creator, actsAs string, at inventory.When) {
	if u := e.x.User(s.identity); u != nil {
		if !machine(u) {
			c := e.person(u, "is the token's user")
			c.Rank = rankCreator
			e.add(c, 0.90, 0, fitDirect)
			return
		}
		creator = cmp.Or(creator, u.Creator)
	}
	if actsAs != "" {
		e.maker(homes, actsAs, deed{"is the user it runs as", "runs as"}, 0.75, 0, inventory.When{})
	}
	if creator != "" {
		e.maker(homes, creator, deed{"created it", "created by"}, 0.60, 180, at)
	}
}

// deed words what a person has to do with the subject: "@a.kim created it", but for the person's team "created by @a.kim".
type deed struct{ person, team string }

// maker claims for a person who made the subject; for a bot, the person who made the bot.
func (e *collector) maker(homes []*inventory.Home, id string, did deed, weight, halfLife float64, at inventory.When) {
	u := e.x.User(id)
	for range 5 {
		if u == nil || !machine(u) {
			break
		}
		did = deed{"made the bot that " + did.person, did.team + " a bot, made by"}
		u = e.x.User(u.Creator)
	}
	if u == nil || machine(u) {
		e.notes = append(e.notes, "who made it was not shown")
		return
	}
	c := e.person(u, did.person)
	if c.User == "" {
		c.Evidence = did.team + " @" + printable(u.Username)
	}
	c.Rank, c.At = rankCreator, at
	if note, gone := e.leftHomes(u, homes); note != "" {
		c.Note = strings.TrimPrefix(c.Note+", "+note, ", ")
		if gone {
			c.faded = true
		}
	}
	e.add(c, weight, halfLife, fitDirect)
}

// leftHomes reports whether a person is known to be in none of the homes any more. Administrators need no membership.
func (e *collector) leftHomes(u *inventory.User, homes []*inventory.Home) (note string, gone bool) {
	if u.Admin == inventory.Yes || len(homes) == 0 || u.Inactive() == inventory.Yes {
		return "", false
	}
	for _, h := range homes {
		if h.PersonalOf == u.ID || e.isMember(u.ID, h.ID) {
			return "", false
		}
		if e.x.Covered("member", h.ID).State != inventory.Complete {
			return "membership in " + printable(h.Path) + " was not shown", false
		}
	}
	return "no longer a member of " + printable(homes[0].Path), true
}

func (e *collector) isMember(user, home string) bool {
	for _, h := range e.x.Chain(home) {
		for _, g := range e.x.GrantsOf(user) {
			if g.Kind == "membership" && g.Home == h.ID && !g.ExpiresAt.Before(e.now) {
				return true
			}
		}
	}
	return false
}

// membership takes the maintainers of the homes and the owners of the groups above: of those that nothing else speaks
// for, the strongest few.
func (e *collector) membership(homes []*inventory.Home, fit float64) {
	spoken := map[string]bool{}
	for _, c := range e.claims {
		spoken[c.Candidate] = true
	}
	for _, h := range homes {
		if e.x.Covered("member", h.ID).State != inventory.Complete {
			e.notes = append(e.notes, "members of "+printable(h.Path)+" were not all shown")
			continue
		}
		for i, c := range e.memberClaims(h) {
			if i < maxMembers || spoken[c.Candidate] {
				c.Weight *= fit
				e.claims = append(e.claims, c)
			}
		}
	}
}

// memberClaims returns what membership says of a home, strongest first: direct maintainers share their weight, the owners of groups
// above count less with each level.
func (r *Resolver) memberClaims(home *inventory.Home) []claim {
	if known, ok := r.members[home.ID]; ok {
		return known
	}
	e := &collector{Resolver: r}
	maintainers := r.people(home, levelMaintainer)
	for _, u := range maintainers {
		c := e.person(u, "maintains "+printable(home.Path))
		c.Rank = rankMember
		e.add(c, 0.30/math.Sqrt(float64(len(maintainers))), 0, fitDirect)
	}
	weight := 0.20
	for _, group := range r.x.Chain(home.ID)[1:] {
		if group.Kind == inventory.InstanceHome || r.x.Covered("member", group.ID).State != inventory.Complete {
			break
		}
		for _, u := range r.people(group, levelOwner) {
			c := e.person(u, "owns group "+printable(group.Path))
			c.Rank = rankGroup
			e.add(c, weight, 0, fitGroup)
		}
		weight *= 0.7
	}
	slices.SortFunc(e.claims, compareClaims)
	r.members[home.ID] = e.claims
	return e.claims
}

// people returns the active humans with at least a role directly in a home, sorted by ID.
func (r *Resolver) people(home *inventory.Home, level int) []*inventory.User {
	var people []*inventory.User
	for _, g := range r.x.GrantsOn(home.ID) {
		u := r.x.User(g.Subject)
		if g.Kind != "membership" || g.Level < level || g.Inherited == inventory.Yes || g.ExpiresAt.Before(r.now) || u == nil {
			continue
		}
		if !machine(u) && u.Inactive() != inventory.Yes {
			people = append(people, u)
		}
	}
	slices.SortFunc(people, func(a, b *inventory.User) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(people, func(a, b *inventory.User) bool { return a.ID == b.ID })
}

// named takes the naming patterns of the owners file.
func (e *collector) named(s subject) {
	if e.file == nil {
		return
	}
	for _, n := range e.file.Naming {
		if slices.ContainsFunc(s.names, n.Pattern.MatchString) {
			c := e.candidate(n.Owner)
			c.Rank, c.Evidence = rankNaming, fmt.Sprintf("name matches owners file line %d", n.Line)
			e.add(c, 0.15, 0, fitDirect)
			return
		}
	}
}

// machine reports whether an account is a bot: by what GitLab says, else by the names it gives to bots. Bots own nothing.
func machine(u *inventory.User) bool {
	if human := u.Human(); human != inventory.Unknown {
		return human == inventory.No
	}
	return botName.MatchString(u.Username)
}

// Source: https://docs.gitlab.com/user/project/settings/project_access_tokens/ (bot users), service accounts likewise.
// The pattern never changes.
var botName = regexp.MustCompile(`^(?:project|group)_\d+_bot|^service_account_`)
