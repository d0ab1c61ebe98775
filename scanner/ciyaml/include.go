package ciyaml

import (
	"strings"
)

// Include is a file that belongs to the configuration and is not in it.
type Include struct {
	Kind        string     // local, project, remote, template, component or artifact
	Project     string     // in which the file lies: of kind project, and of kind local in a file of another project
	Location    string     // path, URL, template or component without its version; of kind local it may hold wildcards
	Ref         string     // branch, tag, commit or version; empty is the default
	Job         string     // of kind artifact: the job that makes the file
	Integrity   string     // of kind remote: sha256-<base64>, what the content has to hash to
	Inputs      []Variable // that the file is given; in order
	Rules       []Rule     // in order
	Conditional bool       // it has rules
	Origin
}

// Unresolved is an include whose files are not in the result.
type Unresolved struct {
	Include
	Reason string // for people; text from the configuration and from Fetch may be in it
}

// listIncludes lists the files that the one file brings in, without reading any.
func (r *reader) listIncludes() {
	for _, i := range r.includeList(r.root.get("include")) {
		r.config.Includes = append(r.config.Includes, i.Include)
	}
	if n := len(r.config.Includes); n > 0 {
		r.incomplete(Origin{}, "%d included files are not read", n)
	}
}

// inclusion is an include with what it hands over, as it stands.
type inclusion struct {
	Include
	with *value
}

func (r *reader) includeList(v *value) []inclusion {
	var out []inclusion
	r.eachItem(v, func(i *value) {
		if i.kind == scalar {
			out = append(out, plainInclude(i))
			return
		}
		out = append(out, r.include(i)...)
	})
	return out
}

// oneOf notes where a mapping has several of the keys of which GitLab takes one.
func (r *reader) oneOf(v *value, what string, keys ...string) {
	var found []string
	for _, key := range keys {
		if v.get(key) != nil {
			found = append(found, key)
		}
	}
	if len(found) > 1 {
		r.note(v.origin(), "%s has %s, which GitLab refuses", what, strings.Join(found, " and "))
	}
}

// plainInclude is a text: a URL or a path in the same project.
func plainInclude(v *value) inclusion {
	kind := "local"
	if strings.HasPrefix(v.text, "http://") || strings.HasPrefix(v.text, "https://") {
		kind = "remote"
	}
	return inclusion{Include: Include{Kind: kind, Location: v.text, Origin: v.origin()}}
}

// include is a mapping; of kind project it may name several files.
// Source: https://docs.gitlab.com/ci/yaml/#include
func (r *reader) include(v *value) []inclusion {
	base := inclusion{with: v.get("inputs"), Include: Include{
		Ref: r.text(v.get("ref")), Conditional: v.get("rules") != nil, Rules: r.rules(v.get("rules")), Integrity: r.text(v.get("integrity")), Origin: v.origin(),
	}}
	r.eachEntry(base.with, func(e entry) {
		base.Inputs = append(base.Inputs, Variable{Name: e.key, Value: r.plain(e.value), Where: "inputs", Origin: e.origin()})
	})
	r.oneOf(v, "an include", "project", "local", "remote", "template", "component", "artifact")
	if project := v.get("project"); project != nil {
		var out []inclusion
		base.Kind, base.Project = "project", r.text(project)
		for _, file := range r.texts(v.get("file")) {
			base.Location = file
			out = append(out, base)
		}
		if len(out) == 0 {
			r.note(v.origin(), "an include of a project names no file")
			out = append(out, base)
		}
		return out
	}
	for _, kind := range []string{"local", "remote", "template", "component", "artifact"} {
		location := v.get(kind)
		if location == nil {
			continue
		}
		base.Kind, base.Location = kind, r.text(location)
		switch kind {
		case "component":
			if at := strings.LastIndexByte(base.Location, '@'); at >= 0 {
				base.Location, base.Ref = base.Location[:at], base.Location[at+1:]
			}
		case "artifact":
			base.Job = r.text(v.get("job"))
		}
		return []inclusion{base}
	}
	r.incomplete(v.origin(), "an include names no file")
	return nil
}
