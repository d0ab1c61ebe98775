package gitlabtest

import "slices"

func applicationRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "applications", Admin: true, Offering: SelfManaged, Permission: "read_application", Paging: Offset, Handle: listApplications},
		{Method: "POST", Path: "applications/:id/renew-secret", Admin: true, Offering: SelfManaged, Since: "16.11",
			Permission: "update_application", Handle: renewApplication},
		{Method: "DELETE", Path: "applications/:id", Admin: true, Offering: SelfManaged, Permission: "delete_application", Handle: deleteApplication},
	}
}

func applicationJSON(c *Call, a *Application) Object {
	return Object{
		"id": a.ID, "application_id": a.ClientID, "application_name": a.Name, "callback_url": a.CallbackURL, "confidential": a.Confidential,
	}.Since(c.Profile, "17.8", "scopes", append([]string{}, a.Scopes...))
}

// instanceApplications are those without an owner: applications of groups and users have no API.
func instanceApplications(c *Call) []*Application {
	return slices.DeleteFunc(slices.Clone(c.st.w.Applications), func(a *Application) bool { return a.Owner != "" })
}

func listApplications(c *Call) Answer {
	return List(c, instanceApplications(c), noID[*Application], func(a *Application) Object { return applicationJSON(c, a) })
}

func findApplication(c *Call) *Application {
	for _, a := range instanceApplications(c) {
		if a.ID == c.PathID("id") {
			return a
		}
	}
	return nil
}

func renewApplication(c *Call) Answer {
	a := findApplication(c)
	if a == nil {
		return NotFound("Application")
	}
	fresh := prefixesOf(c.st.w.Settings).instance + "gloas-" + newEntropy(c.st.seed, "renew\x00"+a.Value).pick(lowerHex, 64)
	c.st.newValue(a.Value, fresh)
	a.Value = fresh
	return Created(applicationJSON(c, a).Merge(Object{"secret": fresh}))
}

func deleteApplication(c *Call) Answer {
	a := findApplication(c)
	if a == nil {
		return NotFound("Application")
	}
	delete(c.st.owners, a.Value)
	c.st.w.Applications = slices.DeleteFunc(c.st.w.Applications, func(other *Application) bool { return other == a })
	return NoContent()
}
