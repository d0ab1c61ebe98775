package gitlabtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// askWith sends a request with headers, as the administrator who may write.
func askWith(s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/api/v4/"+path, strings.NewReader(body))
	r.Header.Set("Private-Token", s.Token("admin-write"))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// TestUnchangedAnswers: a client that has an answer already is told so, for as long as it is the same.
func TestUnchangedAnswers(t *testing.T) {
	s := newServer(t, Options{})
	first := askWith(s, "GET", "projects/1000", "")
	tag := first.Header().Get("Etag")
	if !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("Etag = %q, want a weak one", tag)
	}
	if w := askWith(s, "GET", "projects/1000", "", "If-None-Match", `W/"other", `+tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("asked again = %d with %d bytes, want 304 with none", w.Code, w.Body.Len())
	}
	askWith(s, "PUT", "projects/1000", `{"description":"another"}`, "Content-Type", "application/json")
	if w := askWith(s, "GET", "projects/1000", "", "If-None-Match", tag); w.Code != http.StatusOK {
		t.Errorf("asked after a change = %d, want 200", w.Code)
	}
}

// TestSudo acts as somebody else, by number or name, and only for administrators with the scope.
func TestSudo(t *testing.T) {
	s := newServer(t, Options{})
	for name, want := range map[string]string{"4": `"username":"mark"`, "mark": `"username":"mark"`, "nobody": "404 User with ID or username 'nobody' Not Found"} {
		if w := askWith(s, "GET", "user", "", "Sudo", name); !strings.Contains(w.Body.String(), want) {
			t.Errorf("as %s = %d %s, want %s", name, w.Code, w.Body, want)
		}
	}
	if w := askWith(s, "POST", "applications?sudo=mark", `{"name":"a"}`, "Content-Type", "application/json"); w.Code != http.StatusForbidden {
		t.Errorf("what an administrator may, as mark = %d, want 403", w.Code)
	}
	for label, want := range map[string]string{"admin": "insufficient_scope", "maintainer": "Must be admin to use sudo"} {
		if w := get(t, s, label, "user?sudo=mark"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), want) {
			t.Errorf("sudo of %s = %d %s, want 403 with %s", label, w.Code, w.Body, want)
		}
	}
}

// TestBodiesAreBounded: what is too large or nests too deep is refused, and the server goes on.
func TestBodiesAreBounded(t *testing.T) {
	s := newServer(t, Options{})
	const form = "application/x-www-form-urlencoded"
	for name, test := range map[string]struct {
		kind, body string
		want       int
	}{
		"large json":   {"application/json", `{"name":"` + strings.Repeat("a", maxBody) + `"}`, http.StatusRequestEntityTooLarge},
		"large form":   {form, "name=" + strings.Repeat("a", maxBody), http.StatusRequestEntityTooLarge},
		"deep json":    {"application/json", strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000), http.StatusBadRequest},
		"deep form":    {form, "a" + strings.Repeat("[b]", 100_000) + "=1", http.StatusBadRequest},
		"no object":    {"application/json", "[1]", http.StatusBadRequest},
		"broken parts": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", http.StatusBadRequest},
	} {
		if w := askWith(s, "POST", "groups", test.body, "Content-Type", test.kind); w.Code != test.want {
			t.Errorf("%s = %d %.100s, want %d", name, w.Code, w.Body, test.want)
		}
	}
	if w := askWith(s, "GET", "user", ""); w.Code != http.StatusOK {
		t.Errorf("afterwards = %d", w.Code)
	}
}

// TestLongPathsAreBounded: a path of very many parts is looked up as soon as any other, and is remembered in part.
func TestLongPathsAreBounded(t *testing.T) {
	s := newServer(t, Options{})
	w := get(t, s, "", "/"+strings.Repeat("a/", 100_000)+"info/refs")
	if w.Code != http.StatusNotFound || len(s.Unknown()) != 1 || len(s.Unknown()[0]) > 3000 {
		t.Errorf("a long path = %d, %d bytes remembered", w.Code, len(strings.Join(s.Unknown(), "")))
	}
}

// TestFailedHandler answers 500 as GitLab does, and is remembered for the test that ran into it.
func TestFailedHandler(t *testing.T) {
	s := newServer(t, Options{})
	s.st.projects[1000].Triggers[0] = nil
	if w := get(t, s, "maintainer", "projects/1000/triggers"); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "500 Internal Server Error") {
		t.Errorf("answer = %d %s, want 500", w.Code, w.Body)
	}
	if u := s.Unknown(); len(u) != 1 || !strings.Contains(u[0], "projects/1000/triggers failed") {
		t.Errorf("Unknown() = %q", u)
	}
	if w := get(t, s, "maintainer", "user"); w.Code != http.StatusOK {
		t.Errorf("afterwards = %d: the lock is kept", w.Code)
	}
}
