package rules

import (
	"strings"

	"nhiscan/inventory"
)

// hiddenReason says in words which visit was not complete, and what would show the rest:
// "protected branches of shop/cart were not shown: needs the Maintainer role".
func hiddenReason(c inventory.Coverage, path string) reason {
	r := reason{before: shown(c.Source) + " of ", place: path, after: " " + stateText(c.State)}
	switch {
	case c.Needs != inventory.Needs{}:
		r.after += ": needs " + needsText(c.Needs)
	case c.Reason != "" && c.State != inventory.NotAsked:
		r.after += ": " + inventory.Printable(c.Reason, 2*nameLength)
	}
	return r
}

func stateText(s inventory.State) string {
	switch s {
	case inventory.Partial:
		return "were shown only in part"
	case inventory.Denied:
		return "were not shown"
	case inventory.Unsupported:
		return "cannot be read from this GitLab"
	case inventory.Failed:
		return "could not be read"
	}
	return "were not visited"
}

func needsText(n inventory.Needs) string {
	var parts []string
	if n.Role != "" {
		parts = append(parts, "the "+inventory.Printable(n.Role, nameLength)+" role")
	}
	if n.Scope != "" {
		parts = append(parts, "scope "+inventory.Printable(n.Scope, nameLength))
	}
	if n.Tier != "" {
		parts = append(parts, "tier "+inventory.Printable(n.Tier, nameLength))
	}
	if n.Version != "" {
		parts = append(parts, "GitLab "+inventory.Printable(n.Version, nameLength))
	}
	return strings.Join(parts, ", ")
}

// shown names in words what a source shows, in the plural.
func shown(source string) string {
	switch source {
	case "repository":
		return "files and history"
	case "pipeline":
		return "pipeline jobs"
	case "variable":
		return "CI/CD variables"
	case "protected-branch":
		return "protected branches"
	case "link":
		return "links between values and tokens"
	case "job-token-scope":
		return "job token settings"
	case "agent":
		return "cluster agents"
	case "trigger":
		return "pipeline trigger tokens"
	case "user":
		return "user accounts"
	}
	return strings.ReplaceAll(source, "-", " ") + "s"
}
