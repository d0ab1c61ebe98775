package scanner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
	"unicode"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// errorKind says in which way a request did not succeed.
type errorKind int

const (
	refused         errorKind = iota // GitLab answered with a status of 400 or more
	transport                        // no answer came
	notJSON                          // a web page, for instance
	damaged                          // cut off in the middle
	tooLarge                         // over maxAnswer
	foreignRedirect                  // to another host; the token was not sent there
)

// APIError is a request that did not succeed. Its text carries no token and no query.
type APIError struct {
	Method, Path string
	Status       int // 0 when no answer came
	Kind         errorKind
	Message      string // what GitLab says, cut
	Scopes       string // the scopes that GitLab says would do, for insufficient_scope
	cause        error
}

// Error implements error.
func (e *APIError) Error() string {
	if e.Status >= 400 {
		return fmt.Sprintf("%s %s: %d %s%s", e.Method, e.Path, e.Status, http.StatusText(e.Status), prefixed(": ", e.Message))
	}
	return fmt.Sprintf("%s %s: %s", e.Method, e.Path, e.Message)
}

// Unwrap returns what the transport said.
func (e *APIError) Unwrap() error { return e.cause }

// ErrToken says that GitLab does not accept the token (any more). A scan stops there.
var ErrToken = errors.New("GitLab does not accept the token: it is wrong, expired or revoked")

// Is makes a refused token match ErrToken.
func (e *APIError) Is(target error) bool {
	return target == ErrToken && e.Kind == refused && e.Status == http.StatusUnauthorized
}

// errorText is the union of the ways in which GitLab words a refusal.
type errorText struct {
	Message     json.RawMessage `json:"message"`
	Error       string          `json:"error"`
	Description string          `json:"error_description"`
	Scope       string          `json:"scope"`
}

func apiError(method, path string, a *answer, err error) error {
	status := a.status
	var api *APIError
	if errors.As(err, &api) { // from the body reader
		return &APIError{Method: method, Path: cutQuery(path), Status: status, Kind: api.Kind, Message: api.Message}
	}
	e := &APIError{Method: method, Path: cutQuery(path), Status: status}
	if status < 400 {
		e.Kind, e.Message, e.cause = damaged, "the answer broke off: "+plainCause(err), err
		return e
	}
	body := []byte(a.header.Get(bodyOf404))
	var refusal *gitlab.ErrorResponse
	if errors.As(err, &refusal) && len(refusal.Body) > 0 { // client-go's answer to a 404 has none
		body = refusal.Body
	}
	var text errorText
	if json.Unmarshal(body, &text) == nil {
		e.Message = cutText(firstOf(text.Description, plainMessage(text.Message), text.Error), 200)
		if text.Error == "insufficient_scope" || text.Error == "insufficient_granular_scope" {
			e.Scopes = firstOf(text.Scope, text.Description)
		}
	} else if page := webPage(a.header) || strings.HasPrefix(strings.TrimSpace(string(body)), "<"); page && status < 500 && status != http.StatusTooManyRequests {
		// GitLab's API refuses in JSON: this says nothing about the token or what was asked for.
		e.Kind, e.Message = notJSON, "a web page in place of GitLab's answer: a login page, firewall or proxy may stand before it"
	} else if !page {
		e.Message = cutText(strings.TrimSpace(string(body)), 200)
	}
	if strings.EqualFold(strings.TrimPrefix(e.Message, fmt.Sprint(status)+" "), http.StatusText(status)) {
		e.Message = ""
	}
	return e
}

// otherShape is about an answer that JSON can hold, but not ours.
func otherShape(method, path string, a *answer, err error) error {
	return &APIError{Method: method, Path: cutQuery(path), Status: a.status, Kind: damaged, Message: "the answer has another shape than GitLab documents: " + err.Error()}
}

// webPage says that an answer is for people: a login page, or the error of what stands before GitLab.
func webPage(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

func plainMessage(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// plainCause words a transport error without the URL that Go puts in front of it.
func plainCause(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case err == nil:
		return "no answer"
	case errors.As(err, &dns):
		return "host " + dns.Name + " is not known"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" && t != "null" {
			return t
		}
	}
	return ""
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// cutText makes one plain line of s: what does not print becomes a blank, and what is beyond n bytes is cut.
func cutText(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
