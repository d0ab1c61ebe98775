package gitlabtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openAPI is GitLab's generated description. It says nothing of what is required or null, and confuses one object with
// a list of them: only names, and the types of what is there, count.
type openAPI struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Schema *openAPISchema `json:"schema"`
		} `json:"responses"`
	} `json:"paths"`
	Definitions map[string]*openAPISchema `json:"definitions"`
}

type openAPISchema struct {
	Ref        string                    `json:"$ref"`
	Type       string                    `json:"type"`
	Properties map[string]*openAPISchema `json:"properties"`
	Items      *openAPISchema            `json:"items"`
	Example    any                       `json:"example"`
	Format     string                    `json:"format"`
}

func readOpenAPI(t *testing.T) openAPI {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(contractData, "openapi/gitlab-openapi-v2.nhi-slice.json"))
	if err != nil {
		t.Fatal(err)
	}
	var api openAPI
	if err := json.Unmarshal(raw, &api); err != nil {
		t.Fatal(err)
	}
	return api
}

// answer finds the description of GET on a route's path, whatever its parameters are called.
func (api openAPI) answer(path string) (string, *openAPISchema) {
	want := strings.Split("/api/v4/"+path, "/")
	for at, methods := range api.Paths {
		segs := strings.Split(at, "/")
		same := len(segs) == len(want)
		for i := 0; same && i < len(segs); i++ {
			same = segs[i] == want[i] || strings.HasPrefix(segs[i], "{") && strings.HasPrefix(want[i], ":")
		}
		if op, ok := methods["get"]; same && ok && op.Responses["200"].Schema != nil {
			if entity, wrong := wrongEntity()[at]; wrong {
				return at, api.Definitions[entity]
			}
			return at, op.Responses["200"].Schema
		}
	}
	return "", nil
}

// wrongEntity names the entity of answers that the generator describes by another one; "" where it has none.
// Source: lib/api/projects.rb, lib/api/personal_access_tokens/self_information.rb, lib/api/keys.rb of GitLab: signed-in
// callers get the full project, associations are an object with two lists, and a fingerprint finds a key.
func wrongEntity() map[string]string {
	return map[string]string{
		"/api/v4/projects":                                 "API_Entities_ProjectWithAccess",
		"/api/v4/users/{user_id}/projects":                 "API_Entities_ProjectWithAccess",
		"/api/v4/groups/{id}/projects":                     "API_Entities_ProjectWithAccess",
		"/api/v4/personal_access_tokens/self/associations": "",
		"/api/v4/keys":                                     "API_Entities_SSHKeyWithUser",
	}
}

func (api openAPI) resolve(s *openAPISchema) *openAPISchema {
	for s != nil && s.Ref != "" {
		s = api.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
	}
	if s != nil && s.Type == "array" && s.Items != nil {
		return api.resolve(s.Items)
	}
	return s
}

// fits compares a value's type with a described one. The generated types are unreliable: a plain string is what the
// generator writes for a field that nobody described, and "id" is a string with the example 1. So a string counts only
// with a format, and an example outranks the type.
func (s *openAPISchema) fits(v any) bool {
	like := func(want string) bool {
		switch v.(type) {
		case string:
			return want == "string" || want == "symbol"
		case float64:
			return want == "integer" || want == "number"
		case bool:
			return want == "boolean"
		case []any:
			return want == "array"
		case map[string]any:
			return want == "object" || want == ""
		}
		return true
	}
	if like(s.Type) || s.Type == "" && s.Ref == "" || s.Type == "string" && s.Format == "" && s.Example == nil {
		return true
	}
	switch s.Example.(type) {
	case string:
		_, same := v.(string)
		return same
	case float64:
		_, same := v.(float64)
		return same
	case bool:
		_, same := v.(bool)
		return same
	case []any:
		_, same := v.([]any)
		return same
	}
	_, object := v.(map[string]any)
	_, list := v.([]any)
	return s.Ref != "" && (object || list)
}

// checkOpenAPI collects the fields that the description lacks and reports those of another type.
func checkOpenAPI(t *testing.T, api openAPI, path string, def *openAPISchema, body any, found map[difference]bool) {
	t.Helper()
	entity := api.resolve(def)
	rows, ok := body.([]any)
	if !ok {
		rows = []any{body}
	}
	if entity == nil || len(entity.Properties) == 0 {
		return
	}
	for _, row := range rows {
		o, ok := row.(map[string]any)
		if !ok {
			t.Errorf("%s: %T in a list of objects", path, row)
			continue
		}
		for name, v := range o {
			field := entity.Properties[name]
			switch {
			case field == nil:
				found[difference{path, name}] = true
			case v != nil && !field.fits(v):
				found[difference{path, name + "=" + jsonType(v)}] = true
			}
		}
	}
}

func jsonType(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}
