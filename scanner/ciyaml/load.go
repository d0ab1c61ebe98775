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

// reader holds one reading: of a configuration, or of a child pipeline's.
type reader struct {
	*budget
	config *Config
	root   *value
	files  int       // that were included
	read   []*source // the files, and the root
	depth  int       // of child pipelines

	source    *source                    // of the file that is loaded
	inputs    *inputs                    // of that file; nil: it takes none
	blocks    int                        // that were interpolated in it
	section   string                     // the top-level key that is loaded
	seen      map[*yaml.Node]*value      // by anchored node; nil while it is being read
	anchored  map[*yaml.Node]string      // the section in which an anchored node stands
	uses      map[string]map[string]bool // top-level key -> those that it takes from
	extended  map[string]extended        // by name, once done
	following []string                   // paths of !reference being resolved
	lost      []string                   // paths of !reference that led nowhere, since a job set it back
	global    map[string][]Variable
}

func newReader(b *budget) *reader {
	return &reader{budget: b, config: &Config{Complete: true}, uses: map[string]map[string]bool{}}
}

// note records what was odd; incomplete also that something is missing for it.
func (r *reader) note(at Origin, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	switch {
	case at.Line > 0 && at.File != "":
		text = fmt.Sprintf("%s line %d: %s", short(at.File), at.Line, text)
	case at.Line > 0:
		text = fmt.Sprintf("line %d: %s", at.Line, text)
	case at.File != "":
		text = fmt.Sprintf("%s: %s", short(at.File), text)
	}
	const most = 200 // a file may be all oddities
	if len(r.config.Notes) < most && !slices.Contains(r.config.Notes, text) {
		r.config.Notes = append(r.config.Notes, text)
	}
}

func (r *reader) incomplete(at Origin, format string, args ...any) {
	r.config.Complete = false
	r.note(at, format, args...)
}

// file is a file that was loaded.
type file struct {
	content *value
	inputs  []Input // that its header declares
}

// load turns text into a tree, without following what aliases share. given are the inputs that an include hands over.
func (r *reader) load(text []byte, src *source, given *value) (*file, error) {
	documents, err := r.documents(text)
	if err != nil {
		return nil, err
	}
	r.source, r.inputs, r.blocks = src, nil, 0
	out := &file{}
	// A first document with spec is a header; the configuration is then the last document.
	// Source: lib/gitlab/ci/config/yaml/documents.rb of GitLab.
	content := documents[0]
	if len(documents) > 1 && hasKey(documents[0], "spec") {
		header, err := r.tree(documents[0])
		if err != nil {
			return nil, err
		}
		out.inputs = r.header(header.get("spec"), given)
		content = documents[len(documents)-1]
	} else if given != nil {
		r.note(given.origin(), "inputs are given to %s, which takes none", shownName(src))
	}
	out.content, err = r.top(content, len(documents) > 1)
	return out, err
}

// top reads the mapping of a document, which may be empty below a header.
func (r *reader) top(document *yaml.Node, headed bool) (*value, error) {
	v, err := r.tree(document)
	if err != nil {
		return nil, err
	}
	if v.kind == null && headed {
		v.kind = mapping
	}
	if v.kind != mapping {
		return nil, errors.New("not a mapping of jobs")
	}
	return v, nil
}

func shownName(s *source) string {
	if s == nil {
		return "this file"
	}
	return short(s.name)
}

func hasKey(document *yaml.Node, key string) bool {
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return false
	}
	top := document.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		if top[i].Value == key {
			return true
		}
	}
	return false
}

// tree reads a document. Anchors hold within it.
func (r *reader) tree(document *yaml.Node) (*value, error) {
	r.seen, r.anchored = map[*yaml.Node]*value{}, map[*yaml.Node]string{}
	defer func() { r.seen, r.anchored = nil, nil }()
	return r.value(document, 0)
}

// maxDocuments is far above the two that GitLab knows.
const maxDocuments = 16

// documents parses a text, within what the budget allows.
func (r *reader) documents(text []byte) ([]*yaml.Node, error) {
	if r.bytes -= len(text); len(text) > r.o.Bytes || r.bytes < 0 {
		return nil, fmt.Errorf("%w: %d bytes, at most %d, and %d in all files", ErrBudget, len(text), r.o.Bytes, r.o.Total)
	}
	// The parser builds all nodes before anything can be counted; no node is without one of these.
	marks := 0
	for _, c := range []string{"\n", ",", ":", "[", "{", "- ", "? "} {
		marks += bytes.Count(text, []byte(c))
	}
	if marks > r.o.Nodes {
		return nil, fmt.Errorf("%w: about %d nodes, at most %d", ErrBudget, marks, r.o.Nodes)
	}
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
			return &value{source: r.source}, nil
		}
		return r.value(n.Content[0], depth)
	case yaml.AliasNode:
		return r.alias(n)
	}
	if n.Anchor != "" {
		r.seen[n], r.anchored[n] = nil, r.section
	}
	v := &value{line: n.Line, column: n.Column, source: r.source}
	var err error
	switch n.Kind {
	case yaml.ScalarNode:
		v.kind, v.text, v.tag = scalar, n.Value, n.ShortTag()
		v.literal = n.Style&yaml.LiteralStyle != 0 && n.Value != "" // an empty one has no line of its own
		if v.tag == "!!null" {
			v.kind, v.text = null, ""
		}
		v = r.interpolate(v)
	case yaml.SequenceNode:
		err = r.list(v, n, depth)
	case yaml.MappingNode:
		v.kind = mapping
		err = r.mapping(v, n, depth)
	}
	if n.Anchor != "" {
		r.seen[n] = v
	}
	return v, err
}

func (r *reader) list(v *value, n *yaml.Node, depth int) error {
	v.kind, v.reference = list, n.Tag == "!reference"
	for _, c := range n.Content {
		item, err := r.value(c, depth+1)
		if err != nil {
			return err
		}
		if c.Kind == yaml.ScalarNode && item.kind == list {
			v.items = append(v.items, item.items...) // an input that is a list is spliced in
			continue
		}
		v.items = append(v.items, item)
	}
	if v.reference && len(v.items) > 0 {
		r.use(r.section, v.items[0].text)
	}
	return nil
}

// use records that a top-level key takes from another.
func (r *reader) use(key, other string) {
	if r.uses[key] == nil {
		r.uses[key] = map[string]bool{}
	}
	r.uses[key][other] = true
}

func (r *reader) alias(n *yaml.Node) (*value, error) {
	if r.aliases++; r.aliases > r.o.Aliases {
		return nil, fmt.Errorf("%w: more than %d aliases", ErrBudget, r.o.Aliases)
	}
	v := r.seen[n.Alias]
	if v == nil {
		return nil, fmt.Errorf("not readable as YAML: line %d: an anchor holds itself", n.Line)
	}
	r.use(r.section, r.anchored[n.Alias])
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
		if depth == 0 {
			r.section = key.text
		}
		val, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		mark := n.Content[i]
		origin := r.source.at(mark.Line, mark.Column)
		switch {
		case mark.ShortTag() == "!!merge":
			if err := r.merge(val, origin, set); err != nil {
				return err
			}
			continue
		case key.kind == list || key.kind == mapping:
			r.note(origin, "a key that is no text is left out")
			continue
		}
		if first, ok := written[key.text]; ok {
			r.note(origin, "key %q is written twice, first on line %d; the last one counts", short(key.text), first)
		}
		written[key.text] = mark.Line
		set(entry{key.text, mark.Line, mark.Column, val})
	}
	return nil
}

// merge brings in the keys of "<<". In a list of mappings the first wins.
func (r *reader) merge(v *value, at Origin, set func(entry)) error {
	sources := []*value{v}
	if v.kind == list {
		sources = slices.Clone(v.items)
		slices.Reverse(sources)
	}
	for _, s := range sources {
		if s.kind != mapping {
			r.note(at, "a merge key without a mapping is left out")
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
