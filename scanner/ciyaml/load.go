package ciyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// reader holds one reading.
type reader struct {
	o      Options
	left   int // nodes that may still be visited
	config *Config
	root   *value

	aliases   int
	seen      map[*yaml.Node]*value // by anchored node; nil while it is being read
	extended  map[string]extended   // by name, once done
	following []string              // paths of !reference being resolved
	global    map[string][]Variable
}

// spend takes one node of the budget.
func (r *reader) spend() bool {
	r.left--
	return r.left > 0
}

// spendText takes what reading a text costs: one text may be shared by many jobs.
func (r *reader) spendText(text string) bool {
	r.left -= len(text) / 64
	return r.spend()
}

// note records what was odd; incomplete also that something is missing for it.
func (r *reader) note(line int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if line > 0 {
		text = fmt.Sprintf("line %d: %s", line, text)
	}
	const most = 200 // a file may be all oddities
	if len(r.config.Notes) < most && !slices.Contains(r.config.Notes, text) {
		r.config.Notes = append(r.config.Notes, text)
	}
}

func (r *reader) incomplete(line int, format string, args ...any) {
	r.config.Complete = false
	r.note(line, format, args...)
}

// load turns text into a tree, without following what aliases share.
func (r *reader) load(text []byte) (*value, error) {
	if len(text) > r.o.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrBudget, len(text), r.o.Bytes)
	}
	// The parser builds all nodes before anything can be counted; no node is without one of these.
	marks := 0
	for _, c := range []string{"\n", ",", ":", "[", "{", "- ", "? "} {
		marks += bytes.Count(text, []byte(c))
	}
	if marks > r.o.Nodes {
		return nil, fmt.Errorf("%w: about %d nodes, at most %d", ErrBudget, marks, r.o.Nodes)
	}
	documents, err := r.documents(text)
	if err != nil {
		return nil, err
	}
	r.seen = map[*yaml.Node]*value{}
	root, err := r.value(documents[0], 0)
	if err != nil {
		return nil, err
	}
	if len(documents) > 1 && root.get("spec") != nil {
		// A header with the inputs; the configuration is the last document.
		// Source: lib/gitlab/ci/config/yaml/documents.rb of GitLab.
		if root, err = r.value(documents[len(documents)-1], 0); err != nil {
			return nil, err
		}
	}
	if bytes.Contains(text, []byte("$[[")) {
		r.incomplete(0, "inputs are not interpolated")
	}
	if root.kind != mapping {
		return nil, errors.New("not a mapping of jobs")
	}
	return root, nil
}

// maxDocuments is far above the two that GitLab knows.
const maxDocuments = 16

func (r *reader) documents(text []byte) ([]*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(r.o.Depth))))
	if err != nil {
		return nil, err
	}
	var out []*yaml.Node
	for {
		var node yaml.Node
		err := loader.Load(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not readable as YAML: %s", oneLine(err.Error()))
		}
		out = append(out, &node)
		if len(out) > maxDocuments {
			return nil, fmt.Errorf("%w: more than %d documents", ErrBudget, maxDocuments)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("empty")
	}
	return out, nil
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(s, "yaml: ")), " ")
}

func (r *reader) value(n *yaml.Node, depth int) (*value, error) {
	if !r.spend() || depth > r.o.Depth {
		return nil, fmt.Errorf("%w: more than %d nodes, or %d levels", ErrBudget, r.o.Nodes, r.o.Depth)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return &value{}, nil
		}
		return r.value(n.Content[0], depth)
	case yaml.AliasNode:
		return r.alias(n)
	}
	if n.Anchor != "" {
		r.seen[n] = nil
	}
	v := &value{line: n.Line}
	var err error
	switch n.Kind {
	case yaml.ScalarNode:
		v.kind, v.text = scalar, n.Value
		v.literal = n.Style&yaml.LiteralStyle != 0
		if n.ShortTag() == "!!null" {
			v.kind, v.text = null, ""
		}
	case yaml.SequenceNode:
		v.kind, v.reference = list, n.Tag == "!reference"
		for _, c := range n.Content {
			item, err := r.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
	case yaml.MappingNode:
		v.kind = mapping
		err = r.mapping(v, n, depth)
	}
	if n.Anchor != "" {
		r.seen[n] = v
	}
	return v, err
}

func (r *reader) alias(n *yaml.Node) (*value, error) {
	if r.aliases++; r.aliases > r.o.Aliases {
		return nil, fmt.Errorf("%w: more than %d aliases", ErrBudget, r.o.Aliases)
	}
	v := r.seen[n.Alias]
	if v == nil {
		return nil, fmt.Errorf("not readable as YAML: line %d: an anchor holds itself", n.Line)
	}
	return v, nil
}

// mapping reads keys in order; a later one wins, be it written or merged in. That is how Ruby's Psych, which GitLab
// uses, reads merge keys; the YAML specification lets a written key win wherever it stands.
func (r *reader) mapping(v *value, n *yaml.Node, depth int) error {
	at := map[string]int{}      // key -> index in v.entries
	written := map[string]int{} // key -> line
	set := func(e entry) {
		if i, ok := at[e.key]; ok {
			v.entries[i] = e
			return
		}
		at[e.key] = len(v.entries)
		v.entries = append(v.entries, e)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := r.value(n.Content[i], depth+1)
		if err != nil {
			return err
		}
		val, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		line := n.Content[i].Line
		switch {
		case n.Content[i].ShortTag() == "!!merge":
			if err := r.merge(val, line, set); err != nil {
				return err
			}
			continue
		case key.kind == list || key.kind == mapping:
			r.note(line, "a key that is no text is left out")
			continue
		}
		if first, ok := written[key.text]; ok {
			r.note(line, "key %q is written twice, first on line %d; the last one counts", short(key.text), first)
		}
		written[key.text] = line
		set(entry{key.text, line, val})
	}
	return nil
}

// merge brings in the keys of "<<". In a list of mappings the first wins.
func (r *reader) merge(v *value, line int, set func(entry)) error {
	sources := []*value{v}
	if v.kind == list {
		sources = slices.Clone(v.items)
		slices.Reverse(sources)
	}
	for _, s := range sources {
		if s.kind != mapping {
			r.note(line, "a merge key without a mapping is left out")
			continue
		}
		for _, e := range s.entries {
			if !r.spend() {
				return fmt.Errorf("%w: more than %d nodes when merge keys are followed", ErrBudget, r.o.Nodes)
			}
			set(e)
		}
	}
	return nil
}

// short cuts what goes into a note.
func short(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
