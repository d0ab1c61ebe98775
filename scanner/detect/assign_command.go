package detect

import (
	"bytes"
	"strings"
)

// program is one that takes a password by a short flag.
type program struct {
	flags string // each a byte; empty where the value follows the name
	// part is what stands between a user and the password in the value: of user:password a colon, 0 where all is the password.
	part byte
	glue glue
	user string // another flag that must stand on the line: without it the first means something else
}

// glue says whether a space stands between a flag and its value.
type glue uint8

const (
	apart  glue = iota // one does
	either             // one may
	glued              // none does: what follows one is something else
)

// programs by their names, and verbs of several: docker login, az login. Each is documented in its manual.
var programs = map[string]program{
	"login": {flags: "p", user: "-u"}, // of docker, podman, helm registry, oc, az: all name the user beside the password
	"curl":  {flags: "uU", part: ':'}, "lftp": {flags: "u", part: ','}, "smbclient": {flags: "U", part: '%'},
	"mysql": {flags: "p", glue: glued}, "mysqldump": {flags: "p", glue: glued}, "mysqladmin": {flags: "p", glue: glued},
	"mongo": {flags: "p", user: "-u"}, "mongosh": {flags: "p", user: "-u"}, "mongodump": {flags: "p", user: "-u"}, "mongorestore": {flags: "p", user: "-u"},
	"mongoexport": {flags: "p", user: "-u"}, "mongoimport": {flags: "p", user: "-u"},
	"sqlcmd": {flags: "P", glue: either}, "redis-cli": {flags: "a"}, "cqlsh": {flags: "p", user: "-u"},
	"sshpass": {flags: "p", glue: either}, "psexec": {flags: "p"}, "ipmitool": {flags: "P"},
	"mosquitto_pub": {flags: "P"}, "mosquitto_sub": {flags: "P"},
	"ldapsearch": {flags: "w"}, "ldapadd": {flags: "w"}, "ldapmodify": {flags: "w"}, "ldapdelete": {flags: "w"}, "ldapwhoami": {flags: "w"},
	"convertto-securestring": {},
}

// maxCommand bounds what is read of a command's line.
const maxCommand = 400

// command reads the rest of the line after the name of a program. ok is false where the name is no such program.
func (s *source) command(out []assignment, n word, name string) (found []assignment, ok bool) {
	name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	p, ok := programs[name]
	end := n.end
	if ok && isQuote(s.at(end)) && s.at(end+1) == ' ' { // & 'C:\tools\sqlcmd.exe' -P x
		end++
	}
	if !ok || !isSpace(s.at(end)) || name == "login" && !isSpace(s.at(n.start-1)) {
		return out, false
	}
	a := assignment{name: "password", op: opFlag, given: true}
	if p.flags == "" {
		return s.secureString(out, a, n), true
	}
	line := s.content[end:min(len(s.content), end+maxCommand)]
	for from := 0; ; {
		nl := bytes.IndexByte(line[from:], '\n')
		if nl < 0 {
			break
		}
		if from += nl + 1; from < 2 || line[from-2] != '\\' {
			line = line[:from-1]
			break
		}
	}
	if p.user != "" && !bytes.Contains(line, []byte(p.user)) {
		return out, name != "login"
	}
	for j := 0; j+2 < len(line); j++ {
		if !isSpace(line[j]) || line[j+1] != '-' || strings.IndexByte(p.flags, line[j+2]) < 0 {
			continue
		}
		i := end + j + 3
		if space := isSpace(s.at(i)); space && p.glue == glued || !space && p.glue == apart {
			continue
		}
		if v, ok := s.argument(a, s.blank(i), p.part); ok {
			v.where = s.contextOf(n)
			return append(out, v), true
		}
	}
	return out, true
}

// secureString reads the password of PowerShell's ConvertTo-SecureString: the argument, behind parameters, or what is
// piped into it.
// Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.security/convertto-securestring
func (s *source) secureString(out []assignment, a assignment, n word) []assignment {
	i := s.blank(n.end)
	for s.at(i) == '-' {
		for isNameByte(s.at(i)) {
			i++
		}
		i = s.blank(i)
	}
	if s.quoteAt(i) == 0 {
		from := max(0, n.start-maxCommand)
		if before, ok := bytes.CutSuffix(bytes.TrimRight(s.content[from:n.start], " "), []byte("|")); ok {
			before = bytes.TrimRight(before, " ")
			if last := len(before) - 1; last > 0 && isQuote(before[last]) {
				open := max(0, bytes.LastIndexByte(before[:last], before[last])) // on another line it has no end
				command := bytes.TrimRight(before[:open], " ")
				if len(command) == 0 || !isNameByte(command[len(command)-1]) { // no argument, as of Read-Host "Password"
					i = from + open
				}
			}
		}
	}
	if v, _, ok := s.quotedValue(a, i); ok {
		v.where = s.contextOf(n)
		return append(out, v)
	}
	return out
}

// argument reads one argument of a command, or its part behind the sign that parts it.
func (s *source) argument(a assignment, i int, part byte) (assignment, bool) {
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
	if part != 0 {
		c := bytes.IndexByte(s.content[a.start:a.end], part)
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
	"directoryentry": {2, "password"},                                                                                                  // of LDAP and Active Directory, in .NET
	"mysql_connect":  {2, "password"}, "mysql_pconnect": {2, "password"}, "mysqli_connect": {2, "password"}, "mysqli": {2, "password"}, // of PHP
	"mysqli_real_connect": {3, "password"}, "pdo": {2, "password"}, "oci_connect": {1, "password"}, "oci_pconnect": {1, "password"},
	"odbc_connect": {2, "password"}, "mssql_connect": {2, "password"}, "ftp_login": {2, "password"}, "ssh2_auth_password": {2, "password"},
	"imap_open": {2, "password"}, "ldap_bind": {2, "password"},
	"pymysql.connect": {2, "password"}, "mysqldb.connect": {2, "password"}, "pymssql.connect": {2, "password"}, // of Python
	"cx_oracle.connect": {1, "password"}, "ssh.connect": {3, "password"},
	"smtp.plainauth": {2, "password"}, "transport.connect": {2, "password"}, // of Go, and of Java's mail
}

// parameter reads one argument of a call whose arguments begin at i, where it is a literal.
func (s *source) parameter(out []assignment, a assignment, n word, i, index int) []assignment {
	depth := 0
	for stop := min(len(s.content), i+maxCommand); i < stop; {
		if index == 0 && depth == 0 && s.content[i] > ' ' {
			if v, _, ok := s.quotedValue(a, s.prefix(i)); ok {
				v.where = s.contextOf(n)
				out = append(out, v)
			}
			return out
		}
		at := s.prefix(i)
		if s.quoteAt(at) > 0 {
			_, next, _ := s.quotedValue(a, at)
			if next <= at {
				return out
			}
			i = next
			continue
		}
		switch s.content[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ';':
			return out
		case ',':
			if depth == 0 {
				index--
			}
		}
		if i++; depth < 0 {
			return out
		}
	}
	return out
}
