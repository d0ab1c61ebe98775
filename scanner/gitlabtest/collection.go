package gitlabtest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// record is one row of a collection: a label, an issue, a note.
type record struct {
	id, iid          int64 // of its whole table, and within its list
	author           *User
	created, updated Time
	fields           Object // under GitLab's names
}

// collection is a kind of thing that is no identity and holds no credential, but that clients work with. A world has
// none of them: what is there, somebody has made.
type collection struct {
	path   string // of the list, as a Route has it
	name   string // what a 404 calls one, as in "404 Label Not Found"
	noun   string // of the permissions and of the table: read_label, create_label, …
	source string
	// key is the field that names one in a path, beside its id; "iid" stands alone.
	key string
	// read, write and change are the least roles to see, to make, and to change or delete; an author may change his own.
	read, write, change Role
	admin               bool // only an administrator may write
	required            []string
	// fields are what requests set, with their defaults: a value is of its default's type. nil is text or null.
	fields Object
	// taken answers a value of the field key that another row has already.
	taken Answer
	// check refuses what is about to be kept, or adds what the server works out. It is nil where there is nothing to do.
	check func(c *Call, r *record) *Answer
	// shape is a row as a list shows it, and detail what only the answer about one shows beside that; it may be nil.
	shape, detail func(c *Call, r *record) Object
	// wanted says whether a filter of the request lets a row through; nil lets all.
	wanted func(c *Call, r *record) bool
}

// routes are the usual five.
func (k collection) routes() []Route {
	one := k.path + "/:row"
	read := Route{Role: k.read, Auditor: true, Source: k.source, Anonymous: true, Visible: k.read <= Reporter}
	write := Route{Role: k.write, Admin: k.admin, Source: k.source}
	with := func(r Route, method, path, verb string, handle Handler) Route {
		r.Method, r.Path, r.Permission, r.Handle = method, path, verb+"_"+k.noun, handle
		return r
	}
	list := read
	list.Paging = Offset
	return []Route{
		with(list, "GET", k.path, "read", k.list), with(read, "GET", one, "read", k.show), with(write, "POST", k.path, "create", k.create),
		with(write, "PUT", one, "update", k.update), with(write, "DELETE", one, "delete", k.remove),
	}
}

// place is where the rows of a list are kept: its path, with the home's number.
func (c *Call) place(list string) string {
	var segs []string
	for i, seg := range strings.Split(list, "/") {
		name, isParam := strings.CutPrefix(seg, ":")
		switch {
		case !isParam:
		case i == 1 && c.Project != nil:
			seg = itoa(c.Project.ID)
		case i == 1 && c.Group != nil:
			seg = itoa(c.Group.ID)
		default:
			seg = c.Path(name)
		}
		segs = append(segs, seg)
	}
	return strings.Join(segs, "/")
}

func (k collection) rows(c *Call) []*record { return c.st.records[c.place(k.path)] }

// shown is the fields of a row and what an answer shows beside them.
func (r *record) shown(more Object) Object { return maps.Clone(r.fields).Merge(more) }

// without leaves out a field by which the simulator remembers.
func (o Object) without(field string) Object {
	delete(o, field)
	return o
}

// full is the answer about one row.
func (k collection) full(c *Call, r *record) Object {
	o := k.shape(c, r)
	if k.detail != nil {
		o.Merge(k.detail(c, r))
	}
	return o
}

// list begins with the newest.
func (k collection) list(c *Call) Answer {
	text := strings.ToLower(c.Text("search"))
	rows := keep(k.rows(c), func(r *record) bool { return (k.wanted == nil || k.wanted(c, r)) && r.holds(text) })
	by := func(r *record) Time { return r.created }
	if c.Text("order_by") == "updated_at" {
		by = func(r *record) Time { return r.updated }
	}
	slices.SortStableFunc(rows, func(x, y *record) int { return cmp.Or(by(y).Compare(by(x).Time), cmp.Compare(y.id, x.id)) })
	if c.Text("sort") == "asc" {
		slices.Reverse(rows)
	}
	return List(c, rows, noID[*record], func(r *record) Object { return k.shape(c, r) })
}

// holds looks for a text where GitLab does: in names, titles and descriptions.
func (r *record) holds(text string) bool {
	return text == "" || slices.ContainsFunc([]string{"name", "title", "description"}, func(field string) bool {
		return strings.Contains(strings.ToLower(r.text(field)), text)
	})
}

// text is a field as text, "" where it is none.
func (r *record) text(field string) string { s, _ := r.fields[field].(string); return s }

// with finds what the path names.
func (k collection) with(c *Call, use func(*record) Answer) Answer {
	for _, r := range k.rows(c) {
		if k.names(r, c.Path("row")) {
			return use(r)
		}
	}
	return NotFound(k.name)
}

func (k collection) names(r *record, want string) bool {
	if k.key == "iid" {
		return itoa(r.iid) == want
	}
	return itoa(r.id) == want || k.key != "" && r.text(k.key) == want
}

func (k collection) show(c *Call) Answer {
	return k.with(c, func(r *record) Answer { return OK(k.full(c, r)) })
}

// like reads a parameter as a value of the type of another one.
func (c *Call) like(name string, zero any) any {
	switch zero.(type) {
	case bool:
		on, _ := c.Bool(name)
		return on
	case int64:
		n, _ := c.Int(name)
		return n
	case []string:
		return append([]string{}, c.Texts(name)...)
	case []int64:
		out := []int64{}
		for _, text := range c.Texts(name) {
			if n, err := json.Number(text).Int64(); err == nil && n != 0 {
				out = append(out, n)
			}
		}
		return out
	case string:
		return c.Text(name)
	}
	return emptyNull(c.Text(name))
}

// fill puts what the request gives into a row that is not kept yet, and refuses what may not be.
func (k collection) fill(c *Call, r *record) *Answer {
	for name, zero := range k.fields {
		if c.Has(name) {
			r.fields[name] = c.like(name, zero)
		}
	}
	if k.taken.Status != 0 {
		if c.Has("new_" + k.key) {
			r.fields[k.key] = c.Text("new_" + k.key)
		}
		for _, other := range k.rows(c) {
			if other.id != r.id && strings.EqualFold(other.text(k.key), r.text(k.key)) {
				return &k.taken
			}
		}
	}
	if k.check == nil {
		return nil
	}
	return k.check(c, r)
}

func (k collection) create(c *Call) Answer {
	if lacks := c.blank(k.required...); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	r := &record{author: c.Actor.User, created: At(c.Now), updated: At(c.Now), fields: maps.Clone(k.fields)}
	if refused := k.fill(c, r); refused != nil {
		return *refused
	}
	return Created(k.full(c, c.st.keepRecord(c.place(k.path), k.noun, r)))
}

// keepRecord numbers a row, in its table and in its list, and keeps it.
func (st *state) keepRecord(place, table string, r *record) *record {
	r.id, r.iid = st.next(table), st.next(place)
	st.records[place] = append(st.records[place], r)
	return r
}

// withOwn finds a row that the caller may change.
func (k collection) withOwn(c *Call, use func(*record) Answer) Answer {
	return k.with(c, func(r *record) Answer {
		if c.levelHere() < k.change && (c.Actor.User == nil || r.author != c.Actor.User) {
			return Forbidden("")
		}
		return use(r)
	})
}

// levelHere is the caller's role in the home of the request, of the instance where there is none.
func (c *Call) levelHere() Role {
	switch {
	case c.Group != nil:
		return c.Level(c.Group)
	case c.Project != nil:
		return c.Level(c.Project)
	case c.Actor.Admin:
		return Owner
	}
	return NoRole
}

func (k collection) update(c *Call) Answer {
	return k.withOwn(c, func(r *record) Answer {
		after := *r
		after.fields, after.updated = maps.Clone(r.fields), At(c.Now)
		if refused := k.fill(c, &after); refused != nil {
			return *refused
		}
		*r = after
		return OK(k.full(c, r))
	})
}

func (k collection) remove(c *Call) Answer {
	return k.withOwn(c, func(r *record) Answer {
		place := c.place(k.path)
		c.st.records[place] = slices.DeleteFunc(c.st.records[place], func(other *record) bool { return other == r })
		return NoContent()
	})
}
