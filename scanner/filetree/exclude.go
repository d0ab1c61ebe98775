package filetree

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Patterns are the globs of --exclude. A nil Patterns matches nothing.
type Patterns struct{ all []*regexp.Regexp }

// ParsePatterns reads globs: * and ? match within a name, ** any number of folders, [a-z] one character. A glob with a
// slash is held against the path below the root, one without against every name on it.
func ParsePatterns(globs []string) (*Patterns, error) {
	p := &Patterns{}
	for _, g := range globs {
		if _, err := path.Match(g, ""); err != nil || strings.Trim(g, "/") == "" {
			return nil, fmt.Errorf("pattern %q: want a glob like *.min.js, testdata or docs/**/*.pdf", g)
		}
		re, err := regexp.Compile(translate(g))
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", g, err)
		}
		p.all = append(p.all, re)
	}
	return p, nil
}

// Match reports whether a path, relative and with slashes, or a folder above it is left out.
func (p *Patterns) Match(name string) bool {
	if p == nil {
		return false
	}
	for _, re := range p.all {
		if re.MatchString(name) {
			return true
		}
	}
	return false
}

func translate(glob string) string {
	b := &strings.Builder{}
	b.WriteString(`\A`)
	glob = strings.TrimSuffix(glob, "/")
	if !strings.Contains(glob, "/") {
		b.WriteString(`(?:.*/)?`)
	}
	glob = strings.TrimPrefix(glob, "/")
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case strings.HasPrefix(glob[i:], "**/"):
			b.WriteString(`(?:.*/)?`)
			i += 2
		case strings.HasPrefix(glob[i:], "**"):
			b.WriteString(`.*`)
			i++
		case c == '*':
			b.WriteString(`[^/]*`)
		case c == '?':
			b.WriteString(`[^/]`)
		case c == '[':
			end := i + strings.IndexByte(glob[i:], ']')
			class := glob[i+1 : end]
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i = end
		case c == '\\' && i+1 < len(glob):
			i++
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	b.WriteString(`(?:/|\z)`)
	return "(?s)" + b.String()
}
