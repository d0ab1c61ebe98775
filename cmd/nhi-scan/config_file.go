package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"nhiscan/rules"
)

// setting is a flag's value in the configuration file: one text, or several for a flag that may be repeated.
type setting struct {
	line  int
	texts []string
}

// settings are the flags of the configuration file, by name.
type settings map[string]setting

// readConfig reads the file: what stands for flags, and the sections. A key that nothing knows is an error with its line.
func (a *app) readConfig(ctx context.Context, k *koanf.Koanf, root *cobra.Command) (settings, error) {
	text, err := readInput(ctx, a.configFile, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", a.configFile, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, a.atLine(top, "want a mapping of names to values")
	}
	known, values, found := knownKeys(root), map[string]any{}, settings{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], resolved(top.Content[i+1])
		_, twice := found[key.Value]
		switch {
		case !slices.Contains(known, key.Value):
			return nil, usage(a.atLine(key, "unknown key %q", key.Value), "the keys are: "+strings.Join(known, ", "))
		case twice || values[key.Value] != nil:
			return nil, a.atLine(key, "%s stands twice", key.Value)
		case slices.Contains(sections, key.Value):
			if err := a.section(values, key.Value, value); err != nil {
				return nil, err
			}
		default:
			texts, ok := plainTexts(value)
			if !ok {
				return nil, a.atLine(value, "%s: want a value, or a list of them", key.Value)
			}
			found[key.Value] = setting{key.Line, texts}
		}
	}
	return found, k.Load(decoded(values), nil)
}

// section decodes what is no flag. Its unknown keys are found here, for koanf knows no lines.
func (a *app) section(values map[string]any, name string, value *yaml.Node) error {
	if name == "policy" {
		if key := unknownKey(value, reflect.TypeFor[rules.Policy]()); key != nil {
			return usage(a.atLine(key, "%s: unknown key %q", name, key.Value), "see docs/configuration.md")
		}
		if wrong, key, want := wrongKind(value, reflect.TypeFor[rules.Policy](), name); wrong != nil {
			return usage(a.atLine(wrong, "%s: want %s", key, want), "see docs/configuration.md")
		}
	}
	if value.Tag == "!!null" {
		return nil // "policy:" with everything below it commented out
	}
	plainDates(value)
	var v any
	if err := value.Decode(&v); err != nil {
		return a.atLine(value, "%s: %w", name, err)
	}
	values[name] = v
	return nil
}

// plainDates makes dates the texts that they are written as: YAML would make them moments.
func plainDates(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		plainDates(c)
	}
}

func (a *app) atLine(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("configuration %s, line %d: %w", a.configFile, n.Line, fmt.Errorf(format, args...))
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// plainTexts returns a value, or the values of a list, as they are written.
func plainTexts(n *yaml.Node) (texts []string, ok bool) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		if item = resolved(item); item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return nil, false
		}
		texts = append(texts, item.Value)
	}
	return texts, true
}

// unknownKey returns the first key of a mapping, or of the mappings in its lists, that a type has no field for.
func unknownKey(n *yaml.Node, t reflect.Type) *yaml.Node {
	n = resolved(n)
	switch {
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range n.Content {
			if key := unknownKey(item, t.Elem()); key != nil {
				return key
			}
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields := map[string]reflect.Type{}
		for f := range t.Fields() {
			fields[f.Tag.Get("koanf")] = f.Type
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			field := fields[n.Content[i].Value]
			if field == nil {
				return n.Content[i]
			}
			if key := unknownKey(n.Content[i+1], field); key != nil {
				return key
			}
		}
	}
	return nil
}

// decoded is a koanf provider for a mapping that is at hand.
type decoded map[string]any

// ReadBytes is not used: the mapping is decoded.
func (decoded) ReadBytes() ([]byte, error) { return nil, errors.New("no bytes") }

// Read returns the mapping.
func (d decoded) Read() (map[string]any, error) { return d, nil }

func knownKeys(root *cobra.Command) []string {
	known := slices.Clone(sections)
	add := func(f *pflag.Flag) {
		if f.Name != "config" && f.Name != "help" {
			known = append(known, f.Name)
		}
	}
	root.PersistentFlags().VisitAll(add)
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "completion" {
			c.Flags().VisitAll(add)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// wrongKind finds a value of another kind than its field takes, with the key it stands under and what that wants. Null is
// of every kind.
func wrongKind(n *yaml.Node, t reflect.Type, key string) (wrong *yaml.Node, under, want string) {
	n = resolved(n)
	switch kind, tag := t.Kind(), n.ShortTag(); {
	case tag == "!!null":
	case kind == reflect.Int && tag != "!!int":
		return n, key, "a whole number"
	case kind == reflect.Float64 && tag != "!!int" && tag != "!!float":
		return n, key, "a number"
	case kind == reflect.String && tag != "!!str" && tag != "!!timestamp": // dates become texts, see plainDates
		return n, key, "a text, in quotes where YAML would take it for something else"
	case kind == reflect.Slice && n.Kind != yaml.SequenceNode:
		return n, key, "a list"
	case kind == reflect.Struct && n.Kind != yaml.MappingNode:
		return n, key, "a mapping of names to values"
	case kind == reflect.Slice:
		for _, item := range n.Content {
			if wrong, under, want := wrongKind(item, t.Elem(), key); wrong != nil {
				return wrong, under, want
			}
		}
	case kind == reflect.Struct:
		for f := range t.Fields() {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if name := f.Tag.Get("koanf"); n.Content[i].Value == name {
					if wrong, under, want := wrongKind(n.Content[i+1], f.Type, name); wrong != nil {
						return wrong, under, want
					}
				}
			}
		}
	}
	return nil, "", ""
}
