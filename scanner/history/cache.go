package history

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/gitrepo"
)

// Cache keeps, in a folder, what contents and whole histories were found to hold. There is no value in it: equal
// values are told by fingerprints under a key of the folder's own. Each file is written as a whole and then takes its
// name: of two runs at a time the last one's stays, and what the other found out is found out again. A file that is
// not as it was written is as good as none. A nil Cache keeps nothing.
type Cache struct {
	dir  string
	name string // what the names of files begin with, for one version of the engine
	key  secret.Key
}

const cacheForm = "4" // of the files' content

// OpenCache opens a folder, which it makes with mode 0700, for one version of the engine.
func OpenCache(dir, version string) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := secret.LoadKey(filepath.Join(dir, "history.key"))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(cacheForm + "\x00" + version + "\x00" + key.ID()))
	return &Cache{dir: dir, name: contentsPrefix + hex.EncodeToString(sum[:8]), key: key}, nil
}

// The names of files of any form and version: contentsPrefix, then historyInfix where the result of a whole history is
// in it. temporary begins those that are being written.
const (
	contentsPrefix = "contents-"
	historyInfix   = "-history-"
	temporary      = ".history-"
)

// fingerprintKey is the key under which equal values are told: of the folder, or of this run alone.
func (c *Cache) fingerprintKey() (secret.Key, error) {
	if c != nil {
		return c.key, nil
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return secret.Key{}, fmt.Errorf("make a key: %w", err)
	}
	return secret.ParseKey(hex.EncodeToString(b[:]))
}

// contentsFile is where the results of contents lie. Repositories with the same oldest commit share it, and so do shallow
// clones: what it takes to read must not grow with the number of repositories.
func (c *Cache) contentsFile(oldest string) string {
	return filepath.Join(c.dir, c.name+"-of-"+cmp.Or(oldest, "none"))
}

// contents returns the results of contents that earlier runs kept, if any.
func (c *Cache) contents(oldest string) *contents {
	of := newContents(c != nil)
	if c == nil {
		return of
	}
	text, err := os.ReadFile(c.contentsFile(oldest))
	if err != nil {
		return of
	}
	if record, _, ok := readSection(text); !ok || !of.read(record) {
		return newContents(true)
	}
	return of
}

// keepContents writes the results of contents when there are new ones.
func (c *Cache) keepContents(oldest string, of *contents) error {
	if c == nil || of.size == 0 {
		return nil
	}
	return errors.Join(c.write(c.contentsFile(oldest), of.write()), c.trim())
}

// historyFile is where the result of a history lies that follows from state. Forks that did not move have the same.
func (c *Cache) historyFile(state string) string {
	sum := sha256.Sum256([]byte(state))
	return filepath.Join(c.dir, c.name+historyInfix+hex.EncodeToString(sum[:16]))
}

// history returns the result of a history in the same state, as far as places of some confidence want it; nil when
// there is none.
func (c *Cache) history(state string, from float64) *Result {
	text, err := os.ReadFile(c.historyFile(state))
	if err != nil {
		return nil
	}
	return readResult(text, from)
}

func (c *Cache) keepHistory(state string, r *Result, p *places, shown listing) error {
	return errors.Join(c.write(c.historyFile(state), writeResult(r, p, shown)...), c.trim())
}

// write replaces a file by one of sections; another process sees the old one or the whole of the new.
func (c *Cache) write(file string, records ...[]byte) error {
	f, err := os.CreateTemp(c.dir, temporary+"*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	for _, record := range records {
		if err == nil {
			_, err = f.Write(sectionOf(record))
		}
		if err == nil {
			_, err = f.Write(record)
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// logDir is where gitrepo keeps what commits changed.
func (c *Cache) logDir() string {
	if c == nil {
		return ""
	}
	return c.dir
}

// maxFiles bounds the whole histories, the files of contents, and the logs; the oldest leave.
const maxFiles = 1000

// trim removes the oldest files over the bound, whichever version wrote them.
func (c *Cache) trim() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	kinds := map[string][]fs.FileInfo{}
	for _, e := range entries {
		kind := ""
		switch name := e.Name(); {
		case strings.Contains(name, historyInfix):
			kind = historyInfix
		case strings.HasPrefix(name, contentsPrefix):
			kind = contentsPrefix
		case strings.HasPrefix(name, temporary): // of runs that were killed
			kind = temporary
		case strings.HasPrefix(name, gitrepo.KeptLogPrefix):
			kind = gitrepo.KeptLogPrefix
		default:
			continue
		}
		if info, err := e.Info(); err == nil { // else another process has removed it
			kinds[kind] = append(kinds[kind], info)
		}
	}
	for _, all := range kinds {
		slices.SortFunc(all, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
		for _, old := range all[:max(0, len(all)-maxFiles)] {
			if gone := os.Remove(filepath.Join(c.dir, old.Name())); !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}
	return err
}
