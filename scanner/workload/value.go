package workload

import (
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// value is what a word of a script stands for, as far as it can be told without running anything.
type value struct {
	text  string   // with ${NAME} for what is not known and $(…) for the output of a command
	names []string // of the variables and secrets that flow into it; unique, in order of appearance
}

// Bounds of one value: a script may build texts from texts.
const (
	maxText  = 4096
	maxNames = 64
)

// unknown stands in a text for the output of a command.
const unknown = "$(…)"

// Prefixes of names that are no variables: what they say is where a value comes from.
const (
	literalPrefix  = "literal:"
	ArtifactPrefix = "artifact:" // an earlier job left it
)

func (v value) with(others ...value) value {
	out := value{text: v.text, names: slices.Clone(v.names)}
	for _, o := range others {
		if len(out.text) < maxText {
			out.text += o.text
		}
		out.names = union(out.names, o.names)
	}
	if len(out.text) > maxText {
		out.text = out.text[:maxText]
	}
	return out
}

// taint adds names without changing the text.
func (v value) taint(names []string) value {
	return value{text: v.text, names: union(v.names, names)}
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, n := range b {
		if len(out) < maxNames && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func join(values []value, separator string) value {
	out := value{}
	for i, v := range values {
		if i > 0 {
			out = out.with(value{text: separator})
		}
		out = out.with(v)
	}
	return out
}

// isUnknown reports whether nothing of a text is known: it is one variable, or the output of a command.
func (v value) isUnknown() bool {
	return v.text == unknown || strings.HasPrefix(v.text, "${") && strings.IndexByte(v.text, '}') == len(v.text)-1
}

var (
	// The words stand between separators: COMPASS and MONKEY are none.
	secretWord = regexp.MustCompile(`(?i)(^|[_:./-])(\w*TOKENS?|\w*PASS|\w*PASSW(OR)?D|\w*PASSPHRASE|\w*PASSCODE|PWD|DB_?PWD|\w*SECRETS?|\w*CREDENTIALS?|\w*CREDS?|\w*KEY|\w*KEYS|PAT|JWT|\w*KUBE_?CONFIG|KUBECFG|\w*WEBHOOK|HOOK|\w*HOOK_URL|DSN|ID_RSA|ID_ED25519|\w*RSA|PEM|PPK|P12|PFX|KEYSTORE|NETRC|APIKEY|AUTH|LOGIN|SERVICE_?ACCOUNT(_JSON|_FILE)?|CONN(ECTION)?_?STR(ING)?|(DATABASE|DB|MONGO\w*|REDIS|POSTGRES\w*|MYSQL)_?UR[LI]|CERT|\w*CERTIFICATE)($|[_:./-]|\d*$)`)
	// Words after which a name of the above is an address, a number or a public half.
	notSecret  = regexp.MustCompile(`(?i)^(OLD)?PWD$|(^|_)(PUBLIC_KEY(_\w+)?|PUB_KEY|CACHE_KEY|PROJECT_?KEY(_\w+)?|KEY_NAME|KEY_PAIR_NAME|KEYRING|KEYPAIR|TOKEN_URL|TOKEN_NAME|AUTH_URL|AUTH_SOCK|AUTH_TYPE|AUTH_METHOD|AUTH_ROLE|AUTH_PATH|LOGIN_URL|KNOWN_HOSTS|KEYSERVER|KEY_SERVER|FINGERPRINT|SECRET_NAME|SECRETS?_PATH|SECRET_ID_PATH|CA_?CERT|CA_?CERTS|CA_?CERTIFICATE|CERTDIR|CERT_DIR|CERT_PATH|LOGIN_SERVER|ALLOW_EMPTY_PASSWORD|AUTHORIZED_KEYS?|AUTHOR|\w*(EXPIR\w*|EXPIRATION_\w+|TTL|DAYS|HOURS|MINUTES|SECONDS|TIMEOUT|LIFETIME)|(TOKEN|KEY|KEYS|SECRETS?|PASS|PASSWORD|CERT|CERTIFICATE|AUTH|LOGIN|CREDS?|CREDENTIALS?|PAT|JWT|SERVICE_?ACCOUNT)_((\w+_)?(ROLE|ARN|HOST|PORT|REGION|PROFILE|ADDR|ADDRESS|ENDPOINT|ISSUER|AUDIENCE|AUD|TTL|EXPIRY|VERSION|LENGTH|COUNT|TYPE|ENABLED|TAG|URI|URL|DIR|USER|USERNAME|EMAIL|NAMESPACE|ALGORITHM|PATH_NAME|MANAGER|NAME|BUCKET|CLUSTER|REPO|REPOSITORY|IMAGE|BRANCH|DOMAIN|FORMAT|SIZE|MODE|CHART(_\w+)?)))(_(DEV|DEVELOP(MENT)?|TEST(ING)?|STAGING|STAGE|STG|QA|UAT|PRE(PROD)?|PRO(D|DUCTION)?|LIVE|REVIEW|MAIN|MASTER))?$`)
	userWord   = regexp.MustCompile(`(?i)(^|_)(\w*USER|USER_?NAME|\w*USERNAME|USR|LOGIN|CLIENT_ID|APP(LICATION)?_ID|ACCESS_KEY_ID|ACCOUNT)($|_)`)
	notUser    = regexp.MustCompile(`^(GITLAB_USER_|CI_COMMIT_|GIT_AUTHOR|GIT_COMMITTER)|_(SERVER|URL|HOST|ENDPOINT|PORT|REGION|EMAIL_DOMAIN)$`)
	predefined = regexp.MustCompile(`^(CI_JOB_TOKEN|CI_BUILD_TOKEN|CI_REGISTRY_(PASSWORD|USER)|CI_DEPLOY_(PASSWORD|USER)|CI_DEPENDENCY_PROXY_(PASSWORD|USER)|CI_JOB_JWT(_V[12])?|CI_REPOSITORY_URL)$`)
)

// plain cuts the mark of where a name comes from.
func plain(name string) string { return strings.TrimPrefix(name, literalPrefix) }

// isSecret reports whether a name is that of a credential: by its words, or because it says where a secret is fetched.
func isSecret(name string) bool {
	name = plain(name)
	if strings.Contains(name, ":") {
		return true
	}
	if ciyaml.Predefined(name) && name != "KUBECONFIG" {
		return predefined.MatchString(name)
	}
	return secretWord.MatchString(name) && !notSecret.MatchString(name)
}

// isUser reports whether a name is that of the user half of a credential.
func isUser(name string) bool {
	name = plain(name)
	return userWord.MatchString(name) && !notUser.MatchString(name)
}

// secrets keeps the names of credentials.
func secrets(names []string) []string {
	return keep(names, isSecret)
}

func keep(names []string, wanted func(string) bool) []string {
	var out []string
	for _, n := range names {
		if wanted(n) {
			out = append(out, n)
		}
	}
	return out
}
