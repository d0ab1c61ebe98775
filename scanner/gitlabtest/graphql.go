package gitlabtest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// The GraphQL endpoint knows a fixed set of operations by name and refuses all others. What they select is checked
// against the part of the schema in graphql_schema.go, counted in GitLab's points of complexity, and answered from
// the objects of graphql_project.go. Faults come with status 200, missing rights as null or as an empty list.
// Source: https://docs.gitlab.com/api/graphql/

func graphQLRoutes() []Route {
	return []Route{{
		Method: "POST", Path: "/api/graphql", Reads: true, Scopes: []string{"api", "read_api"}, Source: "https://docs.gitlab.com/api/graphql/", Handle: graphQL,
	}}
}

// graphOperations are the names of the questions that the scanner asks.
func graphOperations() []string {
	return []string{"projectInventory", "projectPage", "instanceRunners", "groupRunners", "projectRunners"}
}

// The limits of complexity. Source: GitLab's GitlabSchema, AUTHENTICATED_MAX_COMPLEXITY and ADMIN_MAX_COMPLEXITY.
const (
	maxComplexity      = 250
	maxAdminComplexity = 300
)

// graphObject is an object of the schema with all fields that it has; a value is a scalar, nil, a graphObject, a
// graphList, or a function of the field's arguments that returns one of these.
type graphObject struct {
	kind   string
	fields Object
}

// graphList is what a connection holds, before paging.
type graphList []graphObject

func graphQL(c *Call) Answer {
	op, err := parseGraph(c.Text("query"))
	if err != nil {
		return graphFault("Parse error: "+err.Error(), nil)
	}
	if !slices.Contains(graphOperations(), op.name) {
		c.server.unknown["GraphQL "+op.name] = true
		return graphFault("operation "+op.name+" is not one of the simulator's", nil)
	}
	if name := c.Text("operationName"); name != "" && name != op.name {
		return graphFault(fmt.Sprintf("No operation named %q", name), nil)
	}
	cost, fault := checkGraph(c.Profile, "Query", op.fields)
	if fault != nil {
		return graphFault(fault.message, Object{"code": "undefinedField", "typeName": fault.kind, "fieldName": fault.field})
	}
	limit := maxComplexity
	if c.Actor.Admin {
		limit = maxAdminComplexity
	}
	if cost > limit {
		return graphFault(fmt.Sprintf("Query has complexity of %d, which exceeds max complexity of %d", cost, limit), nil)
	}
	variables, _ := c.Value("variables").(map[string]any)
	return OK(Object{"data": selectGraph(graphRoot(c), op.fields, variables)})
}

// graphFault is how GraphQL says no: with status 200.
func graphFault(message string, extensions Object) Answer {
	e := Object{"message": message}
	if extensions != nil {
		e["extensions"] = extensions
	}
	return Answer{Status: http.StatusOK, Body: Object{"errors": []Object{e}}}
}

// selectGraph answers one selection on an object.
func selectGraph(o graphObject, fields []graphField, variables map[string]any) Object {
	out := Object{}
	for _, f := range fields {
		if f.on != "" {
			if f.on == o.kind {
				out.Merge(selectGraph(o, f.fields, variables))
			}
			continue
		}
		value := o.fields[f.name]
		args := f.values(variables)
		if resolve, ok := value.(func(map[string]any) any); ok {
			value = resolve(args)
		}
		out[f.name] = graphValue(value, f, args, variables)
	}
	return out
}

func graphValue(value any, f graphField, args, variables map[string]any) any {
	switch v := value.(type) {
	case graphObject:
		return selectGraph(v, f.fields, variables)
	case graphList:
		return selectPage(v, f.fields, args, variables)
	}
	return value
}

// selectPage answers a connection: nodes and pageInfo of one page.
func selectPage(all graphList, fields []graphField, args, variables map[string]any) Object {
	start, per := 0, maxPerPage
	if first, ok := args["first"].(int); ok {
		per = min(per, first)
	}
	if after, ok := args["after"].(string); ok {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if n, bad := strconv.Atoi(string(text)); err == nil && bad == nil {
			start = min(n, len(all))
		}
	}
	end := min(start+per, len(all))
	page := all[start:end]
	out := Object{}
	for _, f := range fields {
		switch f.name {
		case "nodes":
			nodes := []Object{}
			for _, o := range page {
				nodes = append(nodes, selectGraph(o, f.fields, variables))
			}
			out["nodes"] = nodes
		case "pageInfo":
			info := graphObject{kind: "PageInfo", fields: Object{"hasNextPage": end < len(all), "endCursor": nil}}
			if len(page) > 0 {
				info.fields["endCursor"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
			}
			out["pageInfo"] = selectGraph(info, f.fields, variables)
		case "count":
			out["count"] = len(all)
		}
	}
	return out
}

// graphFaultAt is a field that the schema lacks.
type graphFaultAt struct{ message, kind, field string }

// checkGraph holds a selection to the schema and returns its complexity: each field costs its own points and those
// of what it selects; what a resolver pages costs one per cent more for each row it may load.
// Source: GitLab's Types::BaseField and Resolvers::BaseResolver.
func checkGraph(p Profile, kind string, fields []graphField) (cost int, fault *graphFaultAt) {
	for _, f := range fields {
		if f.on != "" {
			c, fault := checkGraph(p, f.on, f.fields)
			if fault != nil {
				return 0, fault
			}
			cost = max(cost, c) // GitLab takes the dearest of a union's types; ours select the same of each
			continue
		}
		def, ok := graphSchema(p)[kind][f.name]
		if !ok {
			return 0, &graphFaultAt{fmt.Sprintf("Field '%s' doesn't exist on type '%s'", f.name, kind), kind, f.name}
		}
		if (def.of == "") != (len(f.fields) == 0) {
			return 0, &graphFaultAt{fmt.Sprintf("Field '%s' selects wrongly on type '%s'", f.name, kind), kind, f.name}
		}
		c := 0
		if def.list {
			c, fault = checkConnection(p, def.of, f.fields)
		} else {
			c, fault = checkGraph(p, def.of, f.fields)
		}
		if fault != nil {
			return 0, fault
		}
		c += max(def.cost, 1)
		if def.list && def.resolver {
			per := maxPerPage
			if n, ok := f.args["first"].(int); ok {
				per = min(per, n)
			}
			c += c * per / 100
		}
		cost += c
	}
	return cost, nil
}

func checkConnection(p Profile, node string, fields []graphField) (cost int, fault *graphFaultAt) {
	for _, f := range fields {
		kind := map[string]string{"nodes": node, "pageInfo": "PageInfo"}[f.name]
		if kind == "" {
			return 0, &graphFaultAt{fmt.Sprintf("Field '%s' doesn't exist on type '%sConnection'", f.name, node), node + "Connection", f.name}
		}
		c, fault := checkGraph(p, kind, f.fields)
		if fault != nil {
			return 0, fault
		}
		cost += 1 + c
	}
	return cost, nil
}
