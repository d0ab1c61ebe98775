package fix

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// jobTokenCalls are the REST operations that GitLab answers to the job token, as far as instances of all versions from
// 17 on do. In another project they need an entry in its allowlist.
// Source: https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-access
var jobTokenCalls = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`(?:GET|POST|PUT|DELETE) \S*/releases(?:/\S*)?`,
	`GET \S*/(?:jobs/\S*|jobs/)?artifacts(?:/\S*)?`,
	`GET \S*/jobs/artifacts/\S*`,
	`GET /job`,
	`POST \S*/trigger/pipeline`,
	`(?:GET|POST|PUT|DELETE) \S*/(?:environments|deployments)(?:/\S*)?`,
	`GET \S*/secure_files(?:/\S*)?`,
	`PUT \S*/pipelines/[^/\s]+/metadata`,
	`(?:GET|PUT|POST) \S*/packages(?:/\S*)?`,
}, "|") + `)$`)

var restCall = regexp.MustCompile(`^[A-Z]+ /`)

// gitlab puts the job token in the place of a token of GitLab where GitLab answers it.
func (f *fixing) gitlab(u use) (recipe, error) {
	rotating := recipe{family: "gitlab", method: RotatingToken}
	if u.AuthStyle == "ssh-key" {
		rotating.family, rotating.method = "gitlab-ssh", Protect
		return f.later(rotating, errors.New("it reaches git with an SSH key: clone over HTTPS with CI_JOB_TOKEN, or keep a deploy key of the one project"))
	}
	switch u.System {
	case "gitlab-packages", "gitlab-terraform-state":
	case "gitlab-git":
		if strings.Contains(u.Operation, "push") {
			return f.later(rotating, errors.New("it pushes: the job token may push to its own project only, and only where the project allows it; such a push starts no pipeline"))
		}
	default:
		for op := range strings.SplitSeq(u.Operation, "; ") {
			if !restCall.MatchString(op) {
				return f.later(rotating, fmt.Errorf("it is not known which calls it makes (%s)", clean(op)))
			}
			if !jobTokenCalls.MatchString(op) {
				return f.later(rotating, fmt.Errorf("GitLab does not answer %q to the job token", clean(op)))
			}
		}
		if u.AuthStyle == "token-env" {
			return f.later(rotating, errors.New("a tool reads the token from its environment: see whether the tool takes CI_JOB_TOKEN"))
		}
	}
	ref, users := referenceText(f.secrets...), quotedReference(f.names...)
	return recipe{
		family: "job-token", method: JobToken,
		rewrites: []rewriting{
			{pattern: regexp.MustCompile(`(?i)(?:PRIVATE-TOKEN|Authorization):\s*(?:Bearer\s+)?` + ref), with: "JOB-TOKEN: $$CI_JOB_TOKEN"},
			{pattern: regexp.MustCompile(`(?i)\b(?:private_token|access_token)=` + ref), with: "job_token=$$CI_JOB_TOKEN"},
			{pattern: regexp.MustCompile(`//(?:[\w.-]+:|` + users + `:)?` + ref + `@`), with: "//gitlab-ci-token:$$CI_JOB_TOKEN@"},
			{pattern: regexp.MustCompile(`(--user|-u)([ =])(["']?)(?:[\w.-]+|` + referenceText(f.names...) + `):` + ref), with: "$1$2${3}gitlab-ci-token:$$CI_JOB_TOKEN"},
			{only: regexp.MustCompile(`\btoken=`), pattern: regexp.MustCompile(`\btoken=` + ref), with: "token=$$CI_JOB_TOKEN"},
		},
	}, nil
}

// later keeps the recipe for the checklist, and says why there is no patch.
func (f *fixing) later(r recipe, why error) (recipe, error) {
	if !slices.ContainsFunc(f.recipes, func(o recipe) bool { return o.family == r.family }) {
		f.recipes = append(f.recipes, r)
	}
	return recipe{}, why
}

// ownRegistry puts the pair that GitLab makes for every job in the place of a stored login to GitLab's registry.
// Source: https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/
func (f *fixing) ownRegistry(u use) (recipe, error) {
	text := script(u)
	if strings.Contains(u.Operation, "push") && !strings.Contains(text, "CI_REGISTRY_IMAGE") && !strings.Contains(text, "CI_PROJECT_PATH") {
		return f.later(recipe{family: "gitlab", method: RotatingToken}, errors.New("it pushes to a registry that is not seen to be this project's: the job token may write to its own project's only"))
	}
	login := regexp.MustCompile(`\blogin\b`)
	r := recipe{family: "registry", method: JobToken}
	// The job token wants the user that goes with it.
	r.rewrites = append(r.rewrites,
		rewriting{only: regexp.MustCompile(`\blogin\b.*` + referenceText(f.secrets...) + `|` + referenceText(f.secrets...) + `.*\blogin\b`),
			pattern: regexp.MustCompile(`(\s)(-u|--username)([ =])(?:\\?["'][^"'\\]*\\?["']|[^\s"']+)`), with: `$1$2$3$$CI_REGISTRY_USER`},
		rewriting{only: login, pattern: reference(f.secrets...), with: "$$CI_REGISTRY_PASSWORD"})
	for _, n := range f.names {
		if !slices.Contains(f.secrets, n) {
			r.rewrites = append(r.rewrites, rewriting{only: login, pattern: reference(n), with: "$$CI_REGISTRY_USER"})
		}
	}
	return r, nil
}
