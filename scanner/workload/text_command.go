package workload

import (
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// Commands that make, write, copy and pass on text: what a job writes, a later command reads.

func silent(*reading, *call) output { return output{} }

func echo(_ *reading, c *call) output {
	args := c.args
	for len(args) > 1 && slices.Contains([]string{"-n", "-e", "-ne", "-en", "-E", "--"}, args[0].text) {
		args = args[1:]
	}
	if c.name == "printf" && len(args) > 1 && strings.Contains(args[0].text, "%") {
		return output{value: formatted(args[0], args[1:]).unmarked()}
	}
	return output{value: join(args, " ").unmarked()}
}

var directive = regexp.MustCompile(`%(?:%|[-+ #0]*[0-9]*(?:\.[0-9]+)?[a-zA-Z])`)

// formatted puts the arguments of printf into its format, which holds for them again while any is left.
// Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/printf.html
func formatted(format value, args []value) value {
	out := value{names: format.names}
	for len(args) > 0 {
		left, done := len(args), 0
		for _, m := range directive.FindAllStringIndex(format.text, maxNames) {
			out.text += format.text[done:m[0]]
			done = m[1]
			switch {
			case format.text[m[0]:m[1]] == "%%":
				out.text += "%"
			case len(args) > 0:
				out, args = out.with(args[0]), args[1:]
			}
		}
		out = out.with(value{text: format.text[done:]})
		if len(args) == left || len(out.text) >= maxText {
			return out.taint(join(args, "").names)
		}
	}
	return out
}

func workingFolder(*reading, *call) output { return output{value: value{text: "${PWD}"}} }

func cat(r *reading, c *call) output {
	out := value{}
	files := 0
	for _, a := range c.args {
		if strings.HasPrefix(a.text, "-") {
			continue
		}
		files++
		if f, ok := r.file(a.text); ok {
			out = out.with(f)
		} else {
			out = out.with(value{text: unknown, names: a.names})
		}
	}
	if files == 0 {
		out = c.in
	}
	return output{value: out}
}

func tee(r *reading, c *call) output {
	more := false
	for _, a := range c.args {
		if a.text == "-a" || a.text == "--append" {
			more = true
		} else if !strings.HasPrefix(a.text, "-") {
			r.write(a.text, c.in, more)
		}
	}
	return output{value: c.in}
}

// writeContent reads PowerShell's ways to write a file.
// Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.management/set-content
func writeContent(r *reading, c *call) output {
	target, content, rest := value{}, c.in, []value(nil)
	for i := 0; i < len(c.args); i++ {
		next := value{}
		if i+1 < len(c.args) {
			next = c.args[i+1]
		}
		switch strings.ToLower(c.args[i].text) {
		case "-path", "-filepath", "-literalpath":
			target = next
			i++
		case "-value", "-inputobject":
			content = next
			i++
		case "-encoding":
			i++
		default:
			if !strings.HasPrefix(c.args[i].text, "-") {
				rest = append(rest, c.args[i])
			}
		}
	}
	if target.text == "" && len(rest) > 0 {
		target, rest = rest[0], rest[1:]
	}
	if len(rest) > 0 && len(content.names) == 0 && content.text == "" {
		content = rest[0]
	}
	r.write(target.text, content, c.name == "add-content")
	return output{}
}

// copyFile carries what is known of a file to its copy; a variable of type file is its path.
func copyFile(r *reading, c *call) output {
	plain := slices.DeleteFunc(slices.Clone(c.args), func(a value) bool { return strings.HasPrefix(a.text, "-") })
	if len(plain) < 2 {
		return output{}
	}
	target := plain[len(plain)-1]
	for _, from := range plain[:len(plain)-1] {
		v, ok := r.file(from.text)
		if !ok {
			v = value{text: unknown, names: secrets(from.names)}
			if len(v.names) == 0 && from.isUnknown() {
				v.names = keep(from.names, func(n string) bool { return !ciyaml.Predefined(n) })
			}
			if len(v.names) == 0 && expanding.MatchString(cleanPath(target.text)) {
				v.names = r.variablesIn(from.text, fileVariable)
			}
		}
		if len(v.names) > 0 {
			r.write(target.text, v, false)
		}
	}
	return output{}
}

func filter(r *reading, c *call) output {
	if c.name == "xargs" {
		if n := skipOptions(c.args, "-n", "-I", "-i", "-P", "-L", "-d", "-E"); n < len(c.args) {
			return r.run(append(slices.Clone(c.args[n:]), c.in), value{}, nil)
		}
	}
	out := output{value: value{text: unknown, names: c.in.names}}
	for i, a := range c.args {
		out.names = union(out.names, a.names)
		if f, ok := r.file(a.text); ok {
			out.names = union(out.names, f.names)
			if c.name == "envsubst" || a.text == "-" {
				out.text = f.text
			}
		}
		// gpg and openssl write what they decrypt to a file.
		if (a.text == "-o" || a.text == "-out" || a.text == "--output") && i+1 < len(c.args) {
			r.write(c.args[i+1].text, value{text: unknown, names: secrets(c.argNames())}, false)
		}
	}
	switch c.name {
	case "tr", "sed", "head", "dos2unix", "envsubst":
		if c.in.text != "" {
			out.text = c.in.text
		}
	case "printenv":
		out.value = value{}
		for _, a := range c.args {
			out.value = r.look(a.text)
		}
	case "gpg":
		r.tool(c)
	}
	inPlace := slices.ContainsFunc(c.args, func(a value) bool { return strings.HasPrefix(a.text, "-i") || a.text == "--in-place" })
	if (c.name == "sed" || c.name == "perl" || c.name == "yq") && inPlace && len(c.args) > 1 {
		target := c.args[len(c.args)-1]
		r.write(target.text, value{text: unknown, names: c.argNames()}, true)
	}
	return out
}

func (c *call) argNames() []string {
	out := slices.Clone(c.in.names)
	for _, a := range c.args {
		out = union(out, a.names)
	}
	return out
}
