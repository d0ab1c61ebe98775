package history

import (
	"encoding/hex"
	"maps"
	"slices"
)

// contents are what contents were found to hold, in this run and in earlier ones. A content has a result for each class
// of paths. get may run while put does.
type contents struct {
	facts   *facts
	known   int                     // facts of earlier runs
	earlier map[string]earlierClass // by class
	fresh   map[string][]byte       // records of this run, by class
	size    int                     // of fresh
	keeps   bool
}

// earlierClass is what earlier runs found out under one class.
type earlierClass struct {
	records string
	found   map[string]string // by the content's id: the rest of its record
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
	return &contents{facts: newFacts(), earlier: map[string]earlierClass{}, fresh: map[string][]byte{}, keeps: keeps}
}

// read takes the results of earlier runs from a record. It reports whether all of it was as it was written.
func (c *contents) read(record string) bool {
	r := recordReader{text: record}
	for range r.count() {
		c.facts.number(r.fact())
	}
	c.known = len(c.facts.list)
	for r.text != "" {
		class := r.string()
		of := earlierClass{records: r.string(), found: map[string]string{}}
		c.earlier[class] = of
		for in := (recordReader{text: of.records}); in.text != ""; {
			oid, found := in.string(), in.string()
			r.broken = r.broken || in.broken
			of.found[oid] = found
		}
	}
	return !r.broken
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
	text, ok := c.earlier[class].found[string(id[:n])]
	if !ok || err != nil {
		return of, false
	}
	r := recordReader{text: text}
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
