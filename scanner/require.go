package scanner

import (
	"errors"
	"net/http"

	"nhiscan/inventory"
)

// require sets what this visit needs, where it is another thing than what the source needs elsewhere: a group's
// webhooks, for instance, need its Owner and a licence.
func (v *Visit) require(role Role, tier string) error {
	v.source.Needs.Role, v.source.Needs.Tier = role, tier
	if tier != "" && v.Self.Enterprise == inventory.No {
		return unsupported("a feature of GitLab " + tier)
	}
	return nil
}

// statusOf returns the HTTP status of a refused request; 0 for anything else.
func statusOf(err error) int {
	var api *APIError
	if errors.As(err, &api) && api.Kind == refused {
		return api.Status
	}
	return 0
}

// notFound reports whether GitLab answered 404.
func notFound(err error) bool { return statusOf(err) == http.StatusNotFound }

// groupsAbove lists the groups that the home lies in, as far as the scan visits them; whole is false when one is not.
func (v *Visit) groupsAbove() (groups []inventory.Home, whole bool) {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	instance := v.run.instanceID()
	for id := v.Home.Parent; id != instance; {
		u, ok := v.run.units[id]
		if !ok || len(groups) > 100 { // nothing is nested that deep
			return groups, false
		}
		groups = append(groups, u.home)
		id = u.home.Parent
	}
	return groups, true
}

// buildsOff says that the project has CI/CD switched off. GitLab then refuses what belongs to it with 403 whatever
// the role, so asking would tell nothing.
func buildsOff(v *Visit) string {
	if v.Home.Kind == inventory.ProjectHome && v.Home.Settings["builds_access_level"] == "disabled" {
		return "CI/CD is switched off in this project"
	}
	return ""
}

// emptyRepository reports that the project holds no commit, and so no file, pipeline or protected ref.
func emptyRepository(v *Visit) bool {
	return v.Home.Kind == inventory.ProjectHome && v.Home.Setting("empty_repo") == inventory.Yes
}

// stateOf is the state of what is only switched on or off.
func stateOf(on inventory.Tri) string {
	switch on {
	case inventory.Yes:
		return inventory.Active
	case inventory.No:
		return inventory.Inactive
	}
	return ""
}

// text returns free text fit to be kept as an attribute: what the detector finds in it becomes "[secret]".
func (v *Visit) text(s string) string {
	v.clean("", &s, nil)
	return s
}

// attributes keeps facts under GitLab's names, leaving out what was not shown. Nil when none was.
func attributes(pairs ...string) map[string]string {
	var m map[string]string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if m == nil {
			m = map[string]string{}
		}
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// triText is "true", "false", or empty for unknown.
func triText(t inventory.Tri) string {
	switch t {
	case inventory.Yes:
		return "true"
	case inventory.No:
		return "false"
	}
	return ""
}
