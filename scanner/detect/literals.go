package detect

// automaton finds many literals in one pass, ASCII case ignored: an Aho-Corasick automaton as a dense table over
// byte classes, so that each input byte costs two loads.
type automaton struct {
	class   [256]uint8
	classes int
	next    []uint32 // state*classes + class; the state's number, with final set where literals end
	ends    [][]int  // literals that end in a state
	length  []int    // of each literal
}

// final marks a state in which at least one literal ends.
const final = 1 << 31

// newAutomaton takes lower-case literals; an empty one is never found. Folding leaves at most 230 classes.
func newAutomaton(literals []string) *automaton {
	a := &automaton{classes: 1}
	for _, l := range literals {
		a.length = append(a.length, len(l))
		for _, b := range []byte(l) {
			if a.class[b] == 0 {
				a.class[b] = uint8(a.classes)
				a.classes++
			}
		}
	}
	for b := 'A'; b <= 'Z'; b++ {
		a.class[b] = a.class[b|0x20]
	}
	a.addState()
	for id, l := range literals {
		if l == "" {
			continue
		}
		s := uint32(0)
		for _, b := range []byte(l) {
			at := int(s)*a.classes + int(a.class[b])
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

func (a *automaton) addState() uint32 {
	a.next = append(a.next, make([]uint32, a.classes)...)
	a.ends = append(a.ends, nil)
	return uint32(len(a.ends) - 1)
}

// link turns the trie into an automaton, breadth first: a missing edge becomes the edge of the longest proper suffix.
func (a *automaton) link() {
	fail := make([]uint32, len(a.ends))
	queue := make([]uint32, 0, len(a.ends))
	for c := range a.classes {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		a.ends[s] = append(a.ends[s], a.ends[fail[s]]...)
		for c := range a.classes {
			at := int(s)*a.classes + c
			back := a.next[int(fail[s])*a.classes+c]
			if a.next[at] == 0 {
				a.next[at] = back
				continue
			}
			fail[a.next[at]] = back
			queue = append(queue, a.next[at])
		}
	}
	for i, s := range a.next {
		if len(a.ends[s]) > 0 {
			a.next[i] |= final
		}
	}
}

// find calls hit for every occurrence of every literal, in the order in which they end.
func (a *automaton) find(text []byte, hit func(literal, start int)) {
	s := uint32(0)
	for i, b := range text {
		s = a.next[int(s&^final)*a.classes+int(a.class[b])]
		if s&final == 0 {
			continue
		}
		for _, id := range a.ends[s&^final] {
			hit(id, i+1-a.length[id])
		}
	}
}
