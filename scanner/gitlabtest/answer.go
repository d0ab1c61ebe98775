package gitlabtest

import (
	"encoding/json"
	"net/http"
)

// Object is a JSON object; encoding sorts its keys.
type Object map[string]any

// Since adds a field where the profile's version has it. Use it for every field younger than 17.0.
func (o Object) Since(p Profile, version, key string, value any) Object {
	if p.Has(version) {
		o[key] = value
	}
	return o
}

// Until adds a field to versions before the given one.
func (o Object) Until(p Profile, version, key string, value any) Object {
	if !p.Has(version) {
		o[key] = value
	}
	return o
}

// Merge copies fields over those that are there.
func (o Object) Merge(more map[string]any) Object {
	for k, v := range more {
		o[k] = v
	}
	return o
}

// Answer is what a handler returns. Exactly one of Body, Text and Serve is used, in the order Serve, Text, Body.
type Answer struct {
	Status int
	Header http.Header
	// Body is encoded as JSON while the lock is held, so it may point into the state.
	Body any
	// Text is written as it is, with ContentType.
	Text        []byte
	ContentType string
	// Serve takes over the whole answer after the lock is gone, as git's protocol needs.
	Serve http.HandlerFunc
}

// OK answers 200 with a JSON body.
func OK(body any) Answer { return Answer{Status: http.StatusOK, Body: body} }

// Created answers 201 with a JSON body.
func Created(body any) Answer { return Answer{Status: http.StatusCreated, Body: body} }

// NoContent answers 204.
func NoContent() Answer { return Answer{Status: http.StatusNoContent} }

// Plain answers with text of the given type.
func Plain(status int, contentType, text string) Answer {
	return Answer{Status: status, Text: []byte(text), ContentType: contentType}
}

// Message answers {"message": …}, GitLab's usual shape of an error.
func Message(status int, message any) Answer {
	return Answer{Status: status, Body: Object{"message": message}}
}

// Refuse answers {"error": …}, the shape of Grape's own errors: bad parameters, unknown routes.
func Refuse(status int, text string) Answer {
	return Answer{Status: status, Body: Object{"error": text}}
}

// NotFound answers 404 {"message":"404 <what> Not Found"}; an empty what is left out.
func NotFound(what string) Answer {
	if what != "" {
		what += " "
	}
	return Message(http.StatusNotFound, "404 "+what+"Not Found")
}

// Forbidden answers 403 {"message":"403 Forbidden"}, with a reason behind it if there is one.
func Forbidden(reason string) Answer {
	if reason != "" {
		reason = " - " + reason
	}
	return Message(http.StatusForbidden, "403 Forbidden"+reason)
}

// BadRequest answers 400 {"message":"400 Bad request - <reason>"}.
func BadRequest(reason string) Answer {
	return Message(http.StatusBadRequest, "400 Bad request - "+reason)
}

// Unauthorized answers 401 {"message":"401 Unauthorized"}.
func Unauthorized() Answer { return Message(http.StatusUnauthorized, "401 Unauthorized") }

// oauthError is the body that GitLab's token checks write.
func oauthError(status int, code, description, scope string) Answer {
	body := Object{"error": code, "error_description": description}
	if scope != "" {
		body["scope"] = scope
	}
	return Answer{Status: status, Body: body}
}

// encode turns Body into Text. A body that JSON cannot hold is a mistake of a route and answers 500.
func (a *Answer) encode() {
	if a.Serve != nil || a.Text != nil || a.Body == nil {
		return
	}
	text, err := json.Marshal(a.Body)
	if err != nil {
		a.Status, text = http.StatusInternalServerError, []byte(`{"message":"500 Internal Server Error"}`)
	}
	a.Text, a.ContentType, a.Body = text, "application/json", nil
}
