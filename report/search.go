package report

import (
	"cmp"
	"strings"

	"nhiscan/inventory"
)

// The ways in which a thing answers to what was asked for, the surest first.
const (
	exact = iota
	byFingerprint
	byName
	byAffix // the beginning or end of its ID
	near
	elsewhere
)

// search looks for what answers to a text, among all that can be shown.
type search struct {
	instance, text string
	lower          string
	isPrint        bool // it reads as the beginning of a fingerprint
	best           int  // how the hits answer
	found          []hit
}

// hit is a thing that answers.
type hit struct {
	id                   string // of the row
	page                 string // of what is shown
	identity, credential string // that the row names
}

func newSearch(instance, text string) *search {
	lower := strings.ToLower(text)
	isPrint := len(lower) >= 8 && strings.Trim(lower, "0123456789abcdef") == ""
	return &search{instance: instance, text: text, lower: lower, isPrint: isPrint, best: elsewhere}
}

// hits returns what answers best: identities, then credentials, then locations, each sorted by ID.
func (s *search) hits(lists Lists) []hit {
	for i := range lists.Identities() {
		s.look(hit{id: i.ID, page: i.ID}, "", i.Name)
	}
	for c := range lists.Credentials() {
		s.look(hit{id: c.ID, page: c.ID, identity: c.Identity}, c.Fingerprint, c.Name)
	}
	for l := range lists.Locations() {
		h := hit{id: l.ID, page: cmp.Or(l.Fingerprint, l.ID), credential: l.Credential}
		external := ""
		if l.Fingerprint != "" {
			external = inventory.ExternalID(s.instance, l.Fingerprint)
		}
		s.look(h, l.Fingerprint, l.Key, external)
	}
	if s.best < near {
		s.place(lists)
	}
	return s.found
}

// look keeps a thing that answers as well as the best so far.
func (s *search) look(h hit, fingerprint string, names ...string) {
	how := s.answer(h.id, fingerprint, names)
	if how < s.best {
		s.best, s.found = how, nil
	}
	if how == s.best && how < elsewhere {
		s.found = append(s.found, h)
	}
}

func (s *search) answer(id, fingerprint string, names []string) int {
	named := false
	for _, n := range names {
		named = named || n == s.text
	}
	switch {
	case id == s.text:
		return exact
	case s.isPrint && strings.HasPrefix(fingerprint, s.lower):
		return byFingerprint
	case named:
		return byName
	case strings.HasPrefix(id, s.text) || strings.HasSuffix(id, s.text):
		return byAffix
	case s.best >= near && strings.Contains(strings.ToLower(strings.Join(append([]string{id, fingerprint}, names...), " ")), s.lower):
		return near
	}
	return elsewhere
}

// place finds the pages of the hits: a credential is shown on the page of its identity, and a location on that of its
// credential, where the inventory has these.
func (s *search) place(lists Lists) {
	pages := map[string]string{} // by the ID of a credential or identity
	for _, h := range s.found {
		if h.credential != "" {
			pages[h.credential] = ""
		}
	}
	identities := map[string]string{} // by credential
	if len(pages) > 0 {
		for c := range lists.Credentials() {
			if _, asked := pages[c.ID]; asked {
				pages[c.ID], identities[c.ID] = c.ID, c.Identity
			}
		}
	}
	wanted := map[string]bool{}
	for _, identity := range identities {
		wanted[identity] = true
	}
	for _, h := range s.found {
		wanted[h.identity] = true
	}
	there := map[string]bool{}
	for i := range lists.Identities() {
		if wanted[i.ID] {
			there[i.ID] = true
		}
	}
	for i := range s.found {
		h := &s.found[i]
		h.page = cmp.Or(pages[h.credential], h.page)
		if identity := cmp.Or(h.identity, identities[h.credential]); there[identity] {
			h.page = identity
		}
	}
}

func pagesOf(hits []hit) map[string]bool {
	pages := map[string]bool{}
	for _, h := range hits {
		pages[h.page] = true
	}
	return pages
}

// rowsAbout returns the rows that the page of an identity, credential, location or fingerprint names, and all homes.
func rowsAbout(lists Lists, page string) *inventory.Snapshot {
	s := &inventory.Snapshot{}
	for h := range lists.Homes() {
		s.Homes = append(s.Homes, *h)
	}
	credentials, identities, users := map[string]bool{}, map[string]bool{page: true}, map[string]bool{page: true}
	values := map[string]bool{page: true}
	for c := range lists.Credentials() {
		if c.ID == page || c.Identity == page {
			s.Credentials = append(s.Credentials, *c)
			credentials[c.ID], identities[c.Identity], users[c.Creator], values[c.Fingerprint] = true, true, true, true
		}
	}
	for i := range lists.Identities() {
		if identities[i.ID] {
			s.Identities = append(s.Identities, *i)
			users[i.Creator], users[i.ActsAs] = true, true
		}
	}
	delete(values, "")
	if len(s.Credentials)+len(s.Identities) == 0 {
		for l := range lists.Locations() {
			if l.ID == page && l.Fingerprint != "" {
				values[l.Fingerprint] = true
			}
		}
	}
	for l := range lists.Locations() {
		if l.ID == page || credentials[l.Credential] || values[l.Fingerprint] {
			s.Locations = append(s.Locations, *l)
		}
	}
	for u := range lists.Usages() {
		if u.Workload == page || credentials[u.Credential] {
			s.Usages = append(s.Usages, *u)
		}
	}
	for g := range lists.Grants() {
		if g.Subject == page {
			s.Grants = append(s.Grants, *g)
		}
	}
	for u := range lists.Users() {
		if users[u.ID] {
			s.Users = append(s.Users, *u)
		}
	}
	return s
}
