package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
)

// graphFaultAt is a field that is selected wrongly.
type graphFaultAt struct {
	message, code, kind, field string
	path                       []string
	line, column               int
}

// answer is how GitLab names the field, where it stands and what is wrong with it.
func (f *graphFaultAt) answer() Answer {
	return Answer{Status: http.StatusOK, Body: Object{"errors": []Object{{
		"message": f.message, "path": f.path, "locations": []Object{{"line": f.line, "column": f.column}},
		"extensions": Object{"code": f.code, "typeName": f.kind, "fieldName": f.field},
	}}}}
}

// graphChecker holds questions to a schema.
type graphChecker struct {
	schema map[string]map[string]graphDef
}

func (g graphChecker) fault(f graphField, path []string, kind, code, format string, args ...any) *graphFaultAt {
	return &graphFaultAt{message: fmt.Sprintf(format, args...), code: code, kind: kind, field: f.name, path: append(slices.Clone(path), f.shown()), line: f.line, column: f.column}
}

// check returns the complexity of a selection: each field costs its own points and those of what it selects; what a
// resolver pages costs one per cent more for each row it may load.
// Source: GitLab's Types::BaseField and Resolvers::BaseResolver.
func (g graphChecker) check(kind string, fields []graphField, path []string) (cost int, fault *graphFaultAt) {
	for _, f := range fields {
		if f.on != "" {
			c, fault := g.check(f.on, f.fields, append(slices.Clone(path), "... on "+f.on))
			if fault != nil {
				return 0, fault
			}
			cost = max(cost, c) // GitLab takes the dearest of a union's types; ours select the same of each
			continue
		}
		if f.name == "__typename" {
			cost++
			continue
		}
		def, ok := g.schema[kind][f.name]
		inside := append(slices.Clone(path), f.shown())
		switch {
		case !ok:
			return 0, g.fault(f, path, kind, "undefinedField", "Field '%s' doesn't exist on type '%s'", f.name, kind)
		case def.of == "" && len(f.fields) > 0:
			return 0, g.fault(f, path, kind, "selectionMismatch", "Selections can't be made on scalars (field '%s' returns %s but has selections [%s])", f.name, scalarOf(f.name), f.fields[0].shown())
		case def.of != "" && len(f.fields) == 0:
			return 0, g.fault(f, path, kind, "selectionMismatch", "Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", f.name, def.kind(), f.name)
		}
		c := 0
		if def.list {
			c, fault = g.checkConnection(def.of, f.fields, inside)
		} else {
			c, fault = g.check(def.of, f.fields, inside)
		}
		if fault != nil {
			return 0, fault
		}
		c += max(def.cost, 1)
		if def.list && def.resolver {
			per := maxPerPage
			if n, ok := graphInt(f.args["first"]); ok {
				per = min(per, n)
			}
			c += c * per / 100
		}
		cost += c
	}
	return cost, nil
}

// kind is the name of the type that a field returns.
func (d graphDef) kind() string {
	if d.list {
		return d.of + "Connection"
	}
	return d.of
}

func (g graphChecker) checkConnection(node string, fields []graphField, path []string) (cost int, fault *graphFaultAt) {
	for _, f := range fields {
		inside := append(slices.Clone(path), f.shown())
		switch f.name {
		case "nodes", "pageInfo":
			c, fault := g.check(map[string]string{"nodes": node, "pageInfo": "PageInfo"}[f.name], f.fields, inside)
			if fault != nil {
				return 0, fault
			}
			cost += 1 + c
		case "edges":
			for _, e := range f.fields {
				switch e.name {
				case "node":
					c, fault := g.check(node, e.fields, append(inside, e.shown()))
					if fault != nil {
						return 0, fault
					}
					cost += 1 + c
				case "cursor", "__typename":
					cost++
				default:
					return 0, g.fault(e, inside, node+"Edge", "undefinedField", "Field '%s' doesn't exist on type '%sEdge'", e.name, node)
				}
			}
			cost++
		case "count", "__typename":
			cost++
		default:
			return 0, g.fault(f, path, node+"Connection", "undefinedField", "Field '%s' doesn't exist on type '%sConnection'", f.name, node)
		}
	}
	return cost, nil
}
