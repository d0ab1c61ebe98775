package detect

import "slices"

// automaton finds many literals in one pass, ASCII case ignored: Aho and Corasick's, as a dense table over byte
// classes, so that each input byte costs two loads that depend on nothing but the state before. Four places of a text
// are read at once, since one place alone waits for memory most of the time (measured: 440 and 980 MB/s).
//
// A state is the place of its row in the table: the next one is found by adding a class. Rows lie as close as they can,
// for a row of a power of two would use a part of the processor's cache only.
type automaton struct {
	class   [256]uint8
	width   uint32    // of a row: the number of classes
	next    []uint32  // the next state, with final set where literals end
	ends    [][]int32 // literals that end in a state, by number of its row
	length  []int32   // of each literal
	longest int
}

const (
	// final marks a state in which at least one literal ends.
	final = 1 << 31
	// maxStates bounds the memory of one automaton.
	maxStates = 1 << 15
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
	a := &automaton{length: make([]int32, len(texts))}
	classes := 1
	for i, l := range texts {
		a.length[i] = int32(len(l))
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
	a.width = uint32(classes)
	a.next, a.ends = make([]uint32, 0, size*classes), make([][]int32, 0, size)
	a.addState()
	// All states of a length before the next: what most of a text leads to lies close together.
	at := make([]uint32, len(texts))
	for i, more := 0, true; more; i++ {
		more = false
		for id := from; id < len(texts); id++ {
			l := texts[id]
			if i >= len(l) || len(l) >= maxStates {
				continue
			}
			more = true
			next := &a.next[at[id]+uint32(a.class[l[i]])]
			if *next == 0 {
				*next = a.addState()
			}
			at[id] = *next
			if i == len(l)-1 {
				a.longest = max(a.longest, len(l))
				a.ends[at[id]/a.width] = append(a.ends[at[id]/a.width], int32(id))
			}
		}
	}
	a.link()
	return a
}

func (a *automaton) addState() uint32 {
	s := len(a.next)
	a.next = a.next[:s+int(a.width)]
	a.ends = append(a.ends, nil)
	return uint32(s)
}

// link turns the trie into an automaton, breadth first: a missing edge becomes the edge of the longest proper suffix.
func (a *automaton) link() {
	fail := make([]uint32, len(a.ends)) // by row
	queue := make([]uint32, 0, len(a.ends))
	for _, s := range a.next[:a.width] {
		if s != 0 {
			queue = append(queue, s)
		}
	}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		suffix := fail[s/a.width]
		if more := a.ends[suffix/a.width]; len(more) > 0 {
			a.ends[s/a.width] = append(a.ends[s/a.width], more...)
		}
		row := a.next[s : s+a.width]
		back := a.next[suffix : suffix+a.width]
		for c, to := range row {
			if to == 0 {
				row[c] = back[c]
				continue
			}
			fail[to/a.width] = back[c]
			queue = append(queue, to)
		}
	}
	for i, s := range a.next {
		if s != 0 && len(a.ends[s/a.width]) > 0 {
			a.next[i] |= final
		}
	}
}

// leastStream is the text, in bytes, from which on reading in four places pays.
const leastStream = 256

// streams are what was found in the four parts of a text.
type streams [4][]located

// find appends every occurrence of every literal to found. Those of one literal ascend in each stream, and from each to
// the next.
func (a *automaton) find(text []byte, found *streams) {
	if len(text) < 4*max(leastStream, a.longest) {
		found[0], _ = a.run(text, 0, 0, 0, found[0])
		return
	}
	n := len(text) / 4
	var state [4]uint32
	for i := 1; i < 4; i++ { // what begins before a part belongs to it if it ends there
		_, state[i] = a.run(text[:i*n], i*n-a.longest, i*n, 0, nil)
	}
	for i := 0; ; i++ {
		if i = a.four(text, n, i, &state); i == n {
			break
		}
		for part := range state {
			if state[part]&final != 0 {
				state[part] &^= final
				found[part] = a.report(found[part], state[part], part*n+i)
			}
		}
	}
	found[3], _ = a.run(text, 4*n, 0, state[3], found[3])
}

// run reads text[from:] in one place, beginning in state s. Hits that end before quiet are not reported.
func (a *automaton) run(text []byte, from, quiet int, s uint32, hits []located) ([]located, uint32) {
	for i := from; i < len(text); i++ {
		s = a.next[s+uint32(a.class[text[i]])]
		if s&final != 0 {
			s &^= final
			if i >= quiet {
				hits = a.report(hits, s, i)
			}
		}
	}
	return hits, s
}

func (a *automaton) report(hits []located, s uint32, last int) []located {
	for _, id := range a.ends[s/a.width] {
		hits = append(hits, located{id, int32(last) + 1 - a.length[id]})
	}
	return hits
}

// four reads the four parts of n bytes at once from their byte i on, and returns at which one of them came into a final
// state; n if none did. What is done with hits stays outside: the loop is the innermost of all.
func (a *automaton) four(text []byte, n, i int, state *[4]uint32) int {
	t0, t1, t2, t3 := text[:n], text[n:][:n], text[2*n:][:n], text[3*n:][:n]
	s0, s1, s2, s3 := state[0], state[1], state[2], state[3]
	class, next := &a.class, a.next
	for ; i < n; i++ {
		s0 = next[s0+uint32(class[t0[i]])]
		s1 = next[s1+uint32(class[t1[i]])]
		s2 = next[s2+uint32(class[t2[i]])]
		s3 = next[s3+uint32(class[t3[i]])]
		if (s0|s1|s2|s3)&final != 0 {
			break
		}
	}
	*state = [4]uint32{s0, s1, s2, s3}
	return i
}
