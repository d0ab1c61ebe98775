package gitlabtest

import (
	"cmp"
	"net/http"
	"strings"
)

// archiveRoutes are a repository's files in one, and who wrote which line of one of them.
func archiveRoutes() []Route {
	const source, at = "https://docs.gitlab.com/api/repositories/", "projects/:id/repository"
	all := []Route{
		readsCode(Route{Path: at + "/archive"}, source, archive("tar.gz")),
		readsCode(Route{Path: at + "/files/:file_path/blame", Paging: Offset}, "https://docs.gitlab.com/api/repository_files/", blameFile),
	}
	for _, form := range []string{"tar.gz", "tgz", "zip", "tar"} {
		all = append(all, readsCode(Route{Path: at + "/archive." + form}, source, archive(form)))
	}
	return all
}

// archive packs a commit below a folder that is named for it.
func archive(form string) func(*Call, *bare) Answer {
	return func(c *Call, b *bare) Answer {
		ref := c.Text("sha")
		c.query.Set("ref", ref)
		commit := c.at(b)
		if commit == "" {
			return NotFound("File")
		}
		name := lastSegment(c.Project.Path) + "-" + strings.ReplaceAll(cmp.Or(ref, c.Project.Repository.branch()), "/", "-") + "-" + commit
		args := []string{"archive", "--format=" + form, "--prefix=" + name + "/", commit}
		if path := strings.Trim(c.Text("path"), "/"); path != "" {
			args = append(args, "--", path)
		}
		out, err := git(b.dir, nil, args...)
		if err != nil {
			return NotFound("File")
		}
		return Answer{Status: http.StatusOK, Text: out, ContentType: map[string]string{"zip": "application/zip", "tar": "application/x-tar"}[form],
			Header: http.Header{"Content-Disposition": {`attachment; filename="` + name + "." + form + `"`}, "Content-Transfer-Encoding": {"binary"}, "Content-Type": {"application/octet-stream"}}}
	}
}

// blameFile groups lines that follow each other and come of one commit.
func blameFile(c *Call, b *bare) Answer {
	if _, refused := c.fileOf(b); refused != nil {
		return *refused
	}
	out, err := b.git("blame", "--porcelain", c.at(b), "--", strings.Trim(c.Path("file_path"), "/"))
	if err != nil {
		return NotFound("File")
	}
	var ids []string
	var lines [][]string
	id := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if text, is := strings.CutPrefix(line, "\t"); is {
			if len(ids) == 0 || ids[len(ids)-1] != id {
				ids, lines = append(ids, id), append(lines, nil)
			}
			lines[len(lines)-1] = append(lines[len(lines)-1], text)
			continue
		}
		if word, _, _ := strings.Cut(line, " "); len(word) == 40 && strings.Trim(word, lowerHex) == "" {
			id = word
		}
	}
	commits, err := c.commitsJSON(b, ids)
	if err != nil {
		return c.withoutGit()
	}
	rows := []Object{}
	for i, o := range commits {
		rows = append(rows, Object{"commit": o, "lines": lines[i]})
	}
	return List(c, rows, noID[Object], func(o Object) Object { return o })
}
