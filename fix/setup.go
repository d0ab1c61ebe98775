package fix

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"nhiscan/scanner/ciyaml"
)

// setup gives a job the ID token, and the lines that make a short-lived credential of it before the first use.
func (p *patching) setup(u use, r recipe) error {
	own := entryOf(p.root, u.job.Name)
	if own == nil || own.Kind != yaml.MappingNode {
		return errors.New("it is not written as a mapping in this file")
	}
	phase, err := p.phase(u)
	if err != nil {
		return err
	}
	if r.shell && windows(u.job) {
		return errors.New("it runs PowerShell or Windows batch, for which no lines are known")
	}
	if len(r.setup) == 0 {
		return p.token(u.job.Name, own, u.job, r)
	}
	if holder, s := p.place(u.job, own, phase); s != nil {
		if err := p.insertItems(&p.edits, s, r.setup); err != nil {
			return err
		}
		if s.holder == nil || holder == p.root || s.top == "default" {
			return nil // the token comes in the round for jobs that lack it
		}
		return p.token(s.top, holder, u.job, r)
	}
	if phase != "script" || p.hasCommand(u.job, "before_script") {
		return errors.New("its script comes from a place that is not changed by program")
	}
	lines := []string{"before_script:"}
	var inline []string
	for _, line := range r.setup {
		lines = append(lines, "\t- "+blockText(line))
		inline = append(inline, flowText(line))
	}
	if err := p.insertEntry(&p.edits, own, "before_script: ["+strings.Join(inline, ", ")+"]", lines, "script", "after_script"); err != nil {
		return err
	}
	return p.token(u.job.Name, own, u.job, r)
}

// phase is the part of a job's script in which the credential is first used.
func (p *patching) phase(u use) (string, error) {
	out := ""
	for _, c := range u.job.Script {
		end := c.Line + strings.Count(strings.TrimRight(c.Text, "\n"), "\n")
		here := c.File == u.Evidence.File && c.Line <= u.Evidence.Line && u.Evidence.Line <= end
		if here || out == "" && p.namesSecret(c.Text) {
			if out == "" || c.Where == "before_script" {
				out = c.Where
			}
		}
	}
	switch out {
	case "":
		return "script", nil
	case "script", "before_script":
		return out, nil
	}
	return "", fmt.Errorf("it uses the credential in %s, where no other shell's variables hold", out)
}

// place finds the list at whose beginning the lines go in, and the mapping that holds it: the job's own where there is
// one, else the one that its script comes from.
func (p *patching) place(job ciyaml.Job, own *yaml.Node, phase string) (*yaml.Node, *list) {
	hasBefore := p.hasCommand(job, "before_script")
	if phase == "script" && !hasBefore {
		if s := p.listOf(own, "script"); s != nil {
			return own, s
		}
		return nil, nil
	}
	if s := p.listOf(own, phase); s != nil {
		return own, s
	}
	if s := p.listOf(own, "before_script"); s != nil {
		return own, s
	}
	for _, c := range job.Script {
		if c.Where == phase && c.File == p.pipeline.Path {
			if s, _ := p.script(c.Line, c.Column); s != nil {
				return s.holder, s
			}
			break
		}
	}
	return nil, nil
}

func (p *patching) listOf(mapping *yaml.Node, key string) *list {
	n := entryOf(mapping, key)
	for _, s := range p.lists {
		if n != nil && s.node == n {
			return s
		}
	}
	return nil
}

func (p *patching) hasCommand(job ciyaml.Job, where string) bool {
	return slices.ContainsFunc(job.Script, func(c ciyaml.Command) bool { return c.Where == where })
}

// token writes the ID token into a mapping, once.
func (p *patching) token(top string, mapping *yaml.Node, job ciyaml.Job, r recipe) error {
	if r.token == "" || p.tokens[top+"\x00"+r.token] {
		return nil
	}
	p.tokens[top+"\x00"+r.token] = true
	tokens := []ciyaml.IDToken{{Name: r.token, Aud: []string{r.audience}}}
	if i := indexOf(mapping, "id_tokens"); i >= 0 {
		v := mapping.Content[i+1]
		if v.Kind != yaml.MappingNode {
			return errForeign
		}
		if entryOf(v, r.token) != nil {
			return fmt.Errorf("it has an ID token %s already: use it by hand", r.token)
		}
		return p.insertEntry(&p.edits, v, inlineToken(tokens[0]), blockToken(tokens[0]))
	}
	// A job's own id_tokens take the place of those of default: these are written out.
	for _, t := range job.IDTokens {
		if p.isDefault(t.Origin) && top == job.Name && t.Name != r.token {
			if !isName(t.Name) {
				return errForeign
			}
			tokens = append(tokens, t)
		}
	}
	lines, inline := []string{"id_tokens:"}, []string(nil)
	for _, t := range tokens {
		for _, line := range blockToken(t) {
			lines = append(lines, "\t"+line)
		}
		inline = append(inline, inlineToken(t))
	}
	return p.insertEntry(&p.edits, mapping, "id_tokens: {"+strings.Join(inline, ", ")+"}", lines, "variables", "before_script", "script")
}

func (p *patching) isDefault(at ciyaml.Origin) bool {
	d := entryOf(entryOf(p.root, "default"), "id_tokens")
	if d == nil || at.File != p.pipeline.Path {
		return false
	}
	for i := 0; i+1 < len(d.Content); i += 2 {
		if d.Content[i].Line == at.Line {
			return true
		}
	}
	return false
}

func audienceText(t ciyaml.IDToken) string {
	if len(t.Aud) == 1 {
		return scalarText(t.Aud[0])
	}
	var all []string
	for _, a := range t.Aud {
		all = append(all, flowText(a))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// scalarText writes a value of a block mapping.
func scalarText(s string) string {
	if s == "" {
		return "''"
	}
	return blockText(s)
}

func blockToken(t ciyaml.IDToken) []string {
	return []string{t.Name + ":", "\taud: " + audienceText(t)}
}

func inlineToken(t ciyaml.IDToken) string {
	aud := audienceText(t)
	if len(t.Aud) == 1 {
		aud = flowText(t.Aud[0])
	}
	return t.Name + ": {aud: " + aud + "}"
}

// missing gives the token to jobs of the changed file that run the lines and lack it: default's script is everybody's,
// and lists are shared by anchors and references. It reports whether there were any.
func (p *patching) missing(after *ciyaml.Config) (bool, error) {
	some := false
	for _, r := range p.recipes {
		if r.token == "" || len(r.setup) == 0 {
			continue
		}
		for _, job := range slices.Concat(after.Jobs, after.Hidden) {
			runs := slices.ContainsFunc(job.Script, func(c ciyaml.Command) bool { return strings.TrimSpace(c.Text) == r.setup[0] })
			has := slices.ContainsFunc(job.IDTokens, func(t ciyaml.IDToken) bool { return t.Name == r.token })
			if !runs || has {
				continue
			}
			if !p.usedBy(job.Name) {
				return false, fmt.Errorf("its script is shared with job %s, which does not use the credential: give the job a script of its own first", clean(job.Name))
			}
			own := entryOf(p.root, job.Name)
			if own == nil || own.Kind != yaml.MappingNode || p.tokens[job.Name+"\x00"+r.token] {
				return false, fmt.Errorf("job %s shares the script, and takes no ID token by program", clean(job.Name))
			}
			if err := p.token(job.Name, own, p.jobBefore(job.Name), r); err != nil {
				return false, err
			}
			some = true
		}
	}
	return some, nil
}

func (p *patching) usedBy(name string) bool {
	return slices.ContainsFunc(p.fixing.uses, func(u use) bool { return u.job.Name == name })
}

// jobBefore is the job as it was.
func (p *patching) jobBefore(name string) ciyaml.Job {
	all := slices.Concat(p.config.Jobs, p.config.Hidden)
	if i := slices.IndexFunc(all, func(j ciyaml.Job) bool { return j.Name == name }); i >= 0 {
		return all[i]
	}
	return ciyaml.Job{Name: name}
}

// windows reports whether a job's script is not one of a POSIX shell, as far as it tells.
func windows(job ciyaml.Job) bool {
	words := []string{"$env:", "powershell", "pwsh", "choco ", "curl.exe"}
	for _, c := range job.Script {
		text := strings.ToLower(c.Text)
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) {
			return true
		}
	}
	return slices.ContainsFunc(job.Tags, func(t string) bool { return strings.Contains(strings.ToLower(t), "windows") })
}
