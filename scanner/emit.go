package scanner

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

// Emit adds a row to the visit. Names, descriptions and addresses pass the detector first: what it finds becomes
// "[secret]", and a secret in a description or address is an exposure of its own.
// A row without an ID is none: what GitLab listed had no number.
func (v *Visit) Emit(o inventory.Observation) {
	if _, id := o.Row(); id == "" {
		v.Incomplete("GitLab listed something without its number")
		return
	}
	switch o := o.(type) {
	case inventory.Home:
		v.clean(o.ID, &o.Name, nil)
		v.clean(o.ID, &o.Description, &textPlace{o.ID, inventory.SurfaceDescription, "description"})
		o.Topics = slices.Clone(o.Topics)
		for i := range o.Topics {
			v.clean(o.ID, &o.Topics[i], nil)
		}
		v.rows = append(v.rows, o)
	case inventory.Identity:
		place := o.Kind + " " + lastPart(o.ID)
		v.clean(o.Home, &o.Name, nil)
		v.clean(o.Home, &o.Description, &textPlace{o.Home, inventory.SurfaceDescription, place + " description"})
		v.clean(o.Home, &o.URL, &textPlace{o.Home, inventory.SurfaceURL, place + " url"})
		v.rows = append(v.rows, o)
	case inventory.Credential:
		v.clean(o.Home, &o.Name, nil)
		// A row whose home is not known yet still has a place: the list that shows it.
		v.clean(o.Home, &o.Description, &textPlace{firstOf(o.Home, v.Home.ID), inventory.SurfaceDescription, string(o.Kind) + " " + lastPart(o.ID) + " description"})
		v.rows = append(v.rows, o)
	case inventory.Location:
		v.clean(o.Home, &o.Description, nil)
		v.clean(o.Home, &o.Path, nil)
		v.clean(o.Home, &o.Author, nil)
		v.rows = append(v.rows, o)
	case inventory.Usage:
		v.clean(o.Home, &o.System, nil)
		v.clean(o.Home, &o.Operation, nil)
		v.rows = append(v.rows, o)
	case inventory.User:
		v.clean("", &o.Name, nil)
		v.rows = append(v.rows, o)
	default:
		v.rows = append(v.rows, o)
	}
}

// textPlace is where a text stands, for the location of a secret found in it.
type textPlace struct{ home, surface, path string }

func (v *Visit) clean(home string, text *string, place *textPlace) {
	if len(*text) < 8 {
		return
	}
	before := *text
	cleaned, found := v.cleaned(before)
	*text = cleaned
	if place == nil || place.home == "" {
		return
	}
	found = sure(found)
	if place.surface == inventory.SurfaceURL {
		found = v.inQuery(before, found)
	}
	for _, f := range found {
		v.EmitFinding(inventory.Location{Home: home, Surface: place.surface, Path: place.path, Line: f.Line}, f)
	}
}

// sure leaves out findings that are almost surely no secret.
func sure(found []detect.Finding) []detect.Finding {
	return slices.DeleteFunc(found, func(f detect.Finding) bool { return f.Confidence < minConfidence })
}

// shown leaves out what a scan of contents does not show by default.
func shown(found []detect.Finding) []detect.Finding {
	return slices.DeleteFunc(found, func(f detect.Finding) bool { return f.Confidence < detect.DefaultConfidence })
}

func lastPart(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// Fingerprint returns the keyed fingerprint of a value with the id of its key; both empty when it gets none.
func (v *Visit) Fingerprint(value secret.Value) (fingerprint, keyID string) {
	if fp := v.run.o.Key.Fingerprint(value); fp != "" {
		return fp, v.run.o.Key.ID()
	}
	return "", ""
}

// EmitVariable emits the location of a variable whose value GitLab may have shown. shown is false for a hidden one.
// l carries home, key, scope and flags; a value under another key than a variable's gives l.ID itself. Without a key
// there is nothing to tell it by.
func (v *Visit) EmitVariable(l inventory.Location, value secret.Value, shown bool) {
	if l.Key == "" {
		v.Incomplete("GitLab listed a variable without its key")
		return
	}
	var found []detect.Finding
	if shown {
		found = sure(v.Engine().Value(l.Key, value.Reveal()))
	}
	l.SecretLike = inventory.Is(len(found) > 0 || detect.SecretKey(l.Key) || l.Masked == inventory.Yes || l.Hidden == inventory.Yes)
	if l.SecretLike == inventory.Yes && shown {
		whole := value
		if len(found) == 1 { // one secret inside a longer text, a URL for instance, is what other places share
			whole = found[0].Secret
		}
		l.Fingerprint, l.KeyID = v.Fingerprint(whole)
		l.Hint = secret.Hint(whole)
		if len(found) > 0 {
			l.Detector = found[0].Detector
		}
		v.link(&l, whole)
	}
	if l.SecretLike == inventory.Yes && l.Fingerprint == "" {
		l.Credential = v.external(l, lastHomeParts(l.ID))
	}
	v.Emit(l)
	if len(found) > 1 {
		for _, f := range found {
			v.EmitFinding(inventory.Location{
				Home: l.Home, Surface: l.Surface, Path: firstOf(l.Path, l.Key), Key: l.Key, Environment: l.Environment,
				Masked: l.Masked, Hidden: l.Hidden, Protected: l.Protected, SecretLike: inventory.Yes,
			}, f)
		}
	}
}

// lastHomeParts cuts the instance off a location's ID: it names the one value that only this location holds.
func lastHomeParts(id string) string {
	_, rest, _ := strings.Cut(id, "/")
	return rest
}

// EmitFinding emits the location of a finding. l carries home, surface and path; the rest is filled in.
func (v *Visit) EmitFinding(l inventory.Location, f detect.Finding) {
	l.Detector, l.SecretLike = f.Detector, inventory.Yes
	l.Fingerprint, l.KeyID = v.Fingerprint(f.Secret)
	l.Hint = secret.Hint(f.Secret)
	path, _ := v.cleaned(l.Path)
	key := l.Surface + "\x00" + path + "\x00" + l.Fingerprint
	v.counts[key]++
	l.ID = inventory.LocationID(v.Self.Instance, l.Home, l.Surface, path, l.Fingerprint, v.counts[key])
	v.link(&l, f.Secret)
	v.Emit(l)
}

// link fills in whose value lies at l. A GitLab token is joined to its row later, when all rows are known (source
// link), unless GitLab itself was asked to identify it; any other value is a credential known by its fingerprint.
func (v *Visit) link(l *inventory.Location, value secret.Value) {
	if route, ok := detect.Routable(value); ok {
		l.Route = route.String()
	}
	if strings.HasPrefix(l.Detector, "gitlab-") {
		if id := v.run.identify(v.run.ctx, v, value, l.Fingerprint); id != "" {
			l.Credential, l.LinkReason = id, identifiedByGitLab
		}
		return
	}
	if l.Fingerprint != "" {
		l.Credential = v.external(*l, l.Fingerprint)
	}
}

// external emits the identity and credential of a value that no GitLab row stands for, and returns the credential ID.
func (v *Visit) external(l inventory.Location, name string) string {
	for _, row := range externalRows(v.Self.Instance, l, name) {
		v.Emit(row)
	}
	return inventory.ExternalID(v.Self.Instance, name)
}

// externalRows returns the identity and the credential of a value that no GitLab row stands for, in this order. name
// is its fingerprint, or the location that alone holds it.
func externalRows(instance string, l inventory.Location, name string) []inventory.Observation {
	identity := inventory.IdentityID(instance, "external", name)
	title := firstOf(l.Key, l.Detector, "secret")
	attributes := map[string]string{}
	if l.Detector != "" {
		attributes["detector"] = l.Detector
	}
	return []inventory.Observation{
		inventory.Identity{ID: identity, Kind: "external", Name: title, Home: l.Home},
		inventory.Credential{
			ID: inventory.ExternalID(instance, name), Kind: "external", Identity: identity, Name: title, Home: l.Home,
			Fingerprint: l.Fingerprint, KeyID: l.KeyID, Hint: l.Hint, Attributes: attributes,
		},
	}
}

// EmitShown emits a token whose value GitLab itself shows, such as a trigger token: its fingerprint is set on c, and
// the place where it was shown is a location, so that copies elsewhere join it.
func (v *Visit) EmitShown(c inventory.Credential, path string, value secret.Value) {
	v.emitShownOn(c, inventory.SurfaceToken, path, value)
}

func (v *Visit) emitShownOn(c inventory.Credential, surface, path string, value secret.Value) {
	c.Fingerprint, c.KeyID = v.Fingerprint(value)
	c.Hint = secret.Hint(value)
	v.Emit(c)
	if c.Fingerprint == "" {
		return
	}
	v.Emit(inventory.Location{
		ID:   inventory.LocationID(v.Self.Instance, c.Home, surface, path, c.Fingerprint, 1),
		Home: c.Home, Surface: surface, Path: path, Fingerprint: c.Fingerprint, KeyID: c.KeyID, Hint: c.Hint,
		SecretLike: inventory.Yes, Credential: c.ID, LinkReason: shownByGitLab,
	})
}

// identify asks GitLab which row a token belongs to, when --identify gave it a client to ask with. The answer is
// kept for the run. Nothing authenticates with the value.
// Source: https://docs.gitlab.com/api/admin/token/
func (r *run) identify(ctx context.Context, v *Visit, value secret.Value, fingerprint string) string {
	if r.o.Identify == nil || fingerprint == "" {
		return ""
	}
	r.mu.Lock()
	id, ok := r.identified[fingerprint]
	r.mu.Unlock()
	if ok {
		return id
	}
	id = ""
	// The value goes into the body of one request to the own instance, and nowhere else.
	a, err := r.o.Identify.post(ctx, "admin/token", map[string]string{"token": value.Reveal()})
	if err == nil {
		id = identifiedID(v, a.body)
	} else if status := statusOf(err); status != http.StatusNotFound && status != http.StatusUnprocessableEntity {
		// 404 is GitLab's answer for a value it does not know, 422 for one of a sort that it cannot look up.
		v.Incomplete(fmt.Sprintf("a token could not be identified: %v", err))
	}
	r.mu.Lock()
	r.identified[fingerprint] = id
	r.mu.Unlock()
	return id
}

// The reasons that stand at a location whose credential is certain; source link goes by them.
const (
	shownByGitLab      = "GitLab shows the token itself"
	identifiedByGitLab = "GitLab identified the value"
)

// sortedKeys keeps output that comes from a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
