package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// threadRoutes are what people say in threads of issues and merge requests, and how they react. A thread is the notes that
// share its ID; a note without one stands alone.
func threadRoutes() []Route {
	const docs, emoji, links = "https://docs.gitlab.com/api/discussions/", "https://docs.gitlab.com/api/emoji_reactions/", "https://docs.gitlab.com/api/issue_links/"
	var all []Route
	for _, work := range []struct{ path, kind string }{{"projects/:id/issues/:issue_iid", "Issue"}, {"projects/:id/merge_requests/:merge_request_iid", "MergeRequest"}} {
		one := work.path + "/discussions/:discussion_id"
		notes := noteCollection(work.path+"/notes", work.kind)
		read := Route{Role: Guest, Auditor: true, Anonymous: true, Visible: true, Permission: "read_note", Source: docs}
		write := Route{Role: Guest, Permission: "create_note", Source: docs}
		with := func(r Route, method, path string, handle Handler) Route {
			r.Method, r.Path, r.Handle = method, path, handle
			return r
		}
		list := read
		list.Paging = Offset
		all = append(all,
			with(list, "GET", work.path+"/discussions", notes.threads), with(read, "GET", one, notes.thread),
			with(write, "POST", work.path+"/discussions", notes.begin), with(write, "POST", one+"/notes", notes.reply), with(write, "PUT", one, notes.resolve),
			with(write, "PUT", one+"/notes/:row", notes.update), with(write, "DELETE", one+"/notes/:row", notes.remove),
			with(list, "GET", work.path+"/participants", listParticipants),
		)
		for _, r := range emojiCollection(work.path+"/award_emoji", work.kind, emoji).routes() {
			if r.Method != http.MethodPut {
				all = append(all, r)
			}
		}
	}
	k := linkCollection(links)
	for _, r := range k.routes() {
		if r.Method == http.MethodDelete {
			r.Handle = k.unlink
		}
		if r.Method != http.MethodPut {
			all = append(all, r)
		}
	}
	return all
}

// threadID names the thread of a note: the one it was written in, or its own.
func (c *Call) threadID(note *record) string {
	if id := note.text("thread"); id != "" {
		return id
	}
	return newEntropy(c.st.seed, "discussion\x00"+itoa(note.id)).pick(lowerHex, 40)
}

func (k collection) threadJSON(c *Call, notes []*record) Object {
	var shown []Object
	for _, note := range notes {
		shown = append(shown, k.shape(c, note))
	}
	return Object{"id": c.threadID(notes[0]), "individual_note": notes[0].text("thread") == "", "notes": shown}
}

// grouped are the notes by thread, the oldest first.
func (k collection) grouped(c *Call) [][]*record {
	var all [][]*record
	at := map[string]int{}
	for _, note := range k.rows(c) {
		id := c.threadID(note)
		i, known := at[id]
		if !known {
			i = len(all)
			at[id], all = i, append(all, nil)
		}
		all[i] = append(all[i], note)
	}
	return all
}

func (k collection) threads(c *Call) Answer {
	return List(c, k.grouped(c), noID[[]*record], func(notes []*record) Object { return k.threadJSON(c, notes) })
}

func (k collection) withThread(c *Call, use func([]*record) Answer) Answer {
	for _, notes := range k.grouped(c) {
		if c.threadID(notes[0]) == c.Path("discussion_id") {
			return use(notes)
		}
	}
	return NotFound("Discussion")
}

func (k collection) thread(c *Call) Answer {
	return k.withThread(c, func(notes []*record) Answer { return OK(k.threadJSON(c, notes)) })
}

// begin writes the first note of a thread, at a place of the changes where one is given.
func (k collection) begin(c *Call) Answer {
	a := k.create(c)
	if a.Status != http.StatusCreated {
		return a
	}
	rows := k.rows(c)
	note := rows[len(rows)-1]
	note.fields["thread"] = c.threadID(note)
	if position, given := c.Value("position").(map[string]any); given {
		note.fields["position"] = position
	}
	return Created(k.threadJSON(c, []*record{note}))
}

// reply makes a thread of what it answers.
func (k collection) reply(c *Call) Answer {
	return k.withThread(c, func(notes []*record) Answer {
		a := k.create(c)
		if a.Status == http.StatusCreated {
			rows := k.rows(c)
			notes[0].fields["thread"] = c.Path("discussion_id")
			rows[len(rows)-1].fields["thread"] = c.Path("discussion_id")
			a.Body = k.shape(c, rows[len(rows)-1])
		}
		return a
	})
}

func (k collection) resolve(c *Call) Answer {
	return k.withThread(c, func(notes []*record) Answer {
		on, given := c.Bool("resolved")
		work, _ := c.work()
		switch {
		case !given:
			return Refuse(http.StatusBadRequest, "resolved is missing")
		case c.Path("merge_request_iid") == "":
			return BadRequest("Issue discussions cannot be resolved")
		case c.levelHere() < Developer && work.author != c.Actor.User:
			return Forbidden("")
		}
		for _, note := range notes {
			note.fields["resolved"], note.fields["resolved_by"] = on, userBasic(c, c.Actor.User)
		}
		return OK(k.threadJSON(c, notes))
	})
}

// listParticipants are those who wrote or are to work on it.
func listParticipants(c *Call) Answer {
	work, found := c.work()
	if !found {
		return NotFound("")
	}
	people := []*User{work.author}
	for _, field := range []string{"assignee_ids", "reviewer_ids"} {
		ids, _ := work.fields[field].([]int64)
		for _, id := range ids {
			people = append(people, c.st.users[id])
		}
	}
	for _, note := range c.st.records[c.place(strings.TrimSuffix(c.Route.Path, "participants")+"notes")] {
		people = append(people, note.author)
	}
	var each []*User
	for _, u := range people {
		if u != nil && !slices.Contains(each, u) {
			each = append(each, u)
		}
	}
	return List(c, each, noID[*User], func(u *User) Object { return userPublic(c, u) })
}

// onWork refuses what belongs to an issue or merge request that is not there.
func onWork(kind string) func(*Call, *record) *Answer {
	return func(c *Call, _ *record) *Answer {
		if _, found := c.work(); !found {
			a := NotFound(kind)
			return &a
		}
		return nil
	}
}

func emojiCollection(path, kind, source string) collection {
	return collection{
		path: path, source: source, name: "Award Emoji", noun: "award_emoji", read: Guest, write: Guest, change: Maintainer, required: []string{"name"}, fields: Object{"name": ""},
		check: func(c *Call, r *record) *Answer {
			if refused := onWork(kind)(c, r); refused != nil {
				return refused
			}
			for _, other := range c.st.records[c.place(path)] {
				if other.author == c.Actor.User && other.text("name") == r.text("name") {
					a := NotFound("Award Emoji Name has already been taken")
					return &a
				}
			}
			return nil
		},
		shape: func(c *Call, r *record) Object {
			work, _ := c.work()
			return r.shown(Object{"id": r.id, "user": userBasic(c, r.author), "created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "awardable_id": work.id, "awardable_type": kind, "url": nil})
		},
	}
}

// linkCollection says that issues belong together. The other issue does not show it.
func linkCollection(source string) collection {
	const path = "projects/:id/issues/:issue_iid/links"
	other := func(c *Call, r *record) (*Project, *record) {
		p := c.FindProject(r.text("target_project_id"))
		if p == nil || !c.Sees(p) {
			return nil, nil
		}
		for _, issue := range c.st.records["projects/"+itoa(p.ID)+"/issues"] {
			if itoa(issue.iid) == r.text("target_issue_iid") {
				return p, issue
			}
		}
		return nil, nil
	}
	return collection{
		path: path, source: source, name: "Issue Link", noun: "issue_link", read: Guest, write: Guest, change: Planner, required: []string{"target_project_id", "target_issue_iid"},
		fields: Object{"target_project_id": "", "target_issue_iid": "", "link_type": "relates_to"},
		check: func(c *Call, r *record) *Answer {
			if _, issue := other(c, r); issue == nil {
				a := NotFound("Issue")
				return &a
			}
			return onWork("Issue")(c, r)
		},
		shape: func(c *Call, r *record) Object {
			inside := *c
			p, issue := other(c, r)
			if issue == nil {
				return Object{"issue_link_id": r.id, "link_type": r.text("link_type")}
			}
			inside.Project = p
			if c.Request.Method == http.MethodGet && c.Path("row") == "" {
				return issueShape(&inside, issue).Merge(Object{"issue_link_id": r.id, "link_type": r.text("link_type"), "link_created_at": r.created.stamp(), "link_updated_at": r.updated.stamp()})
			}
			own, _ := c.work()
			return Object{"id": r.id, "source_issue": issueShape(c, own), "target_issue": issueShape(&inside, issue), "link_type": r.text("link_type")}
		},
	}
}

// unlink shows what it took away.
func (k collection) unlink(c *Call) Answer {
	shown := k.show(c)
	if a := k.remove(c); a.Status != http.StatusNoContent {
		return a
	}
	return shown
}
