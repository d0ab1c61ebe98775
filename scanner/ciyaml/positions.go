package ciyaml

import "slices"

// Positions replaces the lines in merged, which are those of the merged text, by lines of the root file: a job, and
// what a job has under the same name and keyword there, gets the line it has in root; all else gets 0. A nil root
// makes all lines 0.
func Positions(root, merged *Config) {
	if root == nil {
		root = &Config{}
	}
	for i := range merged.Includes {
		merged.Includes[i].Line = 0
	}
	placeVariables(root.Variables, merged.Variables)
	for i := range merged.Jobs {
		job := &merged.Jobs[i]
		at, ok := slices.BinarySearchFunc(root.Jobs, job.Name, func(j Job, name string) int {
			switch {
			case j.Name < name:
				return -1
			case j.Name > name:
				return 1
			}
			return 0
		})
		own := Job{}
		if ok {
			own = root.Jobs[at]
		}
		own.place(job)
	}
}

// place gives merged the lines of j.
func (j *Job) place(merged *Job) {
	merged.Line = j.Line
	merged.References = placeReferences(j.References, merged.References)
	placeVariables(j.Variables, merged.Variables)
	placeBy(j.IDTokens, merged.IDTokens, func(t *IDToken) (string, *int) { return t.Name, &t.Line })
	placeBy(j.Secrets, merged.Secrets, func(s *ExternalSecret) (string, *int) { return s.Name, &s.Line })
	placeBy(j.Script, merged.Script, func(c *Command) (string, *int) { return c.Where + "\x00" + c.Text, &c.Line })
	if merged.Trigger != nil {
		merged.Trigger.Line = 0
		if j.Trigger != nil {
			merged.Trigger.Line = j.Trigger.Line
		}
		for i := range merged.Trigger.Includes {
			merged.Trigger.Includes[i].Line = 0
		}
	}
}

func placeVariables(root, merged []Variable) {
	placeBy(root, merged, func(v *Variable) (string, *int) { return v.Where + "\x00" + v.Name + "\x00" + v.Value, &v.Line })
}

// placeBy gives each entry of merged the line of the first entry of root with the same key.
func placeBy[T any](root, merged []T, key func(*T) (string, *int)) {
	lines := map[string]int{}
	for i := range root {
		k, line := key(&root[i])
		if _, taken := lines[k]; !taken {
			lines[k] = *line
		}
	}
	for i := range merged {
		k, line := key(&merged[i])
		*line = lines[k]
	}
}

// placeReferences replaces the references of one name and keyword by all that root has of them; where it has none,
// one without line is left.
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
