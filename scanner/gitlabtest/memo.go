package gitlabtest

import (
	"net/url"
	"strconv"
	"strings"
)

// maxMemo bounds what is kept: a list of a large world is a megabyte.
const maxMemo = 64

// remember keeps what is costly to work out over a whole world: the rows of a list that is read page by page, an index
// that each project's request needs. It is forgotten at every change of the state and when the clock moves on by a
// second. What it returns must not be changed.
func remember[T any](c *Call, what string, work func() T) T {
	key := strconv.FormatInt(c.Now.Unix(), 36) + "\x00" + what
	if kept, ok := c.st.memo[key].(T); ok {
		return kept
	}
	made := work()
	if c.st.memo == nil {
		c.st.memo = map[string]any{}
	}
	for old := range c.st.memo {
		if len(c.st.memo) < maxMemo {
			break
		}
		delete(c.st.memo, old)
	}
	c.st.memo[key] = made
	return made
}

// rememberRows keeps the rows of a list for this caller, these filters and this order, whatever the page.
func rememberRows[T any](c *Call, work func() []T) []T {
	if len(c.body) > 0 {
		return work()
	}
	q := url.Values{}
	for name, values := range c.query {
		switch name {
		case "page", "per_page", "cursor", "pagination", "private_token", "access_token":
		default:
			q[name] = values
		}
	}
	who := "anonymous"
	if c.Actor.User != nil {
		who = itoa(c.Actor.User.ID) + strconv.FormatBool(c.Actor.Admin)
	}
	if c.Actor.Token != nil {
		who += "/" + itoa(c.Actor.Token.ID)
	}
	return remember(c, strings.Join([]string{c.Route.Path, c.path["id"], c.path["user_id"], who, q.Encode()}, "\x00"), work)
}

// changed forgets what was remembered.
func (st *state) changed() { st.memo = nil }
