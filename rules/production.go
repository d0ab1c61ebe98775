package rules

import (
	"strings"
	"unicode"

	"nhiscan/inventory"
)

// tier is the sort of environment that a place serves.
type tier uint8

const (
	anyTier tier = iota // not told, or all
	production
	elsewhere // staging, testing, development, review
)

// tier returns the tier of a variable: by the environments that its scope matches, else by the words in its
// scope, else by the words in its key. A place of another sort has none.
func (p *Pass) tier(l *inventory.Location) tier {
	if l.Surface != inventory.SurfaceVariable {
		return anyTier
	}
	if everything(l.Environment) || l.Environment == "" {
		return tierByName(l.Key)
	}
	byEnvironment := anyTier
	if h := p.X.Home(l.Home); h != nil {
		for _, e := range h.Environments {
			if !inventory.Wildcard(l.Environment, e.Name) {
				continue
			}
			switch t := tierOf(e); {
			case t == production:
				return production
			case t == elsewhere:
				byEnvironment = elsewhere
			}
		}
	}
	if byEnvironment != anyTier {
		return byEnvironment
	}
	if t := tierByName(l.Environment); t != anyTier {
		return t
	}
	return tierByName(l.Key)
}

func tierOf(e inventory.Environment) tier {
	switch e.Tier {
	case "production":
		return production
	case "staging", "testing", "development":
		return elsewhere
	}
	return tierByName(e.Name)
}

// tierByName reads the words of a name. Production words win: "prod-test-db" is nearer to production.
func tierByName(name string) tier {
	found := anyTier
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
	for _, w := range words {
		switch w {
		case "prod", "production", "live":
			return production
		case "staging", "stage", "stg", "test", "testing", "dev", "develop", "development", "qa", "uat", "review", "preview", "sandbox":
			found = elsewhere
		}
	}
	return found
}

// usedInProduction reports whether a job that deploys to production uses the credential.
func (p *Pass) usedInProduction(credential string) bool {
	for _, u := range p.X.UsagesOf(credential) {
		if job := p.X.Identity(u.Workload); job != nil && p.deploysToProduction(job) {
			return true
		}
	}
	return false
}

// deploysToProduction reports whether a job's environment is one of production: by the tier that the job or GitLab
// gives it, else by its name.
func (p *Pass) deploysToProduction(job *inventory.Identity) bool {
	if job.Environment == "" {
		return false
	}
	switch job.Attributes["deployment_tier"] {
	case "production":
		return true
	case "staging", "testing", "development", "other":
		return false
	}
	if h := p.X.Home(job.Home); h != nil {
		for _, e := range h.Environments {
			if e.Name == job.Environment && tierOf(e) == production {
				return true
			}
		}
	}
	return tierByName(job.Environment) == production
}
