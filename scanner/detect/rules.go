package detect

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// loadedRules are rules whose patterns are not compiled yet: most are never needed.
type loadedRules struct {
	config.Config
	patterns map[string]string // by rule; the rule's own Regex is meaningless
	stock    map[string]bool   // rules of the default catalogue that the file did not change
}

// loadRules returns the rules of a file, or the default catalogue when toml is empty, without the stock rules for which
// something else stands in.
//
// gitleaks' own [extend] counts its depth in a package variable that never goes back, so that a second load in one
// process extends nothing. The files are therefore merged here, before Translate, which then sees no [extend].
func loadRules(toml []byte, replaced map[string]bool) (loadedRules, error) {
	file, err := decodeRules(toml)
	if err != nil {
		return loadedRules{}, fmt.Errorf("rule file: %w", err)
	}
	if file.Extend.Path != "" {
		return loadedRules{}, errors.New("rule file: [extend] path is not read; use useDefault, or put both files into one")
	}
	var base *config.ViperConfig
	if len(toml) == 0 || file.Extend.UseDefault {
		if base, err = decodeRules([]byte(config.DefaultConfig)); err != nil {
			return loadedRules{}, fmt.Errorf("default rules: %w", err)
		}
	}
	out := loadedRules{patterns: map[string]string{}, stock: map[string]bool{}}
	if base != nil {
		for _, r := range base.Rules {
			out.stock[r.ID] = true
		}
		for _, r := range file.Rules {
			delete(out.stock, r.ID)
		}
		file = extendRules(file, base)
	}
	leaveOut(file, func(id string) bool { return replaced[id] && out.stock[id] })
	for i, r := range file.Rules {
		if out.patterns[r.ID] = r.Regex; r.Regex != "" {
			file.Rules[i].Regex = strings.Repeat("()", max(0, min(r.SecretGroup, 1000))) // quick to compile
			file.Rules[i].Regex += "x"
		}
	}
	if out.Config, err = translate(file); err != nil {
		return loadedRules{}, fmt.Errorf("rule file: %w", err)
	}
	return out, nil
}

// leaveOut removes rules before they are translated, which for some costs more than for all others together. What
// another rule requires stays, but reports nothing.
func leaveOut(file *config.ViperConfig, replaced func(id string) bool) {
	required := map[string]bool{}
	for _, r := range file.Rules {
		for _, other := range r.Required {
			required[other.ID] = true
		}
	}
	kept := file.Rules[:0]
	for _, r := range file.Rules {
		if replaced(r.ID) {
			if !required[r.ID] {
				continue
			}
			r.SkipReport = true
		}
		kept = append(kept, r)
	}
	file.Rules = kept
}

// decodeRules reads TOML into gitleaks' type, with the older [allowlist] spelling turned into the present one.
func decodeRules(toml []byte) (*config.ViperConfig, error) {
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(bytes.NewReader(toml)); err != nil {
		return nil, err
	}
	var file config.ViperConfig
	if err := v.Unmarshal(&file); err != nil {
		return nil, err
	}
	//lint:ignore SA1019 rule files in the older spelling are still about
	if old := file.AllowList; old != nil && len(file.Allowlists) == 0 {
		file.Allowlists = append(file.Allowlists, old)
		//lint:ignore SA1019 as above
		file.AllowList = nil
	}
	for i := range file.Rules {
		r := &file.Rules[i]
		if r.AllowList != nil && len(r.Allowlists) == 0 {
			r.Allowlists = append(r.Allowlists, r.AllowList)
			r.AllowList = nil
		}
	}
	return &file, nil
}

// extendRules lays file over base the way gitleaks does: a rule of file that base has too changes the fields it
// names and adds to its lists; a rule that file disables is left out.
func extendRules(file, base *config.ViperConfig) *config.ViperConfig {
	out := *file
	out.Extend = config.Extend{}
	out.Rules = nil
	own := map[string]int{}
	for i, r := range file.Rules {
		own[r.ID] = i
	}
	for _, r := range base.Rules {
		i, overridden := own[r.ID]
		delete(own, r.ID)
		if slices.Contains(file.Extend.DisabledRules, r.ID) {
			continue
		}
		if overridden {
			o := file.Rules[i]
			r.Description = first(o.Description, r.Description)
			r.Regex = first(o.Regex, r.Regex)
			r.Path = first(o.Path, r.Path)
			r.Entropy = first(o.Entropy, r.Entropy)
			r.SecretGroup = first(o.SecretGroup, r.SecretGroup)
			r.Keywords = slices.Concat(r.Keywords, o.Keywords)
			r.Allowlists = slices.Concat(r.Allowlists, o.Allowlists)
			// gitleaks drops these two of an overriding rule; whoever writes them means them.
			r.Required = slices.Concat(r.Required, o.Required)
			r.SkipReport = r.SkipReport || o.SkipReport
		}
		out.Rules = append(out.Rules, r)
	}
	for i, r := range file.Rules {
		if j, left := own[r.ID]; left && i == j {
			out.Rules = append(out.Rules, r)
		}
	}
	out.Allowlists = slices.Concat(file.Allowlists, base.Allowlists)
	return &out
}

func first[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// translate compiles the rules. gitleaks panics on a pattern that does not compile; a user's file may hold one.
func translate(file *config.ViperConfig) (cfg config.Config, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New(strings.TrimPrefix(fmt.Sprint(p), "regexp: "))
		}
	}()
	return file.Translate()
}
