package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Actor is who makes a request. The zero Actor is anonymous.
type Actor struct {
	User   *User // nil for anonymous callers and deploy tokens
	Token  *AccessToken
	Job    *Job
	Deploy *DeployToken
	// Admin is an effective administrator: with Admin Mode on, only with a token of the scope admin_mode.
	Admin   bool
	Auditor bool
}

// Anonymous says that nobody is signed in.
func (a Actor) Anonymous() bool { return a.User == nil && a.Deploy == nil }

// granular says that the token is a fine-grained one: its scopes count for nothing, its permissions do.
func (t *AccessToken) granular() bool { return len(t.Granular) > 0 }

// personal says that the token belongs to an account of its own, not to the bot of a project or group token.
func (t *AccessToken) personal() bool { return t.project == nil && t.group == nil }

// credential is what a request brought, with the way it came.
type credential struct {
	value string
	way   way
	user  string // of HTTP Basic
}

type way int

const (
	noWay way = iota
	byPrivateToken
	byBearer
	byJobToken
	byBasic
)

// presented reads the credential of a request, in GitLab's order.
func presented(r *http.Request, basic bool) credential {
	q := r.URL.Query()
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	if v := first(r.Header.Get("Private-Token"), q.Get("private_token")); v != "" {
		return credential{value: v, way: byPrivateToken}
	}
	if v := first(r.Header.Get("Job-Token"), q.Get("job_token")); v != "" {
		return credential{value: v, way: byJobToken}
	}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		return credential{value: strings.TrimSpace(rest), way: byBearer}
	}
	if v := q.Get("access_token"); v != "" {
		return credential{value: v, way: byBearer}
	}
	if user, password, ok := r.BasicAuth(); ok && basic {
		return credential{value: password, way: byBasic, user: user}
	}
	return credential{}
}

// authenticate resolves the caller. A nil answer means that the request may go on, perhaps as nobody.
func (s *Server) authenticate(r *http.Request, route *Route, now time.Time) (Actor, *Answer) {
	if route.Own {
		return Actor{}, nil
	}
	cred := presented(r, route.Basic)
	if cred.way == noWay {
		return Actor{}, s.demandLogin(route, nil)
	}
	switch owner := s.st.owners[cred.value].(type) {
	case *AccessToken:
		if cred.way == byJobToken {
			break
		}
		return s.asToken(owner, route, now)
	case *oauthToken:
		own := strings.HasPrefix(route.Path, "personal_access_tokens/self") // which it is none of
		if !own && (cred.way == byBearer || cred.way == byBasic && cred.user == "oauth2") {
			return s.asToken(owner.AccessToken, route, now)
		}
	case *Job:
		viaBasic := cred.way == byBasic && cred.user == "gitlab-ci-token"
		if owner.Status != "running" || (cred.way != byJobToken && !viaBasic) || !(route.JobToken || route.Basic) {
			break
		}
		user := s.st.userByName(owner.pipeline.User)
		if user == nil || user.State != "active" {
			break
		}
		return Actor{User: user, Job: owner}, nil
	case *DeployToken:
		if cred.way == byBasic && cred.user == owner.Username && !owner.Revoked && !owner.ExpiresAt.past(now) {
			return Actor{Deploy: owner}, nil
		}
	}
	a := Unauthorized()
	return Actor{}, s.demandLogin(route, &a)
}

// demandLogin answers 401, with the challenge that git waits for where HTTP Basic is spoken. A nil wrong means that no
// credential came, which Anonymous routes take.
func (s *Server) demandLogin(route *Route, wrong *Answer) *Answer {
	if wrong == nil && route.Anonymous {
		return nil
	}
	a := Unauthorized()
	if route.Basic {
		a = Plain(http.StatusUnauthorized, "text/plain", "HTTP Basic: Access denied\n")
		a.Header = http.Header{"Www-Authenticate": {`Basic realm="GitLab"`}}
	}
	return &a
}

func (s *Server) asToken(t *AccessToken, route *Route, now time.Time) (Actor, *Answer) {
	refuse := func(a Answer) (Actor, *Answer) { return Actor{}, &a }
	switch {
	case route.Basic && !t.active(now):
		return Actor{}, s.demandLogin(route, &Answer{})
	case t.Revoked:
		return refuse(oauthError(http.StatusUnauthorized, "invalid_token", "Token was revoked. You have to re-authorize from the user.", ""))
	case t.ExpiresAt.past(now):
		return refuse(oauthError(http.StatusUnauthorized, "invalid_token",
			"Token is expired. You can either do re-authorization or token refresh.", ""))
	case t.user.State != "active":
		if route.Basic {
			return Actor{}, s.demandLogin(route, &Answer{})
		}
		return refuse(Forbidden("Your account has been " + blockedWord(t.user.State) + "."))
	}
	actor := Actor{User: t.user, Token: t, Auditor: t.user.Auditor}
	actor.Admin = t.user.Admin && (!s.profile.AdminMode || slices.Contains(t.Scopes, "admin_mode") || t.grants("instance"))
	s.touch(t, now)
	if route.AnyScope || route.Basic || t.granular() {
		return actor, nil
	}
	for _, scope := range route.scopes() {
		if slices.Contains(t.Scopes, scope) {
			return actor, nil
		}
	}
	return refuse(oauthError(http.StatusForbidden, "insufficient_scope",
		"The request requires higher privileges than provided by the access token.", strings.Join(route.scopes(), " ")))
}

// sudo lets an administrator act as somebody else, by a token of that scope.
// Source: https://docs.gitlab.com/api/rest/authentication/#sudo, GitLab's lib/api/helpers.rb
func (c *Call) sudo() *Answer {
	name := cmp.Or(c.Text("sudo"), c.Request.Header.Get("Sudo"))
	refuse := func(a Answer) *Answer { return &a }
	switch {
	case name == "" || c.Route.Basic:
		return nil
	case c.Actor.User == nil:
		return refuse(Unauthorized())
	case !c.Actor.Admin:
		return refuse(Forbidden("Must be admin to use sudo"))
	case c.Actor.Token == nil:
		return refuse(Forbidden("Must be authenticated using an OAuth or personal access token to use sudo"))
	case !slices.Contains(c.Actor.Token.Scopes, "sudo"):
		return refuse(oauthError(http.StatusForbidden, "insufficient_scope", "The request requires higher privileges than provided by the access token.", "sudo"))
	}
	u := c.st.userByName(name)
	if id, err := strconv.ParseInt(name, 10, 64); u == nil && err == nil {
		u = c.st.users[id]
	}
	if u == nil {
		return refuse(NotFound("User with ID or username '" + name + "'"))
	}
	c.Actor = Actor{User: u, Token: c.Actor.Token, Auditor: u.Auditor, Admin: u.Admin}
	return nil
}

func blockedWord(state string) string {
	if state == "deactivated" {
		return "deactivated by your administrator"
	}
	return "blocked"
}

func (t *AccessToken) grants(access string) bool {
	return slices.ContainsFunc(t.Granular, func(g GranularScope) bool { return g.Access == access })
}

// touch moves last_used_at, at most once a minute (ten before 17.0), as GitLab does.
func (s *Server) touch(t *AccessToken, now time.Time) {
	every := time.Minute
	if !s.profile.Has("17.0") {
		every = 10 * time.Minute
	}
	if t.LastUsedAt.IsZero() || now.Sub(t.LastUsedAt.Time) >= every {
		t.LastUsedAt = At(now)
		s.st.changed()
	}
}
