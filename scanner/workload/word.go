package workload

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// word resolves a word into one value.
func (r *reading) word(w *syntax.Word) value {
	v, _ := r.wordOf(w)
	return v
}

func (r *reading) wordOf(w *syntax.Word) (value, bool) {
	if w == nil {
		return value{}, false
	}
	return r.parts(w.Parts, false)
}

// fields resolves a word into the words that a shell would split it into: $OPTIONS may hold several.
func (r *reading) fields(w *syntax.Word) []value {
	if list, ok := r.list(w.Parts); ok {
		return list
	}
	v := r.word(w)
	if len(w.Parts) == 1 && strings.ContainsAny(v.text, " \n") {
		if p, ok := w.Parts[0].(*syntax.ParamExp); ok && p.Param != nil {
			var out []value
			for f := range strings.FieldsSeq(v.text) {
				// Each part has the names that stand in it.
				part := expandText(strings.Trim(f, `"'`), r.lookRaw)
				if len(out) < maxNames {
					out = append(out, part)
				}
			}
			return out
		}
	}
	return []value{v}
}

// list returns the elements of an array that a word stands for: "${OPTIONS[@]}", and "$@".
func (r *reading) list(parts []syntax.WordPart) ([]value, bool) {
	if len(parts) != 1 {
		return nil, false
	}
	switch p := parts[0].(type) {
	case *syntax.DblQuoted:
		return r.list(p.Parts)
	case *syntax.ParamExp:
		if p.Param == nil || p.Exp != nil || p.Length {
			return nil, false
		}
		name := p.Param.Value
		if index, isWord := p.Index.(*syntax.Word); isWord && (index.Lit() == "@" || index.Lit() == "*") || name == "@" {
			list, ok := r.lists[name]
			return slices.Clone(list), ok
		}
	}
	return nil, false
}

// lookRaw resolves a name inside a text that was resolved before.
func (r *reading) lookRaw(name string) value {
	return value{text: "${" + name + "}", names: []string{name}}
}

func (r *reading) parts(parts []syntax.WordPart, quoted bool) (value, bool) {
	out, derived := value{}, false
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			out = out.with(value{text: mark(unescape(p.Value, quoted))})
		case *syntax.SglQuoted:
			out = out.with(value{text: mark(p.Value)})
		case *syntax.DblQuoted:
			v, d := r.parts(p.Parts, true)
			out, derived = out.with(v), derived || d
		case *syntax.ParamExp:
			out = out.with(r.parameter(p))
		case *syntax.CmdSubst:
			o := r.statements(p.Stmts)
			if o.text == "" || o.derived {
				o.text = unknown
			}
			o.text = strings.TrimRight(o.text, "\n")
			out, derived = out.with(o.value), derived || o.derived
		case *syntax.ProcSubst:
			o := r.statements(p.Stmts)
			out, derived = out.with(value{text: unknown, names: o.names}), derived || o.derived
		case *syntax.ArithmExp:
			out = out.with(value{text: unknown})
		case *syntax.ExtGlob, *syntax.BraceExp:
			out = out.with(value{text: "*"})
		}
	}
	return out, derived
}

// A dollar sign that this shell does not expand is marked, for another shell may: the one on a remote host with
// variables of its own, or the one of bash -c with the job's.
const markedDollar = "\uE024"

func mark(text string) string   { return strings.ReplaceAll(text, "$", markedDollar) }
func unmark(text string) string { return strings.ReplaceAll(text, markedDollar, "$") }
func (v value) unmarked() value { return value{unmark(v.text), v.names} }

// unescape removes the backslashes that a shell removes.
func unescape(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			next := text[i+1]
			switch {
			case next == '\n':
				i++
				continue
			case !quoted && next != '.', strings.IndexByte("$`\"\\", next) >= 0: // .\path of Windows stays readable
				i++
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func (r *reading) parameter(p *syntax.ParamExp) value {
	if p.Param == nil || p.Length || p.Width {
		return value{text: unknown}
	}
	v := r.look(p.Param.Value)
	if p.Excl && p.Names == 0 { // ${!NAME}: the variable that NAME names
		if isName(v.text) {
			return r.look(v.text)
		}
		return v
	}
	if p.Exp != nil {
		switch p.Exp.Op {
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
			other := r.word(p.Exp.Word)
			if v.isUnknown() {
				return value{text: v.text, names: union(v.names, secrets(other.names))}
			}
			if v.text == "" {
				return other
			}
		case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
			return r.word(p.Exp.Word)
		}
	}
	return v
}

func isName(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}
