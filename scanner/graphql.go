package scanner

import (
	"context"
	"encoding/json"
	"strings"
)

// graphQLPath stands for /api/graphql, which does not lie under /api/v4.
const graphQLPath = "graphql"

// graphQL sends one of the fixed queries. Errors that GitLab reports with status 200 come back as errors only when
// there is no data at all: a field that the token may not read is null, and its reader says so.
func graphQL[T any](ctx context.Context, v *Visit, query string, variables map[string]any) (T, error) {
	var out struct {
		Data   *T `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	a, err := v.run.client.post(ctx, graphQLPath, map[string]any{"query": query, "variables": variables, "operationName": operation(query)})
	if err != nil {
		return *new(T), err
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		return *new(T), otherShape("POST", graphQLPath, a, err)
	}
	if out.Data == nil {
		message := "no data"
		if len(out.Errors) > 0 {
			message = cutText(out.Errors[0].Message, 200)
		}
		return *new(T), &APIError{Method: "POST", Path: graphQLPath, Status: a.status, Kind: refused, Message: message}
	}
	return *out.Data, nil
}

// operation returns the name that follows "query" in a query text.
func operation(query string) string {
	_, rest, _ := strings.Cut(query, "query ")
	name, _, _ := strings.Cut(rest, "(")
	return strings.TrimSpace(name)
}
