package gitlabtest

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Call is one request on its way through a handler.
type Call struct {
	Profile Profile
	Now     time.Time
	Actor   Actor
	Route   *Route
	// Project and Group are what ":id" named, already checked to be visible and the role to suffice.
	Project *Project
	Group   *Group
	Request *http.Request // for headers; its body is read already, unless Route.Basic without Route.Raw

	st     *state
	server *Server
	path   map[string]string
	query  url.Values
	body   map[string]any
	raw    []byte // of a Route.Raw
	drift  int    // rows that a fault moves the pages by
	loop   bool   // a fault makes the list endless
}

// Path is the unescaped value of a ":name" in the route's template.
func (c *Call) Path(name string) string { return c.path[name] }

// PathID is Path as a number; 0 where it is none, which names nothing.
func (c *Call) PathID(name string) int64 {
	n, err := strconv.ParseInt(c.path[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Has says whether a parameter was given at all, in the query or the body (form or JSON).
func (c *Call) Has(name string) bool {
	_, inBody := c.body[name]
	return inBody || c.query.Has(name) || c.query.Has(name+"[]")
}

// Value is a parameter as it came: a string from the query or a form, anything from JSON; nil where absent.
func (c *Call) Value(name string) any {
	if v, ok := c.body[name]; ok {
		return v
	}
	if c.query.Has(name) {
		return c.query.Get(name)
	}
	return nil
}

// Text is a parameter as text, "" where absent.
func (c *Call) Text(name string) string {
	switch v := c.Value(name).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// Int is a parameter as a number; ok is false where it is absent or no number.
func (c *Call) Int(name string) (n int64, ok bool) {
	n, err := strconv.ParseInt(c.Text(name), 10, 64)
	return n, err == nil
}

// Bool is a boolean parameter; set is false where it is absent. GitLab takes true, t, 1, on and yes.
func (c *Call) Bool(name string) (value, set bool) {
	switch strings.ToLower(c.Text(name)) {
	case "true", "t", "1", "on", "yes":
		return true, true
	case "false", "f", "0", "off", "no":
		return false, true
	}
	return false, false
}

// Texts is a list parameter: name[]=a&name[]=b, a JSON array, or comma-separated text.
func (c *Call) Texts(name string) []string {
	if list, ok := c.body[name].([]any); ok {
		var out []string
		for _, v := range list {
			switch v := v.(type) {
			case string:
				out = append(out, v)
			case json.Number:
				out = append(out, v.String())
			}
		}
		return out
	}
	if list := c.query[name+"[]"]; len(list) > 0 {
		return list
	}
	if text := c.Text(name); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// missing is what Grape says of required parameters that are not there, in the order of the names; "" where none lacks.
func (c *Call) missing(names ...string) string {
	var lacks []string
	for _, name := range names {
		if c.Value(name) == nil && len(c.Texts(name)) == 0 {
			lacks = append(lacks, name+" is missing")
		}
	}
	return strings.Join(lacks, ", ")
}

// blank is missing for parameters that may not be empty either.
func (c *Call) blank(names ...string) string {
	var lacks []string
	for _, name := range names {
		switch {
		case c.missing(name) != "":
			lacks = append(lacks, name+" is missing")
		case c.Text(name) == "" && len(c.Texts(name)) == 0:
			lacks = append(lacks, name+" is empty")
		}
	}
	return strings.Join(lacks, ", ")
}

// When is a time parameter, a date or RFC 3339; ok is false where it is absent or neither.
func (c *Call) When(name string) (t Time, ok bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, c.Text(name)); err == nil {
			return At(at), true
		}
	}
	return Time{}, false
}

// maxBody is far above anything a client of this API sends.
const maxBody = 32 << 20

// readBody decodes JSON, form and multipart bodies into one map; files of a multipart body become strings.
func readBody(r *http.Request) (map[string]any, error) {
	if r.Body != nil {
		r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body := map[string]any{}
	switch {
	case r.Body == nil:
	case kind == "application/json":
		dec := json.NewDecoder(r.Body)
		dec.UseNumber()
		if err := dec.Decode(&body); err != nil && err != io.EOF {
			return nil, err
		}
	case kind == "application/x-www-form-urlencoded":
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		pairs, err := formPairs(string(raw))
		if err != nil {
			return nil, err
		}
		return body, addPairs(body, pairs)
	case kind == "multipart/form-data":
		return readMultipart(r)
	}
	return body, nil
}

// readBody takes the body in, without the lock: a client may be slow.
func (c *Call) readBody() (err error) {
	switch {
	case c.Route.Raw:
		c.raw, err = io.ReadAll(http.MaxBytesReader(nil, c.Request.Body, maxBody))
	case !c.Route.Basic:
		c.body, err = readBody(c.Request)
	}
	return err
}

func readMultipart(r *http.Request) (map[string]any, error) {
	if err := r.ParseMultipartForm(maxBody); err != nil {
		return nil, err
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // what it put on disk
	body := map[string]any{}
	for key, values := range r.MultipartForm.Value {
		for _, v := range values {
			if err := addPairs(body, []pair{{key, v}}); err != nil {
				return nil, err
			}
		}
	}
	for name, files := range r.MultipartForm.File {
		f, err := files[0].Open()
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			return nil, err
		}
		body[name], body[name+".filename"] = string(raw), files[0].Filename
	}
	return body, nil
}
