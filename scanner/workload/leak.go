package workload

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"nhiscan/scanner/ciyaml"
)

// Leak is a command that shows a secret to whoever reads the log or the list of processes.
type Leak struct {
	Command string // name of the program, with the option or variable that does it
	Line    int    // 1-based; 0 is unknown
}

// maxLeaks bounds what is listed of one job.
const maxLeaks = 20

// Leaks lists the commands of a job that print its environment or a secret (prints), and those that are given a secret
// as an argument, which the list of processes and traces show (arguments). secret tells whether the name of a variable
// is one of a secret. In order; of each kind at most 20.
func Leaks(job ciyaml.Job, secret func(name string) bool) (prints, arguments []Leak) {
	size := 0
	for _, c := range job.Script {
		if size += len(c.Text); size > maxScript {
			break
		}
		stmts, err := parse(c.Text)
		if err != nil {
			continue // the reading of its uses tells that it could not be read
		}
		w := leakWalk{base: c.Line, secret: secret, prints: prints, arguments: arguments}
		for _, s := range stmts {
			syntax.Walk(s, w.visit)
		}
		prints, arguments = w.prints, w.arguments
	}
	return prints, arguments
}

type leakWalk struct {
	base              int // line of the command's text
	secret            func(string) bool
	piped             []*syntax.Stmt // whose output another command reads, or a variable takes
	prints, arguments []Leak
}

func (w *leakWalk) visit(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.BinaryCmd:
		if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
			w.piped = append(w.piped, n.X)
		}
	case *syntax.CmdSubst:
		w.piped = append(w.piped, n.Stmts...)
	case *syntax.Stmt:
		shown := !slices.Contains(w.piped, n) && !slices.ContainsFunc(n.Redirs, func(r *syntax.Redirect) bool { return r.Op != syntax.Hdoc && r.Op != syntax.WordHdoc })
		switch cmd := n.Cmd.(type) {
		case *syntax.CallExpr:
			if len(cmd.Args) > 0 {
				w.call(cmd, shown)
			}
		case *syntax.DeclClause: // export and declare
			if shown && len(cmd.Args) == 1 && cmd.Args[0].Naked && cmd.Args[0].Value.Lit() == "-p" {
				w.print(cmd.Variant.Value+" -p", w.line(cmd))
			}
		}
	}
	return true
}

// call judges one command. shown says that its output goes to the log.
func (w *leakWalk) call(call *syntax.CallExpr, shown bool) {
	name := programName(call.Args[0])
	args := call.Args[1:]
	line := w.line(call)
	secrets := w.secrets(args)
	switch name {
	case "env", "printenv":
		if shown && len(args) == 0 {
			w.print(name, line)
		} else if shown && name == "printenv" && slices.ContainsFunc(args, func(a *syntax.Word) bool { return w.secret(a.Lit()) }) {
			w.print(name, line)
		}
	case "set":
		if tracing(args) {
			w.print("set -x", line)
		} else if shown && len(args) == 0 {
			w.print("set", line)
		}
	case "echo", "printf":
		if shown && len(secrets) > 0 {
			w.print(name+" $"+secrets[0], line)
		}
	case "curl":
		if len(secrets) > 0 && slices.ContainsFunc(args, func(a *syntax.Word) bool {
			return a.Lit() == "-v" || a.Lit() == "--verbose" || strings.HasPrefix(a.Lit(), "--trace")
		}) {
			w.print("curl -v $"+secrets[0], line)
		}
		w.argument(name, secrets, line)
	case "test", "[", "[[", "local", "readonly", "unset", "read", "eval", ":":
	default:
		w.argument(name, secrets, line)
	}
}

// plainName is what programs are called. Anything else in their place may be a part of the line that nobody should see.
var plainName = regexp.MustCompile(`^[a-z][a-z0-9._+-]{0,30}$|^\[\[?$|^:$`)

func programName(word *syntax.Word) string {
	name := word.Lit()
	name = name[strings.LastIndexByte(name, '/')+1:]
	if !plainName.MatchString(name) {
		return "a command"
	}
	return name
}

func (w *leakWalk) line(n syntax.Node) int {
	if w.base == 0 {
		return 0
	}
	return w.base + int(n.Pos().Line()) - 1
}

// tracing reports whether set's arguments switch the trace of commands on.
func tracing(args []*syntax.Word) bool {
	for i, a := range args {
		lit := a.Lit()
		switch {
		case lit == "-o" && i+1 < len(args) && args[i+1].Lit() == "xtrace":
			return true
		case strings.HasPrefix(lit, "-") && !strings.HasPrefix(lit, "--") && strings.Contains(lit, "x"):
			return true
		}
	}
	return false
}

// secrets lists the variables of secrets that are expanded among words, in order, each once.
func (w *leakWalk) secrets(args []*syntax.Word) []string {
	var out []string
	for _, a := range args {
		syntax.Walk(a, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.CmdSubst:
				return false // its own call is judged
			case *syntax.ParamExp:
				if n.Param != nil && !n.Length && n.Repl == nil && w.secret(n.Param.Value) && !slices.Contains(out, n.Param.Value) {
					out = append(out, n.Param.Value)
				}
			}
			return true
		})
	}
	return out
}

func (w *leakWalk) print(command string, line int) {
	if len(w.prints) < maxLeaks {
		w.prints = append(w.prints, Leak{command, line})
	}
}

func (w *leakWalk) argument(name string, secrets []string, line int) {
	if len(secrets) == 0 || len(w.arguments) >= maxLeaks {
		return
	}
	w.arguments = append(w.arguments, Leak{name + " $" + secrets[0], line})
}

// String is "COMMAND (line N)", without the line where it is not known.
func (l Leak) String() string {
	if l.Line == 0 {
		return l.Command
	}
	return fmt.Sprintf("%s (line %d)", l.Command, l.Line)
}
