package inventory

import "strings"

// Wildcard reports whether name matches pattern, in which "*" stands for any characters, also none and also a
// slash. GitLab matches protected branches, tags and environment scopes so.
// Source: https://docs.gitlab.com/user/project/repository/branches/protected/
func Wildcard(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, last)
}
