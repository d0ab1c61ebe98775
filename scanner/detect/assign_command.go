package detect

import (
	"bytes"
	"strings"
)

// commands are programs that take a password by a short flag.
var commands = []struct {
	name   string
	flags  string // each a byte
	pair   bool   // the value is user:password
	glued  bool   // the value may follow its flag without a space
	judged string // under which the value is judged
}{
	{"docker", "p", false, false, "password"},
	{"redis-cli", "a", false, false, "password"}, {"sshpass", "p", false, true, "password"}, {"psexec", "p", false, false, "password"},
	{"curl", "uU", true, false, "password"},
	{"mysql", "p", false, true, "password"}, {"mysqldump", "p", false, true, "password"}, {"mysqladmin", "p", false, true, "password"},
	{"convertto-securestring", "", false, false, "password"},
}

// command reads the rest of the line after the name of a program. ok is false where the name is no such program.
func (s *source) command(out []assignment, n word, name string) (found []assignment, ok bool) {
	if n := len(name) - len(".exe"); n > 0 && strings.EqualFold(name[n:], ".exe") {
		name = name[:n]
	}
	for _, c := range commands {
		if !strings.EqualFold(c.name, name) || s.at(n.end) != ' ' {
			continue
		}
		a := assignment{name: c.judged, op: opFlag}
		if c.flags == "" {
			if i := s.blank(n.end); s.quoteAt(i) > 0 {
				if v, _, ok := s.quotedValue(a, i); ok {
					v.where = s.contextOf(n)
					return append(out, v), true
				}
			}
			return out, true
		}
		line := s.content[n.end:min(len(s.content), n.end+400)]
		if nl := bytes.IndexByte(line, '\n'); nl >= 0 {
			line = line[:nl]
		}
		if c.name == "docker" && !bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("login")) {
			return out, true
		}
		for j := 0; j+2 < len(line); j++ {
			if line[j] != ' ' || line[j+1] != '-' || strings.IndexByte(c.flags, line[j+2]) < 0 {
				continue
			}
			i := n.end + j + 3
			if !c.glued && !isSpace(s.at(i)) || c.glued && c.name != "sshpass" && isSpace(s.at(i)) {
				continue
			}
			if v, ok := s.argument(a, s.blank(i), c.pair); ok {
				v.where = s.contextOf(n)
				return append(out, v), true
			}
		}
		return out, true
	}
	return out, false
}

// argument reads one argument of a command, or its part after the colon.
func (s *source) argument(a assignment, i int, pair bool) (assignment, bool) {
	if s.quoteAt(i) > 0 {
		v, _, ok := s.quotedValue(a, i)
		if !ok {
			return a, false
		}
		a = v
	} else {
		a.start = i
		a.end = i + stopAt(s.content[i:min(len(s.content), i+maxValue)], "\"'`|;<>")
	}
	if pair {
		c := bytes.IndexByte(s.content[a.start:a.end], ':')
		if c < 0 {
			return a, false
		}
		a.start += c + 1
	}
	return a, a.end-a.start >= leastValue
}

// parameters are functions and classes of common libraries that take a credential at a place of their arguments, counted from
// zero, with the name under which it is judged.
var parameters = map[string]struct {
	index  int
	judged string
}{
	"login": {1, "password"}, "authenticate": {1, "password"}, // of mail, message and web clients
	"basicauth": {1, "password"}, "setbasicauth": {1, "password"}, "set_basic_auth": {1, "password"}, "basic_auth": {1, "password"},
	"httpbasicauth": {1, "password"}, "httpdigestauth": {1, "password"}, "networkcredential": {1, "password"},
	"passwordauthentication": {1, "password"}, "usernamepasswordcredentials": {1, "password"}, "usernamepasswordauthenticationtoken": {1, "password"},
	"basicawscredentials": {1, "secret_key"}, "secretkeyspec": {0, "secret_key"},
	"getconnection": {2, "password"}, "sequelize": {2, "password"}, // of JDBC and of Node
	"jwt.sign": {1, "secret_key"}, "jwt.verify": {1, "secret_key"}, "signwith": {1, "secret_key"},
	"directoryentry": {2, "password"}, // of LDAP and Active Directory, in .NET
	"mysql_connect":  {2, "password"}, "mysqli_connect": {2, "password"}, "mysqli": {2, "password"},
}

// parameter reads one argument of a call whose arguments begin at i, where it is a literal.
func (s *source) parameter(out []assignment, a assignment, n word, i, index int) []assignment {
	for stop := i + 240; i < min(stop, len(s.content)); {
		for i < len(s.content) && s.content[i] <= ' ' {
			i++
		}
		at := s.prefix(i)
		if s.quoteAt(at) > 0 {
			v, next, ok := s.quotedValue(a, at)
			if next <= at {
				return out
			}
			if index == 0 {
				if ok {
					v.where = s.contextOf(n)
					out = append(out, v)
				}
				return out
			}
			i = next
		} else if index == 0 {
			return out
		}
		for i < stop && (isNameByte(s.at(i)) || s.at(i) == ' ' || s.at(i) == '[' || s.at(i) == ']') {
			i++
		}
		if s.at(i) != ',' {
			return out
		}
		i, index = i+1, index-1
	}
	return out
}
