package gitlabtest

import (
	"maps"
	"slices"
	"strings"
)

// scalarOf is the type of a plain field, by its name: GitLab names alike what is alike.
func scalarOf(field string) string {
	numbers := "complexity maximumTimeout serial integerValue accessLevel requiredApprovalCount count cost limit score"
	flags := "active archived bot paused locked runUntagged protected masked hidden raw inboundJobTokenScopeEnabled jobTokenScopeEnabled " +
		"pushRepositoryForJobTokenAllowed defaultPermissions allowForcePush canAccessProject empty exists enterprise deprecated"
	switch {
	case field == "id":
		return "ID"
	case strings.HasSuffix(field, "At") || field == "lastUsed" || field == "realNextRun":
		return "Time"
	case slices.Contains(strings.Fields(numbers), field):
		return "Int"
	case slices.Contains(strings.Fields(flags), field), strings.HasPrefix(field, "is") && field != "issuer", strings.HasPrefix(field, "has"):
		return "Boolean"
	}
	return "String"
}

// metaTypes are GraphQL's own, by which a client asks for the schema.
// Source: https://spec.graphql.org/October2021/#sec-Schema-Introspection
func metaTypes() map[string]map[string]graphDef {
	typed := func(of string) graphDef { return graphDef{of: of} }
	return map[string]map[string]graphDef{
		"__Schema": with(scalars("description"), map[string]graphDef{"queryType": typed("__Type"), "mutationType": typed("__Type"), "subscriptionType": typed("__Type"),
			"types": typed("__Type"), "directives": typed("__Directive")}),
		"__Type": with(scalars("kind name description specifiedByURL isOneOf"), map[string]graphDef{"fields": typed("__Field"), "inputFields": typed("__InputValue"),
			"interfaces": typed("__Type"), "enumValues": typed("__EnumValue"), "possibleTypes": typed("__Type"), "ofType": typed("__Type")}),
		"__Field":      with(scalars("name description isDeprecated deprecationReason"), map[string]graphDef{"args": typed("__InputValue"), "type": typed("__Type")}),
		"__InputValue": with(scalars("name description defaultValue isDeprecated deprecationReason"), map[string]graphDef{"type": typed("__Type")}),
		"__EnumValue":  scalars("name description isDeprecated deprecationReason"),
		"__Directive":  with(scalars("name description locations isRepeatable"), map[string]graphDef{"args": typed("__InputValue")}),
	}
}

// introspection answers __schema and __type with the part of the schema that is here.
type introspection struct {
	schema map[string]map[string]graphDef
}

func (s introspection) root() Object {
	return Object{
		"__schema": func(map[string]any) any {
			types := graphPlain{}
			for _, name := range slices.Sorted(maps.Keys(s.schema)) {
				types = append(types, s.named(name))
			}
			for _, name := range []string{"Boolean", "ID", "Int", "String", "Time"} {
				types = append(types, s.scalar(name))
			}
			return graphObject{kind: "__Schema", fields: Object{"queryType": s.named("Query"), "mutationType": s.named("Mutation"), "types": types, "directives": graphPlain{}}}
		},
		"__type": func(args map[string]any) any {
			name, _ := args["name"].(string)
			if s.schema[name] == nil {
				return nil
			}
			return s.named(name)
		},
	}
}

func (s introspection) scalar(name string) graphObject {
	return graphObject{kind: "__Type", fields: Object{"kind": "SCALAR", "name": name}}
}

// named is an object type; its fields are worked out when somebody asks.
func (s introspection) named(name string) graphObject {
	return graphObject{kind: "__Type", fields: Object{"kind": "OBJECT", "name": name, "interfaces": graphPlain{}, "fields": func(map[string]any) any {
		fields := graphPlain{}
		for _, field := range slices.Sorted(maps.Keys(s.schema[name])) {
			if !strings.HasPrefix(field, "__") {
				fields = append(fields, graphObject{kind: "__Field", fields: Object{"name": field, "isDeprecated": false, "args": graphPlain{}, "type": s.of(field, s.schema[name][field])}})
			}
		}
		return fields
	}}}
}

func (s introspection) of(field string, d graphDef) graphObject {
	switch {
	case d.of == "":
		return s.scalar(scalarOf(field))
	case d.list:
		return graphObject{kind: "__Type", fields: Object{"kind": "OBJECT", "name": d.kind()}}
	}
	return s.named(d.of)
}
