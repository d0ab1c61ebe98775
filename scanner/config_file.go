package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/gitrepo"
)

const (
	maxScriptFile  = 1 << 20  // bytes of a script that a job runs
	maxScriptFiles = 500      // of a project
	maxListedFiles = 200_000  // paths of a project that are looked through for wildcards
	maxListBytes   = 32 << 20 // of those paths
)

// projectFiles are the files of a project's default branch, as its mirror has them, and those of other projects as far
// as GitLab gives them.
type projectFiles struct {
	visit *Visit
	ctx   context.Context
	repo  *gitrepo.Repo // nil: there is no mirror
	err   error         // why
	seen  map[string][]byte
}

// openFiles opens the project's mirror, if the scan keeps one. close it in any case.
func (v *Visit) openFiles(ctx context.Context) *projectFiles {
	f := &projectFiles{visit: v, ctx: ctx, err: gitrepo.ErrNoRepo, seen: map[string][]byte{}}
	if v.run.o.Git != nil {
		f.repo, f.err = v.run.o.Git.Reopen(ctx, v.remote(codeShelf))
	}
	return f
}

func (f *projectFiles) close() {
	if f.repo != nil {
		_ = f.repo.Close() // only a lock is freed
	}
}

// file reads a file of the default branch. Errors: gitrepo.ErrNoRepo without a mirror, gitrepo.ErrNoFile, or others.
func (f *projectFiles) file(path string, max int64) ([]byte, error) {
	if f.repo == nil {
		return nil, f.err
	}
	return f.repo.File(f.ctx, f.visit.Home.Default, path, max)
}

// script gives a file that a job runs, as workload.Files.
func (f *projectFiles) script(path string) ([]byte, bool) {
	text, known := f.seen[path]
	if !known && len(f.seen) < maxScriptFiles {
		text, _ = f.file(path, maxScriptFile) // what cannot be read is not at hand
		f.seen[path] = text
	}
	return text, text != nil
}

// fetcher reads includes: local ones from the mirror, and where ask lets it, those of other projects and components
// from GitLab, with this token's rights. No other server is ever asked.
func (f *projectFiles) fetcher(ask bool) ciyaml.Fetch {
	return func(ctx context.Context, i ciyaml.Include) ([]ciyaml.File, error) {
		switch {
		case i.Kind == "local" && i.Project == "":
			return f.local(ctx, i, ask)
		case i.Kind == "remote":
			return nil, errors.New("lies on a web server, which is not asked")
		case i.Kind == "template":
			return nil, errors.New("is a template of GitLab itself")
		case !ask:
			return nil, errors.New("lies in another project")
		case i.Kind == "component":
			return f.component(ctx, i)
		}
		return f.other(ctx, i.Project, i.Ref, strings.TrimLeft(i.Location, "/"))
	}
}

func (f *projectFiles) local(ctx context.Context, i ciyaml.Include, ask bool) ([]ciyaml.File, error) {
	names := []string{strings.TrimLeft(i.Location, "/")}
	if strings.Contains(i.Location, "*") {
		if f.repo == nil {
			return nil, errors.New("has wildcards, and the repository is not at hand")
		}
		all, err := f.repo.Names(ctx, f.visit.Home.Default, maxListBytes)
		if err != nil {
			return nil, err
		}
		names = ciyaml.Matches(i.Location, all[:min(len(all), maxListedFiles)])
	}
	var out []ciyaml.File
	for _, name := range names {
		text, err := f.file(name, maxConfig)
		if errors.Is(err, gitrepo.ErrNoRepo) && ask {
			text, err = f.visit.served(ctx, f.visit.Path(), name, firstOf(f.visit.Home.Default, "HEAD"))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, ciyaml.File{Name: name, Text: text})
	}
	return out, nil
}

// other reads a file of another project, once in a scan.
func (f *projectFiles) other(ctx context.Context, project, ref, path string) ([]ciyaml.File, error) {
	ref = firstOf(ref, "HEAD")
	text, err := shared(f.visit, "include "+strings.ToLower(project)+"\x00"+ref+"\x00"+path, func() ([]byte, error) {
		return f.visit.served(ctx, "projects/"+url.PathEscape(project), path, ref)
	})
	if err != nil {
		return nil, fmt.Errorf("%s at %s of project %s: %w", path, ref, project, err)
	}
	return []ciyaml.File{{Name: path, Text: text, Ref: ref}}, nil
}

// component reads a component of a project on this instance. Others lie on other servers.
// Source: https://docs.gitlab.com/ci/components/#component-versions
func (f *projectFiles) component(ctx context.Context, i ciyaml.Include) ([]ciyaml.File, error) {
	host, project, name := ciyaml.Component(i.Location)
	if name == "" || host != f.visit.run.client.Host() {
		return nil, errors.New("lies on another instance")
	}
	ref := i.Ref
	if ref == "~latest" || strings.Trim(ref, "0123456789.") == "" && strings.Count(ref, ".") < 2 {
		tags, err := f.releases(ctx, project)
		if err != nil {
			return nil, err
		}
		if ref = ciyaml.ReleaseOf(i.Ref, tags); ref == "" {
			return nil, errors.New("no release fits version " + i.Ref)
		}
	}
	var first error
	for _, path := range ciyaml.ComponentFiles(name) {
		files, err := f.other(ctx, project, ref, path)
		if err == nil {
			files[0].Version = ref
			return files, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (f *projectFiles) releases(ctx context.Context, project string) ([]string, error) {
	return shared(f.visit, "releases of "+strings.ToLower(project), func() ([]string, error) {
		var tags []string
		for raw, err := range pages[struct {
			Tag string `json:"tag_name"`
		}](ctx, f.visit, "projects/%s/releases", url.PathEscape(project)) {
			if err != nil {
				return tags, err
			}
			tags = append(tags, raw.Tag)
		}
		return tags, nil
	})
}

// includeVariables are the variables that GitLab expands in the places of includes and that are the same in every
// pipeline of the project.
func (v *Visit) includeVariables() map[string]string {
	path := v.Home.Path
	parts := strings.Split(path, "/")
	last := len(parts) - 1
	return map[string]string{
		"CI_PROJECT_PATH": path, "CI_PROJECT_NAME": parts[last], "CI_PROJECT_NAMESPACE": strings.Join(parts[:last], "/"),
		"CI_PROJECT_ROOT_NAMESPACE": parts[0], "CI_PROJECT_ID": strconv.FormatInt(v.Home.Number, 10), "CI_DEFAULT_BRANCH": v.Home.Default,
		"CI_SERVER_HOST": v.run.client.base.Hostname(), "CI_SERVER_FQDN": v.run.client.Host(), "CI_SERVER_URL": v.run.client.URL(),
		"CI_PROJECT_URL": v.run.client.at(slices.Clone(parts)...).String(),
	}
}
