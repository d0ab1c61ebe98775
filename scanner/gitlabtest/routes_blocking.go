package gitlabtest

import (
	"net/http"
	"slices"
)

// blockingRoutes end and revive accounts.
func blockingRoutes() []Route {
	const source, write = "https://docs.gitlab.com/api/user_moderation/", "update_user"
	return []Route{
		{Method: "POST", Path: "users/:id/block", Admin: true, Permission: write, Source: source, Handle: blockUser},
		{Method: "POST", Path: "users/:id/unblock", Admin: true, Permission: write, Source: source, Handle: unblockUser},
		{Method: "POST", Path: "users/:id/deactivate", Admin: true, Permission: write, Source: source, Handle: deactivateUser},
		{Method: "POST", Path: "users/:id/activate", Admin: true, Permission: write, Source: source, Handle: activateUser},
		{Method: "DELETE", Path: "users/:id", Admin: true, Permission: "delete_user", Source: "https://docs.gitlab.com/api/users/#delete-a-user", Handle: deleteUser},
	}
}

// withUser finds :id and refuses what GitLab never lets anybody do to an account.
func withUser(c *Call, change func(*User) Answer) Answer {
	u := c.st.users[c.PathID("id")]
	switch {
	case u == nil:
		return NotFound("User")
	case u.Kind == "internal":
		return Forbidden("An internal user cannot be changed")
	}
	return change(u)
}

// moveUser changes the state and keeps who did it. GitLab answers 201 and the bare word true.
func (c *Call) moveUser(u *User, state, event string) Answer {
	u.State = state
	c.Audit(event, u, "User", u.Name, u.ID, nil)
	return Created(true)
}

func blockUser(c *Call) Answer {
	return withUser(c, func(u *User) Answer {
		switch {
		case u.State == "ldap_blocked":
			return Forbidden("LDAP blocked users cannot be modified by the API")
		case u == c.Actor.User:
			return Forbidden("The API initiating user cannot be blocked by the API")
		case u.State == "blocked":
			return Created(true)
		}
		c.stopPipelines(u)
		return c.moveUser(u, "blocked", "user_blocked")
	})
}

// stopPipelines switches off what runs by the user's rights: schedules and running jobs. Unblocking brings none back.
// Source: app/services/ci/drop_pipelines_and_disable_schedules_for_user_service.rb of GitLab.
func (c *Call) stopPipelines(u *User) {
	for _, p := range c.st.w.Projects {
		for _, s := range p.Schedules {
			if s.Owner == u.Username && !s.Inactive {
				s.Inactive, s.NextRunAt, s.UpdatedAt = true, Time{}, At(c.Now)
			}
		}
		for _, run := range p.Pipelines {
			if run.User == u.Username {
				c.dropJobs(run)
			}
		}
	}
}

func (c *Call) dropJobs(run *Pipeline) {
	for _, j := range run.Jobs {
		if j.Status == "running" {
			j.Status, run.Status, j.FinishedAt = "failed", "failed", At(c.Now)
			delete(c.st.owners, j.Value)
		}
	}
}

func unblockUser(c *Call) Answer {
	return withUser(c, func(u *User) Answer {
		switch u.State {
		case "ldap_blocked":
			return Forbidden("LDAP blocked users cannot be unblocked by the API")
		case "deactivated":
			return Forbidden("Deactivated users cannot be unblocked by the API")
		}
		return c.moveUser(u, "active", "unblock_user")
	})
}

// dormantDays is how long an account must have been quiet before the API deactivates it.
const dormantDays = 90

func deactivateUser(c *Call) Answer {
	return withUser(c, func(u *User) Answer {
		switch {
		case u.State == "deactivated":
			return Created(true)
		case u.State != "active":
			return Forbidden("A blocked user cannot be deactivated by the API")
		case u.LastActivityOn.After(c.Now.AddDate(0, 0, -dormantDays)):
			return Forbidden("The user you are trying to deactivate has been active in the past 90 days and cannot be deactivated")
		}
		return c.moveUser(u, "deactivated", "user_deactivate")
	})
}

func activateUser(c *Call) Answer {
	return withUser(c, func(u *User) Answer {
		if u.State != "active" && u.State != "deactivated" {
			return Forbidden("A blocked user must be unblocked to be activated")
		}
		return c.moveUser(u, "active", "user_activate")
	})
}

// deleteUser removes an account with everything that is his alone: tokens, keys, trigger tokens, memberships and personal
// projects. His schedules stay, without an owner, and stop.
func deleteUser(c *Call) Answer {
	return withUser(c, func(u *User) Answer {
		if u == c.Actor.User {
			return Message(http.StatusConflict, "409 Conflict")
		}
		c.stopPipelines(u)
		c.Audit("user_destroyed", u, "User", u.Name, u.ID, nil)
		c.st.removeUser(u)
		return NoContent()
	})
}

// removeUser deletes an account for good.
func (st *state) removeUser(u *User) {
	for _, p := range slices.Clone(st.w.Projects) {
		if p.owner == u {
			st.removeProject(p)
		}
	}
	st.dropTokens(func(t *AccessToken) bool { return t.user == u })
	is := func(name string) bool { return name == u.Username }
	for _, g := range st.w.Groups {
		g.Members = slices.DeleteFunc(g.Members, func(m *Member) bool { return is(m.User) })
		g.AccessTokens = slices.DeleteFunc(g.AccessTokens, func(t *AccessToken) bool { return t.user == u })
	}
	for _, p := range st.w.Projects {
		p.Members = slices.DeleteFunc(p.Members, func(m *Member) bool { return is(m.User) })
		p.AccessTokens = slices.DeleteFunc(p.AccessTokens, func(t *AccessToken) bool { return t.user == u })
		p.Triggers = slices.DeleteFunc(p.Triggers, func(t *Trigger) bool {
			if is(t.Owner) {
				delete(st.owners, t.Value)
			}
			return is(t.Owner)
		})
		for _, s := range p.Schedules {
			if is(s.Owner) {
				s.Owner = ""
			}
		}
	}
	delete(st.users, u.ID)
	delete(st.usernames, u.Username)
	st.w.Users = slices.DeleteFunc(st.w.Users, func(other *User) bool { return other == u })
	st.reindexMembers()
}

// dropTokens forgets access tokens; the lists of their homes are the caller's.
func (st *state) dropTokens(gone func(*AccessToken) bool) {
	st.tokens = slices.DeleteFunc(st.tokens, func(t *AccessToken) bool {
		if gone(t) {
			delete(st.owners, t.Value)
			delete(st.tokenID, t.ID)
		}
		return gone(t)
	})
}
