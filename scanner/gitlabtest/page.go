package gitlabtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of GitLab's paging. Source: https://docs.gitlab.com/api/rest/#pagination
const (
	defaultPerPage = 20
	maxPerPage     = 100
	maxCounted     = 10_000 // above it no totals and no rel=last
	maxOffset      = 50_000 // on lists that have keyset
)

// List answers one page of rows, which the handler has filtered and sorted; render is called for that page only.
// id gives what a keyset cursor holds on to; it may be nil on routes without keyset.
func List[T any](c *Call, rows []T, id func(T) int64, render func(T) Object) Answer {
	per, bad := c.perPage()
	if bad != nil {
		return *bad
	}
	if c.Text("pagination") == "keyset" || c.Route.Paging == KeysetOnly {
		if c.Route.Paging == Keyset || c.Route.Paging == KeysetOnly {
			return keysetPage(c, rows, per, id, render)
		}
	}
	return offsetPage(c, rows, per, render)
}

// noID is the id of lists without keyset.
func noID[T any](T) int64 { return 0 }

func (c *Call) perPage() (int, *Answer) {
	if c.Text("per_page") == "" { // an empty number is none, to Grape
		return defaultPerPage, nil
	}
	n, ok := c.Int("per_page")
	switch {
	case !ok:
		a := Refuse(http.StatusBadRequest, "per_page is invalid")
		return 0, &a
	case n <= 0:
		a := Refuse(http.StatusBadRequest, "per_page has a value not allowed")
		return 0, &a
	}
	return int(min(n, maxPerPage)), nil
}

func offsetPage[T any](c *Call, rows []T, per int, render func(T) Object) Answer {
	page := 1
	if c.Text("page") != "" {
		n, ok := c.Int("page")
		if !ok {
			return Refuse(http.StatusBadRequest, "page is invalid")
		}
		page = int(min(max(n, 1), 1<<40))
	}
	if c.Route.Paging == Keyset && (page-1)*per >= maxOffset {
		return Refuse(http.StatusMethodNotAllowed, fmt.Sprintf("Offset pagination has a maximum allowed offset of %d for "+
			"requests that return objects of this type. Remaining records can be retrieved using keyset pagination.", maxOffset))
	}
	pages := max(1, (len(rows)+per-1)/per)
	start := (page - 1) * per
	if c.loop && len(rows) > 0 {
		start = ((page - 1) % pages) * per
	}
	if page > 1 {
		start = max(0, start+c.drift)
	}
	start = min(start, len(rows))
	shown := rows[start:min(start+per, len(rows))]

	h := http.Header{}
	set := func(key, value string) { h[http.CanonicalHeaderKey(key)] = []string{value} }
	set("X-Page", strconv.Itoa(page))
	set("X-Per-Page", strconv.Itoa(per))
	next, prev := "", ""
	if page < pages || c.loop {
		next = strconv.Itoa(page + 1)
	}
	if page > 1 {
		prev = strconv.Itoa(page - 1)
	}
	set("X-Next-Page", next)
	set("X-Prev-Page", prev)
	links := []string{c.pageLink("prev", prev, per), c.pageLink("next", next, per), c.pageLink("first", "1", per)}
	if len(rows) <= maxCounted && !c.loop {
		set("X-Total", strconv.Itoa(len(rows)))
		set("X-Total-Pages", strconv.Itoa(pages))
		links = append(links, c.pageLink("last", strconv.Itoa(pages), per))
	}
	h.Set("Link", strings.Join(slices.DeleteFunc(links, func(l string) bool { return l == "" }), ", "))
	return Answer{Status: http.StatusOK, Header: h, Body: renderAll(shown, render)}
}

func renderAll[T any](rows []T, render func(T) Object) []Object {
	out := make([]Object, 0, len(rows))
	for _, row := range rows {
		out = append(out, render(row))
	}
	return out
}

func (c *Call) pageLink(rel, page string, per int) string {
	if page == "" {
		return ""
	}
	return c.link(rel, func(q url.Values) {
		q.Set("page", page)
		q.Set("per_page", strconv.Itoa(per))
	})
}

// link writes one entry of a Link header: this request's URL with other parameters.
func (c *Call) link(rel string, change func(url.Values)) string {
	q := url.Values{}
	for k, v := range c.query {
		// GitLab leaves the token out as well.
		if k != "private_token" && k != "access_token" && k != "job_token" {
			q[k] = slices.Clone(v)
		}
	}
	change(q)
	return "<" + c.URL(strings.TrimPrefix(c.Request.URL.EscapedPath(), c.server.opts.Prefix)) + "?" + q.Encode() + ">; rel=\"" + rel + "\""
}

// cursor marks the last row of a keyset page; At is its place, used when the row is gone by the next request.
type cursor struct {
	ID int64 `json:"id"`
	At int   `json:"at"`
}

func keysetPage[T any](c *Call, rows []T, per int, id func(T) int64, render func(T) Object) Answer {
	by := c.Text("order_by")
	allowed := c.Route.KeysetBy
	if allowed == nil {
		allowed = []string{"id"}
	}
	if !slices.Contains(allowed, by) {
		return Refuse(http.StatusMethodNotAllowed, "Keyset pagination is not yet available for this type of request")
	}
	start := 0
	if raw := c.Text("cursor"); raw != "" {
		var at cursor
		text, err := base64.RawURLEncoding.DecodeString(raw)
		if err != nil || json.Unmarshal(text, &at) != nil {
			return Refuse(http.StatusBadRequest, "cursor is invalid")
		}
		start = after(rows, at, id)
	}
	start = max(0, min(start, len(rows)))
	end := min(start+per, len(rows))
	h := http.Header{}
	if end < len(rows) || (c.loop && end > start) {
		at := cursor{ID: id(rows[end-1]), At: end}
		if c.loop && end == len(rows) {
			at = cursor{At: 0, ID: -1}
		}
		text, _ := json.Marshal(at) // two numbers cannot fail
		h.Set("Link", c.link("next", func(q url.Values) {
			q.Set("cursor", base64.RawURLEncoding.EncodeToString(text))
			q.Set("per_page", strconv.Itoa(per))
		}))
	}
	return Answer{Status: http.StatusOK, Header: h, Body: renderAll(rows[start:end], render)}
}

// after finds where the page behind a cursor starts.
func after[T any](rows []T, at cursor, id func(T) int64) int {
	// The row is nearly always still in its old place.
	if at.At > 0 && at.At <= len(rows) && id(rows[at.At-1]) == at.ID {
		return at.At
	}
	for i, row := range rows {
		if id(row) == at.ID {
			return i + 1
		}
	}
	if at.ID < 0 {
		return 0
	}
	return max(0, at.At-1)
}
