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
	Collect: collectRepository,
}

func collectRepository(ctx context.Context, v *Visit) error {
	if !gitScope(v.Self.Token.Scope) && v.Home.Visibility != "public" {
		return denied("the token lacks the scope read_repository, without which GitLab refuses git")
	}
	done, err := v.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	refs, empty, err := v.run.o.Git.Refs(ctx, v.remote())
	switch {
	case err != nil:
		return v.gitError(err)
	case empty:
		return nil
	}
	state := v.repositoryState(refs)
	if v.replay(ctx, state) {
		return nil
	}
	repo, err := v.run.o.Git.Mirror(ctx, v.remote(), nil)
	if err != nil {
		return v.gitError(err)
	}
	defer func() { _ = repo.Close() }() // what a lock or the trimming of the cache meets, the next use of it meets too
	found, damage, err := v.search(ctx, repo)
	if err != nil {
		return v.gitError(err)
	}
	found.emit(v)
	if damage != "" {
		v.note = damage // it outweighs what a rule of ours left out
		return nil
	}
	return v.keep(ctx, state)
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

// remote is where the project's repository lies. The address comes from our own one, not from GitLab's answer, so
// that the token goes to no other host. Public code is read without a token that git would be refused for.
func (v *Visit) remote() gitrepo.Remote {
	r := gitrepo.Remote{
		URL: v.run.client.at(v.Home.Path + ".git").String(), User: "oauth2", CAFile: v.run.o.CAFile,
		Key: fmt.Sprintf("%s/%d", v.Self.Instance, v.Home.Number),
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
		return denied("there is no repository, or it is hidden from this token: it needs the scope read_repository and the role Reporter")
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

func (v *Visit) repositoryState(refs string) repositoryState {
	return repositoryState{refs, v.Home.Default, v.configPath(), "1 " + v.matchRules()}
}

// keptRepository is a repository's rows with the state that they follow from.
type keptRepository struct {
	State       repositoryState
	Note        string // why the rows are not all
	Locations   []inventory.Location
	Identities  []inventory.Identity
	Credentials []inventory.Credential
}

func (v *Visit) keptKey() string { return "repository " + v.Home.ID }

// replay emits the rows of an earlier visit if nothing changed since, and reports whether it did.
func (v *Visit) replay(ctx context.Context, state repositoryState) bool {
	found, err := v.run.o.Contents.Content(ctx, []string{v.keptKey()})
	if err != nil {
		return false // then the repository is read
	}
	var k keptRepository
	if json.Unmarshal(found[v.keptKey()], &k) != nil || k.State != state {
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
	return true
}

func (v *Visit) keep(ctx context.Context, state repositoryState) error {
	k := keptRepository{State: state, Note: v.note}
	for _, r := range v.rows {
		switch r := r.(type) {
		case inventory.Location:
			k.Locations = append(k.Locations, r)
		case inventory.Identity:
			k.Identities = append(k.Identities, r)
		case inventory.Credential:
			k.Credentials = append(k.Credentials, r)
		}
	}
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return v.run.o.Contents.PutContent(ctx, map[string][]byte{v.keptKey(): text})
}
