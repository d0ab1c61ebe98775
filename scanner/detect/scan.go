package detect

import "bytes"

const (
	pieceSize   = 1 << 20  // bytes of core per piece
	pieceBefore = 4 << 10  // context, for word boundaries and the start of a match that began earlier
	pieceAfter  = 64 << 10 // the longest match that may run past the core
)

// Scan returns the secrets in a file's content, sorted by offset, then detector. Path decides which rules apply; it
// may be empty. Contents over 1 MB are matched in overlapping pieces: there a secret of over 64 kB that crosses a
// border may be missed, and a rule applies only where its keyword is in the same piece.
func (e *Engine) Scan(path string, content []byte) []Finding {
	return findings(content, settle(e.hits(path, content)))
}

// hits returns what the catalogue and the own detectors find, before precedence is settled.
func (e *Engine) hits(path string, content []byte) []hit {
	if pathAllowed(e.catalogue.global, path) {
		return nil
	}
	var rules, own []hit
	for at := 0; at == 0 || at < len(content); at += pieceSize {
		w := window{
			path: path, content: content,
			from: max(0, at-pieceBefore), to: min(len(content), at+pieceSize+pieceAfter),
			coreFrom: at, core: min(len(content), at+pieceSize),
		}
		if w.to == len(content) {
			w.core = len(content) // no use in another piece for the rest
		}
		r, o := e.piece(w)
		rules, own = append(rules, r...), append(own, o...)
		if w.core == len(content) {
			break
		}
	}
	return append(dropGeneric(content, rules), own...)
}

// scratch is the memory that one piece is matched in.
type scratch struct {
	anchors anchors
	hits    []located
	streams [4][]located
	set     []located
}

// piece matches one part of a content. Whoever looks for something of its own registers a literalSet in New and asks
// the anchors for it here; own hits count only where their literal begins inside the core.
func (e *Engine) piece(w window) (rules, own []hit) {
	s, _ := e.scratch.Get().(*scratch)
	if s == nil {
		s = &scratch{}
	}
	defer e.scratch.Put(s)
	e.anchors(w.content[w.from:w.to], s)
	own = e.ownHits(w, s, own)
	return e.catalogue.search(w, e.seen(w, s)), own
}

// anchors finds all literals in text.
func (e *Engine) anchors(text []byte, s *scratch) {
	s.hits = s.hits[:0]
	for _, a := range e.automata {
		s.hits = a.find(text, s.hits, &s.streams)
	}
	s.anchors.group(s.hits, len(e.literals.texts))
}

// ownHits returns the hits of the detectors that are no rules.
func (e *Engine) ownHits(w window, s *scratch, own []hit) []hit {
	for i, set := range e.tokens {
		s.set = s.anchors.in(set, s.set)
		for _, l := range s.set {
			if start := w.from + l.start; w.inCore(start) {
				if h, ok := e.gitlab.token(w.content, located{i, start}); ok {
					own = append(own, h)
				}
			}
		}
	}
	s.set = s.anchors.in(e.urls, s.set)
	for _, l := range s.set {
		if start := w.from + l.start; w.inCore(start) {
			if h, ok := urlCredentials(w.content, start); ok {
				own = append(own, h)
			}
		}
	}
	return own
}

func (e *Engine) seen(w window, s *scratch) []bool {
	seen := make([]bool, len(e.catalogue.keywords))
	for i, n := range e.keywords.numbers {
		seen[i] = len(s.anchors.of(n)) > 0
	}
	e.foldedKeywords(w.content[w.from:w.to], seen)
	return seen
}

// foldedKeywords finds the keywords that appear only after Unicode folding, which gitleaks does: the Kelvin sign is a
// "k" to it, the dotted capital I an "i".
func (e *Engine) foldedKeywords(text []byte, seen []bool) {
	if !bytes.Contains(text, []byte("\u212a")) && !bytes.Contains(text, []byte("\u0130")) && !e.catalogue.foreign(text) {
		return
	}
	folded := &scratch{}
	e.anchors(bytes.ToLower(text), folded)
	for i, n := range e.keywords.numbers {
		seen[i] = seen[i] || len(folded.anchors.of(n)) > 0
	}
}

// foreign reports whether a keyword is not ASCII and text is not either.
func (c *catalogue) foreign(text []byte) bool {
	notASCII := func(r rune) bool { return r > 0x7f }
	for _, k := range c.keywords {
		if bytes.IndexFunc([]byte(k), notASCII) >= 0 {
			return bytes.IndexFunc(text, notASCII) >= 0
		}
	}
	return false
}
