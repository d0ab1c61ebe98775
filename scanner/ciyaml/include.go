package ciyaml

import "strings"

// includes lists the files that the root file brings in.
func (r *reader) includes() {
	r.config.Includes = r.includeList(r.root.get("include"))
	if n := len(r.config.Includes); n > 0 {
		r.incomplete(0, "%d included files are not read", n)
	}
}

func (r *reader) includeList(v *value) []Include {
	var out []Include
	r.eachItem(v, func(i *value) {
		if i.kind == scalar {
			out = append(out, plainInclude(i))
			return
		}
		out = append(out, r.include(i)...)
	})
	return out
}

// plainInclude is a text: a URL or a path in the same project.
func plainInclude(v *value) Include {
	kind := "local"
	if strings.HasPrefix(v.text, "http://") || strings.HasPrefix(v.text, "https://") {
		kind = "remote"
	}
	return Include{Kind: kind, Location: v.text, Line: v.line}
}

// include is a mapping; of kind project it may name several files.
// Source: https://docs.gitlab.com/ci/yaml/#include
func (r *reader) include(v *value) []Include {
	base := Include{Line: v.line, Ref: r.text(v.get("ref")), Conditional: v.get("rules") != nil}
	if project := v.get("project"); project != nil {
		var out []Include
		base.Kind, base.Project = "project", r.text(project)
		for _, file := range r.texts(v.get("file")) {
			base.Location = file
			out = append(out, base)
		}
		if len(out) == 0 {
			r.note(v.line, "an include of a project names no file")
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
		if kind == "component" {
			if at := strings.LastIndexByte(base.Location, '@'); at >= 0 {
				base.Location, base.Ref = base.Location[:at], base.Location[at+1:]
			}
		}
		return []Include{base}
	}
	r.incomplete(v.line, "an include names no file")
	return nil
}

func (r *reader) trigger(v *value) *Trigger {
	v, leave := r.follow(v)
	defer leave()
	if v == nil || v.kind == null {
		return nil
	}
	t := &Trigger{Line: v.line}
	if v.kind == scalar {
		t.Project = v.text
		return t
	}
	t.Project, t.Branch = r.text(v.get("project")), r.text(v.get("branch"))
	t.Includes = r.includeList(v.get("include"))
	return t
}
