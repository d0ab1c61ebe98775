package scanner

import (
	"context"
	"strings"

	"nhiscan/inventory"
)

// The allowlist says whose jobs may reach this project with their job token. Who added an entry, when, with which
// permissions, and when it was last used is told by GraphQL alone; REST, the fallback, tells the names.
// Source: https://docs.gitlab.com/ci/jobs/ci_job_token/ and https://docs.gitlab.com/api/project_job_token_scopes/
var jobTokenScope = Source{
	ID:    "job-token-scope",
	Title: "Job token allowlists",
	Shows: "Which projects and groups may reach a project with the token of a job, who let them in, and the last use.",
	API: []string{"POST /graphql ciJobTokenScopeAllowlist", "GET /projects/:id/job_token_scope", "GET /projects/:id/job_token_scope/allowlist",
		"GET /projects/:id/job_token_scope/groups_allowlist"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	Collect: func(ctx context.Context, v *Visit) error {
		g, err := v.graph(ctx)
		switch {
		case askedInVain(err), err == nil && g.Allowlist == nil && g.role(v) >= Maintainer:
			return collectJobTokenScope(ctx, v)
		case err != nil:
			return err
		case g.Allowlist == nil:
			return denied(g.tooLow(v))
		}
		if g.Settings != nil && g.Settings.Inbound.Tri() != inventory.Unknown {
			v.emitInbound(g.Settings.Inbound.Tri())
		} else if err := collectInbound(ctx, v); err != nil {
			return err
		}
		used, err := jobTokenUses(ctx, v, g)
		v.emitAllowed(inventory.ProjectHome, g.Allowlist.Projects, used)
		v.emitAllowed(inventory.GroupHome, g.Allowlist.Groups, used)
		return err
	},
}

type allowlistJSON struct {
	Projects *list[allowEntryJSON] `json:"projectsAllowlist"`
	Groups   *list[allowEntryJSON] `json:"groupsAllowlist"`
}

type allowEntryJSON struct {
	Target    *idJSON        `json:"target"`
	AddedBy   *graphUserJSON `json:"addedBy"`
	CreatedAt moment         `json:"createdAt"`
	Default   flag           `json:"defaultPermissions"`
	Policies  []string       `json:"jobTokenPolicies"`
}

type authLogJSON struct {
	Origin *struct {
		ID   gid    `json:"id"`
		Path string `json:"fullPath"`
	} `json:"originProject"`
	At moment `json:"lastAuthorizedAt"`
}

// edgeUses is when job tokens of other projects last reached this one; nil says that GitLab did not show it.
type edgeUses map[string]inventory.When // by home ID of projects, and of groups that the scan visits

// jobTokenUses reads the last use of each edge. A use by a project counts for the groups above it too, since either
// may have let it in.
func jobTokenUses(ctx context.Context, v *Visit, g *projectGraphJSON) (edgeUses, error) {
	if g.AuthLogs == nil {
		return nil, nil
	}
	logs, err := rest(ctx, v, "ciJobTokenAuthLogs", g.AuthLogs, func(g *projectGraphJSON) *list[authLogJSON] { return g.AuthLogs })
	used := edgeUses{}
	later := func(id string, at inventory.When) {
		if id != "" && at.Compare(used[id]) > 0 {
			used[id] = at
		}
	}
	groups := v.groupsByPath()
	for _, l := range logs {
		if l.Origin == nil {
			continue
		}
		at := l.At.Known()
		later(v.HomeID(inventory.ProjectHome, int64(l.Origin.ID)), at)
		for path, more := l.Origin.Path, true; more; {
			i := strings.LastIndexByte(path, '/')
			if more = i > 0; more {
				path = path[:i]
				later(groups[path], at)
			}
		}
	}
	return used, err
}

// groupsByPath lists the groups of this scan.
func (v *Visit) groupsByPath() map[string]string {
	m, _ := shared(v, "groups by path", func() (map[string]string, error) {
		v.run.mu.Lock()
		defer v.run.mu.Unlock()
		m := map[string]string{}
		for id, u := range v.run.units {
			if u.home.Kind == inventory.GroupHome {
				m[u.home.Path] = id
			}
		}
		return m, nil
	})
	return m
}

func (v *Visit) emitAllowed(kind inventory.HomeKind, entries *list[allowEntryJSON], used edgeUses) {
	if entries == nil {
		v.Incomplete("a part of the allowlist is not shown")
		return
	}
	for _, e := range entries.Nodes {
		if e == nil || e.Target == nil {
			v.Incomplete("the target of an allowlist entry is not shown")
			continue
		}
		subject := v.HomeID(kind, int64(e.Target.ID))
		if subject == v.Home.ID {
			continue // a project always reaches itself
		}
		scope := ""
		if e.Default.Tri() == inventory.No {
			scope = inventory.JoinScopes(e.Policies)
		}
		last := used[subject]
		if used != nil && last.IsUnknown() && (kind == inventory.ProjectHome || v.inScope(subject)) {
			last = inventory.Never // the log is whole, and does not name it
		}
		creator := ""
		if e.AddedBy != nil {
			creator = v.emitGraphUser(e.AddedBy)
		}
		v.Emit(inventory.Grant{
			ID: inventory.GrantID(v.Instance(), "job-token", subject, v.Home.ID), Kind: "job-token", Subject: subject, Home: v.Home.ID,
			Scope: scope, CreatedAt: e.CreatedAt.Known(), Creator: creator, Volatile: inventory.Volatile{LastUsedAt: last},
		})
	}
}

// emitInbound keeps the setting under the name that the REST API gives it.
func (v *Visit) emitInbound(limited inventory.Tri) {
	v.Emit(inventory.Home{ID: v.Home.ID, Kind: v.Home.Kind, Settings: attributes("inbound_enabled", triText(limited))})
}

func collectInbound(ctx context.Context, v *Visit) error {
	type scope struct {
		Inbound flag `json:"inbound_enabled"`
	}
	s, err := one[scope](ctx, v, "%s/job_token_scope", v.Path())
	if err == nil {
		v.emitInbound(s.Inbound.Tri())
	}
	return err
}

// collectJobTokenScope goes by REST.
func collectJobTokenScope(ctx context.Context, v *Visit) error {
	if err := collectInbound(ctx, v); err != nil {
		return err
	}
	lists := []struct {
		path string
		kind inventory.HomeKind
	}{{"allowlist", inventory.ProjectHome}, {"groups_allowlist", inventory.GroupHome}}
	for _, l := range lists {
		for raw, err := range pages[numberJSON](ctx, v, "%s/job_token_scope/%s", v.Path(), l.path) {
			if err != nil {
				return err
			}
			if subject := v.HomeID(l.kind, raw.ID); subject != v.Home.ID {
				v.Emit(inventory.Grant{
					ID: inventory.GrantID(v.Instance(), "job-token", subject, v.Home.ID), Kind: "job-token", Subject: subject, Home: v.Home.ID,
				})
			}
		}
	}
	return nil
}
