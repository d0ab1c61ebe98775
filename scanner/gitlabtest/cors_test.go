package gitlabtest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestBrowsersMayAsk: programs in a browser use the API from everywhere, and git's and people's addresses from nowhere.
func TestBrowsersMayAsk(t *testing.T) {
	s := newServer(t, Options{})
	ask := func(method, path, origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		r.Header.Set("Private-Token", s.Token("admin"))
		if method == http.MethodOptions {
			r.Header.Set("Access-Control-Request-Method", "PUT")
			r.Header.Set("Access-Control-Request-Headers", "private-token")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	if w := ask("OPTIONS", "/api/v4/projects/1000", "https://cms.example"); w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Headers") != "private-token" {
		t.Errorf("the question before = %d %v", w.Code, w.Header())
	}
	if w := ask("GET", "/api/v4/projects", "https://cms.example"); w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Expose-Headers") != exposed {
		t.Errorf("GET = %d %v", w.Code, w.Header())
	}
	for path, origin := range map[string]string{"/api/v4/projects": "", "/acme/shop/cart.git/info/refs": "https://cms.example"} {
		if w := ask("GET", path, origin); w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("GET %s from %q lets %s in", path, origin, w.Header().Get("Access-Control-Allow-Origin"))
		}
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}
