package scanner

import (
	"context"
	"fmt"
	"strings"

	"nhiscan/inventory"
)

// A schedule runs with the rights of its owner, and its variables cannot be masked. The REST list has neither
// variables nor inputs and the item shows them to those who may edit it; GraphQL shows all in one answer.
// Source: https://docs.gitlab.com/api/pipeline_schedules/
var pipelineSchedule = Source{
	ID:    "pipeline-schedule",
	Title: "Pipeline schedules",
	Shows: "Schedules, whom they run as, and their variables and inputs.",
	API:   []string{"POST /graphql pipelineSchedules", "GET /projects/:id/pipeline_schedules", "GET /projects/:id/pipeline_schedules/:schedule_id"},
	Needs: Needs{Role: Developer, Scope: "read_api"}, // the variables are the owner's and the Maintainers'
	Homes: atProject,
	Skip:  buildsOff,
	Collect: func(ctx context.Context, v *Visit) error {
		nodes, viaREST, err := graphList(ctx, v, "pipelineSchedules", func(g *projectGraphJSON) *list[graphScheduleJSON] { return g.Schedules })
		if viaREST {
			return collectSchedules(ctx, v)
		}
		for _, n := range nodes {
			v.emitSchedule(scheduleJSON{
				ID: int64(n.ID), Description: n.Description, Ref: n.Ref, Cron: n.Cron, NextRunAt: n.NextRunAt, Active: n.Active, CreatedAt: n.CreatedAt,
			}, v.emitGraphUser(n.Owner))
			if n.Variables == nil {
				v.Incomplete("the variables of some schedules are shown to those who may edit them only")
				continue
			}
			v.emitScheduleValues(int64(n.ID), n.Variables.Nodes, n.inputs())
			if len(n.Variables.Nodes) >= perPage || n.Inputs != nil && len(n.Inputs.Nodes) >= perPage {
				v.Incomplete(fmt.Sprintf("a schedule has more than %d variables or inputs", perPage))
			}
		}
		return err
	},
}

type scheduleJSON struct {
	ID          int64                `json:"id"`
	Description string               `json:"description"`
	Ref         string               `json:"ref"`
	Cron        string               `json:"cron"`
	NextRunAt   moment               `json:"next_run_at"`
	Active      flag                 `json:"active"`
	CreatedAt   moment               `json:"created_at"`
	Owner       *userRef             `json:"owner"`
	Variables   *[]*scheduleVariable `json:"variables"` // of the item; absent where the token may not read them
	Inputs      []*scheduleInput     `json:"inputs"`
}

type scheduleVariable struct {
	Key       string     `json:"key"`
	Value     hiddenText `json:"value"`
	Type      string     `json:"variable_type"`
	GraphType string     `json:"variableType"`
	Raw       flag       `json:"raw"`
}

type scheduleInput struct {
	Name  string     `json:"name"`
	Value hiddenText `json:"value"`
}

type graphScheduleJSON struct {
	ID          gid                     `json:"id"`
	Description string                  `json:"description"`
	Active      flag                    `json:"active"`
	NextRunAt   moment                  `json:"nextRunAt"`
	Ref         string                  `json:"ref"`
	Cron        string                  `json:"cron"`
	CreatedAt   moment                  `json:"createdAt"`
	Owner       *graphUserJSON          `json:"owner"`
	Variables   *list[scheduleVariable] `json:"variables"`
	Inputs      *list[scheduleInput]    `json:"inputs"`
}

func (n graphScheduleJSON) inputs() []*scheduleInput {
	if n.Inputs == nil {
		return nil
	}
	return n.Inputs.Nodes
}

// collectSchedules goes by REST, one request for each schedule: the list lacks the variables.
func collectSchedules(ctx context.Context, v *Visit) error {
	for raw, err := range pages[scheduleJSON](ctx, v, "%s/pipeline_schedules", v.Path()) {
		if err != nil {
			return err
		}
		owner := ""
		if raw.Owner != nil {
			owner = v.EmitUser(*raw.Owner)
		}
		v.emitSchedule(raw, owner)
		item, err := one[scheduleJSON](ctx, v, "%s/pipeline_schedules/%d", v.Path(), raw.ID)
		switch {
		case err != nil && statusOf(err) == 0:
			return err
		case err != nil:
			v.Incomplete(fmt.Sprintf("the variables of schedule %d are not shown: %v", raw.ID, err))
		case item.Variables == nil:
			v.Incomplete("the variables of some schedules are shown to those who may edit them only")
		default:
			v.emitScheduleValues(raw.ID, *item.Variables, item.Inputs)
		}
	}
	return nil
}

func (v *Visit) emitSchedule(raw scheduleJSON, owner string) {
	v.Emit(inventory.Identity{
		ID: v.IdentityID("schedule", raw.ID), Kind: "schedule", Home: v.Home.ID, Name: raw.Description, State: stateOf(raw.Active.Tri()),
		ActsAs: owner, CreatedAt: raw.CreatedAt.Known(),
		Attributes: attributes("active", triText(raw.Active.Tri()), "cron", v.text(raw.Cron), "ref", v.text(strings.TrimPrefix(raw.Ref, "refs/heads/"))),
		Volatile:   inventory.Volatile{NextRunAt: raw.NextRunAt.Known()},
	})
}

func (v *Visit) emitScheduleValues(schedule int64, variables []*scheduleVariable, inputs []*scheduleInput) {
	path := fmt.Sprintf("pipeline_schedules/%d", schedule)
	for _, raw := range variables {
		if raw != nil {
			kind := firstOf(raw.Type, raw.GraphType)
			v.emitScheduleValue(path, raw.Key, raw.Value, raw.Raw.Tri(), fileType(kind))
		}
	}
	for _, raw := range inputs {
		if raw != nil {
			v.emitScheduleValue(path+" inputs", raw.Name, raw.Value, inventory.Unknown, inventory.No)
		}
	}
}

func (v *Visit) emitScheduleValue(path, key string, value hiddenText, raw, file inventory.Tri) {
	// The place is named by key and not by value: a changed value is the same place.
	v.EmitVariable(inventory.Location{
		ID:   inventory.LocationID(v.Instance(), v.Home.ID, inventory.SurfaceSchedule, path+"/"+key, "", 1),
		Home: v.Home.ID, Surface: inventory.SurfaceSchedule, Path: path, Key: key,
		Masked: inventory.No, Hidden: inventory.No, Raw: raw, FileType: file,
	}, value.value, value.shown)
}

// fileType reads GitLab's variable type, which REST writes in lower case and GraphQL in upper case.
func fileType(kind string) inventory.Tri {
	switch kind {
	case "":
		return inventory.Unknown
	case "file", "FILE":
		return inventory.Yes
	}
	return inventory.No
}
