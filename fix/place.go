package fix

import (
	"cmp"
	"net/url"
	"strings"

	"nhiscan/inventory"
)

// places are where the variable is defined; this project, where that is not known.
func (f *fixing) places() []Place {
	if len(f.target.Places) > 0 {
		return f.target.Places
	}
	return []Place{{Kind: inventory.ProjectHome, Home: f.target.Project}}
}

// name is what the place is called in a text.
func (p Place) name() string {
	if p.Kind == inventory.InstanceHome {
		return "the instance"
	}
	return string(cmp.Or(p.Kind, inventory.ProjectHome)) + " " + clean(p.Home)
}

// collection is the path of the API in which the variables of the place lie.
func (p Place) collection() string {
	switch p.Kind {
	case inventory.InstanceHome:
		return "admin/ci/variables"
	case inventory.GroupHome:
		return "groups/" + url.PathEscape(p.Home) + "/variables"
	}
	return "projects/" + url.PathEscape(p.Home) + "/variables"
}

// path is that of one variable. Where several share a name, GitLab wants the scope that is meant.
func (p Place) path(name string) string {
	path := p.collection() + "/" + url.PathEscape(name)
	if p.Kind != inventory.InstanceHome && p.Environment != "" && p.Environment != "*" {
		path += "?filter[environment_scope]=" + url.QueryEscape(p.Environment)
	}
	return path
}

// shellWord quotes a word for a POSIX shell.
func shellWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(inventory.Printable(s, maxName), "'", `'\''`) + "'"
}
