package detect

import (
	"bytes"
	"regexp"
	"strings"
)

// formDoubts are of values whose form says what they are instead, or that are not what they seem.
var formDoubts = []doubt{
	{0.4, "begins like a token of a provider, and has not its form", func(c *suspect, v []byte) bool { return c.guessed() && c.malformed(v) }},
	{doubted, "a certificate or a public key", func(c *suspect, v []byte) bool { return certificate.Match(v) }},
	{doubted, "a private key that is cut short", func(c *suspect, v []byte) bool { return c.hit.detector == "private-key" && cutKey(v) }},
	{doubted, "a digest", hasForm(":-", `^(?i:sha-?(?:1|224|256|384|512)|md5|h1)[:-](?:[0-9a-fA-F]{32,128}|[A-Za-z0-9+/]{43,86}={0,2})$`)},
	{doubted, "a date", func(c *suspect, v []byte) bool { return c.guessed() && date.Match(v) }},
	{0.3, "a version", hasForm(".", `^`+oneVersion+`(?:\s?(?:\|\|?|,|-|\s)\s?`+oneVersion+`)*$`)},
	{doubted, "an alphabet", func(c *suspect, v []byte) bool { return c.guessed() && c.shape.alphabet() }},
	{0.3, "the name of a module in a version", hasForm(":", `^[A-Za-z][\w.-]*:\d+(?:\.\d+)+[\w.-]*$`)}, // of io.jsonwebtoken:jjwt-api:0.12.6
	{0.3, "a type of media", hasForm("/", `^(?:application|audio|font|image|message|model|multipart|text|video)/[\w.+*-]+$`)},
	// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
	{0.3, "the name of a resource of AWS", hasForm(":", `^arn:`)},
	{0.3, "an address without credentials", hasForm(`\`, `^\w+:\\/\\/[^@?]*$`)},
	{0.3, "a flag", hasForm("-", `^--?[A-Za-z][A-Za-z-]*=?$`)},
	{0.3, "a place of a file", hasForm(":", `^(?:classpath\*?|file|jar|optional):[\w./*-]+$`)},
	{0.3, "the path of a package", func(c *suspect, v []byte) bool { return c.guessed() && c.shape.digit <= 4 && packagePath.Match(v) }},
	{0.3, "a number", hasForm("0", `^0x[0-9A-Fa-f]{1,8}[ULul]*$`)},
	{doubted, "a public key", hasForm(" ", `(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[\w-]+)\s+AAAA`)},
	{0.3, "an action that an address leads to", hasForm("#", `^[a-z_]+(?:/[a-z_]+)*#[a-z_]+$`)},
	// Source: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/password_lookup.html
	{0.3, "the path of a password that is made", hasForm("=", `^[\w./~-]+ (?:length|chars|seed|encrypt)=`)},
	// Source: RFC 4514
	{0.3, "a name in a directory", hasForm(",", `^(?i:(?:cn|dc|o|ou|l|c|uid)=[^,]+)(?:,\s*(?i:(?:cn|dc|o|ou|l|c|uid)=[^,]+))+$`)},
	{0.3, "a path", hasForm("/", `^(?:[\w.-]+/)+[\w-]+\.[a-z]{2,5}$`)},
	{0.3, "a key of Windows' registry", hasForm(`\`, `^(?:HK[A-Z_]+|(?i:software|system))\\`)},
	{0.3, "an address that is not whole", hasForm("=", `[?&]\w+=$`)},
	{0.3, "a variable, and a command behind it", hasForm("$", `^\$\{?\w+\}? [a-z]`)},
	{0.3, "the rest of a template", func(c *suspect, v []byte) bool {
		return c.guessed() && bytes.Contains(v, []byte("}}")) && !bytes.Contains(v, []byte("{{"))
	}},
	{0.3, "an element of a page", func(c *suspect, v []byte) bool {
		return c.guessed() && (v[0] == '#' || v[0] == '.') && bytes.HasSuffix(c.content[:c.hit.start-1], []byte("$("))
	}},
	{0.3, "the name of a setting", func(c *suspect, v []byte) bool {
		return c.guessed() && c.shape.digit == 0 && bytes.IndexByte(v, '.') > 0 && settingName.Match(v) && factsOf(string(v)).class != ""
	}},
	{0.3, "a regular expression", hasForm(`\[.(`, `\\[bdswBDSW](?:[+*{?\\)\]\[]|$)|^\\b|\[\^[^\]]+\]|\.[*+](?:\\|\$$|\?|\))|^\^.*[*+?\\]|\(\?[:=!]`)},
	{0.3, "a command of PowerShell", func(c *suspect, v []byte) bool {
		return c.guessed() && c.bare() && c.genre.lang == "shell" && cmdlet.Match(v)
	}},
	{0.3, "a user without a password", func(c *suspect, v []byte) bool {
		return c.hit.detector == "url-credentials" && c.shape.lower+c.shape.upper == c.shape.n && 2*c.shape.wordLetters >= c.shape.n && bytes.HasSuffix(c.content[:c.hit.start], []byte(urlMark))
	}},
	// Source: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
	{0.3, "the key of an emulator, which is public", func(c *suspect, v []byte) bool {
		return strings.HasPrefix(c.hit.detector, "azure-") && bytes.Contains(c.content[max(0, c.hit.start-lineContext):c.hit.start], []byte("AccountName=devstoreaccount1;"))
	}},
	{doubted, "the notation of an address", func(c *suspect, v []byte) bool {
		return c.hit.detector == "url-credentials" && bytes.Contains(c.content[c.hit.from:c.hit.start], []byte("://["))
	}},
}

// hasForm returns what asks whether a value that only its name calls secret has a form. One of the bytes of needs stands in
// whatever has it.
func hasForm(needs, pattern string) func(c *suspect, v []byte) bool {
	form := regexp.MustCompile(pattern)
	return func(c *suspect, v []byte) bool {
		return c.guessed() && len(v) <= maxForm && bytes.ContainsAny(v, needs) && form.Match(v)
	}
}

// maxForm bounds the values whose form is asked, in bytes.
const maxForm = 256

// settingName is what programs call a setting: ldap.bind-password.
var settingName = regexp.MustCompile(`^[a-z][a-z_-]*(?:\.[a-z][A-Za-z_-]*)+$`)

// packagePath is a host with a path of names.
var packagePath = regexp.MustCompile(`^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*\.[a-z]{2,6}(?:/[A-Za-z][\w.-]{0,30})+$`)

// oneVersion is a version or a condition on it: ^8.0, >=1.2.3-rc1, v0.0.0-20191004102349-159aefb8556b.
const oneVersion = `[\^~>=<!]{0,2}\s?(?:v|rc)?\d+\.[\dx*]+(?:\.[\dx*]+)*(?:[-+_][\w.+-]+)?`

// cmdlet is one of the verbs that PowerShell approves with a noun behind it.
// Source: https://learn.microsoft.com/powershell/scripting/developer/cmdlet/approved-verbs-for-windows-powershell-commands
var cmdlet = regexp.MustCompile(`^(?:Add|Convert|ConvertFrom|ConvertTo|Export|Find|Format|Get|Import|Invoke|Join|New|Out|Read|Resolve|Select|Set|Split|Start|Test|Write)-[A-Z][A-Za-z]+$`)

// certificate begins a certificate or a public key in PEM, and the same in base64.
var certificate = regexp.MustCompile(`^(?:LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS|LS0tLS1CRUdJTiBQVUJMSUMgS0VZ|-----BEGIN (?:CERTIFICATE|PUBLIC KEY))`)

// issuedPrefix begins tokens whose whole form a detector knows, none of them shorter than leastIssued.
var issuedPrefix = regexp.MustCompile(`^(?:xox[abeoprs]-|gh[oprsu]_|gl(?:pat|ptt|dt|rt|cbt|soat|imt|ffct|agent)-|dapi[0-9a-f]{8}|` +
	`sk-(?:ant|proj)-|[rs]k_(?:live|test)_|npm_|pypi-AgE|dop_v1_|shp(?:at|ss|ca|pa)_|sm_(?:aat|pat|sat)_|px-(?:api|dep)-)`)

// leastIssued is the length of the shortest of these tokens, in bytes: GitLab's.
const leastIssued = 26

// namedForms are the whole forms of tokens that are known by the provider in their name.
var namedForms = []struct {
	provider string
	form     *regexp.Regexp
}{
	// Source: https://core.telegram.org/bots/api#authorizing-your-bot
	{"telegram", regexp.MustCompile(`^\d{5,16}:[\w-]{35}$`)},
	// Source: https://developer.cisco.com/meraki/api-v1/authorization/
	{"meraki", regexp.MustCompile(`^[0-9a-f]{40}$`)},
}

// malformed reports whether a value claims by its beginning or its name to be a token of a provider, and has not its form.
func (c *suspect) malformed(v []byte) bool {
	if len(v) < leastIssued && issuedPrefix.Match(v) {
		return true // cut short, or never issued; a longer one may be of a form that its provider has changed
	}
	if c.name.class != "token" && (c.name.class != "key" || c.name.head != "good") {
		return false
	}
	for _, f := range namedForms {
		if c.name.has(f.provider) && !c.name.has("secret") {
			return !f.form.Match(v)
		}
	}
	return false
}
