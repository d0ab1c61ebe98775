package scanner

import (
	"context"

	"nhiscan/inventory"
)

// linkSource joins what single lists cannot: the sort and home of access tokens by their user, who made a bot's
// tokens, which token took over from which, whose value lies where a GitLab token was found, and which variable a
// job means. It asks nothing: it is a pure function of what the other sources saw.
var linkSource = Source{
	ID: linkID, Title: "Links between rows",
	Shows: "What follows from rows together: sort and home of access tokens, their makers, rotations, whose value a found GitLab token is, and which variable a job means.",
	Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		rows, err := v.run.o.Recorder.Rows(ctx)
		if err != nil {
			return err
		}
		ours, audited := onlyShownBy(rows, inventory.CredentialRow, linkID)
		x, err := inventory.ReadIndex(inventory.Scan{}, rows)
		if err != nil {
			return err
		}
		links(x, ours, audited, v.Instance(), v.Emit)
		return nil
	},
}

const linkID = "link"

// links emits patches: rows with their ID and the fields that follow, sorted by ID within each sort of row. ours are the
// credentials that only earlier patches tell of, audited those that audit events told of.
// It goes only by what other sources say, or, where it read its own earlier patches, comes to the same again: the links
// of rows, and those of the rows with the links merged in, are equal.
func links(x *inventory.Index, ours map[string]bool, audited map[string][]string, instance string, emit func(inventory.Observation)) {
	l := &linker{
		instance: instance, x: x, ours: ours, audited: audited, emit: emit, in: map[string][]string{}, decided: map[string]string{},
	}
	l.accessTokens()
	l.rotations()
	l.values()
	l.usages()
}

type linker struct {
	instance string
	x        *inventory.Index
	ours     map[string]bool
	audited  map[string][]string
	emit     func(inventory.Observation)
	in       map[string][]string // IDs of credentials by home, access tokens in the home of their user
	decided  map[string]string   // by location, the credential that values linked
}

// accessTokens says of every access token what its user tells about it.
func (l *linker) accessTokens() {
	done := map[string]bool{}
	for c := range l.x.Credentials.All() {
		u := l.x.User(c.Identity)
		if !c.AccessToken() || u == nil {
			l.in[c.Home] = append(l.in[c.Home], c.ID)
			continue
		}
		account := accountKind(u)
		home := l.accountHome(u, account)
		l.in[firstOf(home, c.Home)] = append(l.in[firstOf(home, c.Home)], c.ID)
		patch := inventory.Credential{ID: c.ID, Kind: tokenKind(account), Home: home}
		if account != "user" && account != "" {
			patch.Level = l.level(u.ID, home)
			patch.Creator = l.creator(c, u)
		}
		if patch.Kind != "" {
			l.emit(patch)
		}
		if account != "" && !done[u.ID] {
			done[u.ID] = true
			if account == "user" {
				home = ""
			}
			l.emit(inventory.Identity{
				ID: u.ID, Kind: account, Home: home, Name: u.Username, State: u.State, Creator: u.Creator, CreatedAt: u.CreatedAt,
			})
		}
	}
}

// accountKind is the identity kind of an account; empty where nothing tells.
func accountKind(u *inventory.User) string {
	if u.Kind == "" && u.Human() == inventory.Yes {
		return "user"
	}
	return u.Kind
}

// accountHome is where an account was made: a bot's name says it, a service account's list. A person's tokens live in
// the instance. The more particular place holds where several are told.
func (l *linker) accountHome(u *inventory.User, account string) string {
	if account == "user" {
		return inventory.HomeID(l.instance, inventory.InstanceHome, 0)
	}
	if home := botHome(l.instance, u.Username); home != "" {
		return home
	}
	if i := l.x.Identity(u.ID); i != nil {
		return i.Home
	}
	return ""
}

// level is the role of a bot in its own home, which is that of its token.
func (l *linker) level(user, home string) int {
	level := 0
	for _, g := range l.x.GrantsOf(user) {
		if g.Kind == "membership" && g.Home == home {
			level = max(level, g.Level)
		}
	}
	return level
}

// creator is who made a bot, unless an audit event knows this token of it: that says who made the token itself.
func (l *linker) creator(c *inventory.Credential, u *inventory.User) string {
	if len(l.audited[c.ID]) > 0 {
		return ""
	}
	return u.Creator
}
