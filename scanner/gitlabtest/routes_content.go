package gitlabtest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

// contentRoutes are texts that people write beside the code: snippets, releases with their assets, logs of jobs.
func contentRoutes() []Route {
	const snippets, releases = "https://docs.gitlab.com/api/project_snippets/", "https://docs.gitlab.com/api/releases/"
	const jobs = "https://docs.gitlab.com/api/jobs/#get-a-log-file"
	const packages = "https://docs.gitlab.com/user/packages/generic_packages/#download-a-single-file"
	return []Route{
		{Method: "GET", Path: "projects/:id/snippets", Role: Guest, Auditor: true, Permission: "read_snippet", Paging: Offset, Source: snippets, Handle: listSnippets},
		{Method: "GET", Path: "projects/:id/snippets/:snippet_id/files/:ref/:file_path/raw", Role: Guest, Auditor: true, Permission: "read_snippet", Source: snippets, Handle: snippetFile},
		{Method: "GET", Path: "projects/:id/releases", Role: Guest, Auditor: true, Permission: "read_release", Paging: Offset, Source: releases, Handle: listReleases},
		{Method: "GET", Path: "projects/:id/packages/generic/:package/:version/:file_name", Role: Reporter, Auditor: true, Permission: "read_package", JobToken: true, Source: packages, Handle: packageFile},
		{Method: "GET", Path: "projects/:id/jobs", Role: Reporter, Auditor: true, Permission: "read_job", Paging: Keyset, Handle: listJobs},
		{Method: "GET", Path: "projects/:id/jobs/:job_id/trace", Role: Reporter, Auditor: true, Permission: "read_job", Source: jobs, Handle: jobTrace},
	}
}

func snippetJSON(c *Call, s *Snippet) Object {
	names := slices.Sorted(maps.Keys(s.Files))
	files := []Object{}
	for _, name := range names {
		files = append(files, Object{"path": name, "raw_url": c.URL("/" + c.Project.Path + "/-/snippets/" + itoa(s.ID) + "/raw/main/" + name)})
	}
	first := ""
	if len(names) > 0 {
		first = names[0]
	}
	return Object{
		"id": s.ID, "title": s.Title, "file_name": first, "description": emptyNull(s.Description), "visibility": cmp.Or(s.Visibility, "private"),
		"author": userBasic(c, c.st.userByName(s.Author)), "created_at": s.CreatedAt.stamp(), "updated_at": s.CreatedAt.stamp(), "project_id": c.Project.ID,
		"web_url": c.URL("/" + c.Project.Path + "/-/snippets/" + itoa(s.ID)), "raw_url": c.URL("/" + c.Project.Path + "/-/snippets/" + itoa(s.ID) + "/raw"),
		"files": files, "imported": false, "imported_from": "none", "repository_storage": "default",
	}
}

func listSnippets(c *Call) Answer {
	return List(c, c.Project.Snippets, noID[*Snippet], func(s *Snippet) Object { return snippetJSON(c, s) })
}

func snippetFile(c *Call) Answer {
	for _, s := range c.Project.Snippets {
		text, ok := s.Files[c.Path("file_path")]
		if s.ID == c.PathID("snippet_id") && ok && (c.Path("ref") == "main" || c.Path("ref") == "HEAD") {
			return Plain(http.StatusOK, "text/plain", text)
		}
	}
	return NotFound("Snippet")
}

func releaseJSON(c *Call, r *Release) Object {
	links := []Object{}
	for _, l := range r.Links {
		links = append(links, releaseLinkJSON(c, l))
	}
	return Object{
		"tag_name": r.Tag, "name": cmp.Or(r.Name, r.Tag), "description": r.Description, "created_at": r.CreatedAt.stamp(), "released_at": r.CreatedAt.stamp(),
		"upcoming_release": false, "author": userBasic(c, c.st.userByName(r.Author)), "milestones": []Object{}, "evidences": []Object{},
		"assets": Object{"count": len(links), "sources": []Object{}, "links": links},
		"_links": Object{"self": c.URL("/" + c.Project.Path + "/-/releases/" + r.Tag)},
	}
}

func releaseLinkJSON(c *Call, l *ReleaseLink) Object {
	url := releaseURL(c, l)
	return Object{"id": l.ID, "name": l.Name, "url": url, "direct_asset_url": url, "link_type": "other"}
}

// releaseURL is where an asset lies: anywhere, or among the packages of the project.
func releaseURL(c *Call, l *ReleaseLink) string {
	if l.Package != "" {
		return c.URL("/api/v4/projects/" + itoa(c.Project.ID) + "/packages/generic/" + l.Package)
	}
	return l.URL
}

func listReleases(c *Call) Answer {
	return List(c, c.Project.Releases, noID[*Release], func(r *Release) Object { return releaseJSON(c, r) })
}

func packageFile(c *Call) Answer {
	if text, found := c.pushedPackage(c.Path("package"), c.Path("version"), c.Path("file_name")); found {
		return Plain(http.StatusOK, "application/octet-stream", string(text))
	}
	for _, r := range c.Project.Releases {
		for _, l := range r.Links {
			if l.Package == c.Path("package")+"/"+c.Path("version")+"/"+c.Path("file_name") {
				return Plain(http.StatusOK, "application/octet-stream", l.Content)
			}
		}
	}
	return NotFound("")
}

// jobs are those of all pipelines, the latest first.
func (p *Project) jobs() []*Job {
	var all []*Job
	for _, l := range p.Pipelines {
		all = append(all, l.Jobs...)
	}
	slices.SortFunc(all, func(a, b *Job) int { return cmp.Compare(b.ID, a.ID) })
	return all
}

func listJobs(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	return List(c, c.Project.jobs(), func(j *Job) int64 { return j.ID }, func(j *Job) Object { return jobItem(c, j) })
}

func jobItem(c *Call, j *Job) Object {
	status := cmp.Or(j.Status, "success")
	o := Object{
		"id": j.ID, "status": status, "stage": j.Stage, "name": j.Name, "ref": cmp.Or(j.pipeline.Ref, "main"), "tag": j.pipeline.Tag, "coverage": nil,
		"allow_failure": false, "created_at": j.CreatedAt.stamp(), "started_at": j.StartedAt.stamp(), "finished_at": j.FinishedAt.stamp(), "erased_at": nil,
		"duration": nil, "queued_duration": nil, "user": userBasic(c, c.st.userByName(j.pipeline.User)), "artifacts": []Object{},
		"tag_list": append([]string{}, j.Tags...), "web_url": c.URL("/" + c.Project.Path + "/-/jobs/" + itoa(j.ID)), "artifacts_expire_at": nil,
		"pipeline": Object{"id": j.pipeline.ID, "project_id": c.Project.ID, "ref": cmp.Or(j.pipeline.Ref, "main"), "status": cmp.Or(j.pipeline.Status, "success"),
			"source": cmp.Or(j.pipeline.Source, "push"), "created_at": j.pipeline.CreatedAt.stamp(), "updated_at": j.pipeline.CreatedAt.stamp()},
		"archived": false, "commit": nil, "failure_reason": nil, "runner": nil,
	}
	if w := j.work; w != nil {
		o["allow_failure"], o["failure_reason"] = w.allowFailure, emptyNull(w.failure)
		if w.runner != nil {
			o["runner"] = runnerJSON(c, w.runner)
		}
	}
	return o
}

func jobTrace(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	for _, j := range c.Project.jobs() {
		if j.ID == c.PathID("job_id") {
			return Plain(http.StatusOK, "text/plain", j.Log) // empty where the job wrote nothing or was erased
		}
	}
	return NotFound("")
}
