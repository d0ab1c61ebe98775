package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// What can be wrong with a remote, matched with errors.Is.
var (
	// ErrAuth: the server refused the token (401), or refused what was asked with it (403).
	ErrAuth = errors.New("the server refused the token")
	// ErrNoRepo: there is no such repository, or none that the token may see; GitLab answers 404 to both.
	ErrNoRepo = errors.New("no such repository, or none that the token may see")
	// ErrRedirect: the server sent us elsewhere. Redirects are never followed, for the token would travel along.
	ErrRedirect = errors.New("the server redirects elsewhere; use the repository's own URL")
	// ErrTooLarge: the mirror or file would be larger than allowed.
	ErrTooLarge = errors.New("larger than allowed")
)

// errFsck says that git's consistency check refused what a server sent. Old histories often fail it.
var errFsck = errors.New("objects fail git's consistency check")

// fault is a git command that failed. Its text is safe to show: no control characters, no credentials.
type fault struct {
	verb string
	exit error
	said string
	kind error // one of the errors above, or nil
}

func (f *fault) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "git %s: ", f.verb)
	if f.kind != nil {
		fmt.Fprintf(&b, "%v: ", f.kind)
	}
	b.WriteString(f.exit.Error())
	if f.said != "" {
		b.WriteString(": " + f.said)
	}
	return b.String()
}

func (f *fault) Unwrap() error { return f.kind }

// kinds are read from git's messages, which LC_ALL=C keeps in English: its exit status is 128 for all of them.
var kinds = []struct {
	text *regexp.Regexp
	kind error
}{
	{regexp.MustCompile(`Authentication failed|could not read (Username|Password)|returned error: (401|403)|HTTP Basic: Access denied`), ErrAuth},
	{regexp.MustCompile(`(?m)^fatal: repository '.*' not found|returned error: 404|does not appear to be a git repository`), ErrNoRepo},
	{regexp.MustCompile(`returned error: 30[0-9]|unable to update url base from redirection`), ErrRedirect},
	{regexp.MustCompile(`fsck error in pack|error in object|fsck-objects`), errFsck},
}

// explain turns a failed command into a fault.
func explain(c call, exit error, stderr []byte) error {
	f := &fault{verb: c.args[0], exit: exit, said: clean(stderr, c.hide)}
	for _, k := range kinds {
		if k.text.Match(stderr) {
			f.kind = k.kind
			break
		}
	}
	return f
}

var (
	userInfo = regexp.MustCompile(`://[^/@\s'"]*@`)
	query    = regexp.MustCompile(`(://[^\s'"?]*)\?[^\s'"]*`)
)

const saidSize = 400

// clean makes of git's messages one short line without what is hidden, user info and queries of URLs, or control
// characters. The last lines tell the cause, so they are the ones kept.
func clean(stderr []byte, hide []string) string {
	text := string(bytes.ToValidUTF8(stderr, []byte("\uFFFD")))
	for _, h := range hide {
		if h != "" {
			text = strings.ReplaceAll(text, h, "[secret]")
		}
	}
	text = userInfo.ReplaceAllString(text, "://")
	text = query.ReplaceAllString(text, "$1")
	var lines []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "hint:") && !strings.HasPrefix(line, "warning:") {
			lines = append(lines, line)
		}
	}
	if len(lines) > 4 {
		lines = lines[len(lines)-4:]
	}
	return printable(strings.Join(lines, "; "), saidSize)
}

// printable replaces what does not print, and cuts s to limit bytes at a rune's border.
func printable(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
