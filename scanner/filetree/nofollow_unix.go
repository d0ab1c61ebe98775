//go:build unix

package filetree

import "syscall"

// noFollow makes the opening of a link fail, with ELOOP.
const noFollow = syscall.O_NOFOLLOW
