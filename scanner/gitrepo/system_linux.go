//go:build linux

package gitrepo

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// limitMemory bounds the data of a started command, and of what it starts. Mapped files, and so packs, do not count.
// Where it does not work the command runs on unbounded: a bound is no reason not to scan.
func limitMemory(cmd *exec.Cmd, bytes uint64) {
	_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes}, nil)
}
