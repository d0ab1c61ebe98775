package gitlabtest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const callback = "https://app.example/back"

// withApp is a server with an application that keeps no secret, and a clock to move.
func withApp(t *testing.T) (*Server, *Application, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	s := newServer(t, Options{Clock: func() time.Time { return now }})
	w := call(t, s, "POST", "admin-write", "applications", "name=Desk&scopes=read_api+read_user&confidential=false&redirect_uri="+url.QueryEscape(callback))
	if w.Code != http.StatusCreated {
		t.Fatalf("application = %d %s", w.Code, w.Body)
	}
	return s, s.st.w.Applications[len(s.st.w.Applications)-1], &now
}

// answers posts a form to a path below the root.
func answers(t *testing.T, s *Server, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	return call(t, s, "POST", "", path, form.Encode())
}

func bearer(s *Server, value, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+value)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// An application gets a code by a person's leave, a token for the code by its proof, and new ones for a refresh token.
func TestOAuthByCode(t *testing.T) {
	s, app, now := withApp(t)
	const verifier = "EXAMPLE-verifier-of-forty-three-characters-00"
	sum := sha256.Sum256([]byte(verifier))
	ask := url.Values{"client_id": {app.ClientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"read_api"}, "state": {"a b"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	if w := get(t, s, "", "/oauth/authorize?"+ask.Encode()); w.Code != 200 || !strings.Contains(w.Body.String(), "Desk") || w.Header().Get("X-Frame-Options") != "DENY" {
		t.Fatalf("page = %d %s", w.Code, w.Body)
	}
	with := func(v url.Values, pairs ...string) url.Values {
		out := url.Values{}
		for k, list := range v {
			out[k] = list
		}
		for i := 0; i < len(pairs); i += 2 {
			out.Set(pairs[i], pairs[i+1])
		}
		return out
	}
	for name, form := range map[string]url.Values{
		"a_token_that_is_none": with(ask, "access_token_of_user", "glpat-EXAMPLE"), "a_token_to_read": with(ask, "access_token_of_user", s.Token("read-user")),
		"another_place_to_go": with(ask, "redirect_uri", "https://evil.example/"), "more_than_the_application_has": with(ask, "scope", "api"),
		"an_application_that_is_none": with(ask, "client_id", "EXAMPLE"),
	} {
		if w := answers(t, s, "/oauth/authorize", form); w.Code/100 != 4 {
			t.Errorf("%s = %d %s", name, w.Code, w.Header().Get("Location"))
		}
	}
	let := func() string {
		w := answers(t, s, "/oauth/authorize", with(ask, "access_token_of_user", s.Token("maintainer-write")))
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || w.Code != http.StatusFound || to.Query().Get("state") != "a b" || !strings.HasPrefix(to.String(), callback) {
			t.Fatalf("leave = %d %s, %v", w.Code, w.Header().Get("Location"), err)
		}
		return to.Query().Get("code")
	}
	fetch := url.Values{"client_id": {app.ClientID}, "grant_type": {"authorization_code"}, "code": {let()}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for name, form := range map[string]url.Values{
		"another_verifier": with(fetch, "code_verifier", "EXAMPLE"), "no_verifier": with(fetch, "code_verifier", ""), "another_place": with(fetch, "redirect_uri", callback+"/x"), "another_code": with(fetch, "code", "EXAMPLE"),
	} {
		if w := answers(t, s, "/oauth/token", form); w.Code != 400 || !strings.Contains(w.Body.String(), "invalid_grant") {
			t.Errorf("%s = %d %s", name, w.Code, w.Body)
		}
	}
	first := object(t, answers(t, s, "/oauth/token", fetch))
	access, refresh := first["access_token"].(string), first["refresh_token"].(string)
	if w := answers(t, s, "/oauth/token", fetch); w.Code != 400 {
		t.Errorf("a code used twice = %d", w.Code)
	}
	if w := bearer(s, access, "/api/v4/user"); w.Code != 200 || !strings.Contains(w.Body.String(), `"username":"mark"`) {
		t.Errorf("user = %d %s", w.Code, w.Body)
	}
	if w := bearer(s, access, "/api/v4/personal_access_tokens/self"); w.Code != 401 {
		t.Errorf("as a personal token it knows itself: %d %s", w.Code, w.Body)
	}
	if w := bearer(s, access, "/oauth/token/info"); w.Code != 200 || !strings.Contains(w.Body.String(), `"scope":["read_api"]`) {
		t.Errorf("info = %d %s", w.Code, w.Body)
	}
	if w := call(t, s, "POST", "", "projects/1000/labels?access_token="+access, "name=x&color=red"); w.Code != http.StatusForbidden {
		t.Errorf("a token to read makes a label: %d", w.Code)
	}
	r := httptest.NewRequest("GET", "/api/v4/user", nil)
	r.Header.Set("Private-Token", access)
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Errorf("as a personal token it is answered %d", w.Code)
	}
	if body := get(t, s, "admin", "personal_access_tokens?per_page=100").Body.String(); strings.Contains(body, `"Desk"`) {
		t.Error("it stands among the personal tokens")
	}

	again := url.Values{"client_id": {app.ClientID}, "grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	second := object(t, answers(t, s, "/oauth/token", again))
	if w := bearer(s, access, "/api/v4/user"); w.Code != 401 {
		t.Errorf("the first token after a refresh = %d", w.Code)
	}
	if w := answers(t, s, "/oauth/token", again); w.Code != 400 {
		t.Errorf("a refresh token used twice = %d", w.Code)
	}
	*now = now.Add(tokenLife)
	if w := bearer(s, second["access_token"].(string), "/api/v4/user"); w.Code != 401 {
		t.Errorf("a token after its life = %d", w.Code)
	}
	again.Set("refresh_token", second["refresh_token"].(string))
	third := object(t, answers(t, s, "/oauth/token", again))["access_token"].(string)
	answers(t, s, "/oauth/revoke", url.Values{"client_id": {app.ClientID}, "token": {third}})
	if w := bearer(s, third, "/api/v4/user"); w.Code != 401 {
		t.Errorf("a revoked token = %d", w.Code)
	}
	fetch.Set("code", let())
	*now = now.Add(codeLife + time.Second)
	if w := answers(t, s, "/oauth/token", fetch); w.Code != 400 {
		t.Errorf("a code after its life = %d", w.Code)
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// A program without a browser waits until a person lets it in elsewhere.
func TestOAuthByDevice(t *testing.T) {
	s, app, _ := withApp(t)
	client := url.Values{"client_id": {app.ClientID}, "scope": {"read_api"}}
	begin := object(t, answers(t, s, "/oauth/authorize_device", client))
	poll := url.Values{"client_id": {app.ClientID}, "grant_type": {deviceGrant}, "device_code": {begin["device_code"].(string)}}
	if w := answers(t, s, "/oauth/token", poll); w.Code != 400 || !strings.Contains(w.Body.String(), "authorization_pending") {
		t.Errorf("before = %d %s", w.Code, w.Body)
	}
	let := url.Values{"user_code": {begin["user_code"].(string)}, "access_token_of_user": {"glpat-EXAMPLE"}}
	if w := answers(t, s, "/oauth/device", let); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("let in by nobody = %d", w.Code)
	}
	let.Set("access_token_of_user", s.Token("maintainer-write"))
	if w := answers(t, s, "/oauth/device", let); w.Code != 200 {
		t.Errorf("let in = %d %s", w.Code, w.Body)
	}
	token := object(t, answers(t, s, "/oauth/token", poll))["access_token"].(string)
	if w := bearer(s, token, "/oauth/userinfo"); w.Code != 200 || !strings.Contains(w.Body.String(), `"nickname":"mark"`) {
		t.Errorf("userinfo = %d %s", w.Code, w.Body)
	}
	begin = object(t, answers(t, s, "/oauth/authorize_device", client))
	answers(t, s, "/oauth/device", url.Values{"user_code": {begin["user_code"].(string)}, "decision": {"deny"}})
	poll.Set("device_code", begin["device_code"].(string))
	if w := answers(t, s, "/oauth/token", poll); w.Code != 400 || !strings.Contains(w.Body.String(), "access_denied") {
		t.Errorf("denied = %d %s", w.Code, w.Body)
	}
}
