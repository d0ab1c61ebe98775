package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/gitrepo"
)

// maxConfig is the largest pipeline configuration that is read, in bytes; GitLab's own limit for one file is 2 MB.
const maxConfig = 5 << 20

// pipelineSource reads the pipeline configuration: every job is an identity, and names what it uses.
// The server's merged configuration comes first (static: no dry run); where it is refused, the project's own file.
// Source: https://docs.gitlab.com/api/lint/#validate-a-projects-cicd-configuration
var pipelineSource = Source{
	ID: "pipeline", Title: "Pipeline jobs",
	Shows: "The jobs of a pipeline as identities, with the variables, ID tokens and external secrets that they name. A variable that no job names is not thereby unused: scripts and tools read variables without naming them in the configuration.",
	API:   []string{"GET /projects/:id/ci/lint", "GET /projects/:id/repository/files/:file_path"},
	Needs: Needs{Role: Developer, Scope: "read_api"},
	Homes: atProject,
	None:  emptyRepository,
	Skip:  buildsOff,

	Collect: collectPipeline,
}

type lintJSON struct {
	Valid  bool     `json:"valid"`
	Errors []string `json:"errors"`
	Merged string   `json:"merged_yaml"` // null when it could not be merged
}

func collectPipeline(ctx context.Context, v *Visit) error {
	lint, err := one[lintJSON](ctx, v, "%s/ci/lint?dry_run=false", v.Path())
	files := v.openFiles(ctx)
	defer files.close()
	switch status := statusOf(err); {
	case errors.Is(err, ErrToken):
		return err
	case err != nil:
		denied := status == http.StatusForbidden || status == http.StatusNotFound
		return v.ownConfig(ctx, files, err, denied)
	case lint.Merged == "" && noConfig(lint.Errors):
		return nil
	case lint.Merged == "":
		return v.ownConfig(ctx, files, v.invalid(lint), false)
	}
	merged, err := ciyaml.Read([]byte(lint.Merged), ciyaml.Options{})
	if err != nil {
		return v.ownConfig(ctx, files, partial("merged "+v.printable(err.Error(), maxReason)), false)
	}
	// Without the project's own file nothing is missing but lines, child pipelines and the names of what it includes.
	own, _ := v.readOwn(ctx, files, false)
	if own == nil {
		ciyaml.Positions(nil, merged)
	} else {
		ciyaml.Positions(own.config, merged)
		merged.Includes = own.config.Includes
		adopt(own.config, merged)
		v.compare(own.config, merged)
	}
	v.emitConfig(merged, files)
	v.emitMergedSecrets(lint.Merged, own)
	if !lint.Valid {
		return v.invalid(lint)
	}
	if !merged.Complete {
		return partial("the configuration could not be resolved to its end: " + v.notes(merged))
	}
	return nil
}

// adopt gives the jobs of the server's configuration the child pipelines that the project's own files tell: GitLab
// merges none of them.
func adopt(own, merged *ciyaml.Config) {
	for i := range merged.Jobs {
		if t := merged.Jobs[i].Trigger; t != nil && t.Project == "" {
			if at, ok := jobNamed(own, merged.Jobs[i].Name); ok && own.Jobs[at].Trigger != nil {
				t.Child = own.Jobs[at].Trigger.Child
			}
		}
	}
}

func jobNamed(c *ciyaml.Config, name string) (int, bool) {
	return slices.BinarySearchFunc(c.Jobs, name, func(j ciyaml.Job, name string) int { return strings.Compare(j.Name, name) })
}

// compare notes where the own resolver reads other jobs than GitLab does, or other things in them. GitLab is right; the note shows where the own
// reading, which stands in where GitLab's is refused, cannot be relied on.
func (v *Visit) compare(own, merged *ciyaml.Config) {
	if !own.Complete || !merged.Complete {
		return
	}
	for _, j := range merged.Jobs {
		at, ok := jobNamed(own, j.Name)
		if !ok {
			v.remark(fmt.Sprintf("GitLab has the job %q, which the own reading of the files lacks", v.printable(j.Name, 80)))
		} else if what := differs(own.Jobs[at], j); what != "" && !conditional(own) {
			v.remark(fmt.Sprintf("GitLab reads another %s in the job %q than the own reading of the files", what, v.printable(j.Name, 80)))
		}
	}
	for _, j := range own.Jobs {
		if _, ok := jobNamed(merged, j.Name); !ok {
			v.remark(fmt.Sprintf("the own reading of the files has the job %q, which GitLab lacks", v.printable(j.Name, 80)))
		}
	}
}

// conditional reports whether includes have rules: the own reading then holds what any of them would bring.
func conditional(c *ciyaml.Config) bool {
	return slices.ContainsFunc(c.Includes, func(i ciyaml.Include) bool { return i.Conditional })
}

// differs names the first thing that two readings of a job have otherwise, of those that credentials hang on.
func differs(a, b ciyaml.Job) string {
	switch {
	case !slices.EqualFunc(a.Script, b.Script, func(x, y ciyaml.Command) bool { return strings.TrimSpace(x.Text) == strings.TrimSpace(y.Text) }):
		return "script"
	case !slices.EqualFunc(a.IDTokens, b.IDTokens, func(x, y ciyaml.IDToken) bool { return x.Name == y.Name && slices.Equal(x.Aud, y.Aud) }):
		return "ID token"
	case !slices.EqualFunc(a.Secrets, b.Secrets, func(x, y ciyaml.ExternalSecret) bool {
		return x.Name == y.Name && x.Provider == y.Provider && x.Path == y.Path
	}):
		return "external secret"
	case a.Environment.Name != b.Environment.Name:
		return "environment"
	}
	return ""
}

// noConfig reports whether GitLab says that the project has no pipeline configuration.
// Source: app/models/ci/… of GitLab, Gitlab::Ci::ProjectConfig: the message of an empty content.
func noConfig(errs []string) bool {
	return slices.ContainsFunc(errs, func(e string) bool { return strings.HasPrefix(e, "Please provide content of") })
}

// invalid says that GitLab runs no pipeline from this configuration as it stands.
func (v *Visit) invalid(lint lintJSON) error {
	return partial("GitLab finds the configuration invalid: " + v.printable(firstOf(append(lint.Errors, "no reason given")...), maxReason))
}

// notes says why a configuration is not whole.
func (v *Visit) notes(c *ciyaml.Config) string {
	for _, u := range c.Unresolved {
		return v.printable("the "+u.Kind+" include "+u.Location+": "+u.Reason, maxReason)
	}
	return v.printable(firstOf(append(slices.Clone(c.Notes), "no reason given")...), maxReason)
}

// ownFile is the project's own configuration file at the head of the default branch, with what it includes.
type ownFile struct {
	text   []byte
	config *ciyaml.Config
}

// ownConfig emits what the project's own files tell; why is the reason that the server's answer is missing. They are
// the whole answer only where the server denied its own and every include could be read.
func (v *Visit) ownConfig(ctx context.Context, files *projectFiles, why error, denied bool) error {
	own, err := v.readOwn(ctx, files, true)
	switch {
	case errors.Is(err, gitrepo.ErrNoFile) && denied:
		return nil // no pipeline
	case err != nil && denied && statusOf(err) == 0 && !errors.Is(err, errElsewhere):
		return partial("the merged configuration is denied, and the project's own: " + v.printable(err.Error(), maxReason))
	case err != nil:
		return why
	}
	v.emitConfig(own.config, files)
	switch {
	case !denied:
		return partial("only the project's own files were read: " + v.printable(why.Error(), maxReason))
	case !own.config.Complete:
		return partial("the merged configuration is denied, and of the project's own something is missing: " + v.notes(own.config))
	}
	return nil
}

// errElsewhere says that the configuration is no file of this project.
var errElsewhere = errors.New("the configuration lies outside the project")

// readOwn reads the project's own file and what it includes. ask lets it ask GitLab for files of other projects.
// Errors: gitrepo.ErrNoFile when there is none, or why it cannot be read.
func (v *Visit) readOwn(ctx context.Context, files *projectFiles, ask bool) (*ownFile, error) {
	path := v.configPath()
	if path == "" {
		return nil, errElsewhere
	}
	text, err := files.file(path, maxConfig)
	if errors.Is(err, gitrepo.ErrNoRepo) {
		text, err = v.served(ctx, v.Path(), path, cmp.Or(v.Home.Default, "HEAD"))
	}
	if err != nil {
		return nil, err
	}
	config, err := ciyaml.Resolve(ctx, text, path, ciyaml.Options{Fetch: files.fetcher(ask), Variables: v.includeVariables()})
	if err != nil {
		return nil, err
	}
	return &ownFile{text, config}, nil
}

type fileJSON struct {
	Content []byte `json:"content"` // base64
}

// served asks GitLab for a file of a project, which costs a request. project is its API path.
// Source: https://docs.gitlab.com/api/repository_files/#get-file-from-repository
func (v *Visit) served(ctx context.Context, project, path, ref string) ([]byte, error) {
	f, err := one[fileJSON](ctx, v, "%s/repository/files/%s?ref=%s", project, escape(path), url.QueryEscape(ref))
	var api *APIError
	if errors.As(err, &api) && api.Status == http.StatusNotFound && strings.Contains(api.Message, "File Not Found") {
		return nil, fmt.Errorf("%w: GitLab has none at %s", gitrepo.ErrNoFile, ref)
	}
	return f.Content, err
}

// emitMergedSecrets emits the secrets that stand in the merged configuration but not in the project's own file: an
// include brought them. The repository source lists those of the file.
func (v *Visit) emitMergedSecrets(merged string, own *ownFile) {
	done := map[string]bool{}
	if own != nil && v.run.o.Git != nil {
		for _, m := range v.scan(v.configPath(), own.text, nil).All {
			done[m.Fingerprint] = true
		}
	}
	path := v.shownConfigPath() + " (merged)"
	for _, f := range shown(v.Engine().Scan(v.configPath(), []byte(merged))) {
		fingerprint, _ := v.Fingerprint(f.Secret)
		if len(done) >= maxMatches {
			v.Incomplete("the merged configuration holds more secrets than are listed")
			return
		}
		if !done[fingerprint] {
			done[fingerprint] = true
			v.EmitFinding(inventory.Location{Home: v.Home.ID, Surface: inventory.SurfaceCI, Path: path}, f)
		}
	}
}

// shownConfigPath is where the configuration lies, for people.
func (v *Visit) shownConfigPath() string {
	return v.printable(firstOf(v.configPath(), v.Home.Settings["ci_config_path"]), maxShownPath)
}
