package gitlabtest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// uploadRoutes take files in and give them out: what is attached to a text, generic packages, artifacts of jobs.
func uploadRoutes() []Route {
	const uploads, jobs, packages = "https://docs.gitlab.com/api/project_markdown_uploads/", "https://docs.gitlab.com/api/job_artifacts/", "https://docs.gitlab.com/user/packages/generic_packages/"
	const job = "projects/:id/jobs/:job_id/artifacts"
	artifacts := func(path string, handle Handler) Route {
		return Route{Method: "GET", Path: path, Role: Reporter, Auditor: true, JobToken: true, Permission: "read_job_artifact", Source: jobs, Handle: handle}
	}
	return []Route{
		{Method: "POST", Path: "projects/:id/uploads", Role: Guest, Permission: "create_upload", Source: uploads, Handle: uploadFile},
		{Method: "GET", Path: "projects/:id/uploads", Role: Maintainer, Permission: "read_upload", Paging: Offset, Source: uploads, Handle: listUploads},
		{Method: "PUT", Path: "projects/:id/packages/generic/:package/:version/:file_name", Role: Developer, Raw: true, JobToken: true, Permission: "create_package", Source: packages, Handle: putPackage},
		{Method: "GET", Path: "projects/:id/packages", Role: Reporter, Auditor: true, JobToken: true, Permission: "read_package", Paging: Offset, Source: "https://docs.gitlab.com/api/packages/", Handle: listPackages},
		artifacts(job, jobArtifacts),
		artifacts(job+"/*file", jobArtifact),
		artifacts("projects/:id/jobs/artifacts/:ref/download", refArtifacts),
	}
}

func (c *Call) uploads() string { return "projects/" + itoa(c.Project.ID) + "/uploads" }

// uploadFile keeps the name and the size alone: nobody looks at a page that would show the file.
func uploadFile(c *Call) Answer {
	name, given := c.body["file.filename"].(string)
	if !given {
		return Refuse(http.StatusBadRequest, "file is missing")
	}
	r := c.st.keepRecord(c.uploads(), "upload", &record{author: c.Actor.User, created: At(c.Now), updated: At(c.Now), fields: Object{"filename": name, "size": len(plainText(c.body["file"]))}})
	at := "/uploads/" + newEntropy(c.st.seed, "upload\x00"+itoa(r.id)).pick(lowerHex, 32) + "/" + path.Base(name)
	return Created(Object{"id": r.id, "alt": strings.TrimSuffix(path.Base(name), path.Ext(name)), "url": at, "full_path": "/-/project/" + itoa(c.Project.ID) + at, "markdown": "[" + path.Base(name) + "](" + at + ")"})
}

func listUploads(c *Call) Answer {
	return List(c, c.st.records[c.uploads()], noID[*record], func(r *record) Object {
		return r.shown(Object{"id": r.id, "created_at": r.created.stamp(), "uploaded_by": userBasic(c, r.author)})
	})
}

func (c *Call) packages() string { return "projects/" + itoa(c.Project.ID) + "/packages" }

// putPackage adds a file to a package, or replaces it.
func putPackage(c *Call) Answer {
	place, name, version, file := c.packages(), c.Path("package"), c.Path("version"), c.Path("file_name")
	var found *record
	for _, r := range c.st.records[place] {
		if r.text("name") == name && r.text("version") == version {
			found = r
		}
	}
	if found == nil {
		found = c.st.keepRecord(place, "package", &record{author: c.Actor.User, created: At(c.Now), fields: Object{"name": name, "version": version, "files": map[string][]byte{}}})
	}
	found.fields["files"].(map[string][]byte)[file] = c.raw
	if c.Text("select") != "package_file" {
		return Created(Object{"message": "201 Created"})
	}
	sum := sha256.Sum256(c.raw)
	return Created(Object{"id": found.id, "package_id": found.id, "created_at": At(c.Now).stamp(), "updated_at": At(c.Now).stamp(), "size": len(c.raw), "file_name": file, "file_sha256": hex.EncodeToString(sum[:]),
		"file_store": 1, "status": "default", "file": Object{"url": c.URL("/" + c.Project.Path + "/-/package_files/" + itoa(found.id) + "/download")}})
}

func listPackages(c *Call) Answer {
	rows := keep(c.st.records[c.packages()], func(r *record) bool {
		return strings.Contains(r.text("name"), c.Text("package_name")) && (c.Text("package_type") == "" || c.Text("package_type") == "generic")
	})
	return List(c, rows, noID[*record], func(r *record) Object {
		return Object{"id": r.id, "name": r.text("name"), "version": r.text("version"), "package_type": "generic", "status": "default", "created_at": r.created.stamp(), "tags": []any{}, "pipelines": []any{},
			"_links": Object{"web_path": "/" + c.Project.Path + "/-/packages/" + itoa(r.id)}}
	})
}

// pushedPackage is a file that a client has put there.
func (c *Call) pushedPackage(name, version, file string) ([]byte, bool) {
	for _, r := range c.st.records[c.packages()] {
		if r.text("name") == name && r.text("version") == version {
			text, found := r.fields["files"].(map[string][]byte)[file]
			return text, found
		}
	}
	return nil, false
}

func withArtifacts(c *Call, use func(*Job) Answer) Answer {
	for _, j := range c.Project.jobs() {
		if j.ID == c.PathID("job_id") && len(j.Artifacts) > 0 {
			return use(j)
		}
	}
	return NotFound("")
}

// zipped packs the artifacts of a job as its runner would have.
func zipped(j *Job) Answer {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(j.Artifacts)) {
		if w, err := z.Create(name); err == nil { // a buffer takes everything
			_, _ = w.Write([]byte(j.Artifacts[name]))
		}
	}
	_ = z.Close()
	return Answer{Status: http.StatusOK, Text: out.Bytes(), ContentType: "application/octet-stream", Header: http.Header{"Content-Disposition": {`attachment; filename="artifacts.zip"`}}}
}

func jobArtifacts(c *Call) Answer { return withArtifacts(c, zipped) }

func jobArtifact(c *Call) Answer {
	return withArtifacts(c, func(j *Job) Answer {
		text, found := j.Artifacts[c.Path("file")]
		if !found {
			return NotFound("")
		}
		return Plain(http.StatusOK, "application/octet-stream", text)
	})
}

// refArtifacts are those of the latest job of that name that ended well on a branch or tag.
func refArtifacts(c *Call) Answer {
	if lacks := c.blank("job"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	for _, j := range c.Project.jobs() {
		if item := jobItem(c, j); j.Name == c.Text("job") && item["ref"] == c.Path("ref") && item["status"] == "success" && len(j.Artifacts) > 0 {
			return zipped(j)
		}
	}
	return NotFound("")
}
