package gitlabtest

import (
	"encoding/json"
	"net/http"
	"slices"
)

// terraformRoutes are the backend that Terraform and OpenTofu keep their state in. They sign in by HTTP Basic, with a
// token as the password.
// Source: https://docs.gitlab.com/user/infrastructure/iac/terraform_state/, GitLab's lib/api/terraform/state.rb
func terraformRoutes() []Route {
	const source, one = "https://docs.gitlab.com/user/infrastructure/iac/terraform_state/", "projects/:id/terraform/state/:name"
	state := func(method, path string, role Role, handle func(*Call, *TerraformState) Answer) Route {
		return Route{Method: method, Path: path, Basic: true, Raw: true, AnyScope: true, JobToken: true, Source: source, Handle: func(c *Call) Answer {
			switch {
			case c.Level(c.Project) < role:
				return Forbidden("")
			case c.Actor.Token != nil && !slices.Contains(c.Actor.Token.Scopes, "api"):
				return oauthError(http.StatusForbidden, "insufficient_scope", "The request requires higher privileges than provided by the access token.", "api")
			}
			for _, s := range c.Project.TerraformStates {
				if s.Name == c.Path("name") {
					return handle(c, s)
				}
			}
			return handle(c, nil)
		}}
	}
	return []Route{
		state("GET", one, Developer, readState), state("POST", one, Maintainer, writeState), state("DELETE", one, Maintainer, deleteState),
		state("POST", one+"/lock", Maintainer, lockState), state("DELETE", one+"/lock", Maintainer, unlockState),
	}
}

// stateLock is what Terraform sends and reads; only its ID counts here.
type stateLock struct {
	ID string `json:"ID"`
}

func readState(c *Call, s *TerraformState) Answer {
	switch {
	case s == nil:
		return NotFound("")
	case s.Content == "":
		return NoContent()
	}
	return Plain(http.StatusOK, "application/json", s.Content)
}

// heldBy refuses all but the holder of a lock.
func heldBy(c *Call, s *TerraformState, id string) *Answer {
	if s == nil || s.lock == "" || s.lock == id {
		return nil
	}
	a := Answer{Status: http.StatusConflict, Body: Object{"ID": s.lock, "Who": s.LockedBy, "Created": s.LockedAt.stamp(), "Operation": "", "Info": "", "Path": "", "Version": ""}}
	return &a
}

// state makes what is not there yet.
func (c *Call) state(s *TerraformState) *TerraformState {
	if s == nil {
		s = &TerraformState{ID: c.st.next("terraform_states"), Name: c.Path("name"), CreatedAt: At(c.Now), UpdatedAt: At(c.Now)}
		c.Project.TerraformStates = append(c.Project.TerraformStates, s)
	}
	return s
}

func writeState(c *Call, s *TerraformState) Answer {
	var sent struct {
		Serial int `json:"serial"`
	}
	if json.Unmarshal(c.raw, &sent) != nil {
		return badBody()
	}
	if refused := heldBy(c, s, c.query.Get("ID")); refused != nil {
		return *refused
	}
	s = c.state(s)
	s.Content, s.Serial, s.UpdatedAt, s.UpdatedBy = string(c.raw), sent.Serial, At(c.Now), c.Actor.User.Username
	return Plain(http.StatusOK, "application/json", "null")
}

func deleteState(c *Call, s *TerraformState) Answer {
	if s == nil {
		return NotFound("")
	}
	c.Project.TerraformStates = slices.DeleteFunc(c.Project.TerraformStates, func(other *TerraformState) bool { return other == s })
	return OK(nil)
}

func lockState(c *Call, s *TerraformState) Answer {
	var sent stateLock
	if json.Unmarshal(c.raw, &sent) != nil || sent.ID == "" {
		return Refuse(http.StatusBadRequest, "ID is missing")
	}
	if s != nil && s.lock != "" {
		return *heldBy(c, s, "")
	}
	s = c.state(s)
	s.lock, s.LockedAt, s.LockedBy = sent.ID, At(c.Now), c.Actor.User.Username
	return OK(nil)
}

// unlockState without an ID is what an operator forces.
func unlockState(c *Call, s *TerraformState) Answer {
	id := c.query.Get("ID")
	var sent stateLock
	if json.Unmarshal(c.raw, &sent) == nil && id == "" {
		id = sent.ID
	}
	if s == nil {
		return NotFound("")
	}
	if refused := heldBy(c, s, id); id != "" && refused != nil {
		return *refused
	}
	s.lock, s.LockedAt, s.LockedBy = "", Time{}, ""
	return OK(nil)
}
