package scanner

import (
	"strings"

	"nhiscan/inventory"
)

// usages says which credential a job means by a variable: that of the nearest home with a variable of this key, as
// far as the scan saw all variables up to there, and as far as only one value can reach the job.
// Source: https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
func (l *linker) usages() {
	for u := range l.x.Usages.All() {
		name, handed := strings.CutPrefix(u.Name, "artifact:") // the variable that an earlier job has put there
		handed = handed && u.Kind == inventory.UseArtifact
		if u.Kind != inventory.UseVariable && u.Kind != inventory.UseImplicit && !handed {
			continue
		}
		environment := ""
		if job := l.x.Identity(u.Workload); handed {
			environment = "$" // that of the earlier job, which is not known here
		} else if job != nil {
			environment = job.Environment
		}
		for _, h := range l.x.Chain(u.Home) {
			if l.x.Covered("variable", h.ID).State != inventory.Complete {
				break // a variable that was not seen there would be nearer
			}
			var near []*inventory.Location
			for _, at := range l.x.Variables(h.ID, name) {
				if at.Surface == inventory.SurfaceVariable && strings.HasPrefix(at.ID, variablePrefix(l.instance)) {
					near = append(near, at)
				}
			}
			reaching, sure := reach(near, environment)
			if len(reaching) == 0 {
				continue
			}
			if c := l.oneCredential(reaching); c != "" && sure {
				scope := ""
				if row := l.x.Credential(c); row != nil {
					scope = row.Scope
				}
				l.emit(inventory.Usage{ID: u.ID, Home: u.Home, Credential: c, Scope: scope})
			}
			break
		}
	}
}

func variablePrefix(instance string) string {
	return strings.TrimSuffix(inventory.VariableID(instance, "", "", ""), "///")
}

// oneCredential is the credential of all these variables; empty where they differ, or one is not known.
func (l *linker) oneCredential(variables []*inventory.Location) string {
	one := ""
	for _, at := range variables {
		c := l.credentialAt(at)
		if c == "" || one != "" && c != one {
			return ""
		}
		one = c
	}
	return one
}

// credentialAt is whose value lies at a variable. What an earlier scan inferred for another value does not count.
func (l *linker) credentialAt(at *inventory.Location) string {
	if c, ok := l.decided[at.ID]; ok {
		return c
	}
	if at.Linked == "" {
		return at.Credential
	}
	name := at.Fingerprint
	if name == "" {
		name = lastHomeParts(at.ID)
	}
	if id := inventory.ExternalID(l.instance, name); l.x.Credential(id) != nil {
		return id
	}
	return ""
}

// reach returns those variables of one home and key of which one reaches a job with this environment. sure is false
// when none of them may do so as well. GitLab takes the scope that equals the environment, then one with a star that
// matches it, then "*" alone.
// Source: https://docs.gitlab.com/ci/environments/#limit-the-environment-scope-of-a-cicd-variable
func reach(variables []*inventory.Location, environment string) (reaching []*inventory.Location, sure bool) {
	var best, maybe []*inventory.Location
	rank := 0
	for _, at := range variables {
		r := scopeRank(at.Environment, environment)
		switch {
		case r == unknownScope:
			maybe = append(maybe, at)
		case r > rank:
			rank, best = r, []*inventory.Location{at}
		case r == rank && r > 0:
			best = append(best, at)
		}
	}
	return append(best, maybe...), len(best) > 0
}

// The ranks of environment scopes for one environment.
const (
	unknownScope = iota - 1 // the environment's name has variables in it
	otherScope
	everyScope
	starScope
	equalScope
)

func scopeRank(scope, environment string) int {
	switch {
	case scope == "*" || scope == "":
		return everyScope
	case environment == "":
		return otherScope
	case strings.Contains(environment, "$"):
		return openRank(scope, environment)
	case scope == environment:
		return equalScope
	case matchScope(scope, environment):
		return starScope
	}
	return otherScope
}

// matchScope matches a scope, in which only the star is special and stands for any characters.
func matchScope(scope, environment string) bool {
	first, rest, star := strings.Cut(scope, "*")
	if !star {
		return scope == environment
	}
	environment, ok := strings.CutPrefix(environment, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(environment, part)
		if i < 0 {
			return false
		}
		environment = environment[i+len(part):]
	}
	return strings.HasSuffix(environment, parts[len(parts)-1])
}

// openRank is scopeRank for an environment whose name has variables in it: only what stands before the first of them
// is known.
func openRank(scope, environment string) int {
	fixed, _, _ := strings.Cut(environment, "$")
	start, rest, star := strings.Cut(scope, "*")
	n := min(len(fixed), len(start))
	switch {
	case fixed[:n] != start[:n]:
		return otherScope
	case star && rest == "" && n == len(start):
		return starScope
	}
	return unknownScope
}
