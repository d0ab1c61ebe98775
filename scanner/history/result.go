package history

import "nhiscan/scanner/detect"

// The result of a whole history is kept in two sections, each of which can be read alone: what is shown by default, and
// the places of less confidence.

// fill takes from places what is asked for.
func (r *Result) fill(p *places, l listing) {
	r.Places, r.Others = make([]Place, 0, len(l.places)), l.others
	for _, h := range l.places {
		r.Places = append(r.Places, p.place(h))
	}
}

// writeResult returns the records that readResult reads, without the places of r. shown are those of
// detect.DefaultConfidence.
func writeResult(r *Result, p *places, shown listing) (records [][]byte) {
	var first, second recordWriter
	first.int(int64(r.Blobs))
	first.int(r.Bytes)
	first.int(int64(len(r.Skipped)))
	for _, s := range r.Skipped {
		first.string(s.Path)
		first.string(s.Reason)
		first.bool(s.Unread)
	}
	first.int(int64(shown.others))
	first.places(p, shown.places)
	rest := make([]held, 0, shown.others)
	for _, h := range p.list {
		if p.facts.list[h.fact].confidence < detect.DefaultConfidence {
			rest = append(rest, h)
		}
	}
	second.places(p, rest)
	return [][]byte{first.text, second.text}
}

// readResult returns nil for what writeResult did not write.
func readResult(text []byte, from float64) *Result {
	first, rest, ok := readSection(text)
	if !ok {
		return nil
	}
	r := recordReader{text: first}
	result := &Result{Blobs: int(r.int()), Bytes: r.int()}
	for range r.count() {
		result.Skipped = append(result.Skipped, Skipped{r.string(), r.string(), r.bool()})
	}
	p := newPlaces(newFacts(), 0)
	p.left = int(r.int())
	r.places(p)
	broken := r.broken
	if from < detect.DefaultConfidence {
		second, _, ok := readSection(rest)
		if !ok {
			return nil
		}
		for i := range p.list {
			p.list[i].left = 0
		}
		p.left = 0
		r = recordReader{text: second}
		r.places(p)
		broken = broken || r.broken
	}
	if broken {
		return nil
	}
	result.fill(p, p.listed(from))
	return result
}

// places writes places. A fact, path or commit stands where it is first met; its number among its like stands for it
// afterwards.
func (w *recordWriter) places(p *places, list []held) {
	last := int32(-1)
	for order := range p.commits {
		last = max(last, order)
	}
	facts, paths, commits := make(written, len(p.facts.list)), make(written, len(p.paths.list)), make(written, last+2)
	var met [3]int32
	w.int(int64(len(list)))
	for _, h := range list {
		if w.first(facts, h.fact, &met[0]) {
			w.fact(p.facts.list[h.fact])
		}
		if w.first(paths, h.path, &met[1]) {
			w.string(p.paths.list[h.path])
		}
		if w.first(commits, h.order+1, &met[2]) {
			by := p.commits[h.order]
			w.string(by.commit)
			w.string(by.name)
			w.string(by.date)
		}
		for _, n := range []int32{h.line, h.column, h.endLine, h.endColumn, h.left} {
			w.int(int64(n))
		}
	}
}

// written is what number, from 1 on, a thing was given when it was first met.
type written []int32

// first writes the number of a thing among those met, and reports whether it is met for the first time.
func (w *recordWriter) first(numbers written, thing int32, met *int32) bool {
	first := numbers[thing] == 0
	if first {
		*met++
		numbers[thing] = *met
	}
	w.int(int64(numbers[thing] - 1))
	return first
}

// places adds what places wrote to p. The order of commits is lost, which nothing that is kept needs.
func (r *recordReader) places(p *places) {
	var facts, paths, commits []int32
	for range r.count() {
		var h held
		fact := int(r.below(len(facts) + 1))
		if fact == len(facts) {
			facts = append(facts, p.facts.number(r.fact()))
		}
		path := int(r.below(len(paths) + 1))
		if path == len(paths) {
			paths = append(paths, p.paths.number(r.string()))
		}
		commit := int(r.below(len(commits) + 1))
		if commit == len(commits) {
			order := int32(len(p.commits)) //nolint:gosec // one for each commit
			p.commits[order] = author{r.string(), r.string(), r.string()}
			commits = append(commits, order)
		}
		h.fact, h.path, h.order = facts[fact], paths[path], commits[commit]
		h.line, h.column, h.endLine, h.endColumn, h.left = r.int32(), r.int32(), r.int32(), r.int32(), r.int32()
		if r.broken {
			return
		}
		p.list = append(p.list, h)
	}
}
