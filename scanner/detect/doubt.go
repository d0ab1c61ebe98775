package detect

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// doubt is a fact that speaks against a suspect whatever the model learned of such values: how much confidence it
// leaves, and the reason that a finding gives for it.
type doubt struct {
	most   float64
	reason string
	holds  func(c *suspect, v []byte) bool
}

// most is the least that a doubt leaves of a confidence, and why; the confidence itself and no reason where nothing speaks
// against it. Doubts that leave as much are not asked: most suspects are unlikely as they are.
func (c *suspect) most(confidence float64) (most float64, reason string) {
	v := c.content[c.hit.start:c.hit.end]
	most = confidence
	ask := func(doubts []doubt) {
		for i := range doubts {
			if d := &doubts[i]; d.most < most && d.holds(c, v) {
				most, reason = d.most, d.reason
			}
		}
	}
	ask(generalDoubts)
	ask(formDoubts)
	if c.guessed() {
		ask(nameDoubts)
	}
	return most, reason
}

// doubted reports whether anything speaks against a suspect.
func (c *suspect) doubted() bool {
	_, reason := c.most(1)
	return reason != ""
}

// generalDoubts, like all doubts, are asked of every likely suspect, so that before an expression stands a cheaper test of what
// it needs. Those that look at the value alone stand for hits of all ranks but own detectors, which know a form.
var generalDoubts = []doubt{
	// What stands behind "Basic" is base64 of user:password (RFC 7617).
	{doubted, "what follows is no user and password in base64", func(c *suspect, v []byte) bool {
		return c.basic() && !basicPair(v)
	}},
	{doubted, "user and password are stand-ins", func(c *suspect, v []byte) bool {
		return (c.basic() || c.guessed() && c.name.class == "auth") && standInPair(v) || c.hit.detector == "url-credentials" && c.standInUser()
	}},
	{doubted, "strings of a program, one behind the other", func(c *suspect, v []byte) bool {
		return c.guessed() && betweenZeros(c.content[max(0, c.hit.start-32):min(len(c.content), c.hit.end+32)])
	}},
	{doubted, "a private key without a body", func(c *suspect, v []byte) bool {
		return c.hit.detector == "private-key" && c.hit.rank > rankOwn && !hasBody(v)
	}},
	{0.4, "the name calls it public", func(c *suspect, v []byte) bool { return c.guessed() && c.name.public() }},
	{0.4, "one of a table of test vectors", func(c *suspect, v []byte) bool { return c.vector }},
	{0.1, "the value is a call", func(c *suspect, v []byte) bool {
		return bytes.ContainsAny(v, "(.>[") && c.bare() && call.Match(v)
	}},
	{0.1, "an expression of a template", func(c *suspect, v []byte) bool { return c.guessed() && c.bare() && c.inAction() }},
	{doubted, "the value is a variable, a template or text in brackets", func(c *suspect, v []byte) bool {
		return c.named() && c.shape.kind == "reference"
	}},
	{doubted, "the value says what belongs there", func(c *suspect, v []byte) bool { return c.shape.kind == "stand-in" && c.hit.rank > rankOwn }},
	{doubted, "a mask", func(c *suspect, v []byte) bool {
		return c.guessed() && (c.shape.repeats(v) || bytes.Contains(v, []byte("***"))) || c.hit.rank > rankOwn && c.shape.kind == "url" && masked(v)
	}},
	// In settings that a program reads even an alphabet is the secret that is used.
	{0.3, "counted up", func(c *suspect, v []byte) bool {
		return c.hit.detector != "private-key" && !isForm(c.hit.detector) && c.genre.place != "" && countedUp(v)
	}},
	{doubted, "encrypted", func(c *suspect, v []byte) bool {
		return c.named() && strings.IndexByte("E{vA$!", v[0]) >= 0 && encrypted.Match(v)
	}},
	{doubted, "a public key", func(c *suspect, v []byte) bool {
		return c.named() && strings.IndexByte("sem-", v[0]) >= 0 && publicKey.Match(v)
	}},
	// 20 bytes are an address of Ethereum, a private key has 32.
	{doubted, "an address on a block chain", func(c *suspect, v []byte) bool {
		return c.named() && bytes.Contains(v, []byte("0x")) && chainAddress.Match(v)
	}},
	{doubted, "an action of a cloud's policy", func(c *suspect, v []byte) bool {
		return c.guessed() && bytes.IndexByte(v, ':') > 0 && cloudAction.Match(v)
	}},
	// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
	{0.3, "the name of a resource of AWS", func(c *suspect, v []byte) bool { return c.guessed() && bytes.HasPrefix(v, []byte("arn:")) }},
	{doubted, "the sample of a provider's documentation", func(c *suspect, v []byte) bool {
		return c.guessed() && bytes.Contains(v, []byte("EXAMPLE")) && documented.Match(v)
	}},
	{0.3, "the name of a secret, no secret", func(c *suspect, v []byte) bool { return c.guessed() && c.name.refers() }},
	{0.3, "the name of an entry", func(c *suspect, v []byte) bool {
		return c.guessed() && c.name.class == "key" && c.name.head != "good" && c.shape.digit == 0 && (wordKinds[c.shape.kind] || c.shape.lower == 0)
	}},
	{0.1, "whether it is required, and no value", func(c *suspect, v []byte) bool { return c.guessed() && c.bare() && needs[string(v)] }},
	{0.3, "when, and no value", func(c *suspect, v []byte) bool { return c.guessed() && moments[string(v)] }},
	{0.3, "an alphabet", func(c *suspect, v []byte) bool {
		return c.guessed() && c.shape.longestSequence >= 20 && c.shape.n-c.shape.lower-c.shape.upper-c.shape.digit >= 8
	}},
	{0.3, "a version", func(c *suspect, v []byte) bool {
		n := len(c.name.words)
		return c.guessed() && c.name.class == "api" && c.name.words[n-1] == "version"
	}},
	{0.1, "its type", func(c *suspect, v []byte) bool {
		return c.guessed() && c.hit.assigned.op == opCompare && typeNames[string(v)]
	}},
	{0.3, "a key of a table or a keyboard", func(c *suspect, v []byte) bool { return c.guessed() && c.name.otherKey() }},
	{0.3, "the fingerprint of an OpenPGP key", func(c *suspect, v []byte) bool { return c.guessed() && c.name.class == "key" && c.fingerprint(v) }},
	{0.3, "an address without credentials", func(c *suspect, v []byte) bool {
		return c.guessed() && c.shape.kind == "url" && !bytes.ContainsAny(v, "@?")
	}},
	{0.3, "its own name", func(c *suspect, v []byte) bool { return c.guessed() && len(c.name.words) > 1 && c.ownName(v) }},
	{doubted, "rules for a value", func(c *suspect, v []byte) bool { return c.guessed() && validation.Match(v) }},
	{0.3, "a path", func(c *suspect, v []byte) bool {
		return c.guessed() && c.shape.kind == "path" && !looksSecret(string(v))
	}},
	{doubted, "a text for people in their language", func(c *suspect, v []byte) bool {
		return c.guessed() && c.genre.place == "locale" && !c.shape.dense(v)
	}},
	{doubted, "cut short", func(c *suspect, v []byte) bool {
		return c.guessed() && (bytes.HasPrefix(c.content[c.hit.end:], []byte("...")) || bytes.HasPrefix(c.content[c.hit.end:], []byte("…")))
	}},
	{doubted, "a label", func(c *suspect, v []byte) bool {
		return c.guessed() && c.shape.digit == 0 && (v[len(v)-1] == ':' || v[len(v)-1] == '?') && 5*c.shape.wordLetters >= 4*c.shape.letters
	}},
	{doubted, "a word of a sentence", func(c *suspect, v []byte) bool { return c.guessed() && c.inSentence(v) }},
	{0.3, "a way to log in, no credential", func(c *suspect, v []byte) bool {
		return c.guessed() && (c.name.class == "auth" || c.name.class == "api") && c.shape.digit == 0 && (wordKinds[c.shape.kind] || c.shape.lower == 0 || relativePath(v))
	}},
	{0.3, "a user", func(c *suspect, v []byte) bool { return c.guessed() && c.name.class == "login" }},
	{0.4, "a token of a form, valid for one session", func(c *suspect, v []byte) bool { return c.guessed() && c.name.ofForm() }},
	{0.3, "a name, no random value", func(c *suspect, v []byte) bool { return c.nameInPlace(v) }},
}

// nameInPlace reports whether a rule that knows its value by what stands before it has got a word: letters that can be spoken,
// or the provider's own name.
func (c *suspect) nameInPlace(v []byte) bool {
	if c.hit.rank != rankNamed && (c.hit.rank != rankForm || c.hit.from == c.hit.start) || c.hit.detector == "url-credentials" || strings.Contains(c.hit.detector, "password") {
		return false
	}
	if provider, _, _ := strings.Cut(c.hit.detector, "-"); len(provider) >= leastProvider && bytes.Contains(bytes.ToLower(v), []byte(provider)) {
		return true
	}
	return c.shape.digit == 0 && (wordKinds[c.shape.kind] || c.shape.kind == "pronounced")
}

// leastProvider is the shortest name of a provider that no random value holds, in bytes.
const leastProvider = 5

// guessed reports whether only a name speaks for a suspect.
func (c *suspect) guessed() bool { return c.hit.rank == rankGuess }

// named reports whether a name speaks for a suspect, and not the form of its value.
func (c *suspect) named() bool { return c.hit.rank >= rankNamed }

// bare reports whether a value has no quotes around it.
func (c *suspect) bare() bool {
	if a := c.hit.assigned; a != nil && c.hit.rank == rankGuess {
		return !a.quoted
	}
	return c.hit.start == 0 || !isQuote(c.content[c.hit.start-1])
}

// basic reports whether a value stands behind the scheme "Basic".
func (c *suspect) basic() bool {
	a := c.hit.assigned
	return c.hit.detector == "http-basic-authorization-header" || c.guessed() && a.op == opScheme && a.name == "basic"
}

// needs say how a program asks for a password, as in the steps of PAM: "password required pam_unix.so".
// Source: pam.conf(5)
var needs = set("required requisite sufficient optional include substack")

// moments say when a program sets a password or asks for one: update_password of Ansible's module user.
// Source: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/user_module.html
var moments = set("always never on_create")

// wordKinds are shapes that are made of words.
var wordKinds = set("word identifier compound constant")

var (
	// call is an expression of a language, or the beginning of one: os.environ.get('X'), this.#credentials, req.body.token.
	call = regexp.MustCompile(`^\$?[A-Za-z_][\w]*(?:(?:\.|->|::|\?\.)#?\w+)*\([^()]*\)?\)?$|^[A-Za-z_]\w*\[["']?[\w.-]+["']?\]$|^(?:\$?this|self|super|process\.env|ngx\.var|req|request|args|opts|options|params|props|ctx|context|config|data|state|event|settings)(?:\.|->|\?\.)#?[A-Za-z_][\w.]*$`)
	// encrypted begins what a tool made that keeps secrets in repositories: sops and eyaml, ejson, jasypt, Spring Cloud Config,
	// Vault's transit engine, DigitalOcean, KMS, Ansible Vault, Sealed Secrets (whose first two bytes give 512, the
	// length of a session key under RSA 4096).
	encrypted = regexp.MustCompile(`^(?:ENC\[|ENC\(|EJ\[\d:|EV\[\d|\{cipher\}|vault:v\d+:|AQICAH[\w+/]|\$ANSIBLE_VAULT|!vault|Ag[A-D][\w+/]{600})`)
	// publicKey begins a public key of SSH, or names its algorithm, or begins one of OpenPGP: a packet with tag 6 and version 4.
	// Source: RFC 9580, sections 4.2.2 and 5.5.2.2
	publicKey = regexp.MustCompile(`^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh|ecdsa)-[\w@.-]+)(?:\s|$)|^-----BEGIN (?:[A-Z ]+ )?(?:PUBLIC KEY|CERTIFICATE)|^m(?:Q[A-P][\w+/]B|DME)[\w+/]{20}`)
	// validation are rules that a form's field has to meet, as Laravel writes them.
	// Source: https://laravel.com/docs/validation#available-validation-rules
	validation   = regexp.MustCompile(`^(?:required|nullable|sometimes|bail|string|confirmed|(?:min|max|size|same|different|between):[\w,]+)(?:\|[a-z_]+(?::[^|]*)?)*$`)
	chainAddress = regexp.MustCompile(`(?:^|[^0-9A-Za-z])0x[0-9a-fA-F]{40}\W*$`)
	// cloudAction is a verb of AWS IAM: cognito-idp:ForgotPassword.
	// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
	cloudAction = regexp.MustCompile(`^[a-z][a-z0-9-]+:[A-Z][a-z]+[A-Za-z]*\*?$`)
	// documented are the pair of keys in AWS's documentation.
	// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
	documented = regexp.MustCompile(`^(?:A[KS]IA[0-9A-Z]{9}EXAMPLE|[\w/+]{29,30}EXAMPLEKEY)$`)
)

// relativePath reports whether a value is words between slashes: passport/web/login.
func relativePath(v []byte) bool {
	return bytes.IndexByte(v, '/') > 0 && len(bytes.Trim(v, "abcdefghijklmnopqrstuvwxyz/._-")) == 0
}

// repeats reports whether a value is one character, with signs between, or holds a run of one that is a good part of it. Zeros in
// base64 are such a run as well, in values that are longer.
func (s *shape) repeats(v []byte) bool {
	if bytes.Contains(v, []byte("AAAAAAAA")) && s.distinct > 8 {
		return false
	}
	rest := bytes.Trim(v, "-_. ")
	return len(rest) > 3 && len(bytes.ReplaceAll(bytes.ReplaceAll(rest, rest[:1], nil), []byte("-"), nil)) == 0 || s.longestSame >= 8 && 4*s.longestSame >= s.n
}

// ownName reports whether a value spells its name: FtpPassword = "FtpPassword", as lists of names do.
func (c *suspect) ownName(v []byte) bool {
	words := asciiWords(string(v))
	if bytes.HasSuffix(bytes.ToLower(v), []byte("."+strings.ToLower(c.hit.assigned.name))) {
		return true // EXCLUDED.encrypted_password
	}
	return slices.Equal(words, c.name.words) || strings.Join(words, "") == strings.Join(c.name.words, "")
}

// masked reports whether the last part of a URL is one character repeated.
func masked(v []byte) bool {
	last := v[bytes.LastIndexByte(v, '/')+1:]
	return len(last) >= 8 && len(bytes.Trim(last, string(last[:1]))) == 0
}

// leastCount is the shortest run that shows that somebody counted, in bytes: all digits, and more.
const leastCount = 10

// countedUp reports whether a good half of a value counts up or down, in one row or two in turns: abcdefghijklmnop,
// a1b2c3d4e5f6g7h8.
func countedUp(v []byte) bool {
	if len(v) > 128 {
		return false
	}
	for _, step := range []int{1, 2} {
		run := step
		for i := step; i < len(v); i++ {
			if d := int(v[i]) - int(v[i-step]); !isWordByte(v[i]) || d != 1 && d != -1 && !(v[i-step] == '9' && (v[i]|0x20 == 'a' || v[i] == '0')) {
				run = step
				continue
			}
			if run++; run >= leastCount && 2*run >= len(v) {
				return true
			}
		}
	}
	return false
}

// standInUser reports whether user and password of a URL are no more than what they are called: user:password@host.
func (c *suspect) standInUser() bool {
	before := c.content[c.hit.from:c.hit.start]
	user := before[bytes.LastIndexByte(before, '/')+1:]
	password := string(c.content[c.hit.start:c.hit.end])
	// aws_access_key_id:aws_secret_access_key, x-token-auth:my-token
	calledSo := c.shape.digit == 0 && c.shape.kind == "identifier" && factsOf(password).class != ""
	return calledSo || standIns(string(bytes.TrimSuffix(user, []byte(":"))), password)
}

func standIns(user, password string) bool {
	return (user == "" || userWords[strings.ToLower(user)]) && passwordWords[strings.ToLower(password)]
}

var (
	userWords     = set("user userid username user_name usr uname login name myname my_name yourname your_name myuser my_user youruser your_user yourusername your_username my-user your-user foo u someuser some_user dbuser db_user admin_user john jane alice bob test testuser test_user aladdin guest")
	passwordWords = set("pass password passwd pwd p pw mypass mypassword my_password my-password yourpass yourpassword your_password your-password bar baz somepass some_password dbpass dbpassword db_password opensesame guest")
)

// inSentence reports whether a value without quotes is a word of a text that goes on behind it.
func (c *suspect) inSentence(v []byte) bool {
	a := c.hit.assigned
	if a.quoted || a.where != inProse && a.where != inComment || a.op != opColon && a.op != opSpace && a.op != opArrow || c.shape.digit > 0 {
		return false
	}
	word := strings.ToLower(strings.TrimRight(string(v), ".,:;!?"))
	if !english().words[word] {
		return false
	}
	rest := c.content[c.hit.end:min(len(c.content), c.hit.end+3)]
	return len(word) < len(v) || len(rest) > 1 && (rest[0] == ' ' && isLetter(rest[1]) || strings.IndexByte(".,:;!?", rest[0]) >= 0 && rest[1] <= ' ')
}

// ofForm reports whether a name is one of a token that a web page carries against forged requests.
func (f *nameFacts) ofForm() bool {
	for _, w := range f.words {
		switch w {
		case "csrf", "xsrf", "csrfmiddlewaretoken", "authenticity", "requestverificationtoken", "viewstate", "nonce":
			return f.class != ""
		}
	}
	return false
}
