package ciyaml

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// maxListed bounds the lists of includes: one file may hold one on every line.
const maxListed = 1000

// withIncludes lays a file's content upon what it includes: in order, later ones over earlier ones.
func (r *reader) withIncludes(v *value) *value {
	var below *value
	for _, i := range r.includeList(v.get("include")) {
		if !r.spend() {
			break
		}
		below = r.deepMerge(below, r.included(i, v.source), i.Conditional)
	}
	return r.deepMerge(below, v, false)
}

// included reads the files of one include of a file, and what they include; nil where there is nothing.
func (r *reader) included(i inclusion, from *source) *value {
	r.locate(&i.Include, from)
	listed := len(r.config.Includes)
	if listed < maxListed {
		r.config.Includes = append(r.config.Includes, i.Include)
	}
	if i.Conditional && never(i.Rules) {
		return nil
	}
	files, err := r.fetch(&i.Include, from)
	if listed < maxListed {
		r.config.Includes[listed] = i.Include // variables in its place are known by now
	}
	if err != nil {
		r.files++ // it counts, though it brings nothing
		r.unresolved(i.Include, err)
		return nil
	}
	var out *value
	for _, f := range files {
		src := from.including(i.Include, f)
		if strings.Contains(i.Location, "*") && r.isRead(src) {
			continue // GitLab's wildcards leave out what is included already
		}
		content, err := r.readIncluded(i, f, src)
		if err != nil {
			r.unresolved(i.Include, err)
			continue
		}
		out = r.deepMerge(out, content, false)
	}
	return out
}

// never reports whether no rule lets an include in: where none matches, it stays out.
// Source: https://docs.gitlab.com/ci/yaml/includes/#use-rules-with-include
func never(rules []Rule) bool {
	return len(rules) > 0 && !slices.ContainsFunc(rules, func(rule Rule) bool { return rule.When != "never" })
}

func (r *reader) readIncluded(i inclusion, f File, src *source) (*value, error) {
	if err := src.looped(); err != nil {
		return nil, err
	}
	if r.files++; r.files > r.o.Includes {
		return nil, fmt.Errorf("%w: more than %d included files", ErrBudget, r.o.Includes)
	}
	if err := intact(f.Text, i.Integrity); err != nil {
		return nil, err
	}
	loaded, err := r.load(f.Text, src, i.with)
	if err != nil {
		return nil, err
	}
	r.read = append(r.read, src)
	r.config.Files = append(r.config.Files, f.Name)
	return r.withIncludes(loaded.content), nil
}

func (r *reader) unresolved(i Include, reason error) {
	r.config.Complete = false
	if len(r.config.Unresolved) < maxListed {
		r.config.Unresolved = append(r.config.Unresolved, Unresolved{i, oneLine(reason.Error())})
		return
	}
	r.note(Origin{}, "more than %d includes are unresolved", maxListed)
}

// locate gives an include the project of the file in which it stands.
func (r *reader) locate(i *Include, from *source) {
	i.Location = strings.TrimSpace(i.Location)
	if i.Kind == "local" {
		i.Project, i.Ref = from.project, from.ref
	}
}

// including is the file f that an include in s brings.
func (s *source) including(i Include, f File) *source {
	out := &source{
		name: f.Name, via: append(slices.Clone(s.via), s.name), above: s,
		conditional: s.conditional || i.Conditional, project: s.project, ref: s.ref, alone: s.alone,
	}
	switch i.Kind {
	case "project":
		out.project, out.ref, out.alone = i.Project, cmp.Or(f.Ref, i.Ref), false
	case "component":
		_, project, name := Component(i.Location)
		if ownComponent(i, s) == "" {
			out.project, out.ref, out.alone = project, cmp.Or(f.Ref, i.Ref), false
		}
		out.component = componentName{name: name, sha: f.Ref, version: cmp.Or(f.Version, i.Ref), reference: i.Ref}
	case "remote", "template":
		out.project, out.ref, out.alone = "", "", true
	}
	return out
}

func (s *source) same(t *source) bool {
	return s.name == t.name && s.project == t.project && s.ref == t.ref && s.alone == t.alone
}

func (r *reader) isRead(s *source) bool { return slices.ContainsFunc(r.read, s.same) }

// looped reports whether a file includes itself.
func (s *source) looped() error {
	for up := s.above; up != nil && !up.starts; up = up.above {
		if up.same(s) {
			return fmt.Errorf("%s includes itself", short(s.name))
		}
	}
	return nil
}

// intact checks a remote file against the hash that its include demands.
// Source: lib/gitlab/ci/config/external/file/remote.rb, verify_integrity.
func intact(text []byte, integrity string) error {
	if integrity == "" {
		return nil
	}
	want, ok := strings.CutPrefix(integrity, "sha256-")
	if sum := sha256.Sum256(text); !ok || base64.StdEncoding.EncodeToString(sum[:]) != want {
		return fmt.Errorf("its content does not match the include's integrity")
	}
	return nil
}

// fetched is an answer of Fetch.
type fetched struct {
	files []File
	err   error
}

// fetch gets the files of an include, once in a reading.
func (r *reader) fetch(i *Include, from *source) ([]File, error) {
	if name := ownComponent(*i, from); name != "" {
		return r.fetchComponent(*i, name, from)
	}
	if err := r.fetchable(i, from); err != nil {
		return nil, err
	}
	key := strings.Join([]string{i.Kind, i.Project, i.Ref, i.Location}, "\x00")
	if done, ok := r.fetched[key]; ok {
		return done.files, done.err
	}
	files, err := r.o.Fetch(r.ctx, *i)
	r.fetched[key] = fetched{files, err}
	return files, err
}

func (r *reader) fetchable(i *Include, from *source) error {
	switch {
	case r.ended():
		return r.stopped()
	case i.Kind == "artifact":
		return fmt.Errorf("is made by job %q when the pipeline runs", short(i.Job))
	case i.Kind == "local" && from.alone:
		return fmt.Errorf("stands in a file that lies in no project")
	case r.files >= r.o.Includes:
		return fmt.Errorf("%w: more than %d included files", ErrBudget, r.o.Includes)
	}
	for _, part := range []*string{&i.Project, &i.Location, &i.Ref} {
		text, unknown := expand(*part, r.o.Variables)
		if unknown != "" {
			return fmt.Errorf("its place holds $%s, whose value is not known", unknown)
		}
		*part = text
	}
	name := strings.ToLower(i.Location)
	if i.Kind != "component" && !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
		return fmt.Errorf("its name ends neither in .yml nor in .yaml")
	}
	return nil
}

// ownComponent is the name of a component that lies in the root's own project at the commit that is read, which is how
// projects of components try them out; empty for all others.
// Source: https://docs.gitlab.com/ci/components/#test-the-component
func ownComponent(i Include, from *source) string {
	_, project, name := Component(i.Location)
	here := i.Kind == "component" && from.project == "" && !from.alone
	if here && strings.Trim(project, "${}") == "CI_PROJECT_PATH" && strings.HasPrefix(strings.Trim(i.Ref, "${}"), "CI_COMMIT_") {
		return name
	}
	return ""
}

func (r *reader) fetchComponent(i Include, name string, from *source) (files []File, err error) {
	for _, path := range ComponentFiles(name) {
		i.Kind, i.Location, i.Ref = "local", path, ""
		if files, err = r.fetch(&i, from); err == nil {
			break
		}
	}
	return files, err
}
