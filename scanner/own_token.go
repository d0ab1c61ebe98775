package scanner

import (
	"context"
	"encoding/json"

	"nhiscan/inventory"
)

// ownToken is the token that scans: it is inventoried and judged like any other, with what it reaches.
// Source: https://docs.gitlab.com/api/personal_access_tokens/#list-all-token-associations
var ownToken = Source{
	ID: "own-token", Title: "The scanning token",
	Shows: "The token that scans, and the groups and projects it reaches.",
	API:   []string{"GET /personal_access_tokens/self", "GET /personal_access_tokens/self/associations"},
	Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		raw, err := one[accessTokenJSON](ctx, v, "personal_access_tokens/self")
		if err != nil {
			return err
		}
		v.emitToken(raw, v.ownKind(), "")
		if v.Admin() || !v.Self.atLeast("17.4") {
			return nil // an administrator's token reaches everything
		}
		reach, err := v.reach(ctx)
		for _, home := range sortedKeys(reach) {
			v.Emit(inventory.Grant{
				ID: inventory.GrantID(v.Instance(), "own-access", v.Self.Token.User, home), Kind: "own-access",
				Subject: v.Self.Token.User, Home: home, Level: reach[home],
			})
		}
		return err
	},
}

// reach returns the access level of the own token by home ID. It is read once in a scan; rows read before an error
// are kept.
func (v *Visit) reach(ctx context.Context) (map[string]int, error) {
	return shared(v, "reach", func() (map[string]int, error) {
		levels := map[string]int{}
		return levels, v.associations(ctx, func(home string, level int) { levels[home] = max(levels[home], level) })
	})
}

type associationsJSON struct {
	Groups []struct {
		ID    int64           `json:"id"`
		Level json.RawMessage `json:"access_levels"`
	} `json:"groups"`
	Projects []struct {
		ID    int64 `json:"id"`
		Level struct {
			Project int `json:"project_access_level"`
			Group   int `json:"group_access_level"`
		} `json:"access_levels"`
	} `json:"projects"`
}

// associations reads what the token reaches. The answer is one object with two lists, paged together.
func (v *Visit) associations(ctx context.Context, found func(home string, level int)) error {
	path := firstPage("personal_access_tokens/self/associations?min_access_level=10")
	for range maxPages {
		a, err := v.run.client.get(ctx, path)
		if err != nil {
			return err
		}
		var page associationsJSON
		if err := json.Unmarshal(a.body, &page); err != nil {
			return otherShape("GET", path, a, err)
		}
		for _, g := range page.Groups {
			found(v.HomeID(inventory.GroupHome, g.ID), groupLevel(g.Level))
		}
		for _, p := range page.Projects {
			found(v.HomeID(inventory.ProjectHome, p.ID), max(p.Level.Project, p.Level.Group))
		}
		if path, err = v.run.client.nextPage(path, a); path == "" {
			return err
		}
	}
	return partial("the list of what the token reaches does not end")
}

// groupLevel reads a group's access level, which GitLab writes as a number; in an object, the highest counts.
func groupLevel(raw json.RawMessage) int {
	var n int
	if json.Unmarshal(raw, &n) == nil {
		return n
	}
	var levels map[string]int
	if json.Unmarshal(raw, &levels) != nil {
		return 0
	}
	for _, l := range levels {
		n = max(n, l)
	}
	return n
}
