// Package filetree reads files, folders, archives and a stream as contents to be searched. What it meets is hostile:
// links, pipes and devices are not opened, archives are unpacked within a budget, and a file of any size is read in
// parts, so that memory stays bounded. Whatever is left out is said, with the reason.
package filetree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Stdin is the name that stands for Options.Stdin among the roots.
const Stdin = "-"

// Options narrow a walk. The zero Options read everything but standard input.
type Options struct {
	// MaxSize is the largest file read, in bytes as it lies on disk; 0 is no limit.
	MaxSize int64
	// Exclude leaves out what a pattern matches, with all that lies below it. May be nil.
	Exclude *Patterns
	// Stdin is read for the root "-"; nil leaves it unread.
	Stdin io.Reader
	// Git also walks folders named .git, which are left out otherwise.
	Git bool
}

// Content is a file, a member of an archive, or a part of a large one; or, with Skipped, one that was not read.
type Content struct {
	// Path begins as the root was given and goes on below it, with slashes: "./a" for the root ".". A member of an
	// archive follows the archive's path and "!/".
	Path string
	// Name is Path in its shortest form, without the folders above an absolute root: how a checkout is named and where
	// it lies says nothing about what is in it.
	Name string
	// Bytes are the content, as UTF-8 where the file is UTF-16. The receiver owns them, until Release.
	Bytes []byte
	// Line and Column count what lies before Bytes in the file: newlines, and bytes on the line that Bytes begin in.
	Line, Column int
	// From and To bound, in Bytes, where a finding may begin; what lies around them is context that another part has.
	From, To int
	// Size is how many bytes of the file no other part counts.
	Size int64
	// First is true for a whole file and for the first part of one.
	First bool
	// Binary says that the content is not text: there are no Bytes, but the path may still tell something.
	Binary bool

	// Skipped says why nothing, or nothing more, of Path was read; empty for contents.
	Skipped string
	// Unread says that it ought to have been read: the walk saw less than asked.
	Unread bool

	buffers *buffers // where Bytes come from
}

// Release gives Bytes back for another content. It is called at most once, by who needs neither them nor a part of
// them any more; who keeps them does not call it.
func (c *Content) Release() {
	if c.buffers != nil && c.Bytes != nil {
		c.buffers.give(c.Bytes)
	}
	c.Bytes = nil
}

// Why something was not read and need not be.
const (
	skippedBinary  = "binary content"
	skippedLink    = "symbolic link, not followed"
	skippedPipe    = "named pipe"
	skippedSocket  = "socket"
	skippedDevice  = "device"
	skippedGit     = "git's own folder; --history searches what it holds"
	skippedExclude = "excluded"
	skippedSize    = "larger than --max-size"
)

// changed is why a file counts as unread although its bytes were delivered.
const changed = "changed while it was read"

// Walk reads the roots in the order given, and each folder in the order of names. It stops when ctx is done.
func Walk(ctx context.Context, roots []string, o Options) iter.Seq[Content] {
	return func(yield func(Content) bool) {
		w := &walk{ctx: ctx, o: o, yield: yield}
		for _, root := range roots {
			if !w.root(root) {
				return
			}
		}
	}
}

// walk delivers contents. Its methods return false when the receiver wants no more.
type walk struct {
	ctx   context.Context
	o     Options
	yield func(Content) bool
	given string // the present root, as Path begins
	clean string // the same in its shortest form
	above string // the folders above it where it is absolute, with a slash behind

	buffers buffers
}

func (w *walk) emit(c Content) bool {
	c.Name = strings.TrimPrefix(path.Join(w.clean, strings.TrimPrefix(c.Path, w.given)), w.above)
	c.buffers = &w.buffers
	return w.ctx.Err() == nil && w.yield(c)
}

func (w *walk) skip(name, reason string) bool { return w.emit(Content{Path: name, Skipped: reason}) }

// unread tells that something ought to have been read.
func (w *walk) unread(name, reason string) bool {
	return w.emit(Content{Path: name, Skipped: reason, Unread: true})
}

// root reads what the command line names. A link is followed there, and only there.
func (w *walk) root(root string) bool {
	name := Root(root)
	w.given, w.clean, w.above = name, path.Clean(name), ""
	if root == Stdin {
		if w.o.Stdin == nil {
			return w.unread(root, "there is no standard input")
		}
		return w.stream(Stdin, w.o.Stdin)
	}
	if path.IsAbs(name) {
		w.above, _ = path.Split(w.clean)
	}
	info, err := os.Stat(root)
	switch {
	case err != nil:
		return w.unread(name, reasonOf(err))
	case info.IsDir():
		return w.folder(root, name, "")
	case !info.Mode().IsRegular():
		return w.unread(name, special(info.Mode())+"; give its content to -")
	}
	return w.file(root, name, 0)
}

// Root is how Path begins for a root: as it is given, with slashes, and none at its end but for "/" itself.
func Root(root string) string {
	name := filepath.ToSlash(root)
	if short := strings.TrimRight(name, "/"); short != "" || name == "" {
		return short
	}
	return "/"
}

// Join is the path of what lies below a folder: the folder's own where below is empty.
func Join(folder, below string) string {
	switch {
	case below == "":
		return folder
	case strings.HasSuffix(folder, "/"):
		return folder + below
	}
	return folder + "/" + below
}

// folder reads a folder. below is its path from the root, empty for the root itself.
func (w *walk) folder(dir, name, below string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil && !w.unread(name, reasonOf(err)) {
		return false
	}
	for _, e := range entries {
		if !w.entry(e, filepath.Join(dir, e.Name()), Join(name, e.Name()), path.Join(below, e.Name())) {
			return false
		}
	}
	return true
}

func (w *walk) entry(e fs.DirEntry, file, name, below string) bool {
	if w.o.Exclude.Match(below) {
		return w.skip(name, skippedExclude)
	}
	switch {
	case e.IsDir() && e.Name() == ".git" && !w.o.Git:
		return w.skip(name, skippedGit)
	case e.IsDir():
		return w.folder(file, name, below)
	case !e.Type().IsRegular():
		return w.skip(name, special(e.Type()))
	}
	return w.file(file, name, noFollow)
}

func special(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return skippedLink
	case m&fs.ModeNamedPipe != 0:
		return skippedPipe
	case m&fs.ModeSocket != 0:
		return skippedSocket
	}
	return skippedDevice
}

// file reads a regular file. Between looking and opening it may have become something else: it is opened so that a
// pipe does not block, with noFollow so that a link is not followed, and must still be a regular file.
func (w *walk) file(file, name string, flags int) bool {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK|flags, 0)
	switch {
	case flags != 0 && errors.Is(err, syscall.ELOOP):
		return w.unread(name, changed) // into a link
	case err != nil:
		return w.unread(name, reasonOf(err))
	}
	defer f.Close()
	before, err := f.Stat()
	switch {
	case err != nil:
		return w.unread(name, reasonOf(err))
	case !before.Mode().IsRegular():
		return w.unread(name, changed)
	case w.o.MaxSize > 0 && before.Size() > w.o.MaxSize:
		return w.skip(name, skippedSize)
	}
	if !w.content(name, f, before.Size()) {
		return false
	}
	after, err := f.Stat()
	if err == nil && (after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime())) {
		return w.unread(name, changed)
	}
	return true
}

// reasonOf is an error without the path, which stands beside it.
func reasonOf(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return strings.ToValidUTF8(fmt.Sprintf("cannot be read: %v", err), "\uFFFD")
}
