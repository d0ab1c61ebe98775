package ciyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Input is an input that a file takes.
// Source: https://docs.gitlab.com/ci/inputs/
type Input struct {
	Name    string
	Type    string   // string, number, boolean or array
	Default string   // as plain text; empty also where there is none, see Mandatory
	Options []string // that may be given; nil: any
	// Mandatory: there is no default, so that a pipeline without a value does not start.
	Mandatory bool
	Origin
}

// inputs are the values that blocks of a file may name.
type inputs struct {
	values    map[string]*value
	component map[string]string
}

// header reads what a file takes, and sets what its blocks stand for: what is given, else the default.
func (r *reader) header(spec, given *value) []Input {
	into := &inputs{values: map[string]*value{}, component: r.componentContext(spec)}
	declared := r.declared(spec)
	var out []Input
	for _, ruled := range []bool{false, true} { // rules of inputs look at the values of others
		for _, e := range declared {
			if (e.value.get("rules") != nil) == ruled {
				out = append(out, r.input(e, given.get(e.key), into))
			}
		}
	}
	r.eachEntry(given, func(e entry) {
		if !slices.ContainsFunc(declared, func(d entry) bool { return d.key == e.key }) {
			r.note(e.origin(), "input %q is given to %s, which does not take it", short(e.key), shownName(r.source))
		}
	})
	slices.SortStableFunc(out, func(a, b Input) int { return a.Origin.compare(b.Origin) })
	r.inputs = into
	return out
}

// declared lists the inputs of a header, with those of the files that its spec:include brings.
func (r *reader) declared(spec *value) []entry {
	var out []entry
	header := r.source
	for _, i := range r.includeList(spec.get("include")) {
		if header == nil {
			r.incomplete(i.Origin, "included inputs are not read")
			continue
		}
		r.locate(&i.Include, header)
		files, err := r.fetch(&i.Include, header)
		for _, f := range files {
			if err == nil {
				var more []entry
				more, err = r.includedInputs(f, header.including(i.Include, f))
				out = append(out, more...)
			}
		}
		if err != nil {
			r.unresolved(i.Include, err)
		}
	}
	r.source = header
	r.eachEntry(spec.get("inputs"), func(e entry) { out = append(out, e) })
	return out
}

// includedInputs reads a file that holds inputs alone: it has no header of its own.
func (r *reader) includedInputs(f File, src *source) ([]entry, error) {
	if r.files++; r.files > r.o.Includes {
		return nil, fmt.Errorf("%w: more than %d included files", ErrBudget, r.o.Includes)
	}
	documents, err := r.documents(f.Text)
	if err != nil {
		return nil, err
	}
	r.source = src
	content, err := r.top(documents[0], false)
	if err != nil {
		return nil, err
	}
	r.config.Files = append(r.config.Files, f.Name)
	var out []entry
	r.eachEntry(content.get("inputs"), func(e entry) { out = append(out, e) })
	return out, nil
}

// input settles one input. A value that GitLab would refuse is taken all the same, and told.
func (r *reader) input(e entry, given *value, into *inputs) Input {
	of := e.value
	if branch := r.branch(of.get("rules"), into); branch != nil {
		of = &value{kind: mapping, line: of.line, column: of.column, source: of.source, entries: slices.Concat(branch.entries, of.entries)}
	}
	in := Input{Name: e.key, Type: cmp.Or(r.text(of.get("type")), "string"), Options: r.texts(of.get("options")), Origin: e.origin()}
	fallback := of.get("default")
	in.Mandatory = fallback == nil || fallback.kind == null
	in.Default = r.plain(fallback)
	v := given
	if v == nil && !in.Mandatory {
		v = fallback
	}
	if v == nil {
		return in // its blocks say that there is no value
	}
	into.values[e.key] = v
	switch {
	case !ofType(v, in.Type):
		r.note(v.origin(), "input %q is no %s", short(e.key), short(in.Type))
	case in.Options != nil && !slices.Contains(in.Options, v.text):
		r.note(v.origin(), "input %q is none of its options", short(e.key))
	case !r.fits(v, of.get("regex")):
		r.note(v.origin(), "input %q does not match its regex", short(e.key))
	}
	return in
}

func ofType(v *value, name string) bool {
	switch name {
	case "string":
		return v.kind == scalar && v.tag == "!!str"
	case "number":
		return v.kind == scalar && (v.tag == "!!int" || v.tag == "!!float")
	case "boolean":
		return v.kind == scalar && v.tag == "!!bool"
	case "array":
		return v.kind == list
	}
	return false
}

func (r *reader) fits(v, pattern *value) bool {
	if pattern == nil || v.kind != scalar {
		return true
	}
	re := compiled(strings.Trim(r.text(pattern), "/"))
	return re == nil || re.MatchString(v.text)
}

// branch is the rule of an input that applies: the first that holds, as far as the other inputs tell.
func (r *reader) branch(rules *value, known *inputs) *value {
	var out *value
	r.eachItem(rules, func(rule *value) {
		if out != nil || !rule.is(mapping) {
			return
		}
		condition := r.text(rule.get("if"))
		if rule.get("if") == nil || r.spendText(condition) && holds(condition, known) == yes {
			out = rule
		}
	})
	return out
}

// componentContext is what a component may ask about itself, as far as it says that it does.
// Source: https://docs.gitlab.com/ci/components/#use-component-context-in-components
func (r *reader) componentContext(spec *value) map[string]string {
	out := map[string]string{}
	if r.source == nil {
		return out
	}
	c := r.source.component
	for _, name := range r.texts(spec.get("component")) {
		switch name {
		case "name":
			out[name] = c.name
		case "sha":
			out[name] = c.sha
		case "version":
			out[name] = c.version
		case "reference":
			out[name] = c.reference
		}
		if out[name] == "" {
			delete(out, name)
		}
	}
	return out
}
