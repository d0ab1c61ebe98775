package ciyaml

import (
	"cmp"
	"slices"
	"strings"
)

// Variable is a variable that the configuration sets, or an input that it hands over.
type Variable struct {
	Name, Value string
	Raw         bool   // expand: false, so that variables in the value stay as they are
	Where       string // variables, rules, matrix or inputs
	Origin
}

// globals reads the variables of all jobs.
func (r *reader) globals() {
	all := r.variables(r.root.get("variables"), "variables")
	r.config.Rules = r.rules(r.root.get("workflow").get("rules"))
	for _, rule := range r.config.Rules {
		all = append(all, rule.Variables...)
	}
	r.config.Variables = sortVariables(all)
	r.global = map[string][]Variable{}
	for _, v := range all {
		r.global[v.Name] = append(r.global[v.Name], v)
	}
}

// globalsOf are the variables of the configuration that a job inherits.
func (r *reader) globalsOf(job *value) []Variable {
	if only := job.get("inherit").get("variables"); only == nil || only.kind == null || only.text == "true" {
		return r.config.Variables
	}
	var out []Variable
	for _, v := range r.config.Variables {
		if r.inherits(job, "variables", v.Name) {
			out = append(out, v)
		}
	}
	return out
}

func (r *reader) variables(v *value, where string) []Variable {
	var out []Variable
	r.eachEntry(v, func(e entry) {
		raw := e.value.is(mapping) && r.text(e.value.get("expand")) == "false"
		out = append(out, Variable{Name: e.key, Value: r.named(e.value, "value"), Raw: raw, Where: where, Origin: e.origin()})
	})
	return out
}

func sortVariables(all []Variable) []Variable {
	slices.SortStableFunc(all, func(a, b Variable) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Origin.compare(b.Origin))
	})
	return all
}

// maxMatrix is how many jobs parallel may make.
// Source: https://docs.gitlab.com/ci/yaml/#parallel
const maxMatrix = 200

// matrix lists the variables of each job that parallel:matrix makes: the product within an item, one after the other
// over the items.
func (r *reader) matrix(v *value) [][]Variable {
	var out [][]Variable
	r.eachItem(v, func(item *value) {
		rows := [][]Variable{nil}
		r.eachEntry(item, func(e entry) {
			var longer [][]Variable
			r.eachItem(e.value, func(v *value) {
				for _, row := range rows {
					if r.left -= len(row); len(longer) < maxMatrix+1 && r.spend() {
						longer = append(longer, append(slices.Clone(row), Variable{Name: e.key, Value: r.text(v), Where: "matrix", Origin: v.origin()}))
					}
				}
			})
			rows = longer
		})
		out = append(out, rows...)
		if len(out) > maxMatrix {
			r.note(item.origin(), "a matrix makes more than %d jobs, which GitLab refuses", maxMatrix)
			out = out[:maxMatrix]
		}
	})
	return out
}

// expand puts the values of variables into a text: $NAME, ${NAME} and %NAME%, and "$$" for a dollar. unknown is the
// first that has none; its name stays in the text.
func expand(text string, values map[string]string) (_, unknown string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		name, length := "", 0
		switch text[i] {
		case '$':
			if strings.HasPrefix(text[i:], "$$") {
				out.WriteByte('$')
				i++
				continue
			}
			name, length = braced(text[i+1:])
		case '%':
			if name = percentName(text, i); name != "" {
				length = len(name) + 1
			}
		}
		value, known := values[name]
		switch {
		case name == "":
			out.WriteByte(text[i])
		case !known:
			unknown = cmp.Or(unknown, name)
			out.WriteByte(text[i])
		default:
			out.WriteString(value)
			i += length
		}
	}
	return out.String(), unknown
}

// braced reads NAME or {NAME}, and how many bytes it is long.
func braced(rest string) (name string, length int) {
	if inner, ok := strings.CutPrefix(rest, "{"); ok {
		n := nameLength(inner)
		if n == 0 || n >= len(inner) || inner[n] != '}' {
			return "", 0
		}
		return inner[:n], n + 2
	}
	n := nameLength(rest)
	return rest[:n], n
}
