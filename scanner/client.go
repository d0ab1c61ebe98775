package scanner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"nhiscan/inventory/secret"
)

// The limits of one answer. A page of 100 rows of the widest entity is under 1 MB; the largest single answers
// are merged pipeline configurations.
const (
	maxAnswer      = 64 << 20
	maxErrorAnswer = 8 << 10
	maxMessage     = 300 // bytes of an error's text
	// maxValues bounds the values in one answer: "{}," are three bytes and, decoded, hundreds. A page of 100 projects
	// with all that GitLab tells of them has 20,000.
	maxValues = 250_000
)

// Client reads one GitLab instance through client-go's transport, authentication and request building.
// Answers are decoded into own types, for client-go's structs drop fields that are newer than they are and
// cannot tell absent from false. It is safe for concurrent use; all its users share one rate limit.
type Client struct {
	api      *gitlab.Client
	base     *url.URL
	pace     *pace
	sleep    func(context.Context, time.Duration) error
	now      func() time.Time
	log      *slog.Logger
	requests atomic.Int64
	token    secret.Value
}

// ClientOptions says how to reach an instance.
type ClientOptions struct {
	URL       string            // of the instance, with a path for an installation under a relative URL
	Token     secret.Value      // sent as PRIVATE-TOKEN, to this origin only
	Rate      float64           // requests per second; 0 is no limit
	Transport http.RoundTripper // nil is http.DefaultTransport
	Timeout   time.Duration     // of one request; 0 is a minute
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error // between tries; nil waits for real
	Log       *slog.Logger                               // nil discards
	UserAgent string
}

// NewClient returns a client for an instance. It sends nothing yet.
func NewClient(o ClientOptions) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(o.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("GitLab URL %q: want https://HOST, with a path only for an installation under a relative URL", redactURL(o.URL))
	}
	if base.User != nil {
		return nil, fmt.Errorf("GitLab URL %q: must not carry a user or password; give the token in NHI_SCAN_TOKEN", redactURL(o.URL))
	}
	c := &Client{base: base, pace: newPace(o.Rate), sleep: o.Sleep, now: o.Now, log: o.Log, token: o.Token}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	hc := &http.Client{
		Transport:     &guard{next: o.Transport},
		Timeout:       o.Timeout,
		CheckRedirect: c.sameOrigin,
	}
	if hc.Timeout == 0 {
		hc.Timeout = time.Minute
	}
	c.api, err = gitlab.NewClient(o.Token.Reveal(), gitlab.WithBaseURL(base.String()), gitlab.WithHTTPClient(hc),
		gitlab.WithoutRetries(), gitlab.WithCustomLimiter(noLimit{}), gitlab.WithUserAgent(o.UserAgent))
	if err != nil {
		return nil, fmt.Errorf("GitLab URL %q: %w", redactURL(o.URL), err)
	}
	return c, nil
}

// requestsKey is the key under which a context carries the counter of one visit, an *atomic.Int64: visits run side by
// side, so the client's own counter cannot tell them apart.
type requestsKey struct{}

// Requests returns how many requests were sent so far, retries included.
func (c *Client) Requests() int { return int(c.requests.Load()) }

// URL returns the address of the instance, without a trailing slash.
func (c *Client) URL() string { return c.base.String() }

// Host returns the instance's host, with a port where one was given.
func (c *Client) Host() string { return c.base.Host }

// at returns the address of something below the instance's root.
func (c *Client) at(elem ...string) *url.URL {
	u := *c.base
	u.Path += "/" // an empty path would join to a relative one
	return u.JoinPath(elem...)
}

// noLimit switches client-go's limiter off: pace is the one that all requests share.
type noLimit struct{}

func (noLimit) Wait(context.Context) error { return nil }

// sameOrigin refuses redirects to other hosts. Go drops Authorization there, but would send PRIVATE-TOKEN.
func (c *Client) sameOrigin(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != c.base.Scheme && req.URL.Hostname() == c.base.Hostname() { // http to https, nearly always
		return &APIError{Kind: foreignRedirect, Message: "redirected to " + req.URL.Scheme + "://" + req.URL.Host + ": give that address, the token is not sent on"}
	}
	if req.URL.Scheme != c.base.Scheme || req.URL.Host != c.base.Host {
		return &APIError{Kind: foreignRedirect, Message: "redirected to another host, " + req.URL.Host}
	}
	if len(via) > 5 {
		return errors.New("more than 5 redirects")
	}
	return nil
}

// answer is what came back for one request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get reads path (relative to /api/v4/, parts escaped) and retries what may pass.
func (c *Client) get(ctx context.Context, path string) (*answer, error) {
	return c.do(ctx, http.MethodGet, path, nil, wantJSON)
}

// text reads what GitLab gives as it is: the log of a job, a file of a snippet. A login page is refused like anywhere.
func (c *Client) text(ctx context.Context, path string) ([]byte, error) {
	a, err := c.do(ctx, http.MethodGet, path, nil, wantText)
	if err != nil {
		return nil, err
	}
	return a.body, nil
}

// post sends a question that changes nothing: a GraphQL query, or the look-up of a token.
func (c *Client) post(ctx context.Context, path string, body any) (*answer, error) {
	return c.do(ctx, http.MethodPost, path, body, wantJSON)
}

// expected refuses an answer of another form than was asked for.
type expected func(method, path string, a *answer) error

func (c *Client) do(ctx context.Context, method, path string, body any, want expected) (*answer, error) {
	for try := 1; ; try++ {
		if err := c.pace.wait(ctx, c.now()); err != nil {
			return nil, err
		}
		a, err := c.once(ctx, method, path, body, want)
		if err == nil {
			return a, nil
		}
		c.mask(err)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		wait, again := c.backoff(err, a, try)
		if !again {
			return nil, err
		}
		c.log.DebugContext(ctx, "try again", "path", cutQuery(path), "in", wait, "reason", err)
		if err := c.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// mask takes out of an error what a server can put into it: our own token, sent back, and what is no plain line.
func (c *Client) mask(err error) {
	var api *APIError
	if !errors.As(err, &api) {
		return
	}
	for _, text := range []*string{&api.Message, &api.Scopes, &api.Path} {
		if token := c.token.Reveal(); token != "" {
			*text = strings.ReplaceAll(*text, token, "[secret]")
		}
		*text = cutText(*text, maxMessage)
	}
}

// once sends one request. The answer is not nil whenever GitLab answered at all.
func (c *Client) once(ctx context.Context, method, path string, body any, want expected) (*answer, error) {
	rel, query, _ := strings.Cut(path, "?")
	withQuery := func(r *retryablehttp.Request) error {
		r.URL.RawQuery = query
		return nil
	}
	if rel == graphQLPath {
		withQuery = func(r *retryablehttp.Request) error {
			r.URL = c.at("api", "graphql")
			return nil
		}
	}
	req, err := c.api.NewRequest(method, rel, body, []gitlab.RequestOptionFunc{withQuery, gitlab.WithContext(ctx)})
	if err != nil {
		return nil, fmt.Errorf("build request %s: %w", cutQuery(path), err)
	}
	began := c.now()
	c.requests.Add(1)
	if n, ok := ctx.Value(requestsKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	var buf strings.Builder
	resp, err := c.api.Do(req, &buf)
	if resp == nil || resp.Response == nil {
		return nil, c.transportError(method, path, err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: []byte(buf.String())}
	c.pace.follow(resp.Header, c.now())
	c.log.DebugContext(ctx, "request", "method", method, "path", cutQuery(path), "status", a.status, "ms", c.now().Sub(began).Milliseconds())
	if err != nil {
		return a, apiError(method, path, a, err)
	}
	if err := want(method, path, a); err != nil {
		return a, err
	}
	return a, nil
}

func (c *Client) transportError(method, path string, err error) error {
	var api *APIError
	if errors.As(err, &api) {
		known := *api // errTooLarge is one value for all
		known.Method, known.Path = method, cutQuery(path)
		return &known
	}
	return &APIError{Method: method, Path: cutQuery(path), Kind: transport, Message: plainCause(err), cause: err}
}

// wantJSON refuses an answer of another type: single sign-on gateways answer 200 with a login page.
func wantJSON(method, path string, a *answer) error {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if a.status == http.StatusNoContent || strings.HasSuffix(kind, "json") {
		switch {
		case a.status == http.StatusNoContent:
			return nil
		case values(a.body) > maxValues:
			return &APIError{Method: method, Path: cutQuery(path), Status: a.status, Kind: tooLarge, Message: fmt.Sprintf("the answer holds more than %d values", maxValues)}
		case json.Valid(a.body):
			return nil
		}
		return &APIError{Method: method, Path: cutQuery(path), Status: a.status, Kind: damaged, Message: "the answer is not whole JSON"}
	}
	return &APIError{Method: method, Path: cutQuery(path), Status: a.status, Kind: notJSON,
		Message: fmt.Sprintf("answered with %q in place of JSON: a login page or proxy may stand before GitLab", kind)}
}

// wantText refuses a page for people where a file was asked for.
func wantText(method, path string, a *answer) error {
	if webPage(a.header) {
		return &APIError{Method: method, Path: cutQuery(path), Status: a.status, Kind: notJSON,
			Message: "answered with a web page in place of a file: a login page or proxy may stand before GitLab"}
	}
	return nil
}

// values counts the values in a JSON text, roughly, without decoding it.
func values(text []byte) int {
	n, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case c == '\\' && inString:
			i++
		case !inString && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

// guard bounds what one answer may be, and keeps from client-go what it drops or cannot read: the body of a 404, and
// Link headers, of which it takes a form for granted.
type guard struct{ next http.RoundTripper }

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	next := g.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Header[keptLink] = resp.Header.Values("Link")
	resp.Header.Del("Link")
	if resp.StatusCode < 400 {
		resp.Body = &boundedBody{body: resp.Body, left: maxAnswer}
		return resp, nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorAnswer))
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		// client-go answers 404 with one fixed error and no text; the text tells a missing licence from a missing row.
		resp.Header.Set(bodyOf404, strings.ToValidUTF8(strings.ReplaceAll(string(text), "\n", " "), "?"))
	}
	resp.Body = io.NopCloser(strings.NewReader(string(text)))
	return resp, nil
}

const (
	bodyOf404 = "Nhi-Scan-Body"
	keptLink  = "Nhi-Scan-Link"
)

// boundedBody ends with an error after left bytes, and stays at its end: client-go drains what is left.
type boundedBody struct {
	body io.ReadCloser
	left int64
}

var errTooLarge = &APIError{Kind: tooLarge, Message: fmt.Sprintf("the answer is larger than %d MB", maxAnswer>>20)}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }

func cutQuery(path string) string {
	p, _, _ := strings.Cut(path, "?")
	return p
}

// redactURL shows a URL without user info and query, for messages about a URL that may not parse.
func redactURL(s string) string {
	s, _, _ = strings.Cut(s, "?")
	if i := strings.LastIndex(s, "@"); i >= 0 {
		return "…" + s[i:]
	}
	return s
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
