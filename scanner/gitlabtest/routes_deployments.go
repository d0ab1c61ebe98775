package gitlabtest

import (
	"net/http"
	"slices"
)

// deploymentRoutes say what went where. A deployment makes its environment where there is none.
func deploymentRoutes() []Route { return deploymentCollection().routes() }

func deploymentCollection() collection {
	return collection{
		path: "projects/:id/deployments", source: "https://docs.gitlab.com/api/deployments/", name: "Deployment", noun: "deployment", read: Reporter, write: Developer, change: Developer,
		required: []string{"environment", "sha", "ref", "tag", "status"}, fields: Object{"environment": "", "sha": "", "ref": "", "tag": false, "status": ""}, check: checkDeployment,
		shape: func(c *Call, r *record) Object {
			o := Object{"id": r.id, "iid": r.iid, "ref": r.text("ref"), "sha": r.text("sha"), "status": r.text("status"), "created_at": r.created.stamp(), "updated_at": r.updated.stamp(), "user": userBasic(c, r.author), "deployable": nil, "environment": nil}
			for _, e := range c.Project.Environments {
				if e.Name == r.text("environment") {
					o["environment"] = environmentJSON(c, e)
				}
			}
			return o
		},
		wanted: func(c *Call, r *record) bool {
			return (c.Text("environment") == "" || c.Text("environment") == r.text("environment")) && (c.Text("status") == "" || c.Text("status") == r.text("status"))
		},
	}
}

func checkDeployment(c *Call, r *record) *Answer {
	if !slices.Contains([]string{"created", "running", "success", "failed", "canceled", "blocked"}, r.text("status")) {
		a := Refuse(http.StatusBadRequest, "status does not have a valid value")
		return &a
	}
	if name := r.text("environment"); !slices.ContainsFunc(c.Project.Environments, func(e *Environment) bool { return e.Name == name }) {
		c.Project.Environments = append(c.Project.Environments, &Environment{ID: c.st.next("environments"), Name: name, CreatedAt: At(c.Now), UpdatedAt: At(c.Now)})
	}
	return nil
}
