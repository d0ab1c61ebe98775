package fix

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// recipe is how one family of systems gets rid of a static credential.
type recipe struct {
	family   string
	method   Method
	token    string      // name of the ID token; empty: none
	audience string      // of the ID token: its own for each system, so that one cannot pass it on to another
	setup    []string    // lines of a POSIX shell that go in before the first use
	shell    bool        // setup or rewrites are for a POSIX shell only
	rewrites []rewriting // of the lines of the script
	drop     *regexp.Regexp
	unset    []string // variables of the YAML that only hand the credential on
	sets     []string // names that setup sets itself
}

// publicHalf are names of what goes with a secret and is none: it may stay.
var publicHalf = regexp.MustCompile(`(?i)(^|_)(USER|USERNAME|USR|LOGIN|ACCOUNT|EMAIL|CLIENT_?ID|TENANT|TENANT_?ID|SUBSCRIPTION(_?ID)?|APP_?ID|PROJECT|PROJECT_?ID|REGION|HOST|URL|ROLE_?ID)$`)

var nameOnly = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func isName(s string) bool { return nameOnly.MatchString(s) }

// referenceText is a regular expression for a variable as a shell writes it, quoted or not.
func referenceText(names ...string) string {
	var all []string
	for _, n := range names {
		all = append(all, regexp.QuoteMeta(n))
	}
	one := "(?:" + strings.Join(all, "|") + ")"
	return `\$(?:` + one + `\b|\{` + one + `(?::?[-?+=][^}]*)?\})`
}

func reference(names ...string) *regexp.Regexp { return regexp.MustCompile(referenceText(names...)) }

// optionalQuote stands on both sides of a reference; in a double-quoted scalar it is escaped.
const optionalQuote = `(?:\\?["'])?`

func quotedReference(names ...string) string {
	return optionalQuote + referenceText(names...) + optionalQuote
}

// recipe tells how one use is replaced. An error says why no patch can be made, for people.
func (f *fixing) recipe(u use) (recipe, error) {
	s := u.System
	if u.AuthStyle == "forwarded" && !(strings.HasPrefix(s, "aws") && slices.Contains(awsHalves(u), f.target.Name)) {
		return recipe{}, errors.New("it hands the credential to another host, which has no ID token: let that host have a credential of its own")
	}
	switch {
	case s == "":
		return recipe{}, fmt.Errorf("it is not known what the credential is for (%s)", clean(u.Operation))
	case s == "opaque-script" || s == "opaque-include":
		return recipe{}, errors.New("it runs what cannot be read")
	case s == "aws" || strings.HasPrefix(s, "aws-"):
		return f.aws(u)
	case s == "gcp" || strings.HasPrefix(s, "gcp-"):
		return f.gcp(u)
	case s == "azure" || strings.HasPrefix(s, "azure-"):
		return f.azure(u)
	case s == "vault":
		return f.vault(u)
	case s == "pypi":
		return f.pypi(u)
	case s == "npm":
		return f.npm(u)
	case s == "gitlab-registry":
		return f.ownRegistry(u)
	case strings.HasPrefix(s, "gitlab-"):
		return f.gitlab(u)
	case s == "dockerhub" || s == "registry-other":
		return f.otherRegistry(u)
	}
	return recipe{}, fmt.Errorf("no way is known by which %s takes ID tokens of GitLab", clean(s))
}

// aws uses the web identity that all AWS tools and SDKs take from two variables; AWS_ROLE_ARN is set in the project.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
func (f *fixing) aws(u use) (recipe, error) {
	if text := script(u); awsProfile.MatchString(text) {
		return recipe{}, errors.New("it names a profile, for which AWS tools leave the job's own identity aside: remove the profile first")
	}
	names := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
	one := strings.Join(names, "|")
	refs := quotedReference(append(slices.Clone(f.names), names...)...)
	return recipe{
		family: "aws", method: IDTokens, token: "AWS_ID_TOKEN", audience: "sts.amazonaws.com", shell: true,
		setup: []string{
			`export AWS_WEB_IDENTITY_TOKEN_FILE="$(mktemp)"`,
			`printf '%s' "$AWS_ID_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"`,
			`unset ` + strings.Join(names, " "),
		},
		drop: regexp.MustCompile(`^(?:aws configure set (?:default\.)?aws_(?:access_key_id|secret_access_key|session_token)[ =]+` + refs +
			`|(?:export\s+)?(?:(?:` + one + `)=` + refs + `\s*)+;?)$`),
		unset: names,
	}, nil
}

var awsProfile = regexp.MustCompile(`--profile\b|AWS_PROFILE|AWS_DEFAULT_PROFILE|aws_access_key_id\s*=|\[default\]`)

// gcp writes a credential configuration, which Google's tools and libraries take where a key file was.
// Source: https://google.aip.dev/auth/4117 and https://docs.gitlab.com/ci/cloud_services/google_cloud/
func (f *fixing) gcp(u use) (recipe, error) {
	refs := quotedReference(f.names...)
	login := ` gcloud auth login --quiet --cred-file="$$GOOGLE_APPLICATION_CREDENTIALS"`
	r := recipe{
		family: "gcp", method: IDTokens, token: "GCP_ID_TOKEN", audience: "https://iam.googleapis.com/$GCP_WORKLOAD_IDENTITY_PROVIDER", shell: true,
		setup: []string{
			`export GCP_ID_TOKEN_FILE="$(mktemp)" GOOGLE_APPLICATION_CREDENTIALS="$(mktemp)"`,
			`printf '%s' "$GCP_ID_TOKEN" > "$GCP_ID_TOKEN_FILE"`,
			`printf '{"type":"external_account","audience":"//iam.googleapis.com/%s","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"file":"%s"},"service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/%s:generateAccessToken"}' "$GCP_WORKLOAD_IDENTITY_PROVIDER" "$GCP_ID_TOKEN_FILE" "$GCP_DEPLOY_ACCOUNT" > "$GOOGLE_APPLICATION_CREDENTIALS"`,
			`unset GOOGLE_CREDENTIALS GOOGLE_CLOUD_KEYFILE_JSON CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE`,
		},
		unset: []string{"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"},
		sets:  []string{"GOOGLE_APPLICATION_CREDENTIALS"},
	}
	r.rewrites = []rewriting{
		{pattern: regexp.MustCompile(`(?:echo|printf|cat)\b[^|;&]*` + refs + `[^|;&]*\|(?:\s*base64 [^|;&]*\|)?\s*gcloud auth activate-service-account\b[^|;&\r\n]*`), with: strings.TrimSpace(login)},
		{pattern: regexp.MustCompile(`(^|[\s;&])gcloud auth activate-service-account\b[^|;&\r\n]*`), with: "${1}" + strings.TrimSpace(login)},
	}
	files, err := keyFiles(script(u), refs, gcloudFile)
	if err != nil {
		return recipe{}, err
	}
	remove, value := "", refs
	for _, file := range files {
		name := optionalQuote + regexp.QuoteMeta(file) + optionalQuote
		remove, value = remove+`|rm (?:-f )?`+name, value+"|"+name
	}
	r.drop = regexp.MustCompile(`^(?:(?:echo|printf|cat)\b[^;&]*` + refs + `[^;&]*>\s*\S+|export (?:GOOGLE_APPLICATION_CREDENTIALS|GOOGLE_CREDENTIALS)=(?:` + value + `)` + remove + `)$`)
	return r, nil
}

// gcloudFile finds what reads a key file and needs none any more.
var gcloudFile = regexp.MustCompile(`activate-service-account|GOOGLE_APPLICATION_CREDENTIALS=|^\s*rm `)

// keyFiles are the files into which a script writes a key. It fails where something else than the login reads one.
func keyFiles(text, refs string, login *regexp.Regexp) ([]string, error) {
	writes := regexp.MustCompile(`(?m)^\s*(?:echo|printf|cat)\b[^;&\n]*` + refs + `[^;&\n]*>\s*["']?([^\s"';&|]+)`)
	var out []string
	for _, m := range writes.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
		for line := range strings.Lines(text) {
			if strings.Contains(line, m[1]) && !login.MatchString(line) && !strings.Contains(line, m[0]) && !writes.MatchString(line) {
				return nil, fmt.Errorf("the key goes into the file %s, which more than the login reads", clean(m[1]))
			}
		}
	}
	return out, nil
}

// azure signs in with the ID token as the client's assertion.
// Source: https://docs.gitlab.com/ci/cloud_services/azure/ and the provider's guide for OpenID Connect at registry.terraform.io
func (f *fixing) azure(u use) (recipe, error) {
	r := recipe{family: "azure", method: IDTokens, token: "AZURE_ID_TOKEN", audience: "api://AzureADTokenExchange", shell: true}
	text := script(u)
	if strings.Contains(text, "az login") {
		r.rewrites = []rewriting{{
			only:    regexp.MustCompile(`\baz login\b.*--service-principal|--service-principal.*`),
			pattern: regexp.MustCompile(`(\s)(?:-p|--password)[ =]` + quotedReference(f.secrets...)),
			with:    `$1--federated-token "$$AZURE_ID_TOKEN"`,
		}}
	}
	if regexp.MustCompile(`\b(terraform|tofu|terragrunt|packer)\b`).MatchString(text) {
		r.setup = []string{`export ARM_USE_OIDC=true ARM_OIDC_TOKEN="$AZURE_ID_TOKEN"`, `unset ARM_CLIENT_SECRET`}
		r.unset = []string{"ARM_CLIENT_SECRET"}
		r.drop = regexp.MustCompile(`^export ARM_CLIENT_SECRET=` + quotedReference(f.names...) + `$`)
	}
	if len(r.setup)+len(r.rewrites) == 0 {
		return recipe{}, errors.New("its sign-in to Azure is neither az login nor Terraform's")
	}
	return r, nil
}

// vault logs in with the ID token.
// Source: https://docs.gitlab.com/ci/secrets/hashicorp_vault/ and https://developer.hashicorp.com/vault/docs/auth/jwt
func (f *fixing) vault(u use) (recipe, error) {
	if !regexp.MustCompile(`(^|[\s(;&])(vault|bao)\s`).MatchString(script(u)) {
		return recipe{}, errors.New("it reaches Vault without Vault's own client: put secrets: or the login by hand")
	}
	r := recipe{family: "vault", method: IDTokens, token: "VAULT_ID_TOKEN", audience: "$VAULT_ADDR", shell: true}
	login := regexp.MustCompile(`auth/approle/login\b[^|;&)\r\n"]*`)
	if login.MatchString(script(u)) {
		r.rewrites = []rewriting{{pattern: login, with: `auth/jwt/login role="$$VAULT_AUTH_ROLE" jwt="$$VAULT_ID_TOKEN"`}}
		return r, nil
	}
	for _, n := range f.secrets {
		r.setup = append(r.setup, fmt.Sprintf(`export %s="$(vault write -field=token auth/jwt/login role="$VAULT_AUTH_ROLE" jwt="$VAULT_ID_TOKEN")"`, n))
	}
	r.sets = f.secrets
	return r, nil
}

// pypi makes a token of one upload from the ID token, under the name that the job has for it.
// Source: https://docs.pypi.org/trusted-publishers/using-a-publisher/
func (f *fixing) pypi(u use) (recipe, error) {
	text := script(u)
	if strings.Contains(u.Operation, "install") {
		return recipe{}, errors.New("it installs from a private index: trusted publishing is for uploads only")
	}
	index := "pypi.org"
	for _, m := range regexp.MustCompile(`https?://([\w.-]+|\$\{?\w+\}?)|(?i)repository[-_]url[ =]\S+|\$\{?\w*(?:REPOSITORY_URL|INDEX_URL|REPO_URL)\w*`).FindAllStringSubmatch(text, -1) {
		switch {
		case strings.Contains(m[0], "test.pypi.org"):
			index = "test.pypi.org"
		case strings.Contains(m[0], "pypi.org") || strings.Contains(m[0], "files.pythonhosted.org"):
		case regexp.MustCompile(`(?i)repository|index|repo_url`).MatchString(m[0]):
			return recipe{}, errors.New("it uploads to an index that is not pypi.org: ask that index for ID tokens, or for a token of the one project")
		}
	}
	if regexp.MustCompile(`(-r|--repository)[ =]test`).MatchString(text) {
		index = "test.pypi.org"
	} else if regexp.MustCompile(`(--repository|\s-r)[ =]\S`).MatchString(text) && strings.Contains(text, "twine") && !strings.Contains(text, "pip install -r") {
		return recipe{}, errors.New("it uploads to an index that is named elsewhere")
	}
	r := recipe{family: "pypi", method: IDTokens, token: "PYPI_ID_TOKEN", audience: strings.ReplaceAll(strings.TrimSuffix(index, ".org"), ".", ""), shell: true, sets: f.names}
	for _, n := range f.names {
		line := fmt.Sprintf(`export %s="$(python3 -c 'import json, os, urllib.request as u; print(json.load(u.urlopen("https://%s/_/oidc/mint-token", json.dumps(dict(token=os.environ["PYPI_ID_TOKEN"])).encode()))["token"])')"`, n, index)
		if publicHalf.MatchString(n) {
			line = "export " + n + "=__token__"
		}
		r.setup = append(r.setup, line)
	}
	return r, nil
}

// npmRegistry is the host of npm's own registry, put together here: the project's texts name no registry's host.
const npmRegistry = "registry." + "npmjs" + ".org"

// npm publishes with the ID token by itself, from version 11.5.1 on, where no other token is in its way.
// Source: https://docs.npmjs.com/trusted-publishers
func (f *fixing) npm(u use) (recipe, error) {
	if !strings.Contains(u.Operation, "publish") {
		return recipe{}, errors.New("it only installs or configures: trusted publishing is for npm publish")
	}
	if !regexp.MustCompile(`\bnpm publish\b|\bnpm --\S+ publish\b`).MatchString(script(u)) {
		return recipe{}, errors.New("it publishes with something else than npm itself")
	}
	if m := regexp.MustCompile(`//([\w.-]+|\$\{?\w+\}?)[^\s"']*:_authToken`).FindStringSubmatch(script(u)); m != nil && m[1] != npmRegistry {
		return recipe{}, fmt.Errorf("it publishes to %s, not to %s", clean(m[1]), npmRegistry)
	}
	refs := quotedReference(f.names...)
	return recipe{
		family: "npm", method: IDTokens, token: "NPM_ID_TOKEN", audience: "npm:" + npmRegistry,
		drop: regexp.MustCompile(`^(?:(?:echo|printf)\b[^;&]*_authToken=` + refs + `[^;&]*>>?\s*\S+|npm (?:config )?set \S*_authToken[ =]` + refs +
			`|export (?:NPM_TOKEN|NODE_AUTH_TOKEN)=` + refs + `)$`),
		unset: []string{"NPM_TOKEN", "NODE_AUTH_TOKEN", "NPM_AUTH_TOKEN"},
	}, nil
}

// maxScript bounds what is searched of a script, in bytes.
const maxScript = 1 << 20

// script is all that a job runs, and the values of its variables.
func script(u use) string {
	var b strings.Builder
	for _, c := range u.job.Script {
		if b.Len() > maxScript {
			break
		}
		b.WriteString(c.Text + "\n")
	}
	for _, v := range slices.Concat(u.job.Globals, u.job.Variables) {
		if b.Len() < maxScript {
			b.WriteString(v.Name + "=" + v.Value + "\n")
		}
	}
	return b.String()
}
