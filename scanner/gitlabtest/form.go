package gitlabtest

import (
	"errors"
	"net/url"
	"strings"
)

// pair is one parameter of a form, in the order in which it was sent.
type pair struct{ key, value string }

// formPairs keeps the order that url.ParseQuery loses: Rack groups "list[][a]=1&list[][b]=2" by it.
func formPairs(raw string) ([]pair, error) {
	var all []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		k, err := url.QueryUnescape(key)
		if err != nil {
			return nil, err
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return nil, err
		}
		all = append(all, pair{k, v})
	}
	return all, nil
}

// maxNested is how deep a name may nest. Source: Rack::QueryParser, param_depth_limit
const maxNested = 32

var errNested = errors.New("a parameter nests too deep")

// addPairs reads a form as Rack does: a[]=1 is a list, a[b]=1 an object, a[][b]=1 a list of objects. A nested parameter
// is kept under its written name too.
// Source: https://github.com/rack/rack, Rack::QueryParser
func addPairs(body map[string]any, pairs []pair) error {
	for _, p := range pairs {
		if strings.Count(p.key, "[") > maxNested {
			return errNested
		}
		name, rest, nested := strings.Cut(p.key, "[")
		if !nested || name == "" {
			body[p.key] = p.value
			continue
		}
		if rest != "]" {
			body[p.key] = p.value
		}
		put(body, name, "["+rest, p.value)
	}
	return nil
}

// put sets one value below o[name], where path is "", "[key]…" or "[]…".
func put(o map[string]any, name, path, value string) {
	switch {
	case path == "":
		o[name] = value
	case path == "[]":
		list, _ := o[name].([]any)
		o[name] = append(list, value)
	case strings.HasPrefix(path, "[]["):
		list, _ := o[name].([]any)
		key, rest, _ := strings.Cut(path[3:], "]")
		// A key that the last object has already begins the next one.
		last, ok := map[string]any(nil), false
		if len(list) > 0 {
			last, ok = list[len(list)-1].(map[string]any)
		}
		if _, taken := last[key]; !ok || taken && rest == "" {
			last = map[string]any{}
			list = append(list, last)
		}
		put(last, key, rest, value)
		o[name] = list
	default:
		key, rest, closed := strings.Cut(path[1:], "]")
		inner, ok := o[name].(map[string]any)
		if !closed {
			o[name+path] = value
			return
		}
		if !ok {
			inner = map[string]any{}
			o[name] = inner
		}
		put(inner, key, rest, value)
	}
}

// Objects is a list parameter of objects, from JSON or a form.
func (c *Call) Objects(name string) []map[string]any {
	list, _ := c.body[name].([]any)
	var out []map[string]any
	for _, v := range list {
		if o, ok := v.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}
