package scanner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/gitrepo"
)

// repositorySource clones a project and looks for secrets in every content that a branch, a tag or a merge request
// reaches. Wikis and snippets are other repositories.
var repositorySource = Source{
	ID: "repository", Title: "Secrets in code and history",
	Shows: "Secrets in the files of a repository, at the head of its default branch and in its whole history, with the commit and author that brought them.",
	API:   []string{"git clone --mirror"},
	Needs: Needs{Role: Reporter, Scope: "read_repository"},
	Homes: atProject,
	None:  emptyRepository,
	Skip: func(v *Visit) string {
		if v.run.o.Git == nil {
			return "switched off by --history none"
		}
		return ""
	},
	Collect: func(ctx context.Context, v *Visit) error { return v.readShelf(ctx, codeShelf) },
}

// shelf is one of the repositories of a project: how its places are called, and which of its files are the present.
type shelf struct {
	id            string // in IDs of locations and keys of the cache, for life
	suffix        string // of the project's path
	head, history string // surfaces
}

var (
	codeShelf = shelf{id: "repository", head: inventory.SurfaceFile, history: inventory.SurfaceHistory}
	wikiShelf = shelf{id: "wiki", suffix: ".wiki", head: inventory.SurfaceWiki, history: inventory.SurfaceWiki}
)

// branch is the branch whose files are the present; empty is the repository's HEAD.
func (s shelf) branch(v *Visit) string {
	if s.suffix != "" {
		return ""
	}
	return v.Home.Default
}

// readShelf emits the places of secrets in a repository, unless nothing in it changed since an earlier scan.
func (v *Visit) readShelf(ctx context.Context, s shelf) error {
	if !gitScope(v.Self.Token.Scope) && v.Home.Visibility != "public" {
		return denied("the token lacks the scope read_repository, without which GitLab refuses git")
	}
	done, err := v.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	remote := v.remote(s)
	refs, empty, err := v.run.o.Git.Refs(ctx, remote)
	switch {
	case err != nil:
		return v.gitError(err)
	case empty:
		return nil
	}
	state := v.repositoryState(s, refs)
	if v.replay(ctx, s, state) {
		return nil
	}
	repo, err := v.run.o.Git.Mirror(ctx, remote, nil)
	if err != nil {
		return v.gitError(err)
	}
	defer func() { _ = repo.Close() }() // what a lock or the trimming of the cache meets, the next use of it meets too
	found, damage, err := v.search(ctx, s, repo)
	if err != nil {
		return v.gitError(err)
	}
	found.emit(v, s)
	if damage != "" {
		v.note = damage // it outweighs what a rule of ours left out
		return nil
	}
	return v.keep(ctx, s, state)
}

// gitScope reports whether git takes a token with these scopes. What a fine-grained token may do is not told by them,
// and no scope at all means that GitLab did not tell.
// Source: https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes
func gitScope(scopes string) bool {
	return scopes == "" || slices.ContainsFunc(strings.Fields(scopes), func(s string) bool {
		return slices.Contains([]string{"api", "read_repository", "write_repository", "granular"}, s)
	})
}

// turn waits until the repository may be read: few at a time, for that is bound by the processor, and the forks of
// one project one after another, for then each content that they share is matched once.
func (v *Visit) turn(ctx context.Context) (done func(), err error) {
	family, _ := shared(v, "forks of "+v.forkRoot(), func() (chan struct{}, error) { return make(chan struct{}, 1), nil })
	for i, queue := range []chan struct{}{family, v.run.slots} {
		select {
		case queue <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-family
			}
			return nil, context.Cause(ctx)
		}
	}
	return func() { <-v.run.slots; <-family }, nil
}

// maxForks bounds a line of forks of forks: what a server tells of them may be a ring.
const maxForks = 100

// forkRoot is the project that this one descends from, as far as the scan visits its ancestors.
func (v *Visit) forkRoot() string {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	root := v.Home.ID
	h := v.Home
	for range maxForks {
		if h.ForkedFrom == "" {
			break
		}
		root = h.ForkedFrom
		u := v.run.units[root]
		if u == nil {
			break
		}
		h = u.home
	}
	return root
}

// remote is where a repository of the project lies. The address comes from our own one, not from GitLab's answer, so
// that the token goes to no other host. Public code is read without a token that git would be refused for.
func (v *Visit) remote(s shelf) gitrepo.Remote {
	r := gitrepo.Remote{
		URL: v.run.client.at(v.Home.Path + s.suffix + ".git").String(), User: "oauth2", CAFile: v.run.o.CAFile,
		Key: fmt.Sprintf("%s/%d%s", v.Self.Instance, v.Home.Number, s.suffix),
	}
	if gitScope(v.Self.Token.Scope) {
		r.Token = v.run.o.Token
	}
	return r
}

// gitError says what a failure of git means for coverage.
func (v *Visit) gitError(err error) error {
	switch {
	case errors.Is(err, gitrepo.ErrAuth):
		return denied("git is refused to this token: it needs the scope read_repository and the role Reporter")
	case errors.Is(err, gitrepo.ErrNoRepo):
		reason := "there is no repository, or it is hidden from this token: it needs the scope read_repository and the role Reporter"
		return &stateError{state: inventory.Denied, reason: reason, cause: err}
	case errors.Is(err, gitrepo.ErrTooLarge):
		return partial("the repository is larger than the cache may be (--cache-max): it was not searched")
	}
	return &stateError{state: inventory.Failed, reason: v.printable(err.Error(), maxReason)}
}

// repositoryState is what the rows of a repository follow from: equal states give equal rows.
type repositoryState struct {
	Refs   string // digest of the ref list
	Head   string // default branch
	Config string // path of the pipeline configuration
	Rules  string // of matching and of what is made of it
}

func (v *Visit) repositoryState(s shelf, refs string) repositoryState {
	return repositoryState{refs, s.branch(v), v.configPath(), "3 " + v.matchRules()}
}

// keptRepository is a repository's rows with the state that they follow from.
type keptRepository struct {
	State       repositoryState
	Note        string // why the rows are not all
	Locations   []inventory.Location
	Identities  []inventory.Identity
	Credentials []inventory.Credential
	Grants      []inventory.Grant
}

func (v *Visit) keptKey(s shelf) string { return s.id + " " + v.Home.ID }

// replay emits the rows of an earlier visit if nothing changed since, and reports whether it did.
func (v *Visit) replay(ctx context.Context, s shelf, state repositoryState) bool {
	found, err := v.run.o.Contents.Content(ctx, []string{v.keptKey(s)})
	if err != nil {
		return false // then the repository is read
	}
	var k keptRepository
	if json.Unmarshal(found[v.keptKey(s)], &k) != nil || k.State != state {
		return false
	}
	v.note = k.Note
	for _, r := range k.Identities {
		v.rows = append(v.rows, r)
	}
	for _, r := range k.Credentials {
		v.rows = append(v.rows, r)
	}
	for _, r := range k.Locations {
		v.rows = append(v.rows, r)
	}
	for _, r := range k.Grants {
		v.rows = append(v.rows, r)
	}
	return true
}

func (v *Visit) keep(ctx context.Context, s shelf, state repositoryState) error {
	k := keptRepository{State: state, Note: v.note}
	for _, r := range v.rows {
		switch r := r.(type) {
		case inventory.Location:
			k.Locations = append(k.Locations, r)
		case inventory.Identity:
			k.Identities = append(k.Identities, r)
		case inventory.Credential:
			k.Credentials = append(k.Credentials, r)
		case inventory.Grant:
			k.Grants = append(k.Grants, r)
		}
	}
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return v.run.o.Contents.PutContent(ctx, map[string][]byte{v.keptKey(s): text})
}
