package gitlabtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// graphMutation is a change by GraphQL. The route of the REST API that changes the same does it, with its own checks of
// scope, role, licence and form. Source: https://docs.gitlab.com/api/graphql/reference/#mutations
type graphMutation struct {
	// call is method and path of the route; {name} in it is an input.
	call string
	// in says what an input is called in the REST API; one that only the path takes is called "".
	in map[string]string
	// field of the payload shows what was changed, an object of type of; both empty where GitLab shows none.
	field, of string
	show      func(c *Call, body map[string]any) any
}

func graphMutations() map[string]graphMutation {
	const issue, merge = "projects/{projectPath}/issues", "projects/{projectPath}/merge_requests"
	text := map[string]string{"projectPath": "", "title": "title", "description": "description"}
	also := func(in map[string]string, more ...string) map[string]string {
		in = maps.Clone(in)
		for i := 0; i < len(more); i += 2 {
			in[more[i]] = more[i+1]
		}
		return in
	}
	runner := map[string]string{"id": "", "description": "description", "paused": "paused", "locked": "locked", "runUntagged": "run_untagged", "tagList": "tag_list", "accessLevel": "access_level",
		"maximumTimeout": "maximum_timeout", "maintenanceNote": "maintenance_note"}
	id := map[string]string{"id": ""}
	return map[string]graphMutation{
		"createIssue":                   {"POST " + issue, also(text, "labels", "labels", "confidential", "confidential"), "issue", "Issue", showWork("Issue")},
		"updateIssue":                   {"PUT " + issue + "/{iid}", also(text, "iid", "", "confidential", "confidential", "stateEvent", "state_event"), "issue", "Issue", showWork("Issue")},
		"mergeRequestCreate":            {"POST " + merge, also(text, "labels", "labels", "sourceBranch", "source_branch", "targetBranch", "target_branch"), "mergeRequest", "MergeRequest", showWork("MergeRequest")},
		"mergeRequestUpdate":            {"PUT " + merge + "/{iid}", also(text, "iid", "", "targetBranch", "target_branch", "state", "state_event"), "mergeRequest", "MergeRequest", showWork("MergeRequest")},
		"createNote":                    {"POST {noteableId}/notes", map[string]string{"noteableId": "", "body": "body", "internal": "internal"}, "note", "Note", showNote},
		"runnerCreate":                  {"POST user/runners", also(runner, "runnerType", "runner_type", "groupId", "group_id", "projectId", "project_id"), "runner", "CiRunner", showRunnerOf},
		"runnerUpdate":                  {"PUT runners/{id}", runner, "runner", "CiRunner", showRunnerOf},
		"runnerDelete":                  {"DELETE runners/{id}", id, "", "", nil},
		"jobPlay":                       {"POST {id}/play", id, "job", "CiJob", showJobOf},
		"jobRetry":                      {"POST {id}/retry", id, "job", "CiJob", showJobOf},
		"jobCancel":                     {"POST {id}/cancel", id, "job", "CiJob", showJobOf},
		"pipelineRetry":                 {"POST {id}/retry", id, "pipeline", "Pipeline", showPipelineOf},
		"pipelineCancel":                {"POST {id}/cancel", id, "", "", nil},
		"pipelineDestroy":               {"DELETE {id}", id, "", "", nil},
		"projectCiCdSettingsUpdate":     {"PATCH projects/{fullPath}/job_token_scope", map[string]string{"fullPath": "", "inboundJobTokenScopeEnabled": "enabled"}, "", "", nil},
		"ciJobTokenScopeAddProject":     {"POST projects/{projectPath}/job_token_scope/allowlist", map[string]string{"projectPath": "", "direction": "", "targetProjectPath": "target_project_id"}, "", "", nil},
		"ciJobTokenScopeRemoveProject":  {"DELETE projects/{projectPath}/job_token_scope/allowlist/{targetProjectPath}", map[string]string{"projectPath": "", "direction": "", "targetProjectPath": ""}, "", "", nil},
		"createClusterAgent":            {"POST projects/{projectPath}/cluster_agents", map[string]string{"projectPath": "", "name": "name"}, "clusterAgent", "ClusterAgent", showAgentOf},
		"clusterAgentDelete":            {"DELETE {id}", id, "", "", nil},
		"pipelineScheduleTakeOwnership": {"POST {id}/take_ownership", id, "", "", nil},
		"pipelineScheduleDelete":        {"DELETE {id}", id, "", "", nil},
	}
}

func payloadType(mutation string) string {
	return strings.ToUpper(mutation[:1]) + mutation[1:] + "Payload"
}

// graphMutationTypes are the mutations and what they answer.
func graphMutationTypes() map[string]map[string]graphDef {
	types := map[string]map[string]graphDef{"Mutation": {}}
	for name, m := range graphMutations() {
		types["Mutation"][name] = graphDef{of: payloadType(name)}
		payload := scalars("errors clientMutationId")
		if m.field != "" {
			payload[m.field] = graphDef{of: m.of}
		}
		types[payloadType(name)] = payload
	}
	types["CiRunner"] = scalars("ephemeralAuthenticationToken")
	return types
}

// unseen is how GraphQL refuses whatever the reason.
const unseen = "The resource that you are attempting to access does not exist or you don't have permission to perform this action"

// mutations is the object that a change begins at; what is refused is added to faults.
func (c *Call) mutations(faults *[]Object) graphObject {
	fields := Object{}
	for name, m := range graphMutations() {
		fields[name] = func(args map[string]any) any {
			payload, fault := c.mutate(name, m, args)
			if fault != "" {
				*faults = append(*faults, Object{"message": fault, "path": []string{name}})
				return nil
			}
			return payload
		}
	}
	return graphObject{kind: "Mutation", fields: fields}
}

// mutate makes one change. A fault is a refusal of the whole; what GitLab finds wrong with the values stands in the payload.
func (c *Call) mutate(name string, m graphMutation, args map[string]any) (payload any, fault string) {
	in, given := args["input"].(map[string]any)
	if !given {
		return nil, fmt.Sprintf("Field '%s' is missing required arguments: input", name)
	}
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if _, known := m.in[key]; !known && key != "clientMutationId" {
			return nil, fmt.Sprintf("InputObject '%sInput' doesn't accept argument '%s'", strings.TrimSuffix(payloadType(name), "Payload"), key)
		}
	}
	method, path, _ := strings.Cut(m.call, " ")
	body := map[string]any{}
	for key, parameter := range m.in {
		value, said := in[key]
		if place := "{" + key + "}"; strings.Contains(path, place) {
			where := c.wayTo(value)
			if key == "targetProjectPath" { // which the route knows by its number
				where = c.wayTo(c.restValue(key, value))
			}
			if where == "" {
				return nil, unseen
			}
			path = strings.Replace(path, place, where, 1)
		}
		if said && parameter != "" {
			body[parameter] = c.restValue(key, value)
		}
	}
	a, inside := c.rest(method, path, body)
	out := Object{"errors": []string{}, "clientMutationId": in["clientMutationId"]}
	switch {
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || a.Status == http.StatusNotFound:
		return nil, unseen
	case a.Status >= 400:
		out["errors"] = []string{complaint(a)}
	case m.show != nil:
		a.encode()
		var shown map[string]any
		d := json.NewDecoder(strings.NewReader(string(a.Text)))
		d.UseNumber()
		_ = d.Decode(&shown) // our own answer
		out[m.field] = m.show(inside, shown)
	}
	return graphObject{kind: payloadType(name), fields: out}, ""
}

// complaint is the text of a refusal, whichever form it has: a text, texts, or texts by the name of what they are about.
func complaint(a Answer) string {
	a.encode()
	var body map[string]any
	if json.Unmarshal(a.Text, &body) != nil {
		return http.StatusText(a.Status)
	}
	if body["message"] == nil {
		return sentence(body["error"])
	}
	return sentence(body["message"])
}

func sentence(v any) string {
	var parts []string
	switch v := v.(type) {
	case string:
		return v
	case []any:
		for _, one := range v {
			parts = append(parts, sentence(one))
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, strings.TrimPrefix(name+" "+sentence(v[name]), "base "))
		}
	}
	return strings.Join(parts, ", ")
}

// restValue is an input as the REST API takes it: numbers for global IDs and paths of projects, words in small letters.
func (c *Call) restValue(key string, value any) any {
	text, isText := value.(string)
	switch {
	case key == "runnerType", key == "accessLevel":
		return strings.ToLower(text)
	case key == "stateEvent":
		return strings.ToLower(text)
	case key == "state":
		return map[string]string{"OPEN": "reopen", "CLOSED": "close"}[text]
	case isText && key == "targetProjectPath":
		if p := c.FindProject(text); p != nil {
			return itoa(p.ID)
		}
	case isText && strings.HasPrefix(text, "gid://"):
		return lastSegment(text)
	case !isText:
		if n, ok := value.(int); ok {
			return json.Number(itoa(int64(n)))
		}
	}
	return value
}

// wayTo is what stands in a path for an input: an escaped path or number, or for a global ID of what belongs to a
// project the way there; "" where there is none.
func (c *Call) wayTo(value any) string {
	text, _ := value.(string)
	kind, id, isGID := strings.Cut(strings.TrimPrefix(text, "gid://gitlab/"), "/")
	if !isGID || !strings.HasPrefix(text, "gid://") {
		return url.PathEscape(text)
	}
	in := func(rest string, holds func(*Project) bool) string {
		for _, p := range c.st.w.Projects {
			if holds(p) {
				return "projects/" + itoa(p.ID) + "/" + rest + id
			}
		}
		return ""
	}
	noted := func(list string) string {
		for _, p := range c.st.w.Projects {
			for _, r := range c.st.records["projects/"+itoa(p.ID)+"/"+list] {
				if itoa(r.id) == id {
					return "projects/" + itoa(p.ID) + "/" + list + "/" + itoa(r.iid)
				}
			}
		}
		return ""
	}
	switch kind {
	case "Issue":
		return noted("issues")
	case "MergeRequest":
		return noted("merge_requests")
	case "Ci::Build":
		return in("jobs/", func(p *Project) bool {
			return slices.ContainsFunc(p.jobs(), func(j *Job) bool { return itoa(j.ID) == id })
		})
	case "Ci::Pipeline":
		return in("pipelines/", func(p *Project) bool {
			return slices.ContainsFunc(p.Pipelines, func(l *Pipeline) bool { return itoa(l.ID) == id })
		})
	case "Ci::PipelineSchedule":
		return in("pipeline_schedules/", func(p *Project) bool {
			return slices.ContainsFunc(p.Schedules, func(s *Schedule) bool { return itoa(s.ID) == id })
		})
	case "Clusters::Agent":
		return in("cluster_agents/", func(p *Project) bool {
			return slices.ContainsFunc(p.Agents, func(a *Agent) bool { return itoa(a.ID) == id })
		})
	}
	return id
}

// rest runs a route of the REST API as the same caller, and returns the call that it was.
func (c *Call) rest(method, path string, body map[string]any) (Answer, *Call) {
	methods, vals := c.server.tree.find(strings.Split("api/v4/"+path, "/"), nil)
	found := methods[method]
	if found == nil {
		return NotFound(""), c
	}
	inside := *c
	inside.Route, inside.Project, inside.Group, inside.body, inside.query, inside.path = found.route, nil, nil, body, url.Values{}, map[string]string{}
	for i, name := range found.names {
		inside.path[name] = vals[i]
	}
	inside.Request = c.Request.WithContext(c.Request.Context())
	inside.Request.Method, inside.Request.URL = method, &url.URL{Path: c.server.opts.Prefix + "/api/v4/" + path}
	if t := c.Actor.Token; t != nil && !t.granular() && !slices.ContainsFunc(found.route.scopes(), func(scope string) bool { return slices.Contains(t.Scopes, scope) }) {
		return Forbidden(""), c
	}
	if c.Actor.Anonymous() {
		return Unauthorized(), c
	}
	if !found.route.offered(c.Profile) {
		return NotFound(""), c
	}
	if a := inside.authorise(); a != nil {
		return *a, c
	}
	defer c.st.changed()
	return found.route.Handle(&inside), &inside
}

func numberOf(body map[string]any, key string) string {
	n, _ := body[key].(json.Number)
	return n.String()
}

func showWork(kind string) func(*Call, map[string]any) any {
	k := issueCollection()
	if kind == "MergeRequest" {
		k = mergeCollection()
	}
	return func(c *Call, body map[string]any) any {
		for _, r := range k.rows(c) {
			if itoa(r.iid) == numberOf(body, "iid") {
				return graphWorkOf(c, kind, r)
			}
		}
		return nil
	}
}

func showNote(c *Call, body map[string]any) any {
	return graphObject{kind: "Note", fields: Object{"id": "gid://gitlab/Note/" + numberOf(body, "id"), "body": body["body"], "createdAt": body["created_at"], "updatedAt": body["updated_at"],
		"system": false, "author": graphPerson(c, c.Actor.User)}}
}

func showRunnerOf(c *Call, body map[string]any) any {
	rows := graphRunners(c, func(r *Runner) bool { return itoa(r.ID) == numberOf(body, "id") })
	if len(rows) == 0 {
		return nil
	}
	rows[0].fields["ephemeralAuthenticationToken"] = body["token"]
	return rows[0]
}

func showJobOf(c *Call, body map[string]any) any {
	for _, j := range c.Project.jobs() {
		if itoa(j.ID) == numberOf(body, "id") {
			return graphJobOf(c, j)
		}
	}
	return nil
}

func showPipelineOf(c *Call, body map[string]any) any {
	for _, l := range c.Project.Pipelines {
		if itoa(l.ID) == numberOf(body, "id") {
			return graphPipelineOf(c, l)
		}
	}
	return nil
}

func showAgentOf(c *Call, body map[string]any) any {
	for _, a := range c.Project.Agents {
		if itoa(a.ID) == numberOf(body, "id") {
			return graphObject{kind: "ClusterAgent", fields: graphAgent(c, a)}
		}
	}
	return nil
}
