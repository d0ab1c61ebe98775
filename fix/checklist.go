package fix

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// plainPath is a path, host or branch that may stand in a policy and in a shell's double quotes as it is.
var plainPath = regexp.MustCompile(`^[\p{L}\p{N}_./:@+-]+$`)

// withDefaults puts placeholders where a text is not known, or holds what could mean something else in a policy.
func (t Target) withDefaults() Target {
	for _, d := range []struct {
		field *string
		value string
	}{{&t.Host, "gitlab.example.com"}, {&t.Project, "GROUP/PROJECT"}, {&t.Branch, "main"}} {
		if !plainPath.MatchString(*d.field) {
			*d.field = d.value
		}
	}
	t.Places = slices.Clone(t.Places)
	for i := range t.Places {
		if p := &t.Places[i]; !plainPath.MatchString(p.Home) {
			p.Home = "HOME"
		}
	}
	return t
}

// describe fills in the policies and the checklist.
func (f *fixing) describe(plan *Plan) {
	for _, r := range f.recipes {
		for _, p := range f.policies(r) { // two recipes may need the same trust
			if !slices.Contains(plan.Policies, p) {
				plan.Policies = append(plan.Policies, p)
			}
		}
		for _, s := range f.steps(r) {
			if !slices.ContainsFunc(plan.Checklist, func(o Step) bool { return o.Text == s.Text }) {
				plan.Checklist = append(plan.Checklist, s)
			}
		}
	}
	if plan.Patch != "" {
		plan.Checklist = append(plan.Checklist, Step{Text: "Read the patch and apply it on a branch; let its jobs run once before anything is deleted.", Commands: []string{"git apply --check PATCH", "git apply PATCH"}})
		plan.Checklist = append(plan.Checklist, f.cleanUp()...)
		return
	}
	if len(f.uses) > 0 {
		plan.Checklist = append(plan.Checklist, Step{Text: "There is no patch: " + plan.NoPatch + "."})
		for _, u := range plan.Jobs {
			plan.Checklist = append(plan.Checklist, byHand(u))
		}
	}
	if plan.Method == Protect {
		plan.Checklist = append(plan.Checklist, f.renewal()...)
	}
	if plan.Method == Nothing {
		plan.Checklist = append(plan.Checklist, Step{Text: "Nothing is seen that needs it in these jobs: take the login out of their script and let them run once. If they still work, the variable is needed by nothing here; till then, protect it."})
	}
	if plan.Method == IDTokens || plan.Method == JobToken {
		plan.Checklist = append(plan.Checklist, f.cleanUp()...)
		return
	}
	plan.Checklist = append(plan.Checklist, f.protect()...)
}

func byHand(u Use) Step {
	text := "Job " + u.Job
	if u.File != "" && u.Line > 0 {
		text += fmt.Sprintf(" (%s, line %d)", u.File, u.Line)
	}
	if u.System != "" {
		text += " uses it on " + u.System
		if u.Operation != "" {
			text += ": " + u.Operation
		}
	} else {
		text += ": it is " + u.Operation + ", what for is not known"
	}
	if u.Least != "" {
		text += "; enough would be: " + u.Least
	}
	return Step{Text: text + "."}
}

// steps are what a recipe needs besides the patch, in order.
func (f *fixing) steps(r recipe) []Step {
	trust := "Set up the trust on the other side with the policy below. It is bound to " + f.subject() + "; jobs on other refs get nothing, which is meant."
	switch r.family {
	case "aws":
		return []Step{{Text: trust, Commands: nil}, f.setVariable("AWS_ROLE_ARN", "ARN_OF_THE_ROLE", "the role's ARN, which is no secret")}
	case "gcp", "gcp-registry":
		out := []Step{{Text: trust},
			f.setVariable("GCP_WORKLOAD_IDENTITY_PROVIDER", "projects/NUMBER/locations/global/workloadIdentityPools/gitlab/providers/gitlab", "the provider's name, which is no secret"),
			f.setVariable("GCP_DEPLOY_ACCOUNT", "NAME@PROJECT.iam.gserviceaccount.com", "the service account's address, which is no secret")}
		if r.family == "gcp-registry" {
			out = append(out, Step{Text: "Let the service account write to the one repository, or only read it. The job's image has to have wget, as docker's own has.",
				Commands: []string{"gcloud artifacts repositories add-iam-policy-binding REPOSITORY --location=LOCATION --role=roles/artifactregistry.writer --member=serviceAccount:NAME@PROJECT.iam.gserviceaccount.com"}})
		}
		return out
	case "azure-registry":
		return []Step{{Text: trust},
			f.setVariable("AZURE_CLIENT_ID", "APP_ID", "the application's id, which is no secret"),
			f.setVariable("AZURE_TENANT_ID", "TENANT_ID", "the tenant's id, which is no secret"),
			{Text: "Let the application push to the one registry, or only pull (AcrPull), and switch the registry's admin user off. The job's image has to have wget, as docker's own has.",
				Commands: []string{"az role assignment create --assignee APP_ID --role AcrPush --scope ID_OF_THE_REGISTRY"}}}
	case "azure":
		return []Step{{Text: trust}, {Text: "The application's id and the tenant's stay as they are: they are no secrets. az needs version 2.30 or newer for --federated-token."}}
	case "vault":
		return []Step{{Text: trust}, {Text: "VAULT_ADDR has to be a CI/CD variable or one of the file: it is the token's audience. Where a job needs one secret only, the keyword secrets: does without a login."},
			f.setVariable("VAULT_AUTH_ROLE", "ROLE", "the role's name, which is no secret")}
	case "pypi", "npm":
		return []Step{{Text: "Register the trusted publisher with the form below. It knows project, file and environment, not the branch: give the job an environment, and let only protected refs deploy to it."}}
	case "job-token", "registry":
		return []Step{f.allowlist()}
	case "gitlab":
		return f.rotating()
	}
	return nil
}

// subject is what the other side is told to trust.
// Source: https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
func (f *fixing) subject() string {
	ref := "branch:ref:" + f.target.Branch
	if f.tagsOnly() {
		ref = "tag:ref:*"
	}
	return "project_path:" + f.target.Project + ":ref_type:" + ref
}

// tagsOnly reports whether all jobs that use the credential run for tags and nothing else.
func (f *fixing) tagsOnly() bool {
	for _, u := range f.uses {
		only := len(u.job.Only) == 1 && u.job.Only[0] == "tags"
		rules := len(u.job.Rules) > 0
		for _, r := range u.job.Rules {
			if r.When != "never" && !tagRule.MatchString(r.If) {
				rules = false
			}
		}
		if !only && !rules {
			return false
		}
	}
	return len(f.uses) > 0
}

var tagRule = regexp.MustCompile(`^\s*\$CI_COMMIT_TAG\b[^|]*$`)

func (f *fixing) setVariable(name, value, what string) Step {
	return Step{
		Text:     "Set the CI/CD variable " + name + ": " + what + ".",
		Commands: []string{fmt.Sprintf("glab api --method POST %q --field key=%s --field value=%s --field protected=true", f.api("variables"), name, value)},
	}
}

// api is a path of this project's API.
func (f *fixing) api(rest string) string {
	return "projects/" + url.PathEscape(f.target.Project) + "/" + rest
}

// allowlist lets the job token in. Source: https://docs.gitlab.com/api/project_job_token_scopes/
func (f *fixing) allowlist() Step {
	return Step{
		Text: "The job token acts as the user who runs the pipeline, who needs the role for the call. Within its own project it needs nothing else. " +
			"For another project, add this project to that one's allowlist, with no more than the permissions that the calls need:",
		Commands: []string{
			fmt.Sprintf("glab api %q # its field id is SOURCE_ID", "projects/"+url.PathEscape(f.target.Project)),
			`glab api --method POST "projects/TARGET_ID/job_token_scope/allowlist" --field target_project_id=SOURCE_ID`,
		},
	}
}

// rotating replaces a long-lived token by one of a service account that expires and rotates itself.
// Source: https://docs.gitlab.com/api/service_accounts/ and https://docs.gitlab.com/api/personal_access_tokens/#self-rotate
func (f *fixing) rotating() []Step {
	scopes := f.scopes()
	text := "Give the job an identity of its own: a service account with no more than the role that the calls need, in the one project, and a token that expires, with " +
		strings.Join(scopes, ", ") + " and self_rotate."
	if extra := f.more(scopes); len(extra) > 0 {
		text += " The token of today also has " + strings.Join(extra, ", ") + ", which the job's calls do not need."
	}
	list := "scopes[]=" + strings.Join(append(slices.Clone(scopes), "self_rotate"), "\" --field \"scopes[]=")
	return []Step{
		{Text: text, Commands: []string{
			`glab api --method POST "groups/GROUP_ID/service_accounts" --field name=NAME --field username=USERNAME`,
			fmt.Sprintf("glab api --method POST %q --field user_id=USER_ID --field access_level=LEVEL", f.api("members")),
			`glab api --method POST "groups/GROUP_ID/service_accounts/USER_ID/personal_access_tokens" --field name=NAME --field expires_at=YYYY-MM-DD --field "` + list + `"`,
		}},
		{Text: "Rotate it before it expires. The answer of this call shows the next value once, and the one in use dies at that moment. Writing that value back into a CI/CD variable " +
			"takes a token with api and the Maintainer role, which is more than most jobs need: a job that does both holds that power too. Better: a scheduled job in a project of " +
			"its own, with nothing else in it, writes the value; or the value lives in a secrets manager that the job reaches with an ID token.",
			Commands: []string{`curl --fail --request POST --header "PRIVATE-TOKEN: $TOKEN" "` + "https://" + f.target.Host + `/api/v4/personal_access_tokens/self/rotate"`}},
		{Text: "Where a person is behind the calls, and no job, take an OAuth application with the same scopes instead: its tokens live for two hours."},
	}
}

// scopes are the scopes that the job's calls need, sorted.
// Source: https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes
func (f *fixing) scopes() []string {
	var out []string
	for _, u := range f.uses {
		need := ""
		switch {
		case u.System == "gitlab-git" && strings.Contains(u.Operation, "push"):
			need = "write_repository"
		case u.System == "gitlab-git":
			need = "read_repository"
		case u.System == "gitlab-registry" && strings.Contains(u.Operation, "push"):
			need = "write_registry"
		case u.System == "gitlab-registry":
			need = "read_registry"
		case !strings.HasPrefix(u.System, "gitlab-"):
			continue
		case strings.Contains(u.Least, "read_repository"):
			need = "read_repository"
		case readsOnly(u.Operation):
			need = "read_api"
		default:
			need = "api"
		}
		if !slices.Contains(out, need) {
			out = append(out, need)
		}
	}
	if slices.Contains(out, "api") {
		out = slices.DeleteFunc(out, func(s string) bool { return s == "read_api" })
	}
	slices.Sort(out)
	return out
}

func readsOnly(operation string) bool {
	for op := range strings.SplitSeq(operation, "; ") {
		if !strings.HasPrefix(op, "GET ") && !strings.HasPrefix(op, "HEAD ") {
			return false
		}
	}
	return true
}

// more are the scopes that the credential has beyond those.
func (f *fixing) more(needed []string) []string {
	var out []string
	for _, s := range strings.Fields(f.target.Scopes) {
		if !slices.Contains(needed, s) {
			out = append(out, s)
		}
	}
	return out
}

// cleanUp is what is done once the jobs run without the credential.
func (f *fixing) cleanUp() []Step {
	var commands []string
	for _, p := range f.places() {
		for _, n := range f.secrets {
			commands = append(commands, fmt.Sprintf("glab api --method DELETE %q", p.path(n)))
		}
	}
	return []Step{
		{Text: "When all jobs above have run: revoke the old credential where it was issued. That, not the next step, is what makes it worthless."},
		{Text: "Then delete the variable " + strings.Join(f.secrets, ", ") + ", unless something else uses it: nhi-scan show " + clean(f.target.Name) + " tells.", Commands: commands},
	}
}

// protect keeps a variable that has to stay from what does not need it.
// Source: https://docs.gitlab.com/api/project_level_variables/
func (f *fixing) protect() []Step {
	steps := []Step{}
	for _, p := range f.places() {
		name := f.target.Name
		fields := []string{"--field masked=true", "--field protected=true"}
		if p.Kind == inventory.InstanceHome {
			steps = append(steps, Step{Text: "Every project of the instance sees " + name + ": move it to the projects that use it.", Commands: []string{fmt.Sprintf("glab api --method PUT %q %s", p.path(name), strings.Join(fields, " "))}})
			continue
		}
		environment := ""
		if p.Environment == "" || p.Environment == "*" {
			fields = append(fields, "--field environment_scope=ENVIRONMENT")
			environment = ", and scope it to the environment of the jobs that use it (they need environment: for that)"
		}
		steps = append(steps, Step{
			Text:     "Mask and protect " + name + " in " + p.name() + environment + ". Protected variables reach jobs on protected branches and tags only.",
			Commands: []string{fmt.Sprintf("glab api --method PUT %q %s", p.path(name), strings.Join(fields, " "))},
		})
		if p.Hidden == inventory.Yes {
			continue
		}
		steps = append(steps, Step{
			Text: "GitLab hides a variable only when it is made: delete it and make it again. The value comes from the keyboard, not from the command line.",
			Commands: []string{
				fmt.Sprintf("glab api --method DELETE %q", p.path(name)),
				fmt.Sprintf("read -rs VALUE && printf %%s \"$VALUE\" | glab api --method POST %q --field key=%s --field value=@- --field masked_and_hidden=true --field protected=true --field environment_scope=%s; unset VALUE",
					p.collection(), name, shellWord(cmp.Or(strings.Trim(p.Environment, "*"), "ENVIRONMENT"))),
			},
		})
	}
	return append(steps, Step{Text: "Give the credential an expiry date at its issuer, if it has none, and replace its value now if more people or jobs could read it than need it."})
}
