package gitlabtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxPack bounds what a client may send.
const maxPack = 64 << 20

// gitRoutes are git's smart HTTP protocol, served by git's own http-backend.
// Source: https://git-scm.com/docs/http-protocol
func gitRoutes() []Route {
	const source = "https://docs.gitlab.com/topics/git/clone/#clone-with-https"
	return []Route{
		{Method: "GET", Path: "/*repo/info/refs", Basic: true, Anonymous: true, AnyScope: true, JobToken: true, Source: source, Handle: serveGit},
		{Method: "POST", Path: "/*repo/git-upload-pack", Reads: true, Basic: true, Anonymous: true, AnyScope: true, JobToken: true, Source: source, Handle: serveGit},
		{Method: "POST", Path: "/*repo/git-receive-pack", Basic: true, AnyScope: true, JobToken: true, Source: source, Handle: receivePush},
	}
}

// serveGit checks what GitLab checks before it lets git in: a project that is hidden asks an anonymous caller to sign
// in and tells anybody else that it does not exist.
func serveGit(c *Call) Answer {
	if c.Request.Method == http.MethodGet && c.Request.URL.Query().Get("service") == "git-receive-pack" {
		return advertisePush(c)
	}
	path, isGit := strings.CutSuffix(c.Path("repo"), ".git")
	path, isWiki := strings.CutSuffix(path, ".wiki")
	p := c.cloned(path)
	r, dir := (*Repository)(nil), ""
	if p != nil {
		r, dir = p.Repository, c.server.gitDir(p)
		if isWiki {
			r, dir = p.Wiki, c.server.wikiDir(p)
		}
	}
	switch {
	case !isGit || p == nil || !c.mayClone(p):
		if c.Actor.Anonymous() {
			return *c.server.demandLogin(c.Route, new(Answer))
		}
		return Plain(http.StatusNotFound, "text/plain", "The project you were looking for could not be found or you don't have permission to view it.\n")
	case c.Actor.Token != nil && !hasGitScope(c.Actor.Token.Scopes):
		return Plain(http.StatusForbidden, "text/plain", "HTTP Basic: Access denied. The provided password or token is incorrect or your account has 2FA enabled.\n")
	case c.server.opts.RepoDir != "" && r == nil && p.fresh && !isWiki:
		c.Project = p // somebody clones what is still empty
		b, err := c.ownRepository()
		if err != nil {
			return c.withoutGit()
		}
		return Answer{Serve: c.server.backend(b.dir)}
	case c.server.opts.RepoDir == "" || r == nil:
		return Plain(http.StatusNotFound, "text/plain", "The repository does not exist.\n")
	}
	return Answer{Serve: c.server.backend(dir)}
}

// cloned is the project at a path, or at the one that an old path leads on to.
func (c *Call) cloned(path string) *Project {
	if p := c.FindProject(path); p != nil {
		return p
	}
	return c.st.projPath[lowerPath(c.st.moved[lowerPath(path)])]
}

func hasGitScope(scopes []string) bool {
	for _, s := range scopes {
		if s == "api" || s == "read_repository" || s == "write_repository" {
			return true
		}
	}
	return false
}

// mayClone reports whether the caller may read a project's code. Private code needs Reporter.
func (c *Call) mayClone(p *Project) bool {
	if d := c.Actor.Deploy; d != nil {
		inside := d.project == p || d.group != nil && strings.HasPrefix(p.Path+"/", d.group.Path+"/")
		return inside && hasGitScope(d.Scopes)
	}
	if c.Actor.Job != nil {
		return c.JobReaches(p)
	}
	if p.Visibility == "public" || p.Visibility == "internal" && !c.Actor.Anonymous() {
		return true
	}
	return !c.Actor.Anonymous() && (c.Actor.Admin || c.Actor.Auditor || c.Level(p) >= Reporter)
}

var backendPath = sync.OnceValue(func() string {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
})

// backend answers one request from the bare repository at dir, with more settings of git.
func (s *Server) backend(dir string, settings ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// CGI knows no chunked bodies, which git sends for long negotiations.
		body, err := io.ReadAll(io.LimitReader(r.Body, maxPack))
		if err != nil {
			http.Error(w, "400 Bad request", http.StatusBadRequest)
			return
		}
		inner := r.Clone(r.Context())
		inner.Body, inner.ContentLength, inner.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		inner.URL.Path = "/" + filepath.Base(dir) + r.URL.Path[strings.LastIndex(r.URL.Path, ".git/")+len(".git"):]
		inner.Header.Del("Authorization")
		h := cgi.Handler{
			Path: backendPath(), Root: "/", Dir: dir, Stderr: io.Discard,
			Env: append([]string{"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "PATH=" + lookPath()}, gitSettings(settings)...),
		}
		h.ServeHTTP(w, inner)
	}
}

// gitSettings adds settings, "name=value", to those that every git command here has.
func gitSettings(settings []string) []string {
	env := slices.Clone(gitEnv)
	for i, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		n := strconv.Itoa(i + 1) // 0 is safe.directory
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+name, "GIT_CONFIG_VALUE_"+n+"="+value)
	}
	return append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(len(settings)+1))
}
