package scanner

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

// between is a transport that may change what the simulator answers, as what stands before a GitLab does.
type between func(*http.Request, *http.Response) *http.Response

func (f between) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return f(r, resp), nil
}

// through scans by way of a transport.
func (f between) through(o *ClientOptions) { o.Transport = f }

func answerWith(resp *http.Response, status int, kind, body string) *http.Response {
	resp.Body.Close()
	resp.StatusCode, resp.ContentLength, resp.Body = status, int64(len(body)), io.NopCloser(strings.NewReader(body))
	resp.Header = http.Header{"Content-Type": {kind}}
	return resp
}

// What stands before GitLab may refuse one place: that is said of this place, and never taken for GitLab's own word.
func TestGatewayRefusesOnePlace(t *testing.T) {
	const page, name = "text/html; charset=utf-8", "deploy-token"
	tests := []struct {
		name       string
		status     int
		kind, body string
		state      inventory.State
		reason     string
	}{
		{"firewall", 403, page, "<html>blocked</html>", inventory.Failed, "web page in place of GitLab's answer"},
		{"no_encoded_slashes", 404, page, "<!DOCTYPE html>", inventory.Failed, "web page in place of GitLab's answer"},
		{"single_sign_on", 401, page, "<html>Sign in</html>", inventory.Failed, "web page in place of GitLab's answer"},
		{"page_without_a_type", 403, "", "<html>blocked</html>", inventory.Failed, "web page in place of GitLab's answer"},
		{"token_not_taken_here", 401, "application/json", `{"message":"401 Unauthorized"}`, inventory.Denied, "accepted elsewhere, but not here"},
		{"gitlab_refuses", 403, "application/json", `{"message":"403 Forbidden - IP not allowed"}`, inventory.Denied, "IP not allowed"},
		{"maintenance", 503, page, "<html>back soon</html>", inventory.Failed, "503 Service Unavailable"},
		{"null", 200, "application/json", "null", inventory.Failed, "null in place of a list"},
		{"error_with_200", 200, "application/json", `{"error":"quota"}`, inventory.Failed, "another shape"},
		{"cut_whole", 200, "application/json", "", inventory.Failed, "not whole JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := setup{Sources: []Source{deployToken}, Client: between(func(r *http.Request, resp *http.Response) *http.Response {
				if strings.HasSuffix(r.URL.Path, "/projects/1000/deploy_tokens") {
					return answerWith(resp, tt.status, tt.kind, tt.body)
				}
				return resp
			}).through}.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			c := s.coverage[inventory.Visit{Source: name, Home: inventory.HomeID(testInstance, inventory.ProjectHome, 1000)}]
			if c.State != tt.state || !strings.Contains(c.Reason, tt.reason) {
				t.Errorf("coverage %s %q, want %s %q", c.State, c.Reason, tt.state, tt.reason)
			}
			if other := s.coverage[inventory.Visit{Source: name, Home: inventory.HomeID(testInstance, inventory.ProjectHome, 1001)}]; other.State != inventory.Complete {
				t.Errorf("another project is %s: %s", other.State, other.Reason)
			}
		})
	}
}

// Whoever is asked who the token is, and is no GitLab, is told from one.
func TestIdentifyRefusesWhatIsNoGitLab(t *testing.T) {
	for name, tt := range map[string]struct {
		path, kind, body, want string
		status                 int
	}{
		"empty_object":     {"user", "application/json", `{}`, "names no user", 200},
		"null":             {"user", "application/json", `null`, "names no user", 200},
		"list":             {"user", "application/json", `[]`, "another shape", 200},
		"login_page":       {"user", "text/html", `<html>`, "in place of JSON", 200},
		"proxy_asks":       {"user", "text/html", `<html>`, "401 Unauthorized: a web page", 401},
		"firewall":         {"application/settings", "text/html", `<html>`, "probe administrator rights", 403},
		"terms":            {"user", "application/json", `{"message":"403 Forbidden - You must accept the Terms of Service"}`, "Terms of Service", 403},
		"maintenance_page": {"user", "text/html", `<html>`, "502 Bad Gateway", 502},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup{Client: between(func(r *http.Request, resp *http.Response) *http.Response {
				if strings.HasSuffix(r.URL.Path, "/api/v4/"+tt.path) {
					return answerWith(resp, tt.status, tt.kind, tt.body)
				}
				return resp
			}).through}.scan(t)
			if s.Err == nil || errors.Is(s.Err, ErrToken) || !strings.Contains(s.Err.Error(), tt.want) {
				t.Errorf("Identify = %v, want an error with %q", s.Err, tt.want)
			}
		})
	}
}

// Before 15.2 there is no GET /metadata.
func TestIdentifyAsksForTheVersion(t *testing.T) {
	s := setup{Client: between(func(r *http.Request, resp *http.Response) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/metadata") {
			return answerWith(resp, 404, "application/json", `{"error":"404 Not Found"}`)
		}
		return resp
	}).through}.scan(t)
	self, err := Identify(t.Context(), s.Client, testInstance)
	if err != nil || self.Version != gitlabtest.Default().Version+".0-ee" {
		t.Errorf("Identify = version %q, %v", self.Version, err)
	}
}

// An installation that sends to https is named as such, not as another host.
func TestRedirectToHTTPSIsNamed(t *testing.T) {
	c, _ := answered(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
	}, nil)
	_, err := c.get(t.Context(), "user")
	if err == nil || !strings.Contains(err.Error(), "redirected to https://"+c.Host()+": give that address") {
		t.Errorf("get = %v, want the address to give", err)
	}
}

// A GitLab that is reached below another name and path than its own, and gives two rows a page, is read as whole as one
// that is reached directly.
func TestScanBehindAnotherName(t *testing.T) {
	sources := []Source{userSource, personalAccessToken, deployToken, deployKey, runner, variable, memberSource}
	direct := setup{Sources: sources}.scan(t)
	behind := setup{Sources: sources, Client: func(o *ClientOptions) {
		to, err := url.Parse(o.URL)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httptest.NewServer(http.StripPrefix("/code", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = "gitlab.internal.example"
			q := r.Out.URL.Query()
			if q.Has("per_page") {
				q.Set("per_page", "2")
				r.Out.URL.RawQuery = q.Encode()
			}
		}}))
		t.Cleanup(proxy.Close)
		o.URL = proxy.URL + "/code"
	}}.scan(t)
	if direct.Err != nil || behind.Err != nil {
		t.Fatal(direct.Err, behind.Err)
	}
	if behind.Client.Requests() <= direct.Client.Requests() {
		t.Fatalf("%d requests behind the proxy, %d without: nothing was paged", behind.Client.Requests(), direct.Client.Requests())
	}
	for visit, c := range direct.coverage {
		other := behind.coverage[visit]
		if other.State != c.State || other.Reason != c.Reason || len(behind.visits[visit]) != len(direct.visits[visit]) {
			t.Errorf("%s in %s is %s %q with %d rows, want %s %q with %d", visit.Source, visit.Home, other.State, other.Reason, len(behind.visits[visit]), c.State, c.Reason, len(direct.visits[visit]))
		}
	}
	if len(behind.coverage) != len(direct.coverage) {
		t.Errorf("%d visits, want %d", len(behind.coverage), len(direct.coverage))
	}
}

// Whatever stands between may speak an older HTTP, count wrongly, or no HTTP at all: what is whole is read, and the rest is
// a plain reason.
func TestOddConnections(t *testing.T) {
	const head, rows = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", `[{"id":1},{"id":2}]`
	for name, tt := range map[string]struct{ raw, want string }{
		"http_1_0":              {"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + rows, ""},
		"length_of_more":        {head + "Content-Length: 100\r\nConnection: close\r\n\r\n" + rows, "the answer broke off"},
		"length_of_less":        {head + "Content-Length: 9\r\n\r\n" + rows, "not whole JSON"},
		"length_that_is_none":   {head + "Content-Length: many\r\n\r\n" + rows, "bad Content-Length"},
		"two_lengths":           {head + "Content-Length: 19\r\nContent-Length: 9\r\n\r\n" + rows, "Content-Length"},
		"chunks_that_break_off": {head + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + rows[:5], "the answer broke off"},
		"no_http":               {"SSH-2.0-OpenSSH_9.7\r\n", "malformed HTTP"},
		"nothing":               {"", "EOF"},
		"byte_order_mark":       {head + "Content-Length: 22\r\n\r\n\ufeff" + rows, "not whole JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = http.ReadRequest(bufio.NewReader(conn))
					_, _ = conn.Write([]byte(tt.raw))
					conn.Close()
				}
			}()
			c := testClient(t, "http://"+listener.Addr().String(), testToken, nil)
			ids, err := readAll(&Visit{run: &run{client: c}})
			if tt.want == "" {
				if err != nil || len(ids) != 2 {
					t.Errorf("read %v, %v", ids, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("read %v, %v; want an error with %q", ids, err, tt.want)
			}
		})
	}
}

// distorted changes one row of every list, and every single object.
func distorted(change func(key string, value any) any) between {
	return func(r *http.Request, resp *http.Response) *http.Response {
		if kind := resp.Header.Get("Content-Type"); kind != "application/json" || resp.StatusCode != 200 || strings.HasSuffix(r.URL.Path, "/user") {
			return resp
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var body any
		if d.Decode(&body) == nil {
			if list, ok := body.([]any); ok && len(list) > 0 {
				list[0] = distort(list[0], change)
			} else if !ok {
				body = distort(body, change)
			}
			text, _ = json.Marshal(body)
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return resp
	}
}

type left struct{} // a field that is left out

func distort(v any, change func(key string, value any) any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			v[k] = change(k, distort(inner, change))
			if v[k] == (left{}) {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = distort(v[i], change)
		}
	}
	return v
}

// A GitLab that shows less than ours, all the way to nothing, breaks nothing: many a null says what is not there.
func TestNothingIsShown(t *testing.T) {
	for name, change := range map[string]func(string, any) any{
		"null": func(string, any) any { return nil }, "missing": func(string, any) any { return left{} },
		"empty_lists": func(_ string, v any) any {
			if _, ok := v.([]any); ok {
				return []any{}
			}
			return v
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup{Sources: Sources()[3:], Client: distorted(change).through, Unknown: func([]string) {}}.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
		})
	}
}

// A GitLab that writes its answers otherwise than ours breaks nothing, and no visit that lost a row calls itself complete.
func TestWhatIsLostIsTold(t *testing.T) {
	sources := slices.DeleteFunc(Sources(), func(s Source) bool { return listing(s) || derived(s) })
	whole := setup{Sources: sources}.scan(t)
	if whole.Err != nil {
		t.Fatal(whole.Err)
	}
	for name, change := range map[string]func(string, any) any{
		"no_keys": func(key string, v any) any {
			if key == "key" {
				return nil
			}
			return v
		},
		"numbers_as_text": func(_ string, v any) any {
			if n, ok := v.(json.Number); ok {
				return n.String()
			}
			return v
		},
		"flags_as_numbers": func(_ string, v any) any {
			if on, ok := v.(bool); ok {
				return map[bool]int{true: 1}[on]
			}
			return v
		},
		"texts_as_objects": func(_ string, v any) any {
			if s, ok := v.(string); ok {
				return map[string]any{"text": s}
			}
			return v
		},
		"huge_numbers": func(_ string, v any) any {
			if _, ok := v.(json.Number); ok {
				return json.Number("1e400")
			}
			return v
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup{Sources: sources, Client: distorted(change).through, Unknown: func([]string) {}}.scan(t)
			if s.Err != nil && !strings.Contains(s.Err.Error(), "another shape") {
				t.Fatal(s.Err)
			}
			for visit, rows := range whole.visits {
				c, visited := s.coverage[visit]
				if !visited || c.State != inventory.Complete {
					continue
				}
				for _, o := range rows {
					kind, id := o.Row()
					if kind != inventory.IdentityRow && kind != inventory.CredentialRow {
						continue
					}
					if !slices.ContainsFunc(s.visits[visit], func(o inventory.Observation) bool { k, i := o.Row(); return k == kind && i == id }) {
						t.Errorf("%s in %s is complete, but %s is lost", visit.Source, visit.Home, id)
					}
				}
			}
		})
	}
}
