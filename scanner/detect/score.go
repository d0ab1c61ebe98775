package detect

import (
	"bytes"
	"math"
	"strings"
)

// features are what is known of a suspect as named numbers, most of them 0 or 1. Names are those of model.yaml.
type features struct {
	names []string
	value []float64
}

func (f *features) is(name string) { f.add(name, 1) }

func (f *features) when(name string, holds bool) {
	if holds {
		f.add(name, 1)
	}
}

func (f *features) add(name string, v float64) {
	f.names, f.value = append(f.names, name), append(f.value, v)
}

// suspect is a hit with all that it is judged by.
type suspect struct {
	content []byte
	genre   genre
	hit     *hit
	name    nameFacts
	shape   shape
	valid   validity
	vector  bool // one of many hexadecimal values under one name in a test: a test vector of cryptography
}

// describe gives the features of a suspect.
func (c *suspect) describe(f *features) {
	f.is("rank " + rankNames[c.hit.rank])
	c.describeName(f)
	c.describeValue(f)
	c.describePlace(f)
}

var rankNames = []string{"proven", "own", "form", "named", "generic", "guess"}

func (c *suspect) describeName(f *features) {
	switch c.hit.detector {
	case "private-key":
		c.describeKey(f)
	case "url-credentials":
		c.describeURL(f)
	}
	a := c.hit.assigned
	if a == nil {
		f.is("name none")
		f.is("rule " + rankNames[c.hit.rank] + " " + c.shape.kind)
		return
	}
	n := c.name
	f.is("name " + n.class)
	f.is("tail " + n.tail)
	f.is("name " + n.class + " tail " + n.tail)
	f.is("name " + n.class + " head " + n.head)
	f.is("name " + n.class + " value " + c.shape.kind)
	for _, w := range n.words {
		f.when("name shows", w == "test" || w == "mock" || w == "fake" || w == "dummy" || w == "example" || w == "sample")
		f.when("name expects", w == "expected" || w == "want" || w == "invalid" || w == "wrong" || w == "bad" || w == "new" || w == "old")
		f.when("name changed", w == "crypted" || w == "encrypted" || w == "hashed" || w == "hash" || w == "digest" || w == "confirmation")
	}
	f.is("name " + n.class + " op " + operatorNames[a.op])
	f.is("op " + operatorNames[a.op])
	f.is("in " + settingNames[a.where])
	quote := "bare"
	if a.quoted {
		quote = "quoted"
	}
	f.is(quote + " in " + settingNames[a.where])
	f.is(quote + " op " + operatorNames[a.op])
	f.is("op " + operatorNames[a.op] + " value " + c.shape.kind)
	f.when("wrapped", a.wrapped)
	f.when("wrapped value "+c.shape.kind, a.wrapped)
	f.when("compares type", a.op == opCompare && (bytes.Contains(c.content[max(0, a.start-80):a.start], []byte("typeof")) || typeNames[string(c.content[a.start:a.end])]))
	after := a.end
	for after < len(c.content) && after < a.end+4 && (isQuote(c.content[after]) || c.content[after] == ' ') {
		after++
	}
	if after < len(c.content) && a.quoted {
		f.when("joined", strings.IndexByte("+%.", c.content[after]) >= 0)
	}
	f.when("name upper", a.name == strings.ToUpper(a.name))
	f.when("name dotted", strings.Contains(a.name, "."))
	f.add("name words", float64(min(len(n.words), 6)))
	value := strings.ToLower(string(c.content[c.hit.start:min(c.hit.end, c.hit.start+64)]))
	shared := 0
	for _, w := range n.words {
		if len(w) > 2 && strings.Contains(value, w) {
			shared++
		}
	}
	f.when("value holds name", shared > 0)
	f.when("value is name", shared > 0 && shared == len(n.words))
}

func (c *suspect) describeValue(f *features) {
	s := &c.shape
	f.is("value " + s.kind)
	length := lengthNames[min(len(lengthNames)-1, bucket(s.n))]
	f.is("length " + length)
	f.is("length " + length + " value " + s.kind)
	n := float64(max(1, min(s.n, 256)))
	f.add("digits", float64(s.digit)/n)
	f.add("capitals", float64(s.upper)/n)
	f.add("signs", float64(min(s.n, 256)-s.lower-s.upper-s.digit-s.space)/n)
	f.add("spaces", float64(s.space)/n)
	f.add("changes", float64(s.changes)/n)
	f.add("entropy", s.entropy)
	f.add("entropy share", s.normalised())
	if s.letters > 0 {
		f.add("word share", float64(s.wordLetters)/float64(s.letters))
		f.add("spoken", s.spoken+4)
		f.add("letters per word", math.Min(8, float64(s.letters)/float64(s.words+1)))
	}
	f.add("words", float64(min(s.words, 6)))
	f.when("sample", s.sample)
	f.when("common", s.common)
	f.when("single word", s.single)
	f.when("same run", s.longestSame >= 4)
	f.when("sequence", s.longestSequence >= 5)
	v := c.content[c.hit.start:c.hit.end]
	dense := s.dense(v)
	f.when("dense", dense)
	f.when("dense name "+c.name.class, dense && c.hit.assigned != nil)
	f.when("dense tail "+c.name.tail, dense && c.hit.assigned != nil)
	f.when("dense value "+s.kind, dense)
	f.when("pair in base64", c.name.class == "auth" && basicPair(v))
	f.when("padding", bytes.HasSuffix(v, []byte("=")))
	f.when("ends in colon", bytes.HasSuffix(v, []byte(":")))
	f.when("expired", c.valid.over())
	f.when("never expires", c.valid.told && c.valid.end.IsZero())
	f.when("digit and letter", s.digit > 0 && s.lower+s.upper > 0)
	f.when("capital and small", s.upper > 0 && s.lower > 0)
}

var lengthNames = []string{"3", "4-5", "6-7", "8-9", "10-11", "12-15", "16-19", "20-23", "24-31", "32-39", "40-63", "64-127", "128"}

func bucket(n int) int {
	for i, limit := range []int{4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 64, 128} {
		if n < limit {
			return i
		}
	}
	return 12
}

func (c *suspect) describePlace(f *features) {
	f.is("lang " + c.genre.lang)
	f.when("place "+c.genre.place, c.genre.place != "")
	if a := c.hit.assigned; a != nil {
		f.is("lang " + c.genre.lang + " op " + operatorNames[a.op])
	}
	f.is("lang " + c.genre.lang + " value " + c.shape.kind)
	start, end := max(0, c.hit.start-160), min(len(c.content), c.hit.end+160)
	near := bytes.ToLower(c.content[start:end])
	has := func(words ...string) bool {
		for _, w := range words {
			if bytes.Contains(near, []byte(w)) {
				return true
			}
		}
		return false
	}
	f.when("near user", has("user", "login", "email"))
	f.when("near host", has("host", "server", "://", "database"))
	f.when("near pair", has("secret") && has("client_id", "clientid", "consumer", "access_key", "accesskey"))
	line := surroundingLine(near, min(c.hit.start-start, len(near)), min(c.hit.start-start, len(near)))
	on := func(words ...string) bool {
		for _, w := range words {
			if bytes.Contains(line, []byte(w)) {
				return true
			}
		}
		return false
	}
	f.when("line asserts", on("assert", "expect", "should", "must"))
	f.when("line defines", on("def ", "func ", "function"))
	f.when("line says error", on("error", "invalid", "missing", "required", "fail"))
	f.when("line describes", on("description", "label", "help", "usage", "title", "placeholder", "message"))
	f.when("line types", on("type", "field", "input"))
}

var typeNames = set("function string object undefined number boolean array symbol")

// describeKey looks at the body of a private key: whether it is whole, and whether a passphrase protects it.
func (c *suspect) describeKey(f *features) {
	text := c.content[c.hit.start:min(c.hit.end, c.hit.start+16<<10)]
	f.when("key encrypted", bytes.Contains(text, []byte("ENCRYPTED")) || bytes.Contains(text, []byte("encrypted")) || sealed(text))
	f.when("key whole", wholeKey(text))
	f.when("key short", len(text) < 120)
	f.when("key elided", bytes.Contains(text, []byte("..")))
}

// describeURL looks at the user and the host beside a password.
func (c *suspect) describeURL(f *features) {
	host := c.content[c.hit.end:min(len(c.content), c.hit.end+64)]
	host = bytes.ToLower(bytes.TrimPrefix(host, []byte("@")))
	if n := bytes.IndexAny(host, "/:?\"'` \n"); n >= 0 {
		host = host[:n]
	}
	f.is("url value " + c.shape.kind)
	f.when("url local", bytes.HasPrefix(host, []byte("localhost")) || bytes.HasPrefix(host, []byte("127.")))
	f.when("url example", bytes.Contains(host, []byte("example")) || bytes.Contains(host, []byte("host")) || bytes.Contains(host, []byte("domain")) || bytes.Contains(host, []byte("some")))
	f.when("url bare host", bytes.IndexByte(host, '.') < 0)
	scheme := c.content[c.hit.from:min(len(c.content), c.hit.from+5)]
	f.when("url web", bytes.HasPrefix(scheme, []byte("http")))
	user := c.content[max(c.hit.from, c.hit.start-24):c.hit.start]
	f.when("url names", bytes.Contains(user, []byte("user")) || bytes.Contains(user, []byte("name")) || bytes.Contains(user, []byte("foo")))
}
