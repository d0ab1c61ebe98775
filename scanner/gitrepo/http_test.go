package gitrepo

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nhiscan/inventory/secret"
)

// smartHTTP answers as GitLab does, with git's own server program below root; 401 without the right token.
func smartHTTP(t *testing.T, root, token string) http.Handler {
	t.Helper()
	backend := filepath.Join(sh(t, root, "--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Fatalf("git-http-backend: %v", err)
	}
	h := &cgi.Handler{
		Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
		InheritEnv: []string{"PATH"}, Logger: log.New(io.Discard, "", 0), Stderr: io.Discard,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "oauth2" || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitLab"`)
			http.Error(w, "HTTP Basic: Access denied", http.StatusUnauthorized)
			return
		}
		if p := r.Header.Get("Git-Protocol"); p != "" {
			h := *h
			h.Env = append(h.Env[:len(h.Env):len(h.Env)], "GIT_PROTOCOL="+p)
			h.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestMirrorOverHTTP(t *testing.T) {
	dir := bare(t, tinyCommits(30))
	right := token(t)
	s := serve(t, smartHTTP(t, filepath.Dir(dir), right))
	c := openCache(t, t.TempDir(), 0)
	r := Remote{URL: s.URL + "/repo.git", Token: secret.New(right), Key: "demo/7"}
	if _, empty, err := c.Refs(t.Context(), r); err != nil || empty {
		t.Fatalf("Refs = %v, %v", empty, err)
	}
	if n := len(texts(t, c, r)); n != 30 {
		t.Errorf("%d contents, want 30", n)
	}
	imports(t, dir, stream(change{branch: "refs/heads/b", files: [][2]string{{"f", "new"}}}))
	if n := len(texts(t, c, r)); n != 31 {
		t.Errorf("%d contents after a fetch, want 31", n)
	}
	noTrace(t, c.dir, right)
}

// noTrace looks for the token, plain or as it is sent, in every file below dir.
func noTrace(t *testing.T, dir, token string) {
	t.Helper()
	basic := Remote{URL: "https://x.example/", Token: secret.New(token)}.dress(call{}).hide
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, value := range basic {
			if strings.Contains(string(data), value) {
				t.Errorf("%s holds the token", path)
			}
		}
		return err
	})
	if err != nil || len(basic) != 2 {
		t.Errorf("noTrace: %v, %d values", err, len(basic))
	}
}

func TestRemoteRefuses(t *testing.T) {
	dir := bare(t, tinyCommits(3))
	right, wrong := token(t), token(t)
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) })
	}
	tests := []struct {
		name    string
		handler http.Handler
		token   string
		want    error
	}{
		{"wrong_token", smartHTTP(t, filepath.Dir(dir), right), wrong, ErrAuth},
		{"no_token", smartHTTP(t, filepath.Dir(dir), right), "", ErrAuth},
		{"forbidden", status(http.StatusForbidden), right, ErrAuth},
		{"not_found", status(http.StatusNotFound), right, ErrNoRepo},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.handler)
			c := openCache(t, t.TempDir(), 0)
			r := Remote{URL: s.URL + "/repo.git", Token: secret.New(tt.token)}
			_, _, err1 := c.Refs(t.Context(), r)
			_, err2 := c.Mirror(t.Context(), r, nil)
			for _, err := range []error{err1, err2} {
				if !errors.Is(err, tt.want) {
					t.Errorf("error = %v, want %v", err, tt.want)
				}
				if tt.token != "" && strings.Contains(err.Error(), tt.token) {
					t.Errorf("error shows the token: %v", err)
				}
			}
			if size := folderSize(c.dir); size > 1000 {
				t.Errorf("%d bytes left behind", size)
			}
		})
	}
}

// A mirror outlives the days on which its server refuses us.
func TestMirrorStaysWhenRefused(t *testing.T) {
	dir := bare(t, tinyCommits(3))
	right := token(t)
	s := serve(t, smartHTTP(t, filepath.Dir(dir), right))
	c := openCache(t, t.TempDir(), 0)
	r := Remote{URL: s.URL + "/repo.git", Token: secret.New(right)}
	texts(t, c, r)
	size := folderSize(c.dir)
	r.Token = secret.New(token(t))
	if _, err := c.Mirror(t.Context(), r, nil); !errors.Is(err, ErrAuth) {
		t.Errorf("Mirror = %v, want ErrAuth", err)
	}
	s.Close()
	if _, err := c.Mirror(t.Context(), r, nil); err == nil || errors.Is(err, ErrAuth) {
		t.Errorf("Mirror from a closed server = %v", err)
	}
	if now := folderSize(c.dir); now != size {
		t.Errorf("cache has %d bytes, had %d", now, size)
	}
}

func TestRedirectGetsNoToken(t *testing.T) {
	dir := bare(t, tinyCommits(3))
	right := token(t)
	var mu sync.Mutex
	var elsewhere []string
	other := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		elsewhere = append(elsewhere, r.URL.Path+" "+r.Header.Get("Authorization"))
		mu.Unlock()
		smartHTTP(t, filepath.Dir(dir), right).ServeHTTP(w, r)
	}))
	for name, h := range map[string]http.HandlerFunc{
		"at_once": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.RequestURI(), http.StatusMovedPermanently)
		},
		"behind_the_refs": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				http.Redirect(w, r, other.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
				return
			}
			smartHTTP(t, filepath.Dir(dir), right).ServeHTTP(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, h)
			c := openCache(t, t.TempDir(), 0)
			if _, err := c.Mirror(t.Context(), Remote{URL: s.URL + "/repo.git", Token: secret.New(right)}, nil); !errors.Is(err, ErrRedirect) {
				t.Errorf("Mirror = %v, want ErrRedirect", err)
			}
		})
	}
	mu.Lock()
	defer mu.Unlock()
	if len(elsewhere) > 0 {
		t.Errorf("the other host was asked: %q", elsewhere)
	}
}

func TestHangingServer(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer close(release)
	c := openCache(t, t.TempDir(), 0)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := c.Mirror(ctx, Remote{URL: s.URL + "/repo.git"}, nil)
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 3*time.Second {
		t.Errorf("Mirror = %v after %v, want the deadline", err, took)
	}
	if size := folderSize(c.dir); size > 1000 {
		t.Errorf("%d bytes left behind", size)
	}
}

// slow writes as a thin line does, and counts.
type slow struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (s slow) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(len(b)) * time.Second / 2_000_000)
	s.sent.Add(int64(len(b)))
	return s.ResponseWriter.Write(b)
}

// A clone that grows too large ends while it arrives, not behind the last byte.
func TestSizeBoundWhileReceiving(t *testing.T) {
	noise := make([]byte, 8<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	dir := bare(t, stream(change{files: [][2]string{{"f", string(noise)}}}))
	right := token(t)
	var sent atomic.Int64
	h := smartHTTP(t, filepath.Dir(dir), right)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(slow{w, &sent}, r) }))
	c := openCache(t, t.TempDir(), 500_000)
	var told int64
	_, err := c.Mirror(t.Context(), Remote{URL: s.URL + "/repo.git", Token: secret.New(right)}, func(n int64) { told = n })
	if !errors.Is(err, ErrTooLarge) || sent.Load() > 6<<20 || told == 0 {
		t.Errorf("Mirror = %v after %d bytes, progress %d, want ErrTooLarge early", err, sent.Load(), told)
	}
	if size := folderSize(c.dir); size > 1000 {
		t.Errorf("%d bytes left behind", size)
	}
}

func TestCAFile(t *testing.T) {
	dir := bare(t, tinyCommits(3))
	right := token(t)
	s := httptest.NewUnstartedServer(smartHTTP(t, filepath.Dir(dir), right))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Remote{URL: s.URL + "/repo.git", Token: secret.New(right)}
	c := openCache(t, t.TempDir(), 0)
	if _, err := c.Mirror(t.Context(), r, nil); err == nil {
		t.Error("Mirror from an unknown certificate worked")
	}
	r.CAFile = ca
	if n := len(texts(t, c, r)); n != 3 {
		t.Errorf("%d contents, want 3", n)
	}
}

func TestRemoteCheck(t *testing.T) {
	for url, good := range map[string]bool{
		"https://gitlab.example/a/b.git":           true,
		"http://gitlab.example:8080/a/b%20c.git":   true,
		"file:///srv/a.git":                        true,
		"https://user:EXAMPLE@gitlab.example/a":    false,
		"https://user@gitlab.example/a":            false,
		"https://gitlab.example/a?private_token=x": false,
		"https://gitlab.example/a\nb":              false,
		"https://gitlab.example/a b":               false,
		"https:///a":                               false,
		"ssh://git@gitlab.example/a":               false,
		"git@gitlab.example:a/b.git":               false,
		"ext::sh -c touch% /tmp/x":                 false,
		"--upload-pack=touch":                      false,
		"/srv/a.git":                               false,
		"":                                         false,
		"file://host/a":                            false,
	} {
		err := Remote{URL: url}.check(true)
		if (err == nil) != good {
			t.Errorf("check(%q) = %v, want ok %v", url, err, good)
		}
		if err != nil && strings.Contains(err.Error(), "EXAMPLE") {
			t.Errorf("check(%q) repeats a password: %v", url, err)
		}
	}
	if err := (Remote{URL: "file:///srv/a.git"}).check(false); err == nil {
		t.Error("check let a file URL pass")
	}
}
