package ciyaml

// Trigger starts another pipeline instead of running on a runner.
type Trigger struct {
	Project  string // empty: a child pipeline of the same project
	Branch   string
	Strategy string
	Includes []Include  // the child pipeline's files
	Inputs   []Variable // that the other pipeline is given; in order
	// The job's YAML variables, and those of its own pipeline, are handed on; GitLab's defaults are yes and no.
	ForwardYAML, ForwardPipeline bool
	// Child is the child pipeline, whose Unresolved are its own; nil for another project, by Read, and where
	// children lie too deep. Jobs that start the same share it.
	Child *Config
	Origin
}

func (r *reader) trigger(v *value) *Trigger {
	v, leave := r.follow(v)
	defer leave()
	if v == nil || v.kind == null {
		return nil
	}
	t := &Trigger{ForwardYAML: true, Origin: v.origin()}
	if v.kind == scalar {
		t.Project = v.text
		return t
	}
	t.Project, t.Branch, t.Strategy = r.text(v.get("project")), r.text(v.get("branch")), r.text(v.get("strategy"))
	t.ForwardYAML = r.text(v.get("forward").get("yaml_variables")) != "false"
	t.ForwardPipeline = r.text(v.get("forward").get("pipeline_variables")) == "true"
	r.eachEntry(v.get("inputs"), func(e entry) {
		t.Inputs = append(t.Inputs, Variable{Name: e.key, Value: r.plain(e.value), Where: "inputs", Origin: e.origin()})
	})
	for _, i := range r.includeList(v.get("include")) {
		t.Includes = append(t.Includes, i.Include)
	}
	if r.o.Fetch != nil && v.get("include") != nil {
		t.Child = r.child(v)
	}
	return t
}

// maxChildren is how deep child pipelines may start others.
// Source: https://docs.gitlab.com/ci/pipelines/downstream_pipelines/#nested-child-pipelines
const maxChildren = 2

// child reads the child pipeline of a trigger: its files, as if one file included them all.
func (r *reader) child(trigger *value) *Config {
	if r.depth == maxChildren {
		r.incomplete(trigger.origin(), "child pipelines start others more than %d deep, which GitLab refuses", maxChildren)
		return nil
	}
	key := childKey{trigger.source, r.depth, r.plain(trigger.get("include"))}
	c, done := r.children[key]
	if !done || len(key.include) >= maxPlain {
		c = r.readChild(trigger)
		r.children[key] = c
	}
	if !c.Complete {
		r.config.Complete = false
	}
	return c
}

// childKey tells child pipelines apart: many jobs of a file may start the same.
type childKey struct {
	source  *source
	depth   int
	include string
}

func (r *reader) readChild(trigger *value) *Config {
	from := *trigger.source
	from.starts = true
	root := &value{kind: mapping, line: trigger.line, column: trigger.column, source: &from}
	for _, e := range trigger.entries {
		if e.key == "include" {
			root.entries = append(root.entries, e)
		}
	}
	c := newReader(r.budget)
	c.depth = r.depth + 1
	c.whole(root)
	return c.config
}
