package gitlabtest

import (
	"net/http"
	"strings"
)

// commitRoutes read the history of a repository.
func commitRoutes() []Route {
	const source, at = "https://docs.gitlab.com/api/commits/", "projects/:id/repository/commits"
	return []Route{
		readsCode(Route{Path: at, Paging: Offset}, source, listCommits),
		readsCode(Route{Path: at + "/:sha"}, source, showCommit),
		readsCode(Route{Path: at + "/:sha/diff", Paging: Offset}, source, listDiffs),
		readsCode(Route{Path: at + "/:sha/refs", Paging: Offset}, source, listCommitRefs),
	}
}

func commitJSON(c *Call, g gitCommit) Object {
	title, _, _ := strings.Cut(strings.TrimSpace(g.message), "\n")
	const zoned = "2006-01-02T15:04:05.000-07:00"
	return Object{
		"id": g.id, "short_id": g.id[:8], "parent_ids": append([]string{}, g.parents...), "title": title, "message": g.message,
		"author_name": g.author, "author_email": g.authorEmail, "authored_date": g.authored.Format(zoned), "created_at": g.committed.Format(zoned),
		"committer_name": g.committer, "committer_email": g.committerEmail, "committed_date": g.committed.Format(zoned),
		"trailers": Object{}, "extended_trailers": Object{}, "web_url": c.URL("/" + c.Project.Path + "/-/commit/" + g.id),
	}
}

// commitsJSON reads many commits at once.
func (c *Call) commitsJSON(b *bare, ids []string) ([]Object, error) {
	list, err := b.commits(ids)
	if err != nil {
		return nil, err
	}
	return renderAll(list, func(g gitCommit) Object { return commitJSON(c, g) }), nil
}

// listCommits asks git for the hashes, and for the commits of one page only.
func listCommits(c *Call, b *bare) Answer {
	if b == nil {
		return List(c, []string{}, noID[string], func(string) Object { return nil })
	}
	args := []string{"rev-list"}
	for name, option := range map[string]string{"since": "--since=", "until": "--until=", "author": "--author="} {
		if v := c.Text(name); v != "" {
			args = append(args, option+v)
		}
	}
	if first, _ := c.Bool("first_parent"); first {
		args = append(args, "--first-parent")
	}
	ref := c.Text("ref_name")
	if whole, _ := c.Bool("all"); whole {
		args = append(args, "--branches", "--tags")
	} else {
		c.query.Set("ref", ref)
		commit := c.at(b)
		if commit == "" {
			if ref == "" { // the default branch is not there yet
				return List(c, []string{}, noID[string], func(string) Object { return nil })
			}
			return NotFound("Commit")
		}
		args = append(args, commit)
		c.query.Del("ref")
	}
	args = append(args, "--")
	if path := c.Text("path"); path != "" {
		args = append(args, path)
	}
	out, err := b.git(args...)
	if err != nil {
		return c.withoutGit()
	}
	var page []Object
	var ids []string
	a := List(c, strings.Fields(out), noID[string], func(id string) Object {
		ids, page = append(ids, id), append(page, Object{})
		return page[len(page)-1]
	})
	full, err := c.commitsJSON(b, ids)
	if err != nil {
		return c.withoutGit()
	}
	stats, _ := c.Bool("with_stats")
	for i, o := range full {
		page[i].Merge(o)
		if stats {
			page[i]["stats"] = c.commitStats(b, ids[i])
		}
	}
	return a
}

// commitStats counts added and deleted lines against the first parent.
func (c *Call) commitStats(b *bare, id string) Object {
	added, deleted := 0, 0
	for _, change := range b.changesOf(id) {
		for line := range strings.Lines(change.text) {
			switch line[0] {
			case '+':
				added++
			case '-':
				deleted++
			}
		}
	}
	return Object{"additions": added, "deletions": deleted, "total": added + deleted}
}

// changesOf compares a commit with its first parent; none where it is no commit.
func (b *bare) changesOf(id string) []gitChange {
	parent, _ := b.revision(id+"^1", "tree") // "" for a root commit
	changes, _ := b.changes(parent, id)      // nil with an error
	return changes
}

func withCommit(c *Call, b *bare, use func(id string) Answer) Answer {
	if b != nil {
		if id, err := b.commit(c.Path("sha")); err == nil {
			return use(id)
		}
	}
	return NotFound("Commit")
}

func showCommit(c *Call, b *bare) Answer {
	return withCommit(c, b, func(id string) Answer { return c.commitAnswer(b, http.StatusOK, id) })
}

// commitAnswer is the full form, which tells the latest pipeline of the commit.
func (c *Call) commitAnswer(b *bare, status int, id string) Answer {
	full, err := c.commitsJSON(b, []string{id})
	if err != nil || len(full) != 1 {
		return c.withoutGit()
	}
	o := full[0].Merge(Object{"stats": c.commitStats(b, id), "status": nil, "project_id": c.Project.ID, "last_pipeline": nil})
	for _, l := range c.Project.pipelines() {
		if c.sha(c.Project, l) == id {
			run := pipelineJSON(c, l)
			o["status"], o["last_pipeline"] = run["status"], run
			break
		}
	}
	return Answer{Status: status, Body: o}
}

func diffJSON(g gitChange) Object {
	return Object{
		"diff": g.text, "collapsed": false, "too_large": false, "new_path": g.newPath, "old_path": g.oldPath, "a_mode": g.oldMode, "b_mode": g.newMode,
		"new_file": g.status == "A", "renamed_file": g.status == "R", "deleted_file": g.status == "D", "generated_file": false,
	}
}

func listDiffs(c *Call, b *bare) Answer {
	return withCommit(c, b, func(id string) Answer { return List(c, b.changesOf(id), noID[gitChange], diffJSON) })
}

// listCommitRefs names the branches and tags that hold a commit.
func listCommitRefs(c *Call, b *bare) Answer {
	return withCommit(c, b, func(id string) Answer {
		rows := []Object{}
		for _, kind := range []struct{ word, below string }{{"branch", "refs/heads/"}, {"tag", "refs/tags/"}} {
			if want := c.Text("type"); want != "" && want != "all" && want != kind.word {
				continue
			}
			refs, err := b.refs(kind.below, "--contains="+id)
			if err != nil {
				return c.withoutGit()
			}
			for _, r := range refs {
				rows = append(rows, Object{"type": kind.word, "name": r.name})
			}
		}
		return List(c, rows, noID[Object], func(o Object) Object { return o })
	})
}

// compareCommits compares from where the two sides parted, or with straight=true their ends.
func compareCommits(c *Call, b *bare) Answer {
	if lacks := c.missing("from", "to"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	if b == nil {
		return NotFound("Ref")
	}
	from, err1 := b.commit(c.Text("from"))
	to, err2 := b.commit(c.Text("to"))
	if err1 != nil || err2 != nil {
		return NotFound("Ref")
	}
	base := from
	if straight, _ := c.Bool("straight"); !straight {
		if out, err := b.git("merge-base", from, to); err == nil {
			base = strings.TrimSpace(out)
		}
	}
	out, err := b.git("rev-list", "--reverse", to, "^"+from, "--")
	if err != nil {
		return c.withoutGit()
	}
	commits, err := c.commitsJSON(b, strings.Fields(out))
	if err != nil {
		return c.withoutGit()
	}
	changes, err := b.changes(base, to)
	if err != nil {
		return c.withoutGit()
	}
	var last any
	if len(commits) > 0 {
		last = commits[len(commits)-1]
	}
	return OK(Object{"commit": last, "commits": append([]Object{}, commits...), "diffs": renderAll(changes, diffJSON), "compare_timeout": false,
		"compare_same_ref": from == to, "web_url": c.URL("/" + c.Project.Path + "/-/compare/" + from + "..." + to)})
}

func mergeBase(c *Call, b *bare) Answer {
	refs := c.Texts("refs")
	if len(refs) < 2 {
		return Refuse(http.StatusBadRequest, "refs is missing")
	}
	args := []string{"merge-base"}
	for _, ref := range refs {
		if b == nil {
			return BadRequest("Could not find ref: " + ref)
		}
		id, err := b.commit(ref)
		if err != nil {
			return BadRequest("Could not find ref: " + ref)
		}
		args = append(args, id)
	}
	out, err := b.git(args...)
	if err != nil {
		return NotFound("Merge Base")
	}
	full, err := c.commitsJSON(b, strings.Fields(out))
	if err != nil || len(full) == 0 {
		return c.withoutGit()
	}
	return OK(full[0])
}
