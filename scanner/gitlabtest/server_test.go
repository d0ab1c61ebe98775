package gitlabtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func smallWorld(t testing.TB) *World {
	t.Helper()
	w, err := Embedded("small")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newServer serves the small world.
func newServer(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(smallWorld(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// call sends one request below /api/v4/ with the token of a label, "" for none, and a form body.
func call(t testing.TB, s *Server, method, label, path, form string) *httptest.ResponseRecorder {
	t.Helper()
	target := "/api/v4/" + path
	if strings.HasPrefix(path, "/") {
		target = path
	}
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if label != "" {
		value := s.Token(label)
		if value == "" {
			t.Fatalf("no token %q in the world", label)
		}
		r.Header.Set("Private-Token", value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func get(t testing.TB, s *Server, label, path string) *httptest.ResponseRecorder {
	t.Helper()
	return call(t, s, http.MethodGet, label, path, "")
}

// list decodes a 200 answer that is an array.
func list(t testing.TB, w *httptest.ResponseRecorder) []map[string]any {
	t.Helper()
	var rows []map[string]any
	decode(t, w, &rows)
	return rows
}

// object decodes a 2xx answer that is an object.
func object(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var o map[string]any
	decode(t, w, &o)
	return o
}

func decode(t testing.TB, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if w.Code/100 != 2 {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("body %.200q: %v", w.Body, err)
	}
}

func TestUnknownRouteIsRecorded(t *testing.T) {
	s := newServer(t, Options{})
	if w := get(t, s, "admin", "projects/1000/nothing"); w.Code != 404 || w.Body.String() != `{"error":"404 Not Found"}` {
		t.Errorf("unknown route = %d %s", w.Code, w.Body)
	}
	if w := call(t, s, "PATCH", "admin", "projects/1000/deploy_tokens", ""); w.Code != 405 || w.Header().Get("Allow") != "GET, POST" {
		t.Errorf("wrong method = %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	want := "GET /api/v4/projects/1000/nothing PATCH /api/v4/projects/1000/deploy_tokens"
	if got := strings.Join(s.Unknown(), " "); got != want {
		t.Errorf("Unknown() = %q, want %q", got, want)
	}
}

func TestTrailingSlash(t *testing.T) {
	s := newServer(t, Options{})
	if w := get(t, s, "admin", "features/"); w.Code != 200 || s.Unknown() != nil {
		t.Errorf("GET features/ = %d %s, Unknown() = %q", w.Code, w.Body, s.Unknown())
	}
}

func TestLogHoldsNoToken(t *testing.T) {
	s := newServer(t, Options{})
	value := s.Token("maintainer")
	r := httptest.NewRequest("GET", "/api/v4/user?private_token="+value+"&a=b", nil)
	s.ServeHTTP(httptest.NewRecorder(), r)
	got := s.Requests()
	want := Request{Method: "GET", Path: "/api/v4/user", Query: "a=b", Status: 200, User: "mark"}
	if len(got) != 1 || got[0] != want {
		t.Errorf("Requests() = %+v, want %+v", got, want)
	}
}

func TestPrefix(t *testing.T) {
	s := newServer(t, Options{Prefix: "/gitlab"})
	w := get(t, s, "maintainer", "/gitlab/api/v4/projects?per_page=1")
	if w.Code != 200 || !strings.Contains(w.Header().Get("Link"), "http://example.com/gitlab/api/v4/projects?") {
		t.Errorf("under the prefix: %d, Link %q", w.Code, w.Header().Get("Link"))
	}
	if w := get(t, s, "maintainer", "/api/v4/projects"); w.Code != 404 {
		t.Errorf("outside the prefix: %d, want 404", w.Code)
	}
}

func TestStateIsACopy(t *testing.T) {
	w := smallWorld(t)
	a, err := New(w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, a, "DELETE", "maintainer-write", "projects/1000/deploy_tokens/2", ""); got.Code != 204 {
		t.Fatalf("delete = %d %s", got.Code, got.Body)
	}
	b, err := New(w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list(t, get(t, b, "maintainer", "projects/1000/deploy_tokens"))); n != 3 {
		t.Errorf("a second server of the same world shows %d deploy tokens, want 3", n)
	}
	if n := len(list(t, get(t, a, "maintainer", "projects/1000/deploy_tokens"))); n != 2 {
		t.Errorf("the first server shows %d deploy tokens after the deletion, want 2", n)
	}
}
