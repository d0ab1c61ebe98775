//go:build !linux

package gitrepo

import "os/exec"

// limitMemory does nothing: only Linux lets one process bound another.
func limitMemory(*exec.Cmd, uint64) {}
