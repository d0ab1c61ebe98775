package ciyaml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Fetch gets the files of an include: one, or for a local include with wildcards as many as match, sorted by name. An
// error's text becomes the reason why the include is unresolved. The include's variables are expanded; Project and Ref
// say where a local include lies that stands in a file of another project.
//
// Whoever writes one decides what may be read: Resolve itself reaches no file and no address.
type Fetch func(ctx context.Context, i Include) ([]File, error)

// File is the content of an include.
type File struct {
	Name string // within its project, or the URL; it goes into Origin
	Text []byte
	// Ref is the commit of a component or of a file of another project. Version is the component's: a release's tag, or
	// what the include asks for.
	Ref, Version string
}

// maxEntries bounds the walk for an include with wildcards.
const maxEntries = 200_000

// Dir reads local includes from a folder, which is the root of the project: fsys of os.Root, so that no symbolic link
// leads out of it. All other includes fail: they lie elsewhere.
func Dir(fsys fs.FS) Fetch {
	return func(ctx context.Context, i Include) ([]File, error) {
		switch {
		case i.Kind != "local" || i.Project != "":
			return nil, errors.New(elsewhere(i))
		case strings.Contains(i.Location, "*"):
			return matching(ctx, fsys, i.Location)
		}
		name, err := inside(i.Location)
		if err != nil {
			return nil, err
		}
		text, err := readFile(fsys, name)
		if err != nil {
			return nil, err
		}
		return []File{{Name: name, Text: text}}, nil
	}
}

// elsewhere says where an include lies that is no file of the project.
func elsewhere(i Include) string {
	switch i.Kind {
	case "project", "local":
		return "lies in another project, " + short(i.Project)
	case "remote":
		return "lies on a web server, which is not asked"
	case "template":
		return "is a template of GitLab itself"
	case "component":
		return "is a component of another project"
	}
	return "is no file of this project"
}

// inside is the name of a local include below the root.
func inside(location string) (string, error) {
	name := path.Clean(strings.TrimLeft(location, "/"))
	if !fs.ValidPath(name) || strings.Contains(location, `\`) {
		return "", errors.New("leads out of the project")
	}
	return name, nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such file in the project")
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	case !info.Mode().IsRegular(): // opening a pipe would wait for ever
		return nil, errors.New("is no regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%w: at most %d bytes", ErrBudget, maxFile)
	}
	return text, nil
}

// maxFile is the default of Options.Bytes.
const maxFile = 5 << 20

// cause leaves the path out of an error: the include says it.
func cause(err error) error {
	if p := new(fs.PathError); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// matching reads the files that a location with wildcards names.
func matching(ctx context.Context, fsys fs.FS, location string) ([]File, error) {
	pattern, err := wildcard(location)
	if err != nil {
		return nil, err
	}
	var names []string
	left := maxEntries
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if left--; left < 0 {
			return fmt.Errorf("%w: the project has more than %d files", ErrBudget, maxEntries)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil || d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.Type().IsRegular() && pattern.MatchString(name):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []File
	for _, name := range names {
		text, err := readFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", short(name), err)
		}
		out = append(out, File{Name: name, Text: text})
	}
	return out, nil
}

// Matches lists which names a local include with wildcards brings in, sorted: "*" is anything within a folder, "**"
// anything. For fetchers that have a list of the project's files.
// Source: app/models/repository.rb of GitLab, search_files_by_wildcard_path.
func Matches(location string, names []string) []string {
	pattern, err := wildcard(location)
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range names {
		if pattern.MatchString(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func wildcard(location string) (*regexp.Regexp, error) {
	quoted := regexp.QuoteMeta(strings.TrimLeft(location, "/"))
	quoted = strings.ReplaceAll(quoted, `\*\*`, `.*?`)
	quoted = strings.ReplaceAll(quoted, `\*`, `[^/]*?`)
	pattern := compiled("^" + quoted + "$")
	if pattern == nil {
		return nil, errors.New("its wildcards are too long to be followed")
	}
	return pattern, nil
}
