package gitlabtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say how a Server behaves; the zero Options are a quiet default instance on the world's own clock.
type Options struct {
	Profile Profile          // zero: Default()
	Clock   func() time.Time // the time GitLab believes; nil: the world's Now, standing still
	// Wall measures rate-limit windows; nil: Clock.
	Wall func() time.Time
	// Seed makes other secret values for the same world.
	Seed string
	// RepoDir is an empty folder for the bare repositories that git routes serve; "": no git.
	RepoDir string
	// Prefix is a relative URL root such as "/gitlab"; no slash at the end.
	Prefix string
	// Latency is added to every answer.
	Latency time.Duration
	// RatePerSecond limits each user over windows of RatePeriod (default one minute); 0: no limit, no headers.
	RatePerSecond float64
	RatePeriod    time.Duration
	Faults        []Fault
}

// Server is the simulated GitLab. It is safe for concurrent use.
type Server struct {
	opts    Options
	profile Profile
	tree    *tree
	faults  *faults
	limits  *limiter

	mu       sync.Mutex // guards st and what follows
	st       *state
	requests []Request // the first maxLog of them
	asked    int
	unknown  map[string]bool

	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

// New makes a Server that owns a deep copy of the world. It starts nothing.
func New(w *World, o Options) (*Server, error) {
	if o.Profile == (Profile{}) {
		o.Profile = Default()
	}
	if err := errors.Join(o.Profile.check(), validate(w), checkFaults(o.Faults)); err != nil {
		return nil, fmt.Errorf("make server for world %q: %w", w.Name, err)
	}
	if o.Clock == nil {
		at := w.Now.Time
		o.Clock = func() time.Time { return at }
	}
	if o.Wall == nil {
		o.Wall = o.Clock
	}
	s := &Server{
		opts: o, profile: o.Profile, tree: &tree{}, unknown: map[string]bool{},
		st: newState(w, o.Seed), faults: &faults{list: newRunningFaults(o.Faults)}, limits: newLimiter(o),
	}
	table := routes()
	for i := range table {
		if !s.tree.plant(&table[i]) {
			return nil, fmt.Errorf("route %s %s stands twice in the table", table[i].Method, table[i].Path)
		}
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	return s, nil
}

// Start listens on a free loopback port and serves until Close. The base URL includes Options.Prefix.
func (s *Server) Start() (baseURL string, err error) {
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start simulator: %w", err)
	}
	// A body may take its time, as a push over a slow line does, but not for ever; an answer, as a clone, may.
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ReadTimeout: 10 * time.Minute, IdleTimeout: 2 * time.Minute}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.server.Serve(s.listener) // always ErrServerClosed after Close
	}()
	return s.URL(), nil
}

// URL is the base URL of a started server.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + s.opts.Prefix }

// Close stops a started server and cuts what still runs. It may be called twice.
func (s *Server) Close() {
	if s.server == nil {
		return
	}
	_ = s.server.Close()
	<-s.done
	s.server = nil
}

// Token is the value of the credential with this label in the world, "" if there is none.
func (s *Server) Token(label string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st.labels[label]
}

// Secret is the value of a planted secret, by "name" where one kind uses it, else by "kind/name"; "" if there is none.
func (s *Server) Secret(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.st.planted[name]; ok {
		return p.Value
	}
	value := ""
	for _, p := range s.st.planted {
		if p.Name != name {
			continue
		}
		if value != "" {
			return ""
		}
		value = p.Value
	}
	return value
}

// Planted lists all secrets that the world planted, sorted by kind and name.
func (s *Server) Planted() []Planted {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Planted
	for _, p := range s.st.planted {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
	return all
}

// ServeHTTP answers one request. Faults that cut the connection panic with http.ErrAbortHandler, as net/http wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, inside := strings.CutPrefix(r.URL.EscapedPath(), s.opts.Prefix)
	fault := s.faults.match(r.Method, path, r.URL.Query())
	line := s.log(r, path)
	w.Header().Set("X-Request-Id", requestID(line))
	w.Header().Set("X-Gitlab-Meta", `{"correlation_id":"`+requestID(line)+`","version":"1"}`)
	w.Header().Set("Cache-Control", "max-age=0, private, must-revalidate")
	w.Header().Set("Vary", "Origin")
	if !pause(r.Context(), s.opts.Latency+fault.delay()) {
		return
	}
	if crossOrigin(w, r, path) {
		s.finish(line, http.StatusOK, "")
		return
	}
	if fault != nil && fault.answer(w, r) {
		s.finish(line, fault.status(), "")
		return
	}
	answer, user := NotFound(""), ""
	if inside {
		answer, user = s.dispatch(w.Header(), r, path, fault)
	}
	if answer.Serve != nil {
		s.finish(line, http.StatusOK, user)
		answer.Serve(w, r)
		return
	}
	answer.encode()
	s.finish(line, answer.Status, user)
	write(w, r, answer, fault)
}

// dispatch finds the route and runs it under the lock. The answer it returns holds no pointer into the state.
func (s *Server) dispatch(h http.Header, r *http.Request, path string, fault *Fault) (Answer, string) {
	c, answer := s.route(r, path)
	if c == nil {
		return answer, ""
	}
	if err := c.readBody(); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return Plain(http.StatusRequestEntityTooLarge, "text/plain", "413 Request Entity Too Large\n"), ""
		}
		return badBody(), ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fault.apply(c)
	answer = s.run(c, h)
	answer.encode()
	if c.Actor.User != nil {
		return answer, c.Actor.User.Username
	}
	return answer, ""
}

// route looks a request up. Without a Call the Answer is final.
func (s *Server) route(r *http.Request, path string) (*Call, Answer) {
	// Some clients end a path with a slash, which means nothing.
	methods, vals := s.tree.find(strings.Split(strings.Trim(path, "/"), "/"), nil)
	if methods == nil {
		return nil, s.noRoute(r.Method, path)
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	found := methods[method]
	if found == nil {
		s.noRoute(r.Method, path)
		a := Refuse(http.StatusMethodNotAllowed, "405 Not Allowed")
		a.Header = http.Header{"Allow": {allowed(methods)}}
		return nil, a
	}
	c := &Call{Profile: s.profile, Now: s.opts.Clock().UTC(), Route: found.route, Request: r, st: s.st, server: s,
		path: map[string]string{}, query: r.URL.Query()}
	for i, name := range found.names {
		c.path[name] = vals[i]
	}
	return c, Answer{}
}

// run takes a call through login, rate limit, licence and rights to its handler. The lock is held. A handler that fails
// answers as GitLab does, and is kept in Unknown: a test must see it.
func (s *Server) run(c *Call, h http.Header) (answer Answer) {
	defer func() {
		if fault := recover(); fault != nil {
			s.note(fmt.Sprintf("%s %s failed: %v", c.Request.Method, c.Request.URL.EscapedPath(), fault))
			answer = Message(http.StatusInternalServerError, "500 Internal Server Error")
		}
	}()
	actor, refused := s.authenticate(c.Request, c.Route, c.Now)
	c.Actor = actor
	if limited := s.limits.take(h, actor, s.opts.Wall()); limited != nil {
		return *limited
	}
	// A route that this version or licence lacks is 404 before anything else, but never for a dead credential.
	if refused != nil && refused.Status == http.StatusUnauthorized {
		return *refused
	}
	if !c.Route.offered(s.profile) {
		return Refuse(http.StatusNotFound, "404 Not Found")
	}
	if refused != nil {
		return *refused
	}
	if a := c.sudo(); a != nil {
		return *a
	}
	if a := c.authorise(); a != nil {
		return *a
	}
	if c.Route.Method != http.MethodGet && !c.Route.Reads {
		defer s.st.changed()
	}
	return c.Route.Handle(c)
}

// badBody answers a body that cannot be decoded.
func badBody() Answer {
	return Refuse(http.StatusBadRequest, "The request body is not valid for its content type")
}

func write(w http.ResponseWriter, r *http.Request, a Answer, fault *Fault) {
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	if a.ContentType != "" {
		w.Header().Set("Content-Type", a.ContentType)
	}
	if reads := r.Method == http.MethodGet || r.Method == http.MethodHead; reads && a.Status == http.StatusOK {
		tag := etag(a.Text)
		w.Header().Set("Etag", tag)
		if sameTag(r.Header.Get("If-None-Match"), tag) {
			a.Status = http.StatusNotModified
		}
	}
	bare := a.Status == http.StatusNoContent || a.Status == http.StatusNotModified
	if !bare {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Text)))
	}
	w.WriteHeader(a.Status)
	if bare || r.Method == http.MethodHead {
		return
	}
	if fault.truncates() {
		_, _ = w.Write(a.Text[:len(a.Text)/2])
		_ = http.NewResponseController(w).Flush() // a recorder cannot; a connection must, or nothing is sent
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.Text)
}

// etag is a weak one of the whole answer, as Rack::ETag makes it.
func etag(text []byte) string {
	sum := sha256.Sum256(text)
	return `W/"` + hex.EncodeToString(sum[:16]) + `"`
}

// sameTag reads If-None-Match: a list of tags, or a star.
func sameTag(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || one == tag {
			return true
		}
	}
	return false
}

// pause waits, and reports false if the caller left meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
