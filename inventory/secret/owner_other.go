//go:build !unix

package secret

import "io/fs"

// trusted takes any file: here files have no owner that could be compared.
func trusted(string, fs.FileInfo) bool { return true }
