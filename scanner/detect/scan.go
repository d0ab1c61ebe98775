package detect

const (
	pieceSize   = 1 << 20  // bytes of core per piece
	pieceBefore = 4 << 10  // context, for word boundaries and the start of a match that began earlier
	pieceAfter  = 64 << 10 // the longest match that may run past the core
)

// Scan returns the secrets in a file's content, sorted by offset, then detector. Path decides which rules apply; it
// may be empty. Contents over 1 MB are matched in overlapping pieces: there a secret of over 64 kB that crosses a
// border may be missed, and a rule applies only where its keyword is in the same piece.
func (e *Engine) Scan(path string, content []byte) []Finding {
	return findings(content, e.scored(path, content))
}

// hits returns what the catalogue and the own detectors find, before precedence is settled.
func (e *Engine) hits(path string, content []byte) []hit {
	hits, _ := e.located(path, content)
	return hits
}

// located returns the hits, and the offsets at which the names of assignments may stand, ascending.
func (e *Engine) located(path string, content []byte) (hits []hit, names []int) {
	skip := passesPath(e.catalogue.global, path)
	if skip && !vendored(path) {
		return nil, nil
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
		r, o, n := e.piece(w)
		rules, own, names = append(rules, r...), append(own, o...), append(names, n...)
		if w.core == len(content) {
			break
		}
	}
	if skip { // of others' code the catalogue says nothing; its configuration is read all the same
		return nil, names
	}
	return append(dropGeneric(content, rules), own...), names
}

// piece matches one part of a content. Whoever looks for something of its own registers a literalSet in New and asks
// the anchors for it here; own hits count only where their literal begins inside the core.
func (e *Engine) piece(w window) (rules, own []hit, names []int) {
	s := e.read(w.content[w.from:w.to])
	defer e.passages.Put(s)
	own = append(e.ownHits(w, s), e.detectors.search(w, s)...)
	for _, at := range s.places(e.names) {
		if start := w.from + int(at); w.inCore(start) {
			names = append(names, start)
		}
	}
	return e.catalogue.search(w, s), own, names
}

// ownHits returns the hits of the detectors that are no rules.
func (e *Engine) ownHits(w window, s *passage) (own []hit) {
	for i, set := range e.tokens {
		for _, at := range s.places(set) {
			if start := w.from + int(at); w.inCore(start) {
				if h, ok := e.gitlab.token(e.gitlab.types[i], w.content, start); ok {
					own = append(own, h)
				}
			}
		}
	}
	for _, at := range s.places(e.urls) {
		if start := w.from + int(at); w.inCore(start) {
			if h, ok := urlCredentials(w.content, start); ok {
				own = append(own, h)
			}
		}
	}
	return own
}
