package ciyaml

import "cmp"

// Rule is one of rules: of a job, of workflow, or of an include. It is kept, never decided.
// Source: https://docs.gitlab.com/ci/yaml/#rules
type Rule struct {
	If        string     // an expression; empty: always
	Changes   []string   // paths, one of which has to change; in order
	Exists    []string   // paths, one of which has to exist; in order
	When      string     // on_success, delayed, always, never, manual; empty: what the job says
	Variables []Variable // that the job gets under this rule; in order
	Needs     []Need     // in place of the job's; nil: the job's
	Origin
}

func (r *reader) rules(v *value) []Rule {
	var out []Rule
	r.eachItem(v, func(i *value) {
		if i.kind != mapping {
			return
		}
		out = append(out, Rule{
			Needs: r.needs(i.get("needs")),
			If:    r.text(i.get("if")), When: r.text(i.get("when")), Variables: r.variables(i.get("variables"), "rules"), Origin: i.origin(),
			Changes: r.texts(cmp.Or(i.get("changes").get("paths"), i.get("changes"))),
			Exists:  r.texts(cmp.Or(i.get("exists").get("paths"), i.get("exists"))),
		})
	})
	return out
}
