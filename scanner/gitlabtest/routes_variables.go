package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func variableRoutes() []Route {
	const read, write = "read_variable", "update_variable"
	var all []Route
	for _, at := range []struct {
		path string
		role Role
	}{{"projects/:id", Maintainer}, {"groups/:id", Owner}} {
		all = append(all,
			Route{Method: "GET", Path: at.path + "/variables", Role: at.role, Permission: read, Paging: Offset, Handle: listVariables},
			Route{Method: "GET", Path: at.path + "/variables/:key", Role: at.role, Permission: read, Handle: showVariable},
			Route{Method: "POST", Path: at.path + "/variables", Role: at.role, Permission: write, Handle: createVariable},
			Route{Method: "PUT", Path: at.path + "/variables/:key", Role: at.role, Permission: write, Handle: changeVariable},
			Route{Method: "DELETE", Path: at.path + "/variables/:key", Role: at.role, Permission: write, Handle: deleteVariable},
		)
	}
	return append(all, Route{Method: "GET", Path: "admin/ci/variables", Admin: true, Offering: SelfManaged, Permission: read, Paging: Offset, Handle: listVariables})
}

// variables is the list that the request is about.
func (c *Call) variables() *[]*Variable {
	switch {
	case c.Project != nil:
		return &c.Project.Variables
	case c.Group != nil:
		return &c.Group.Variables
	}
	return &c.st.w.Variables
}

// variableJSON shows no value of a hidden variable. The instance's variables have no scope and cannot be hidden.
func variableJSON(c *Call, v *Variable) Object {
	o := Object{
		"variable_type": v.Type, "key": v.Key, "value": v.Value, "protected": v.Protected, "masked": v.Masked, "raw": v.Raw,
		"description": emptyNull(v.Description),
	}
	if c.home() == nil {
		return o
	}
	if v.Hidden && c.Profile.Has("17.4") {
		o["value"] = nil
	}
	o["environment_scope"] = v.Scope
	return o.Since(c.Profile, "17.4", "hidden", v.Hidden)
}

func listVariables(c *Call) Answer {
	if c.Project != nil && !c.builds() {
		return Forbidden("")
	}
	return List(c, *c.variables(), noID[*Variable], func(v *Variable) Object { return variableJSON(c, v) })
}

// oneVariable finds by key, and by scope where the key stands there several times.
func oneVariable(c *Call, use func(*Variable) Answer) Answer {
	var found []*Variable
	scope, has := c.Value("filter[environment_scope]").(string)
	if m, ok := c.Value("filter").(map[string]any); ok {
		scope, has = m["environment_scope"].(string)
	}
	for _, v := range *c.variables() {
		if v.Key == c.Path("key") && (!has || v.Scope == scope) {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return NotFound("Variable")
	case 1:
		return use(found[0])
	}
	return Message(http.StatusConflict, "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'")
}

func showVariable(c *Call) Answer {
	return oneVariable(c, func(v *Variable) Answer { return OK(variableJSON(c, v)) })
}

func (c *Call) fillVariable(v *Variable) {
	for name, field := range map[string]*string{"value": &v.Value, "variable_type": &v.Type, "environment_scope": &v.Scope, "description": &v.Description} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	for name, field := range map[string]*bool{"protected": &v.Protected, "masked": &v.Masked, "raw": &v.Raw} {
		if on, set := c.Bool(name); set {
			*field = on
		}
	}
	defaultVariables([]*Variable{v})
}

func (c *Call) auditVariable(verb string, v *Variable) {
	event, target := "ci_variable_"+verb, "Ci::Variable"
	switch {
	case c.Group != nil:
		event, target = "ci_group_variable_"+verb, "Ci::GroupVariable"
	case c.Project == nil:
		event, target = "ci_instance_variable_"+verb, "Ci::InstanceVariable"
	}
	c.Audit(event, c.home(), target, v.Key, 0, nil)
}

func createVariable(c *Call) Answer {
	v := &Variable{Key: c.Text("key")}
	if lacks := cmp.Or(c.blank("key"), c.missing("value")); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	c.fillVariable(v)
	if hidden, _ := c.Bool("masked_and_hidden"); hidden {
		v.Masked, v.Hidden = true, true
	}
	if wrong := v.wrong(); wrong != nil {
		return Message(http.StatusBadRequest, wrong)
	}
	for _, other := range *c.variables() {
		if other.Key == v.Key && other.Scope == v.Scope {
			return Message(http.StatusBadRequest, Object{"key": []string{"(" + v.Key + ") has already been taken"}})
		}
	}
	*c.variables() = append(*c.variables(), v)
	c.auditVariable("created", v)
	return Created(variableJSON(c, v))
}

// wrong is what GitLab has against a variable: a masked value needs eight characters in one line without blanks.
// Source: https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable
func (v *Variable) wrong() Object {
	switch {
	case strings.Trim(v.Key, base62+"_") != "":
		return Object{"key": []string{"can contain only letters, digits and '_'."}}
	case v.Type != "env_var" && v.Type != "file":
		return Object{"variable_type": []string{"is not included in the list"}}
	case v.Masked && (len(v.Value) < 8 || strings.ContainsAny(v.Value, " \t\r\n")):
		return Object{"value": []string{"is invalid"}}
	}
	return nil
}

func changeVariable(c *Call) Answer {
	return oneVariable(c, func(v *Variable) Answer {
		next := *v
		c.fillVariable(&next)
		if wrong := next.wrong(); wrong != nil {
			return Message(http.StatusBadRequest, wrong)
		}
		*v = next
		c.auditVariable("updated", v)
		return OK(variableJSON(c, v))
	})
}

func deleteVariable(c *Call) Answer {
	return oneVariable(c, func(v *Variable) Answer {
		*c.variables() = slices.DeleteFunc(*c.variables(), func(other *Variable) bool { return other == v })
		c.auditVariable("deleted", v)
		return NoContent()
	})
}
