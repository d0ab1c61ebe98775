//go:build !unix || aix || solaris

package gitrepo

import (
	"errors"
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func ours(os.FileInfo) bool { return true }

func lockFile(*os.File) (bool, error) {
	return false, errors.New("a cache of mirrors needs file locks, which this system does not have")
}
