// Package ciyaml reads GitLab pipeline configuration into jobs with positions: the server's merged YAML (Read), or a
// repository's own file with all that it includes (Resolve). It is pure: files come through a function that the caller gives. It never expands aliases without a budget, and decides
// nothing about what a job does.
//
// Text in a Config is as the file has it, control characters and hardcoded secrets included: clean it before it is
// stored or shown.
package ciyaml

import (
	"context"
	"errors"
	"fmt"
)

// Options bound the work, and say what Resolve may use. A zero number means its default.
type Options struct {
	Bytes    int // of a file; 5 MB
	Total    int // bytes of all files; 50 MB
	Nodes    int // of the YAML tree, aliases and extends counted each time they are followed; 1,000,000
	Depth    int // of nested lists and mappings; 200
	Aliases  int // in all files; 20,000
	Includes int // files, however deep, one included twice counted twice; 150 as GitLab's own limit

	// Fetch gets the files that others include; nil: none is read.
	Fetch Fetch
	// Variables are those whose value is known where a pipeline is made: they are expanded in include and by
	// expand_vars. Those of the configuration itself are not among them.
	// Source: https://docs.gitlab.com/ci/yaml/includes/#use-variables-with-include
	Variables map[string]string
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.Bytes, 5 << 20}, {&o.Total, 50 << 20}, {&o.Nodes, 1_000_000}, {&o.Depth, 200}, {&o.Aliases, 20_000}, {&o.Includes, 150}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return o
}

// ErrBudget is wrapped where a configuration is larger than Options allow.
var ErrBudget = errors.New("larger than is read")

// Config is one pipeline configuration.
type Config struct {
	Name       string       // of its pipelines, by workflow:name
	Stages     []string     // in order, as written; nil: GitLab's own
	Jobs       []Job        // sorted by name, unique; hidden jobs are left out
	Hidden     []Job        // hidden jobs that no visible job uses, here or in a child or parent; sorted by name
	Variables  []Variable   // for all jobs, of variables and workflow:rules; sorted by name, origin
	Rules      []Rule       // of workflow; in order
	Inputs     []Input      // that the root file takes; in order
	Includes   []Include    // in the order in which they are read; those of jobs with trigger are at the job
	Unresolved []Unresolved // includes whose files are not in the result; in order
	Files      []string     // that were read, the root first, each time it is included
	Notes      []string     // what was odd or could not be resolved, with lines; in order, unique
	Complete   bool         // false: jobs or parts of them may be missing, see Unresolved and Notes
}

// Read reads the server's merged YAML, in which includes and extends are applied. Lines in the result are those of
// merged, and name no file; Positions replaces them by lines of the root file. It fails on what is no YAML, no mapping, or
// larger than o allows (ErrBudget).
func Read(merged []byte, o Options) (*Config, error) {
	o.Fetch = nil
	r := newReader(newBudget(o))
	f, err := r.load(merged, nil, nil)
	if err == nil {
		r.root, r.config.Inputs = f.content, f.inputs
		r.listIncludes()
		r.readAll()
		err = r.stopped()
	}
	if err != nil {
		return nil, fmt.Errorf("pipeline configuration: %w", err)
	}
	return r.config, nil
}

// Resolve reads a pipeline configuration with all that it includes, and the child pipelines that its jobs start. path
// is the root file's within its project. Includes whose files could not be had are in Unresolved, and the rest is
// read. Where includes or jobs have rules, no rule is decided: what any of them would bring is in the result, with the
// rule beside it.
//
// It fails on a root that is no YAML or no mapping, on a whole larger than o allows (ErrBudget), and when ctx ends.
func Resolve(ctx context.Context, root []byte, path string, o Options) (*Config, error) {
	if o.Fetch == nil {
		o.Fetch = func(context.Context, Include) ([]File, error) { return nil, errors.New("included files are not read") }
	}
	r := newReader(newBudget(o))
	r.ctx = ctx
	src := &source{name: path}
	r.config.Files, r.read = []string{path}, []*source{src}
	f, err := r.load(root, src, nil)
	if err == nil {
		r.config.Inputs = f.inputs
		r.whole(f.content)
		r.leaveTaken(r.config, map[*Config]bool{})
		err = r.stopped()
	}
	if err != nil {
		return nil, fmt.Errorf("pipeline configuration %q: %w", short(path), err)
	}
	return r.config, nil
}

// whole reads what is left of a configuration once its first file is loaded.
func (r *reader) whole(content *value) {
	r.root = content
	r.root = r.withIncludes(content)
	r.extendAll()
	r.readAll()
}
