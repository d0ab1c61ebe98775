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
	switch status := statusOf(err); {
	case errors.Is(err, ErrToken):
		return err
	case err != nil:
		denied := status == http.StatusForbidden || status == http.StatusNotFound
		return v.ownConfig(ctx, err, denied)
	case lint.Merged == "" && noConfig(lint.Errors):
		return nil
	case lint.Merged == "":
		return v.ownConfig(ctx, v.invalid(lint), false)
	}
	merged, err := ciyaml.Read([]byte(lint.Merged), ciyaml.Options{})
	if err != nil {
		return v.ownConfig(ctx, partial("merged "+v.printable(err.Error(), maxReason)), false)
	}
	// Without the project's own file nothing is missing but lines.
	own, _ := v.readOwn(ctx)
	if own != nil {
		ciyaml.Positions(own.config, merged)
	} else {
		ciyaml.Positions(nil, merged)
	}
	v.emitConfig(merged)
	v.emitMergedSecrets(lint.Merged, own)
	if !lint.Valid {
		return v.invalid(lint)
	}
	if !merged.Complete {
		return partial("the configuration could not be resolved to its end: " + v.notes(merged))
	}
	return nil
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

func (v *Visit) notes(c *ciyaml.Config) string {
	return v.printable(firstOf(append(slices.Clone(c.Notes), "no reason given")...), maxReason)
}

// ownFile is the project's own configuration file at the head of the default branch.
type ownFile struct {
	text   []byte
	config *ciyaml.Config
}

// ownConfig emits what the project's own file alone tells; why is the reason that the server's answer is missing. The
// file is the whole answer only where the server denied its own and the file includes no other.
func (v *Visit) ownConfig(ctx context.Context, why error, denied bool) error {
	own, err := v.readOwn(ctx)
	switch {
	case errors.Is(err, gitrepo.ErrNoFile) && denied:
		return nil // no pipeline
	case err != nil && denied && statusOf(err) == 0 && !errors.Is(err, errElsewhere):
		return partial("the merged configuration is denied, and the project's own: " + v.printable(err.Error(), maxReason))
	case err != nil:
		return why
	}
	v.emitConfig(own.config)
	switch {
	case !denied:
		return partial("only the project's own file was read: " + v.printable(why.Error(), maxReason))
	case !own.config.Complete:
		return partial("the merged configuration is denied, so only the project's own file was read: " + v.notes(own.config))
	}
	return nil
}

// errElsewhere says that the configuration is no file of this project.
var errElsewhere = errors.New("the configuration lies outside the project")

// readOwn reads the project's own file. Errors: gitrepo.ErrNoFile when there is none, or why it cannot be read.
func (v *Visit) readOwn(ctx context.Context) (*ownFile, error) {
	path := v.configPath()
	if path == "" {
		return nil, errElsewhere
	}
	text, err := v.mirrored(ctx, path)
	if errors.Is(err, gitrepo.ErrNoRepo) {
		text, err = v.served(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	config, err := ciyaml.Root(text)
	if err != nil {
		return nil, err
	}
	return &ownFile{text, config}, nil
}

// mirrored reads a file of the default branch from the project's mirror. ErrNoRepo without one.
func (v *Visit) mirrored(ctx context.Context, path string) ([]byte, error) {
	if v.run.o.Git == nil {
		return nil, gitrepo.ErrNoRepo
	}
	repo, err := v.run.o.Git.Reopen(ctx, v.remote(codeShelf))
	if err != nil {
		return nil, err
	}
	defer func() { _ = repo.Close() }() // only a lock is freed
	return repo.File(ctx, v.Home.Default, path, maxConfig)
}

type fileJSON struct {
	Content []byte `json:"content"` // base64
}

// served asks GitLab for a file of the default branch, which costs a request.
// Source: https://docs.gitlab.com/api/repository_files/#get-file-from-repository
func (v *Visit) served(ctx context.Context, path string) ([]byte, error) {
	f, err := one[fileJSON](ctx, v, "%s/repository/files/%s?ref=%s", v.Path(), escape(path), url.QueryEscape(cmp.Or(v.Home.Default, "HEAD")))
	var api *APIError
	if errors.As(err, &api) && api.Status == http.StatusNotFound && strings.Contains(api.Message, "File Not Found") {
		return nil, fmt.Errorf("%w: GitLab has none at the default branch", gitrepo.ErrNoFile)
	}
	return f.Content, err
}

// emitMergedSecrets emits the secrets that stand in the merged configuration but not in the project's own file: an
// include brought them. The repository source lists those of the file.
func (v *Visit) emitMergedSecrets(merged string, own *ownFile) {
	done := map[string]bool{}
	if own != nil && v.run.o.Git != nil {
		for _, m := range v.scan(v.configPath(), own.text).All {
			done[m.Fingerprint] = true
		}
	}
	path := v.shownConfigPath() + " (merged)"
	for _, f := range sure(v.Engine().Scan(v.configPath(), []byte(merged))) {
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
