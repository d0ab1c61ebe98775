package gitlabtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Any question is taken. What it selects is checked against the part of the schema in graphql_schema.go, counted in
// GitLab's points of complexity, and answered from the objects of graphql_root.go and graphql_project.go. Faults come
// with status 200, missing rights as null or as an empty list. A field that this part of the schema lacks is answered as
// one that GitLab lacks, and is kept in Unknown, for GitLab may well have it. What can be changed is in graphql_mutation.go.
// Source: https://docs.gitlab.com/api/graphql/

func graphQLRoutes() []Route {
	return []Route{{
		Method: "POST", Path: "/api/graphql", Reads: true, Anonymous: true, Scopes: []string{"api", "read_api"}, Source: "https://docs.gitlab.com/api/graphql/", Handle: graphQL,
	}}
}

// The limits of a question. Source: https://docs.gitlab.com/api/graphql/#limits, and GitLab's GitlabSchema:
// DEFAULT_MAX_COMPLEXITY, AUTHENTICATED_MAX_COMPLEXITY and ADMIN_MAX_COMPLEXITY.
const (
	maxGraphText           = 10_000 // characters
	maxAnonymousComplexity = 200
	maxComplexity          = 250
	maxAdminComplexity     = 300
)

// graphObject is an object of the schema with all fields that it has; a value is a scalar, nil, a graphObject, a
// graphList, or a function of the field's arguments that returns one of these.
type graphObject struct {
	kind   string
	fields Object
}

// graphList is what a connection holds, before paging.
type graphList []graphObject

// graphPlain is a list that is no connection.
type graphPlain []graphObject

func graphQL(c *Call) Answer {
	if len(c.Text("query")) > maxGraphText {
		return graphFault("Query too large", nil)
	}
	operations, err := parseGraph(c.Text("query"))
	if err != nil {
		return graphFault("Parse error: "+err.Error(), nil)
	}
	op, name := operations[0], c.Text("operationName")
	at := slices.IndexFunc(operations, func(o graphOperation) bool { return o.name == name })
	switch {
	case name == "" && len(operations) > 1:
		return graphFault("An operation name is required", nil)
	case name != "" && at < 0:
		return graphFault(fmt.Sprintf("No operation named %q", name), nil)
	case name != "":
		op = operations[at]
	}
	root := map[string]string{"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}[op.kind]
	schema := graphSchema(c.Profile)
	cost, fault := graphChecker{schema}.check(root, op.fields, []string{strings.TrimSpace(op.kind + " " + op.name)})
	if fault != nil {
		c.server.note("GraphQL " + fault.kind + "." + fault.field)
		return fault.answer()
	}
	limit := maxComplexity
	switch {
	case c.Actor.Anonymous():
		limit = maxAnonymousComplexity
	case c.Actor.Admin:
		limit = maxAdminComplexity
	}
	if cost > limit {
		return graphFault(fmt.Sprintf("Query has complexity of %d, which exceeds max complexity of %d", cost, limit), nil)
	}
	variables, _ := c.Value("variables").(map[string]any)
	run := graphRun{variables: op.given(variables), left: maxGraphObjects}
	start, faults := graphRoot(c, schema), []Object(nil)
	if op.kind == "mutation" {
		start = c.mutations(&faults)
	}
	data := run.choose(start, op.fields)
	switch {
	case run.left < 0:
		return graphFault("Request timed out. Please try a less complex query or a smaller set of records.", nil)
	case faults != nil:
		return OK(Object{"data": data, "errors": faults})
	}
	return OK(Object{"data": data})
}

// graphFault is how GraphQL says no: with status 200.
func graphFault(message string, extensions Object) Answer {
	e := Object{"message": message}
	if extensions != nil {
		e["extensions"] = extensions
	}
	return Answer{Status: http.StatusOK, Body: Object{"errors": []Object{e}}}
}

// graphRun is one answer in the making. left bounds the objects that it may hold: what GitLab would work on until its
// time is up, and a simulator holds its lock for, ends there.
type graphRun struct {
	variables map[string]any
	left      int
}

// maxGraphObjects is far above what a question within the limits of complexity means to ask.
const maxGraphObjects = 200_000

// choose answers one selection on an object.
func (r *graphRun) choose(o graphObject, fields []graphField) Object {
	out := Object{}
	if r.left--; r.left < 0 {
		return out
	}
	for _, f := range fields {
		switch {
		case !f.wanted(r.variables):
			continue
		case f.on != "":
			if f.on == o.kind {
				out.Merge(r.choose(o, f.fields))
			}
			continue
		case f.name == "__typename":
			out[f.shown()] = o.kind
			continue
		}
		value := o.fields[f.name]
		args := f.values(r.variables)
		if resolve, ok := value.(func(map[string]any) any); ok {
			value = resolve(args)
		}
		out[f.shown()] = r.value(value, f, args)
	}
	return out
}

func (r *graphRun) value(value any, f graphField, args map[string]any) any {
	switch v := value.(type) {
	case graphObject:
		return r.choose(v, f.fields)
	case graphList:
		return r.page(v, f.fields, args)
	case graphPlain:
		rows := []Object{}
		for _, o := range v {
			rows = append(rows, r.choose(o, f.fields))
		}
		return rows
	}
	return value
}

// page answers a connection: nodes and pageInfo of one page.
func (r *graphRun) page(all graphList, fields []graphField, args map[string]any) Object {
	start, per := 0, maxPerPage
	if first, ok := graphInt(args["first"]); ok {
		per = min(per, max(first, 0))
	}
	if after, ok := args["after"].(string); ok {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if n, bad := strconv.Atoi(string(text)); err == nil && bad == nil {
			start = min(max(n, 0), len(all))
		}
	}
	end := min(start+per, len(all))
	page := all[start:end]
	out := Object{}
	for _, f := range fields {
		cursor := func(at int) string { return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(at))) }
		switch f.name {
		case "nodes", "edges":
			rows := []Object{}
			for i, o := range page {
				if f.name == "edges" {
					o = graphObject{kind: o.kind + "Edge", fields: Object{"cursor": cursor(start + i + 1), "node": o}}
				}
				rows = append(rows, r.choose(o, f.fields))
			}
			out[f.shown()] = rows
		case "pageInfo":
			info := graphObject{kind: "PageInfo", fields: Object{"hasNextPage": end < len(all), "hasPreviousPage": start > 0, "endCursor": nil, "startCursor": nil}}
			if len(page) > 0 {
				info.fields["endCursor"], info.fields["startCursor"] = cursor(end), cursor(start+1)
			}
			out[f.shown()] = r.choose(info, f.fields)
		case "count":
			out[f.shown()] = len(all)
		}
	}
	return out
}

// graphInt reads a number of a question or of its variables.
func graphInt(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	}
	return 0, false
}
