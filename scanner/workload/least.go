package workload

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

//go:embed least.yaml
var leastYAML []byte

// Smallest is one entry of the table of smallest credentials. The first entry that fits a use counts.
type Smallest struct {
	System    string `yaml:"system"`    // regular expression over the class of the system
	Operation string `yaml:"operation"` // regular expression over the operation; empty fits any
	Style     string `yaml:"style"`     // regular expression over the auth style; empty fits any
	Kind      string `yaml:"kind"`      // regular expression over the kind; empty fits any
	Least     string `yaml:"least"`     // what would do
	Reference string `yaml:"reference"` // where that is written

	system, operation, style, kind *regexp.Regexp
}

var smallest = sync.OnceValue(func() []Smallest {
	list, err := readSmallest(leastYAML)
	if err != nil {
		panic(err)
	}
	return list
})

// LeastTable returns the table of smallest credentials in its order, for documentation.
func LeastTable() []Smallest { return append([]Smallest(nil), smallest()...) }

func readSmallest(text []byte) ([]Smallest, error) {
	var list []Smallest
	if err := yaml.Load(text, &list, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("table of smallest credentials: %w", err)
	}
	for i := range list {
		e := &list[i]
		for _, p := range []struct {
			text string
			to   **regexp.Regexp
		}{{"^(" + e.System + ")$", &e.system}, {e.Operation, &e.operation}, {e.Style, &e.style}, {e.Kind, &e.kind}} {
			re, err := regexp.Compile(p.text)
			if err != nil {
				return nil, fmt.Errorf("table of smallest credentials: entry %d: %w", i+1, err)
			}
			*p.to = re
		}
	}
	return list, nil
}

// least tells the smallest credential that would do for all operations of a use; empty where the table has none. Of
// several operations the one that needs most decides: what removes before what writes before what reads, then what
// stands lower in the table, which goes from the special to the general.
func least(u Use) string {
	list, best, most := smallest(), -1, -1
	for op := range strings.SplitSeq(u.Operation, "; ") {
		at := slices.IndexFunc(list, func(e Smallest) bool {
			return e.system.MatchString(u.System) && e.operation.MatchString(op) && e.style.MatchString(u.AuthStyle) && e.kind.MatchString(string(u.Kind))
		})
		if p := power(op); at >= 0 && (p > most || p == most && at > best) {
			best, most = at, p
		}
	}
	if best < 0 {
		return ""
	}
	return list[best].Least
}

var (
	removes = regexp.MustCompile(`^DELETE |(^| )(destroy|delete|rm|remove|uninstall)( |$)`)
	writes  = regexp.MustCompile(`^(POST|PUT|PATCH) |(^|[ :-])(push|publish|upload|apply|deploy|put|sync|cp|create|update|upgrade|install|import|release|rollout|patch|scale|run|set|write)( |$)`)
)

// power is how much an operation may change: 2 for what removes, 1 for what writes, 0 for the rest.
func power(operation string) int {
	switch {
	case removes.MatchString(operation):
		return 2
	case writes.MatchString(operation):
		return 1
	}
	return 0
}
