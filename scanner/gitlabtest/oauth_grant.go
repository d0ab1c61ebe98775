package gitlabtest

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// oauthGrant is what a person let an application do: first a code to fetch, or a device that waits, then tokens.
type oauthGrant struct {
	app      *Application
	user     *User // nil while a device waits
	denied   bool
	scopes   []string
	redirect string // of the code
	// challenge is what the application proves to be the asker of the code by. Source: RFC 7636
	challenge, method string
	userCode          string
	ends              time.Time

	refresh string
	access  string
}

// oauthToken is an access token of an application. It is no personal access token, and stands in none of their lists.
type oauthToken struct {
	*AccessToken
	grant *oauthGrant
}

// How long each lives. Source: https://docs.gitlab.com/api/oauth2/
const (
	codeLife   = 10 * time.Minute
	deviceLife = 5 * time.Minute
	tokenLife  = 2 * time.Hour
)

// maxGrants bounds the codes and devices that nobody came for.
const maxGrants = 1000

func (st *state) keepGrant(key string, g *oauthGrant, now time.Time) {
	for k, old := range st.grantsOf {
		if old.ends.Before(now) || len(st.grantsOf) >= maxGrants {
			delete(st.grantsOf, k)
		}
	}
	st.grantsOf[key] = g
}

// oauthSecret makes a fresh value, which follows from the seed as all values of a world do.
func (st *state) oauthSecret(what string) string {
	return newEntropy(st.seed, what+"\x00"+itoa(st.next("oauth_values"))).pick(lowerHex, 64)
}

// signIn is the page by which a person of a world lets an application in. A world has no passwords: a personal access
// token of the scope api proves who he is.
var signIn = template.Must(template.New("").Parse(`<!DOCTYPE html><meta charset="utf-8"><title>Simulated GitLab</title>
<h1>Let {{.App}} in?</h1><p>It asks for: {{.Scopes}}. Nobody has a password here: give a personal access token with the scope api.</p>
<p>{{.Wrong}}</p>
<form method="post">{{range $name, $value := .Keep}}<input type="hidden" name="{{$name}}" value="{{$value}}">{{end}}
{{if .Device}}<p><label>Code <input name="user_code" value="{{.UserCode}}"></label></p>{{end}}
<p><label>Token <input type="password" name="access_token_of_user" autocomplete="off"></label></p>
<p><button name="decision" value="allow">Authorize</button> <button name="decision" value="deny">Deny</button></p></form>
`))

type signInPage struct {
	App, Scopes, Wrong, UserCode string
	Device                       bool
	Keep                         map[string]string
}

func (p signInPage) answer(status int) Answer {
	var b strings.Builder
	if err := signIn.Execute(&b, p); err != nil {
		return Message(http.StatusInternalServerError, "500 Internal Server Error")
	}
	a := Plain(status, "text/html; charset=utf-8", b.String())
	a.Header = http.Header{"X-Frame-Options": {"DENY"}, "Referrer-Policy": {"no-referrer"}}
	return a
}

// appOf finds the application that a request names, and the scopes that it asks for: all of its own where it names none.
func (c *Call) appOf() (*Application, []string, string) {
	for _, a := range c.st.w.Applications {
		if a.ClientID != c.Text("client_id") {
			continue
		}
		scopes := strings.Fields(c.Text("scope"))
		if len(scopes) == 0 {
			scopes = a.Scopes
		}
		if slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(a.Scopes, s) }) {
			return nil, nil, "The requested scope is invalid, unknown, or malformed."
		}
		return a, scopes, ""
	}
	return nil, nil, "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."
}

// person is who proves himself on the page; nil where nobody does.
func (c *Call) person() *User {
	t, known := c.st.owners[c.Text("access_token_of_user")].(*AccessToken)
	if !known || !t.active(c.Now) || !slices.Contains(t.Scopes, "api") || t.user.State != "active" {
		return nil
	}
	return t.user
}

// authorizePage asks a person, and sends him back to the application with a code.
func authorizePage(c *Call) Answer {
	app, scopes, wrong := c.appOf()
	redirect := c.Text("redirect_uri")
	switch {
	case wrong != "":
		return oauthFault(http.StatusBadRequest, "invalid_request", wrong)
	case !slices.Contains(strings.Fields(app.CallbackURL), redirect):
		return oauthFault(http.StatusBadRequest, "invalid_request", "The redirect URI included is not valid.")
	case c.Text("response_type") != "code":
		return oauthFault(http.StatusBadRequest, "unsupported_response_type", "The authorization server does not support this response type.")
	}
	back := func(pairs ...string) Answer {
		u, err := url.Parse(redirect)
		if err != nil {
			return oauthFault(http.StatusBadRequest, "invalid_request", "The redirect URI included is not valid.")
		}
		q := u.Query()
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		if state := c.Text("state"); state != "" {
			q.Set("state", state)
		}
		u.RawQuery = q.Encode()
		a := Plain(http.StatusFound, "text/html", "")
		a.Header = http.Header{"Location": {u.String()}}
		return a
	}
	page := signInPage{App: app.Name, Scopes: strings.Join(scopes, " "), Keep: map[string]string{}}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"} {
		page.Keep[name] = c.Text(name)
	}
	if c.Request.Method == http.MethodGet {
		return page.answer(http.StatusOK)
	}
	if c.Text("decision") == "deny" {
		return back("error", "access_denied", "error_description", "The resource owner or authorization server denied the request.")
	}
	user := c.person()
	if user == nil {
		page.Wrong = "This token is none, or lacks the scope api."
		return page.answer(http.StatusUnprocessableEntity)
	}
	code := c.st.oauthSecret("code")
	c.st.keepGrant("code "+code, &oauthGrant{app: app, user: user, scopes: scopes, redirect: redirect, challenge: c.Text("code_challenge"), method: c.Text("code_challenge_method"), ends: c.Now.Add(codeLife)}, c.Now)
	return back("code", code)
}

// authorizeDevice begins a grant for a program without a browser. Source: RFC 8628
func authorizeDevice(c *Call) Answer {
	app, scopes, wrong := c.appOf()
	if wrong != "" {
		return oauthFault(http.StatusUnauthorized, "invalid_client", wrong)
	}
	device := c.st.oauthSecret("device")
	user := newEntropy(c.st.seed, "user code\x00"+device).pick("BCDFGHJKLMNPQRSTVWXZ", 8)
	c.st.keepGrant("device "+device, &oauthGrant{app: app, scopes: scopes, userCode: user, ends: c.Now.Add(deviceLife)}, c.Now)
	at := c.URL("/oauth/device")
	return OK(Object{"device_code": device, "user_code": user, "verification_uri": at, "verification_uri_complete": at + "?user_code=" + user, "expires_in": int(deviceLife.Seconds()), "interval": 5})
}

// devicePage is where a person names the code that his device shows.
func devicePage(c *Call) Answer {
	page := signInPage{App: "a device", Scopes: "what the device said", Device: true, UserCode: c.Text("user_code")}
	if c.Request.Method == http.MethodGet {
		return page.answer(http.StatusOK)
	}
	for key, g := range c.st.grantsOf {
		if !strings.HasPrefix(key, "device ") || g.user != nil || g.ends.Before(c.Now) || !strings.EqualFold(g.userCode, c.Text("user_code")) {
			continue
		}
		if c.Text("decision") == "deny" {
			g.denied = true
			return Plain(http.StatusOK, "text/plain", "Denied.\n")
		}
		if g.user = c.person(); g.user != nil {
			return Plain(http.StatusOK, "text/plain", "Authorized: go back to the device.\n")
		}
	}
	page.Wrong = "This code is none, or the token is none, or lacks the scope api."
	return page.answer(http.StatusUnprocessableEntity)
}

// exchange gives tokens for a code, a device that was let in, or a refresh token.
func (c *Call) exchange(app *Application, kind string) Answer {
	const bad = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
	key := map[string]string{"authorization_code": "code " + c.Text("code"), "refresh_token": "refresh " + c.Text("refresh_token"), deviceGrant: "device " + c.Text("device_code")}[kind]
	g := c.st.grantsOf[key]
	switch {
	case g == nil || g.app != app:
		return oauthFault(http.StatusBadRequest, "invalid_grant", bad)
	case kind == deviceGrant && g.denied:
		return oauthFault(http.StatusBadRequest, "access_denied", "The resource owner or authorization server denied the request.")
	case g.ends.Before(c.Now):
		return oauthFault(http.StatusBadRequest, map[bool]string{true: "expired_token", false: "invalid_grant"}[kind == deviceGrant], bad)
	case kind == deviceGrant && g.user == nil:
		return oauthFault(http.StatusBadRequest, "authorization_pending", "The authorization request is still pending as the end user hasn't yet completed the user interaction steps.")
	case kind == "authorization_code" && (g.redirect != c.Text("redirect_uri") || !g.proved(c.Text("code_verifier"))):
		return oauthFault(http.StatusBadRequest, "invalid_grant", bad)
	}
	delete(c.st.grantsOf, key)
	delete(c.st.owners, g.access) // a refresh ends both
	return c.tokens(g)
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// proved says that who fetches a code is who asked for it.
func (g *oauthGrant) proved(verifier string) bool {
	switch {
	case g.challenge == "":
		return g.app.Confidential // the secret has proved it
	case g.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		return base64.RawURLEncoding.EncodeToString(sum[:]) == g.challenge
	}
	return verifier == g.challenge
}

func (c *Call) tokens(g *oauthGrant) Answer {
	g.access, g.refresh, g.ends = c.st.oauthSecret("access"), c.st.oauthSecret("refresh"), c.Now.AddDate(1, 0, 0)
	t := &AccessToken{Name: g.app.Name, Scopes: g.scopes, CreatedAt: At(c.Now), ExpiresAt: At(c.Now.Add(tokenLife)), Value: g.access, user: g.user}
	c.st.owners[g.access] = &oauthToken{t, g}
	c.st.keepGrant("refresh "+g.refresh, g, c.Now)
	return OK(Object{"access_token": g.access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "refresh_token": g.refresh, "scope": strings.Join(g.scopes, " "), "created_at": c.Now.Unix()})
}

// revokeOAuth ends a grant by one of its tokens; GitLab says nothing of a token that is none.
func (c *Call) revokeOAuth(app *Application) Answer {
	g := c.st.grantsOf["refresh "+c.Text("token")]
	if t, known := c.st.owners[c.Text("token")].(*oauthToken); known {
		g = t.grant
	}
	if g != nil && g.app == app {
		delete(c.st.owners, g.access)
		delete(c.st.grantsOf, "refresh "+g.refresh)
	}
	return OK(Object{})
}

// introspect tells an application of its own tokens.
func (c *Call) introspect(app *Application) Answer {
	t, known := c.st.owners[c.Text("token")].(*oauthToken)
	if !known || t.grant.app != app || t.ExpiresAt.past(c.Now) {
		return OK(Object{"active": false})
	}
	return OK(Object{"active": true, "scope": strings.Join(t.Scopes, " "), "client_id": app.ClientID, "token_type": "Bearer", "exp": t.ExpiresAt.Unix(), "iat": t.CreatedAt.Unix()})
}

// showOAuthToken is what a token says of itself.
func showOAuthToken(c *Call) Answer {
	value := strings.TrimPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	t, known := c.st.owners[value].(*oauthToken)
	if !known || t.ExpiresAt.past(c.Now) {
		return oauthFault(http.StatusUnauthorized, "invalid_token", "The access token is invalid")
	}
	left := int(t.ExpiresAt.Sub(c.Now).Seconds())
	return OK(Object{"resource_owner_id": t.user.ID, "scope": t.Scopes, "expires_in": left, "expires_in_seconds": left, "application": Object{"uid": t.grant.app.ClientID}, "created_at": t.CreatedAt.Unix(), "scopes": t.Scopes})
}
