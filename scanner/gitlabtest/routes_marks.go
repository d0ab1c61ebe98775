package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// markRoutes are what administrators and owners note of homes and people: attributes of their own, and the groups of an
// outside directory that a group lets in.
func markRoutes() []Route {
	const attributes = "https://docs.gitlab.com/api/custom_attributes/"
	var all []Route
	for _, home := range []string{"users/:user_id", "groups/:id", "projects/:id"} {
		list := home + "/custom_attributes"
		admin := func(method, path string, handle Handler) Route {
			return Route{Method: method, Path: path, Admin: true, Source: attributes, Handle: onHome(handle)}
		}
		all = append(all, admin("GET", list, listAttributes), admin("GET", list+"/:key", showAttribute), admin("PUT", list+"/:key", setAttribute), admin("DELETE", list+"/:key", dropAttribute))
	}
	for kind, source := range map[string]string{"saml": "https://docs.gitlab.com/api/saml/", "ldap": "https://docs.gitlab.com/api/group_ldap_links/"} {
		list := "groups/:id/" + kind + "_group_links"
		owner := Route{Role: Owner, Tier: Premium, Permission: "update_" + kind + "_group_link", Source: source}
		for _, verb := range []struct {
			method, path string
			handle       Handler
		}{{"POST", list, addLoginLink(kind)}, {"DELETE", list, dropLoginLink(kind)}, {"DELETE", list + "/:name", dropLoginLink(kind)}, {"DELETE", list + "/:provider/:name", dropLoginLink(kind)}} {
			if kind == "saml" && strings.Contains(verb.path, ":provider") {
				continue
			}
			owner.Method, owner.Path, owner.Handle = verb.method, verb.path, verb.handle
			all = append(all, owner)
		}
	}
	all = append(all, Route{Method: "GET", Path: "groups/:id/saml_group_links/:name", Role: Owner, Tier: Premium, Permission: "read_saml_group_link", Source: "https://docs.gitlab.com/api/saml/", Handle: showSAMLLink})
	slices.SortFunc(all, func(x, y Route) int { return strings.Compare(x.Path+x.Method, y.Path+y.Method) })
	return all
}

// onHome answers 404 for an account that is not there; homes are looked up already.
func onHome(handle Handler) Handler {
	return func(c *Call) Answer {
		if c.Path("user_id") != "" && c.userOf() == nil {
			return NotFound("User")
		}
		return handle(c)
	}
}

// attributes is where those of one home or person are kept.
func (c *Call) attributes() string {
	list, _, _ := strings.Cut(c.Route.Path, "/:key")
	return c.place(list)
}

func (c *Call) attribute() *record {
	for _, r := range c.st.records[c.attributes()] {
		if r.text("key") == c.Path("key") {
			return r
		}
	}
	return nil
}

func listAttributes(c *Call) Answer {
	out := []Object{}
	for _, r := range c.st.records[c.attributes()] {
		out = append(out, r.shown(nil))
	}
	return OK(out)
}

func showAttribute(c *Call) Answer {
	if r := c.attribute(); r != nil {
		return OK(r.shown(nil))
	}
	return NotFound("Custom Attribute")
}

func setAttribute(c *Call) Answer {
	if lacks := c.missing("value"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	r := c.attribute()
	if r == nil {
		r = c.st.keepRecord(c.attributes(), "custom_attributes", &record{fields: Object{"key": c.Path("key")}})
	}
	r.fields["value"] = c.Text("value")
	return OK(r.shown(nil))
}

func dropAttribute(c *Call) Answer {
	r, place := c.attribute(), c.attributes()
	if r == nil {
		return NotFound("Custom Attribute")
	}
	c.st.records[place] = slices.DeleteFunc(c.st.records[place], func(other *record) bool { return other == r })
	return NoContent()
}

// loginLinkJSON is a link as GitLab shows it, which has other names for each kind.
func loginLinkJSON(l *LoginLink) Object {
	if l.Kind == "saml" {
		return Object{"name": l.Name, "access_level": int(l.Role), "member_role_id": nil, "provider": emptyNull(l.Provider)}
	}
	return Object{"cn": emptyNull(l.Name), "group_access": int(l.Role), "provider": l.Provider, "filter": emptyNull(l.Filter), "member_role_id": nil}
}

func addLoginLink(kind string) Handler {
	name, role := "saml_group_name", "access_level"
	if kind == "ldap" {
		name, role = "cn", "group_access"
	}
	return func(c *Call) Answer {
		l := &LoginLink{Kind: kind, Name: c.Text(name), Filter: c.Text("filter"), Provider: c.Text("provider")}
		level, _ := c.Int(role)
		l.Role = Role(level)
		switch lacks := c.missing(role); {
		case lacks != "":
			return Refuse(http.StatusBadRequest, lacks)
		case l.Name == "" && (kind == "saml" || l.Filter == ""):
			return Refuse(http.StatusBadRequest, name+" is missing")
		case !slices.Contains([]Role{Minimal, Guest, Planner, Reporter, Developer, Maintainer, Owner}, l.Role):
			return Refuse(http.StatusBadRequest, role+" does not have a valid value")
		case slices.ContainsFunc(c.Group.LoginLinks, l.same):
			return Message(http.StatusBadRequest, Object{name: []string{"has already been taken"}})
		}
		c.Group.LoginLinks = append(c.Group.LoginLinks, l)
		return Created(loginLinkJSON(l))
	}
}

func (l *LoginLink) same(other *LoginLink) bool {
	return l.Kind == other.Kind && l.Name == other.Name && l.Filter == other.Filter && l.Provider == other.Provider
}

func showSAMLLink(c *Call) Answer {
	for _, l := range c.Group.LoginLinks {
		if l.Kind == "saml" && l.Name == c.Path("name") {
			return OK(loginLinkJSON(l))
		}
	}
	return NotFound("")
}

// dropLoginLink takes the name from the path, or all from the parameters as links of a directory need it.
func dropLoginLink(kind string) Handler {
	return func(c *Call) Answer {
		gone := func(l *LoginLink) bool {
			if name := c.Path("name"); name != "" {
				return l.Kind == kind && l.Name == name && (c.Path("provider") == "" || c.Path("provider") == l.Provider)
			}
			return l.Kind == kind && l.Name == c.Text("cn") && l.Filter == c.Text("filter") && (l.Provider == c.Text("provider") || c.Text("provider") == "")
		}
		if !slices.ContainsFunc(c.Group.LoginLinks, gone) {
			return NotFound("")
		}
		c.Group.LoginLinks = slices.DeleteFunc(c.Group.LoginLinks, gone)
		return NoContent()
	}
}
