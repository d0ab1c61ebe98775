package ciyaml

import (
	"cmp"
	"slices"
	"strings"
)

// Reference is a variable that a job names: $NAME, ${NAME}, %NAME%, $env:NAME.
type Reference struct {
	Name  string
	Where string // keyword of the job below which it stands: script, variables, rules, image, …
	Origin
}

func (r Reference) compare(s Reference) int {
	return cmp.Or(cmp.Compare(r.Name, s.Name), cmp.Compare(r.Where, s.Where), r.Origin.compare(s.Origin))
}

// notReferences are the keywords of a job in which no variable is expanded.
var notReferences = []string{"extends", "inherit", "stage"}

// references lists the variables that a job names, and those that the values of global variables name which it uses.
func (r *reader) references(job *value) []Reference {
	var all []Reference
	for _, e := range job.entries {
		if slices.Contains(notReferences, e.key) {
			continue
		}
		r.walk(e.value, func(v *value) {
			if r.spendText(v.text) {
				all = append(all, names(v.text, v.origin(), v.literal, e.key)...)
			}
		})
	}
	own := map[string]bool{}
	r.eachEntry(job.get("variables"), func(e entry) { own[e.key] = true })
	done := map[string]bool{}
	for i := 0; i < len(all) && r.spend(); i++ { // all grows: values of global variables name others
		name := all[i].Name
		if done[name] || own[name] || !r.inherits(job, "variables", name) {
			continue
		}
		done[name] = true
		for _, v := range r.global[name] {
			if r.spendText(v.Value) {
				all = append(all, names(v.Value, v.Origin, false, "variables")...)
			}
		}
	}
	slices.SortFunc(all, Reference.compare)
	return slices.CompactFunc(all, func(a, b Reference) bool { return a.compare(b) == 0 })
}

// walk calls do for every scalar below v, and below what may stand in its place.
func (r *reader) walk(v *value, do func(*value)) {
	v, leave := r.follow(v)
	defer leave()
	for ; v != nil && r.spend(); v = v.otherwise {
		if v.kind == scalar {
			do(v)
		}
		for _, i := range v.items {
			r.walk(i, do)
		}
		for _, e := range v.entries {
			r.walk(e.value, do)
		}
	}
}

// names finds the variables in a text: $NAME, ${NAME}, ${NAME:-…}, $env:NAME of PowerShell, %NAME% of Windows. "$$"
// and "\$" are not the job's own. In text that is not a block scalar all are on its first line.
func names(text string, at Origin, literal bool, where string) []Reference {
	var out []Reference
	if literal {
		at.Line, at.Column = at.Line+1, 0
	}
	for i := 0; i < len(text); i++ {
		name := ""
		switch text[i] {
		case '\n':
			if literal {
				at.Line++
			}
		case '\\':
			if i+1 < len(text) && text[i+1] == '$' {
				i++
			}
		case '$':
			if i+1 < len(text) && text[i+1] == '$' {
				i++
				continue
			}
			name = dollarName(text[i+1:])
		case '%':
			name = percentName(text, i)
			if name != "" {
				i += len(name) + 1
			}
		}
		if name != "" {
			out = append(out, Reference{Name: name, Where: where, Origin: at})
		}
	}
	return out
}

// dollarName reads the name behind a "$".
func dollarName(rest string) string {
	rest = strings.TrimPrefix(rest, "{")
	rest = strings.TrimLeft(rest, "#!") // length and indirection in shells
	if len(rest) > 4 && strings.EqualFold(rest[:4], "env:") {
		rest = rest[4:]
	}
	return rest[:nameLength(rest)]
}

// percentName reads %NAME%. One letter is a time format (%H%M), not a name.
func percentName(text string, at int) string {
	rest := text[at+1:]
	n := nameLength(rest)
	if n < 2 || n >= len(rest) || rest[n] != '%' || at > 0 && (text[at-1] == '%' || nameLength("a"+text[at-1:at]) == 2) {
		return ""
	}
	return rest[:n]
}

// nameLength is how many bytes at the start of s are a variable's name.
func nameLength(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
