package gitlabtest

import (
	"cmp"
	"slices"
	"strings"
)

// graphWorkTypes are what people and runners work at.
func graphWorkTypes() map[string]map[string]graphDef {
	user := graphDef{of: "User"}
	work := map[string]graphDef{"author": user, "labels": joined("Label")}
	return map[string]map[string]graphDef{
		"Issue":        with(scalars("id iid title description state webUrl webPath createdAt updatedAt closedAt confidential"), work),
		"MergeRequest": with(scalars("id iid title description state webUrl webPath createdAt updatedAt mergedAt draft sourceBranch targetBranch"), work),
		"Label":        scalars("title"),
		"Note":         with(scalars("id body createdAt updatedAt system"), map[string]graphDef{"author": user}),
		"Pipeline":     with(scalars("id iid status ref sha path createdAt source"), map[string]graphDef{"user": user, "jobs": paged("CiJob")}),
		"CiJob":        scalars("id name status webPath createdAt startedAt finishedAt allowFailure"),
	}
}

// graphWork adds what a project's people work at, as far as the caller may see it.
func graphWork(c *Call, o Object) {
	open, role := c.Project.Visibility != "private", graphRole(c)
	one := func(k collection, kind string, seen bool) func(map[string]any) any {
		return func(args map[string]any) any {
			iid, _ := args["iid"].(string)
			for _, r := range k.rows(c) {
				if seen && itoa(r.iid) == iid {
					return graphWorkOf(c, kind, r)
				}
			}
			return nil
		}
	}
	all := func(k collection, kind string, seen bool) func(map[string]any) any {
		return func(args map[string]any) any {
			out, state, iids := graphList{}, graphWord(args, "state"), graphTexts(args, "iids")
			for _, r := range slices.Backward(k.rows(c)) {
				if seen && (state == "" || state == "all" || state == r.text("state")) && (iids == nil || slices.Contains(iids, itoa(r.iid))) {
					out = append(out, graphWorkOf(c, kind, r))
				}
			}
			return out
		}
	}
	issues, merges := issueCollection(), mergeCollection()
	o["issue"], o["issues"] = one(issues, "Issue", open || role >= Guest), all(issues, "Issue", open || role >= Guest)
	o["mergeRequest"], o["mergeRequests"] = one(merges, "MergeRequest", open || role >= Reporter), all(merges, "MergeRequest", open || role >= Reporter)
	o["pipelines"] = func(args map[string]any) any {
		rows := keep(c.Project.pipelines(), func(l *Pipeline) bool {
			status, ref := graphWord(args, "status"), graphWord(args, "ref")
			return (status == "" || status == cmp.Or(l.Status, "success")) && (ref == "" || ref == strings.ToLower(cmp.Or(l.Ref, "main")))
		})
		return graphs("Pipeline", rows, role >= Reporter && c.builds(), func(l *Pipeline) Object { return graphPipelineOf(c, l).fields })
	}
}

// graphWorkOf is an issue or merge request of the call's project.
func graphWorkOf(c *Call, kind string, r *record) graphObject {
	path := map[string]string{"Issue": "issues", "MergeRequest": "merge_requests"}[kind]
	at := "/" + c.Project.Path + "/-/" + path + "/" + itoa(r.iid)
	labels, _ := r.fields["labels"].([]string)
	o := Object{
		"id": gid(kind, r.id), "iid": itoa(r.iid), "title": r.text("title"), "description": r.fields["description"], "state": r.text("state"), "webUrl": c.URL(at), "webPath": at,
		"createdAt": r.created.stamp(), "updatedAt": r.updated.stamp(), "closedAt": r.fields["closed_at"], "mergedAt": r.fields["merged_at"], "confidential": r.fields["confidential"],
		"draft": r.draft(), "sourceBranch": r.text("source_branch"), "targetBranch": r.text("target_branch"), "author": nil,
		"labels": graphs("Label", labels, true, func(name string) Object { return Object{"title": name} }),
	}
	if r.author != nil {
		o["author"] = graphPerson(c, r.author)
	}
	return graphObject{kind: kind, fields: o}
}

func graphPipelineOf(c *Call, l *Pipeline) graphObject {
	return graphObject{kind: "Pipeline", fields: Object{
		"id": gid("Ci::Pipeline", l.ID), "iid": itoa(int64(c.Project.iid(l))), "status": strings.ToUpper(cmp.Or(l.Status, "success")), "ref": cmp.Or(l.Ref, "main"), "sha": c.sha(c.Project, l),
		"path": "/" + c.Project.Path + "/-/pipelines/" + itoa(l.ID), "createdAt": l.CreatedAt.stamp(), "source": cmp.Or(l.Source, "push"), "user": graphUser(c, l.User),
		"jobs": graphs("CiJob", l.Jobs, true, func(j *Job) Object { return graphJobOf(c, j).fields }),
	}}
}

func graphJobOf(c *Call, j *Job) graphObject {
	return graphObject{kind: "CiJob", fields: Object{
		"id": gid("Ci::Build", j.ID), "name": j.Name, "status": strings.ToUpper(cmp.Or(j.Status, "success")), "webPath": "/" + c.Project.Path + "/-/jobs/" + itoa(j.ID),
		"createdAt": j.CreatedAt.stamp(), "startedAt": j.StartedAt.stamp(), "finishedAt": j.FinishedAt.stamp(), "allowFailure": j.work != nil && j.work.allowFailure,
	}}
}
