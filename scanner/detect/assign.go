package detect

// assignment is a value and what the text around it says about it: the answer of the parser that stands in place of
// one generic expression. It is found from an anchor, a word such as "passw" or "token" inside a name, by reading on
// from there: name, operator, value. Nothing is read twice but the few bytes around an anchor.
type assignment struct {
	name       string // as written, without quotes
	op         operator
	quoted     bool
	given      bool    // where it stands a program or library takes a secret, by its documentation
	wrapped    bool    // the value is an argument of a call, or what stands in when a variable is not set
	where      setting // what the name stands in
	start, end int     // of the value
}

// operator is what joins a name to its value.
type operator uint8

const (
	opAssign  operator = iota // =, :=, +=
	opColon                   // : as in YAML and JSON
	opArrow                   // =>, ->
	opCompare                 // ==, !=
	opComma                   // "name", "value"
	opCall                    // name("value")
	opElement                 // <name>value</name>
	opValue                   // name beside a field called value
	opCell                    // | name | value |
	opFlag                    // --name value
	opSpace                   // name value
	opScheme                  // Bearer value
	opQuery                   // ?name=value&
)

var operatorNames = []string{"assign", "colon", "arrow", "compare", "comma", "call", "element", "value", "cell", "flag", "space", "scheme", "query"}

// setting is what a name stands in.
type setting uint8

const (
	inCode    setting = iota // outside strings and comments of a programming language
	inString                 // inside a string literal
	inComment                // inside a comment
	inData                   // configuration
	inProse                  // text for people, or of unknown kind
)

var settingNames = []string{"code", "string", "comment", "data", "prose"}

// secretNames are what a name that may call its value a secret contains, in lower case. No other tool's list: these are
// the words for proofs of identity in English, with their usual abbreviations.
var secretNames = []string{
	"pass", "pwd", "secret", "token", "key", "auth", "cred", "api", "salt", "bearer", "basic ", "login", "psk", "jwt", "identified by", "identified with", "signature",
	"hmac", "session", "cookie", "otp", "seed", "ntlm ", "convertto-securestring", "sshpass", "curl", "lftp", "smbclient", "mysql", "mongo", "sqlcmd", "cqlsh", "ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami", "ipmitool", "mosquitto_", "-pw ", "pdo(", "_connect(", "oracle.connect(", "mssql.connect(", "ssh.connect(", "transport.connect(", "imap_open(", "ldap_bind(", "directoryentry", "getconnection", "sequelize", "signwith", "redis-cli", "bindpw", "rootpw", "_pw", "psexec", "_pat=", "_pat:", "_pat ", "_pat\"", "_pat'", "private",
}

const (
	maxName  = 96      // bytes of a name
	maxBlank = 64      // bytes of white space between name, operator and value: columns are aligned
	maxValue = 4 << 10 // bytes of a value; what is longer is cut
)

// source is a content with what its path says about it, while it is searched.
type source struct {
	content []byte
	genre   genre
	line    lineState
	table   columnList
	rows    int // bytes of rows of SQL that were read
}

// assignments returns the assignments whose names hold an anchor at one of the offsets, which ascend.
func assignments(g genre, content []byte, at []int) []assignment {
	s := &source{content: content, genre: g}
	var out []assignment
	end := 0 // of the last name: one name may hold several anchors
	for _, i := range at {
		if i < end {
			continue
		}
		name := s.nameAt(i)
		if name.end <= i {
			continue
		}
		end = name.end
		out = s.read(out, name)
	}
	return out
}

// word is where a name stands.
type word struct {
	start, end int
	quoted     bool
}

// nameAt returns the name around an offset.
func (s *source) nameAt(at int) word {
	c := s.content
	start, end := at, at
	for start > 0 && at-start < maxName && isNameByte(c[start-1]) {
		if start > 1 && c[start-2] == '\\' && (c[start-1] == 'n' || c[start-1] == 't' || c[start-1] == 'r') && (start < 3 || c[start-3] != '\\') {
			break // an escaped newline before the name
		}
		start--
	}
	for end < len(c) && end-at < maxName && isNameByte(c[end]) {
		end++
	}
	for end > at && (c[end-1] == '.' || c[end-1] == '-') { // "password." ends a sentence; "token->" goes on
		end--
	}
	return word{start: start, end: end, quoted: start > 0 && isQuote(c[start-1])}
}

func isNameByte(b byte) bool {
	return isLetter(b) || '0' <= b && b <= '9' || b == '_' || b == '-' || b == '.' || b == '$'
}

func isQuote(b byte) bool { return b == '"' || b == '\'' || b == '`' }

func isSpace(b byte) bool { return b == ' ' || b == '\t' }

// blank returns the offset of the first byte from i on that is no space or tab.
func (s *source) blank(i int) int {
	for stop := min(len(s.content), i+maxBlank); i < stop && isSpace(s.content[i]); {
		i++
	}
	return i
}

// at returns the byte at i, or a newline outside the content.
func (s *source) at(i int) byte {
	if i < 0 || i >= len(s.content) {
		return '\n'
	}
	return s.content[i]
}
