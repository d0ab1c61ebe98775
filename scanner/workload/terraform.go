package workload

import (
	"regexp"
	"slices"
	"strings"
)

// terraform reads Terraform, OpenTofu and GitLab's wrapper of them: the backend of the state, and the providers.
// Sources: https://docs.gitlab.com/user/infrastructure/iac/terraform_state/,
// https://developer.hashicorp.com/terraform/language/backend/http
func terraform(r *reading, c *call) {
	args := c.args
	verb := firstPlain(args, "-chdir", "--terragrunt-working-dir").text
	if verb == "run-all" {
		verb = lastPlain(args).text
	}
	wrapper := strings.HasPrefix(c.name, "gitlab-")
	switch verb {
	case "init", "plan", "apply", "destroy", "refresh", "import", "state", "output", "console", "taint", "show", "workspace", "force-unlock", "test", "plan-json":
	case "validate":
		if !wrapper {
			return
		}
	default:
		return
	}
	if slices.ContainsFunc(args, func(a value) bool { return a.text == "-backend=false" }) {
		return
	}
	text := r.terraformText(c)
	r.terraformState(c, verb, wrapper, text)
	if slices.Contains([]string{"plan", "apply", "destroy", "refresh", "import"}, verb) {
		r.terraformProviders(c, verb, text)
	}
}

var (
	statePath  = regexp.MustCompile(`/terraform/state`)
	backendKey = regexp.MustCompile(`^-{1,2}backend-config=["']?(\w+)\s*=\s*["']?(.*?)["']?$`)
)

// terraformState records the backend. Terraform itself reads TF_HTTP_*, GitLab's wrapper TF_* too.
func (r *reading) terraformState(c *call, verb string, wrapper bool, text string) {
	state, names := wrapper, []string(nil)
	set := func(name string) (value, bool) {
		v, ok := r.env[name]
		return v, ok
	}
	for _, name := range []string{"TF_HTTP_ADDRESS", "TF_ADDRESS", "TF_STATE_ADDRESS", "TF_BACKEND_ADDRESS", "TF_REMOTE_STATE_ADDRESS", "GITLAB_TF_ADDRESS"} {
		if v, ok := set(name); ok && statePath.MatchString(v.text) {
			state = true
		}
	}
	sure := wrapper // that what is given is what Terraform takes
	for _, name := range []string{"TF_HTTP_PASSWORD", "TF_PASSWORD", "GITLAB_TF_PASSWORD"} {
		if v, ok := set(name); ok {
			names = union(names, v.names)
			state = state || len(v.names) > 0 && name == "TF_HTTP_PASSWORD"
			sure = sure || name == "TF_HTTP_PASSWORD"
		}
	}
	s3, gitlab := false, false // what the options tell of the backend
	for i, a := range c.args {
		text := a.text
		if (text == "-backend-config" || text == "--backend-config") && i+1 < len(c.args) {
			text, a = "-backend-config="+c.args[i+1].text, c.args[i+1]
		}
		m := backendKey.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		switch {
		case statePath.MatchString(m[2]):
			state = true
		case m[1] == "password":
			names, sure = union(names, a.names), true
		case m[1] == "username" && m[2] == "gitlab-ci-token", m[1] == "lock_method" || m[1] == "unlock_method":
			gitlab = true
		case m[1] == "bucket" || m[1] == "dynamodb_table":
			s3 = true
		case m[1] == "access_key" || m[1] == "secret_key" || m[1] == "token":
			names = union(names, a.names)
			s3 = s3 || m[1] != "token"
		}
	}
	switch {
	case state || gitlab && len(names) > 0:
		kind, confidence := Kind(""), High
		if len(names) == 0 {
			names, kind, confidence = []string{"CI_JOB_TOKEN"}, Predefined, Medium
		}
		if !sure {
			confidence = Medium
		}
		r.claimed["TF_HTTP_PASSWORD"], r.claimed["TF_PASSWORD"] = true, true
		r.use(Use{System: "gitlab-terraform-state", Operation: "terraform " + verb, Kind: kind, AuthStyle: "basic (gitlab-ci-token)", Confidence: confidence}, names)
	case s3:
		if len(names) > 0 {
			r.use(Use{System: "aws-s3", Operation: "terraform " + verb + " (state)", AuthStyle: "backend-config"}, names)
		}
	case slices.ContainsFunc(r.mentioned(), func(n string) bool { return strings.HasPrefix(n, "TF_TOKEN_") || n == "TFE_TOKEN" }):
		r.use(Use{System: "terraform-cloud", Operation: "terraform " + verb, AuthStyle: "token-env"},
			keep(r.mentioned(), func(n string) bool { return strings.HasPrefix(n, "TF_TOKEN_") || n == "TFE_TOKEN" }))
	default:
		r.terraformBackend(text, verb)
	}
}

// terraformProviders records the clouds that a plan or apply reaches: those whose credentials or words the job names, or
// that the configuration of Terraform names, where it is at hand.
func (r *reading) terraformProviders(c *call, verb, text string) {
	operation := "terraform " + verb
	found := false
	for _, cloud := range tools().clouds() {
		if names, kind, ok := r.environment(cloud, false); ok {
			r.use(Use{System: cloud.system(), Operation: operation, Kind: kind, AuthStyle: "provider-env", Confidence: Medium}, names)
			found = true
		}
	}
	var handed []string
	for _, n := range r.terraformVariables() { // TF_VAR_… with a credential is handed to a provider or a resource
		if v, ok := r.env[n]; ok && strings.HasPrefix(n, "TF_VAR_") && len(secrets(v.names)) > 0 && !strings.HasPrefix(v.names[0], literalPrefix) {
			handed = union(handed, secrets(v.names))
		} else if !ok && strings.HasPrefix(n, "TF_VAR_") && isSecret(n) {
			handed = union(handed, []string{n})
		}
	}
	for _, a := range c.args {
		if strings.HasPrefix(a.text, "-var") || strings.Contains(a.text, "=") {
			handed = union(handed, secrets(a.names))
		}
	}
	for path, v := range r.written { // terraform.tfvars and *.auto.tfvars are read unasked
		if strings.HasSuffix(path, ".tfvars") || strings.HasSuffix(path, ".tfvars.json") {
			handed = union(handed, secrets(v.names))
		}
	}
	slices.Sort(handed)
	handed = keep(handed, func(n string) bool { return !r.claimed[n] && !strings.HasPrefix(n, literalPrefix) })
	for _, n := range handed {
		system := systemOfNames([]string{n})
		if system == "" {
			system = "terraform-providers"
		}
		r.use(Use{System: system, Operation: operation, AuthStyle: "terraform-variable", Confidence: Medium}, []string{n})
		found = true
	}
	if r.configuredProviders(text, verb) || found {
		return
	}
	for _, text := range []string{r.text(), r.siblings()} { // what another job plans, this one applies
		told := slices.DeleteFunc(tools().clouds(), func(t *Tool) bool { return t.words == nil || !t.words.MatchString(text) })
		if len(told) == 1 {
			names, kind := r.defaults(told[0])
			r.use(Use{System: told[0].system(), Operation: operation, Kind: kind, AuthStyle: "provider-env", Confidence: Medium}, names)
			return
		}
	}
	r.opaque(operation + ": which providers and credentials it uses")
}

// terraformVariables are the names that may be variables of Terraform: it reads all that the environment has.
// Source: https://developer.hashicorp.com/terraform/cli/config/environment-variables#tf_var_name
func (r *reading) terraformVariables() []string {
	out := slices.Clone(r.mentioned())
	for n := range r.env {
		if strings.HasPrefix(n, "TF_VAR_") {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// siblings is what the other jobs with Terraform run.
func (r *reading) siblings() string {
	var b strings.Builder
	for _, j := range r.config.Jobs {
		var own strings.Builder
		for _, c := range j.Script {
			own.WriteString(c.Text[:min(len(c.Text), maxText)] + "\n")
		}
		if text := own.String(); strings.Contains(text, "terraform") && b.Len() < maxScript {
			b.WriteString(text)
		}
	}
	return b.String()
}
