package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spf13/pflag"

	"nhiscan/scanner/detect"
)

// engineFlags say what is looked for, alike in scan, detect and gate.
type engineFlags struct {
	rules    string
	prefixes []string
}

func (e *engineFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&e.rules, "rules", "", "gitleaks rule `FILE` in place of the built-in catalogue")
	fs.StringArrayVar(&e.prefixes, "token-prefix", nil, "the instance's own `PREFIX` of tokens (an administrator's scan reads it from the settings); may be repeated")
}

// engine makes the engine. The instance's prefixes come besides those of the flag.
func (e *engineFlags) engine(ctx context.Context, prefixes ...string) (*detect.Engine, error) {
	o, err := e.options(ctx, prefixes...)
	if err != nil {
		return nil, err
	}
	return newEngine(o)
}

// options reads the rule file.
func (e *engineFlags) options(ctx context.Context, prefixes ...string) (o detect.Options, err error) {
	o.TokenPrefixes = slices.Concat(prefixes, e.prefixes)
	if e.rules == "" {
		return o, nil
	}
	if o.RulesTOML, err = readInput(ctx, e.rules, maxRules); err != nil {
		return o, usage(fmt.Errorf("--rules: %w", err), "")
	}
	if len(o.RulesTOML) == 0 { // to the engine, no bytes mean the built-in catalogue
		return o, usage(fmt.Errorf("--rules: %s is empty", e.rules), "")
	}
	return o, nil
}

// newEngine makes an engine. That leaves much more garbage than it keeps: to collect it time and again while the heap is
// still small took a third of the processor time of a short command.
func newEngine(o detect.Options) (*detect.Engine, error) {
	if percent := debug.SetGCPercent(400); percent >= 0 && percent < 400 {
		defer debug.SetGCPercent(percent)
	} else {
		debug.SetGCPercent(percent)
	}
	engine, err := detect.New(o)
	if err != nil {
		return nil, usage(err, "see --rules and --token-prefix")
	}
	return engine, nil
}
