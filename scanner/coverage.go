package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"nhiscan/inventory"
)

// maxCoverage bounds a reason, in characters.
const maxCoverage = 600

// collect runs the source, unless it is known beforehand that GitLab would refuse.
func (v *Visit) collect(ctx context.Context) error {
	s := v.source
	switch {
	case s.Collect == nil:
		return unsupported(s.Shows)
	case s.Needs.Offering == "self-managed" && v.Self.SaaS:
		return unsupported("GitLab.com does not offer it")
	case s.Needs.Offering == "GitLab.com" && !v.Self.SaaS:
		return unsupported("only GitLab.com offers it")
	case !v.Self.atLeast(s.Needs.Since):
		return unsupported(fmt.Sprintf("GitLab %s does not have it yet: since %s", v.Self.Version, s.Needs.Since))
	case s.Needs.Tier != "" && v.Self.Enterprise == inventory.No:
		return unsupported("a feature of GitLab " + s.Needs.Tier)
	case s.Needs.Role == Administrator && !v.Admin():
		return v.onlyAdmin("")
	case v.Level > Anyone && v.Level < s.Needs.Role && !v.unit.custom:
		return denied(fmt.Sprintf("the token's role here is %s", v.Level))
	}
	if s.None != nil && s.None(v) {
		return nil
	}
	if s.Skip != nil {
		if reason := s.Skip(v); reason != "" {
			return notAsked(reason)
		}
	}
	return s.Collect(ctx, v)
}

// onlyAdmin says that GitLab shows the rest to an administrator only, and which part of being one is missing. The
// source itself may need less: anyone may ask for a list of which an administrator alone gets the whole.
func (v *Visit) onlyAdmin(without string) error {
	reason := "the token's user is no administrator"
	v.source.Needs.Role = Administrator
	if v.Self.AdminUser {
		reason = "the token's user is an administrator, but the token has no Admin Mode (scope admin_mode)"
		v.source.Needs.Scope = "admin_mode " + v.source.Needs.Scope
	}
	if without != "" {
		reason += ": " + without
	}
	return denied(reason)
}

// coverage says how much of the visit succeeded.
func (v *Visit) coverage(err error) inventory.Coverage {
	c := inventory.Coverage{
		Visit: inventory.Visit{Source: v.source.ID, Home: v.Home.ID},
		State: inventory.Complete, Seen: len(v.rows),
	}
	var api *APIError
	var state *stateError
	switch {
	case err == nil && v.note != "":
		c.State, c.Reason = inventory.Partial, v.note
	case err == nil:
		c.Reason = v.aside
	case errors.As(err, &state):
		c.State, c.Reason, c.Needs.Source = state.state, state.reason, state.shown
	case errors.As(err, &api):
		c.Status = api.Status
		c.State, c.Reason = v.refusal(api)
		if c.State == inventory.Failed && len(v.rows) > 0 {
			c.State = inventory.Partial
		}
	default:
		c.State, c.Reason = inventory.Failed, err.Error()
	}
	c.Reason = v.printable(c.Reason, maxCoverage) // most reasons quote the server
	if c.State == inventory.Denied || c.State == inventory.Unsupported && api != nil {
		c.Needs = v.needs(api)
	}
	return c
}

// refusal reads what a refused request means for this source.
// A 404 on a path that this version has means: not there, not yours, not licensed, or a classic token where
// fine-grained ones are enforced. The project itself is known to be there, so the source is what is withheld.
func (v *Visit) refusal(e *APIError) (inventory.State, string) {
	switch {
	case e.Kind != refused:
		return inventory.Failed, e.Error()
	case e.Status == http.StatusForbidden && e.Scopes != "":
		return inventory.Denied, "the token lacks a scope: " + firstOf(e.Message, e.Scopes)
	case e.Status == http.StatusUnauthorized:
		return inventory.Denied, "401: the token is accepted elsewhere, but not here" + prefixed(": ", e.Message)
	case e.Status == http.StatusForbidden:
		return inventory.Denied, firstOf(e.Message, "403 Forbidden")
	case e.Status == http.StatusNotFound && v.source.Needs.Tier != "":
		return inventory.Denied, "404: the role is too low, or the instance lacks a licence for " + v.source.Needs.Tier
	case e.Status == http.StatusNotFound:
		return inventory.Denied, "404: gone, or hidden from this token"
	case e.Status == http.StatusTooManyRequests:
		return inventory.Failed, "GitLab kept answering that there were too many requests"
	}
	return inventory.Failed, e.Error()
}

func (v *Visit) needs(api *APIError) inventory.Needs {
	out := v.source.Needs.Least()
	if api != nil && api.Scopes != "" {
		out = inventory.Needs{Scope: api.Scopes}
	}
	return out
}
