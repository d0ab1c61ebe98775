package gitlabtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

// Step is one thing that happens in a world after its Now, so that a second scan sees a lifecycle. Exactly one of
// Call, Commit, Use and neither (time alone passes) is given.
type Step struct {
	At Time `yaml:"at"`
	// Call is a request to the instance's own API, "POST /projects/acme%2Fshop/archive", made with the credential labelled As.
	Call string         `yaml:"call"`
	As   string         `yaml:"as"`
	Body map[string]any `yaml:"body"` // sent as JSON; dates stand in quotes
	// Commit is pushed to Project.
	Project string  `yaml:"project"`
	Commit  *Commit `yaml:"commit"`
	// Use lists labels of access tokens that somebody uses, and of runners that ask for jobs, at that time.
	Use []string `yaml:"use"`
}

// Now is the server's clock.
func (s *Server) Now() time.Time { return s.opts.Clock().UTC() }

// Later plays the world's steps, in their order, and leaves the clock at the last. A call that GitLab refuses is an
// error: the world's author meant it to succeed. It does nothing to a server with a clock of its own but play.
func (s *Server) Later(ctx context.Context) error {
	for _, step := range s.st.w.Later {
		at := step.At.Time
		s.mu.Lock()
		s.opts.Clock = func() time.Time { return at }
		s.mu.Unlock()
		if err := s.play(ctx, step); err != nil {
			return fmt.Errorf("step at %s: %w", step.At.Format(time.RFC3339), err)
		}
	}
	return nil
}

func (s *Server) play(ctx context.Context, step *Step) error {
	switch {
	case step.Call != "":
		return s.call(ctx, step)
	case step.Commit != nil:
		return s.push(step)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, label := range step.Use {
		switch t := s.st.owners[s.st.labels[label]].(type) {
		case *AccessToken:
			t.LastUsedAt = step.At
		case *Runner:
			t.ContactedAt = step.At
			for _, m := range t.Managers {
				m.ContactedAt = step.At
			}
		default:
			return fmt.Errorf("use %q: no access token or runner has this label", label)
		}
		s.st.changed()
	}
	return nil
}

func (s *Server) call(ctx context.Context, step *Step) error {
	method, path := "", ""
	if _, err := fmt.Sscan(step.Call, &method, &path); err != nil {
		return fmt.Errorf("call %q: want METHOD /path", step.Call)
	}
	body, err := json.Marshal(step.Body)
	if err != nil {
		return err
	}
	req := httptest.NewRequestWithContext(ctx, method, s.opts.Prefix+"/api/v4"+path, bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Private-Token", s.Token(step.As))
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	if rec.Code >= http.StatusBadRequest {
		return fmt.Errorf("%s as %s: %d %s", step.Call, step.As, rec.Code, rec.Body)
	}
	return nil
}

func (s *Server) push(step *Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.st.projPath[lowerPath(step.Project)]
	if p == nil || p.Repository == nil || p.Repository.Dir != "" {
		return fmt.Errorf("commit to %q: no project with a repository of its own", step.Project)
	}
	c := *step.Commit
	if c.Date.IsZero() {
		c.Date = step.At
	}
	p.Repository.Commits = append(p.Repository.Commits, &c)
	p.LastActive = step.At
	s.st.changed()
	if s.opts.RepoDir == "" {
		return nil
	}
	return s.addCommits(p.Path, p.Repository, s.gitDir(p), []*Commit{&c})
}
