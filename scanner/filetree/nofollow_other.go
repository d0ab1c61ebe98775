//go:build !unix

package filetree

// noFollow is nothing where links cannot be told from files when they are opened.
const noFollow = 0
