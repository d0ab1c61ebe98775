package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (c *Call) tagJSON(b *bare, t gitRef) (Object, error) {
	commits, err := c.commitsJSON(b, []string{t.commit})
	if err != nil {
		return nil, err
	}
	o := Object{"name": t.name, "message": t.message, "target": t.object, "commit": commits[0], "release": nil, "created_at": nil,
		"protected": slices.ContainsFunc(c.Project.ProtectedTags, func(p *ProtectedTag) bool { return fits(p.Name, t.name) })}
	if !t.tagged.IsZero() {
		o["created_at"] = t.tagged.Format("2006-01-02T15:04:05.000Z07:00")
	}
	for _, r := range c.Project.Releases {
		if r.Tag == t.name {
			o["release"] = Object{"tag_name": r.Tag, "description": r.Description}
		}
	}
	return o, nil
}

// listTags begins with the tag that was moved last, or with the greatest name.
func listTags(c *Call, b *bare) Answer {
	wanted, ok := c.refFilter()
	if !ok {
		return Refuse(http.StatusBadRequest, "regex is invalid")
	}
	var rows []gitRef
	if b != nil {
		all, err := b.refs("refs/tags/", "--sort=-creatordate")
		if err != nil {
			return c.withoutGit()
		}
		rows = keep(all, wanted)
	}
	if by := c.Text("order_by"); by == "name" || by == "version" {
		slices.SortStableFunc(rows, func(x, y gitRef) int { return cmp.Compare(y.name, x.name) })
	}
	if c.Text("sort") == "asc" {
		slices.Reverse(rows)
	}
	var failed error
	a := List(c, rows, noID[gitRef], func(t gitRef) Object {
		o, err := c.tagJSON(b, t)
		failed = cmp.Or(failed, err)
		return o
	})
	if failed != nil {
		return c.withoutGit()
	}
	return a
}

func showTag(c *Call, b *bare) Answer { return c.tagAnswer(b, http.StatusOK, c.Path("tag")) }

func (c *Call) tagAnswer(b *bare, status int, name string) Answer {
	t, found := findRef(b, "refs/tags/", name)
	if !found {
		return NotFound("Tag")
	}
	o, err := c.tagJSON(b, t)
	if err != nil {
		return c.withoutGit()
	}
	return Answer{Status: status, Body: o}
}

// createTag makes a lightweight tag, or with a message an annotated one of the caller's.
func createTag(c *Call) Answer {
	name := c.Text("tag_name")
	b, refused := c.changesRepository()
	switch {
	case c.missing("tag_name", "ref") != "":
		return Refuse(http.StatusBadRequest, c.missing("tag_name", "ref"))
	case refused != nil:
		return *refused
	case !refName(name):
		return Message(http.StatusBadRequest, "Tag name invalid")
	case !c.mayCreateTag(c.Project, name):
		return Message(http.StatusBadRequest, "You are not allowed to create this tag as it is protected.")
	}
	if _, found := findRef(b, "refs/tags/", name); found {
		return Message(http.StatusBadRequest, "Tag "+name+" already exists")
	}
	target, err := "", errNoRevision
	if b != nil {
		target, err = b.commit(c.Text("ref"))
	}
	if err != nil {
		return Message(http.StatusBadRequest, "Target "+c.Text("ref")+" is invalid")
	}
	if text := c.Text("message"); text != "" {
		u, clean := c.Actor.User, strings.NewReplacer("<", "", ">", "", "\n", " ")
		object := "object " + target + "\ntype commit\ntag " + name + "\ntagger " + clean.Replace(u.Name) + " <" + clean.Replace(u.Email) + "> " +
			itoa(c.Now.Truncate(time.Second).Unix()) + " +0000\n\n" + text + "\n"
		out, err := git(b.dir, []byte(object), "mktag")
		if err != nil {
			return Message(http.StatusBadRequest, "Tag message invalid")
		}
		target = strings.TrimSpace(string(out))
	}
	if _, err := b.git("update-ref", "refs/tags/"+name, target); err != nil {
		return Message(http.StatusBadRequest, "Tag name invalid")
	}
	return c.tagAnswer(b, http.StatusCreated, name)
}

// deleteTag leaves protected tags to those who may make them.
func deleteTag(c *Call) Answer {
	name := c.Path("tag")
	b, refused := c.changesRepository()
	if refused != nil {
		return *refused
	}
	t, found := findRef(b, "refs/tags/", name)
	switch {
	case !found:
		return NotFound("Tag")
	case !c.mayCreateTag(c.Project, name):
		return Message(http.StatusForbidden, "You don't have access to delete the tag")
	}
	if _, err := b.git("update-ref", "-d", "refs/tags/"+name, t.object); err != nil {
		return Message(http.StatusBadRequest, "Failed to remove tag")
	}
	return NoContent()
}
