package rules

import (
	"cmp"
	"fmt"
	"strings"

	"nhiscan/inventory"
)

// subject is what one verdict is about. One of the pointers is set; none for a scan whose token is not known.
type subject struct {
	id, home   string
	credential *inventory.Credential
	identity   *inventory.Identity
	location   *inventory.Location
	homeRow    *inventory.Home
	value      []*inventory.Location // sorted by ID
}

// subjectOfValue names a value by the credential it belongs to: a GitLab row where one is known, else the
// external credential that its fingerprint stands for.
func subjectOfValue(p *Pass, places []*inventory.Location) subject {
	id := ""
	for _, l := range places {
		if l.Credential != "" && (id == "" || l.Credential < id) {
			id = l.Credential
		}
	}
	if id == "" {
		id = inventory.ExternalID(p.X.Scan.Instance, places[0].Fingerprint)
	}
	return subject{id: id, home: places[0].Home, value: places}
}

func subjectOfScan(p *Pass) subject {
	if c := p.X.Credential(p.X.Scan.Token.Credential); c != nil {
		return subject{id: c.ID, home: c.Home, credential: c}
	}
	return subject{id: cmp.Or(p.X.Scan.Token.Credential, p.X.Scan.Token.User, p.instance), home: p.instance}
}

// name writes the subject for a message: `deploy token "registry-pull" of shop/cart`.
func (s subject) name(p *Pass) string {
	switch {
	case s.credential != nil:
		name := credentialNoun(s.credential.Kind) + " " + quoted(inventory.NameOf(*s.credential))
		if s.credential.Kind == "deploy-key" && p.X.Home(s.credential.Home) == nil {
			return name // spans projects
		}
		return name + " of " + p.holder(*s.credential)
	case s.identity != nil:
		return fmt.Sprintf("%s %s of %s", identityNoun(s.identity.Kind), quoted(inventory.NameOf(*s.identity)), p.path(s.identity.Home))
	case s.location != nil:
		return placeName(s.location) + " of " + p.path(s.location.Home)
	case s.homeRow != nil:
		return string(s.homeRow.Kind) + " " + p.path(s.homeRow.ID)
	case s.value != nil:
		return valueName(p, s.value)
	}
	return "the scanning token"
}

// label is what a waiver's subject pattern may match beside the ID: home path and name.
func (s subject) label(p *Pass) string {
	var name string
	switch {
	case s.credential != nil:
		name = inventory.NameOf(*s.credential)
	case s.identity != nil:
		name = inventory.NameOf(*s.identity)
	case s.location != nil:
		name = inventory.NameOf(*s.location)
	}
	home := ""
	if h := p.X.Home(s.home); h != nil {
		home = h.Path
	}
	return strings.Trim(home+"/"+name, "/")
}

// owner returns who answers for the subject, or nil.
func (s subject) owner(p *Pass) *inventory.Owner {
	switch {
	case s.credential != nil:
		return p.ownerOf(*s.credential)
	case s.location != nil && s.location.Credential != "":
		return p.X.Owner(s.location.Credential)
	}
	return p.X.Owner(s.id)
}

// holder says whose a credential is: the user's where a person holds it, else its home's.
func (p *Pass) holder(c inventory.Credential) string {
	if u := p.user(c.Identity); u != nil && u.Human() == inventory.Yes && u.Username != "" {
		return "@" + inventory.Printable(u.Username, nameLength)
	}
	return p.path(c.Home)
}

func quoted(name string) string { return `"` + inventory.Printable(name, nameLength) + `"` }

func credentialNoun(kind inventory.CredentialKind) string {
	switch kind {
	case "external", "":
		return "secret"
	case "ssh-key":
		return "SSH key"
	case "gpg-key":
		return "GPG key"
	case "oauth-application-secret":
		return "OAuth application secret"
	case "trigger-token":
		return "pipeline trigger token"
	}
	return strings.ReplaceAll(inventory.Printable(string(kind), nameLength), "-", " ")
}

func identityNoun(kind string) string {
	switch kind {
	case "schedule", "trigger":
		return "pipeline " + kind
	case "oauth-application":
		return "OAuth application"
	case "agent":
		return "cluster agent"
	case "workload":
		return "pipeline job"
	}
	return strings.ReplaceAll(inventory.Printable(kind, nameLength), "-", " ")
}

// placeName writes where a secret lies, without its home: `CI/CD variable "DB_PASSWORD" (scope production)`.
func placeName(l *inventory.Location) string {
	switch l.Surface {
	case inventory.SurfaceVariable:
		name := "CI/CD variable " + quoted(inventory.NameOf(*l))
		if l.Environment != "" && l.Environment != "*" {
			name += " (scope " + inventory.Printable(l.Environment, nameLength) + ")"
		}
		return name
	case inventory.SurfaceSchedule:
		return "schedule variable " + quoted(inventory.NameOf(*l))
	}
	at := inventory.Printable(l.Path, 2*nameLength)
	if l.Line > 0 {
		at += fmt.Sprintf(":%d", l.Line)
	}
	return "secret in " + at
}

// valueName writes a value by its fingerprint's first digits, as every report shows it.
func valueName(p *Pass, places []*inventory.Location) string {
	fingerprint := inventory.Printable(places[0].Fingerprint, 0)
	name := "secret " + fingerprint[:min(8, len(fingerprint))]
	for _, l := range places {
		if c := p.X.Credential(l.Credential); c != nil && c.Kind != "external" && c.Kind != "" {
			return fmt.Sprintf("%s (%s %s)", name, credentialNoun(c.Kind), quoted(inventory.NameOf(*c)))
		}
	}
	return name
}
