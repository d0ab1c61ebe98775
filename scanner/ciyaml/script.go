package ciyaml

// Command is one entry of a script, which may span lines.
type Command struct {
	Text  string
	Where string // pre_get_sources_script, before_script, script, run or after_script
	Origin
}

// Step is one entry of run, which takes the place of script.
// Source: https://docs.gitlab.com/ci/steps/
type Step struct {
	Name string
	Uses string // the step that it runs: a path, a URL with a version, or an image; empty: its script is in Job.Script
	Origin
}

// script lists what a job runs, in the order in which it runs it.
func (r *reader) script(job *value) []Command {
	var out []Command
	add := func(v *value, where string) {
		r.eachItem(v, func(c *value) {
			if c.kind != scalar {
				return
			}
			at := c.origin()
			if c.literal {
				at.Line, at.Column = at.Line+1, 0
			}
			out = append(out, Command{Text: c.text, Where: where, Origin: at})
		})
	}
	add(job.get("hooks").get("pre_get_sources_script"), "pre_get_sources_script")
	add(job.get("before_script"), "before_script")
	add(job.get("script"), "script")
	r.eachItem(job.get("run"), func(step *value) { add(step.get("script"), "run") })
	add(job.get("after_script"), "after_script")
	return out
}

func (r *reader) steps(v *value) []Step {
	var out []Step
	r.eachItem(v, func(i *value) {
		if i.kind == mapping {
			out = append(out, Step{Name: r.text(i.get("name")), Uses: r.stepUsed(i), Origin: i.origin()})
		}
	})
	return out
}

// stepUsed names what a step runs: a text, or the parts of where it lies.
func (r *reader) stepUsed(step *value) string {
	for _, keyword := range []string{"step", "func", "action"} {
		v, leave := r.follow(step.get(keyword))
		text := r.text(v)
		for _, where := range []string{"git", "oci"} {
			if at := v.get(where); at.is(mapping) {
				text = r.text(at.get("url")) + r.text(at.get("registry")) + "@" + r.text(at.get("rev")) + r.text(at.get("tag"))
			}
		}
		leave()
		if text != "" {
			return text
		}
	}
	return ""
}
