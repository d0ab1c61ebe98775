package gitlabtest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// graphOperation is one parsed question.
type graphOperation struct {
	name   string
	fields []graphField
}

// graphField is a selected field, or with on set an inline fragment.
type graphField struct {
	name   string
	on     string
	args   map[string]any // string, int, bool, an enum as string, a list of enums as []string, or graphVariable
	fields []graphField
}

type graphVariable string

// values puts variables in their places.
func (f graphField) values(variables map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range f.args {
		if ref, ok := v.(graphVariable); ok {
			v = variables[string(ref)]
		}
		out[name] = v
	}
	return out
}

var errGraphEnd = errors.New("unexpected end of document")

// parseGraph reads the subset of GraphQL that fixed questions need: one named query, variables, arguments, inline
// fragments. No aliases, directives, named fragments or block strings.
func parseGraph(text string) (graphOperation, error) {
	p := graphParser{tokens: graphTokens(text)}
	if p.next() != "query" {
		return graphOperation{}, errors.New("want one named query")
	}
	op := graphOperation{name: p.next()}
	if p.peek() == "(" {
		for p.next() != ")" { // declarations say nothing that the fields do not
			if p.peek() == "" {
				return op, errGraphEnd
			}
		}
	}
	fields, err := p.selection(0)
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("%q after the query", p.peek())
	}
	op.fields = fields
	return op, err
}

func graphTokens(text string) []string {
	return regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\.\.\.|[A-Za-z_$][A-Za-z0-9_]*|-?\d+|[{}():!\[\]=]`).FindAllString(text, -1)
}

type graphParser struct {
	tokens []string
	at     int
}

func (p *graphParser) peek() string {
	if p.at >= len(p.tokens) {
		return ""
	}
	return p.tokens[p.at]
}

func (p *graphParser) next() string {
	t := p.peek()
	p.at++
	return t
}

// maxGraphDepth is GitLab's. Source: GitlabSchema, AUTHENTICATED_MAX_DEPTH.
const maxGraphDepth = 20

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
	switch t := p.next(); {
	case t == "":
		return f, errGraphEnd
	case t == "...":
		if p.next() != "on" {
			return f, errors.New("want an inline fragment")
		}
		f.on = p.next()
	case strings.ContainsAny(t[:1], "{}():!$[]=\"-0123456789"):
		return f, fmt.Errorf("unexpected %q", t)
	default:
		f.name = t
	}
	if p.peek() == "(" {
		if f.args, err = p.arguments(); err != nil {
			return f, err
		}
	}
	if p.peek() == "{" {
		f.fields, err = p.selection(depth + 1)
	}
	return f, err
}

func (p *graphParser) arguments() (map[string]any, error) {
	args := map[string]any{}
	p.next()
	for p.peek() != ")" {
		name := p.next()
		if p.next() != ":" {
			return nil, fmt.Errorf("argument %q without a value", name)
		}
		v := p.next()
		switch {
		case v == "":
			return nil, errGraphEnd
		case v[0] == '$':
			args[name] = graphVariable(v[1:])
		case v[0] == '"':
			args[name], _ = strconv.Unquote(v)
		case v == "[":
			list := []string{}
			for v = p.next(); v != "]"; v = p.next() {
				if v == "" {
					return nil, errGraphEnd
				}
				list = append(list, v)
			}
			args[name] = list
		default:
			if n, err := strconv.Atoi(v); err == nil {
				args[name] = n
				continue
			}
			args[name] = v
		}
	}
	p.next()
	return args, nil
}
