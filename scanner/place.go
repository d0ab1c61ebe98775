package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/gitrepo"
)

// place is one path of a repository that holds a value.
type place struct {
	match match         // in the oldest content, or at the head
	first gitrepo.Place // what brought the value there
	head  bool          // the file at the head holds it; otherwise only history does
}

// places are those of a repository, one per path and value.
type places struct {
	at     map[placeKey]*place
	trusts map[string][]trust // by path at the head
	lost   string             // why some are not listed
}

type placeKey struct {
	path, value string
	ordinal     int
}

// search matches every content of a repository once and returns where values lie. damage is why the repository could
// not be read whole: another visit may find it mended.
func (v *Visit) search(ctx context.Context, s shelf, repo *gitrepo.Repo) (found *places, damage string, err error) {
	found = &places{at: map[placeKey]*place{}, trusts: map[string][]trust{}}
	m := &matcher{visit: v, ctx: ctx, parts: map[string]map[string]matches{}, fresh: map[string][]byte{}, again: newAgain(v)}
	options := gitrepo.WalkOptions{
		MaxBlob: maxBlob, Head: s.branch(v), Known: m.known,
		Again: func() (func(gitrepo.Blob) bool, func(gitrepo.Blob) error) { return m.again.reading(ctx, repo, found) },
	}
	stats, err := repo.Walk(ctx, options, func(b gitrepo.Blob) error {
		v.run.report(v.Home.Path, int64(len(b.Content)))
		return found.addBlob(b, func(path string) (matches, error) {
			all, err := m.at(b, path)
			m.again.note(b.OID, path, all)
			return all, err
		})
	})
	if err == nil {
		err = m.flush()
	}
	if err != nil {
		return nil, "", err
	}
	if stats.Skipped > 0 {
		v.Incomplete(fmt.Sprintf("%d contents are larger than %d MB and were not searched", stats.Skipped, maxBlob>>20))
	}
	if found.lost != "" {
		v.Incomplete(found.lost)
	}
	switch {
	case stats.Broken != "":
		damage = "the history could not be read to its end: " + v.printable(stats.Broken, maxReason)
	case stats.Missing > 0:
		damage = fmt.Sprintf("the repository lacks %d objects, which were not searched", stats.Missing)
	case stats.Shallow:
		damage = "the repository holds only the end of its history"
	}
	return found, damage, nil
}

// addBlob notes the matches of one content at all its paths; of tells them.
func (p *places) addBlob(b gitrepo.Blob, of func(path string) (matches, error)) error {
	at := slices.Clone(b.Paths)
	for _, path := range b.HeadPaths { // where the log broke off, or the paths were cut
		if !slices.ContainsFunc(b.Paths, func(x gitrepo.Place) bool { return x.Path == path }) {
			at = append(at, gitrepo.Place{Path: path, Order: -1})
		}
	}
	if len(at) == 0 { // no commit that could be read shows it
		at = append(at, gitrepo.Place{Order: -1})
	}
	for _, x := range at {
		found, err := of(x.Path)
		if err != nil {
			return err
		}
		head := slices.Contains(b.HeadPaths, x.Path)
		p.add(x, found, head)
		if head && len(found.Trusts) > 0 && len(p.trusts) < maxTrustFiles {
			p.trusts[x.Path] = found.Trusts
		}
		if b.MorePaths && len(found.All) > 0 {
			p.lost = "a content with secrets stands at more paths than are listed"
		}
	}
	return nil
}

// add notes the matches of one content at one path. The oldest content that holds a value tells who brought it; the
// one at the head, of which there is one per path, tells the line.
func (p *places) add(at gitrepo.Place, found matches, head bool) {
	if found.More {
		p.lost = fmt.Sprintf("a content holds more than %d secrets; the rest is not listed", maxMatches)
	}
	for _, m := range found.All {
		key := placeKey{at.Path, cmp.Or(m.Fingerprint, m.Detector), m.Ordinal}
		old := p.at[key]
		if old == nil {
			if len(p.at) >= maxPlaces {
				p.lost = fmt.Sprintf("more than %d places hold a secret; the rest is not listed", maxPlaces)
				continue
			}
			old = &place{match: m, first: at, head: head}
			p.at[key] = old
			continue
		}
		older := at.Order >= 0 && (old.first.Order < 0 || at.Order < old.first.Order)
		if head || older && !old.head {
			old.match = m
		}
		if older {
			old.first = at
		}
		old.head = old.head || head
	}
}

// emit emits a location for every place, in the order of paths and lines.
func (p *places) emit(v *Visit, s shelf) {
	all := make([]*place, 0, len(p.at))
	for _, at := range p.at {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b *place) int {
		return cmp.Or(cmp.Compare(a.first.Path, b.first.Path), cmp.Compare(a.match.Line, b.match.Line), cmp.Compare(a.match.Column, b.match.Column),
			cmp.Compare(a.match.Detector, b.match.Detector), cmp.Compare(a.match.Fingerprint, b.match.Fingerprint), cmp.Compare(a.match.Ordinal, b.match.Ordinal))
	})
	external := map[string]bool{}
	for _, at := range all {
		v.Emit(v.location(s, at, external))
	}
	for _, path := range sortedKeys(p.trusts) {
		for i, t := range p.trusts[path] {
			v.emitTrust(path, i, t)
		}
	}
}

// location is the row of a place. The credential of a value that is no GitLab token is emitted with its first one.
func (v *Visit) location(s shelf, at *place, external map[string]bool) inventory.Location {
	path, name := v.storedName(cmp.Or(at.first.Path, "(no path)"), maxShownPath)
	m := at.match
	l := inventory.Location{
		// The surface is none of the ID: a value that leaves the head stays the same location.
		ID:   inventory.LocationID(v.Self.Instance, v.Home.ID, s.id, name, cmp.Or(m.Fingerprint, m.Detector), max(1, m.Ordinal)),
		Home: v.Home.ID, Surface: s.history, Path: path, Line: m.Line, Column: m.Column,
		Commit: at.first.Commit, Author: authorName(at.first.Author),
		Fingerprint: m.Fingerprint, Hint: m.Hint, Detector: m.Detector, Route: m.Route, SecretLike: inventory.Yes,
	}
	if !at.first.Date.IsZero() {
		l.At = inventory.At(at.first.Date.Truncate(time.Second))
	}
	if l.Fingerprint != "" {
		l.KeyID = v.run.o.Key.ID()
	}
	if at.head {
		l.Surface = s.head
		if s.head == inventory.SurfaceFile && at.first.Path == v.configPath() {
			l.Surface = inventory.SurfaceCI
		}
	}
	switch {
	case m.Credential != "":
		l.Credential, l.LinkReason = m.Credential, identifiedByGitLab
	case strings.HasPrefix(l.Detector, "gitlab-") || l.Fingerprint == "":
	case external[l.Fingerprint]:
		l.Credential = inventory.ExternalID(v.Self.Instance, l.Fingerprint)
	default:
		external[l.Fingerprint] = true
		l.Credential = v.external(l, l.Fingerprint)
	}
	return l
}

// authorName drops the mail address, behind an author's name or in its place: the inventory keeps no addresses.
func authorName(author string) string {
	name, _, _ := strings.Cut(" "+author, " <")
	name, _, _ = strings.Cut(strings.TrimSpace(name), "@")
	return name
}

const (
	maxShownPath = 1000 // characters of a path that are kept
	maxReason    = 300  // of a reason
)

// storedName returns a name of someone else's choice as it is shown, and as it stands in an ID. They differ where the
// name cannot be kept as it is; a keyed digest then keeps such names apart in IDs.
func (v *Visit) storedName(name string, max int) (shown, id string) {
	shown = v.printable(name, max)
	if shown == name {
		return shown, shown
	}
	digest, _ := v.Fingerprint(secret.New("name\x00" + name + "\x00"))
	return shown, shown + "#" + digest[:min(len(digest), 12)]
}

// configPath is where the project keeps its pipeline configuration; empty when it lies elsewhere: at a URL, or in
// another project ("ci.yml@group/project").
// Source: https://docs.gitlab.com/ci/pipelines/settings/#specify-a-custom-cicd-configuration-file
func (v *Visit) configPath() string {
	switch p := firstOf(v.Home.Settings["ci_config_path"]); {
	case p == "":
		return ".gitlab-ci.yml"
	case strings.Contains(p, "://"), strings.Contains(p, "@"):
		return ""
	default:
		return p
	}
}
