package detect

import (
	"bytes"
	"encoding/base64"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// shape is what the letters of a value say about it.
type shape struct {
	kind                         string // see shapeKind
	n                            int    // bytes
	lower, upper, digit, space   int
	distinct, changes            int     // different bytes; places where letters and digits meet
	letters                      int     // in runs of three and more
	wordLetters, words           int     // those of them that known words cover
	spoken                       float64 // mean likelihood of the runs, see pronounceable
	entropy                      float64
	longestSame, longestSequence int // runs of one byte, and of bytes counted up or down
	sample, common, single       bool
}

// shapeOf reads a value once. Of long values the first bytes decide.
func shapeOf(v []byte) shape {
	s := shape{n: len(v), entropy: entropy(v[:min(len(v), 256)])}
	v = v[:min(len(v), 256)]
	s.count(v)
	lower := strings.ToLower(string(v))
	s.read(lower)
	s.common = commonValues[strings.Trim(lower, "0123456789!._-")] || commonValues[lower]
	for _, w := range sampleWords {
		s.sample = s.sample || strings.Contains(lower, w)
	}
	s.single = english().words[lower]
	s.kind = s.kindOf(v, lower)
	return s
}

func (s *shape) count(v []byte) {
	var seen [256]bool
	same, sequence := 1, 1
	for i, b := range v {
		if !seen[b] {
			seen[b] = true
			s.distinct++
		}
		switch {
		case 'a' <= b && b <= 'z':
			s.lower++
		case 'A' <= b && b <= 'Z':
			s.upper++
		case '0' <= b && b <= '9':
			s.digit++
		case b <= ' ':
			s.space++
		}
		if i == 0 {
			continue
		}
		p := v[i-1]
		if isLetter(b) != isLetter(p) && isWordByte(b) && isWordByte(p) {
			s.changes++
		}
		same, sequence = same+1, sequence+1
		if b != p {
			same = 1
		}
		if b != p+1 && b != p-1 {
			sequence = 1
		}
		s.longestSame, s.longestSequence = max(s.longestSame, same), max(s.longestSequence, sequence)
	}
}

// read looks at the runs of letters.
func (s *shape) read(lower string) {
	l := english()
	sum := 0.0
	for i := 0; i < len(lower); {
		if !isLetter(lower[i]) {
			i++
			continue
		}
		j := i
		for j < len(lower) && isLetter(lower[j]) {
			j++
		}
		if run := lower[i:j]; len(run) >= 3 {
			letters, words := l.covered(run)
			s.letters += len(run)
			s.wordLetters += letters
			s.words += words
			sum += l.pronounceable(run) * float64(len(run))
		}
		i = j
	}
	if s.letters > 0 {
		s.spoken = sum / float64(s.letters)
	}
}

// shapeKinds are in the order in which they are asked.
func (s *shape) kindOf(v []byte, lower string) string {
	text := string(v)
	letters := s.lower + s.upper
	signs := s.n - letters - s.digit - s.space
	switch {
	case isReference(text):
		return "reference"
	case containsAny(lower, standInWords) && standIn.MatchString(text):
		return "stand-in"
	case s.distinct <= 2 && s.n > 3, s.longestSame*2 > s.n && s.n > 5:
		return "mask"
	case placeholderBytes(lower) && placeholderWords.MatchString(text):
		return "placeholder"
	case letters == 0 && (signs <= 1 || strings.Trim(text, "0123456789.") == "") && s.space == 0, strings.HasPrefix(lower, "0x") && s.n <= 18:
		return "number" // versions, addresses and object identifiers among them
	case uuidForm(lower):
		return "uuid"
	case strings.Contains(text, urlMark):
		return "url"
	case s.space > 0 && s.words > 1:
		return "phrase"
	case path.MatchString(text) && signs > 0:
		return "path"
	case s.n >= 16 && letters+s.digit == s.n && strings.Trim(lower, "0123456789abcdef") == "":
		return "hex"
	case bytes.IndexByte(v, '@') > 0 && strings.Contains(text[strings.LastIndexByte(text, '@'):], "."):
		return "email"
	case strings.ContainsAny(text, "(){}[]<>;"):
		return "code"
	}
	wordy := float64(s.wordLetters) >= 0.7*float64(letters)
	switch {
	case s.lower == 0 && wordy && strings.ContainsAny(text, "_-"):
		return "constant"
	case signs == 0 && s.digit == 0 && s.lower == s.n && s.words <= 1 && wordy:
		return "word"
	case s.digit == 0 && wordy && signs > 0 && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz._-") == "":
		return "identifier"
	case s.digit == 0 && wordy && signs == 0:
		return "compound"
	case s.digit == 0 && signs == 0 && s.spoken > -4.4 && s.n <= 20:
		return "pronounced"
	case wordy && signs == 0 || wordy && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz._-0123456789") == "":
		return "numbered"
	case s.n >= 20 && signs <= 3+s.n/8 && !strings.ContainsAny(text, " .:,"):
		return "random"
	case signs > 0:
		return "signs"
	}
	return "mixed"
}

// placeholderBytes reports whether placeholderWords may match a value in lower case: to ask for other bytes costs less.
func placeholderBytes(lower string) bool {
	rest := strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz2_. -*[]")
	return rest == "" || rest[0] >= utf8.RuneSelf
}

func uuidForm(lower string) bool {
	if len(lower) != 36 || lower[8] != '-' || lower[13] != '-' || lower[18] != '-' || lower[23] != '-' {
		return false
	}
	return strings.Trim(lower, "0123456789abcdef-") == ""
}

// isReference reports whether a value is a variable, a template or text in brackets. A dollar alone does not make one, nor
// does a bracket that nothing closes: they are letters to people and programs that choose passwords.
func isReference(text string) bool {
	text = strings.Trim(text, "\"'`")
	return text == "" || strings.IndexByte("$%@&<[({!*", text[0]) >= 0 && variable.MatchString(text) || strings.ContainsAny(text, "{(<[") && template.MatchString(text)
}

// template is a part of a value that something else fills in; or of an expression for values, which is none either.
var template = regexp.MustCompile(`\$\{[\w.:/?*!#@%, '"()+|-]*\}?$|\$\{[^{}]*\}|\{\{|#\{[\w\s.:@'"\[\]()>-]+\}|#\{[A-Za-z_]\w*[.(][^}]*$|<%|\$\([A-Za-z_./( ]|\$\[\[|%\(\w+\)|<[A-Za-z][\w :.-]*>|\[(?:A-Z|a-z|0-9)|\(\?[:=!P<i]`)

// bracketed is a placeholder inside a value.
var bracketed = regexp.MustCompile(`<[A-Za-z][\w :.-]*>`)

// variable is a whole value in the notation of a variable or of a format, or in brackets.
var variable = regexp.MustCompile(`^(?:\$\$?[A-Za-z_]\w*(?:(?:\.|->|::)\w+|\[[^\]]*\])*|%[A-Za-z_]\w*%|@[A-Za-z_]\w*@|@[A-Z][A-Z_]{3,}|%\(?[A-Za-z_]?\w*\)?[sdvq]|&lt;.*&gt;|&[a-z]+;|[<\[(].*[>\])]|\{.*\}|!\w+ .*|\*[a-z_]\w*)$`)

// standIn is a value that says what belongs there, or that something does: your_api_key, replace_me, token-goes-here.
var standIn = regexp.MustCompile(`(?i)^(?:[<\[{(]?(?:your|insert|enter|replace|put|add|specify|provide|fill)[_. -]\w.*|.*(?:replace|change|fill)[_. -]?(?:me|this|in|it)[>\])]?|(?:.*[_. -])?(?:replace|change)[_. -]?(?:me|this|in|it)[_. -]\w.*|.*[_. -](?:goes[_. -])?here[>\])]?|.*placeholder.*|.*(?:\.{3}|…|[<\[(](?:redacted|snip|omitted|removed|truncated|hidden)[>\])]))$`)

// standInWords are parts of values, one of which stands in every match of standIn: to ask for them costs less.
var standInWords = strings.Fields("your insert enter replace put add specify provide fill change here placeholder ... … redacted snip omitted removed truncated hidden")

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// commonValues are passwords that stand in every list of bad ones, and words that are no more than a name.
var commonValues = set("password passwd pass pwd passw0rd secret admin root test testing user guest default changeme letmein welcome qwerty abc asdf foo bar foobar token key apikey string none null true false todo example dummy fake sample demo hello world value data name username login private public master postgres mysql mongo redis oracle toor p@ssw0rd")

// sampleWords in a value say that it shows what a value looks like.
var sampleWords = []string{"example", "sample", "dummy", "fake", "mock", "your", "my_", "my-", "mysecret", "mypass", "mytoken", "mykey", "here", "changeme", "change_me", "change-me", "change me", "placeholder", "insert", "replace", "xxxx", "<", "...", "todo", "some", "test", "foo", "bar"}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// dense reports whether a value is one run of letters and digits with much information in it, as generated keys are.
func (s *shape) dense(v []byte) bool {
	if s.n < 10 || s.n > 150 || s.digit == 0 || s.entropy <= 3.5 || s.wordLetters*2 > s.lower+s.upper {
		return false
	}
	for _, b := range v {
		if !isWordByte(b) && strings.IndexByte("_.=-", b) < 0 {
			return false
		}
	}
	return true
}

// alphabet reports whether a value lists the characters that others are made of: each once, or most of them counted up.
func (s *shape) alphabet() bool {
	return s.n >= 40 && s.distinct == s.n || s.longestSequence >= 20 && 3*s.longestSequence >= 2*s.n
}

// madeUp reports whether the letters of what should be random show that somebody wrote them: repeated, counted up, words.
func madeUp(v []byte) bool {
	s := shapeOf(v)
	words := s.letters > 0 && float64(s.wordLetters) >= 0.5*float64(s.lower+s.upper)
	return s.kind == "reference" || s.kind == "mask" || s.sample || s.longestSame >= 5 || s.longestSequence >= 6 || s.normalised() < 0.6 || words
}

// normalised is the entropy of a value against the most that its length allows, 0 to 1.
func (s *shape) normalised() float64 {
	if s.n < 2 {
		return 0
	}
	return s.entropy / math.Log2(float64(min(s.n, 64)))
}

// basicPair reports whether a value is base64 of user:password.
func basicPair(v []byte) bool {
	text, err := base64.StdEncoding.DecodeString(string(v[:min(len(v), 256)/4*4]))
	if err != nil {
		return false
	}
	for _, b := range text {
		if b < ' ' || b > 0x7e {
			return false
		}
	}
	// An object in JSON, as of a token that stands under the wrong scheme, has a colon as well.
	return bytes.IndexByte(text, ':') >= 0 && text[0] != '{'
}

// standInPair reports whether a value is base64 of a pair that stands in for one, as user:password does, or of one without a
// password.
func standInPair(v []byte) bool {
	text, err := base64.StdEncoding.DecodeString(string(v[:min(len(v), 256)/4*4]))
	if err != nil {
		return false
	}
	user, password, ok := strings.Cut(string(text), ":")
	return ok && (password == "" || standIns(user, strings.ReplaceAll(password, " ", "")))
}
