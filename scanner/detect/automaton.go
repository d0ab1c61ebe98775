package detect

import "slices"

// automaton finds many literals in one pass, ASCII case ignored: Aho and Corasick's, as a dense table over byte
// classes, so that each input byte costs two loads that depend on nothing but the state before. Four places of a text
// are read at once, since one place alone waits for memory most of the time (measured: 440 and 980 MB/s).
type automaton struct {
	class   [256]uint8
	shift   uint     // a state's row begins at state << shift
	next    []uint16 // the next state, with final set where literals end
	ends    [][]int  // literals that end in a state
	length  []int    // of each literal
	longest int
}

const (
	// final marks a state in which at least one literal ends.
	final = 1 << 15
	// maxStates is what is left of a state's bits.
	maxStates = final
)

// newAutomata takes lower-case literals; an empty one is never found. One automaton is enough for some thousand
// literals; what a user's rules have beyond that makes more.
func newAutomata(texts []string) []*automaton {
	if n := trieSize(texts); n <= maxStates {
		return []*automaton{newAutomaton(texts, 0, n)}
	}
	var out []*automaton
	from, size := 0, 1
	for i, t := range texts {
		if size+len(t) > maxStates && i > from {
			out = append(out, newAutomaton(texts[:i], from, size))
			from, size = i, 1
		}
		size += min(len(t), maxStates)
	}
	return append(out, newAutomaton(texts, from, size))
}

// trieSize is how many states literals need: one for each of their beginnings.
func trieSize(texts []string) int {
	size, last := 1, ""
	for _, t := range slices.Sorted(slices.Values(texts)) {
		shared := 0
		for shared < min(len(t), len(last)) && t[shared] == last[shared] {
			shared++
		}
		size += len(t) - shared
		last = t
	}
	return size
}

// newAutomaton makes the automaton for texts[from:], which need at most size states; numbers are those in texts.
// Folding leaves at most 230 classes.
func newAutomaton(texts []string, from, size int) *automaton {
	a := &automaton{length: make([]int, len(texts))}
	classes := 1
	for i, l := range texts {
		a.length[i] = len(l)
		for _, b := range []byte(l) {
			if i >= from && a.class[b] == 0 {
				a.class[b] = uint8(classes)
				classes++
			}
		}
	}
	for b := 'A'; b <= 'Z'; b++ {
		a.class[b] = a.class[b|0x20]
	}
	for 1<<a.shift < classes {
		a.shift++
	}
	a.next, a.ends = make([]uint16, 0, size<<a.shift), make([][]int, 0, size)
	a.addState()
	for id := from; id < len(texts); id++ {
		l := texts[id]
		if l == "" || len(l) >= maxStates {
			continue
		}
		a.longest = max(a.longest, len(l))
		s := uint16(0)
		for _, b := range []byte(l) {
			at := int(s)<<a.shift | int(a.class[b])
			if a.next[at] == 0 {
				a.next[at] = a.addState()
			}
			s = a.next[at]
		}
		a.ends[s] = append(a.ends[s], id)
	}
	a.link()
	return a
}

func (a *automaton) addState() uint16 {
	a.next = a.next[:len(a.next)+1<<a.shift]
	a.ends = append(a.ends, nil)
	return uint16(len(a.ends) - 1)
}

// link turns the trie into an automaton, breadth first: a missing edge becomes the edge of the longest proper suffix.
func (a *automaton) link() {
	fail := make([]uint16, len(a.ends))
	queue := make([]uint16, 0, len(a.ends))
	for _, s := range a.next[:1<<a.shift] {
		if s != 0 {
			queue = append(queue, s)
		}
	}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		a.ends[s] = append(a.ends[s], a.ends[fail[s]]...)
		row := a.next[int(s)<<a.shift : int(s+1)<<a.shift]
		back := a.next[int(fail[s])<<a.shift:]
		for c, to := range row {
			if to == 0 {
				row[c] = back[c]
				continue
			}
			fail[to] = back[c]
			queue = append(queue, to)
		}
	}
	for i, s := range a.next {
		if len(a.ends[s]) > 0 {
			a.next[i] |= final
		}
	}
}

// leastStream is the text, in bytes, from which on reading in four places pays.
const leastStream = 256

// find appends every occurrence of every literal to hits, in the order in which they end. other is memory to work in.
func (a *automaton) find(text []byte, hits []located, other *[4][]located) []located {
	if len(text) < 4*max(leastStream, a.longest) {
		hits, _ = a.run(text, 0, 0, 0, hits)
		return hits
	}
	n := len(text) / 4
	var state [4]uint16
	for i := 1; i < 4; i++ { // what begins before a part belongs to it if it ends there
		_, state[i] = a.run(text[:i*n], i*n-a.longest, i*n, 0, nil)
	}
	parts := &[4][]located{hits, other[1][:0], other[2][:0], other[3][:0]}
	a.four(text, n, &state, parts)
	hits = parts[0]
	for i := 1; i < 4; i++ {
		hits = append(hits, parts[i]...)
		other[i] = parts[i]
	}
	hits, _ = a.run(text, 4*n, 0, state[3], hits)
	return hits
}

// run reads text[from:] in one place, beginning in state s. Hits that end before quiet are not reported.
func (a *automaton) run(text []byte, from, quiet int, s uint16, hits []located) ([]located, uint16) {
	for i := from; i < len(text); i++ {
		s = a.next[int(s&^final)<<a.shift|int(a.class[text[i]])]
		if s&final != 0 && i >= quiet {
			hits = a.report(hits, s, i)
		}
	}
	return hits, s
}

func (a *automaton) report(hits []located, s uint16, last int) []located {
	for _, id := range a.ends[s&^final] {
		hits = append(hits, located{id, last + 1 - a.length[id]})
	}
	return hits
}

// four reads the four parts of n bytes at once.
func (a *automaton) four(text []byte, n int, state *[4]uint16, parts *[4][]located) {
	t0, t1, t2, t3 := text[:n], text[n:2*n], text[2*n:3*n], text[3*n:4*n]
	s0, s1, s2, s3 := state[0], state[1], state[2], state[3]
	class, next, shift := &a.class, a.next, a.shift&15
	for i := range t0 {
		s0 = next[uint(s0&^final)<<shift|uint(class[t0[i]])]
		s1 = next[uint(s1&^final)<<shift|uint(class[t1[i]])]
		s2 = next[uint(s2&^final)<<shift|uint(class[t2[i]])]
		s3 = next[uint(s3&^final)<<shift|uint(class[t3[i]])]
		if (s0|s1|s2|s3)&final == 0 {
			continue
		}
		for part, s := range [4]uint16{s0, s1, s2, s3} {
			if s&final != 0 {
				parts[part] = a.report(parts[part], s, part*n+i)
			}
		}
	}
	*state = [4]uint16{s0, s1, s2, s3}
}
