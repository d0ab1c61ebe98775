package scanner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
)

// One GraphQL question per project replaces a request per list, and per row where the REST list is thinner than the
// item: schedules, agents and their tokens, job-token edges. Its complexity stays under the 250 points that GitLab
// grants; the simulator counts as GitLab does and refuses more. Lists that go on after the first page are read on by
// themselves, part by part. It asks about one project: GitLab resolves environments and pipelineSchedules for one project
// in any single request (Types::ProjectType), so that a question about several would save nothing.
// Source: https://docs.gitlab.com/api/graphql/reference/ and https://docs.gitlab.com/api/graphql/#limits

// graphPart is one field of the question. Its text is the same in the first question and in the pages that follow.
type graphPart struct {
	name  string                             // the field of Project that it asks for
	first int                                // rows per page; 0 is a field that does not page
	text  string                             // what it selects: of each node where it pages, else of the field itself
	since string                             // version
	args  string                             // besides those of paging
	only  func(*Visit, context.Context) bool // nil is always
}

const (
	graphUser = "{id username name state}"
	graphGo   = "pageInfo{hasNextPage endCursor}"
)

var graphParts = []graphPart{
	{name: "maxAccessLevel", text: "{integerValue}"},
	{name: "ciCdSettings", text: "{inboundJobTokenScopeEnabled}"},
	// The two allowlists end at 200 entries each, which is also their page size.
	{name: "ciJobTokenScopeAllowlist", since: "17.6", text: "{projectsAllowlist{nodes{" + allowEntry + "}} groupsAllowlist{nodes{" + allowEntry + "}}}"},
	{name: "ciJobTokenAuthLogs", first: 50, since: "17.6", text: "originProject{id fullPath} lastAuthorizedAt"},
	{name: "ciVariables", first: 50, text: "key value variableType raw environmentScope protected hidden masked description"},
	{name: "pipelineSchedules", first: 20, text: "id description active nextRunAt ref cron createdAt owner" + graphUser +
		" variables{nodes{key value variableType raw}} " + scheduleInputs},
	{name: "clusterAgents", first: 20, text: "id name createdAt createdByUser" + graphUser +
		" tokens(first:20){nodes{id name description status createdAt lastUsedAt createdByUser" + graphUser + "}}"},
	{name: "alertManagementHttpIntegrations", first: 20, text: "id name active type url token"},
	{name: "terraformStates", first: 20, text: "id name lockedAt createdAt updatedAt latestVersion{serial createdByUser" + graphUser + "}"},
	{name: "environments", first: 20, text: "name tier state" + environmentProtectors},
	{name: "branchRules", first: 20, text: "name branchProtection{allowForcePush pushAccessLevels{nodes{" + branchAccess +
		" deployKey{id}}} mergeAccessLevels{nodes{" + branchAccess + "}}}"},
	{name: "pipelineTriggers", first: 1, text: "id"},                    // is there any: the REST list tells more
	{name: "runners", first: 1, args: " type:PROJECT_TYPE", text: "id"}, // as above, of the project's own runners
	{name: "releases", first: 20, text: "tagName description links{nodes{name url}}"},
	{name: "projectMembers", first: 50, args: " relations:[DIRECT]", only: (*Visit).membersByGraph,
		text: "accessLevel{integerValue} createdAt expiresAt createdBy" + graphUser + " user" + graphUser},
}

const (
	scheduleInputs = "inputs{nodes{name value}}"
	allowEntry     = "target{... on CiJobTokenAccessibleProject{id} ... on CiJobTokenAccessibleGroup{id}} addedBy{id username} createdAt defaultPermissions jobTokenPolicies"
	branchAccess   = "accessLevel user{id} group{id}"
	// One environment is protected by the project under its name, and by any group above under its tier.
	environmentProtectors = " protectedEnvironments(first:10){nodes{deployAccessLevels{nodes{accessLevel{integerValue} user{id} group{id}}}} pageInfo{hasNextPage}}"
)

// query returns the part as a field of Project, its text cut to what this GitLab's schema has: one unknown field would
// make it refuse the whole question.
func (p graphPart) query(s Self, after string) string {
	text := p.text
	if s.Enterprise == inventory.No {
		// Access of single users and groups to a branch is a feature of Premium, and of its schema.
		text = strings.ReplaceAll(text, branchAccess, "accessLevel")
		text = strings.ReplaceAll(text, environmentProtectors, "")
	}
	if !s.atLeast("18.1") {
		text = strings.ReplaceAll(text, scheduleInputs, "")
	}
	if p.first == 0 {
		return p.name + text
	}
	args := "first:" + strconv.Itoa(p.first) + p.args
	if after != "" {
		args += " after:$after"
	}
	return fmt.Sprintf("%s(%s){nodes{%s} %s}", p.name, args, text, graphGo)
}

// list is a GraphQL connection. A field that the token may not read is null, which leaves the pointer to it nil.
type list[T any] struct {
	Nodes []*T `json:"nodes"`
	Page  struct {
		More bool   `json:"hasNextPage"`
		End  string `json:"endCursor"`
	} `json:"pageInfo"`
}

// projectGraphJSON is the answer about one project.
type projectGraphJSON struct {
	Access *struct {
		Level int `json:"integerValue"`
	} `json:"maxAccessLevel"`
	Settings *struct {
		Inbound flag `json:"inboundJobTokenScopeEnabled"`
	} `json:"ciCdSettings"`
	Allowlist    *allowlistJSON             `json:"ciJobTokenScopeAllowlist"`
	AuthLogs     *list[authLogJSON]         `json:"ciJobTokenAuthLogs"`
	Variables    *list[graphVariableJSON]   `json:"ciVariables"`
	Schedules    *list[graphScheduleJSON]   `json:"pipelineSchedules"`
	Agents       *list[graphAgentJSON]      `json:"clusterAgents"`
	Alerts       *list[alertJSON]           `json:"alertManagementHttpIntegrations"`
	States       *list[terraformStateJSON]  `json:"terraformStates"`
	Environments *list[graphEnvironment]    `json:"environments"`
	BranchRules  *list[graphBranchRuleJSON] `json:"branchRules"`
	Triggers     *list[idJSON]              `json:"pipelineTriggers"`
	Runners      *list[idJSON]              `json:"runners"`
	Members      *list[graphMemberJSON]     `json:"projectMembers"`
	Releases     *list[releaseJSON]         `json:"releases"`
}

type idJSON struct {
	ID gid `json:"id"`
}

// gid is a global ID, "gid://gitlab/Ci::Runner/1", of which the number counts.
type gid int64

// UnmarshalJSON reads a global ID, or a plain number.
func (g *gid) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	n, err := strconv.ParseInt(text[strings.LastIndexByte(text, '/')+1:], 10, 64)
	if err != nil {
		return fmt.Errorf("global ID %.60q: want gid://gitlab/TYPE/NUMBER", text)
	}
	*g = gid(n)
	return nil
}

// hiddenText is a text that may be a secret: it goes from JSON into a secret.Value at once. Null is not shown.
type hiddenText struct {
	value secret.Value
	shown bool
}

// UnmarshalJSON keeps a string as it is and any other value as its JSON text.
func (h *hiddenText) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	h.value, h.shown = secret.New(s), true
	return nil
}

// graphUserJSON is a user as GraphQL names one.
type graphUserJSON struct {
	ID       gid    `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	State    string `json:"state"`
}

func (u *graphUserJSON) ref() userRef {
	return userRef{ID: int64(u.ID), Username: u.Username, Name: u.Name, State: u.State}
}

// emitGraphUser emits the account and returns its ID; empty for nil.
func (v *Visit) emitGraphUser(u *graphUserJSON) string {
	if u == nil {
		return ""
	}
	return v.EmitUser(u.ref())
}

// graph asks for the project's answer, once per project. An error says that GraphQL as a whole does not answer;
// callers then go by REST, where there is a way.
func (v *Visit) graph(ctx context.Context) (*projectGraphJSON, error) {
	return once(v, "graph", func() (*projectGraphJSON, error) {
		var fields []string
		for _, p := range graphParts {
			if v.Self.atLeast(p.since) && (p.only == nil || p.only(v, ctx)) {
				fields = append(fields, p.query(v.Self, ""))
			}
		}
		return v.askProject(ctx, "query projectInventory($path:ID!){project(fullPath:$path){"+strings.Join(fields, " ")+"}}", "")
	})
}

func (v *Visit) askProject(ctx context.Context, query, after string) (*projectGraphJSON, error) {
	variables := map[string]any{"path": v.Home.Path}
	if after != "" {
		variables["after"] = after
	}
	type answer struct {
		Project *projectGraphJSON `json:"project"`
	}
	a, err := graphQL[answer](ctx, v, query, variables)
	if err != nil {
		return nil, err
	}
	if a.Project == nil {
		return nil, &APIError{Method: "POST", Path: graphQLPath, Status: http.StatusNotFound, Kind: refused, Message: "the project is not shown", cause: errProjectHidden}
	}
	return a.Project, nil
}

// maxGraphPages bounds one list. Pages may be empty: each row of theirs may be hidden from this token.
const maxGraphPages = 1_000

// rest reads the pages after the first of one part, and returns the nodes of all. pick finds the part in an answer.
// An error comes with the nodes read so far.
func rest[T any](ctx context.Context, v *Visit, name string, first *list[T], pick func(*projectGraphJSON) *list[T]) ([]T, error) {
	var nodes []T
	page := first
	for range maxGraphPages {
		for _, n := range page.Nodes {
			if n != nil { // a node that the token may not read is null
				nodes = append(nodes, *n)
			}
		}
		if !page.Page.More {
			return nodes, nil
		}
		if page.Page.End == "" {
			return nodes, partial("the list broke off after " + strconv.Itoa(len(nodes)) + " rows")
		}
		g, err := v.askProject(ctx, nextPart(v.Self, name, page.Page.End), page.Page.End)
		if err != nil {
			return nodes, err
		}
		next := pick(g)
		if next == nil || next.Page.End == page.Page.End {
			return nodes, partial("the list broke off after " + strconv.Itoa(len(nodes)) + " rows")
		}
		page = next
	}
	return nodes, partial(fmt.Sprintf("the list has more than %d pages", maxGraphPages))
}

func nextPart(s Self, name, after string) string {
	for _, p := range graphParts {
		if p.name == name {
			return "query projectPage($path:ID! $after:String){project(fullPath:$path){" + p.query(s, after) + "}}"
		}
	}
	return ""
}

// graphList returns the nodes of one part. Unlike REST, GraphQL answers with null or an empty list where the role is
// too low, so an answer counts only from a role that sees the part whole.
// viaREST reports that GraphQL did not answer, and that the caller should ask the REST API.
func graphList[T any](ctx context.Context, v *Visit, name string, pick func(*projectGraphJSON) *list[T]) (nodes []T, viaREST bool, err error) {
	g, err := v.graph(ctx)
	if err != nil {
		if askedInVain(err) {
			return nil, true, err
		}
		return nil, false, err
	}
	first := pick(g)
	if first == nil {
		if g.role(v) >= v.source.Needs.Role {
			// A role that should see it: the schema has it not, or a feature is off. REST says which.
			return nil, true, unsupported("GitLab shows no " + name + " of this project")
		}
		return nil, false, denied(g.tooLow(v))
	}
	nodes, err = rest(ctx, v, name, first, pick)
	if err == nil && g.role(v) < v.source.Needs.Role {
		if len(nodes) == 0 {
			return nil, false, denied(g.tooLow(v))
		}
		v.Incomplete(g.tooLow(v))
	}
	return nodes, false, err
}

// errProjectHidden says that GraphQL answered, and that this token may not see the project: REST would answer 404.
var errProjectHidden = errors.New("the project is hidden")

// askedInVain reports whether GraphQL refused the question itself: switched off for this token, or another schema.
func askedInVain(err error) bool {
	var api *APIError
	return errors.As(err, &api) && !errors.Is(err, errProjectHidden) && api.Kind == refused && api.Status != http.StatusUnauthorized && api.Status < 500
}

// role is the token's role in the project as GraphQL tells it, which counts group shares too.
func (g *projectGraphJSON) role(v *Visit) Role {
	role := v.Level
	switch {
	case v.Admin():
		return Administrator
	case g.Access != nil:
		role = max(role, Role(g.Access.Level))
	}
	if v.Self.Auditor {
		role = max(role, Reporter) // an auditor reads every project as a Reporter does
	}
	return role
}

func (g *projectGraphJSON) tooLow(v *Visit) string {
	if r := g.role(v).String(); r != "" {
		return "the token's role here is " + r
	}
	return "the token has no role here"
}
