package gitlabtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FaultKind is one way in which a real instance misbehaves.
type FaultKind int

// Faults. The zero kind is not valid, so that a forgotten Kind is noticed.
const (
	// TooMany answers 429 with RateLimit headers and Retry-After (Fault.Delay in seconds, at least 1).
	TooMany FaultKind = iota + 1
	// TooManyBare answers 429 with the plain text "Retry later" and no header at all, as application limits do.
	TooManyBare
	// ServerError answers Fault.Status, 500 by default.
	ServerError
	// Slow waits Fault.Delay before the right answer.
	Slow
	// Truncated announces the whole length and sends half of the right answer.
	Truncated
	// HTML answers 200 with a sign-in page, as gateways do.
	HTML
	// Elsewhere redirects (302) to Fault.Target, a URL on another host.
	Elsewhere
	// ExpireToken makes the caller's token expire before the request is looked at.
	ExpireToken
	// DeleteProject removes the project Fault.Target (path) before the request is looked at.
	DeleteProject
	// Drift moves later pages of a list by Fault.Shift rows: 1 skips a row, as when an earlier one was deleted, -1 repeats one.
	Drift
	// Endless makes a list go on for ever, repeating its rows.
	Endless
	// Huge answers 200 with Fault.Bytes bytes of JSON white space inside an array.
	Huge
)

// Fault is a switch: it strikes requests that match, after the first After ones, Count times (0: always).
type Fault struct {
	Kind FaultKind
	// Method and Path choose requests: Path is a pattern of path.Match on the escaped path without prefix, "" for all;
	// a pattern that ends in "/**" takes everything below. Query asks for parameters with exactly these values.
	Method string
	Path   string
	Query  map[string]string
	After  int
	Count  int

	Status int
	Delay  time.Duration
	Target string
	Shift  int
	Bytes  int64
}

type faults struct {
	mu   sync.Mutex
	list []*runningFault
}

type runningFault struct {
	Fault
	seen, struck int
}

func newRunningFaults(list []Fault) []*runningFault {
	var out []*runningFault
	for _, f := range list {
		out = append(out, &runningFault{Fault: f})
	}
	return out
}

func checkFaults(list []Fault) error {
	var errs []error
	for i, f := range list {
		if f.Kind < TooMany || f.Kind > Huge {
			errs = append(errs, fmt.Errorf("fault %d: no such kind %d", i, f.Kind))
		}
		if _, err := path.Match(strings.TrimSuffix(f.Path, "/**"), ""); err != nil {
			errs = append(errs, fmt.Errorf("fault %d: path %q: %w", i, f.Path, err))
		}
	}
	return errors.Join(errs...)
}

// Inject switches a fault on while the server runs.
func (s *Server) Inject(f Fault) error {
	if err := checkFaults([]Fault{f}); err != nil {
		return err
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &runningFault{Fault: f})
	return nil
}

// Heal switches all faults off.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// match returns the first fault that strikes this request, or nil. Every fault that matches counts it.
func (f *faults) match(method, path string, query url.Values) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hit *Fault
	for _, r := range f.list {
		if !r.fits(method, path, query) {
			continue
		}
		r.seen++
		if hit != nil || r.seen <= r.After || (r.Count > 0 && r.struck >= r.Count) {
			continue
		}
		r.struck++
		hit = &r.Fault
	}
	return hit
}

func (f *Fault) fits(method, escaped string, query url.Values) bool {
	if f.Method != "" && f.Method != method {
		return false
	}
	for k, v := range f.Query {
		if query.Get(k) != v {
			return false
		}
	}
	if f.Path == "" {
		return true
	}
	if home, all := strings.CutSuffix(f.Path, "/**"); all {
		return strings.HasPrefix(escaped, home+"/")
	}
	ok, _ := path.Match(f.Path, escaped) // checkFaults has seen the pattern
	return ok
}

func (f *Fault) delay() time.Duration {
	if f == nil || f.Kind != Slow {
		return 0
	}
	return f.Delay
}

func (f *Fault) truncates() bool { return f != nil && f.Kind == Truncated }

func (f *Fault) status() int {
	switch f.Kind {
	case TooMany, TooManyBare:
		return http.StatusTooManyRequests
	case ServerError:
		if f.Status != 0 {
			return f.Status
		}
		return http.StatusInternalServerError
	case Elsewhere:
		return http.StatusFound
	}
	return http.StatusOK
}

// answer writes the whole answer of faults that need no route, and reports whether it did.
func (f *Fault) answer(w http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case TooMany:
		wait := strconv.Itoa(max(1, int(f.Delay.Seconds())))
		w.Header().Set("RateLimit-Limit", "60")
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("Retry-After", wait)
		plain(w, f.status(), "text/plain", "Retry later\n")
	case TooManyBare:
		plain(w, f.status(), "text/plain", "Retry later\n")
	case ServerError:
		plain(w, f.status(), "application/json", `{"message":"`+strconv.Itoa(f.status())+` Internal Server Error"}`)
	case HTML:
		plain(w, f.status(), "text/html; charset=utf-8", "<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>\n")
	case Elsewhere:
		w.Header().Set("Location", f.Target)
		plain(w, f.status(), "text/html", "<html><body>You are being redirected.</body></html>")
	case Huge:
		f.flood(w, r)
	default:
		return false
	}
	return true
}

func plain(w http.ResponseWriter, status int, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// flood sends white space until the size is reached or the client has had enough.
func (f *Fault) flood(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	chunk := bytes.Repeat([]byte(" "), 1<<16)
	_, _ = w.Write([]byte("["))
	for left := f.Bytes - 2; left > 0; left -= int64(len(chunk)) {
		if _, err := w.Write(chunk[:min(left, int64(len(chunk)))]); err != nil || r.Context().Err() != nil {
			return
		}
	}
	_, _ = w.Write([]byte("]"))
}

// apply changes the call or the state for faults that act inside. The server's lock is held.
func (f *Fault) apply(c *Call) {
	if f == nil {
		return
	}
	switch f.Kind {
	case ExpireToken:
		if t, ok := c.st.owners[presented(c.Request, true).value].(*AccessToken); ok {
			t.ExpiresAt = At(c.Now)
		}
	case DeleteProject:
		c.st.removeProject(c.st.projPath[lowerPath(f.Target)])
	case Drift:
		c.drift = f.Shift
	case Endless:
		c.loop = true
	}
}
