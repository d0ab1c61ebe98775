package history

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/gitrepo"
)

// Cache keeps, in a folder, what contents and whole histories were found to hold. There is no value in it: equal
// values are told by fingerprints under a key of the folder's own. A nil Cache keeps nothing.
type Cache struct {
	dir     string
	file    string // results of contents, of one version of the engine
	key     secret.Key
	results map[string]map[string]string // by class and content, as put wrote them; of earlier runs
	count   int                          // of results
	fresh   strings.Builder              // of this run, as they are to be written
	reasons map[string][]string          // of the results that were asked for; see recordReader
}

const (
	maxResults   = 4_000_000 // contents with their classes
	maxCacheFile = 1 << 30   // bytes; a larger one is made anew

	cacheForm = "3" // of the files' content
)

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
	c := &Cache{dir: dir, file: filepath.Join(dir, "contents-"+hex.EncodeToString(sum[:8])), key: key, results: map[string]map[string]string{}, reasons: map[string][]string{}}
	return c, nil
}

// load reads the results of contents. A run that finds the whole history unchanged does without.
func (c *Cache) load() error {
	if c == nil || c.count > 0 {
		return nil
	}
	f, err := os.Open(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() > maxCacheFile {
		return err
	}
	var text strings.Builder // all results are parts of one allocation
	text.Grow(int(info.Size()))
	if _, err := io.Copy(&text, f); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		line, whole := strings.CutSuffix(line, "\n")
		// <object id> SP <class> TAB <size> [b] TAB <findings> NL; one that was cut short is a result less
		name, found, ok := strings.Cut(line, "\t")
		oid, class, ok2 := strings.Cut(name, " ")
		if !whole || !ok || !ok2 || c.count >= maxResults {
			continue
		}
		of := c.results[class]
		if of == nil {
			of = map[string]string{}
			c.results[class] = of
		}
		of[oid] = found
		c.count++
	}
	return nil
}

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

// content is what a content was found to be under the paths of one class.
type content struct {
	size   int64
	binary bool
	found  []Finding
}

func (c *Cache) get(oid, class string) (r content, ok bool) {
	if c == nil {
		return r, false
	}
	text, ok := c.results[class][oid]
	if !ok {
		return r, false
	}
	size, found, _ := strings.Cut(text, "\t")
	size, r.binary = strings.CutSuffix(size, "b")
	r.size, _ = strconv.ParseInt(size, 10, 64)
	r.found, ok = readFindings(found, c.reasons)
	return r, ok
}

// put keeps what a content holds for later runs.
func (c *Cache) put(oid, class string, r content) {
	if c == nil || c.count >= maxResults {
		return
	}
	text := strconv.FormatInt(r.size, 10)
	if r.binary {
		text += "b"
	}
	text += "\t" + writeFindings(r.found)
	c.fresh.WriteString(oid + " " + class + "\t" + text + "\n")
}

// flush appends what was put to the file. Two runs may do so at a time: each line stands alone, and one that is torn
// is no result.
func (c *Cache) flush() error {
	if c == nil || c.fresh.Len() == 0 {
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if info, err := os.Stat(c.file); err == nil && info.Size() > maxCacheFile {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(c.file, flags, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(c.fresh.String())
	c.fresh.Reset()
	return errors.Join(err, f.Close())
}

// maxHistories bounds the whole histories, and the logs, that are kept; the oldest leave.
const maxHistories = 1000

// historyFile is where the result of a history lies that follows from state. Forks that did not move have the same.
func (c *Cache) historyFile(state string) string {
	sum := sha256.Sum256([]byte(state))
	return c.file + "-history-" + hex.EncodeToString(sum[:16])
}

// history returns the result of a history in the same state; nil when there is none.
func (c *Cache) history(state string) *Result {
	text, err := os.ReadFile(c.historyFile(state))
	if err != nil {
		return nil
	}
	return readResult(string(text))
}

func (c *Cache) keep(state string, r *Result) error {
	f, err := os.CreateTemp(c.dir, ".history-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(writeResult(r))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.historyFile(state))
	}
	return errors.Join(err, c.trim())
}

// logDir is where gitrepo keeps what commits changed.
func (c *Cache) logDir() string {
	if c == nil {
		return ""
	}
	return c.dir
}

// trim removes the oldest histories and logs over the bound.
func (c *Cache) trim() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	var histories, logs []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil: // another process has removed it
		case strings.Contains(e.Name(), "-history-"):
			histories = append(histories, info)
		case strings.HasPrefix(e.Name(), gitrepo.KeptLogPrefix):
			logs = append(logs, info)
		}
	}
	for _, all := range [][]fs.FileInfo{histories, logs} {
		slices.SortFunc(all, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
		for _, old := range all[:max(0, len(all)-maxHistories)] {
			err = errors.Join(err, os.Remove(filepath.Join(c.dir, old.Name())))
		}
	}
	return err
}
