package ciyaml

import (
	"cmp"
	"slices"
)

// Positions replaces the origins in merged, whose lines are those of the merged text, by those of root, which is what
// Resolve made of the files: a job, and what a job has under the same name and keyword there, gets the origin
// that it has in root; all else gets none. A nil root takes all origins away.
func Positions(root, merged *Config) {
	if root == nil {
		root = &Config{}
	}
	for i := range merged.Includes {
		merged.Includes[i].Origin = Origin{}
	}
	placeVariables(root.Variables, merged.Variables)
	placeRules(root.Rules, merged.Rules)
	placeJobs(root, merged, root.Jobs, merged.Jobs)
	placeJobs(root, merged, root.Hidden, merged.Hidden)
}

func placeJobs(root, all *Config, from, merged []Job) {
	for i := range merged {
		job := &merged[i]
		own := Job{}
		at, ok := slices.BinarySearchFunc(from, job.Name, func(j Job, name string) int { return cmp.Compare(j.Name, name) })
		if ok {
			own = from[at]
		}
		own.place(job)
		if len(job.Globals) < len(all.Variables) { // else they are those, in the same place
			placeVariables(root.Variables, job.Globals)
		}
	}
}

// place gives merged the origins of j.
func (j *Job) place(merged *Job) {
	merged.Origin = j.Origin
	merged.References = placeReferences(j.References, merged.References)
	placeVariables(j.Variables, merged.Variables)
	placeRules(j.Rules, merged.Rules)
	for i := range merged.Matrix {
		placeVariables(nil, merged.Matrix[i])
	}
	placeBy(j.IDTokens, merged.IDTokens, func(t *IDToken) (string, *Origin) { return t.Name, &t.Origin })
	placeBy(j.Secrets, merged.Secrets, func(s *ExternalSecret) (string, *Origin) { return s.Name, &s.Origin })
	placeBy(j.Script, merged.Script, func(c *Command) (string, *Origin) { return c.Where + "\x00" + c.Text, &c.Origin })
	placeBy(j.Steps, merged.Steps, func(s *Step) (string, *Origin) { return s.Name, &s.Origin })
	if merged.Release != nil {
		merged.Release.Origin = Origin{}
		if j.Release != nil {
			merged.Release.Origin = j.Release.Origin
		}
	}
	if merged.Trigger != nil {
		merged.Trigger.Origin = Origin{}
		if j.Trigger != nil {
			merged.Trigger.Origin = j.Trigger.Origin
		}
		for i := range merged.Trigger.Includes {
			merged.Trigger.Includes[i].Origin = Origin{}
		}
	}
}

func placeVariables(root, merged []Variable) {
	placeBy(root, merged, func(v *Variable) (string, *Origin) { return v.Where + "\x00" + v.Name + "\x00" + v.Value, &v.Origin })
}

func placeRules(root, merged []Rule) {
	placeBy(root, merged, func(r *Rule) (string, *Origin) { return r.If + "\x00" + r.When, &r.Origin })
	for i := range merged {
		placeVariables(nil, merged[i].Variables)
	}
}

// placeBy gives each entry of merged the origin of the first entry of root with the same key.
func placeBy[T any](root, merged []T, key func(*T) (string, *Origin)) {
	origins := map[string]Origin{}
	for i := range root {
		k, origin := key(&root[i])
		if _, taken := origins[k]; !taken {
			origins[k] = *origin
		}
	}
	for i := range merged {
		k, origin := key(&merged[i])
		*origin = origins[k]
	}
}

// placeReferences replaces the references of one name and keyword by all that root has of them; where it has none,
// one without origin is left.
func placeReferences(root, merged []Reference) []Reference {
	type key struct{ name, where string }
	own := map[key][]Reference{}
	for _, r := range root {
		k := key{r.Name, r.Where}
		own[k] = append(own[k], r)
	}
	var out []Reference
	done := map[key]bool{}
	for _, r := range merged {
		k := key{r.Name, r.Where}
		if done[k] {
			continue
		}
		done[k] = true
		if len(own[k]) > 0 {
			out = append(out, own[k]...)
		} else {
			out = append(out, Reference{Name: r.Name, Where: r.Where})
		}
	}
	return out
}
