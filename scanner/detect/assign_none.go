package detect

import "strings"

// directives are those of nginx that name where a request is passed on to, and of Apache that say who asks for a passphrase.
// Source: https://nginx.org/en/docs/dirindex.html, https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#sslpassphrasedialog
var directives = set("sslpassphrasedialog proxy_pass fastcgi_pass uwsgi_pass scgi_pass grpc_pass memcached_pass")

// isPath reports whether a name is the end of a path, an image or a coordinate, and what follows it a tag, a version or the
// end of a link: acme/secret:1.2, org.acme.token:core-1.2, [password](…/password), /etc/passwd:22. A key of YAML may hold
// slashes and dots as well, but a space follows its colon; a file of properties needs none.
func (s *source) isPath(n word) bool {
	switch next := s.at(n.end); {
	case next == ':' && (isWordByte(s.at(n.end+1)) || s.at(n.end+1) == '$' || s.at(n.end+1) == '{'):
		return s.at(n.start-1) == '/' && s.at(n.start-2) != ' ' || !n.quoted && s.genre.syntax != syntaxConf && s.isPackage(n)
	case next == ')' || next == ']' || next == '>':
		return s.at(n.start-1) == '/'
	}
	return false
}

// isPackage reports whether a name begins as those of packages and groups do, with a domain turned round.
func (s *source) isPackage(n word) bool {
	first, _, dotted := strings.Cut(string(s.content[n.start:n.end]), ".")
	return dotted && domains[first]
}

var domains = set("com org net io dev")

// sentence reports whether a word is one of a sentence, and calls nothing: "pass x to y", "the second pass: ...".
func (s *source) sentence(n word, op operator) bool {
	if op == opSpace && s.genre.syntax == syntaxCode { // also where no sign shows that it is a comment
		return true
	}
	if where := s.contextOf(n); where != inProse && where != inComment && where != inString {
		return false
	}
	return op == opSpace || op == opColon && s.at(n.start-1) == ' ' && isLetter(s.at(n.start-2))
}

// readsElsewhere reports whether a flag says where a secret is read from.
func readsElsewhere(flag string) bool {
	for _, end := range []string{"stdin", "file", "path", "env", "prompt", "fd", "name", "id"} {
		if strings.HasSuffix(flag, "-"+end) {
			return true
		}
	}
	return false
}
