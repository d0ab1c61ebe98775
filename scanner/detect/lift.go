package detect

import (
	"bytes"
	"regexp"
	"slices"
)

// lifted is the least confidence of a password that stands where a program reads the one it uses. People choose words and
// digits for such, root and 123456 among them: what a value looks like says little there.
const lifted = 0.55

// least is the confidence that a suspect has at least, and why; 0 where nothing but its name and looks speak for it.
func (c *suspect) least() (float64, string) {
	a := c.hit.assigned
	if !c.guessed() || c.genre.place != "" || a.op == opCompare || c.name.tail != "none" || noValues[c.shape.kind] || bytes.HasPrefix(bytes.ToLower(c.content[a.start:a.end]), []byte("change")) {
		return 0, ""
	}
	setting := a.where == inData && len(c.name.words) > 1 // redis_password, not any password
	switch s := c.genre.syntax; {
	case a.given && (c.name.class == "password" || c.name.class == "secret" || c.name.head == "good"):
		return lifted, "where it stands a program or library takes a secret"
	case notChosen[c.shape.kind] || slices.ContainsFunc(c.name.words, func(w string) bool { return notUsed[w] }):
	case setting && c.genre.lang == "env" && (c.name.class == "secret" || slices.Contains(c.name.words, "jwt")):
		return lifted, "the environment of a program names it a secret"
	case c.name.class != "password":
	case c.besideUser():
		return lifted, "a user and an address stand beside it"
	case setting && (s == syntaxYAML || s == syntaxConf || s == syntaxShell):
		return lifted, "settings name it as one of a service"
	}
	return 0, ""
}

// noValues are shapes of what stands for a value, and notChosen those that nobody gives a password.
var noValues, notChosen = set("reference stand-in mask placeholder"), set("url path code email phrase")

// notUsed are words of names whose values are no passwords in use.
var notUsed = set("old new wrong invalid bad fake test mock dummy example sample confirm confirmation repeat hash hashed encrypted crypted default")

// besideUser reports whether a user and an address are named beside a password: on lines near it in settings and, as
// literals, in code; on its own line in a string, a comment or a command.
func (c *suspect) besideUser() bool {
	a := c.hit.assigned
	switch s := c.genre.syntax; {
	case a.where == inData && (s == syntaxYAML || s == syntaxConf || s == syntaxJSON), a.where == inComment && s == syntaxConf:
		near := bytes.ToLower(linesAround(c.content, a.start, 4))
		return namesUser.Match(near) && namesAddress.Match(near)
	case a.where == inCode && a.quoted && !a.wrapped && (a.op == opAssign || a.op == opColon || a.op == opArrow || a.op == opComma):
		near := bytes.ToLower(linesAround(c.content, a.start, 4))
		return literalUser.Match(near) && literalAddress.Match(near)
	case a.where == inComment && a.quoted && a.op == opAssign, a.where == inString, a.op == opFlag:
		near := bytes.ToLower(surroundingLine(c.content, a.start, a.end))
		return namesUser.Match(near) && namesAddress.Match(near)
	}
	return false
}

const (
	userNames    = `(?:user|user_?name|login|uid|usr|account)`
	addressNames = `(?:url|uri|host|hostname|server|address|addr|endpoint|database|db|dbname|data source|catalog|connect|broker|driver-class-name)`
	assigns      = `["']?(?:[ \t]*[:=][ \t]*|[ \t]+)["']?[\w@$]`
	quotes       = `["'\]]{0,2}[ \t]*(?:=>|:=|[:=,])[ \t]*["'][\w@$]`
)

var (
	namesUser, namesAddress     = regexp.MustCompile(userNames + assigns), regexp.MustCompile(addressNames + assigns)
	literalUser, literalAddress = regexp.MustCompile(userNames + quotes), regexp.MustCompile(addressNames + quotes)
)

// linesAround returns the line at an offset and at most n lines before and behind it, as far as they are short.
func linesAround(content []byte, at, n int) []byte {
	const reach = 1000
	start, end := at, at
	for lines := 0; start > 0 && at-start < reach; start-- {
		if content[start-1] == '\n' {
			if lines++; lines > n {
				break
			}
		}
	}
	for lines := 0; end < len(content) && end-at < reach; end++ {
		if content[end] == '\n' {
			if lines++; lines > n {
				break
			}
		}
	}
	return content[start:end]
}
