package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nhiscan/inventory"
	"nhiscan/inventory/ownership"
	"nhiscan/rules"
)

// config is what the configuration file holds besides flags.
type config struct {
	Policy rules.Policy
	Owners *ownership.File // nil without an owners file
}

// sections are the keys of the configuration file that are no flags.
var sections = []string{"policy", "owners"}

// configure reads the configuration file and the environment into the flags that were not given:
// precedence is flag, environment, file, default.
func (a *app) configure(cmd *cobra.Command) error {
	if a.configFile == "" {
		a.configFile = a.getenv("NHI_SCAN_CONFIG")
	}
	k := koanf.New("\x00") // keys contain dots nowhere, but a file's may: no delimiter splits them
	var file settings
	if a.configFile != "" {
		var err error
		if file, err = a.readConfig(cmd.Context(), k, cmd.Root()); err != nil {
			return asUsage(err)
		}
	}
	var errs []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "config" || f.Name == "help" {
			return
		}
		name := "NHI_SCAN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := a.getenv(name); v != "" {
			errs = append(errs, set(f, []string{v}, "environment variable "+name))
		} else if s, ok := file[f.Name]; ok {
			errs = append(errs, set(f, s.texts, fmt.Sprintf("configuration %s, line %d: %s", a.configFile, s.line, f.Name)))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return usage(err, "")
	}
	if db := cmd.Flags().Lookup("db"); db != nil {
		if err := checkDB(db.Value.String()); err != nil {
			return err
		}
	}
	return a.readSections(cmd.Context(), k)
}

// asUsage makes an error one of usage, unless it is already, with its hint.
func asUsage(err error) error {
	if errors.As(err, new(*exit)) {
		return err
	}
	return usage(err, "")
}

// set sets a flag, and one that may be repeated to each of the texts. where begins its errors.
func set(f *pflag.Flag, texts []string, where string) error {
	if _, many := f.Value.(pflag.SliceValue); !many && len(texts) != 1 {
		return fmt.Errorf("%s: want one value", where)
	}
	for _, text := range texts {
		if err := f.Value.Set(text); err != nil {
			want := map[string]string{"bool": "true or false", "float64": "a number", "int": "a whole number", "int64": "a whole number"}[f.Value.Type()]
			return fmt.Errorf("%s: %q: want %s", where, inventory.Printable(text, 80), want)
		}
	}
	f.Changed = true
	return nil
}

func (a *app) readSections(ctx context.Context, k *koanf.Koanf) error {
	a.config = &config{Policy: rules.DefaultPolicy()}
	strict := func(into any) koanf.UnmarshalConf {
		return koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
			Result: into, TagName: "koanf", ErrorUnused: true,
			ZeroFields: true, // else a list that is shorter than the default keeps the default's end
		}}
	}
	if !k.Exists("policy") {
		return a.readOwners(ctx, k.String("owners"))
	}
	if err := k.UnmarshalWithConf("policy", &a.config.Policy, strict(&a.config.Policy)); err != nil {
		return usage(fmt.Errorf("configuration %s: policy: %w", a.configFile, err), "see docs/configuration.md")
	}
	if err := a.config.Policy.Validate(); err != nil {
		return usage(fmt.Errorf("configuration %s: %w", a.configFile, err), "see docs/configuration.md")
	}
	return a.readOwners(ctx, k.String("owners"))
}

// readOwners reads the owners file; its path is relative to the configuration file, or to the working directory where
// that is a pipe, which lies nowhere.
func (a *app) readOwners(ctx context.Context, path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(a.configFile)
	if !filepath.IsAbs(path) && err == nil && info.Mode().IsRegular() {
		path = filepath.Join(filepath.Dir(a.configFile), path)
	}
	text, err := readInput(ctx, path, maxOwners)
	if err != nil {
		return usage(fmt.Errorf("owners file: %w", err), "")
	}
	a.config.Owners, err = ownership.Parse(text)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", path, err), "see docs/configuration.md")
	}
	return nil
}

// parseSize reads a size in bytes: a number, with K, M, G or T for powers of 1024.
func parseSize(s string) (int64, error) {
	text := strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B")
	shift := 0
	if i := strings.IndexByte("KMGT", lastByte(text)); i >= 0 {
		shift, text = 10*(i+1), text[:len(text)-1]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<62>>shift {
		return 0, fmt.Errorf("size %q: want a number, with K, M, G or T", s)
	}
	return n << shift, nil
}

func lastByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}
