package scanner

import (
	"context"
	"regexp"

	"nhiscan/inventory"
)

// machineLists are the accounts of a self-managed instance that are no people, as anyone may list them. A token that is
// no administrator's learns no account's sort, but GitLab filters by it: which list an account is in tells.
// Source: https://docs.gitlab.com/api/users/#list-users
type machineLists struct {
	all      map[int64]userRef // bots of access tokens and service accounts; GitLab's own bots are left out
	services map[int64]userRef // service accounts alone
	homes    map[string]bool   // projects and groups that have a bot of an access token
	told     bool              // every such bot's name tells its home
}

// machines reads the lists once in a scan.
func (v *Visit) machines(ctx context.Context) (*machineLists, error) {
	return shared(v, "machines", func() (*machineLists, error) {
		m := &machineLists{homes: map[string]bool{}, told: true}
		var err error
		if m.all, err = v.accounts(ctx, "exclude_humans=true&exclude_internal=true"); err != nil {
			return nil, err
		}
		if m.services, err = v.accounts(ctx, "exclude_humans=true&exclude_internal=true&without_project_bots=true"); err != nil {
			return nil, err
		}
		for id, u := range m.all {
			if _, service := m.services[id]; service {
				continue
			}
			home := botHome(v.Instance(), u.Username)
			m.homes[home] = true
			m.told = m.told && home != ""
		}
		for _, u := range m.services { // a version that does not know the filter leaves its bots in
			if kind := botKind(u.Username); kind == "project-bot" || kind == "group-bot" {
				m.told = false
			}
		}
		return m, nil
	})
}

func (v *Visit) accounts(ctx context.Context, filter string) (map[int64]userRef, error) {
	list := map[int64]userRef{}
	for raw, err := range pages[userRef](ctx, v, "%s", "users?pagination=keyset&order_by=id&sort=asc&"+filter) {
		if err != nil {
			return nil, err
		}
		list[raw.ID] = raw
	}
	return list, nil
}

// botless reports that no access token of this project or group can exist, since no account is its bot. It saves a
// request for most projects. False is unknown.
func (v *Visit) botless(ctx context.Context) bool {
	if v.Self.SaaS {
		return false
	}
	m, err := v.machines(ctx)
	return err == nil && m.told && !m.homes[v.Home.ID]
}

// instanceAccount is the name that GitLab gives service accounts of the instance.
var instanceAccount = regexp.MustCompile(`^service_account_[0-9a-f]{32}$`)

// serviceless reports that no service account can be this project's: those of the groups are known, and the names of
// the others tell another home. False is unknown.
func (v *Visit) serviceless(ctx context.Context) bool {
	if v.Self.SaaS {
		return false
	}
	m, err := v.machines(ctx)
	if err != nil || !m.told {
		return false
	}
	known := map[int64]bool{}
	for _, g := range v.topGroups() {
		accounts, err := v.serviceAccountsOf(ctx, g)
		if err != nil && !missing(err) {
			return false
		}
		for _, a := range accounts {
			known[a.ID] = true
		}
	}
	for id, u := range m.services {
		home := botHome(v.Instance(), u.Username)
		if home == v.Home.ID || home == "" && !known[id] && !instanceAccount.MatchString(u.Username) {
			return false
		}
	}
	return true
}

// emitListed emits the accounts of a self-managed instance for a token that is no administrator's. An account that is
// in both lists, as in versions that do not know the filters, may be either.
func (v *Visit) emitListed(ctx context.Context) error {
	people, err := v.accounts(ctx, "humans=true")
	if err != nil {
		return err
	}
	m, err := v.machines(ctx)
	if err != nil {
		return err
	}
	for _, id := range sortedNumbers(people) {
		u := inventory.User{ID: v.UserID(id), Number: id, Username: people[id].Username, Name: people[id].Name, State: people[id].State}
		if _, either := m.all[id]; !either {
			u.Kind, u.Bot = "user", inventory.No
		}
		v.Emit(u)
	}
	for _, id := range sortedNumbers(m.all) {
		if _, either := people[id]; !either {
			v.emitMachine(m, id)
		}
	}
	return nil
}

func (v *Visit) emitMachine(m *machineLists, id int64) {
	a := m.all[id]
	u := inventory.User{
		ID: v.UserID(id), Number: id, Username: a.Username, Name: a.Name, State: a.State, Kind: botKind(a.Username), Bot: inventory.Yes,
	}
	if _, service := m.services[id]; service && m.told {
		u.Kind = "service-account"
	}
	v.Emit(u)
	if u.Kind != "" {
		v.emitBot(u, botHome(v.Instance(), a.Username))
	}
}
