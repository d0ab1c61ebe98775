package gitlabtest

import (
	"bytes"
	"cmp"
	"errors"
	"strings"
	"time"
)

// bare is a repository on disk, read by git itself. Its commands are short and local, so handlers run them under the
// server's lock.
type bare struct{ dir string }

// repository is the bare repository of a project; nil where it is empty, or where the server keeps none.
func (s *Server) repository(p *Project) *bare {
	if s.opts.RepoDir == "" || p.Repository == nil {
		return nil
	}
	return &bare{s.gitDir(p)}
}

func (b *bare) git(args ...string) (string, error) {
	out, err := git(b.dir, nil, args...)
	return string(out), err
}

var errNoRevision = errors.New("no such revision")

// revision resolves a name to the object of a kind: commit, tree, blob. A name that looks like an option or a search is
// none: git would take it for one.
func (b *bare) revision(name, kind string) (string, error) {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\x00\n") ||
		kind == "commit" && (strings.ContainsAny(name, ":^~") || strings.Contains(name, "@{")) {
		return "", errNoRevision
	}
	id, err := b.git("rev-parse", "--verify", "--quiet", name+"^{"+kind+"}")
	if err != nil {
		return "", errNoRevision
	}
	return strings.TrimSpace(id), nil
}

// commit resolves a branch, a tag, a full ref or a hash; a branch wins over a tag of the same name.
func (b *bare) commit(name string) (string, error) {
	if id, err := b.revision("refs/heads/"+name, "commit"); err == nil {
		return id, nil
	}
	return b.revision(name, "commit")
}

// gitCommit is one commit as git tells it.
type gitCommit struct {
	id, author, authorEmail, committer, committerEmail, message string
	parents                                                     []string
	authored, committed                                         time.Time
}

// commitFormat has one field for each line of parseCommits; a NUL ends every one.
const commitFormat = "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"

// commits reads the named commits in the order given; they must exist. git tells a commit that is named twice once.
func (b *bare) commits(ids []string) ([]gitCommit, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := git(b.dir, []byte(strings.Join(ids, "\n")+"\n"), "log", "--no-walk=unsorted", "-z", "--stdin", commitFormat)
	if err != nil {
		return nil, err
	}
	const fields = 9
	parts := strings.Split(string(bytes.TrimSuffix(out, []byte{0})), "\x00")
	byID := map[string]gitCommit{}
	for ; len(parts) >= fields; parts = parts[fields:] {
		authored, err1 := time.Parse(time.RFC3339, parts[4])
		committed, err2 := time.Parse(time.RFC3339, parts[7])
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		byID[parts[0]] = gitCommit{
			id: parts[0], parents: strings.Fields(parts[1]), author: parts[2], authorEmail: parts[3], authored: authored,
			committer: parts[5], committerEmail: parts[6], committed: committed, message: parts[8],
		}
	}
	all := make([]gitCommit, 0, len(ids))
	for _, id := range ids {
		all = append(all, byID[id])
	}
	return all, nil
}

// gitRef is a branch or a tag; an annotated tag has a message and another object than its commit.
type gitRef struct {
	name, object, commit, message string
	tagged                        time.Time
}

// refs lists what stands below refs/heads/ or refs/tags/, sorted by name, with the options of for-each-ref.
func (b *bare) refs(below string, options ...string) ([]gitRef, error) {
	args := append([]string{"for-each-ref", "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(objecttype)%00%(taggerdate:iso-strict)%00%(contents)%00%01"}, options...)
	out, err := b.git(append(args, below)...)
	if err != nil {
		return nil, err
	}
	var all []gitRef
	for _, record := range strings.Split(out, "\x00\x01\n") {
		parts := strings.SplitN(record, "\x00", 6)
		if len(parts) < 6 {
			continue
		}
		r := gitRef{name: strings.TrimPrefix(parts[0], below), object: parts[1], commit: parts[1]}
		if parts[3] == "tag" {
			r.commit, r.message = parts[2], strings.TrimSpace(parts[5])
			r.tagged, _ = time.Parse(time.RFC3339, parts[4]) // a tag without a tagger has no date
		}
		all = append(all, r)
	}
	return all, nil
}

// gitEntry is one line of a tree.
type gitEntry struct{ mode, kind, id, path string }

// tree lists a folder of a commit, "" for the root; deep goes below.
func (b *bare) tree(commit, path string, deep bool) ([]gitEntry, error) {
	args := []string{"ls-tree", "-z", "--full-tree"}
	if deep {
		args = append(args, "-r", "-t")
	}
	args = append(args, commit)
	if path = strings.Trim(path, "/"); path != "" {
		args = append(args, "--", path+"/")
	}
	out, err := git(b.dir, nil, args...)
	if err != nil {
		return nil, err
	}
	var all []gitEntry
	for line := range strings.SplitSeq(string(out), "\x00") {
		head, name, found := strings.Cut(line, "\t")
		parts := strings.Fields(head)
		if found && len(parts) == 3 && name != path {
			all = append(all, gitEntry{parts[0], parts[1], parts[2], name})
		}
	}
	return all, nil
}

// entry is one file of a commit.
func (b *bare) entry(commit, path string) (gitEntry, bool) {
	out, err := git(b.dir, nil, "ls-tree", "-z", "--full-tree", commit, "--", strings.Trim(path, "/"))
	head, name, found := strings.Cut(strings.TrimSuffix(string(out), "\x00"), "\t")
	parts := strings.Fields(head)
	if err != nil || !found || len(parts) != 3 || parts[1] != "blob" {
		return gitEntry{}, false
	}
	return gitEntry{parts[0], parts[1], parts[2], name}, true
}

// gitChange is one file that differs between two commits.
type gitChange struct {
	oldPath, newPath, oldMode, newMode, status, text string
}

// changes compares two commits; from is "" for the empty tree.
func (b *bare) changes(from, to string) ([]gitChange, error) {
	ends := []string{from, to}
	if from == "" {
		ends = []string{emptyTree, to}
	}
	raw, err := b.git(append([]string{"diff-tree", "-r", "-M", "-z", "--raw"}, ends...)...)
	if err != nil {
		return nil, err
	}
	text, err := b.git(append([]string{"diff-tree", "-r", "-M", "-p"}, ends...)...)
	if err != nil {
		return nil, err
	}
	var all []gitChange
	parts := strings.Split(raw, "\x00")
	for len(parts) > 1 {
		meta := strings.Fields(strings.TrimPrefix(parts[0], ":"))
		c := gitChange{oldPath: parts[1], newPath: parts[1], oldMode: cmp.Or(strings.TrimLeft(meta[0], "0"), "0"), newMode: cmp.Or(strings.TrimLeft(meta[1], "0"), "0"), status: meta[4][:1]}
		parts = parts[2:]
		if c.status == "R" || c.status == "C" {
			c.newPath, parts = parts[0], parts[1:]
		}
		all = append(all, c)
	}
	for i, patch := range strings.Split("\n"+text, "\ndiff --git ")[1:] {
		if at := strings.Index(patch, "\n@@ "); at >= 0 && i < len(all) {
			all[i].text = strings.TrimSuffix(patch[at+1:], "\n") + "\n"
		}
	}
	return all, nil
}

// emptyTree is the hash of a tree without entries, which git knows without having it.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
