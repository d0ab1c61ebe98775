package detect

import (
	"slices"
	"strings"
)

// nameFacts is what a name says of its value.
type nameFacts struct {
	class string // see nameClasses; "" means none
	head  string // what the word before the class makes of it: good, bad, other or none
	tail  string // what follows: about, more or none
	words []string
}

// nameClasses say which words call a value a secret, and of which class; asked in order, of each word from the right.
var nameClasses = []struct{ class, exact, endings string }{
	{"password", "pass pw pwd psw bindpw rootpw passphrase passcode pswd", "password passwd passwort passphrase pwd sshpass passw passwords pass"},
	{"secret", "secret secrets", "secret secrets"},
	{"token", "token tokens jwt pat bearer otp totp csrf xsrf", "token tokens"},
	{"key", "key keys psk nkey", "apikey secretkey privatekey accesskey sshkey deploykey signingkey authkey encryptionkey masterkey sharedkey key"},
	{"credential", "cred creds credential credentials", "credential credentials creds"},
	{"auth", "auth oauth authorization authentication basic", "auth"},
	{"salt", "salt pepper seed", "salt"},
	{"signature", "signature hmac", "signature"},
	{"session", "session cookie sessionid sid", "cookie"},
	{"login", "login", ""},
	{"api", "api", ""},
}

var classWords = func() map[string]string {
	m := map[string]string{}
	for _, c := range nameClasses {
		for w := range strings.FieldsSeq(c.exact) {
			m[w] = c.class
		}
	}
	return m
}()

// notSecrets end like a word of a class and are none.
var notSecrets = set("monkey turkey donkey hockey whiskey jockey keyboard keyword bypass multipass compass passport passage author authority tokenizer surpass trespass overpass hotkey newkey pubkey publickey getpass nopasswd nopass")

// goodHeads before "key", "auth" and the like make it a credential.
var goodHeads = set("api access secret private master encryption encrypt signing sign app application consumer client license service deploy ssh account shared auth oauth jwt hmac session session webhook admin server account subscription instrumentation write read ingest project integration sdk developer dev user host security crypto cipher aes rsa")

func classOf(w string) string {
	if c, ok := classWords[w]; ok {
		return c
	}
	if len(w) < 5 || notSecrets[w] {
		return ""
	}
	for _, c := range nameClasses {
		for e := range strings.SplitSeq(c.endings, " ") {
			if e != "" && strings.HasSuffix(w, e) {
				return c.class
			}
		}
	}
	return ""
}

// factsOf reads the words of a name from the right.
func factsOf(name string) nameFacts {
	f := nameFacts{words: asciiWords(name), tail: "none", head: "none"}
	for i := len(f.words) - 1; i >= 0; i-- {
		if f.class = classOf(f.words[i]); f.class == "" {
			continue
		}
		if rest := f.words[i+1:]; len(rest) > 0 {
			f.tail = "more"
			for _, w := range rest {
				if aboutWords[w] {
					f.tail = "about"
				}
			}
		}
		if i > 0 {
			switch head := f.words[i-1]; {
			case goodHeads[head] || classOf(head) != "":
				f.head = "good"
			case badHeads[head]:
				f.head = "bad"
			default:
				f.head = "other"
			}
		}
		if len(f.words[i]) > len(f.class)+2 && f.class == "key" {
			f.head = "good" // apikey
		}
		return f
	}
	return f
}

// public reports whether a name calls its value public. The key in a DSN of Sentry is one that every browser sends.
// So does every browser see the site key of a captcha.
// Source: https://docs.sentry.io/concepts/key-terms/dsn-explainer/, https://developers.google.com/recaptcha/docs/settings
func (f *nameFacts) public() bool {
	captcha := false
	for i, w := range f.words {
		captcha = captcha || strings.HasSuffix(w, "captcha") || w == "turnstile"
		if captcha && (w == "sitekey" || w == "site" && i+2 == len(f.words) && f.words[i+1] == "key") {
			return true
		}
		if w == "sentry" && i+2 == len(f.words) && f.words[i+1] == "key" {
			return true
		}
		if (w == "public" || w == "pub" || w == "publishable") && i+1 < len(f.words) && (classOf(f.words[i+1]) == "key" || classOf(f.words[i+1]) == "token") {
			return true
		}
	}
	return false
}

// refers reports whether a name says where a secret is to be found, by the name or id that another place gave to it or by
// its file: secretName, existingSecret, credentialsId, password_file.
func (f *nameFacts) refers() bool {
	if n := len(f.words); n > 1 && (f.words[n-1] == "file" || f.words[n-1] == "filename") && classOf(f.words[n-2]) != "" {
		return true
	}
	for i, w := range f.words {
		next := ""
		if i+1 < len(f.words) {
			next = f.words[i+1]
		}
		switch w {
		case "existing":
			if classOf(next) != "" {
				return true
			}
		case "secret", "credential", "credentials":
			if i+2 == len(f.words) && (next == "name" || next == "ref" || next == "id" && w != "secret") {
				return true
			}
		}
	}
	return false
}

// plural reports whether a name is of many secrets: of a table or a list that holds them.
func (f *nameFacts) plural() bool {
	return len(f.words) > 0 && slices.Contains([]string{"passwords", "secrets", "tokens", "credentials"}, f.words[len(f.words)-1])
}

// otherKey reports whether a name is of a key that opens nothing: of a table, or of a keyboard.
func (f *nameFacts) otherKey() bool {
	for i, w := range f.words {
		if w != "key" {
			continue
		}
		if i > 0 && f.words[i-1] == "foreign" {
			return true
		}
		if i+1 < len(f.words) {
			switch f.words[i+1] {
			case "down", "up", "press", "pressed", "stroke", "code", "event", "binding", "bindings":
				return true
			}
		}
	}
	return false
}

var aboutWords, badHeads = set(strings.Join(aboutSecrets, " ") + " encryption hashing hasher method plugin driver digest uris urls length validator validation confirm error errors missing invalid manager reset forgot link button input view page controller helper handler test request response callback param params service class factory generator pattern regexp rules rule env var variable prompt strategy option options info details object array list map set get attribute scheme characters chars charset complexity expired"), set(strings.Join(notKeys, " ") + " " + strings.Join(switches, " ") + " column foreign first second third last next prev current old")

// asciiWords splits a name into lower-case words as nameWords does, with less work: at signs, at digits, and where a capital begins
// a word.
func asciiWords(name string) []string {
	var words []string
	start := 0
	flush := func(end int) {
		if end > start {
			words = append(words, strings.ToLower(name[start:end]))
		}
	}
	for i := range len(name) {
		b := name[i]
		switch {
		case !isLetter(b):
			flush(i)
			start = i + 1
		case b <= 'Z' && i > start && (name[i-1] > 'Z' || i+1 < len(name) && name[i+1] >= 'a' && isLetter(name[i+1])):
			flush(i)
			start = i
		}
	}
	flush(len(name))
	return words
}
