package store

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"nhiscan/inventory"
)

// A snapshot of a large estate decodes half a million bodies. The bodies are flat and were written by bodyOf, so they
// are read here in a third of the time that encoding/json takes; whatever looks otherwise is left to encoding/json.

// shape says how to read a type's body: its fields in the order in which bodyOf writes them.
type shape []reader

// find returns the reader of a field, looking first where the reader before it stood.
func (s shape) find(name []byte, after int) int {
	for i := range s {
		if at := (after + i) % len(s); s[at].name == string(name) {
			return at
		}
	}
	return -1
}

type reader struct {
	name   string
	index  int
	shared bool // its values recur: keep one copy
	read   func(f reflect.Value, token []byte, text string, pool *interner) bool
}

// shapes are the shapes of all types with a body.
var shapes = shapesOf()

func shapesOf() map[reflect.Type]shape {
	m := map[reflect.Type]shape{}
	for t, fields := range bodyFields {
		for _, f := range fields {
			m[t] = append(m[t], reader{name: f.name, index: f.index, shared: recurs(t, f.name), read: readerOf(t.Field(f.index).Type)})
		}
	}
	for _, r := range []any{ownerBody{}, inventory.Claim{}, inventory.Gap{}} {
		t := reflect.TypeOf(r)
		for i := range t.NumField() {
			f := t.Field(i)
			// Results name the same people, rules and homes over and over; a gap's message is its own.
			m[t] = append(m[t], reader{name: f.Tag.Get("json"), index: i, shared: f.Name != "Message", read: readerOf(f.Type)})
		}
	}
	return m
}

// readerOf returns what reads a field: from text, the token's string, or from the token itself where it is none.
func readerOf(t reflect.Type) func(f reflect.Value, token []byte, text string, pool *interner) bool {
	switch {
	case t == reflect.TypeFor[inventory.When]():
		return func(f reflect.Value, token []byte, text string, _ *interner) bool {
			w, err := inventory.ParseWhen(text)
			*f.Addr().Interface().(*inventory.When) = w
			return err == nil && (text != "" || string(token) == "null")
		}
	case t == reflect.TypeFor[json.RawMessage]():
		return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
			f.SetBytes(token)
			return true
		}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return func(f reflect.Value, token []byte, text string, _ *interner) bool {
			return token[0] == '"' && f.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) == nil
		}
	case t == reflect.TypeFor[map[string]string]():
		return func(f reflect.Value, token []byte, _ string, pool *interner) bool {
			m, err := pool.texts(token)
			f.Set(reflect.ValueOf(m))
			return err == nil
		}
	case t == reflect.TypeFor[[]string]():
		return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
			list, err := readTexts(token)
			f.Set(reflect.ValueOf(list))
			return err == nil
		}
	case t.Kind() == reflect.Bool:
		return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
			f.SetBool(string(token) == "true")
			return string(token) == "true" || string(token) == "false"
		}
	case t.Kind() == reflect.Float64:
		return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
			n, err := strconv.ParseFloat(string(token), 64)
			f.SetFloat(n)
			return err == nil
		}
	case t == reflect.TypeFor[inventory.Tri]():
		return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
			f.SetUint(uint64(inventory.Is(string(token) == "true")))
			return string(token) == "true" || string(token) == "false"
		}
	case t.Kind() == reflect.String:
		return func(f reflect.Value, token []byte, text string, _ *interner) bool {
			f.SetString(text)
			return token[0] == '"'
		}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
			n, err := strconv.ParseInt(string(token), 10, 64)
			f.SetInt(n)
			return err == nil
		}
	}
	return func(f reflect.Value, token []byte, _ string, _ *interner) bool {
		return json.Unmarshal(token, f.Addr().Interface()) == nil
	}
}

// readBody decodes body into v, an addressable zero struct of a type with a shape. Strings that recur come from pool.
func readBody(v reflect.Value, body []byte, pool *interner) error {
	if readFlat(v, body, pool) {
		return nil
	}
	v.SetZero()
	return json.Unmarshal(body, v.Addr().Interface())
}

// readList decodes a JSON list of flat objects; nil for null.
func readList[T any](raw []byte, pool *interner) ([]T, error) {
	var list []T
	if len(raw) < 2 || raw[0] != '[' {
		return nil, json.Unmarshal(raw, &list)
	}
	list = []T{}
	for rest := raw[1 : len(raw)-1]; len(rest) > 0; {
		n := tokenLength(rest)
		var v T
		if err := readBody(reflect.ValueOf(&v).Elem(), rest[:n], pool); err != nil {
			return nil, err
		}
		list = append(list, v)
		rest = bytes.TrimPrefix(rest[n:], []byte(","))
	}
	return slices.Clone(list), nil // without the room for more
}

// readTexts decodes a JSON list of texts; nil for null.
func readTexts(raw []byte) (list []string, err error) {
	if len(raw) < 2 || raw[0] != '[' || bytes.IndexByte(raw, '\\') >= 0 {
		err = json.Unmarshal(raw, &list)
		return list, err
	}
	list = make([]string, 0, bytes.Count(raw, []byte(`","`))+1)
	for rest := raw[1 : len(raw)-1]; len(rest) > 0; {
		n := tokenLength(rest)
		if n < 2 || rest[0] != '"' {
			list = nil
			err = json.Unmarshal(raw, &list)
			return list, err
		}
		list = append(list, string(rest[1:n-1]))
		rest = bytes.TrimPrefix(rest[n:], []byte(","))
	}
	return list, nil
}

// readFlat reports whether body was what bodyOf writes; if not, v holds anything.
func readFlat(v reflect.Value, body []byte, pool *interner) bool {
	s := shapes[v.Type()]
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' {
		return false
	}
	rest, at := body[1:len(body)-1], -1
	for len(rest) > 0 {
		name, after, ok := member(rest)
		if !ok {
			return false
		}
		at = s.find(name, at+1)
		n := tokenLength(after)
		if at < 0 || n == 0 {
			return false
		}
		f := &s[at]
		token := after[:n]
		text := ""
		if token[0] == '"' {
			raw := token[1 : n-1]
			if bytes.IndexByte(raw, '\\') >= 0 {
				if text, ok = unquote(raw); !ok && json.Unmarshal(token, &text) != nil {
					return false
				}
			} else if f.shared {
				text = pool.bytes(raw)
			} else {
				text = string(raw)
			}
		}
		if !f.read(v.Field(f.index), token, text, pool) {
			return false
		}
		rest = after[n:]
		if len(rest) > 0 {
			if rest[0] != ',' || len(rest) == 1 {
				return false
			}
			rest = rest[1:]
		}
	}
	return true
}

// unquote reads a text whose only escapes are those of quotes and backslashes, as in messages that quote names.
func unquote(raw []byte) (string, bool) {
	text := make([]byte, 0, len(raw))
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return string(append(text, raw...)), true
		}
		if i+1 == len(raw) || raw[i+1] != '"' && raw[i+1] != '\\' {
			return "", false
		}
		text = append(append(text, raw[:i]...), raw[i+1])
		raw = raw[i+2:]
	}
}

// member splits "name":… into the name and what follows the colon.
func member(b []byte) (name, after []byte, ok bool) {
	if len(b) < 4 || b[0] != '"' {
		return nil, nil, false
	}
	end := bytes.IndexByte(b[1:], '"') + 1
	if end < 1 || end+1 >= len(b) || b[end+1] != ':' {
		return nil, nil, false
	}
	return b[1:end], b[end+2:], true
}

// tokenLength returns the length of the JSON value that b begins with; 0 when it does not end.
func tokenLength(b []byte) int {
	if len(b) > 1 && b[0] == '"' { // mostly text without escapes
		if end := bytes.IndexByte(b[1:], '"'); end >= 0 && bytes.IndexByte(b[1:1+end], '\\') < 0 {
			return end + 2
		}
	}
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		case c == ',' && depth == 0:
			return i
		}
	}
	if quoted || depth > 0 {
		return 0
	}
	return len(b)
}
