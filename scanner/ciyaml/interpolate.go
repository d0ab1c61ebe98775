package ciyaml

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of GitLab on blocks in one file, on the text that they make, and on functions in one of them.
// Source: lib/gitlab/ci/config/interpolation of GitLab: context.rb, text_template.rb, block.rb.
const (
	maxBlocks    = 10_000
	maxInserted  = 1 << 20
	maxFunctions = 3
)

// block is $[[ path | function | function ]].
// Source: lib/gitlab/ci/config/interpolation/block.rb.
var block = regexp.MustCompile(`\$\[\[\s*(\S[^\n]*?)\s*\]\]`)

// interpolate puts inputs into a scalar. One block alone gives the input as it is: a number, a list, …
func (r *reader) interpolate(v *value) *value {
	if r.inputs == nil || v.kind != scalar || !strings.Contains(v.text, "$[[") {
		return v
	}
	found := block.FindAllStringSubmatchIndex(v.text, -1)
	if r.blocks += len(found); r.blocks > maxBlocks {
		r.incomplete(v.origin(), "more than %d blocks with inputs", maxBlocks)
		return v
	}
	if len(found) == 1 && found[0][0] == 0 && found[0][1] == len(v.text) {
		return r.alone(v, v.text[found[0][2]:found[0][3]])
	}
	var out strings.Builder
	last := 0
	for _, at := range found {
		out.WriteString(v.text[last:at[0]])
		last = at[1]
		in, err := r.inserted(v.text[at[2]:at[3]])
		if err != nil {
			r.incomplete(v.origin(), "%v", err)
		}
		if in == nil {
			out.WriteString(v.text[at[0]:at[1]])
			continue
		}
		text := r.plain(in)
		v.literal = v.literal && !strings.Contains(text, "\n")
		if out.Len()+len(text) > maxInserted || !r.spendText(text) {
			r.incomplete(v.origin(), "inputs make a text of more than %d bytes", maxInserted)
			return v
		}
		out.WriteString(text)
	}
	out.WriteString(v.text[last:])
	v.text = out.String()
	return v
}

// alone is what a block stands for that is all of a scalar.
func (r *reader) alone(v *value, data string) *value {
	in, err := r.inserted(data)
	if err != nil {
		r.incomplete(v.origin(), "%v", err)
	}
	if in == nil {
		return v
	}
	out := *in
	out.line, out.column, out.source, out.literal = v.line, v.column, v.source, false
	return &out
}

// inserted is the value of a block; nil where it stays as it is: with an error, or for the matrix, which GitLab reads
// in needs alone.
func (r *reader) inserted(data string) (*value, error) {
	parts := strings.Split(data, "|")
	place, name, _ := strings.Cut(strings.TrimSpace(parts[0]), ".")
	var v *value
	switch place {
	case "matrix":
		return nil, nil
	case "component":
		text, ok := r.inputs.component[name]
		if !ok {
			return nil, fmt.Errorf("the component's %s is not known", short(name))
		}
		v = &value{kind: scalar, tag: "!!str", text: text}
	case "inputs":
		if v = r.inputs.values[name]; v == nil {
			return nil, fmt.Errorf("input %q has no value", short(name))
		}
	default:
		return nil, fmt.Errorf("inputs are not interpolated: %q is unknown", short(place))
	}
	if len(parts) > maxFunctions+1 {
		return nil, fmt.Errorf("a block has more than %d functions", maxFunctions)
	}
	for _, f := range parts[1:] {
		if v.kind != scalar {
			return nil, fmt.Errorf("input %q is no text, as its functions need", short(name))
		}
		text, err := r.call(strings.TrimSpace(f), v.text)
		if err != nil {
			return nil, err
		}
		v = &value{kind: scalar, tag: "!!str", text: text}
	}
	return v, nil
}

// truncate is truncate(offset,length).
var truncate = regexp.MustCompile(`^truncate\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\)$`)

// call applies a function of a block to a text.
// Source: https://docs.gitlab.com/ci/inputs/#predefined-interpolation-functions
func (r *reader) call(function, text string) (string, error) {
	switch {
	case function == "expand_vars":
		expanded, _ := expand(text, r.o.Variables) // unknown ones stay for the job
		return expanded, nil
	case function == "posix_escape":
		return posixEscape(text), nil
	}
	m := truncate.FindStringSubmatch(function)
	if m == nil {
		return "", fmt.Errorf("function %q of a block is unknown", short(function))
	}
	offset, _ := strconv.Atoi(m[1]) // the pattern takes digits only
	length, _ := strconv.Atoi(m[2])
	characters := []rune(text)
	characters = characters[min(offset, len(characters)):]
	return string(slices.Clip(characters[:min(length, len(characters))])), nil
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9_\-.,:+/@\n]`)

// posixEscape quotes a text for a shell as Ruby's Shellwords.escape does.
func posixEscape(text string) string {
	if text == "" {
		return "''"
	}
	return strings.ReplaceAll(unsafe.ReplaceAllString(text, `\$0`), "\n", "'\n'")
}
