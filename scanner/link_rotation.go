package scanner

import (
	"cmp"
	"slices"
	"time"

	"nhiscan/inventory"
)

// rotationGap is the most that may lie between the end of a token and the making of its successor: GitLab's rotation
// does both at once, clocks and delays of the audit log add minutes.
const rotationGap = 5 * time.Minute

// rotations infers which access token took over from which. GitLab keeps the link to itself, but a rotated token has
// the user and the name of its predecessor, which is revoked at that moment.
// A bot of a project or group has the tokens of one rotation family only, so there the order is enough.
func (l *linker) rotations() {
	var patches []inventory.Credential
	for user := range l.x.Holders() {
		families := map[string][]*inventory.Credential{} // by name
		for _, c := range l.x.CredentialsOf(user) {
			if c.AccessToken() {
				families[c.Name] = append(families[c.Name], c)
			}
		}
		for _, tokens := range families {
			patches = append(patches, l.rotationsIn(tokens)...)
		}
	}
	slices.SortFunc(patches, func(a, b inventory.Credential) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range patches {
		l.emit(c)
	}
}

// rotationsIn infers the rotations in one family of tokens.
func (l *linker) rotationsIn(tokens []*inventory.Credential) []inventory.Credential {
	slices.SortFunc(tokens, func(a, b *inventory.Credential) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	var patches []inventory.Credential
	for i, c := range tokens {
		// Once told it stays, for GitLab deletes the predecessor some weeks later.
		from := c.RotatedFrom
		if i > 0 && l.rotated(tokens[i-1], c) {
			from = tokens[i-1].ID
		}
		if from != "" {
			patches = append(patches, inventory.Credential{ID: c.ID, RotatedFrom: from})
		}
	}
	return patches
}

func (l *linker) rotated(old, fresh *inventory.Credential) bool {
	made, ok := fresh.CreatedAt.Time()
	if !ok || old.State != inventory.Revoked {
		return false
	}
	if ended, exact := old.RevokedAt.Time(); exact {
		gap := made.Sub(ended)
		return gap > -rotationGap && gap < rotationGap
	}
	return l.ownBot(fresh.Identity)
}

// ownBot reports whether the user is a bot that GitLab made for one token and its successors alone.
func (l *linker) ownBot(user string) bool {
	u := l.x.User(user)
	return u != nil && (u.Kind == "project-bot" || u.Kind == "group-bot")
}
