package rules

import "strings"

// everything reports whether a pattern matches every name.
func everything(pattern string) bool { return pattern != "" && strings.Trim(pattern, "*") == "" }
