package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// testToken has the form of no real token.
const testToken = "EXAMPLE-token"

// answered serves handler and returns a client of it that notes its pauses in place of taking them.
func answered(t *testing.T, handler http.HandlerFunc, change func(*ClientOptions)) (*Client, *[]time.Duration) {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	var pauses []time.Duration
	c := testClient(t, s.URL, testToken, func(o *ClientOptions) {
		o.Sleep = func(ctx context.Context, d time.Duration) error {
			pauses = append(pauses, d)
			return ctx.Err()
		}
		if change != nil {
			change(o)
		}
	})
	return c, &pauses
}

func asJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// failing answers n times with fail, then with an empty list.
func failing(n int64, fail http.HandlerFunc) http.HandlerFunc {
	var count atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) <= n {
			fail(w, r)
			return
		}
		asJSON(w, 200, "[]")
	}
}

func TestClientRetries(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	limited := func(header, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(429)
			_, _ = w.Write([]byte("Retry later\n"))
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { asJSON(w, code, `{"message":"no"}`) }
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`[{"id":1`))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	tests := []struct {
		name     string
		fails    int64
		fail     http.HandlerFunc
		min, max time.Duration // of the first pause
		err      string        // empty is success
		tries    int
	}{
		{"429_with_retry_after", 2, limited("Retry-After", "7"), 7 * time.Second, 8 * time.Second, "", 3},
		{"429_with_retry_after_date", 1, limited("Retry-After", now.Add(30*time.Second).Format(http.TimeFormat)), 30 * time.Second, 30 * time.Second, "", 2},
		{"429_with_reset", 1, limited("RateLimit-Reset", fmt.Sprint(now.Add(40*time.Second).Unix())), 40 * time.Second, 40 * time.Second, "", 2},
		{"429_with_reset_of_a_skewed_clock", 1, limited("RateLimit-Reset", fmt.Sprint(now.Add(9*time.Hour).Unix())), maxWaitLimit, maxWaitLimit, "", 2},
		{"429_with_reset_in_the_past", 1, limited("RateLimit-Reset", fmt.Sprint(now.Add(-time.Hour).Unix())), firstWaitLimit, 13 * time.Second, "", 2},
		{"429_bare_plain_text", 1, limited("", ""), firstWaitLimit, 13 * time.Second, "", 2},
		{"429_without_end", 100, limited("", ""), firstWaitLimit, 13 * time.Second, "429 Too Many Requests: Retry later", maxTriesLimit},
		{"500_once", 1, status(500), 500 * time.Millisecond, time.Second, "", 2},
		{"503_without_end", 100, status(503), 500 * time.Millisecond, time.Second, "503 Service Unavailable", maxTries},
		{"truncated_once", 1, cut, 500 * time.Millisecond, time.Second, "", 2},
		{"truncated_without_end", 100, cut, 500 * time.Millisecond, time.Second, "the answer broke off", maxTries},
		{"403_is_final", 100, status(403), 0, 0, "403 Forbidden", 1},
		{"404_is_final", 100, status(404), 0, 0, "404 Not Found", 1},
		{"401_is_final", 100, status(401), 0, 0, "401 Unauthorized", 1},
		{"redirect_without_place", 100, status(302), 0, 0, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tries atomic.Int64
			handler := failing(tt.fails, tt.fail)
			c, pauses := answered(t, func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				handler(w, r)
			}, func(o *ClientOptions) { o.Now = func() time.Time { return now } })
			_, err := c.get(context.Background(), "projects?private=EXAMPLE")
			if tt.name == "redirect_without_place" {
				if err == nil {
					t.Fatal("get succeeded, want an error")
				}
				return
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("get = %v, want an error with %q", err, tt.err)
			}
			if err != nil && strings.Contains(err.Error(), "EXAMPLE") {
				t.Errorf("error text %q holds the query or the token", err)
			}
			if int(tries.Load()) != tt.tries {
				t.Errorf("%d requests, want %d", tries.Load(), tt.tries)
			}
			if c.Requests() != tt.tries {
				t.Errorf("Requests() = %d, want %d", c.Requests(), tt.tries)
			}
			if len(*pauses) > 0 && ((*pauses)[0] < tt.min || (*pauses)[0] > tt.max) {
				t.Errorf("first pause %s, want %s to %s", (*pauses)[0], tt.min, tt.max)
			}
		})
	}
}

func TestClientTimeout(t *testing.T) {
	c, _ := answered(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}, func(o *ClientOptions) { o.Timeout = 30 * time.Millisecond })
	_, err := c.get(context.Background(), "projects")
	if err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("get = %v, want no answer in time", err)
	}
}

func TestClientRefusesWebPages(t *testing.T) {
	c, _ := answered(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>Sign in</html>"))
	}, nil)
	_, err := c.get(context.Background(), "projects")
	var api *APIError
	if !errors.As(err, &api) || api.Kind != notJSON || strings.Contains(err.Error(), "Sign in") {
		t.Errorf("get = %v, want a refusal without the page's text", err)
	}
}

func TestClientRefusesHalfJSON(t *testing.T) {
	c, _ := answered(t, func(w http.ResponseWriter, _ *http.Request) { asJSON(w, 200, `[{"id":1},`) }, nil)
	_, err := c.get(context.Background(), "projects")
	var api *APIError
	if !errors.As(err, &api) || api.Kind != damaged {
		t.Errorf("get = %v, want damaged", err)
	}
}

// The token must not reach another host, neither by a redirect nor by a Link.
func TestClientStaysOnItsHost(t *testing.T) {
	var reached atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		asJSON(w, 200, "[]")
	}))
	defer other.Close()
	for _, code := range []int{301, 302, 307, 308} {
		c, _ := answered(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+r.URL.Path, code) }, nil)
		_, err := c.get(context.Background(), "projects")
		var api *APIError
		if !errors.As(err, &api) || api.Kind != foreignRedirect {
			t.Errorf("get through a %d to another host = %v, want a refusal", code, err)
		}
	}
	// GitLab's links name its external_url, which may be another host than the one asked: it is asked again all the same.
	v := pageVisit(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			w.Header().Set("Link", "<"+other.URL+`/gitlab/api/v4/things?cursor=a%2Cb&ids=1,2>; rel="next"`)
		}
		asJSON(w, 200, rowsJSON([]int64{int64(1 + len(r.URL.Query().Get("cursor")))}))
	})
	if ids, err := readAll(v); err != nil || !slices.Equal(ids, []int64{1, 4}) {
		t.Errorf("read %v, %v; want both pages", ids, err)
	}
	if reached.Load() != 0 {
		t.Errorf("the other host got %d requests, want none", reached.Load())
	}
}

// A moved path is followed on the same host, with the token.
func TestClientFollowsMovedPath(t *testing.T) {
	c, _ := answered(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Private-Token") != testToken:
			asJSON(w, 401, `{}`)
		case strings.Contains(r.URL.Path, "old"):
			http.Redirect(w, r, "/api/v4/projects/7", http.StatusMovedPermanently)
		default:
			asJSON(w, 200, `{"id":7}`)
		}
	}, nil)
	p, err := oneOf[projectJSON](context.Background(), c, "projects/old")
	if err != nil || p.ID != 7 {
		t.Errorf("project = %d, %v; want 7", p.ID, err)
	}
}

// A server that sends a gigabyte is read up to the bound and no further.
func TestClientBoundsAnswers(t *testing.T) {
	var sent atomic.Int64
	c, _ := answered(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		chunk := []byte("[" + strings.Repeat(" ", 1<<20))
		for range 1024 {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}, nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := c.get(context.Background(), "projects")
	runtime.GC()
	runtime.ReadMemStats(&after)
	var api *APIError
	if !errors.As(err, &api) || api.Kind != tooLarge {
		t.Fatalf("get = %v, want a refusal for its size", err)
	}
	if sent.Load() > 4*maxAnswer {
		t.Errorf("%d MB were sent before the client gave up, want at most %d", sent.Load()>>20, 4*maxAnswer>>20)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > maxAnswer {
		t.Errorf("%d MB stay in memory", kept>>20)
	}
	if total := after.TotalAlloc - before.TotalAlloc; total > 8*maxAnswer {
		t.Errorf("%d MB were allocated, want at most %d", total>>20, 8*maxAnswer>>20)
	}
}

func TestAPIErrorText(t *testing.T) {
	tests := []struct {
		name, body, want, scopes string
		status                   int
	}{
		{"plain_message", `{"message":"403 Forbidden"}`, "GET groups: 403 Forbidden", "", 403},
		{"reason", `{"message":"403 Forbidden - Your account has been blocked."}`, "GET groups: 403 Forbidden: 403 Forbidden - Your account has been blocked.", "", 403},
		{"scope", `{"error":"insufficient_scope","error_description":"needs more","scope":"api read_api"}`, "GET groups: 403 Forbidden: needs more", "api read_api", 403},
		{"message_object", `{"message":{"base":["no licence"]}}`, `GET groups: 400 Bad Request: {"base":["no licence"]}`, "", 400},
		{"404_keeps_its_text", `{"message":"404 Group Not Found"}`, "GET groups: 404 Not Found: 404 Group Not Found", "", 404},
		{"web_page_is_dropped", `<html>oops</html>`, "GET groups: 403 Forbidden: a web page in place of GitLab's answer: a login page, firewall or proxy may stand before it", "", 403},
		{"web_page_of_an_outage", `<html>oops</html>`, "GET groups: 502 Bad Gateway", "", 502},
		{"control_characters", "{\"message\":\"a\\u001b[31mb\"}", "GET groups: 400 Bad Request: a [31mb", "", 400},
		{"long_text_is_cut", `{"message":"` + strings.Repeat("x", 5000) + `"}`, "GET groups: 400 Bad Request: " + strings.Repeat("x", 200) + "…", "", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := answered(t, func(w http.ResponseWriter, _ *http.Request) { asJSON(w, tt.status, tt.body) }, nil)
			_, err := c.get(context.Background(), "groups?search=EXAMPLE")
			var api *APIError
			if !errors.As(err, &api) {
				t.Fatalf("get = %v, want an APIError", err)
			}
			if err.Error() != tt.want || api.Scopes != tt.scopes {
				t.Errorf("error %q, scopes %q; want %q, %q", err, api.Scopes, tt.want, tt.scopes)
			}
		})
	}
}

func TestNewClientRefusesURLs(t *testing.T) {
	for _, url := range []string{"", "gitlab.example", "ftp://gitlab.example", "https://user:EXAMPLE@gitlab.example", "://"} {
		_, err := NewClient(ClientOptions{URL: url})
		if err == nil {
			t.Errorf("NewClient(%q) succeeded", url)
		} else if strings.Contains(err.Error(), "EXAMPLE") {
			t.Errorf("NewClient(%q) = %v: shows the password", url, err)
		}
	}
}

func TestPaceFollowsHeaders(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	headers := func(limit, left string, reset time.Time) http.Header {
		return http.Header{"Ratelimit-Limit": {limit}, "Ratelimit-Remaining": {left}, "Ratelimit-Reset": {fmt.Sprint(reset.Unix())}}
	}
	tests := []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"plenty_left", headers("600", "300", now.Add(30*time.Second)), 0},
		{"nearly_used_up", headers("600", "10", now.Add(30*time.Second)), 30 * time.Second},
		{"clock_ahead", headers("600", "0", now.Add(5*time.Hour)), time.Minute},
		{"clock_behind", headers("600", "0", now.Add(-5*time.Hour)), 0},
		{"no_headers", http.Header{}, 0},
		{"nonsense", headers("many", "few", now), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPace(0)
			p.follow(tt.header, now)
			if got := max(p.until.Sub(now), 0); got != tt.want {
				t.Errorf("requests wait %s, want %s", got, tt.want)
			}
		})
	}
}
