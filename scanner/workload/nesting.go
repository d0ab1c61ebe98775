package workload

import (
	"errors"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The shell parser descends once for each thing that is nested, and a stack that overflows ends the program, whatever
// recovers: what could nest deeper than this is read by words. In text, each byte may open a level.
const (
	maxNested = 20_000
	maxShell  = 64 << 10 // bytes that are parsed whatever they hold
)

// nests finds what may open a level: brackets, operators that bind to the right, and the words of compound commands.
var nests = regexp.MustCompile("[({\\[`!|&~?*=]|[-+][-+\\s]|\\b(?:if|elif|else|while|until|for|select|case|then|do|time|coproc|function)\\b")

var errNested = errors.New("nested too deep")

// parse reads shell text.
func parse(text string) ([]*syntax.Stmt, error) {
	if len(text) > maxShell && len(nests.FindAllStringIndex(text, maxNested+1)) > maxNested {
		return nil, errNested
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	return file.Stmts, nil
}
