package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// releaseLinkRoutes are the assets of a release, one by one.
func releaseLinkRoutes() []Route {
	const source, list = "https://docs.gitlab.com/api/releases/links/", "projects/:id/releases/:tag/assets/links"
	return []Route{
		{Method: "POST", Path: list, Role: Developer, JobToken: true, Permission: "create_release_link", Source: source, Handle: createReleaseLink},
		{Method: "GET", Path: list + "/:link_id", Role: Guest, Auditor: true, JobToken: true, Permission: "read_release", Source: source, Handle: showReleaseLink},
		{Method: "PUT", Path: list + "/:link_id", Role: Developer, JobToken: true, Permission: "update_release_link", Source: source, Handle: changeReleaseLink},
		{Method: "DELETE", Path: list + "/:link_id", Role: Developer, JobToken: true, Permission: "delete_release_link", Source: source, Handle: deleteReleaseLink},
	}
}

// fillReleaseLink takes what the request gives and reports what is wrong with it.
func (c *Call) fillReleaseLink(r *Release, l *ReleaseLink) *Answer {
	for name, field := range map[string]*string{"name": &l.Name, "url": &l.URL} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	wrong := Object{}
	for _, other := range r.Links {
		if other != l && other.Name == l.Name {
			wrong["name"] = []string{"has already been taken"}
		}
	}
	if !strings.HasPrefix(l.URL, "http://") && !strings.HasPrefix(l.URL, "https://") && !strings.HasPrefix(l.URL, "ftp://") && l.Package == "" {
		wrong["url"] = []string{"is blocked: Only allowed schemes are http, https, ftp"}
	}
	if len(wrong) == 0 {
		return nil
	}
	a := Message(http.StatusBadRequest, wrong)
	return &a
}

func createReleaseLink(c *Call) Answer {
	return withRelease(c, func(r *Release) Answer {
		if lacks := c.blank("name", "url"); lacks != "" {
			return Refuse(http.StatusBadRequest, lacks)
		}
		l := &ReleaseLink{}
		if refused := c.fillReleaseLink(r, l); refused != nil {
			return *refused
		}
		l.ID = c.st.next("release_links")
		r.Links = append(r.Links, l)
		return Created(releaseLinkJSON(c, l))
	})
}

func withReleaseLink(c *Call, use func(*Release, *ReleaseLink) Answer) Answer {
	return withRelease(c, func(r *Release) Answer {
		for _, l := range r.Links {
			if l.ID == c.PathID("link_id") {
				return use(r, l)
			}
		}
		return NotFound("")
	})
}

func showReleaseLink(c *Call) Answer {
	return withReleaseLink(c, func(_ *Release, l *ReleaseLink) Answer { return OK(releaseLinkJSON(c, l)) })
}

func changeReleaseLink(c *Call) Answer {
	return withReleaseLink(c, func(r *Release, l *ReleaseLink) Answer {
		after := *l
		if refused := c.fillReleaseLink(r, &after); refused != nil {
			return *refused
		}
		*l = after
		return OK(releaseLinkJSON(c, l))
	})
}

func deleteReleaseLink(c *Call) Answer {
	return withReleaseLink(c, func(r *Release, l *ReleaseLink) Answer {
		r.Links = slices.DeleteFunc(r.Links, func(other *ReleaseLink) bool { return other == l })
		return OK(releaseLinkJSON(c, l))
	})
}
