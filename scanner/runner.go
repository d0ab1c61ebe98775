package scanner

import (
	"context"
	"fmt"
	"slices"

	"nhiscan/inventory"
)

// A runner takes jobs and with them their secrets; its token makes any machine that runner. Each is shown in one
// home: the instance, its group, or the projects it was made for. Instance and group runners appear in the REST list
// of every project that may use them, but are not the project's.
// The REST list lacks last contact, tags and projects; GraphQL shows all, machines included, in one answer.
// Source: https://docs.gitlab.com/api/runners/, https://docs.gitlab.com/api/graphql/reference/#cirunner
var runner = Source{
	ID:    "runner",
	Title: "Runners",
	Shows: "Runners of the instance, groups and projects, their tags, machines and last contact.",
	API: []string{"POST /graphql runners", "GET /runners/all", "GET /groups/:id/runners", "GET /projects/:id/runners", "GET /runners/:id",
		"GET /runners/:id/managers"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atAll,
	Skip: func(v *Visit) string {
		if v.Home.Kind == inventory.InstanceHome && !v.Admin() {
			return "the instance's list is an administrator's; each group's and project's is read instead"
		}
		return buildsOff(v)
	},
	Collect: func(ctx context.Context, v *Visit) error {
		if v.Admin() && !v.Self.SaaS {
			return collectInstanceRunners(ctx, v)
		}
		if v.Home.Kind == inventory.GroupHome {
			if err := v.require(Owner, ""); err != nil {
				return err
			}
			runners, err := graphRunners(ctx, v, runnersOfGroup)
			return v.emitRunners(ctx, runners, err, "%s/runners?type=group_type", v.Path())
		}
		none, err := v.graphShowsNone(ctx, func(g *projectGraphJSON) *list[idJSON] { return g.Runners })
		if err != nil || none {
			return err
		}
		runners, err := graphRunners(ctx, v, runnersOfProject)
		return v.emitRunners(ctx, runners, err, "%s/runners?type=project_type", v.Path())
	},
}

// The queries for the three kinds of home. 20 runners with their machines and projects cost about 100 points of
// GitLab's complexity.
const (
	runnerFields = "id description runnerType paused locked runUntagged tagList accessLevel status contactedAt createdAt createdBy" + graphUser +
		" creationMethod tokenExpiresAt maximumTimeout managers(first:20){nodes{systemId version contactedAt} pageInfo{hasNextPage}}" +
		" groups(first:1){nodes{id}} ownerProject{id} projects(first:100){nodes{id} pageInfo{hasNextPage}}"
	runnersOfInstance = "query instanceRunners($after:String){runners(first:50 after:$after){nodes{" + runnerFields + "} " + graphGo + "}}"
	runnersOfGroup    = "query groupRunners($path:ID! $after:String){group(fullPath:$path){runners(first:50 after:$after membership:DIRECT type:GROUP_TYPE){nodes{" +
		runnerFields + "} " + graphGo + "}}}"
	runnersOfProject = "query projectRunners($path:ID! $after:String){project(fullPath:$path){runners(first:50 after:$after type:PROJECT_TYPE){nodes{" +
		runnerFields + "} " + graphGo + "}}}"
)

// runnerRow is a runner as far as it is known.
type runnerRow struct {
	ID              int64
	Description     string
	Type            string // instance_type, group_type, project_type
	Paused, Locked  inventory.Tri
	RunUntagged     inventory.Tri
	Tags            []string // nil is unknown
	Access          string   // not_protected, ref_protected
	Status          string   // online, offline, stale, never_contacted
	ContactedAt     inventory.When
	CreatedAt       inventory.When
	CreatedBy       userRef
	Method          string
	ExpiresAt       moment
	MaximumTimeout  int64
	Managers        int // machines; -1 is unknown
	Versions        []string
	Group           int64   // of a group runner
	Owner           int64   // project of a project runner for which it was made; 0 is unknown
	Projects        []int64 // of a project runner
	ProjectsUnknown bool    // more than shown, or not shown
}

func collectInstanceRunners(ctx context.Context, v *Visit) error {
	all, err := shared(v, "runners", func() (map[string][]runnerRow, error) { return listInstanceRunners(ctx, v) })
	ref := inventory.HomeRef(v.Home.Kind, v.Home.Number)
	for _, r := range all[ref] {
		v.emitRunner(r)
	}
	return err
}

// listInstanceRunners reads all runners and sorts them by the homes they are shown in.
func listInstanceRunners(ctx context.Context, v *Visit) (map[string][]runnerRow, error) {
	rows, err := graphRunners(ctx, v, runnersOfInstance)
	if askedInVain(err) {
		rows, err = restRunners(ctx, v, "runners/all")
	}
	of := map[string][]runnerRow{}
	for _, r := range rows {
		if r.ProjectsUnknown {
			if item, itemErr := one[runnerJSON](ctx, v, "runners/%d", r.ID); itemErr == nil {
				r.fillProjects(item)
			} else if err == nil {
				err = partial(fmt.Sprintf("the projects of runner %d are not shown whole: %v", r.ID, itemErr))
			}
		}
		switch r.Type {
		case "group_type":
			of[inventory.HomeRef(inventory.GroupHome, r.Group)] = append(of[inventory.HomeRef(inventory.GroupHome, r.Group)], r)
		case "project_type":
			for _, p := range r.Projects {
				of[inventory.HomeRef(inventory.ProjectHome, p)] = append(of[inventory.HomeRef(inventory.ProjectHome, p)], r)
			}
			if len(r.Projects) == 0 { // its last project is gone
				of["instance"] = append(of["instance"], r)
			}
		default:
			of["instance"] = append(of["instance"], r)
		}
	}
	return of, err
}

// emitRunners emits what GraphQL gave, or what REST does where GraphQL refused.
func (v *Visit) emitRunners(ctx context.Context, rows []runnerRow, err error, list string, args ...any) error {
	if askedInVain(err) {
		rows, err = restRunners(ctx, v, fmt.Sprintf(list, args...))
	}
	for _, r := range rows {
		if v.Home.Kind == inventory.GroupHome && r.Group != 0 && r.Group != v.Home.Number {
			continue // REST lists those of the groups above too
		}
		v.emitRunner(r)
	}
	return err
}

// emitRunner emits a runner in the home that the visit reads.
func (v *Visit) emitRunner(r runnerRow) {
	id := v.IdentityID("runner", r.ID)
	home := v.homeOfRunner(r)
	creator := ""
	if r.CreatedBy.ID != 0 {
		creator = v.EmitUser(r.CreatedBy)
	}
	state := stateOf(not(r.Paused))
	use := inventory.Volatile{ContactedAt: r.ContactedAt, OnlineStatus: r.Status}
	expires := r.ExpiresAt.Known()
	if r.ExpiresAt.shown && expires.IsUnknown() && (v.Admin() || v.Home.ID == home && v.Level >= Maintainer) {
		expires = inventory.Never // null to who may see it says that the token does not expire; to others it says nothing
	}
	managers := ""
	if r.Managers >= 0 {
		managers = fmt.Sprint(r.Managers)
	}
	var tags []string
	if r.Tags != nil {
		tags = []string{}
	}
	for _, t := range r.Tags {
		tags = append(tags, v.text(t))
	}
	slices.Sort(tags)
	timeout := ""
	if r.MaximumTimeout > 0 {
		timeout = fmt.Sprint(r.MaximumTimeout)
	}
	v.Emit(inventory.Identity{
		ID: id, Kind: "runner", Home: home, Name: r.Description, State: state, Creator: creator, CreatedAt: r.CreatedAt, Tags: tags, Volatile: use,
		Attributes: attributes("runner_type", r.Type, "paused", triText(r.Paused), "locked", triText(r.Locked), "run_untagged", triText(r.RunUntagged),
			"access_level", r.Access, "creation_method", r.Method, "maximum_timeout", timeout, "managers", managers, "versions", v.words(r.Versions)),
	})
	v.Emit(inventory.Credential{
		ID: v.CredentialID("runner-token", r.ID), Kind: "runner-token", Identity: id, Home: home, Name: r.Description, State: state,
		Creator: creator, CreatedAt: r.CreatedAt, ExpiresAt: expires, Volatile: inventory.Volatile{ContactedAt: r.ContactedAt},
	})
	if r.Type == "project_type" && v.Home.Kind == inventory.ProjectHome {
		v.Emit(inventory.Grant{
			ID: inventory.GrantID(v.Instance(), "runner", id, v.Home.ID), Kind: "runner", Subject: id, Home: v.Home.ID, Scope: "run-jobs",
		})
	}
}

// homeOfRunner returns where a runner is at home: one row has one home, whichever project shows it. Empty is unknown.
func (v *Visit) homeOfRunner(r runnerRow) string {
	switch {
	case r.Type == "instance_type":
		return v.HomeID(inventory.InstanceHome, 0)
	case r.Type == "group_type":
		return v.HomeID(inventory.GroupHome, r.Group)
	case r.Owner != 0:
		return v.HomeID(inventory.ProjectHome, r.Owner)
	case len(r.Projects) == 1 && !r.ProjectsUnknown:
		return v.HomeID(inventory.ProjectHome, r.Projects[0])
	}
	return "" // REST does not tell which of its projects owns it
}

// words joins texts sorted and without repeats.
func (v *Visit) words(list []string) string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, v.text(s))
		}
	}
	return inventory.JoinScopes(out)
}
