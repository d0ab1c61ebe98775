// Package ciyaml reads GitLab pipeline configuration into jobs with positions: the server's merged YAML, or a
// repository's own file as far as that file alone tells. It is pure, never expands aliases without a budget, and
// decides nothing about what a job does.
//
// Text in a Config is as the file has it, control characters and hardcoded secrets included: clean it before it is
// stored or shown.
package ciyaml

import (
	"errors"
	"fmt"
)

// Options bound the work. A zero field means its default.
type Options struct {
	Bytes   int // of the file; 5 MB
	Nodes   int // of the YAML tree, aliases and extends counted each time they are followed; 1,000,000
	Depth   int // of nested lists and mappings; 200
	Aliases int // in the file; 20,000
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.Bytes, 5 << 20}, {&o.Nodes, 1_000_000}, {&o.Depth, 200}, {&o.Aliases, 20_000}} {
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
	Jobs      []Job      // sorted by name, unique; hidden jobs are left out
	Variables []Variable // for all jobs, of variables and workflow:rules; sorted by name, line
	Includes  []Include  // in order; those of jobs with trigger are at the job
	Notes     []string   // what was odd or could not be resolved, with lines; in order, unique
	Complete  bool       // false: jobs or parts of them may be missing, see Notes and Includes
}

// Job is one job after extends, default and references are applied, as far as they could be. Lines are 1-based lines
// of the file in which the text stands; 0 is unknown.
type Job struct {
	Name        string
	Line        int
	Stage       string // "test" when the job names none, as for GitLab
	Image       string
	Services    []string // in order
	Tags        []string // in order
	Environment Environment
	References  []Reference      // sorted by name, where, line; unique
	IDTokens    []IDToken        // sorted by name
	Secrets     []ExternalSecret // sorted by name
	Trigger     *Trigger         // nil: the job runs on a runner
	Variables   []Variable       // its own; sorted by name, line
	Extends     []string         // in order, as written
	Script      []Command        // before_script, script and after_script, in order
}

// Environment is where a job deploys. The zero Environment is none.
type Environment struct {
	Name   string // may hold variables
	Action string // start, prepare, stop, verify, access; empty means start
	Tier   string // production, staging, testing, development, other; empty: GitLab guesses from the name
}

// Reference is a variable that a job names: $NAME, ${NAME}, %NAME%, $env:NAME.
type Reference struct {
	Name  string
	Line  int
	Where string // keyword of the job below which it stands: script, variables, rules, image, …
}

// Variable is a variable that the configuration sets.
type Variable struct {
	Name, Value string
	Line        int
	Where       string // variables, rules or matrix
}

// IDToken is an OpenID Connect token that GitLab makes for the job.
type IDToken struct {
	Name string
	Aud  []string // in order
	Line int
}

// ExternalSecret is a secret that the runner fetches from a secrets manager.
type ExternalSecret struct {
	Name     string
	Provider string // GitLab's keyword: vault, azure_key_vault, gcp_secret_manager, aws_secrets_manager, …
	Path     string // as the provider names it; for vault path/field@engine
	Token    string // the ID token that it is fetched with; empty: the job's only one
	Line     int
}

// Trigger starts another pipeline instead of running on a runner.
type Trigger struct {
	Project  string // empty: a child pipeline of the same project
	Branch   string
	Includes []Include // the child pipeline's files
	Line     int
}

// Include is a file that belongs to the configuration and is not in it.
type Include struct {
	Kind        string // local, project, remote, template, component or artifact
	Project     string // of kind project: where the file lies
	Location    string // path, URL, template or component without its version
	Ref         string // branch, tag, commit or version; empty is the default
	Conditional bool   // it has rules
	Line        int
}

// Command is one entry of a script, which may span lines.
type Command struct {
	Text  string
	Line  int    // of its first line
	Where string // before_script, script or after_script
}

// Read reads the server's merged YAML. Lines in the result are those of merged; Positions replaces them by lines of
// the root file. It fails on what is no YAML, no mapping, or larger than o allows (ErrBudget).
func Read(merged []byte, o Options) (*Config, error) {
	return read(merged, o.withDefaults(), true)
}

// Root reads a repository's own .gitlab-ci.yml, within the default Options. Anchors, merge keys, extends, !reference
// and default are resolved as far as the file alone allows. Complete is false when it includes others, or something
// could not be resolved. It fails as Read does.
func Root(file []byte) (*Config, error) {
	return read(file, Options{}.withDefaults(), false)
}

func read(text []byte, o Options, merged bool) (*Config, error) {
	r := &reader{o: o, left: o.Nodes, config: &Config{Complete: true}}
	root, err := r.load(text)
	if err != nil {
		return nil, fmt.Errorf("pipeline configuration: %w", err)
	}
	r.root = root
	r.includes()
	if !merged {
		r.extendAll()
	}
	r.globals()
	r.jobs()
	if r.left <= 0 {
		return nil, fmt.Errorf("pipeline configuration: %w: more than %d nodes when aliases are followed", ErrBudget, o.Nodes)
	}
	return r.config, nil
}
