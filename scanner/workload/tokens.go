package workload

import (
	"slices"
	"strings"
)

// tokens reads a text that is no shell script a parser knows: PowerShell, Windows batch, or a broken one. It is cut
// into words; a command begins at a word that a tool is called.
func (r *reading) tokens(text string) {
	text = jinja.ReplaceAllString(text, " ")
	for i, line := range strings.Split(text, "\n") {
		if r.calls <= 0 {
			return
		}
		r.line(uint(i + 1))
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(strings.ToLower(line), "rem ") || strings.HasPrefix(line, "::") {
			continue
		}
		// A line may be one that a shell knows though the whole is not.
		if stmts, err := parse(line); err == nil && !isPowerShell(line) {
			r.statements(stmts)
			continue
		}
		in := value{}
		for _, words := range commands(line) {
			in = r.tokenCall(words, in)
		}
	}
}

// tokenCall reads one command of words, and returns what it writes.
func (r *reading) tokenCall(words []string, in value) value {
	var args []value
	for _, w := range words {
		args = append(args, expandText(w, r.look))
	}
	// NAME = value of PowerShell.
	if len(words) > 2 && words[1] == "=" && strings.HasPrefix(words[0], "$") {
		name := strings.Trim(words[0], "${}")
		v := join(args[2:], " ")
		if r.startsTool(args[2:]) >= 0 {
			v = r.run(args[2:], in, nil).value
		}
		if isName(name) {
			r.set(name, v)
		}
		return value{}
	}
	at := r.startsTool(args)
	if at < 0 {
		return join(args, " ").with(in)
	}
	if at > 0 {
		// What stands before flows in, as in: "password" | docker login.
		in = in.taint(secrets(join(args[:at], " ").names))
	}
	return r.run(args[at:], in, nil).value
}

// startsTool is the index of the word that names a tool; -1 without one.
func (r *reading) startsTool(args []value) int {
	return slices.IndexFunc(args, func(a value) bool {
		switch name := commandName(a.text); name {
		case "bash", "sh", "cmd", "invoke-expression", "iex", "sudo", "set-content", "add-content", "out-file":
			return true
		default:
			return family(name) != nil || len(tools().byCommand[name]) > 0
		}
	})
}

// shellKeywords end a command, or stand before one.
var shellKeywords = []string{"then", "else", "elif", "fi", "do", "done", "esac"}

// commands cuts a line into commands at ; | & and braces, and those into words at space. Quotes hold words together;
// parentheses and plus signs of PowerShell are space.
func commands(line string) [][]string {
	var out [][]string
	var words []string
	var word strings.Builder
	inWord := false
	quote, tables := byte(0), 0 // open quote; open hash tables of PowerShell, whose braces are space
	end := func() {
		if len(words) > 0 {
			out = append(out, words)
		}
		words = nil
	}
	endWord := func() {
		text := word.String()
		switch {
		case slices.Contains(shellKeywords, text): // the lines of a block, folded into one by the YAML
			end()
		case inWord:
			words = append(words, text)
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		endWord()
		end()
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0:
			if strings.IndexByte(" \t", c) >= 0 && len(words) > 0 && strings.EqualFold(words[0], "invoke-expression") {
				endWord() // a command in a text
				continue
			}
			word.WriteByte(c)
			inWord = true
		case strings.IndexByte(" \t()+,", c) >= 0:
			endWord()
		case c == '$' && i+1 < len(line) && line[i+1] == '{':
			to := strings.IndexByte(line[i:], '}')
			if to < 0 {
				to = len(line) - i - 1
			}
			word.WriteString(line[i : i+to+1])
			inWord = true
			i += to
		case c == '@' && strings.HasPrefix(line[i:], "@{"):
			tables++
			i++
			endWord()
		case tables > 0 && (c == '}' || c == ';'):
			if c == '}' {
				tables--
			}
			endWord()
		case strings.IndexByte(";|&{}", c) >= 0:
			endCommand()
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	endCommand()
	return out
}
