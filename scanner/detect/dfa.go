package detect

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// dfa decides where a match that begins in a given place ends: the same end as regexp gives (leftmost first), at one
// or two loads per byte, and it stops where no match is possible any more. Its states are made as texts need them, as
// RE2 does it, and shared by all goroutines. A state is the list of threads that regexp's own machine would have, in
// their order of preference.
//
// Where the states grow too many, or the program is too large, regexp itself decides.
type dfa struct {
	compile   func() // once, before the first use of what follows
	prog      *syntax.Prog
	classes   classes
	looksBack bool // an assertion asks for the character before
	memory    *dfaMemory
	cache     atomic.Pointer[dfaCache]
	served    atomic.Int64 // bytes that it looked at
	overflows atomic.Int32

	mu      sync.Mutex // over cache and what follows
	queue   []uint32   // threads to follow
	visited []uint32   // of each instruction, the turn that saw it last
	added   []uint32   // of each instruction, the turn that listed it last
	turn    uint32

	slow func() (first, later *regexp.Regexp) // for a match at the beginning of a text; one character after it
}

// state is what the machine knows between two characters.
type state struct {
	next    []atomic.Pointer[state] // by class of the next character
	threads []uint16                // instructions, most preferred first
	before  kind                    // of the character before
	ended   bool                    // a match ends before the character that led here
	dead    bool                    // no thread is left
	cache   *dfaCache
}

type dfaCache struct {
	epoch  int32
	served int64 // by the dfa when the cache was made
	states map[string]*state
	starts [kinds]atomic.Pointer[state]
}

const (
	maxProgram   = 6000   // instructions; each state looks at all of them once at worst
	maxDFAStates = 20_000 // of one dfa
	leastServed  = 20     // bytes per state, below which states are not worth making
	maxOverflows = 4      // after so many times of that regexp decides for good
)

// dfaMemory bounds what all dfas of an engine hold together. When it is full, all begin anew.
type dfaMemory struct {
	used  atomic.Int64 // bytes
	epoch atomic.Int32
}

const maxDFAMemory = 32 << 20

// newDFA returns the dfa of a pattern, which must be one that regexp takes. free lets a match begin anywhere at or
// after the place that is asked for; else it must begin there. The work is done when a text first needs it.
func newDFA(pattern string, free bool, memory *dfaMemory) *dfa {
	d := &dfa{memory: memory}
	before := ""
	if free {
		before = `(?s:.*?)`
	}
	d.slow = sync.OnceValues(func() (*regexp.Regexp, *regexp.Regexp) {
		return regexp.MustCompile(`\A` + before + `(?:` + pattern + `)`), regexp.MustCompile(`\A(?s:.)` + before + `(?:` + pattern + `)`)
	})
	d.compile = sync.OnceFunc(func() { d.prepare(before + `(?:` + pattern + `)`) })
	return d
}

// prepare makes the program; without one regexp decides.
func (d *dfa) prepare(pattern string) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil || len(prog.Inst) > maxProgram {
		return
	}
	var few bool
	if d.classes, few = newClasses(prog); !few {
		return
	}
	for _, i := range prog.Inst {
		if i.Op == syntax.InstEmptyWidth && syntax.EmptyOp(i.Arg) != syntax.EmptyEndText {
			d.looksBack = true
		}
	}
	d.prog = prog
	d.visited = make([]uint32, len(prog.Inst))
	d.added = make([]uint32, len(prog.Inst))
}

// end returns where the match that begins at a place of text ends, -1 when there is none, and how far it looked.
func (d *dfa) end(text []byte, at int) (end, looked int) {
	s := d.start(text, at)
	if s == nil {
		return d.slowEnd(text, at)
	}
	end = -1
	ascii := &d.classes.ascii
	for i := at; ; {
		class, width := d.classes.end, 1
		if i < len(text) {
			if b := text[i]; b < utf8.RuneSelf {
				class = ascii[b]
			} else {
				class, width = d.classes.decode(text[i:])
			}
		}
		next := s.next[class].Load()
		if next == nil {
			if next = d.step(s, class); next == nil {
				return d.slowEnd(text, at)
			}
		}
		if next.ended {
			end = i
		}
		if next.dead {
			return end, i - at
		}
		i += width
		s = next
	}
}

// found reports whether a free dfa's pattern is in text.
func (d *dfa) found(text []byte) bool {
	s := d.start(text, 0)
	if s == nil {
		first, _ := d.slow()
		return first.Match(text)
	}
	for i := 0; ; {
		class, width := d.classes.end, 1
		if i < len(text) {
			if b := text[i]; b < utf8.RuneSelf {
				class = d.classes.ascii[b]
			} else {
				class, width = d.classes.decode(text[i:])
			}
		}
		next := s.next[class].Load()
		if next == nil {
			if next = d.step(s, class); next == nil {
				first, _ := d.slow()
				return first.Match(text)
			}
		}
		if next.ended || next.dead {
			return next.ended
		}
		i += width
		s = next
	}
}

// slowEnd asks regexp. Assertions look at the character before, so that one is part of what it gets.
func (d *dfa) slowEnd(text []byte, at int) (end, looked int) {
	first, later := d.slow()
	re, from := first, 0
	if at > 0 {
		_, width := utf8.DecodeLastRune(text[:at])
		re, from = later, at-width
	}
	m := re.FindIndex(text[from:])
	if m == nil {
		return -1, slowCost
	}
	return from + m[1], slowCost + from + m[1] - at
}

// slowCost is what one question to regexp counts for, in steps of the dfa.
const slowCost = 200

// start returns the state before the character at a place; nil when regexp must decide.
func (d *dfa) start(text []byte, at int) *state {
	cache := d.cache.Load()
	if cache == nil || cache.epoch != d.memory.epoch.Load() {
		if cache = d.renew(cache); cache == nil {
			return nil
		}
	}
	before := kindNone
	if at > 0 {
		before = kindOf(rune(text[at-1])) // no byte of a longer character counts as a word or newline
	}
	if s := cache.starts[before].Load(); s != nil {
		return s
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	k := before
	if !d.looksBack {
		k = kindOther
	}
	s := d.state(cache, []uint16{uint16(d.prog.Start)}, k, false)
	cache.starts[before].Store(s)
	return s
}

// renew makes a cache in place of an outdated one.
func (d *dfa) renew(old *dfaCache) *dfaCache {
	d.compile()
	if d.prog == nil || d.overflows.Load() >= maxOverflows {
		return nil
	}
	cache := &dfaCache{epoch: d.memory.epoch.Load(), served: d.served.Load(), states: map[string]*state{}}
	if d.cache.CompareAndSwap(old, cache) {
		return cache
	}
	return d.cache.Load()
}

// firstBytes returns the bytes that a match may begin with.
func (d *dfa) firstBytes() *[256]bool {
	d.compile()
	var out [256]bool
	for b := range out {
		out[b] = d.prog == nil || b >= utf8.RuneSelf && d.beginsAbove()
	}
	if d.prog == nil {
		return &out
	}
	for b := range utf8.RuneSelf {
		out[b] = d.beginsWith(d.classes.ascii[b])
	}
	return &out
}

func (d *dfa) beginsAbove() bool { return slices.ContainsFunc(d.classes.ranges, d.beginsWith) }

// beginsWith reports whether a match may begin with a character of a class, whatever stands before it.
func (d *dfa) beginsWith(class uint8) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for before := range kinds {
		s := &state{threads: []uint16{uint16(d.prog.Start)}, before: before}
		if threads, _ := d.follow(s, class); len(threads) > 0 {
			return true
		}
	}
	return false
}
