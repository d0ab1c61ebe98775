package ciyaml

import (
	"regexp"
	"strings"
)

// answer is what a condition comes to.
type answer int

const (
	unknown answer = iota
	yes
	no
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

func (a answer) not() answer {
	return [...]answer{unknown, no, yes}[a]
}

// holds reads a condition on inputs: comparisons with ==, !=, =~ and !~, joined by && and ||, in parentheses. What it
// cannot read is unknown.
// Source: https://docs.gitlab.com/ci/jobs/job_rules/#cicd-variable-expressions
func holds(condition string, known *inputs) answer {
	e := &expression{tokens: token.FindAllString(condition, maxTokens), known: known}
	out := e.either(0)
	if len(e.tokens) > 0 || strings.TrimSpace(token.ReplaceAllString(condition, "")) != "" {
		return unknown
	}
	return out
}

const maxTokens = 200

var token = regexp.MustCompile(`\$\[\[[^\n]*?\]\]|"[^"]*"|'[^']*'|/(?:[^/\\]|\\.)+/|==|!=|=~|!~|&&|\|\||[()]|\$?\w+`)

type expression struct {
	tokens []string
	known  *inputs
}

func (e *expression) next(wanted ...string) string {
	for _, w := range wanted {
		if len(e.tokens) > 0 && e.tokens[0] == w {
			e.tokens = e.tokens[1:]
			return w
		}
	}
	return ""
}

func (e *expression) either(depth int) answer {
	out := e.both(depth)
	for e.next("||") != "" {
		switch right := e.both(depth); {
		case out == yes || right == yes:
			out = yes
		case out == unknown || right == unknown:
			out = unknown
		}
	}
	return out
}

func (e *expression) both(depth int) answer {
	out := e.comparison(depth)
	for e.next("&&") != "" {
		switch right := e.comparison(depth); {
		case out == no || right == no:
			out = no
		case out == unknown || right == unknown:
			out = unknown
		}
	}
	return out
}

func (e *expression) comparison(depth int) answer {
	if e.next("(") != "" {
		if depth > 20 {
			return unknown
		}
		out := e.either(depth + 1)
		if e.next(")") == "" {
			return unknown
		}
		return out
	}
	left, known := e.operand()
	sign := e.next("==", "!=", "=~", "!~")
	if sign == "" {
		if !known {
			return unknown
		}
		return answerOf(left != "" && left != "false")
	}
	right, also := e.operand()
	if !known || !also {
		return unknown
	}
	out := answerOf(left == right)
	if strings.Contains(sign, "~") {
		out = matches(left, right)
	}
	if sign[0] == '!' {
		out = out.not()
	}
	return out
}

func matches(text, pattern string) answer {
	re := compiled(strings.Trim(pattern, "/"))
	if re == nil {
		return unknown
	}
	return answerOf(re.MatchString(text))
}

// compiled is a pattern from a file; nil for what is none, or so long that it would cost memory.
func compiled(pattern string) *regexp.Regexp {
	const most = 1000
	if len(pattern) > most {
		return nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	return re
}

// operand is a text, or the text of an input.
func (e *expression) operand() (text string, known bool) {
	if len(e.tokens) == 0 {
		return "", false
	}
	t := e.tokens[0]
	e.tokens = e.tokens[1:]
	switch {
	case strings.HasPrefix(t, "$[["):
		name := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(t, "$[["), "]]"))
		v := e.known.values[strings.TrimPrefix(name, "inputs.")]
		return textOf(v), v.is(scalar)
	case strings.HasPrefix(t, "$"):
		return "", false // a variable
	case t[0] == '"' || t[0] == '\'':
		return t[1 : len(t)-1], true
	case t == "null":
		return "", true
	}
	return t, true
}

func textOf(v *value) string {
	if v == nil {
		return ""
	}
	return v.text
}
