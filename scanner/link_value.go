package scanner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory"
)

// The reasons that the next scan goes by, and one that several ways lead to.
const (
	knownElsewhere = "the same value is known elsewhere as that of this credential"
	linkedGone     = "the credential that this value was linked to is no longer listed"
)

// values says whose value lies at each location that holds a GitLab token, or a value that GitLab itself shows.
func (l *linker) values() {
	sure := l.sureValues()
	external := map[string]bool{}
	earliest := l.earliest()
	inferred := l.inferences(earliest)
	for at := range l.x.Locations.All() {
		if certain(at) {
			continue
		}
		if c, ok := sure[at.Fingerprint]; ok && at.Fingerprint != "" {
			l.link(at, c, knownElsewhere)
			continue
		}
		if !tokenOf(at) {
			continue
		}
		found, reason := l.candidates(at, earliest[at.Fingerprint])
		switch in, ok := inferred[at.Fingerprint]; {
		case ok && in.gone:
			l.linkExternal(at, linkedGone, external)
		case ok && at.Linked == at.Fingerprint && at.Credential == in.credential:
			l.link(at, in.credential, at.LinkReason)
		case ok && (len(found) != 1 || found[0].ID != in.credential):
			l.link(at, in.credential, knownElsewhere)
		case len(found) == 1:
			l.link(at, found[0].ID, reason)
		default:
			l.linkExternal(at, reason, external)
		}
	}
}

// tokenOf reports whether a GitLab token lies at the location.
func tokenOf(at *inventory.Location) bool { return strings.HasPrefix(at.Detector, "gitlab-") }

// inference is whose value one fingerprint is.
type inference struct {
	credential string
	gone       bool // GitLab lists it no longer: it deletes revoked tokens, whose values stay where they are
}

// inferences maps fingerprints of GitLab tokens to the credentials that they are inferred to be. What an earlier scan
// inferred comes first, as far as it still fits: after a rotation two tokens of one user would fit, and once GitLab
// deletes the old one, its value must not pass to the other.
func (l *linker) inferences(earliest map[string]inventory.When) map[string]inference {
	earlier, fresh := map[string]inference{}, map[string]inference{}
	for at := range l.x.Locations.All() {
		if !tokenOf(at) || at.Fingerprint == "" || certain(at) {
			continue
		}
		fits, _ := l.candidates(at, earliest[at.Fingerprint])
		if len(fits) == 1 {
			fresh[at.Fingerprint] = fresh[at.Fingerprint].or(inference{credential: fits[0].ID})
		}
		if at.Linked != at.Fingerprint || at.Credential == "" {
			continue
		}
		fit := slices.ContainsFunc(fits, func(c *inventory.Credential) bool { return c.ID == at.Credential })
		external := at.Credential == inventory.ExternalID(l.instance, at.Fingerprint)
		gone := at.LinkReason == linkedGone || !external && !l.listed(at.Credential)
		if fit || gone {
			earlier[at.Fingerprint] = earlier[at.Fingerprint].or(inference{at.Credential, gone})
		}
	}
	for fingerprint, in := range fresh {
		if _, ok := earlier[fingerprint]; !ok {
			earlier[fingerprint] = in
		}
	}
	return earlier
}

// listed reports whether a source shows the credential. Our own patch of the earlier scan still stands in the snapshot.
func (l *linker) listed(credential string) bool {
	return l.x.Credential(credential) != nil && !l.ours[credential]
}

// or returns one of two: what is listed, then the greater, for any choice will do that is always the same.
func (in inference) or(other inference) inference {
	if in.credential == "" || in.gone && !other.gone || in.gone == other.gone && in.credential < other.credential {
		return other
	}
	return in
}

// certain reports whether another source already knows whose value lies here.
func certain(at *inventory.Location) bool {
	return at.LinkReason == shownByGitLab || at.LinkReason == identifiedByGitLab
}

// sureValues maps fingerprints to the credentials that they are known to be.
func (l *linker) sureValues() map[string]string {
	sure := map[string]string{}
	add := func(fingerprint, credential string) {
		if fingerprint != "" && credential > sure[fingerprint] {
			sure[fingerprint] = credential
		}
	}
	for at := range l.x.Locations.All() {
		if certain(at) {
			add(at.Fingerprint, at.Credential)
		}
	}
	for c := range l.x.Credentials.All() {
		if c.Kind != "external" {
			add(c.Fingerprint, c.ID)
		}
	}
	return sure
}

// earliest maps fingerprints to the first commit date of any place that holds them.
func (l *linker) earliest() map[string]inventory.When {
	first := map[string]inventory.When{}
	for at := range l.x.Locations.All() {
		if _, ok := at.At.Time(); !ok || at.Fingerprint == "" {
			continue
		}
		if old, ok := first[at.Fingerprint]; !ok || at.At.Compare(old) < 0 {
			first[at.Fingerprint] = at.At
		}
	}
	return first
}

// rowKinds names, for a detector, the kind in the IDs of the credentials that it may have found.
func rowKinds(detector string) string {
	switch strings.TrimSuffix(detector, "-routable") {
	case "gitlab-access-token", "gitlab-pat":
		return "access-token"
	case "gitlab-deploy-token":
		return "deploy-token"
	case "gitlab-runner-token", "gitlab-runner-authentication-token":
		return "runner-token"
	case "gitlab-trigger-token", "gitlab-ptt":
		return "trigger-token"
	case "gitlab-agent-token", "gitlab-kubernetes-agent-token":
		return "agent-token"
	case "gitlab-oauth-application-secret":
		return "oauth-application-secret"
	}
	return ""
}

// candidates are the credentials whose ids fit those inside the value, and that existed when it was first committed.
// The reason says how that decides or why it does not.
func (l *linker) candidates(at *inventory.Location, first inventory.When) ([]*inventory.Credential, string) {
	kind := rowKinds(at.Detector)
	if kind == "" {
		return nil, "GitLab lists no tokens of this sort"
	}
	users, homes := routeIDs(l.instance, at.Route)
	if users == "" && homes == "" {
		return nil, "the value names no user, project or group of GitLab"
	}
	var rows []*inventory.Credential
	if users != "" {
		rows = l.x.CredentialsOf(users)
	} else {
		for _, id := range l.in[homes] {
			rows = append(rows, l.x.Credential(id))
		}
	}
	prefix := inventory.CredentialID(l.instance, kind, "")
	var fit []*inventory.Credential
	for _, c := range rows {
		if strings.HasPrefix(c.ID, prefix) && existed(c, first) {
			fit = append(fit, c)
		}
	}
	place := "user " + lastPart(users)
	if users == "" {
		place = inventory.RefOf(homes)
	}
	switch len(fit) {
	case 0:
		return nil, fmt.Sprintf("the value names %s, and no credential of this sort is known there", place)
	case 1:
		return fit, fmt.Sprintf("the value names %s, who has one credential of this sort", place)
	}
	return fit, fmt.Sprintf("the value names %s: %d credentials of this sort could be meant", place, len(fit))
}

// existed reports whether a credential was there when its value was first committed. Commit dates are the author's
// word, so a day is left.
func existed(c *inventory.Credential, first inventory.When) bool {
	made, ok := c.CreatedAt.Time()
	seen, dated := first.Time()
	return !ok || !dated || !made.After(seen.AddDate(0, 0, 1))
}

// routeIDs reads "u=12 p=5 g=7": the user's ID, and the home's, the project before the group.
func routeIDs(instance, route string) (user, home string) {
	for part := range strings.FieldsSeq(route) {
		key, text, _ := strings.Cut(part, "=")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			continue
		}
		switch {
		case key == "u":
			user = inventory.UserID(instance, n)
		case key == "p":
			home = inventory.HomeID(instance, inventory.ProjectHome, n)
		case key == "g" && home == "":
			home = inventory.HomeID(instance, inventory.GroupHome, n)
		}
	}
	return user, home
}

func (l *linker) link(at *inventory.Location, credential, reason string) {
	l.decided[at.ID] = credential
	l.emit(inventory.Location{ID: at.ID, Home: at.Home, Credential: credential, LinkReason: reason, Linked: at.Fingerprint})
}

// linkExternal gives a GitLab token that no row fits a credential of its own, shared by all places of the value.
func (l *linker) linkExternal(at *inventory.Location, reason string, done map[string]bool) {
	name := at.Fingerprint
	if name == "" {
		name = lastHomeParts(at.ID)
	}
	rows := externalRows(l.instance, *at, name)
	c := rows[1].(inventory.Credential)
	c.Attributes["provider"] = "gitlab"
	l.link(at, c.ID, reason)
	if done[name] {
		return
	}
	done[name] = true
	l.emit(rows[0])
	l.emit(c)
}
