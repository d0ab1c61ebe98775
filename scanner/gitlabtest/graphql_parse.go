package gitlabtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// graphOperation is one parsed question.
type graphOperation struct {
	kind, name string // kind is query, mutation or subscription
	defaults   map[string]any
	fields     []graphField
}

// graphField is a selected field, or with on set a fragment.
type graphField struct {
	alias, name   string
	on            string
	args          map[string]any // string, int, float64, bool, nil, an enum as string, a list as []any, an object, or graphVariable
	fields        []graphField
	include, skip any // of the directives: nil, bool or graphVariable
	line, column  int
	spread        string // name of a fragment, until it is put in its place
}

type graphVariable string

// shown is the name that the answer has it under.
func (f graphField) shown() string {
	if f.alias != "" {
		return f.alias
	}
	return f.name
}

// values puts variables in their places.
func (f graphField) values(variables map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range f.args {
		out[name] = graphResolve(v, variables)
	}
	return out
}

func graphResolve(v any, variables map[string]any) any {
	switch v := v.(type) {
	case graphVariable:
		return variables[string(v)]
	case []any:
		out := []any{}
		for _, one := range v {
			out = append(out, graphResolve(one, variables))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			out[name] = graphResolve(one, variables)
		}
		return out
	}
	return v
}

// wanted follows the directives include and skip.
func (f graphField) wanted(variables map[string]any) bool {
	on := func(v any) bool { b, _ := graphResolve(v, variables).(bool); return b }
	return (f.include == nil || on(f.include)) && (f.skip == nil || !on(f.skip))
}

var errGraphEnd = errors.New("unexpected end of document")

// parseGraph reads a document: operations, fragments, variables with defaults, arguments, aliases, include and skip.
// Source: https://spec.graphql.org/October2021/
func parseGraph(text string) ([]graphOperation, error) {
	p := graphParser{tokens: graphTokens(text)}
	var all []graphOperation
	fragments := map[string]graphField{}
	for p.peek() != "" {
		switch word := p.peek(); word {
		case "{":
			fields, err := p.selection(0)
			if err != nil {
				return nil, err
			}
			all = append(all, graphOperation{kind: "query", fields: fields})
		case "query", "mutation", "subscription":
			op, err := p.operation()
			if err != nil {
				return nil, err
			}
			all = append(all, op)
		case "fragment":
			name, f, err := p.fragment()
			if err != nil {
				return nil, err
			}
			fragments[name] = f
		default:
			return nil, fmt.Errorf("unexpected %q", word)
		}
	}
	s := graphSpread{fragments: fragments}
	for i := range all {
		fields, err := s.spread(all[i].fields, 0)
		if err != nil {
			return nil, err
		}
		all[i].fields = fields
	}
	if len(all) == 0 {
		return nil, errGraphEnd
	}
	return all, nil
}

// graphSpread puts named fragments in their places.
type graphSpread struct {
	fragments map[string]graphField
	fields    int
}

// maxGraphFields bounds what fragments within fragments come to. Each field costs a point of complexity at the least, so
// that a question of more is refused in any case.
const maxGraphFields = 10_000

func (s *graphSpread) spread(fields []graphField, depth int) ([]graphField, error) {
	if depth > maxGraphDepth {
		return nil, fmt.Errorf("query has depth of %d, which exceeds max depth of %d", depth, maxGraphDepth)
	}
	if s.fields += len(fields); s.fields > maxGraphFields {
		return nil, fmt.Errorf("query has more than %d fields", maxGraphFields)
	}
	var out []graphField
	for _, f := range fields {
		if f.spread != "" {
			whole, known := s.fragments[f.spread]
			if !known {
				return nil, fmt.Errorf("fragment %s was used, but not defined", f.spread)
			}
			f.on, f.fields = whole.on, whole.fields
		}
		inner, err := s.spread(f.fields, depth+1)
		if err != nil {
			return nil, err
		}
		f.fields = inner
		out = append(out, f)
	}
	return out, nil
}

type graphToken struct {
	text         string
	line, column int
}

// graphTokens leaves commas, blanks and comments out: they mean nothing.
func graphTokens(text string) []graphToken {
	pattern := regexp.MustCompile(`#[^\n]*|"""(?s:.*?)"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[A-Za-z_$][A-Za-z0-9_]*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}():!\[\]=@|&]`)
	var all []graphToken
	line, start, last := 1, 0, 0
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		for i := last; i < at[0]; i++ {
			if text[i] == '\n' {
				line, start = line+1, i+1
			}
		}
		last = at[0]
		if text[at[0]] != '#' {
			all = append(all, graphToken{text[at[0]:at[1]], line, at[0] - start + 1})
		}
	}
	return all
}

type graphParser struct {
	tokens []graphToken
	at     int
}

func (p *graphParser) peek() string {
	if p.at >= len(p.tokens) {
		return ""
	}
	return p.tokens[p.at].text
}

func (p *graphParser) next() string {
	t := p.peek()
	p.at++
	return t
}

// maxGraphDepth is GitLab's. Source: GitlabSchema, AUTHENTICATED_MAX_DEPTH.
const maxGraphDepth = 20

func (p *graphParser) operation() (graphOperation, error) {
	op := graphOperation{kind: p.next(), defaults: map[string]any{}}
	if p.peek() != "{" && p.peek() != "(" {
		op.name = p.next()
	}
	if p.peek() == "(" {
		if err := p.declarations(op.defaults); err != nil {
			return op, err
		}
	}
	fields, err := p.selection(0)
	op.fields = fields
	return op, err
}

// declarations reads the variables of an operation; their types say nothing that the fields do not.
func (p *graphParser) declarations(defaults map[string]any) error {
	p.next()
	name := ""
	for t := p.next(); t != ")"; t = p.next() {
		switch {
		case t == "":
			return errGraphEnd
		case t[0] == '$' && p.peek() == ":":
			name = t[1:]
		case t == "=":
			v, err := p.value()
			if err != nil {
				return err
			}
			defaults[name] = v
		}
	}
	return nil
}

func (p *graphParser) fragment() (name string, f graphField, err error) {
	p.next()
	name = p.next()
	if p.next() != "on" {
		return "", f, errors.New("want a fragment on a type")
	}
	f.on = p.next()
	f.fields, err = p.selection(0)
	return name, f, err
}

func (p *graphParser) selection(depth int) ([]graphField, error) {
	if p.next() != "{" {
		return nil, errors.New("want {")
	}
	if depth > maxGraphDepth {
		return nil, fmt.Errorf("query has depth of %d, which exceeds max depth of %d", depth, maxGraphDepth)
	}
	var fields []graphField
	for p.peek() != "}" {
		f, err := p.field(depth)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	p.next()
	return fields, nil
}

func (p *graphParser) field(depth int) (f graphField, err error) {
	if p.at < len(p.tokens) {
		f.line, f.column = p.tokens[p.at].line, p.tokens[p.at].column
	}
	switch t := p.next(); {
	case t == "":
		return f, errGraphEnd
	case t == "..." && p.peek() == "on":
		p.next()
		f.on = p.next()
	case t == "...":
		f.spread = p.next()
	case strings.ContainsAny(t[:1], "{}():!$[]=@|&\"-0123456789"):
		return f, fmt.Errorf("unexpected %q", t)
	default:
		f.name = t
	}
	if f.name != "" && p.peek() == ":" {
		p.next()
		f.alias, f.name = f.name, p.next()
	}
	if p.peek() == "(" {
		if f.args, err = p.arguments(); err != nil {
			return f, err
		}
	}
	for p.peek() == "@" {
		p.next()
		word := p.next()
		args, err := p.arguments()
		if err != nil {
			return f, err
		}
		switch word {
		case "include":
			f.include = args["if"]
		case "skip":
			f.skip = args["if"]
		default:
			return f, fmt.Errorf("directive @%s is not defined", word)
		}
	}
	if p.peek() == "{" {
		f.fields, err = p.selection(depth + 1)
	}
	return f, err
}

func (p *graphParser) arguments() (map[string]any, error) {
	args := map[string]any{}
	if p.next() != "(" {
		return nil, errors.New("want (")
	}
	for p.peek() != ")" {
		name := p.next()
		if p.next() != ":" {
			return nil, fmt.Errorf("argument %q without a value", name)
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		args[name] = v
	}
	p.next()
	return args, nil
}

// value reads one value. What it nests is bounded by the length of a question.
func (p *graphParser) value() (any, error) {
	v := p.next()
	switch {
	case v == "":
		return nil, errGraphEnd
	case v[0] == '$':
		return graphVariable(v[1:]), nil
	case strings.HasPrefix(v, `"""`):
		return strings.Trim(v, `"`), nil
	case v[0] == '"':
		var text string
		err := json.Unmarshal([]byte(v), &text) // GraphQL escapes as JSON does
		return text, err
	case v == "[":
		list := []any{}
		for p.peek() != "]" {
			one, err := p.value()
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		p.next()
		return list, nil
	case v == "{":
		o := map[string]any{}
		for p.peek() != "}" {
			name := p.next()
			if p.next() != ":" {
				return nil, fmt.Errorf("argument %q without a value", name)
			}
			inner, err := p.value()
			if err != nil {
				return nil, err
			}
			o[name] = inner
		}
		p.next()
		return o, nil
	}
	if fixed, is := map[string]any{"true": true, "false": false, "null": nil}[v]; is {
		return fixed, nil
	}
	if n, err := strconv.Atoi(v); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		return n, nil
	}
	return v, nil
}

// given adds the defaults of an operation to the variables of a request.
func (op graphOperation) given(variables map[string]any) map[string]any {
	out := maps.Clone(op.defaults)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, variables)
	return out
}
