package ownership

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"nhiscan/inventory"
)

// File is an owners file: who owns what, by rules, and who the teams are.
//
//	teams:
//	  team-payments: {members: [a.kim, b.lee], group: shop/payments, contact: payments@shop.example}
//	rules:
//	- {path: "shop/payments/*", owner: team-payments}
//	- {path: "shop/*", variable: "AWS_*", kind: external, owner: "@a.kim"}
//	naming:
//	- {pattern: "^svc-payments-", owner: team-payments}
//
// The most specific rule that matches wins, of equals the later one.
type File struct {
	Teams  []Team // sorted by name
	Rules  []Rule // in the order of the file
	Naming []Naming
}

// Team is who stands behind a name.
type Team struct {
	Name    string
	Members []string // usernames
	Group   string   // path of the GitLab group whose members are the team's; empty is none
	Contact string
	Line    int // 1-based
}

// Rule gives an owner to what matches all of its patterns. "*" stands for any characters, also a slash.
type Rule struct {
	Path     string // home path
	Identity string // ID of an identity or credential, without wildcards
	Variable string // key of a variable that holds the credential
	Kind     string // kind of the identity or credential, without wildcards
	Owner    string // team name, or "@username"
	Line     int    // 1-based
}

// Naming gives an owner to identities and credentials by their name: weak evidence.
type Naming struct {
	Pattern *regexp.Regexp
	Owner   string
	Line    int
}

// maxFile bounds an owners file, in bytes.
const maxFile = 1 << 20

// Parse reads an owners file. An unknown key, a missing owner, an owner that is no known team or "@username", or a
// rule that would match everything is an error with its line; all of them are returned, joined. An empty file is valid.
func Parse(text []byte) (*File, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("owners file: %d bytes: want at most %d", len(text), maxFile)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("owners file: %w", err)
	}
	p := &parser{file: &File{}}
	if len(doc.Content) > 0 {
		p.root(doc.Content[0])
	}
	slices.SortFunc(p.file.Teams, func(a, b Team) int { return strings.Compare(a.Name, b.Name) })
	p.checkOwners()
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return p.file, nil
}

type parser struct {
	file *File
	errs []error
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("owners file line %d: %s", n.Line, fmt.Sprintf(format, args...)))
}

// mapping calls f for each key of a mapping, and complains about anything else.
func (p *parser) mapping(n *yaml.Node, what string, f func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s: want keys and values", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if seen[key] {
			p.fail(n.Content[i], "%s: %s is there twice", what, printable(key))
		}
		seen[key] = true
		f(key, n.Content[i+1])
	}
}

func (p *parser) sequence(n *yaml.Node, what string, f func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "%s: want a list", what)
		return
	}
	for _, item := range n.Content {
		f(item)
	}
}

func (p *parser) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		p.fail(n, "%s: want a text", what)
		return ""
	}
	return n.Value
}

func (p *parser) root(n *yaml.Node) {
	p.mapping(n, "file", func(key string, value *yaml.Node) {
		switch key {
		case "teams":
			p.mapping(value, key, p.team)
		case "rules":
			p.sequence(value, key, p.rule)
		case "naming":
			p.sequence(value, key, p.naming)
		default:
			p.fail(value, "unknown key %s: want teams, rules or naming", printable(key))
		}
	})
}

func (p *parser) team(name string, n *yaml.Node) {
	t := Team{Name: name, Line: n.Line}
	if !isTeam(name) {
		p.fail(n, "team %s: want letters, digits, dot, dash, underscore or slash", printable(name))
	}
	p.mapping(n, "team "+printable(name), func(key string, value *yaml.Node) {
		switch key {
		case "members":
			p.sequence(value, key, func(m *yaml.Node) { t.Members = append(t.Members, strings.TrimPrefix(p.text(m, key), "@")) })
		case "group":
			t.Group = p.text(value, key)
		case "contact":
			t.Contact = p.text(value, key)
		default:
			p.fail(value, "unknown key %s: want members, group or contact", printable(key))
		}
	})
	p.file.Teams = append(p.file.Teams, t)
}

func (p *parser) rule(n *yaml.Node) {
	r := Rule{Line: n.Line}
	p.mapping(n, "rule", func(key string, value *yaml.Node) {
		switch key {
		case "path":
			r.Path = p.text(value, key)
		case "identity":
			r.Identity = p.text(value, key)
		case "variable":
			r.Variable = p.text(value, key)
		case "kind":
			r.Kind = p.text(value, key)
		case "owner":
			r.Owner = p.text(value, key)
		default:
			p.fail(value, "unknown key %s: want path, identity, variable, kind or owner", printable(key))
		}
	})
	if r.Path == "" && r.Identity == "" && r.Variable == "" && r.Kind == "" {
		p.fail(n, "rule: want at least one of path, identity, variable, kind")
	}
	p.file.Rules = append(p.file.Rules, r)
}

func (p *parser) naming(n *yaml.Node) {
	m := Naming{Line: n.Line}
	p.mapping(n, "naming", func(key string, value *yaml.Node) {
		switch key {
		case "pattern":
			pattern, err := regexp.Compile(p.text(value, key))
			if err != nil {
				p.fail(value, "pattern: %v", err)
			}
			m.Pattern = pattern
		case "owner":
			m.Owner = p.text(value, key)
		default:
			p.fail(value, "unknown key %s: want pattern or owner", printable(key))
		}
	})
	if m.Pattern == nil {
		p.fail(n, "naming: want a pattern")
	}
	p.file.Naming = append(p.file.Naming, m)
}

// checkOwners makes sure that each owner is a team of the file or a username.
func (p *parser) checkOwners() {
	check := func(owner string, line int) {
		user, isUser := strings.CutPrefix(owner, "@")
		switch {
		case owner == "":
			p.errs = append(p.errs, fmt.Errorf("owners file line %d: owner is missing", line))
		case isUser && isTeam(user), !isUser && p.file.team(owner) != nil:
		case isUser:
			p.errs = append(p.errs, fmt.Errorf("owners file line %d: owner %s is no username", line, printable(owner)))
		default:
			p.errs = append(p.errs, fmt.Errorf("owners file line %d: owner %s is no team of this file; a person is written @username", line, printable(owner)))
		}
	}
	for _, r := range p.file.Rules {
		check(r.Owner, r.Line)
	}
	for _, n := range p.file.Naming {
		check(n.Owner, n.Line)
	}
}

// team returns the team of that name, or nil. It works on a nil File.
func (f *File) team(name string) *Team {
	if f == nil {
		return nil
	}
	for i := range f.Teams {
		if f.Teams[i].Name == name {
			return &f.Teams[i]
		}
	}
	return nil
}

// isTeam reports whether a name is written like a team's, a group's or a user's in GitLab.
func isTeam(name string) bool {
	if name == "" || len(name) > 255 {
		return false
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r)) {
			return false
		}
	}
	return true
}

func printable(s string) string { return inventory.Printable(s, 80) }
