//go:build unix

package secret

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// trusted reports whether a file belongs to the user we run as, or to the owner of the folder it lies in, whose word
// counts there anyway. In a folder that all may write, such as /tmp, anybody may have put a key of theirs.
func trusted(path string, info fs.FileInfo) bool {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return false
	}
	file, ok1 := info.Sys().(*syscall.Stat_t)
	dir, ok2 := folder.Sys().(*syscall.Stat_t)
	return !ok1 || !ok2 || int(file.Uid) == os.Geteuid() || file.Uid == dir.Uid
}
