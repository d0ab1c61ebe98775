package workload

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call is one command with its words.
type call struct {
	name string // last part of its path, lower case, without .exe
	path string // as written
	args []value
	in   value // what flows into it: a pipe, a file, a here-document
	env  map[string]value
}

// output is what a command writes.
type output struct {
	value
	derived bool // an answer to what flowed in, not the same text in another form
}

var (
	variablePattern = regexp.MustCompile(`\$\$|\$(\w+)|\$\{(\w+)[^}]*\}|%([A-Za-z_]\w+)%`)
	powerShellEnv   = regexp.MustCompile(`(?i)\$(?:\{env:(\w+)\}|env:(\w+))`)
	windowsEnv      = regexp.MustCompile(`%([A-Za-z_]\w+)%`)
	stepInput       = regexp.MustCompile(`\$\{\{\s*(?:job\.|env\.|vars\.)?([A-Za-z_]\w*)\s*\}\}`)
	jinja           = regexp.MustCompile(`\{\{.*?\}\}|\{%.*?%\}`)
)

// script reads a text that a shell runs. What no shell grammar fits is read by words.
func (r *reading) script(text string) {
	if r.depth >= maxDepth || r.calls <= 0 {
		return
	}
	r.calls -= len(text) / 256 // a text may be read again and again
	r.depth++
	defer func() { r.depth-- }()
	text = stepInput.ReplaceAllString(text, "${$1}")
	shown := powerShellEnv.ReplaceAllString(text, "${$1$2}")
	shown = windowsEnv.ReplaceAllString(shown, "${$1}")
	stmts, err := parse(shown)
	if err != nil || isPowerShell(text) {
		r.tokens(shown)
		return
	}
	r.statements(stmts)
}

var powerShell = regexp.MustCompile(`(?i)(^|[\s;|({&])(Invoke-\w+|New-Object|Write-(Host|Output)|Set-(Content|Item|Location|Variable)|Get-(Content|Item|ChildItem)|Out-File|ConvertTo-\w+)\b|^\s*\$\w+\s*=\s|\s-eq\s.*\{`)

// isPowerShell reports whether a text is PowerShell though a shell's grammar may fit it.
func isPowerShell(text string) bool { return powerShell.MatchString(text) }

func (r *reading) statements(stmts []*syntax.Stmt) output {
	out := output{}
	for _, s := range stmts {
		o := r.statement(s, value{})
		out = output{out.with(o.value), out.derived || o.derived}
	}
	return out
}

// statement reads one statement into which in flows, and returns what it writes.
func (r *reading) statement(s *syntax.Stmt, in value) output {
	if s == nil || s.Cmd == nil && len(s.Redirs) == 0 || r.calls <= 0 {
		return output{}
	}
	r.calls-- // loops in loops without any command
	r.line(s.Pos().Line())
	for _, d := range s.Redirs {
		in = r.redirectIn(d, in)
	}
	out := r.command(s.Cmd, in)
	for _, d := range s.Redirs {
		if r.redirectOut(d, out) {
			out = output{}
		}
	}
	return out
}

func (r *reading) redirectIn(d *syntax.Redirect, in value) value {
	switch d.Op {
	case syntax.RdrIn:
		name := r.word(d.Word)
		if v, ok := r.file(name.text); ok {
			return v
		}
		return name // a variable of type file, or a file of the repository
	case syntax.Hdoc, syntax.DashHdoc:
		if d.Hdoc != nil {
			return r.word(d.Hdoc)
		}
	case syntax.WordHdoc:
		return r.word(d.Word)
	}
	return in
}

// redirectOut reports whether a redirection takes the output away.
func (r *reading) redirectOut(d *syntax.Redirect, out output) bool {
	if d.N != nil && d.N.Value != "1" {
		return false
	}
	switch d.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
		v := out.value
		if out.derived {
			v.names = keep(v.names, isFetched)
		}
		r.write(r.word(d.Word).text, v, d.Op == syntax.AppOut || d.Op == syntax.AppAll)
		return true
	}
	return false
}

func isFetched(name string) bool {
	return strings.Contains(name, ":") && !strings.HasPrefix(name, literalPrefix)
}

func (r *reading) command(c syntax.Command, in value) output {
	switch c := c.(type) {
	case *syntax.CallExpr:
		return r.callExpr(c, in)
	case *syntax.BinaryCmd:
		left := r.statement(c.X, in)
		if c.Op == syntax.Pipe || c.Op == syntax.PipeAll {
			out := r.statement(c.Y, left.value)
			return output{out.value, out.derived || left.derived}
		}
		right := r.alternatives([]*syntax.Stmt{c.X}, false, func() output { return r.statement(c.Y, in) })
		return output{left.with(right.value), left.derived || right.derived}
	case *syntax.Block:
		return r.nested(c.Stmts, in)
	case *syntax.Subshell:
		return r.nested(c.Stmts, in)
	case *syntax.IfClause:
		return r.ifClause(c, in)
	case *syntax.WhileClause:
		r.nested(c.Cond, in)
		return r.nested(c.Do, in)
	case *syntax.ForClause:
		return r.forClause(c, in)
	case *syntax.CaseClause:
		return r.caseClause(c, in)
	case *syntax.FuncDecl:
		if c.Name != nil {
			r.functions[c.Name.Value] = c.Body
		}
	case *syntax.DeclClause:
		r.declare(c)
	case *syntax.TimeClause:
		return r.statement(c.Stmt, in)
	case *syntax.CoprocClause:
		return r.statement(c.Stmt, in)
	}
	return output{}
}

func (r *reading) nested(stmts []*syntax.Stmt, in value) output {
	out := output{}
	for _, s := range stmts {
		o := r.statement(s, in)
		out = output{out.with(o.value), out.derived || o.derived}
	}
	return out
}

func (r *reading) ifClause(c *syntax.IfClause, in value) output {
	var branches []func() output
	var tests []*syntax.Stmt
	otherwise := false
	for ; c != nil; c = c.Else {
		cond, then := c.Cond, c.Then
		tests, otherwise = append(tests, cond...), len(cond) == 0
		branches = append(branches, func() output {
			r.nested(cond, in)
			return r.nested(then, in)
		})
	}
	return r.alternatives(tests, otherwise, branches...)
}

func (r *reading) caseClause(c *syntax.CaseClause, in value) output {
	var branches []func() output
	otherwise := false
	for _, i := range c.Items {
		otherwise = otherwise || slices.ContainsFunc(i.Patterns, func(w *syntax.Word) bool { return w.Lit() == "*" })
		branches = append(branches, func() output { return r.nested(i.Stmts, in) })
	}
	return r.alternatives(nil, otherwise, branches...)
}

// alternatives reads branches of which one runs, or none unless otherwise says that one is for all else. A variable that
// they set then holds the credentials of each, and those that it had before where none may run: those of its own name
// too, where the tests ask for it.
func (r *reading) alternatives(tests []*syntax.Stmt, otherwise bool, branches ...func() output) output {
	outer := r.changed
	r.changed = map[string]*value{}
	held := map[string][]string{}
	out := output{}
	for _, branch := range branches {
		o := branch()
		out = output{out.with(o.value), out.derived || o.derived}
		for name := range r.changed {
			held[name] = union(held[name], secrets(r.env[name].names))
		}
	}
	changed := r.changed
	r.changed = outer
	for name, old := range changed {
		if !otherwise && old != nil {
			held[name] = union(held[name], secrets(old.names))
		} else if !otherwise && isSecret(name) && asked(tests, name) {
			held[name] = union(held[name], []string{name})
		}
		now := r.env[name]
		if _, seen := outer[name]; outer != nil && !seen {
			outer[name] = old
		}
		r.env[name] = now.taint(held[name])
	}
	return out
}

// asked reports whether tests name a variable.
func asked(tests []*syntax.Stmt, name string) bool {
	found := false
	for _, s := range tests {
		syntax.Walk(s, func(n syntax.Node) bool {
			p, ok := n.(*syntax.ParamExp)
			found = found || ok && p.Param != nil && p.Param.Value == name
			return !found
		})
	}
	return found
}

// maxTurns is how many values of a loop's variable are tried.
const maxTurns = 4

func (r *reading) forClause(c *syntax.ForClause, in value) output {
	words, ok := c.Loop.(*syntax.WordIter)
	if !ok || words.Name == nil || len(words.Items) == 0 {
		return r.nested(c.Do, in)
	}
	var turns []value
	for _, w := range words.Items {
		turns = append(turns, r.fields(w)...)
	}
	if len(turns) == 0 { // what it goes through is not known
		turns = []value{{text: unknown}}
	}
	out := output{}
	for _, v := range turns[:min(len(turns), maxTurns)] {
		r.set(words.Name.Value, v)
		o := r.nested(c.Do, in)
		out = output{out.with(o.value), out.derived || o.derived}
	}
	return out
}

// declare reads export, local, readonly and declare.
func (r *reading) declare(c *syntax.DeclClause) {
	for _, a := range c.Args {
		switch {
		case a.Name == nil && a.Value != nil:
			r.assignText(r.word(a.Value))
		case a.Name != nil && a.Naked:
			r.exported[a.Name.Value] = true
			if len(r.naked) < maxNames && !slices.Contains(r.naked, a.Name.Value) && c.Variant.Value == "export" {
				r.naked, r.names = append(r.naked, a.Name.Value), nil
			}
		case a.Name != nil:
			r.assign(a)
			if c.Variant.Value == "export" && len(r.given) < maxNames {
				r.given = append(r.given, a.Name.Value)
			}
		}
	}
}

var assignments = regexp.MustCompile(`(?:^|\s)([A-Za-z_]\w*)=`)

// assignText reads NAME=… in a text that is made at run time: export $(printf "A=%s" $(…)), env files.
func (r *reading) assignText(v value) {
	for _, m := range assignments.FindAllStringSubmatch(v.text, 64) {
		if isSecret(m[1]) {
			r.set(m[1], value{text: unknown, names: secrets(v.names)})
		}
	}
}

func (r *reading) assign(a *syntax.Assign) {
	v, derived := value{}, false
	switch {
	case a.Array != nil:
		var all []value
		for _, e := range a.Array.Elems {
			if e.Value != nil && len(all) < maxNames {
				all = append(all, r.word(e.Value))
			}
		}
		if a.Append {
			all = slices.Concat(r.lists[a.Name.Value], all)
		}
		all = all[:min(len(all), maxNames)]
		r.lists[a.Name.Value] = all
		r.set(a.Name.Value, join(all, " "))
		return
	case a.Value != nil:
		v, derived = r.wordOf(a.Value)
	}
	name := a.Name.Value
	if a.Append {
		v = r.look(name).with(v)
	}
	if derived && !isSecret(name) {
		v.names = keep(v.names, isFetched)
	}
	if len(v.names) == 0 && v.text != "" && isSecret(name) {
		v.names = []string{literalPrefix + name}
		if strings.Contains(v.text, unknown) {
			v.names = nil
		}
	}
	r.set(name, v)
}

func (r *reading) callExpr(c *syntax.CallExpr, in value) output {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			if a.Name != nil {
				r.assign(a)
			}
		}
		return output{}
	}
	env := map[string]value{}
	for _, a := range c.Assigns {
		if a.Name != nil && a.Value != nil {
			env[a.Name.Value] = r.word(a.Value)
		}
	}
	var words []value
	for _, w := range c.Args {
		words = append(words, r.fields(w)...)
	}
	return r.run(words, in, env)
}

// run reads one command. Its own assignments hold for it alone.
func (r *reading) run(words []value, in value, env map[string]value) output {
	if len(words) == 0 || r.calls <= 0 || r.depth >= maxDepth {
		return output{}
	}
	r.calls--
	r.depth++
	defer func() { r.depth-- }()
	saved := map[string]value{}
	for name, v := range env {
		if old, ok := r.env[name]; ok {
			saved[name] = old
		}
		r.env[name] = v
	}
	out := r.dispatch(&call{name: commandName(words[0].text), path: words[0].text, args: words[1:], in: in, env: env})
	for name := range env {
		if old, ok := saved[name]; ok {
			r.env[name] = old
		} else {
			delete(r.env, name)
		}
	}
	return out
}

// commandName is what a command is called, wherever it lies.
func commandName(text string) string {
	text = strings.ReplaceAll(text, `\`, "/")
	text = text[strings.LastIndexByte(text, '/')+1:]
	return strings.TrimSuffix(strings.ToLower(text), ".exe")
}
