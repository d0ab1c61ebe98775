package history

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"slices"
)

// contents are what contents were found to hold, in this run and in earlier ones. A content has a result for each class
// of paths. get may run while put does.
type contents struct {
	facts   *facts
	classes map[string]string       // of paths
	known   int                     // facts of earlier runs
	places  int                     // about as many as earlier runs found
	earlier map[string]earlierClass // by class
	fresh   map[string][]byte       // records of this run, by class
	size    int                     // of fresh
	keeps   bool
}

// earlierClass is what earlier runs found out under one class.
type earlierClass struct {
	records string
	at      map[uint64]int32 // where the record of a content begins, by the first bytes of its id
}

// maxContents bounds the results that are kept, in bytes. When there are more, those of earlier runs leave.
const maxContents = 128 << 20

// content is what a content was found to be under the paths of one class.
type content struct {
	size   int64
	binary bool
	found  []spot // in the order of lines
}

func newContents(keeps bool) *contents {
	return &contents{facts: newFacts(), classes: map[string]string{}, earlier: map[string]earlierClass{}, fresh: map[string][]byte{}, keeps: keeps}
}

// read takes the results of earlier runs from a record. It reports whether all of it was as it was written.
func (c *contents) read(record string) bool {
	r := recordReader{text: record, broken: len(record) > math.MaxInt32}
	for range r.count() {
		c.facts.number(r.fact())
	}
	c.known = len(c.facts.list)
	classes := make([]string, r.count())
	for i := range classes {
		classes[i] = r.string()
	}
	n := r.count()
	c.classes = make(map[string]string, n)
	for range n {
		path, class := r.string(), r.below(len(classes))
		if r.broken {
			return false
		}
		c.classes[path] = classes[class]
	}
	for r.text != "" && !r.broken {
		class := r.string()
		of := earlierClass{records: r.string()}
		of.at = make(map[uint64]int32, len(of.records)/40) // few are longer
		c.earlier[class] = of
		for in := (recordReader{text: of.records}); in.text != ""; {
			at := int32(len(of.records) - len(in.text)) //nolint:gosec // checked
			of.at[firstBytes(in.string())] = at
			_ = in.string()
			r.broken = r.broken || in.broken
		}
		c.places += len(of.records) / 40
	}
	return !r.broken
}

// firstBytes are enough to find an id by. Of two that share them one is not found.
func firstBytes(id string) uint64 {
	var b [8]byte
	copy(b[:], id)
	return binary.BigEndian.Uint64(b[:])
}

// write returns what read takes.
func (c *contents) write() []byte {
	size := c.size
	all := maps.Clone(c.fresh)
	for class, of := range c.earlier {
		size += len(of.records)
		all[class] = c.fresh[class]
	}
	w := recordWriter{text: make([]byte, 0, size+len(c.facts.text)+4096)}
	w.int(int64(len(c.facts.list)))
	w.text = append(w.text, c.facts.text...)
	classes := slices.Compact(slices.Sorted(maps.Values(c.classes)))
	w.int(int64(len(classes)))
	for _, class := range classes {
		w.string(class)
	}
	w.int(int64(len(c.classes)))
	for path, class := range c.classes {
		n, _ := slices.BinarySearch(classes, class)
		w.string(path)
		w.int(int64(n))
	}
	for _, class := range slices.Sorted(maps.Keys(all)) {
		earlier := ""
		if size <= maxContents {
			earlier = c.earlier[class].records
		}
		w.string(class)
		w.int(int64(len(earlier) + len(all[class])))
		w.text = append(append(w.text, earlier...), all[class]...)
	}
	return w.text
}

// get returns what earlier runs found out.
func (c *contents) get(oid, class string) (of content, ok bool) {
	var id [32]byte
	n, err := hex.Decode(id[:], []byte(oid))
	earlier := c.earlier[class]
	at, ok := earlier.at[binary.BigEndian.Uint64(id[:])]
	if !ok || err != nil {
		return of, false
	}
	r := recordReader{text: earlier.records[at:]}
	if r.string() != string(id[:n]) {
		return of, false
	}
	r.text = r.string()
	of.size, of.binary = r.int(), r.bool()
	if r.text != "" {
		of.found = r.spots(c.known)
	}
	return of, !r.broken
}

// put keeps what a content holds for later runs.
func (c *contents) put(oid, class string, of content) {
	id, err := hex.DecodeString(oid)
	if !c.keeps || c.size > maxContents || err != nil {
		return
	}
	var found recordWriter
	found.int(of.size)
	found.bool(of.binary)
	found.spots(of.found)
	w := recordWriter{text: c.fresh[class]}
	w.string(string(id))
	w.string(string(found.text))
	c.size += len(w.text) - len(c.fresh[class])
	c.fresh[class] = w.text
}
