package gitlabtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// licenceRoutes are what an administrator's audit asks of the instance as a whole.
func licenceRoutes() []Route {
	const licence, features = "https://docs.gitlab.com/api/license/", "https://docs.gitlab.com/api/features/"
	return []Route{
		{Method: "GET", Path: "license", Admin: true, Offering: SelfManaged, Permission: "read_license", Source: licence, Handle: showLicence},
		{Method: "GET", Path: "licenses", Admin: true, Offering: SelfManaged, Permission: "read_license", Source: licence, Handle: listLicences},
		{Method: "GET", Path: "application/statistics", Admin: true, Offering: SelfManaged, Permission: "read_application_statistics",
			Source: "https://docs.gitlab.com/api/statistics/", Handle: showStatistics},
		{Method: "GET", Path: "application/appearance", Admin: true, Offering: SelfManaged, Permission: "read_appearance",
			Source: "https://docs.gitlab.com/api/appearance/", Handle: showAppearance},
		{Method: "GET", Path: "features", Admin: true, Offering: SelfManaged, Permission: "read_feature_flag", Source: features, Handle: listFeatures},
		{Method: "POST", Path: "features/:feature", Admin: true, Offering: SelfManaged, Permission: "update_feature_flag", Source: features, Handle: setFeature},
		{Method: "DELETE", Path: "features/:feature", Admin: true, Offering: SelfManaged, Permission: "update_feature_flag", Source: features, Handle: dropFeature},
	}
}

// licenceJSON counts as billable whoever is active and no bot.
func licenceJSON(c *Call, l *License) Object {
	active := len(keep(c.st.w.Users, func(u *User) bool { return u.State == "active" && !u.isBot() }))
	return Object{
		"id": l.ID, "plan": map[Tier]string{Premium: "premium", Ultimate: "ultimate"}[c.Profile.Tier], "created_at": l.StartsAt.stamp(),
		"starts_at": l.StartsAt.date(), "expires_at": l.ExpiresAt.date(), "historical_max": active, "maximum_user_count": active,
		"expired": l.ExpiresAt.past(c.Now), "overage": max(0, active-l.UserLimit), "user_limit": l.UserLimit, "active_users": active,
		"licensee": Object{"Name": l.Licensee, "Company": l.Licensee}, "add_ons": Object{},
	}
}

// showLicence answers null where an instance has none.
func showLicence(c *Call) Answer {
	if l := c.st.w.License; l != nil && c.Profile.Tier > Free {
		return OK(licenceJSON(c, l))
	}
	return Plain(http.StatusOK, "application/json", "null")
}

func listLicences(c *Call) Answer {
	rows := []Object{}
	if l := c.st.w.License; l != nil && c.Profile.Tier > Free {
		rows = append(rows, licenceJSON(c, l))
	}
	return OK(rows)
}

// showStatistics gives counts as text with a comma at each thousand.
func showStatistics(c *Call) Answer {
	keys, snippets, forks, active := 0, 0, 0, 0
	for _, u := range c.st.w.Users {
		keys += len(u.SSHKeys)
		if u.State == "active" {
			active++
		}
	}
	for _, p := range c.st.w.Projects {
		snippets += len(p.Snippets)
		if p.ForkedFrom != "" {
			forks++
		}
	}
	made := map[string]int{}
	for place, rows := range c.st.records {
		made[lastSegment(place)] += len(rows)
	}
	o := Object{}
	for name, n := range map[string]int{
		"forks": forks, "issues": made["issues"], "merge_requests": made["merge_requests"], "notes": made["notes"], "snippets": snippets, "ssh_keys": keys, "milestones": made["milestones"],
		"users": len(c.st.w.Users), "groups": len(c.st.w.Groups), "projects": len(c.st.w.Projects), "active_users": active,
	} {
		o[name] = thousands(n)
	}
	return OK(o)
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// showAppearance is that of an instance nobody has painted.
func showAppearance(*Call) Answer {
	o := Object{"logo": nil, "header_logo": nil, "favicon": nil, "pwa_icon": nil, "message_background_color": "#E75E40",
		"message_font_color": "#FFFFFF", "email_header_and_footer_enabled": false}
	for _, name := range strings.Fields("title description pwa_name pwa_short_name pwa_description member_guidelines new_project_guidelines " +
		"profile_image_guidelines header_message footer_message") {
		o[name] = ""
	}
	return OK(o)
}

func featureJSON(name string, on bool) Object {
	state := map[bool]string{true: "on", false: "off"}[on]
	return Object{"name": name, "state": state, "gates": []Object{{"key": "boolean", "value": on}}, "definition": nil}
}

func listFeatures(c *Call) Answer {
	rows := []Object{}
	for _, name := range slices.Sorted(maps.Keys(c.st.w.Features)) {
		rows = append(rows, featureJSON(name, c.st.w.Features[name]))
	}
	return OK(rows)
}

func setFeature(c *Call) Answer {
	on, set := c.Bool("value")
	if !set {
		return Refuse(http.StatusBadRequest, "value is missing")
	}
	if c.st.w.Features == nil {
		c.st.w.Features = map[string]bool{}
	}
	c.st.w.Features[c.Path("feature")] = on
	return Created(featureJSON(c.Path("feature"), on))
}

func dropFeature(c *Call) Answer {
	delete(c.st.w.Features, c.Path("feature"))
	return NoContent()
}
