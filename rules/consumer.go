package rules

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// readWhole is what a job's attribute "read" says when its script was read to its end, with all that it calls.
const readWhole = "complete"

// runsNothing reports whether a project is known to run no pipelines.
func runsNothing(h inventory.Home) bool {
	return h.Archived == inventory.Yes || h.Settings["builds_access_level"] == "disabled"
}

// workloads is the Check over pipeline jobs.
func workloads(f func(*Pass, inventory.Identity) Verdict) Check {
	return identities(func(p *Pass, i inventory.Identity) Verdict {
		if i.Kind != "workload" {
			return NotApplicable
		}
		return f(p, i)
	})
}

// pipelineProjects is the Check over projects that run pipelines.
func pipelineProjects(f func(*Pass, inventory.Home) Verdict) Check {
	return homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind != inventory.ProjectHome || runsNothing(h) {
			return NotApplicable
		}
		return f(p, h)
	})
}

// jobsIn returns the jobs of a project's pipeline, sorted by ID.
func (p *Pass) jobsIn(home string) []*inventory.Identity {
	var jobs []*inventory.Identity
	for _, i := range p.X.IdentitiesIn(home) {
		if i.Kind == "workload" {
			jobs = append(jobs, i)
		}
	}
	slices.SortFunc(jobs, func(a, b *inventory.Identity) int { return cmp.Compare(a.ID, b.ID) })
	return jobs
}

// jobUnread reports whether a job may do more than its rows say, with the unknown verdict that says so.
func (p *Pass) jobUnread(job inventory.Identity) (v Verdict, hidden bool) {
	if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
		return v, true
	}
	switch read := job.Attributes["read"]; read {
	case readWhole:
		return Verdict{}, false
	case "":
		return Unknown("how far the job's script was read is not told"), true
	default:
		return Verdict{reason: reason{before: "the job's script was not read to its end: ", place: inventory.Printable(read, nameLength)}}, true
	}
}

// unread reports whether jobs in a home or below it may do more than their rows say, with the unknown verdict that
// says so: a pipeline that was not shown whole, a script, tool default or include that was not read, a program that a
// script runs (attribute "programs").
func (p *Pass) unread(home string) (v Verdict, hidden bool) {
	r, known := p.jobs[home]
	if !known {
		p.jobs[home] = nil // ends a cycle, which only a faulty database can hold
		r = p.searchUnread(home)
		p.jobs[home] = r
	}
	if r == nil {
		return Verdict{}, false
	}
	return Verdict{reason: *r}, true
}

func (p *Pass) searchUnread(home string) *reason {
	h := p.X.Home(home)
	switch {
	case h == nil:
		return &reason{before: "its home was not shown"}
	case h.Kind == inventory.ProjectHome && runsNothing(*h):
		return nil
	case h.Kind == inventory.ProjectHome:
		if v, hidden := p.unseen(home, "pipeline"); hidden {
			return &v.reason
		}
		jobs := p.jobsIn(home)
		if len(jobs) == 0 && h.Setting("auto_devops_enabled") != inventory.No && h.Setting("empty_repo") != inventory.Yes {
			return &reason{before: "pipelines of ", place: p.path(home), after: " may come from Auto DevOps, whose jobs were not read"}
		}
		for _, job := range jobs {
			if job.Attributes["read"] != readWhole {
				return &reason{before: "scripts of pipeline jobs of ", place: p.path(home), after: " were not read to their end"}
			}
			if job.Attributes["programs"] != "" {
				return &reason{before: "pipeline jobs of ", place: p.path(home), after: " run programs that may read variables unseen"}
			}
		}
		return nil
	}
	if v, hidden := p.unseen(home, "project"); hidden {
		return &v.reason
	}
	children := slices.SortedFunc(slices.Values(p.X.Children(home)), func(a, b *inventory.Home) int { return cmp.Compare(a.ID, b.ID) })
	for _, child := range children {
		if v, hidden := p.unread(child.ID); hidden {
			return &v.reason
		}
	}
	return nil
}

// unreadAnywhere is unread over the whole instance.
func (p *Pass) unreadAnywhere() (v Verdict, hidden bool) {
	if v, hidden := p.unseenAnywhere("variable", "pipeline"); hidden {
		return v, true
	}
	const anywhere = ""
	r, known := p.jobs[anywhere]
	for _, h := range p.homes {
		if known || r != nil {
			break
		}
		if v, hidden := p.unread(h.ID); hidden && h.Kind == inventory.ProjectHome {
			r = &v.reason
		}
	}
	p.jobs[anywhere] = r
	if r == nil {
		return Verdict{}, false
	}
	return Verdict{reason: *r}, true
}

// projectsBelow returns the projects in a home and below it, sorted by ID.
func (p *Pass) projectsBelow(home string) []*inventory.Home {
	if projects, known := p.below[home]; known {
		return projects
	}
	p.below[home] = nil // ends a cycle, which only a faulty database can hold
	var projects []*inventory.Home
	if h := p.X.Home(home); h != nil && h.Kind == inventory.ProjectHome {
		projects = append(projects, h)
	}
	for _, child := range p.X.Children(home) {
		projects = append(projects, p.projectsBelow(child.ID)...)
	}
	slices.SortFunc(projects, func(a, b *inventory.Home) int { return cmp.Compare(a.ID, b.ID) })
	p.below[home] = projects
	return projects
}

// within reports whether a home is another one or lies below it.
func (p *Pass) within(home, above string) bool {
	if home == above {
		return true
	}
	return slices.ContainsFunc(p.X.Chain(home), func(h *inventory.Home) bool { return h.ID == above })
}

// usesOf returns the uses that a variable may serve, sorted by ID: those in its reach that name it, or whose tool takes
// it unnamed, unless another variable of that name is known to serve them.
func (p *Pass) usesOf(l inventory.Location) []*inventory.Usage {
	var uses []*inventory.Usage
	for _, h := range p.projectsBelow(l.Home) {
		for _, u := range p.X.UsagesNamed(h.ID, l.Key) {
			if u.Kind != inventory.UseVariable && u.Kind != inventory.UseImplicit {
				continue
			}
			if u.Credential == "" || l.Credential == "" || u.Credential == l.Credential {
				uses = append(uses, u)
			}
		}
	}
	slices.SortFunc(uses, func(a, b *inventory.Usage) int { return cmp.Compare(a.ID, b.ID) })
	return uses
}

// variablesFor returns the variables of a key that jobs of a home may get, the nearest home first.
func (p *Pass) variablesFor(key, home string) []*inventory.Location {
	var found []*inventory.Location
	for _, h := range p.X.Chain(home) {
		found = append(found, p.X.Variables(h.ID, key)...)
	}
	return found
}

// secretUses returns the uses by which a job handles a secret that is not GitLab's own, sorted by ID. A plain variable
// that it names is none.
func (p *Pass) secretUses(job string) []*inventory.Usage {
	var uses []*inventory.Usage
	for _, u := range p.X.UsagesBy(job) {
		if p.secretUse(u) {
			uses = append(uses, u)
		}
	}
	slices.SortFunc(uses, func(a, b *inventory.Usage) int { return cmp.Compare(a.ID, b.ID) })
	return uses
}

func (p *Pass) secretUse(u *inventory.Usage) bool {
	switch u.Kind {
	case inventory.UseIDToken, inventory.UseExternal, inventory.UseFetched, inventory.UseLiteral:
		return true
	case inventory.UseArtifact:
		return u.Name != ""
	case inventory.UseVariable, inventory.UseImplicit:
	default:
		return false
	}
	if c := p.X.Credential(u.Credential); c != nil {
		return true
	}
	defined := p.variablesFor(u.Name, u.Home)
	for _, l := range defined {
		if l.SecretLike == inventory.Yes {
			return true
		}
	}
	return len(defined) == 0 && u.Kind == inventory.UseVariable && secretName(u.Name)
}

// secretName reports whether a variable's name says that it holds a secret.
func secretName(name string) bool {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	for i, w := range words {
		last := i == len(words)-1
		switch w {
		case "TOKEN", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "CREDS", "APIKEY":
			return last || words[len(words)-1] != "NAME" && words[len(words)-1] != "URL" && words[len(words)-1] != "PATH"
		case "KEY", "PASS", "PWD", "PAT":
			if last && i > 0 && words[i-1] != "PUBLIC" && words[i-1] != "CACHE" {
				return true
			}
		}
	}
	return false
}

// secretsReaching returns the secret variables that jobs of a project get, as text; hidden when some may be missing.
func (p *Pass) secretsReaching(home string) (secrets []string, v Verdict, hidden bool) {
	for _, h := range p.X.Chain(home) {
		for _, l := range p.X.LocationsIn(h.ID) {
			switch {
			case l.Surface != inventory.SurfaceVariable:
			case l.SecretLike == inventory.Yes:
				secrets = append(secrets, inventory.NameOf(*l))
			case l.SecretLike == inventory.Unknown && !hidden:
				v, hidden = Unknown("whether a variable holds a secret was not shown"), true
			}
		}
		if unseen, more := p.unseen(h.ID, "variable"); more && !hidden && (h.Kind != inventory.InstanceHome || len(p.X.Scan.Scope) == 0) {
			v, hidden = unseen, true
		}
	}
	return secrets, v, hidden
}

// projectsOf returns the paths of the projects in which uses stand, sorted, each once.
func (p *Pass) projectsOf(uses []*inventory.Usage) []string {
	var homes []string
	for _, u := range uses {
		homes = append(homes, u.Home)
	}
	slices.Sort(homes)
	var paths []string
	for _, h := range slices.Compact(homes) {
		paths = append(paths, p.path(h))
	}
	return paths
}

// jobNames lists the jobs of uses for a message.
func jobNames(uses []*inventory.Usage) safe {
	var names []string
	for _, u := range uses {
		names = append(names, quoted(u.Job))
	}
	return few(names)
}

// firstUses returns the first five of uses by ID: enough for evidence.
func firstUses(uses []*inventory.Usage) []*inventory.Usage {
	const shown = 5
	sorted := slices.SortedFunc(slices.Values(uses), func(a, b *inventory.Usage) int { return cmp.Compare(a.ID, b.ID) })
	return sorted[:min(shown, len(sorted))]
}
