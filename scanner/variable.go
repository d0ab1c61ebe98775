package scanner

import (
	"context"

	"nhiscan/inventory"
)

// CI/CD variables carry no dates and no author. One key may stand there several times, once per environment scope.
// A hidden one shows no value. Variables of a group are not in the lists of its projects.
// Reading them is an act that GitLab streams to its audit log (variable_viewed_api, since 18.3).
// Source: https://docs.gitlab.com/api/project_level_variables/ and its siblings for groups and the instance
var variable = Source{
	ID:    "variable",
	Title: "CI/CD variables",
	Shows: "CI/CD variables of projects, groups and the instance with their protections; values become fingerprints.",
	API:   []string{"POST /graphql ciVariables", "GET /projects/:id/variables", "GET /groups/:id/variables", "GET /admin/ci/variables"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atAll,
	Skip:  buildsOff,
	Collect: func(ctx context.Context, v *Visit) error {
		switch v.Home.Kind {
		case inventory.InstanceHome:
			if v.Self.SaaS {
				return unsupported("GitLab.com does not offer it")
			}
			if err := v.require(Administrator, ""); err != nil || !v.Admin() {
				return v.onlyAdmin("")
			}
			return collectVariables(ctx, v, "admin/ci/variables")
		case inventory.GroupHome:
			if err := v.require(Owner, ""); err != nil {
				return err
			}
			return collectVariables(ctx, v, v.Path()+"/variables")
		}
		nodes, viaREST, err := graphList(ctx, v, "ciVariables", func(g *projectGraphJSON) *list[graphVariableJSON] { return g.Variables })
		if viaREST {
			return collectVariables(ctx, v, v.Path()+"/variables")
		}
		for _, n := range nodes {
			v.emitVariable(variableJSON(n))
		}
		return err
	},
}

type variableJSON struct {
	Key         string     `json:"key"`
	Value       hiddenText `json:"value"`
	Type        string     `json:"variable_type"`
	Protected   flag       `json:"protected"`
	Masked      flag       `json:"masked"`
	Hidden      flag       `json:"hidden"` // since 17.4
	Raw         flag       `json:"raw"`
	Scope       string     `json:"environment_scope"` // the instance's variables have none
	Description string     `json:"description"`
}

// graphVariableJSON is variableJSON under GraphQL's names.
type graphVariableJSON struct {
	Key         string     `json:"key"`
	Value       hiddenText `json:"value"`
	Type        string     `json:"variableType"`
	Protected   flag       `json:"protected"`
	Masked      flag       `json:"masked"`
	Hidden      flag       `json:"hidden"`
	Raw         flag       `json:"raw"`
	Scope       string     `json:"environmentScope"`
	Description string     `json:"description"`
}

func collectVariables(ctx context.Context, v *Visit, path string) error {
	for raw, err := range pages[variableJSON](ctx, v, "%s", path) {
		if err != nil {
			return err
		}
		v.emitVariable(raw)
	}
	return nil
}

func (v *Visit) emitVariable(raw variableJSON) {
	scope, _ := v.cleaned(firstOf(raw.Scope, "*")) // it becomes part of the ID
	v.EmitVariable(inventory.Location{
		ID:   inventory.VariableID(v.Instance(), v.Home.ID, raw.Key, scope),
		Home: v.Home.ID, Surface: inventory.SurfaceVariable, Path: "variables/" + raw.Key, Key: raw.Key, Environment: scope,
		Masked: raw.Masked.Tri(), Hidden: raw.Hidden.Tri(), Protected: raw.Protected.Tri(), Raw: raw.Raw.Tri(),
		FileType: fileType(raw.Type), Description: raw.Description,
	}, raw.Value.value, raw.Value.shown && raw.Hidden.Tri() != inventory.Yes)
}
