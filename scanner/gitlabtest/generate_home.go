package gitlabtest

import "strings"

// maxNesting is how deep subgroups go below a top-level group.
const maxNesting = 3

// groups makes a few top-level groups, of which the first holds most, and teams below them.
func (g *generator) groups() {
	tops := max(1, g.size.Groups/25)
	for i := range g.size.Groups {
		name := pick(g, teamNames())
		if i < tops {
			name = pick(g, companyNames())
		} else {
			parent := g.w.Groups[0]
			if other := pick(g, g.w.Groups); g.chance(60) && strings.Count(other.Path, "/") < maxNesting {
				parent = other
			}
			name = parent.Path + "/" + name
		}
		gr := &Group{Path: g.unique(name), CreatedAt: g.ago(2000)}
		gr.Name = strings.ReplaceAll(lastSegment(gr.Path), "-", " ")
		g.fillGroup(gr, i)
		g.w.Groups = append(g.w.Groups, gr)
	}
}

func (g *generator) fillGroup(gr *Group, i int) {
	owner := g.person().Username
	if i == 0 {
		owner = g.w.Users[2].Username // the label group-owner
	}
	gr.Members = []*Member{{User: owner, Role: Owner, CreatedAt: gr.CreatedAt, CreatedBy: "root"}}
	in := map[string]bool{owner: true}
	add := func(u *User, role Role) {
		if !in[u.Username] {
			in[u.Username] = true
			gr.Members = append(gr.Members, &Member{User: u.Username, Role: role, CreatedAt: g.ago(1500), CreatedBy: owner})
		}
	}
	if i == 1 {
		add(g.w.Users[3], Maintainer)
		add(g.w.Users[4], Developer)
	}
	for range g.rng.IntN(5) {
		add(g.person(), pick(g, []Role{Reporter, Developer, Developer, Maintainer}))
	}
	gr.Variables = g.variables(g.rng.IntN(3))
	for range g.rng.IntN(3) {
		gr.AccessTokens = append(gr.AccessTokens, g.token(true, false))
	}
	if g.chance(40) {
		gr.DeployTokens = append(gr.DeployTokens, g.deployToken())
	}
	if g.chance(30) {
		gr.Hooks = append(gr.Hooks, g.hook())
	}
}

func (g *generator) deployToken() *DeployToken {
	t := &DeployToken{Name: pick(g, tokenNames()), Scopes: pick(g, [][]string{{"read_registry"}, {"read_repository"}, {"read_repository", "read_registry"}, {"read_package_registry", "write_package_registry"}})}
	switch {
	case g.chance(40):
		t.ExpiresAt = g.ahead(700)
	case g.chance(20):
		t.ExpiresAt = g.ago(500)
	}
	return t
}

func (g *generator) hook() *Hook {
	h := &Hook{URL: "https://hooks.acme.example/" + pick(g, teamNames()), CreatedAt: g.ago(1500), Events: []string{pick(g, []string{"push_events", "pipeline_events", "job_events"})}}
	if g.chance(60) {
		h.Token = g.secret("hex")
	}
	if g.chance(5) {
		h.URL += "?api_key=" + g.secret("hex")
	}
	return h
}

// variables makes n variables with different keys; seven in ten hold a secret.
func (g *generator) variables(n int) []*Variable {
	known := variableKinds()
	at := g.rng.IntN(len(known))
	var all []*Variable
	for i := range min(n, len(known)) {
		k := known[(at+i)%len(known)]
		v := &Variable{Key: k[0], Value: k[1]}
		if kind, secret := strings.CutPrefix(k[1], "secret "); secret {
			v.Value, v.Masked, v.Protected = g.secret(kind), g.chance(70), g.chance(50)
			v.Hidden = v.Masked && g.chance(10)
			if g.chance(30) {
				v.Scope = pick(g, []string{"production", "staging"})
			}
		}
		all = append(all, v)
	}
	return all
}

// projects makes all projects; three in a hundred are personal.
func (g *generator) projects() {
	for i := range g.size.Projects {
		ns := pick(g, g.w.Groups).Path
		if i > 0 && g.chance(3) {
			ns = g.person().Username
		}
		p := &Project{Path: g.unique(ns + "/" + pick(g, productNames()) + "-" + pick(g, partNames())), Creator: g.person().Username, CreatedAt: g.ago(1800), LastActive: g.ago(60)}
		p.Visibility = pick(g, []string{"private", "private", "private", "internal", "public"})
		if g.chance(12) {
			p.Archived, p.LastActive = true, g.ago(900)
		}
		if g.chance(35) {
			p.Topics = []string{"owner:team-" + pick(g, teamNames())}
		}
		if i > 0 && g.chance(4) {
			p.ForkedFrom = pick(g, g.w.Projects).Path
		}
		g.fillProject(p)
		for range g.size.Tokens/2 + g.rng.IntN(g.size.Tokens+1) {
			g.credential(p)
		}
		g.w.Projects = append(g.w.Projects, p)
	}
}

// credential gives a project one more credential of any kind.
func (g *generator) credential(p *Project) {
	switch n := g.rng.IntN(100); {
	case n < 50:
		p.AccessTokens = append(p.AccessTokens, g.token(true, false))
	case n < 72:
		p.DeployTokens = append(p.DeployTokens, g.deployToken())
	case n < 84:
		p.Triggers = append(p.Triggers, &Trigger{Description: pick(g, tokenNames()), Owner: g.person().Username, CreatedAt: g.ago(1500), UpdatedAt: g.ago(300), LastUsed: g.ago(400)})
	case n < 96:
		g.deployKey(p)
	default:
		by := g.person().Username
		p.Agents = append(p.Agents, &Agent{Name: g.unique(p.Path + "@" + pick(g, []string{"prod", "staging"}))[len(p.Path)+1:], CreatedBy: by, CreatedAt: g.ago(900),
			Tokens: []*AgentToken{{Name: "main", CreatedBy: by, CreatedAt: g.ago(800), LastUsedAt: g.ago(2)}}})
	}
}

// deployKey adds a key, one in five times one that opens other projects already.
func (g *generator) deployKey(p *Project) {
	use := &DeployKeyProject{Path: p.Path, CanPush: g.chance(25)}
	if keys := g.w.DeployKeys; len(keys) > 0 && g.chance(20) {
		if k := pick(g, keys); k.inProject(p) == nil {
			k.Projects = append(k.Projects, use)
			return
		}
	}
	k := &DeployKey{Title: pick(g, tokenNames()), Key: g.publicKey(), User: g.person().Username, CreatedAt: g.ago(1500), LastUsedAt: g.ago(300), Projects: []*DeployKeyProject{use}}
	if g.chance(25) {
		k.ExpiresAt = g.ahead(400)
	}
	g.w.DeployKeys = append(g.w.DeployKeys, k)
}

// fillProject adds what surrounds the credentials.
func (g *generator) fillProject(p *Project) {
	p.Variables = g.variables(g.rng.IntN(9))
	if u := g.person(); g.chance(40) && !strings.HasPrefix(p.Path, u.Username+"/") {
		p.Members = []*Member{{User: u.Username, Role: pick(g, []Role{Reporter, Developer, Maintainer}), CreatedAt: g.ago(900)}}
	}
	if g.chance(30) {
		p.Schedules = append(p.Schedules, &Schedule{Description: "nightly", Cron: "0 1 * * *", Owner: g.person().Username, Inactive: p.Archived || g.chance(15),
			CreatedAt: g.ago(1200), UpdatedAt: g.ago(200), NextRunAt: g.ahead(1)})
	}
	if g.chance(40) {
		p.Hooks = append(p.Hooks, g.hook())
	}
	if g.chance(15) {
		p.Integrations = append(p.Integrations, &Integration{Slug: "slack", Title: "Slack notifications", CreatedAt: g.ago(900), UpdatedAt: g.ago(500), Secrets: map[string]string{"webhook": g.secret("slack-webhook")}})
	}
	if g.chance(60) {
		p.Environments = append(p.Environments, &Environment{Name: "production", Tier: "production", CreatedAt: g.ago(900), UpdatedAt: g.ago(90)})
	}
	if g.chance(85) {
		p.ProtectedBranches = append(p.ProtectedBranches, &ProtectedBranch{Name: "main", Push: []*AccessRule{{Role: Maintainer}}, Merge: []*AccessRule{{Role: Developer}}})
	}
	if g.chance(4) {
		p.PushMirrors = append(p.PushMirrors, &PushMirror{URL: "https://mirror:" + g.secret("hex") + "@git.partner.example/" + lastSegment(p.Path) + ".git", LastUpdateAt: g.ago(10), LastSuccessAt: g.ago(30)})
	}
	if g.chance(3) {
		p.SecureFiles = append(p.SecureFiles, &SecureFile{Name: "signing.p12", Content: "EXAMPLE KEYSTORE", CreatedAt: g.ago(600), ExpiresAt: g.ahead(400)})
	}
	closed := !g.chance(10)
	p.JobTokenScope = &JobTokenScope{Inbound: &closed}
	if len(g.w.Projects) > 0 && g.chance(25) {
		p.JobTokenScope.Projects = []*AllowEntry{{Path: pick(g, g.w.Projects).Path, AddedBy: g.person().Username, CreatedAt: g.ago(500)}}
	}
	g.commits(p)
	g.w.AuditEvents = append(g.w.AuditEvents, &AuditEvent{Event: "deploy_token_created", Author: p.Creator, Entity: "project:" + p.Path, TargetType: "DeployToken", Target: "first", CreatedAt: g.ago(29), IP: "192.0.2.30"})
}

// commits gives a project a pipeline, and one in thirty a secret in its history.
func (g *generator) commits(p *Project) {
	files := map[string]string{"README.md": "# " + lastSegment(p.Path) + "\n", ".gitlab-ci.yml": pick(g, pipelineTexts())}
	commits := []*Commit{{Message: "start", Author: p.Creator, Date: p.CreatedAt, Files: files}}
	if g.chance(3) {
		files["config/settings.py"] = "API_KEY = \"" + g.secret("hex") + "\"\n"
		if g.chance(50) {
			commits = append(commits, &Commit{Message: "read the key from the environment", Author: p.Creator, Date: p.LastActive, Delete: []string{"config/settings.py"}})
		}
	}
	p.Repository = &Repository{Commits: commits}
}

// runners makes some for everybody, one for every fifth group and one for every eighth project.
func (g *generator) runners() {
	add := func(r *Runner) {
		r.CreatedBy, r.CreatedAt, r.ContactedAt, r.RunUntagged = g.person().Username, g.ago(900), At(g.now.Add(-day/288)), g.chance(50)
		if g.chance(15) {
			r.ContactedAt = g.ago(400)
		}
		g.w.Runners = append(g.w.Runners, r)
	}
	for _, name := range []string{"shared linux", "shared arm", "shared macos"} {
		add(&Runner{Description: name, Type: "instance_type", Tags: strings.Fields(name)})
	}
	for i, gr := range g.w.Groups {
		if i%5 == 0 {
			add(&Runner{Description: gr.Name + " runner", Type: "group_type", Group: gr.Path, Tags: []string{"deploy"}})
		}
	}
	for i, p := range g.w.Projects {
		if i%8 == 0 {
			add(&Runner{Description: lastSegment(p.Path) + " runner", Type: "project_type", Projects: []string{p.Path}})
		}
	}
}
