package gitlabtest

import (
	"fmt"
	"net/http"
	"sort"
)

// Request is one line of the log. It never holds a credential: private_token and its like are cut from Query.
type Request struct {
	Method string
	Path   string // escaped, without Prefix
	Query  string
	Status int    // of the answer; 0 while it runs
	User   string // username; empty for anonymous callers
}

// Unknown lists "METHOD /path" of requests that met no route, sorted, each once.
func (s *Server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for u := range s.unknown {
		all = append(all, u)
	}
	sort.Strings(all)
	return all
}

// Requests is the log so far, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// maxUnknown bounds what is remembered of a client that tries paths.
const maxUnknown = 10_000

// noRoute records a request that this simulator does not know: a test must see it.
func (s *Server) noRoute(method, path string) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(method + " " + path)
	return Refuse(http.StatusNotFound, "404 Not Found")
}

// note keeps what a test must see. The lock is held.
func (s *Server) note(what string) {
	if len(s.unknown) < maxUnknown {
		s.unknown[short(what)] = true
	}
}

// short is what is remembered of a text that a client chose.
func short(text string) string { return text[:min(len(text), 2000)] }

// maxLog bounds what a server that runs for long remembers of what it was asked.
const maxLog = 1 << 22

// log opens a line and returns its number.
func (s *Server) log(r *http.Request, path string) int {
	q := r.URL.Query()
	for _, secret := range []string{"private_token", "access_token", "job_token", "client_secret", "token"} {
		q.Del(secret)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if len(s.requests) < maxLog {
		s.requests = append(s.requests, Request{Method: r.Method, Path: short(path), Query: short(q.Encode())})
	}
	return s.asked - 1
}

func (s *Server) finish(line, status int, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line < len(s.requests) {
		s.requests[line].Status, s.requests[line].User = status, user
	}
}

func requestID(line int) string { return fmt.Sprintf("01SIM%021d", line+1) }
