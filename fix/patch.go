package fix

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"nhiscan/scanner/ciyaml"
)

// patching is the making of one patch.
type patching struct {
	*fixing
	*layout
	edits  edits
	tokens map[string]bool // top-level keys that were given the ID token, by key and token
}

// patch changes the file, and checks what came of it. Jobs that share a script are given the token in rounds: the first
// changes those that use the credential, the next those that the changed script made need it.
func (f *fixing) patch() (patched []byte, patch string, err error) {
	l, err := newLayout(f.pipeline.Text)
	if err != nil {
		return nil, "", err
	}
	p := &patching{fixing: f, layout: l, tokens: map[string]bool{}}
	if err := p.uses(); err != nil {
		return nil, "", err
	}
	const rounds = 4
	for range rounds {
		text, err := p.edits.apply(f.pipeline.Text)
		if err != nil {
			return nil, "", err
		}
		after, err := ciyaml.Resolve(f.ctx, text, f.pipeline.Path, f.pipeline.Options)
		if err != nil {
			return nil, "", fmt.Errorf("the changed file would not be readable: %w", err)
		}
		more, err := p.missing(after)
		if err != nil {
			return nil, "", err
		}
		if !more {
			patch := p.edits.diff(f.pipeline.Text, f.pipeline.Path)
			if err := f.verify(after); err != nil {
				return nil, "", err
			}
			if f.pipeline.Withhold != nil {
				err = f.pipeline.Withhold(patch)
			}
			return text, patch, err
		}
	}
	return nil, "", errors.New("the jobs share scripts and tokens in a way that is not changed by program")
}

// uses changes every job that uses the credential.
func (p *patching) uses() error {
	for _, u := range p.fixing.uses {
		if at := u.Evidence.File; at != "" && at != p.pipeline.Path {
			return fmt.Errorf("job %s uses it in %s: give that file with --file, or change it by hand", clean(u.job.Name), clean(at))
		}
		if u.job.File != p.pipeline.Path {
			return fmt.Errorf("job %s stands in %s: give that file with --file, or change it by hand", clean(u.job.Name), clean(u.job.File))
		}
		r, err := p.recipe(u)
		if err != nil {
			return fmt.Errorf("job %s: %w", clean(u.job.Name), err)
		}
		if err := p.rewrite(u, r); err != nil {
			return fmt.Errorf("job %s: %w", clean(u.job.Name), err)
		}
		if len(r.setup) == 0 && r.token == "" {
			continue
		}
		if err := p.setup(u, r); err != nil {
			return fmt.Errorf("job %s: %w", clean(u.job.Name), err)
		}
	}
	return p.keepLists()
}

// rewrite changes the lines of a job's script that name the credential, and its variables.
func (p *patching) rewrite(u use, r recipe) error {
	for _, c := range u.job.Script {
		if c.File != p.pipeline.Path {
			continue
		}
		s, i := p.script(c.Line, c.Column)
		if s == nil {
			p.rewriteScalar(c, r)
			continue
		}
		it := s.items[i]
		if r.drop != nil && r.drop.MatchString(strings.TrimSpace(c.Text)) && !strings.Contains(strings.TrimSpace(c.Text), "\n") {
			if err := p.removeItem(&p.edits, s, it); err != nil {
				return err
			}
			continue
		}
		first := it.first
		if it.node.Style&yaml.LiteralStyle != 0 {
			first++
		}
		if !s.flow && it.node.Style&yaml.LiteralStyle != 0 && p.allDropped(first, it.last, r) {
			if err := p.removeItem(&p.edits, s, it); err != nil {
				return err
			}
			continue
		}
		p.rewriteLines(first, it.last, it.node, r)
	}
	return p.dropVariables(u.job, r)
}

// rewriteScalar changes a script that is one text and no list.
func (p *patching) rewriteScalar(c ciyaml.Command, r recipe) {
	n := max(1, strings.Count(strings.TrimRight(c.Text, "\n"), "\n")+1)
	if c.Line < 1 || c.Line-1+n > len(p.lines) {
		return
	}
	p.rewriteLines(c.Line-1, c.Line-1+n, nil, r)
}

func (p *patching) allDropped(first, last int, r recipe) bool {
	some := false
	for _, line := range p.lines[first:last] {
		if blank(line) {
			continue
		}
		if r.drop == nil || !r.drop.MatchString(strings.TrimSpace(line)) {
			return false
		}
		some = true
	}
	return some
}

func (p *patching) rewriteLines(first, last int, n *yaml.Node, r recipe) {
	literal := n != nil && n.Style&yaml.LiteralStyle != 0
	for i := first; i < last; i++ {
		line := strings.TrimRight(p.lines[i], "\r\n")
		if literal && r.drop != nil && r.drop.MatchString(strings.TrimSpace(line)) {
			p.edits.add(p.starts[i], p.starts[i+1], "")
			continue
		}
		changed := line
		for _, w := range r.rewrites {
			changed = w.apply(changed, n)
		}
		if changed != line {
			p.edits.add(p.starts[i], p.starts[i]+len(line), changed)
		}
	}
}

// rewriting puts one text in the place of another within a line of a script.
type rewriting struct {
	pattern *regexp.Regexp
	with    string // as regexp.ReplaceAllString takes it
	only    *regexp.Regexp
}

// apply changes a line as it stands in the file: in a quoted scalar the quotes of what goes in are escaped.
func (w rewriting) apply(line string, n *yaml.Node) string {
	if w.only != nil && !w.only.MatchString(line) {
		return line
	}
	with := w.with
	switch {
	case n == nil:
	case n.Style&yaml.DoubleQuotedStyle != 0:
		with = strings.ReplaceAll(with, `"`, `\"`)
	case n.Style&yaml.SingleQuotedStyle != 0:
		with = strings.ReplaceAll(with, `'`, `''`)
	}
	return w.pattern.ReplaceAllString(line, with)
}

// dropVariables takes variables of the YAML away that only hand the credential on to a tool.
func (p *patching) dropVariables(job ciyaml.Job, r recipe) error {
	for _, v := range slices.Concat(job.Globals, job.Variables) {
		if v.Where != "variables" || v.File != p.pipeline.Path || !slices.Contains(r.unset, v.Name) || !p.namesSecret(v.Value) {
			continue
		}
		mapping, i := p.entryAt(p.root, v.Line, v.Column, 0)
		if mapping == nil {
			return errForeign
		}
		if len(mapping.Content) == 2 {
			return fmt.Errorf("line %d: variables would be empty: take the key away by hand", v.Line)
		}
		if err := p.removeEntry(&p.edits, mapping, i); err != nil {
			return err
		}
	}
	return nil
}

// namesSecret reports whether a text names one of the secrets.
func (f *fixing) namesSecret(text string) bool {
	return slices.ContainsFunc(f.secrets, func(n string) bool { return reference(n).MatchString(text) })
}

// entryAt finds the mapping entry whose key stands at a place.
func (p *patching) entryAt(n *yaml.Node, line, column, depth int) (*yaml.Node, int) {
	if depth > maxDepth {
		return nil, 0
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Line == line && n.Content[i].Column == column {
				return n, i
			}
		}
	}
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			if m, i := p.entryAt(c, line, column, depth+1); m != nil {
				return m, i
			}
		}
	}
	return nil, 0
}

// keepLists sees to it that no list is left without an entry: of a before_script or after_script the key goes too.
func (p *patching) keepLists() error {
	for _, s := range p.lists {
		gone := 0
		for _, it := range s.items {
			for _, c := range p.edits {
				if c.text == "" && c.start == p.starts[it.first] && c.end == p.starts[it.last] && c.end > c.start {
					gone++
					break
				}
			}
		}
		if gone == 0 || gone < len(s.items) || p.filled(s) {
			continue
		}
		if s.holder == nil || s.key.Value != "before_script" && s.key.Value != "after_script" || len(s.holder.Content) == 2 {
			return fmt.Errorf("line %d: nothing would be left of this list", s.node.Line)
		}
		if err := p.removeEntry(&p.edits, s.holder, indexOf(s.holder, s.key.Value)); err != nil {
			return err
		}
	}
	return nil
}

// filled reports whether something goes into a list.
func (p *patching) filled(s *list) bool {
	at := p.starts[p.before(s.node.Line, s.node.Column)]
	return slices.ContainsFunc(p.edits, func(c edit) bool { return c.start == at && c.end == at && strings.Contains(c.text, "- ") })
}
